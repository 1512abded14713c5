//! The frames of the messages that are outstanding, kept until they are answered or dropped, since they may have to be
//! sent again. Which of them are sent, and when, is the machine's.

use std::collections::VecDeque;

use eop_wire::{Frame, HEADER_LEN};

/// Frames whose memory is kept for later ones, at most, and how long each of them may be.
const SPARE: usize = 16;
const SPARE_LEN: usize = 64 * 1024;

/// Frames by the numbers of their messages, which only grow.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Kept>,
    /// Memory of frames that are gone.
    spare: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Kept {
    message: u64,
    octets: Vec<u8>,
    /// Whether octets of it were sent before, on whatever connection.
    begun: bool,
}

impl Outbox {
    /// Keeps a message: header and payload together, so that one write sends it (EOP-FRM-4).
    pub(super) fn keep(&mut self, message: u64, payload: &[u8]) {
        if let Ok(frame) = Frame::normal(payload) {
            let mut octets = self.spare.pop().unwrap_or_default();
            octets.reserve_exact(HEADER_LEN.saturating_add(payload.len()));
            for chunk in frame.encode().chunks() {
                octets.extend_from_slice(chunk);
            }
            self.frames.push_back(Kept {
                message,
                octets,
                begun: false,
            });
        }
    }

    pub(super) fn frame(&self, message: u64) -> Option<&[u8]> {
        let at = self.find(message)?;
        self.frames.get(at).map(|kept| kept.octets.as_slice())
    }

    /// A message begins to be sent: whether it did before.
    pub(super) fn begin(&mut self, message: u64) -> bool {
        let kept = self.find(message).and_then(|at| self.frames.get_mut(at));
        kept.is_some_and(|kept| std::mem::replace(&mut kept.begun, true))
    }

    fn find(&self, message: u64) -> Option<usize> {
        self.frames
            .binary_search_by_key(&message, |kept| kept.message)
            .ok()
    }

    pub(super) fn payload(&self, message: u64) -> Option<&[u8]> {
        self.frame(message)?.get(HEADER_LEN..)
    }

    pub(super) fn release_oldest(&mut self, count: u32) {
        for _ in 0..count {
            let Some(Kept { mut octets, .. }) = self.frames.pop_front() else {
                return;
            };
            if self.spare.len() < SPARE && octets.capacity() <= SPARE_LEN {
                octets.clear();
                self.spare.push(octets);
            }
        }
    }

    /// Keeps only these, which come in order.
    pub(super) fn retain(&mut self, mut messages: impl Iterator<Item = u64>) {
        let mut next = messages.next();
        self.frames.retain(|kept| {
            let keep = next == Some(kept.message);
            if keep {
                next = messages.next();
            }
            keep
        });
    }
}
