//! The frames of the messages that are outstanding, kept until they are answered or dropped, since they may have to be
//! sent again. Which of them are sent, and when, is the machine's.

use std::collections::VecDeque;

use eop_wire::{Frame, HEADER_LEN};

/// Frames by the numbers of their messages, which only grow.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<(u64, Vec<u8>)>,
}

impl Outbox {
    /// Keeps a message: header and payload together, so that one write sends it (EOP-FRM-4).
    pub(super) fn keep(&mut self, message: u64, payload: &[u8]) {
        if let Ok(frame) = Frame::normal(payload) {
            self.frames
                .push_back((message, frame.encode().chunks().concat()));
        }
    }

    pub(super) fn frame(&self, message: u64) -> Option<&[u8]> {
        let at = self
            .frames
            .binary_search_by_key(&message, |(number, _)| *number)
            .ok()?;
        self.frames.get(at).map(|(_, frame)| frame.as_slice())
    }

    pub(super) fn payload(&self, message: u64) -> Option<&[u8]> {
        self.frame(message)?.get(HEADER_LEN..)
    }

    pub(super) fn release_oldest(&mut self, count: u32) {
        for _ in 0..count {
            self.frames.pop_front();
        }
    }

    /// Keeps only these, which come in order.
    pub(super) fn retain(&mut self, mut messages: impl Iterator<Item = u64>) {
        let mut next = messages.next();
        self.frames.retain(|(number, _)| {
            let keep = next == Some(*number);
            if keep {
                next = messages.next();
            }
            keep
        });
    }
}
