//! The server's side: a [`Listener`] and its [`Connection`]s. What may be answered, and when, is the machine's; how a
//! redirected client is seen off is `lingering.rs`'s.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use eop_statemachine::Service;

use crate::socket;

mod connection;
mod limits;
mod lingering;

pub use connection::{Connection, Refused};
pub use lingering::{Departure, Lingering};

/// How a server treats its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The terms of the service.
    pub service: Service,
    /// How long a header may take from its first octet to its last (EOP-TIM-1).
    pub header: Duration,
    /// How long the client may take no octet while there are some for it (EOP-CLS-12).
    pub stall: Duration,
    /// How long a redirected client may send nothing before it is left (EOP-CLS-3).
    pub linger_idle: Duration,
    /// How long a redirected client is waited for in all (EOP-CLS-3).
    pub linger_total: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service: Service::default(),
            header: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            linger_idle: Duration::from_secs(5),
            linger_total: Duration::from_secs(30),
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    config: Config,
}

impl Listener {
    /// Listens on `address`; port 0 means any free one. 1024 connections may wait to be accepted.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        let socket = socket::listen_on(address)?;
        Ok(Self { socket, config })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits for the next client.
    ///
    /// # Errors
    /// What the system says: of a client that gave up, or that it has no more sockets to give. Either passes; in the
    /// second case wait a little before the next call.
    pub fn accept(&self) -> io::Result<Connection> {
        Ok(Connection::over(self.accept_stream()?, self.config))
    }

    /// The same, without a word of EOP yet: for a server whose terms depend on where the client arrived. Give the socket
    /// to [`Connection::over`].
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn accept_stream(&self) -> io::Result<TcpStream> {
        socket::accept(&self.socket)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
