//! [`Observer`]: what a session lets others see of it: numbers always, and spans and events of `tracing` with the feature of that
//! name. No payload may come out here.

use std::net::SocketAddr;

use eop_statemachine::session::End;

use super::counters::Counters;
use super::event::{Connected, Ended, Message, Redirected};

/// Who is told of one session.
pub(super) struct Observer {
    counters: Counters,
    begun: bool,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Observer {
    pub(super) fn new(home: SocketAddr, counters: Counters) -> Self {
        let _ = home;
        Self {
            counters,
            begun: false,
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(target: "eop::client", "session", %home),
        }
    }

    pub(super) fn count_by(&mut self, counters: &Counters) {
        self.counters = counters.clone();
    }

    /// It connects there.
    pub(super) fn dials(&mut self, endpoint: SocketAddr) {
        if !std::mem::replace(&mut self.begun, true) {
            self.counters.counting().sessions.note();
        }
        let _ = endpoint;
        #[cfg(feature = "tracing")]
        tracing::debug!(target: "eop::client", parent: &self.span, %endpoint, "connecting");
    }

    /// It is connected; with home again, if it fell back.
    pub(super) fn connected(&self, connected: &Connected, fell_back: bool) {
        let counting = self.counters.counting();
        counting.connections.note();
        counting.fallbacks.add(fell_back);
        let Connected { endpoint, hop, .. } = connected;
        let _ = (endpoint, hop);
        #[cfg(feature = "tracing")]
        tracing::info!(target: "eop::client", parent: &self.span, %endpoint, hop, fell_back, "connected");
    }

    /// It follows a redirect.
    pub(super) fn moves(&self, redirected: &Redirected) {
        let counting = self.counters.counting();
        let (kind, counter) = match (redirected.late, redirected.owed) {
            (true, _) => ("late", &counting.late),
            (false, 0) => ("idle", &counting.idle),
            (false, 1..) => ("early", &counting.early),
        };
        counter.note();
        let Redirected {
            from,
            target,
            owed,
            hop,
            decide,
            ..
        } = redirected;
        let _ = (kind, from, target, owed, hop, decide);
        #[cfg(feature = "tracing")]
        tracing::info!(
            target: "eop::client", parent: &self.span, %from, to = %target, kind, owed, hop, decide, "redirected"
        );
    }

    /// The application handed over a message.
    pub(super) fn accepts(&self, number: u64, octets: usize) {
        self.counters.counting().sent.note();
        let _ = (number, octets);
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "eop::client", parent: &self.span, number, octets, "sending");
    }

    /// A message that a redirect made owed begins to be sent again.
    pub(super) fn resends(&self, number: u64) {
        self.counters.counting().resent.note();
        let _ = number;
        #[cfg(feature = "tracing")]
        tracing::debug!(target: "eop::client", parent: &self.span, number, "sending again");
    }

    /// Messages were answered, as the application says (manual).
    pub(super) fn retires(&self, count: u32) {
        self.counters.counting().answered.add(count);
    }

    /// A message arrived.
    pub(super) fn hears(&self, message: &Message) {
        self.counters
            .counting()
            .answered
            .add(message.answers.is_some());
        let Message {
            kind,
            answers,
            outstanding,
            ..
        } = message;
        let _ = (kind, answers, outstanding);
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "eop::client", parent: &self.span, ?kind, answers, outstanding, "received");
    }

    /// It is over.
    pub(super) fn ends(&self, ended: &Ended) {
        let counting = self.counters.counting();
        counting.ended.note(ended.end.kind());
        if let End::RedirectRefused { reason, .. } = ended.end {
            counting.refused.note(reason.word());
        }
        counting.owed.add(ended.left.owed);
        counting.unsent.add(ended.left.unsent);
        counting.uncertain.add(ended.left.uncertain);
        #[cfg(feature = "tracing")]
        if matches!(ended.end, End::Eof | End::Closed) {
            tracing::info!(target: "eop::client", parent: &self.span, "{ended}");
        } else {
            tracing::warn!(target: "eop::client", parent: &self.span, kind = ended.end.kind(), "{ended}");
        }
    }
}
