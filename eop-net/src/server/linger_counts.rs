//! [`LingerCounts`]: what became of the clients that were seen off, and the numbers behind it, which all threads that see off a
//! list's clients share. Who sees them off may never come in.

use std::fmt;
use std::time::Duration;

use super::lingering::Departure;
use crate::counters::{Counter, write, write_kinds};

/// What became of the clients of a list. Its text is what Prometheus reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LingerCounts {
    /// Clients that are waited for now.
    pub lingering: usize,
    /// Clients that ended their stream.
    pub ended: u64,
    /// Clients that were lost.
    pub lost: u64,
    /// Clients that were silent for too long (EOP-CLS-3).
    pub idle_limit: u64,
    /// Clients that took too long in all (EOP-CLS-3).
    pub total_limit: u64,
    /// Clients that took no octets for too long (EOP-CLS-12).
    pub stalled: u64,
    /// Clients that were ended because there were too many.
    pub evicted: u64,
    /// How long those that are gone were waited for, all together.
    pub waited: Duration,
}

/// The numbers of one list.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Clients that hold a descriptor.
    pub(super) sockets: Counter,
    /// Clients that tasks see off.
    pub(super) elsewhere: Counter,
    ended: Counter,
    lost: Counter,
    idle_limit: Counter,
    total_limit: Counter,
    stalled: Counter,
    evicted: Counter,
    nanoseconds: Counter,
}

impl Tally {
    pub(super) fn note(&self, departure: Departure, waited: Duration) {
        let count = match departure {
            Departure::Ended => &self.ended,
            Departure::Lost => &self.lost,
            Departure::IdleLimit => &self.idle_limit,
            Departure::TotalLimit => &self.total_limit,
            Departure::Stall => &self.stalled,
            Departure::HandedOver => return,
        };
        count.note();
        self.note_wait(waited);
    }

    pub(super) fn note_eviction(&self, waited: Duration) {
        self.evicted.note();
        self.note_wait(waited);
    }

    fn note_wait(&self, waited: Duration) {
        let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.add(nanoseconds);
    }

    pub(super) fn counts(&self) -> LingerCounts {
        let lingering = self.sockets.count().saturating_add(self.elsewhere.count());
        LingerCounts {
            lingering: usize::try_from(lingering).unwrap_or(usize::MAX),
            ended: self.ended.count(),
            lost: self.lost.count(),
            idle_limit: self.idle_limit.count(),
            total_limit: self.total_limit.count(),
            stalled: self.stalled.count(),
            evicted: self.evicted.count(),
            waited: Duration::from_nanos(self.nanoseconds.count()),
        }
    }
}

impl fmt::Display for LingerCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lingering = u64::try_from(self.lingering).unwrap_or(u64::MAX);
        write(f, "server_lingering", lingering)?;
        let gone = [
            ("ended", self.ended),
            ("lost", self.lost),
            ("idle-limit", self.idle_limit),
            ("total-limit", self.total_limit),
            ("stalled", self.stalled),
            ("evicted", self.evicted),
        ];
        write_kinds(f, "server_lingered_total", gone)?;
        let waited = self.waited.as_secs_f64();
        writeln!(f, "eop_server_lingered_seconds_total {waited}")
    }
}
