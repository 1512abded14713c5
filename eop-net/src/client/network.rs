//! [`Network`]: where a client's connections come from. Where to is the machine's to say, and what becomes of them
//! `step.rs`'s.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::transport::Transport;

/// Makes connections, without waiting for them.
pub trait Network {
    /// A connection.
    type Socket: Transport;
    /// One that is being made.
    type Dialing;

    /// Begins to connect.
    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<Self::Dialing>;

    /// What came of it. It is not asked again afterwards.
    fn poll_connected(
        &mut self,
        dialing: &mut Self::Dialing,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Self::Socket>>;
}
