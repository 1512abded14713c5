//! The edges: one-bit neighbours of valid headers, limits met exactly and passed by one, frame boundaries,
//! and how many octets an incomplete frame lacks.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod reading;

use core::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::opcode::{Class, looks_foreign};
use eop_wire::{Decoded, DeframeError, Deframer, Frame, Header, Item, RawHeader};
use reading::read;

const NORMAL_OF_9: [u8; 12] = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
const REDIRECT_OF_9: [u8; 12] = [0, 2, 0x1f, 0x90, 192, 0, 2, 1, 0, 0, 0, 9];

fn flipped(mut header: [u8; 12], bit: usize) -> [u8; 12] {
    header[bit / 8] ^= 0x80 >> (bit % 8);
    header
}

fn parse(header: [u8; 12]) -> Result<Header, eop_wire::HeaderError> {
    Header::try_from(RawHeader::from_bytes(&header))
}

/// Shows EOP-OPC-2.
#[test]
fn one_flipped_bit_of_an_opcode_is_never_an_opcode() {
    for valid in [NORMAL_OF_9, REDIRECT_OF_9] {
        for bit in 0..16 {
            assert!(parse(flipped(valid, bit)).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn one_flipped_bit_of_port_or_addr_changes_only_the_target() {
    for bit in 16..64 {
        assert_eq!(
            parse(flipped(NORMAL_OF_9, bit)),
            Ok(Header::Normal { len: 9 }),
            "bit {bit}"
        );

        let bits = u64::from(0x1f90_u16) << 32 | u64::from(Ipv4Addr::new(192, 0, 2, 1).to_bits());
        let flipped_bits = bits ^ 1 << (63 - bit);
        let port = u16::try_from(flipped_bits >> 32).unwrap();
        let addr = Ipv4Addr::from_bits(u32::try_from(flipped_bits & 0xffff_ffff).unwrap());
        let to = SocketAddrV4::new(addr, port);
        assert_eq!(
            parse(flipped(REDIRECT_OF_9, bit)),
            Ok(Header::Redirect { to, len: 9 }),
            "bit {bit}"
        );
    }
}

#[test]
fn one_flipped_bit_of_slen_changes_only_the_length() {
    let to = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 8080);
    for bit in 64..96 {
        let len = 9 ^ 1_u32 << (95 - bit);
        assert_eq!(
            parse(flipped(NORMAL_OF_9, bit)),
            Ok(Header::Normal { len }),
            "bit {bit}"
        );
        assert_eq!(
            parse(flipped(REDIRECT_OF_9, bit)),
            Ok(Header::Redirect { to, len }),
            "bit {bit}"
        );
    }
}

#[test]
fn a_target_is_not_judged_by_the_codec() {
    for to in [
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "224.0.0.1:1",
        "127.0.0.1:0",
    ] {
        let to: SocketAddrV4 = to.parse().unwrap();
        let octets = Frame::redirect(to, b"answer")
            .unwrap()
            .encode()
            .chunks()
            .concat();
        let reading = read(64, &[&octets]);
        assert_eq!(reading.frames[0].header, Header::Redirect { to, len: 6 });
        assert_eq!(reading.frames[0].payload, b"answer");
    }
}

/// Shows EOP-LIM-2 and EOP-LIM-3.
#[test]
fn a_payload_of_exactly_the_limit_passes_and_one_more_fails_on_the_header() {
    for max in [0, 1, 9, 65_535, 65_536, u32::MAX - 1] {
        let header = |len| RawHeader::from(Header::Normal { len }).to_bytes();
        let mut deframer = Deframer::new(max);
        assert_eq!(
            deframer.next(&mut &header(max)[..]),
            Ok(Some(Item::Head(Header::Normal { len: max })))
        );

        let mut deframer = Deframer::new(max);
        assert_eq!(deframer.max_payload(), max);
        let len = max + 1;
        assert_eq!(
            deframer.next(&mut &header(len)[..]),
            Err(DeframeError::TooLong { len, max })
        );
    }
}

#[test]
fn without_a_limit_the_longest_payload_begins() {
    let longest = RawHeader::from(Header::Normal { len: u32::MAX }).to_bytes();
    let octets = [&longest[..], b"start"].concat();
    let reading = read(u32::MAX, &[&octets]);
    assert_eq!(reading.fault, None);
    assert_eq!(reading.frames[0].payload, b"start");
    assert!(!reading.frames[0].complete);
}

/// Shows EOP-FRM-8.
#[test]
fn an_empty_message_is_a_head_and_an_end() {
    let octets = Frame::normal(b"").unwrap().encode().chunks().concat();
    let mut input = octets.as_slice();
    let mut deframer = Deframer::new(0);
    assert_eq!(
        deframer.next(&mut input),
        Ok(Some(Item::Head(Header::Normal { len: 0 })))
    );
    assert!(input.is_empty());
    assert_eq!(deframer.next(&mut input), Ok(Some(Item::End)));
    assert_eq!(deframer.next(&mut input), Ok(None));
}

#[test]
fn only_between_frames_is_a_boundary() {
    let octets = Frame::normal(b"abc").unwrap().encode().chunks().concat();
    for end in 0..=octets.len() {
        let at_boundary = read(64, &[&octets[..end]]).at_boundary;
        assert_eq!(
            at_boundary,
            end == 0 || end == octets.len(),
            "after {end} octets"
        );
    }
}

#[test]
fn the_end_is_still_to_come_when_the_last_octet_was_taken() {
    let octets = Frame::normal(b"abc").unwrap().encode().chunks().concat();
    let mut input = octets.as_slice();
    let mut deframer = Deframer::new(64);
    deframer.next(&mut input).unwrap();
    assert_eq!(deframer.next(&mut input), Ok(Some(Item::Chunk(b"abc"))));
    assert!(input.is_empty() && !deframer.at_boundary());
    assert_eq!(deframer.next(&mut input), Ok(Some(Item::End)));
    assert!(deframer.at_boundary());
}

/// Shows EOP-RED-9.
#[test]
fn octets_after_a_redirect_stay_with_the_caller() {
    let to = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 8080);
    let redirect = Frame::redirect(to, b"bye")
        .unwrap()
        .encode()
        .chunks()
        .concat();
    let octets = [&redirect[..], b"\xff\xff not EOP"].concat();
    let mut input = octets.as_slice();
    let mut deframer = Deframer::new(64);
    assert_eq!(
        deframer.next(&mut input),
        Ok(Some(Item::Head(Header::Redirect { to, len: 3 })))
    );
    assert_eq!(deframer.next(&mut input), Ok(Some(Item::Chunk(b"bye"))));
    assert_eq!(deframer.next(&mut input), Ok(Some(Item::End)));
    assert_eq!(input, b"\xff\xff not EOP");
    assert!(deframer.at_boundary());
}

#[test]
fn an_incomplete_frame_says_how_many_octets_it_lacks() {
    let needed = |octets: &[u8]| match Frame::decode(octets).unwrap() {
        Decoded::Incomplete { needed } => needed.get(),
        Decoded::Frame { .. } => 0,
    };
    let octets = Frame::normal(b"abc").unwrap().encode().chunks().concat();
    let lacks: Vec<u64> = (0..=octets.len())
        .map(|end| needed(&octets[..end]))
        .collect();
    assert_eq!(lacks, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 3, 2, 1, 0]);

    let longest = RawHeader::from(Header::Normal { len: u32::MAX }).to_bytes();
    assert_eq!(needed(&longest), u64::from(u32::MAX));
}

#[test]
fn each_opcode_has_the_class_of_its_octets() {
    let mut never_assigned = 0;
    let mut foreign = 0;
    for opcode in 0..=u16::MAX {
        let printable = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
        let [first, second] = opcode.to_be_bytes();
        let expected = match opcode {
            1 => Class::Normal,
            2 => Class::Redirect,
            0 => Class::Zeros,
            0xffff => Class::Ones,
            0x0100 | 0x0200 => Class::ByteSwapped,
            0x1403 | 0x1503 | 0x1603 | 0x1703 => Class::TlsRecord,
            _ if printable(first) && printable(second) => Class::Text,
            _ => Class::Unassigned,
        };
        assert_eq!(Class::of(opcode), expected, "{opcode:#06x}");
        never_assigned += u32::from(Class::of(opcode).never_assigned());
        foreign += u32::from(looks_foreign(opcode));
    }
    assert_eq!(never_assigned, 1 + 1 + 2 + 4 + 95 * 95);
    assert_eq!(foreign, 1 + 4 + 95 * 95);
}

/// A walk over all states of a session tells them apart by comparing.
#[test]
fn between_frames_a_deframer_equals_one_that_read_nothing() {
    let octets = Frame::normal(b"abc").unwrap().encode().chunks().concat();
    let mut deframer = Deframer::new(64);
    for octet in &octets {
        let mut input = core::slice::from_ref(octet);
        while deframer.next(&mut input).unwrap().is_some() {}
    }
    assert_eq!(deframer, Deframer::new(64));
}

/// (EOP-LIM-4)
/// A server's and a client's machine each hold one, and are to stay within 64 and 96 octets.
#[test]
fn a_deframer_is_a_header_and_little_more() {
    assert!(
        size_of::<Deframer>() <= 32,
        "{} octets",
        size_of::<Deframer>()
    );
}
