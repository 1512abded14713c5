//! [`Unsent`]: what was handed over and the transport has not taken, and since when it has taken none. Writing is
//! `connection.rs`'s.

#[cfg(feature = "tokio")]
use std::time::Instant;

/// Octets that are to go out. Before the transport first took less than it was given, there is no memory for any.
#[derive(Debug, Default)]
pub(super) struct Unsent(Option<Box<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    octets: Vec<u8>,
    /// Octets at the front that the transport has taken.
    taken: usize,
    /// Since when it has taken none.
    #[cfg(feature = "tokio")]
    blocked_since: Option<Instant>,
}

impl Unsent {
    /// What is left.
    pub(super) fn rest(&self) -> &[u8] {
        let rest = self.0.as_ref().and_then(|it| it.octets.get(it.taken..));
        rest.unwrap_or_default()
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        let kept = self.0.get_or_insert_default();
        kept.octets.extend_from_slice(octets);
    }

    /// Hands out what is left.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut kept = self.0.take().unwrap_or_default();
        kept.octets.drain(..kept.taken);
        kept.octets
    }
}

#[cfg(feature = "tokio")]
impl Unsent {
    /// The transport took so many.
    pub(super) fn took(&mut self, count: usize) {
        if let Some(kept) = &mut self.0 {
            kept.taken = kept.taken.saturating_add(count);
            kept.blocked_since = None;
        }
    }

    /// The transport took everything. The memory serves again.
    pub(super) fn took_all(&mut self) {
        if let Some(kept) = &mut self.0 {
            kept.octets.clear();
            kept.taken = 0;
            kept.blocked_since = None;
        }
    }

    /// The transport takes none: since when.
    pub(super) fn blocked(&mut self, now: Instant) -> Instant {
        let kept = self.0.get_or_insert_default();
        *kept.blocked_since.get_or_insert(now)
    }

    /// Since when the transport has taken none, if it does not.
    pub(super) fn blocked_since(&self) -> Option<Instant> {
        self.0.as_ref()?.blocked_since
    }
}
