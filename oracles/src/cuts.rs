//! `cuts`: a stream under any cuts gives what reading it by hand at once gives.
//!
//! Input: two octets of limit, the number of reads, the length of each, and the stream.

use eop_wire::{DeframeError, Deframer, Header, HeaderError, Item};

use crate::by_hand::{self, Frame, Front};
use crate::plan::Plan;

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let limit = u32::from(plan.octet()) << 8 | u32::from(plan.octet());
    let reads = plan.octet();
    let lengths: Vec<usize> = (0..reads).map(|_| usize::from(plan.octet())).collect();
    let stream = plan.rest();

    let whole = by_hand::read(stream, limit, false);
    let cut = deframe(stream, &lengths, limit);
    assert_eq!(cut.frames, whole.frames);
    assert_eq!(
        cut.then,
        kind(&whole.then),
        "after {} frames",
        whole.frames.len()
    );
    let nothing_left = whole.taken == stream.len();
    assert_eq!(cut.at_boundary, nothing_left);
}

/// What follows the frames: the kind of it, since how much is missing is not the deframer's to say.
#[derive(Debug, PartialEq)]
enum Then {
    More,
    Unknown,
    Swapped,
    TooLarge,
}

fn kind(front: &Front) -> Then {
    match front {
        Front::Whole(..) | Front::Part { .. } => Then::More,
        Front::Unknown => Then::Unknown,
        Front::Swapped => Then::Swapped,
        Front::TooLarge => Then::TooLarge,
    }
}

struct Cut {
    frames: Vec<Frame>,
    then: Then,
    at_boundary: bool,
}

fn deframe(mut stream: &[u8], lengths: &[usize], limit: u32) -> Cut {
    let mut deframer = Deframer::new(limit);
    let (mut frames, mut open, mut left) = (Vec::new(), None, 0);
    for length in lengths.iter().copied().chain([usize::MAX]) {
        let (mut input, rest) = stream.split_at(length.min(stream.len()));
        stream = rest;
        loop {
            let before = input.len();
            match deframer.next(&mut input) {
                Ok(Some(Item::Head(header))) => {
                    assert!(header.len() <= limit);
                    let target = match header {
                        Header::Redirect { to, .. } => Some((to.ip().octets(), to.port())),
                        _ => None,
                    };
                    open = Some(Frame {
                        target,
                        payload: Vec::new(),
                    });
                    left = header.len() as usize;
                }
                Ok(Some(Item::Chunk(chunk))) => {
                    assert!(!chunk.is_empty() && chunk.len() <= left);
                    assert_eq!(
                        before,
                        input.len() + chunk.len(),
                        "it takes what it returns"
                    );
                    left -= chunk.len();
                    open.as_mut()
                        .expect("a chunk follows its head")
                        .payload
                        .extend(chunk);
                }
                Ok(Some(Item::End)) => {
                    assert_eq!((left, before), (0, input.len()));
                    frames.push(open.take().expect("an end follows its head"));
                }
                Ok(None) => {
                    assert!(input.is_empty());
                    break;
                }
                Err(error) => {
                    assert_eq!(before, input.len(), "an error takes nothing");
                    assert_eq!(deframer.next(&mut input), Err(error), "an error is final");
                    let then = match error {
                        DeframeError::Header(HeaderError::ByteOrderMismatch(_)) => Then::Swapped,
                        DeframeError::Header(_) => Then::Unknown,
                        DeframeError::TooLong { .. } => Then::TooLarge,
                    };
                    return Cut {
                        frames,
                        then,
                        at_boundary: deframer.at_boundary(),
                    };
                }
            }
        }
    }
    Cut {
        frames,
        then: Then::More,
        at_boundary: deframer.at_boundary(),
    }
}
