//! A raw header, and a frame, prints as a line of a timeline, whatever it holds.

use eop_wire::{Frame, RawHeader};

fn line(bytes: [u8; 12]) -> String {
    RawHeader::from_bytes(&bytes).to_string()
}

#[test]
fn headers_of_the_core_show_what_they_mean() {
    assert_eq!(line([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]), "NORMAL slen=5");
    assert_eq!(
        line([0, 2, 0x1f, 0x90, 10, 0, 0, 1, 0, 0, 1, 0]),
        "REDIRECT to 10.0.0.1:8080 slen=256"
    );
}

#[test]
fn a_message_shows_the_fields_that_receivers_ignore() {
    assert_eq!(
        line([0, 1, 0, 7, 1, 2, 3, 4, 0, 0, 0, 5]),
        "NORMAL slen=5 (ignored: port=7 addr=1.2.3.4)"
    );
    assert_eq!(
        line([0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 5]),
        "NORMAL slen=5 (ignored: port=7 addr=0.0.0.0)"
    );
    assert_eq!(
        line([0, 1, 0, 0, 1, 2, 3, 4, 0, 0, 0, 5]),
        "NORMAL slen=5 (ignored: port=0 addr=1.2.3.4)"
    );
}

#[test]
fn other_headers_show_every_field_and_what_they_look_like() {
    assert_eq!(
        line([1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]),
        "opcode 0x0100 (octets swapped) port=0 addr=0.0.0.0 slen=83886080"
    );
    assert_eq!(
        line(*b"\x00\x03\x00\x01\x02\x03\x04\x05\x00\x00\x00\x06"),
        "opcode 0x0003 port=1 addr=2.3.4.5 slen=6"
    );
}

#[test]
fn a_frame_shows_as_its_header() {
    assert_eq!(
        Frame::normal(b"hello").unwrap().to_string(),
        "NORMAL slen=5"
    );
}
