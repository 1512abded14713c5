//! Two ways to the same answer: the nom parser against one written by hand, and whole-frame decoding
//! against the deframer.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod reading;

use core::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::{Decoded, Frame, HEADER_LEN, Header, HeaderError, RawHeader};
use proptest::prelude::*;
use reading::read;

/// The header by hand, with nothing of the crate's code.
fn by_hand(input: &[u8]) -> Option<(RawHeader, &[u8])> {
    if input.len() < 12 {
        return None;
    }
    let opcode = u16::from(input[0]) << 8 | u16::from(input[1]);
    let port = u16::from(input[2]) << 8 | u16::from(input[3]);
    let addr = Ipv4Addr::new(input[4], input[5], input[6], input[7]);
    let slen = input[8..12]
        .iter()
        .fold(0, |sum, octet| sum << 8 | u32::from(*octet));
    Some((
        RawHeader {
            opcode,
            port,
            addr,
            slen,
        },
        &input[12..],
    ))
}

/// Mostly headers of the core with short lengths, so that the interesting paths are met; sometimes anything.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let header = (
        prop_oneof![9 => 1..=2_u16, 1 => any::<u16>()],
        any::<u16>(),
        any::<u32>(),
        0..40_u32,
    );
    let frame = (header, proptest::collection::vec(any::<u8>(), 0..40)).prop_map(
        |((opcode, port, addr, slen), payload)| {
            let raw = RawHeader {
                opcode,
                port,
                addr: Ipv4Addr::from_bits(addr),
                slen,
            };
            [&raw.to_bytes()[..], &payload].concat()
        },
    );
    prop_oneof![
        proptest::collection::vec(frame, 0..4).prop_map(|frames| frames.concat()),
        proptest::collection::vec(any::<u8>(), 0..64),
    ]
}

proptest! {
    /// Shows EOP-FRM-1.
    #[test]
    fn the_nom_parser_equals_the_one_written_by_hand(input in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(RawHeader::split_from(&input), by_hand(&input));
    }

    #[test]
    fn reading_fixed_octets_equals_splitting_them_off(bytes in any::<[u8; HEADER_LEN]>()) {
        prop_assert_eq!(Some((RawHeader::from_bytes(&bytes), &[][..])), RawHeader::split_from(&bytes));
    }

    /// Shows EOP-FRM-1.
    #[test]
    fn any_twelve_octets_survive(bytes in any::<[u8; HEADER_LEN]>()) {
        prop_assert_eq!(RawHeader::from_bytes(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn whole_frame_decoding_equals_the_deframer(stream in streams()) {
        let reading = read(u32::MAX, &[&stream]);
        let mut rest = stream.as_slice();
        let mut frames = reading.frames.iter();
        loop {
            match Frame::decode(rest) {
                Ok(Decoded::Frame { frame, rest: after }) => {
                    let got = frames.next().expect("the deframer has as many frames");
                    prop_assert_eq!(got.header, frame.header());
                    prop_assert_eq!(got.payload.as_slice(), frame.payload());
                    prop_assert!(got.complete);
                    rest = after;
                }
                Ok(Decoded::Incomplete { needed }) => {
                    prop_assert_eq!(reading.fault, None);
                    prop_assert_eq!(reading.at_boundary, rest.is_empty());
                    let started = frames.next();
                    let wanted = by_hand(rest).map_or(12, |(raw, _)| 12 + u64::from(raw.slen));
                    prop_assert_eq!(needed.get(), wanted - rest.len() as u64);
                    prop_assert_eq!(started.is_some(), rest.len() >= 12);
                    break;
                }
                Err(error) => {
                    prop_assert_eq!(reading.fault, Some(eop_wire::DeframeError::Header(error)));
                    break;
                }
            }
        }
        prop_assert_eq!(frames.next(), None);
    }
}

/// Shows EOP-OPC-2 and EOP-OPC-6.
#[test]
fn every_opcode_gets_the_answer_of_the_specification() {
    let target = SocketAddrV4::new(Ipv4Addr::new(1, 2, 3, 4), 5);
    for opcode in 0..=u16::MAX {
        let raw = RawHeader {
            opcode,
            port: 5,
            addr: *target.ip(),
            slen: 6,
        };
        let expected = match opcode {
            0x0001 => Ok(Header::Normal { len: 6 }),
            0x0002 => Ok(Header::Redirect { to: target, len: 6 }),
            0x0100 | 0x0200 => Err(HeaderError::ByteOrderMismatch(opcode)),
            _ => Err(HeaderError::UnknownOpcode(opcode)),
        };
        assert_eq!(Header::try_from(raw), expected, "{opcode:#06x}");
    }
}
