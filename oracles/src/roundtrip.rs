//! `roundtrip`: frames that are written in any pieces are read as what they were.
//!
//! Input, for each frame: an octet that tells a redirect, then its target; the payload's length and its octets;
//! the length of a short write.

use core::net::{Ipv4Addr, SocketAddrV4};

use crate::by_hand::{self, Frame};
use crate::plan::Plan;

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let (mut frames, mut stream) = (Vec::new(), Vec::new());
    while !plan.is_over() {
        let target = (plan.octet() & 1 == 1).then(|| {
            let addr = core::array::from_fn(|_| plan.octet());
            (addr, u16::from(plan.octet()) << 8 | u16::from(plan.octet()))
        });
        let count = usize::from(plan.octet());
        let frame = Frame {
            target,
            payload: plan.octets(count).to_vec(),
        };
        let room = usize::from(plan.below(40)) + 1;
        write(&frame, room, &mut stream);
        frames.push(frame);
    }
    let read = by_hand::read(&stream, u32::MAX, false);
    assert_eq!(read.frames, frames);
    assert_eq!(read.taken, stream.len(), "nothing is added");
}

/// Writes `room` octets at a time.
fn write(frame: &Frame, room: usize, stream: &mut Vec<u8>) {
    let made = match frame.target {
        None => eop_wire::Frame::normal(&frame.payload),
        Some((addr, port)) => eop_wire::Frame::redirect(
            SocketAddrV4::new(Ipv4Addr::from(addr), port),
            &frame.payload,
        ),
    };
    let made = made.expect("short enough");
    let mut out = made.encode();
    let total = out.remaining();
    assert_eq!(total, 12 + frame.payload.len() as u64);
    while !out.is_done() {
        let piece: Vec<u8> = out.chunks().concat().into_iter().take(room).collect();
        stream.extend(&piece);
        out.advance(piece.len()).expect("no more than there is");
        assert_eq!(out.taken() + out.remaining(), total);
    }
    assert!(out.advance(1).is_err());
}
