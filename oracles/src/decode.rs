//! `decode`: whole-frame decoding against the reading by hand, at the front of any octets. What was decoded is
//! encoded again.

use eop_wire::{Decoded, Frame, Header, HeaderError, RawHeader};

use crate::by_hand::{self, Front};

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    if let Some(header) = data.first_chunk() {
        let raw = RawHeader::from_bytes(header);
        assert_eq!(raw.to_bytes(), *header, "any header survives");
        assert_eq!(RawHeader::split_from(data), Some((raw, &data[12..])));
        assert!(!raw.to_string().is_empty());
    }
    let by_hand = by_hand::front(data, u32::MAX);
    match Frame::decode(data) {
        Ok(Decoded::Frame { frame, rest }) => {
            let target = match frame.header() {
                Header::Redirect { to, .. } => Some((to.ip().octets(), to.port())),
                _ => None,
            };
            let same = by_hand::Frame {
                target,
                payload: frame.payload().to_vec(),
            };
            assert_eq!(by_hand, Front::Whole(same.clone(), data.len() - rest.len()));

            let again = frame.encode().chunks().concat();
            assert_eq!(again, by_hand::write(&same));
            let ignored = if target.is_none() { 2..8 } else { 0..0 };
            for (at, (ours, theirs)) in again.iter().zip(data).enumerate() {
                assert!(ours == theirs || ignored.contains(&at), "octet {at}");
            }
        }
        Ok(Decoded::Incomplete { needed }) => assert_eq!(
            by_hand,
            Front::Part {
                missing: needed.get()
            }
        ),
        Err(HeaderError::ByteOrderMismatch(_)) => assert_eq!(by_hand, Front::Swapped),
        Err(HeaderError::UnknownOpcode(_) | HeaderError::UnknownPrefix(_)) => {
            assert_eq!(by_hand, Front::Unknown);
        }
    }
}
