//! [`Outbox`]: the messages of a session that are neither answered nor dropped, oldest first, and which of
//! them the current connection may have. Payloads stay with the caller; connections may never come in.

/// Which messages may be resent by the session itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resend {
    /// As the session's configuration says.
    Allowed,
    /// Never without being asked (EOP-RSD-15).
    Never,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Entry {
    id: u64,
    len: u32,
    resend: Resend,
}

const VACANT: Entry = Entry {
    id: 0,
    len: 0,
    resend: Resend::Never,
};

/// A queue of at most `N` messages. `released <= len` and `owed <= len` hold throughout.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outbox<const N: usize> {
    /// The first `len` are in use.
    entries: [Entry; N],
    len: usize,
    /// The number of the next message.
    next: u64,
    /// The oldest of them, those that a redirect made owed.
    owed: usize,
    /// The oldest of them, those that the current connection may have.
    released: usize,
}

impl<const N: usize> Outbox<N> {
    pub(super) const fn new() -> Self {
        Self {
            entries: [VACANT; N],
            len: 0,
            next: 0,
            owed: 0,
            released: 0,
        }
    }

    pub(super) fn len(&self) -> u32 {
        count(self.len)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) const fn is_full(&self) -> bool {
        self.len >= N
    }

    pub(super) fn owed(&self) -> u32 {
        count(self.owed)
    }

    pub(super) fn released(&self) -> u32 {
        count(self.released)
    }

    /// Whether owed messages wait for `resend` or `drop`.
    pub(super) const fn undecided(&self) -> bool {
        self.released < self.owed
    }

    /// The number and the payload's length of the message at `index`, counted from the oldest.
    pub(super) fn at(&self, index: u32) -> Option<(u64, u32)> {
        let index = usize::try_from(index).ok()?;
        self.in_use().get(index).map(|entry| (entry.id, entry.len))
    }

    fn in_use(&self) -> &[Entry] {
        self.entries.get(..self.len).unwrap_or_default()
    }

    /// Appends a message and returns its number; `None` if there is no room.
    pub(super) fn push(&mut self, len: u32, resend: Resend) -> Option<u64> {
        let id = self.next;
        let place = self.entries.get_mut(self.len)?;
        *place = Entry { id, len, resend };
        self.len = self.len.saturating_add(1);
        self.next = self.next.saturating_add(1);
        Some(id)
    }

    /// Removes the message at `index` and returns its number.
    fn remove(&mut self, index: usize) -> Option<u64> {
        let rest = self.entries.get_mut(index..self.len)?;
        let id = rest.first()?.id;
        rest.rotate_left(1);
        if let Some(last) = rest.last_mut() {
            *last = VACANT;
        }
        self.len = self.len.saturating_sub(1);
        self.owed = if index < self.owed {
            self.owed.saturating_sub(1)
        } else {
            self.owed
        };
        self.released = if index < self.released {
            self.released.saturating_sub(1)
        } else {
            self.released
        };
        Some(id)
    }

    /// The oldest message is answered. Returns its number.
    pub(super) fn pop(&mut self) -> Option<u64> {
        self.remove(0)
    }

    /// A redirect made everything owed: none is released (EOP-RSD-3).
    pub(super) const fn owe_all(&mut self) {
        self.owed = self.len;
        self.released = 0;
    }

    /// A hop begins. With a `budget` in octets the next connection may have the owed messages up to the first
    /// that may not be resent unasked, or with which the sum of their payloads passes the budget
    /// (EOP-RSD-15); without one, none of them (EOP-RSD-11).
    pub(super) fn begin_hop(&mut self, budget: Option<u64>) {
        self.released = budget.map_or(0, |budget| self.replayable(budget));
        self.release();
    }

    /// Releases everything, if nothing waits for a decision: what is not owed follows what is.
    pub(super) const fn release(&mut self) {
        if !self.undecided() {
            self.released = self.len;
        }
    }

    /// How many of the owed messages the session may resend by itself.
    fn replayable(&self, budget: u64) -> usize {
        let mut octets: u64 = 0;
        let fits = |entry: &&Entry| {
            octets = octets.saturating_add(u64::from(entry.len));
            octets <= budget && entry.resend == Resend::Allowed
        };
        self.in_use()
            .iter()
            .take(self.owed)
            .take_while(fits)
            .count()
    }

    /// `resend` was said: releases everything.
    pub(super) const fn resend(&mut self) {
        self.released = self.len;
    }

    /// `drop` was said: removes the owed messages that waited for it, and releases everything else.
    pub(super) fn drop_owed(&mut self) {
        while self.undecided() {
            if self.remove(self.released).is_none() {
                break;
            }
        }
        self.released = self.len;
    }
}

/// Queues are far shorter than 2^32; a longer one would count as that.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
