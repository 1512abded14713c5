//! What clients are counted by: moves by kind, how sessions ended, and what was known of messages then.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::counters::{ByKind, Counter, write, write_kinds};

/// Counts the sessions that are given it by [`counted_by`](super::ClientOver::counted_by). Those that are given none are counted
/// by the process's own, which [`default`](Self::default) returns.
#[derive(Clone, Debug)]
pub struct Counters(Arc<Counting>);

#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) sessions: Counter,
    pub(super) connections: Counter,
    pub(super) fallbacks: Counter,
    pub(super) early: Counter,
    pub(super) late: Counter,
    pub(super) idle: Counter,
    pub(super) sent: Counter,
    pub(super) resent: Counter,
    pub(super) answered: Counter,
    pub(super) refused: ByKind,
    pub(super) ended: ByKind,
    pub(super) owed: Counter,
    pub(super) unsent: Counter,
    pub(super) uncertain: Counter,
}

/// What was counted so far. Its text is what Prometheus reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCounts {
    /// Sessions that began.
    pub sessions: u64,
    /// Connections that were made, to home and to targets.
    pub connections: u64,
    /// Connections to home because a target had failed (EOP-FAI-4).
    pub fallbacks: u64,
    /// Redirects followed that left something owed and brought nothing.
    pub early: u64,
    /// Redirects followed that brought a message.
    pub late: u64,
    /// Redirects followed with nothing outstanding.
    pub idle: u64,
    /// Messages that the application handed over.
    pub sent: u64,
    /// How often a message began to be sent again, after a redirect.
    pub resent: u64,
    /// Messages that were answered (paired) or retired (manual).
    pub answered: u64,
    /// Redirects that the policy refused, by [`Refusal::word`](crate::policy::Refusal::word).
    pub refused: BTreeMap<&'static str, u64>,
    /// Sessions that ended, by [`End::kind`](crate::End::kind).
    pub ended: BTreeMap<&'static str, u64>,
    /// Messages that were owed at a session's end.
    pub owed: u64,
    /// Messages that were unsent at a session's end.
    pub unsent: u64,
    /// Messages that were uncertain at a session's end. If they grow more, connections are lost without a redirect: often a
    /// server closes too early (EOP-CLS-7).
    pub uncertain: u64,
}

impl Counters {
    /// Some that nobody else counts by.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> ClientCounts {
        let it = &self.0;
        ClientCounts {
            sessions: it.sessions.count(),
            connections: it.connections.count(),
            fallbacks: it.fallbacks.count(),
            early: it.early.count(),
            late: it.late.count(),
            idle: it.idle.count(),
            sent: it.sent.count(),
            resent: it.resent.count(),
            answered: it.answered.count(),
            refused: it.refused.counts(),
            ended: it.ended.counts(),
            owed: it.owed.count(),
            unsent: it.unsent.count(),
            uncertain: it.uncertain.count(),
        }
    }

    pub(super) fn counting(&self) -> &Counting {
        &self.0
    }
}

impl Default for Counters {
    fn default() -> Self {
        static PROCESS: OnceLock<Counters> = OnceLock::new();
        PROCESS.get_or_init(Self::new).clone()
    }
}

impl fmt::Display for ClientCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, "client_sessions_total", self.sessions)?;
        write(f, "client_connections_total", self.connections)?;
        write(f, "client_fallbacks_total", self.fallbacks)?;
        let moves = [
            ("early", self.early),
            ("late", self.late),
            ("idle", self.idle),
        ];
        write_kinds(f, "client_moves_total", moves)?;
        write(f, "client_messages_sent_total", self.sent)?;
        write(f, "client_messages_resent_total", self.resent)?;
        write(f, "client_messages_answered_total", self.answered)?;
        let refused = self.refused.iter().map(|(word, count)| (*word, *count));
        write_kinds(f, "client_redirects_refused_total", refused)?;
        let ended = self.ended.iter().map(|(kind, count)| (*kind, *count));
        write_kinds(f, "client_sessions_ended_total", ended)?;
        let left = [
            ("owed", self.owed),
            ("unsent", self.unsent),
            ("uncertain", self.uncertain),
        ];
        write_kinds(f, "client_messages_left_total", left)
    }
}
