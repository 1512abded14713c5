//! A fault is final, and takes nothing from the caller's slice: a valid frame after it changes nothing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use eop_wire::{DeframeError, Deframer, Frame, HeaderError};

fn assert_latched(octets: &[u8], expected: DeframeError) {
    let valid = Frame::normal(b"valid").unwrap().encode().chunks().concat();
    let mut deframer = Deframer::new(64);
    let mut input = octets;
    assert_eq!(deframer.next(&mut input), Err(expected));
    assert_eq!(input, octets, "nothing was taken");
    for mut later in [&valid[..], &[][..], octets] {
        let before = later;
        assert_eq!(deframer.next(&mut later), Err(expected));
        assert_eq!(later, before);
        assert!(!deframer.at_boundary());
    }
}

/// Shows EOP-OPC-4 and EOP-FRM-9.
#[test]
fn an_unknown_opcode_is_final() {
    assert_latched(
        &[0, 3, 0, 0],
        DeframeError::Header(HeaderError::UnknownOpcode(3)),
    );
}

#[test]
fn an_unknown_prefix_is_final() {
    assert_latched(b"G", DeframeError::Header(HeaderError::UnknownPrefix(b'G')));
}

/// Shows EOP-OPC-6 and EOP-FRM-9.
#[test]
fn swapped_octets_are_final() {
    assert_latched(
        &[2, 0],
        DeframeError::Header(HeaderError::ByteOrderMismatch(0x0200)),
    );
}

/// Shows EOP-LIM-2 and EOP-FRM-9.
#[test]
fn a_payload_over_the_limit_is_final() {
    let header = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65];
    assert_latched(&header, DeframeError::TooLong { len: 65, max: 64 });
}

#[test]
fn a_fault_in_the_second_frame_leaves_the_first_one_delivered() {
    let mut octets = Frame::normal(b"valid").unwrap().encode().chunks().concat();
    octets.extend(b"GET ");
    let mut input = octets.as_slice();
    let mut deframer = Deframer::new(64);
    for _head_chunk_end in 0..3 {
        assert!(matches!(deframer.next(&mut input), Ok(Some(_))));
    }
    assert_eq!(input, b"GET ");
    assert!(deframer.next(&mut input).is_err());
}
