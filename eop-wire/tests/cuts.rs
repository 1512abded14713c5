//! However a stream is cut, the items are the same (EOP-FRM-2): every pair of cuts, and octet by octet.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod reading;

use core::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::Frame;
use proptest::prelude::*;
use reading::{Reading, as_early, read};

const LIMIT: u32 = 64;

fn wire(frames: &[Frame<'_>]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|frame| frame.encode().chunks().concat())
        .collect()
}

fn streams() -> Vec<(&'static str, Vec<u8>)> {
    let target = SocketAddrV4::new(Ipv4Addr::new(10, 1, 2, 3), 4567);
    let normal = |payload| Frame::normal(payload).unwrap();
    let redirect = |payload| Frame::redirect(target, payload).unwrap();
    let cut_short = |frames: &[Frame<'_>], by| {
        let mut octets = wire(frames);
        octets.truncate(octets.len() - by);
        octets
    };
    let followed_by = |mut octets: Vec<u8>, tail: &[u8]| {
        octets.extend(tail);
        octets
    };
    vec![
        ("nothing", Vec::new()),
        (
            "three messages",
            wire(&[normal(b"a"), normal(b"hello"), normal(&[7; 40])]),
        ),
        (
            "empty messages",
            wire(&[normal(b""), normal(b""), normal(b"x")]),
        ),
        (
            "a late redirect",
            wire(&[normal(b"a"), redirect(b"answer")]),
        ),
        ("an early redirect", wire(&[redirect(b"")])),
        (
            "an incomplete header",
            cut_short(&[normal(b"a"), redirect(b"")], 3),
        ),
        (
            "an incomplete payload",
            cut_short(&[redirect(b"answer")], 2),
        ),
        ("one octet", cut_short(&[normal(b"")], 11)),
        (
            "text after a message",
            followed_by(wire(&[normal(b"a")]), b"GET / HTTP/1.1\r\n\r\n"),
        ),
        (
            "swapped octets",
            followed_by(wire(&[normal(b"a")]), &[1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]),
        ),
        ("zeros", vec![0; 20]),
        ("over the limit", wire(&[normal(b"a"), normal(&[1; 65])])),
        (
            "payload that looks like headers",
            wire(&[normal(&wire(&[redirect(b"no")]))]),
        ),
    ]
}

fn comparable(reading: Reading) -> Reading {
    Reading {
        fault: as_early(reading.fault),
        ..reading
    }
}

/// Shows EOP-FRM-2.
#[test]
fn every_pair_of_cuts_gives_the_same_items() {
    for (name, octets) in streams() {
        let whole = comparable(read(LIMIT, &[&octets]));
        for second in 0..=octets.len() {
            for first in 0..=second {
                let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
                let cut = comparable(read(LIMIT, &pieces));
                assert_eq!(cut, whole, "{name}, cut at {first} and {second}");
            }
        }
    }
}

/// Frames of both kinds, whole or not, and now and then something else.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let frame = (1..=2_u8, any::<[u8; 6]>(), 0..20_u8, 0..20_usize).prop_map(
        |(opcode, target, slen, there)| {
            let header = [&[0, opcode][..], &target, &[0, 0, 0, slen]].concat();
            [&header[..], &vec![slen; there.min(usize::from(slen))]].concat()
        },
    );
    let piece = prop_oneof![8 => frame, 1 => proptest::collection::vec(any::<u8>(), 1..6)];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Shows EOP-FRM-2.
    #[test]
    fn every_pair_of_cuts_of_any_stream_gives_the_same_items(octets in any_stream()) {
        let whole = comparable(read(LIMIT, &[&octets]));
        for second in 0..=octets.len() {
            for first in 0..=second {
                let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
                let cut = comparable(read(LIMIT, &pieces));
                prop_assert_eq!(&cut, &whole, "cut at {} and {}", first, second);
            }
        }
    }
}

/// Shows EOP-FRM-2.
#[test]
fn octet_by_octet_gives_the_same_items() {
    for (name, octets) in streams() {
        let pieces: Vec<&[u8]> = octets.chunks(1).collect();
        let one_by_one = comparable(read(LIMIT, &pieces));
        assert_eq!(one_by_one, comparable(read(LIMIT, &[&octets])), "{name}");
    }
}

#[test]
fn the_streams_show_every_outcome() {
    let readings: Vec<Reading> = streams()
        .iter()
        .map(|(_, octets)| read(LIMIT, &[octets]))
        .collect();
    assert!(
        readings
            .iter()
            .any(|r| r.fault.is_some() && !r.frames.is_empty())
    );
    assert!(
        readings
            .iter()
            .any(|r| r.fault.is_none() && r.at_boundary && r.frames.len() == 3)
    );
    assert!(
        readings
            .iter()
            .any(|r| r.fault.is_none() && !r.at_boundary && r.frames.len() == 1)
    );
}
