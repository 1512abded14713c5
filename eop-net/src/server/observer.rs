//! [`Observer`]: what a connection lets others see of it: numbers always, and spans and events of `tracing` with the feature of
//! that name. No payload may come out here.

use std::net::{SocketAddr, SocketAddrV4};

use super::counters::Counters;
use crate::error::Error;

/// Who is told of one connection.
#[derive(Debug)]
pub(super) struct Observer {
    counters: Counters,
    /// Whether something was answered.
    responded: bool,
    failed: bool,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

/// What a redirect is to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something of it waits, or may.
    Early,
    /// It brings a message.
    Late,
    /// Everything that came was answered.
    Idle,
}

impl Observer {
    /// A client was accepted.
    pub(super) fn new(peer: impl FnOnce() -> Option<SocketAddr>, counters: Counters) -> Self {
        counters.counting().accepted.note();
        counters.counting().open.note();
        let _ = &peer;
        let observer = Self {
            counters,
            responded: false,
            failed: false,
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(target: "eop::server", "connection", peer = tracing::field::Empty),
        };
        #[cfg(feature = "tracing")]
        if let Some(peer) = peer().filter(|_| !observer.span.is_disabled()) {
            observer.span.record("peer", tracing::field::display(peer));
            tracing::debug!(target: "eop::server", parent: &observer.span, "accepted");
        }
        observer
    }

    /// A request is complete.
    pub(super) fn receives(&self, octets: u64) {
        self.counters.counting().requests.note();
        let _ = octets;
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "eop::server", parent: &self.span, octets, "received");
    }

    /// A response was handed over.
    pub(super) fn responds(&mut self, octets: usize) {
        self.responded = true;
        self.counters.counting().responses.note();
        let _ = octets;
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "eop::server", parent: &self.span, octets, "responding");
    }

    /// Whether one ever was.
    pub(super) const fn has_responded(&self) -> bool {
        self.responded
    }

    /// The client is moved.
    pub(super) fn moves(&self, to: SocketAddrV4, kind: Kind) {
        let counting = self.counters.counting();
        let (word, counter) = match kind {
            Kind::Early => ("early", &counting.early),
            Kind::Late => ("late", &counting.late),
            Kind::Idle => ("idle", &counting.idle),
        };
        counter.note();
        let _ = (to, word);
        #[cfg(feature = "tracing")]
        tracing::info!(target: "eop::server", parent: &self.span, %to, kind = word, "redirecting");
    }

    /// It was to be moved where no client may be sent.
    pub(super) fn refuses(&self, error: &Error) {
        self.counters.counting().refused.note();
        let _ = error;
        #[cfg(feature = "tracing")]
        tracing::warn!(target: "eop::server", parent: &self.span, "not redirecting: {error}");
    }

    /// The connection failed. Only the first time counts.
    pub(super) fn fails(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.failed, true) {
            self.counters.counting().failed.note(error.kind());
            #[cfg(feature = "tracing")]
            tracing::warn!(target: "eop::server", parent: &self.span, kind = error.kind(), "{error}");
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.counters.counting().open.take_one();
    }
}
