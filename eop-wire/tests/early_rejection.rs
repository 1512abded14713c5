//! A wrong opcode is rejected at its first or second octet; nothing further is waited for (EOP-OPC-3).

#![allow(clippy::panic, reason = "a test may panic")]

use eop_wire::{DeframeError, Deframer, Frame, HeaderError};

/// Feeds octet by octet; how many it took until the fault, and the fault.
fn octets_until_fault(octets: &[u8]) -> Option<(usize, HeaderError)> {
    let mut deframer = Deframer::new(u32::MAX);
    for (at, octet) in octets.iter().enumerate() {
        match deframer.next(&mut core::slice::from_ref(octet)) {
            Ok(_) => {}
            Err(DeframeError::Header(error)) => return Some((at + 1, error)),
            Err(other) => panic!("{other}"),
        }
    }
    None
}

/// Shows EOP-OPC-3.
#[test]
fn every_opcode_is_judged_within_its_two_octets() {
    for opcode in 0..=u16::MAX {
        let octets = opcode.to_be_bytes();
        let expected = match opcode {
            1 | 2 => None,
            0x0100 | 0x0200 => Some((2, HeaderError::ByteOrderMismatch(opcode))),
            0x0000..=0x02ff => Some((2, HeaderError::UnknownOpcode(opcode))),
            _ => Some((1, HeaderError::UnknownPrefix(octets[0]))),
        };
        assert_eq!(octets_until_fault(&octets), expected, "{opcode:#06x}");
    }
}

/// Shows EOP-OPC-3.
#[test]
fn two_octets_in_one_piece_are_enough_too() {
    for opcode in 0..=u16::MAX {
        let octets = opcode.to_be_bytes();
        let rejected = Deframer::new(0).next(&mut &octets[..]).is_err();
        assert_eq!(rejected, !matches!(opcode, 1 | 2), "{opcode:#06x}");
        assert_eq!(Frame::decode(&octets).is_err(), rejected, "{opcode:#06x}");
    }
}

#[test]
fn a_wrong_opcode_outranks_a_length_over_the_limit() {
    let octets = [0, 3, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
    let error = Deframer::new(0).next(&mut &octets[..]).unwrap_err();
    assert_eq!(error, DeframeError::Header(HeaderError::UnknownOpcode(3)));
}

#[test]
fn errors_say_what_was_wrong() {
    let says = |octets: &[u8]| {
        Deframer::new(10)
            .next(&mut &octets[..])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(says(b"GET / HTTP/1"), "unknown opcode 0x4745 (text \"GE\")");
    assert_eq!(
        says(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00"),
        "unknown opcode 0x1603 (a TLS record)"
    );
    assert_eq!(says(&[0; 12]), "unknown opcode 0x0000 (zeros)");
    assert_eq!(says(&[0xff; 12]), "unknown opcode 0xffff (all ones)");
    assert_eq!(says(&[0, 3]), "unknown opcode 0x0003");
    assert_eq!(says(b"G"), "no opcode begins with 0x47");
    assert_eq!(
        says(&[1, 0]),
        "byte order mismatch: opcode 0x0100, which is 0x0001 swapped"
    );
    assert_eq!(
        says(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]),
        "message too large: 11 octets where the limit is 10"
    );
}

#[test]
fn the_cause_of_an_error_is_the_codecs() {
    use core::error::Error as _;
    let cause = |octets: &[u8]| {
        let error = Deframer::new(10).next(&mut &octets[..]).unwrap_err();
        error
            .source()
            .and_then(|cause| cause.downcast_ref::<HeaderError>().copied())
    };
    assert_eq!(cause(&[0, 3]), Some(HeaderError::UnknownOpcode(3)));
    assert_eq!(cause(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]), None);
}
