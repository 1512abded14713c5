//! A client that makes futures. What a session does without waiting is `client/step.rs`'s.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::net::{TcpStream, ToSocketAddrs, lookup_host};

use super::alarm::Alarm;
use super::stream::{Async, Stream};
use crate::ConfigError;
use crate::client::{ClientOver, Config, Error, Event, Network};
use crate::socket::Ready;

/// A client's session over tokio. Only [`connect`](Self::connect) and [`receive`](Self::receive) wait, and nothing is lost
/// if they are given up.
pub type Client<D = Direct> = ClientOver<Tokio<D>>;

/// A connection that is being made.
pub type Dialing<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

/// Makes connections, as [`crate::client::Dial`] does.
pub trait Dial: Send {
    /// What a connection is.
    type Stream: Stream;

    /// Connects to `endpoint`. The session goes on calling it that, wherever it leads.
    fn dial(&mut self, endpoint: SocketAddr) -> Dialing<Self::Stream>;
}

/// Connects to what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direct;

impl Dial for Direct {
    type Stream = TcpStream;

    fn dial(&mut self, endpoint: SocketAddr) -> Dialing<TcpStream> {
        Box::pin(async move {
            let stream = TcpStream::connect(endpoint).await?;
            // Two ends of one socket: nobody listened, and the system chose the endpoint itself as our own.
            if stream.local_addr()? == stream.peer_addr()? {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            Ok(stream)
        })
    }
}

/// Connections that tokio waits for.
#[derive(Debug)]
pub struct Tokio<D> {
    dial: D,
}

impl<D: Dial> Network for Tokio<D> {
    type Socket = Async<D::Stream>;
    type Dialing = Dialing<D::Stream>;

    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<Self::Dialing> {
        Ok(self.dial.dial(endpoint))
    }

    fn poll_connected(
        &mut self,
        dialing: &mut Self::Dialing,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Self::Socket>> {
        dialing.as_mut().poll(cx).map_ok(Async)
    }
}

impl Client {
    /// A session that begins at `home`. Nothing is asked of the network yet.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration contradicts itself or knows no bound.
    pub fn new(home: SocketAddr, config: Config) -> Result<Self, ConfigError> {
        Self::dialed_by(Direct, home, config)
    }

    /// Begins a session at `home` and waits until it is connected. If a name leads to several addresses, they are tried in
    /// turn.
    ///
    /// # Errors
    /// [`Error::Config`]; [`Error::Resolve`]; [`Error::Ended`] if no connection could be made.
    pub async fn connect(home: impl ToSocketAddrs, config: Config) -> Result<Self, Error> {
        let mut last = Error::Resolve(io::ErrorKind::AddrNotAvailable.into());
        for home in lookup_host(home).await.map_err(Error::Resolve)? {
            let mut client = Self::new(home, config.clone()).map_err(Error::Config)?;
            match client.receive().await {
                Event::Ended(ended) => last = Error::Ended(ended),
                Event::Connected(_)
                | Event::Message(_)
                | Event::Redirected(_)
                | Event::Settling => return Ok(client),
            }
        }
        Err(last)
    }
}

impl<D: Dial> ClientOver<Tokio<D>> {
    /// A session over connections that `dial` makes.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn dialed_by(dial: D, home: SocketAddr, config: Config) -> Result<Self, ConfigError> {
        Self::begin(home, config, Tokio { dial })
    }

    /// The next event. After the end it is [`Event::Ended`], again and again. After [`Event::Settling`] the next call
    /// settles the session.
    ///
    /// The future may be dropped at any time: an event that was not returned comes next time.
    pub async fn receive(&mut self) -> Event {
        let mut alarm = Alarm::default();
        poll_fn(|cx| {
            loop {
                if let Some(event) = self.end_again().or_else(|| self.step(cx)) {
                    return Poll::Ready(event);
                }
                if alarm.poll(self.until(), cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Does what can be done without waiting, up to the next event; `None` if there is none. Then `cx` is woken when the
    /// transport has something, and [`until`](Self::until) says when to call again although it has not. For who makes a
    /// future of its own: here the end is told once, and nothing settles by itself.
    pub fn step(&mut self, cx: &mut Context<'_>) -> Option<Event> {
        let everything = Ready {
            read: true,
            write: true,
        };
        self.step_after(everything, cx)
    }
}
