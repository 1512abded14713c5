//! [`Plain`]: a socket over TCP alone, both of whose ends know how long a message is. What EOP is held against; it treats
//! memory as [`Framed`](crate::framed::Framed) does, so that the two differ in what EOP adds and in nothing else: it receives
//! into a buffer of its own, and answers out of that.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result};

use crate::framed::CAPACITY;

/// Connects, with Nagle's algorithm off.
///
/// # Errors
/// What the system says.
pub fn connect(to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpStream::connect(to)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// A socket whose messages have a length that is known.
pub struct Plain {
    socket: TcpStream,
    buffer: Vec<u8>,
    /// Octets of the message that was received last, at the buffer's front.
    received: usize,
}

impl Plain {
    /// Speaks over `socket`, and receives into `buffer`. One that was used before is not got ready again.
    #[must_use]
    pub fn reusing(mut buffer: Vec<u8>, socket: TcpStream) -> Self {
        if buffer.len() < CAPACITY {
            buffer.resize(CAPACITY, 0);
        }
        Self {
            socket,
            buffer,
            received: 0,
        }
    }

    /// Closes the socket and returns the buffer for another one.
    #[must_use]
    pub fn close(self) -> Vec<u8> {
        self.buffer
    }

    /// The socket, and the buffer for another one.
    #[must_use]
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.socket, self.buffer)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// What the system says.
    #[inline]
    pub fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.socket.write_all(message)?)
    }

    /// Waits for a message of `length` octets.
    ///
    /// # Errors
    /// The peer is gone before, or the message is longer than the buffer.
    #[inline]
    pub fn receive(&mut self, length: usize) -> Result<()> {
        self.received = length;
        let message = self.buffer.get_mut(..length).context("too long")?;
        Ok(self.socket.read_exact(message)?)
    }

    /// Sends the message that was received last back, from where it lies.
    ///
    /// # Errors
    /// What the system says.
    #[inline]
    pub fn send_back(&mut self) -> Result<()> {
        let message = self.buffer.get(..self.received).unwrap_or_default();
        Ok(self.socket.write_all(message)?)
    }
}
