//! [`Link`]: the connection that a session has, or is making, and what its transport is ready for. What is read from it
//! and written to it is `step.rs`'s.

use std::net::SocketAddr;
use std::time::Instant;

use super::network::Network;
use crate::inbox::Inbox;
use crate::stream::Stream;
use crate::transport::Transport;

/// What a session has of a connection.
pub(super) enum Link<N: Network> {
    None,
    /// Connecting has begun; with the new connection first, the old one is still there.
    Dialing {
        making: Making<N>,
        endpoint: SocketAddr,
        old: Option<Box<Connection<N::Socket>>>,
    },
    Up(Connection<N::Socket>),
}

/// A connection that is being made.
pub(super) enum Making<N: Network> {
    Connecting(N::Dialing),
    /// Connected, and both ends show who they are. Gone once that is done.
    #[cfg(feature = "tls")]
    Securing(Option<Box<crate::tls::Secured<N::Socket>>>),
}

/// A connection that was made.
pub(super) struct Connection<S: Transport> {
    pub(super) socket: Stream<S>,
    pub(super) inbox: Inbox,
    /// Whether there may be something to read.
    pub(super) readable: bool,
    /// Whether everything readable was read since the caller came.
    pub(super) drained: bool,
    /// When it was read last.
    pub(super) read_at: Instant,
    pub(super) writing: Writing,
    /// Whether our stream is to be ended, and is not yet.
    pub(super) ending: bool,
    /// With the new connection first, the one that was left for this one. It is closed once nothing can be done here without
    /// waiting: what is resent comes before the farewell.
    pub(super) old: Option<Box<Self>>,
}

/// How writing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// The transport may take octets.
    Free,
    /// It takes none, since then.
    Blocked(Instant),
    /// It takes none, and may again.
    Retry(Instant),
    /// It takes none any more.
    Failed,
}

impl<S: Transport> Drop for Connection<S> {
    fn drop(&mut self) {
        self.socket.say_farewell();
    }
}

impl<S: Transport> Connection<S> {
    pub(super) fn new(socket: Stream<S>, old: Option<Box<Self>>, now: Instant) -> Self {
        Self {
            old,
            socket,
            inbox: Inbox::default(),
            readable: true,
            drained: false,
            read_at: now,
            writing: Writing::Free,
            ending: false,
        }
    }

    /// The transport said what it is ready for.
    pub(super) const fn note_ready(&mut self, read: bool, write: bool) {
        self.readable |= read;
        self.drained = false;
        if let (true, Writing::Blocked(since)) = (write, self.writing) {
            self.writing = Writing::Retry(since);
        }
    }

    /// Since when the transport has taken no octets.
    pub(super) const fn blocked_since(&self) -> Option<Instant> {
        match self.writing {
            Writing::Blocked(since) | Writing::Retry(since) => Some(since),
            Writing::Free | Writing::Failed => None,
        }
    }
}
