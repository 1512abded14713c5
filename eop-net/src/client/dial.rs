//! How connections are made. Where to is the machine's to say.

use std::io;
use std::net::{SocketAddr, TcpStream};

use crate::socket;

/// Makes connections.
pub trait Dial: Send {
    /// A socket on which connecting to `endpoint` has begun, or is done. The session goes on calling it `endpoint`, wherever
    /// it leads.
    ///
    /// The session waits for the connection itself, so this should not: use [`begin_to_connect`].
    ///
    /// # Errors
    /// Whatever the reason, the session takes `endpoint` as not to be had.
    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<TcpStream>;
}

/// Connects to what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direct;

impl Dial for Direct {
    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<TcpStream> {
        begin_to_connect(endpoint)
    }
}

/// Begins to connect, without waiting for it.
///
/// # Errors
/// What the system says at once; most of what can go wrong shows later, at the socket.
pub fn begin_to_connect(endpoint: SocketAddr) -> io::Result<TcpStream> {
    socket::begin_to_connect(endpoint)
}
