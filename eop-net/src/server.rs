//! The server's side: a [`Listener`] and its [`Connection`]s. What may be answered, and when, is the machine's; how a
//! redirected client is seen off is `lingering.rs`'s.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use eop_statemachine::Service;

use crate::socket;
use crate::stream::Stream;
use crate::transport::Accepted;

mod blocking;
mod connection;
mod counters;
mod crowd;
mod desk;
mod drain;
mod limits;
mod linger_counts;
mod linger_list;
mod lingering;
mod observer;
mod redirector;
mod targets;
mod unsent;

pub use blocking::{Connection, Listener, Refused};
#[cfg(feature = "tokio")]
pub(crate) use connection::AtHand;
pub use connection::{ConnectionOver, RefusedOver};
pub use counters::{Counters, ServerCounts};
pub use drain::Drain;
#[cfg(feature = "tokio")]
pub(crate) use limits::Acknowledging;
pub use linger_counts::LingerCounts;
pub use linger_list::LingerList;
pub(crate) use lingering::Farewell;
#[cfg(feature = "tokio")]
pub(crate) use lingering::{CAPACITY as LINGER_CAPACITY, Leaving, Turn};
pub use lingering::{Departure, Lingering};
pub use redirector::{Redirector, RedirectorCounts};
pub use targets::{RoundRobin, Targets};

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

/// A listening socket: [`Listener`]'s is waited for, that of `tokio::Listener` is one of tokio's.
#[derive(Debug)]
pub struct ListenerOver<L> {
    pub(crate) socket: L,
    pub(crate) config: Arc<Config>,
    /// The port at which it listens, if the system tells.
    port: Option<u16>,
    list: LingerList,
    drain: Option<Drain>,
    counters: Counters,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
}

impl<L> ListenerOver<L> {
    pub(crate) fn over(socket: L, at: Option<SocketAddr>, config: Config) -> Self {
        Self {
            socket,
            config: Arc::new(config),
            port: at.map(|it| it.port()),
            list: LingerList::default(),
            drain: None,
            counters: Counters::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Lets `list` see off the clients that were accepted here and moved, instead of the process's own.
    #[must_use]
    pub fn linger_in(mut self, list: &LingerList) -> Self {
        self.list = list.clone();
        self
    }

    /// Lets `drain` move the clients that are accepted here.
    #[must_use]
    pub fn drained_by(mut self, drain: &Drain) -> Self {
        self.drain = Some(drain.clone());
        self
    }

    /// Counts the connections that are accepted here by `counters` instead of the process's own.
    #[must_use]
    pub fn counted_by(mut self, counters: &Counters) -> Self {
        self.counters = counters.clone();
        self
    }

    /// Secures the clients that are accepted here with `tls` (EOP-SEC-3). The handshake takes place when a request is first
    /// waited for, or, over blocking sockets, something is first said; for it a client has as long as for a header.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn secured_by(mut self, tls: &crate::tls::ServerTls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// A connection over a socket that was accepted here just now.
    pub(crate) fn accepted<S: Accepted>(&self, socket: S) -> io::Result<ConnectionOver<S>> {
        if !socket::HANDED_DOWN {
            socket.send_at_once();
        }
        Ok(self
            .connection_over(socket, Arc::clone(&self.config))?
            .at_port(self.port))
    }

    /// A connection over a socket that was accepted somewhere.
    pub(crate) fn found<S: Accepted>(
        &self,
        socket: S,
        config: Config,
    ) -> io::Result<ConnectionOver<S>> {
        socket.send_at_once();
        self.connection_over(socket, Arc::new(config))
    }

    fn connection_over<S: Accepted>(
        &self,
        socket: S,
        config: Arc<Config>,
    ) -> io::Result<ConnectionOver<S>> {
        let socket = self.stream(socket)?;
        let serving = self.drain.as_ref().map(Drain::serve);
        Ok(ConnectionOver::new(
            socket,
            config,
            self.list.clone(),
            serving,
            self.counters.clone(),
        ))
    }

    #[cfg(feature = "tls")]
    fn stream<S: Accepted>(&self, socket: S) -> io::Result<Stream<S>> {
        Ok(match &self.tls {
            Some(tls) => Stream::Secured(Box::new(crate::tls::Secured::server(socket, tls)?)),
            None => Stream::Plain(socket),
        })
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
    fn stream<S: Accepted>(&self, socket: S) -> io::Result<Stream<S>> {
        Ok(Stream::Plain(socket))
    }
}

impl Listener {
    /// Listens on `address`; port 0 means any free one. 1024 connections may wait to be accepted.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        socket::listen_on(address).map(|socket| Self::listening(socket, config))
    }

    /// The same `count` times on one address, between which the system spreads the clients: one for each thread that
    /// accepts, which then get into nobody's way. The address is shared with any other program of the same user that asks
    /// for it in the same way (`SO_REUSEPORT`).
    ///
    /// # Errors
    /// What the system says.
    pub fn bind_each(address: SocketAddr, config: Config, count: usize) -> io::Result<Vec<Self>> {
        let sockets = socket::listen_each(address, count)?.into_iter();
        Ok(sockets.map(|it| Self::listening(it, config)).collect())
    }

    fn listening(socket: std::net::TcpListener, config: Config) -> Self {
        let at = socket.local_addr().ok();
        Self::over(socket, at, config)
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
        self.accepted(socket::accept(&self.socket)?)
    }

    /// The same, without a word of EOP yet: for a server whose terms depend on where the client arrived. Give the socket
    /// to [`connection`](Self::connection).
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn accept_stream(&self) -> io::Result<TcpStream> {
        socket::accept(&self.socket)
    }

    /// A connection over a socket that was accepted, with terms of its own. This listener's drain and linger list are its
    /// too.
    ///
    /// # Errors
    /// The configuration of TLS cannot be used.
    pub fn connection(&self, socket: TcpStream, config: Config) -> io::Result<Connection> {
        self.found(socket, config)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
