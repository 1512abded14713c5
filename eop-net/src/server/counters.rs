//! What servers are counted by: connections, redirects by kind, and how connections failed. How redirected clients went is
//! counted by their [`LingerList`](super::LingerList).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::counters::{ByKind, Counter, write, write_kinds};

/// Counts the connections of the listeners that are given it by [`counted_by`](super::ListenerOver::counted_by). All others are
/// counted by the process's own, which [`default`](Self::default) returns.
#[derive(Clone, Debug)]
pub struct Counters(Arc<Counting>);

#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) accepted: Counter,
    pub(super) open: Counter,
    pub(super) requests: Counter,
    pub(super) responses: Counter,
    pub(super) early: Counter,
    pub(super) late: Counter,
    pub(super) idle: Counter,
    pub(super) refused: Counter,
    pub(super) failed: ByKind,
}

/// What was counted so far. Its text is what Prometheus reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCounts {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that are open now, those of clients that linger not among them.
    pub open: u64,
    /// Requests that were received.
    pub requests: u64,
    /// Responses that were handed over, those that a redirect carried among them.
    pub responses: u64,
    /// Redirects sent before the answer to a request, which was received or is about to be.
    pub early: u64,
    /// Redirects sent with a response or a greeting.
    pub late: u64,
    /// Redirects sent when every request that was received had been answered.
    pub idle: u64,
    /// Redirects that were asked for and not sent, because no client may be sent there.
    pub refused: u64,
    /// Connections that failed, by [`Error::kind`](crate::Error::kind).
    pub failed: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// Some that nobody else counts by.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> ServerCounts {
        let it = &self.0;
        ServerCounts {
            accepted: it.accepted.count(),
            open: it.open.count(),
            requests: it.requests.count(),
            responses: it.responses.count(),
            early: it.early.count(),
            late: it.late.count(),
            idle: it.idle.count(),
            refused: it.refused.count(),
            failed: it.failed.counts(),
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

impl fmt::Display for ServerCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, "server_connections_total", self.accepted)?;
        write(f, "server_connections_open", self.open)?;
        write(f, "server_requests_total", self.requests)?;
        write(f, "server_responses_total", self.responses)?;
        let redirects = [
            ("early", self.early),
            ("late", self.late),
            ("idle", self.idle),
        ];
        write_kinds(f, "server_redirects_total", redirects)?;
        write(f, "server_redirects_refused_total", self.refused)?;
        let failed = self.failed.iter().map(|(kind, count)| (*kind, *count));
        write_kinds(f, "server_connections_failed_total", failed)
    }
}
