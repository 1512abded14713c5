//! What arrived on one connection, read by hand from its frame on each time somebody looks: a frame's header once,
//! when it is there, and the frame once, when it is whole. Whose fault a frame is beyond its octets may never come in.

use crate::by_hand::{self, Frame, Front};

/// The next thing to see.
pub enum Seen {
    /// A header. Its payload may still be on its way.
    Head {
        /// The target of a redirect.
        target: Option<([u8; 4], u16)>,
        /// Octets of payload.
        len: u32,
    },
    /// A whole frame, whose header was seen.
    Whole(Frame),
    /// No frame, or too long a one: the error's name.
    Fault(&'static str),
}

/// The octets of one connection.
#[derive(Default)]
pub struct Incoming {
    octets: Vec<u8>,
    /// Where the frame stands that is not whole yet.
    at: usize,
    /// Whether its header was seen.
    begun: bool,
    /// Headers seen.
    heads: usize,
}

impl Incoming {
    pub fn arrive(&mut self, octets: &[u8]) {
        self.octets.extend(octets);
    }

    /// Whether the stream may end here (EOP-FRM-5).
    #[must_use]
    pub fn at_boundary(&self) -> bool {
        self.at == self.octets.len()
    }

    /// Whether a header was seen whose frame is not whole.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// What is to be seen and was not yet.
    pub fn look(&mut self, limit: u32) -> Option<Seen> {
        let rest = &self.octets[self.at..];
        match by_hand::front(rest, limit) {
            Front::Unknown if self.heads == 0 => Some(Seen::Fault("NotEop")),
            Front::Unknown => Some(Seen::Fault("UnknownOpcode")),
            Front::Swapped => Some(Seen::Fault("ByteOrderMismatch")),
            Front::TooLarge => Some(Seen::Fault("MessageTooLarge")),
            Front::Whole(..) | Front::Part { .. } if !self.begun => {
                let [_, op, p, q, a, b, c, d, s, t, u, v, ..] = *rest else {
                    return None;
                };
                self.begun = true;
                self.heads += 1;
                let target = (op == 2).then_some(([a, b, c, d], u16::from_be_bytes([p, q])));
                let len = u32::from_be_bytes([s, t, u, v]);
                Some(Seen::Head { target, len })
            }
            Front::Whole(frame, len) => {
                self.begun = false;
                self.at += len;
                Some(Seen::Whole(frame))
            }
            Front::Part { .. } => None,
        }
    }
}
