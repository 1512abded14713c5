//! Encoding and decoding are inverses, and sending a frame in any pieces sends exactly its octets.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use core::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::{AdvancePastEnd, Decoded, Encoded, Frame, Header, RawHeader};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Owned {
    target: Option<SocketAddrV4>,
    payload: Vec<u8>,
}

impl Owned {
    fn frame(&self) -> Frame<'_> {
        match self.target {
            None => Frame::normal(&self.payload).unwrap(),
            Some(target) => Frame::redirect(target, &self.payload).unwrap(),
        }
    }
}

fn frames() -> impl Strategy<Value = Owned> {
    let target = (any::<u32>(), any::<u16>())
        .prop_map(|(addr, port)| SocketAddrV4::new(Ipv4Addr::from_bits(addr), port));
    (
        proptest::option::of(target),
        proptest::collection::vec(any::<u8>(), 0..80),
    )
        .prop_map(|(target, payload)| Owned { target, payload })
}

/// Takes octets from the front of the chunks, as a gathering write does.
fn write(out: &Encoded<'_>, room: usize) -> Vec<u8> {
    out.chunks().concat().into_iter().take(room).collect()
}

proptest! {
    /// Shows EOP-FRM-1.
    #[test]
    fn decoding_undoes_encoding(owned in frames(), after in proptest::collection::vec(any::<u8>(), 0..20)) {
        let octets = [owned.frame().encode().chunks().concat(), after.clone()].concat();
        prop_assert_eq!(
            Frame::decode(&octets),
            Ok(Decoded::Frame { frame: owned.frame(), rest: &after })
        );
    }

    /// Shows EOP-FRM-1.
    #[test]
    fn encoding_undoes_decoding(owned in frames()) {
        let octets = owned.frame().encode().chunks().concat();
        let Ok(Decoded::Frame { frame, rest: [] }) = Frame::decode(&octets) else {
            return Err(TestCaseError::fail("not one whole frame"));
        };
        prop_assert_eq!(frame.encode().chunks().concat(), octets);
    }

    #[test]
    fn a_header_survives_the_way_through_raw(owned in frames()) {
        let header = owned.frame().header();
        prop_assert_eq!(Header::try_from(RawHeader::from(header)), Ok(header));
    }

    /// Shows EOP-FRM-3.
    #[test]
    fn short_writes_of_any_length_send_exactly_the_frame(
        owned in frames(),
        rooms in proptest::collection::vec(0..30_usize, 0..60),
    ) {
        let whole = owned.frame().encode().chunks().concat();
        let mut out = owned.frame().encode();
        let mut sent = Vec::new();
        for room in rooms.into_iter().chain([whole.len()]) {
            let written = write(&out, room);
            out.advance(written.len()).unwrap();
            sent.extend(written);
            prop_assert_eq!(out.taken(), sent.len() as u64);
            prop_assert_eq!(out.remaining(), (whole.len() - sent.len()) as u64);
            prop_assert_eq!(out.is_done(), sent.len() == whole.len());
        }
        prop_assert_eq!(sent, whole);
    }

    #[test]
    fn advancing_past_the_end_is_refused_and_moves_nothing(
        owned in frames(), taken in 0..92_usize, over in 1..=usize::MAX,
    ) {
        let mut out = owned.frame().encode();
        let total = out.chunks().concat().len();
        out.advance(taken.min(total)).unwrap();
        let before = out.chunks().concat();
        let by = before.len().saturating_add(over);
        prop_assert_eq!(out.advance(by), Err(AdvancePastEnd { by, remaining: before.len() as u64 }));
        prop_assert_eq!(out.chunks().concat(), before);
    }
}

#[test]
fn advancing_past_the_end_says_by_how_much() {
    let refused = Frame::normal(b"hello")
        .unwrap()
        .encode()
        .advance(18)
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "advance by 18 octets where 17 remain to be sent"
    );
}

/// The payload of a short write is handed out from where the caller keeps it.
#[test]
fn encoding_copies_no_payload() {
    let payload = vec![9; 1000];
    let mut out = Frame::normal(&payload).unwrap().encode();
    out.advance(500).unwrap();
    let [_, rest] = out.chunks();
    assert!(core::ptr::eq(rest, &payload[488..]));
}

/// Shows EOP-LIM-5.
#[cfg(all(target_pointer_width = "64", not(miri)))]
#[test]
fn a_payload_longer_than_slen_can_say_is_refused() {
    // 4 GiB of zeros that are never touched: the allocator maps them, nothing is resident.
    let payload = vec![0_u8; 1 << 32];
    let refused = Frame::normal(&payload).unwrap_err();
    assert_eq!(refused.len, 1 << 32);
    let says = "payload of 4294967296 octets: a frame carries at most 4294967295";
    assert_eq!(refused.to_string(), says);
    assert!(Frame::normal(&payload[1..]).is_ok(), "one octet less fits");
}
