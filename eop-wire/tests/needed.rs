//! What an incomplete frame lacks is said exactly, and what is held for it does not depend on what it announces.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use core::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::{Decoded, Deframer, Frame, HEADER_LEN, Item};
use proptest::prelude::*;

fn needed(octets: &[u8]) -> Option<u64> {
    match Frame::decode(octets).unwrap() {
        Decoded::Incomplete { needed } => Some(needed.get()),
        Decoded::Frame { .. } => None,
    }
}

proptest! {
    /// With one octet less than was asked for something is still missing, and it is that octet; with all of them
    /// there is a header more, or the frame.
    #[test]
    fn one_octet_less_than_needed_is_one_too_few(
        redirects in any::<bool>(), payload in proptest::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(),
    ) {
        let to = SocketAddrV4::new(Ipv4Addr::new(10, 1, 2, 3), 4567);
        let frame = if redirects { Frame::redirect(to, &payload) } else { Frame::normal(&payload) };
        let whole = frame.unwrap().encode().chunks().concat();
        let have = at.index(whole.len());
        let asked = usize::try_from(needed(&whole[..have]).unwrap()).unwrap();
        let enough = have + asked;
        if asked > 1 {
            prop_assert_eq!(needed(&whole[..enough - 1]), Some(1));
        }
        let expected = if have < HEADER_LEN { HEADER_LEN } else { whole.len() };
        prop_assert_eq!(enough, expected);
        let left = (whole.len() - enough) as u64;
        prop_assert_eq!(needed(&whole[..enough]), (left > 0).then_some(left));
    }

    /// EOP-LIM-4: payload that goes by is the caller's own octets, however the stream is cut and whatever it announces.
    #[test]
    fn a_chunk_lies_in_the_input(slen in 1..=u32::MAX, payload in proptest::collection::vec(any::<u8>(), 1..60), cut in 0..12_usize) {
        let mut stream = [&[0, 1][..], &[0; 6], &slen.to_be_bytes()].concat();
        stream.extend(payload);
        let (mut first, mut second) = stream.split_at(cut);
        let mut deframer = Deframer::new(u32::MAX);
        prop_assert_eq!(deframer.next(&mut first), Ok(None));
        prop_assert!(matches!(deframer.next(&mut second), Ok(Some(Item::Head(_)))));
        let Ok(Some(Item::Chunk(chunk))) = deframer.next(&mut second) else {
            return Err(TestCaseError::fail("a chunk was to come"));
        };
        prop_assert!(core::ptr::eq(chunk.as_ptr(), &raw const stream[HEADER_LEN]));
    }
}

/// EOP-LIM-4: one header in pieces, a limit and a count. The crate has no heap.
#[test]
fn a_deframer_is_as_large_as_a_header_and_three_words() {
    assert!(size_of::<Deframer>() <= HEADER_LEN + 3 * size_of::<u64>());
}
