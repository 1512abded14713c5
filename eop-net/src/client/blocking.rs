//! A client whose caller waits, or has an event loop of its own. What is done while nobody waits is `step.rs`'s.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use eop_statemachine::session::ConfigError;

use super::config::Config;
use super::dial::{Dial, Direct};
use super::event::Event;
use super::link::{Link, Making, Writing};
use super::network::Network;
use super::{ClientOver, Error};
use crate::socket::{self, Ready};

/// A client's session.
///
/// Nothing here waits except [`connect`](Self::connect), [`receive`](Self::receive) and
/// [`receive_within`](Self::receive_within). A caller with an event loop of its own calls [`step`](Self::step) instead,
/// whenever something of [`waits_for`](Self::waits_for) has come.
pub type Client = ClientOver<Blocking>;

/// Sockets that are waited for.
pub struct Blocking {
    dial: Box<dyn Dial>,
}

impl Network for Blocking {
    type Socket = TcpStream;
    type Dialing = Option<TcpStream>;

    fn dial(&mut self, endpoint: SocketAddr) -> io::Result<Option<TcpStream>> {
        self.dial.dial(endpoint).map(Some)
    }

    fn poll_connected(
        &mut self,
        dialing: &mut Option<TcpStream>,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<TcpStream>> {
        let connected = dialing.as_ref().and_then(socket::connected);
        match (connected, dialing.take()) {
            (Some(connected), Some(socket)) => Poll::Ready(connected.map(|()| socket)),
            (Some(_) | None, socket) => {
                *dialing = socket;
                Poll::Pending
            }
        }
    }
}

/// What a client waits for, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Waits<'a> {
    /// The socket, if there is one.
    pub socket: Option<BorrowedFd<'a>>,
    /// For octets, or the end of the stream.
    pub read: bool,
    /// For the transport to take octets, or to be connected.
    pub write: bool,
    /// At most until then.
    pub until: Option<Instant>,
}

const EVERYTHING: Ready = Ready {
    read: true,
    write: true,
};

impl Client {
    /// A session that begins at `home`. Nothing is asked of the network yet.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration contradicts itself or knows no bound.
    pub fn new(home: SocketAddr, config: Config) -> Result<Self, ConfigError> {
        let dial = Box::new(Direct);
        Self::begin(home, config, Blocking { dial })
    }

    /// Begins a session at `home` and waits until it is connected. If a name leads to several addresses, they are tried in
    /// turn, each for as long as [`Bounds::home_deadline`](crate::Bounds::home_deadline) allows.
    ///
    /// # Errors
    /// [`Error::Config`]; [`Error::Resolve`]; [`Error::Ended`] if no connection could be made.
    pub fn connect(home: impl ToSocketAddrs, config: Config) -> Result<Self, Error> {
        let mut last = Error::Resolve(io::ErrorKind::AddrNotAvailable.into());
        for home in home.to_socket_addrs().map_err(Error::Resolve)? {
            let mut client = Self::new(home, config.clone()).map_err(Error::Config)?;
            match client.receive() {
                Event::Ended(ended) => last = Error::Ended(ended),
                Event::Connected(_)
                | Event::Message(_)
                | Event::Redirected(_)
                | Event::Settling => {
                    return Ok(client);
                }
            }
        }
        Err(last)
    }

    /// Makes connections with `dial`, before the first is made.
    #[must_use]
    pub fn dial_with(mut self, dial: impl Dial + 'static) -> Self {
        self.network.dial = Box::new(dial);
        self
    }
}

/// Waiting.
impl Client {
    /// Waits for the next event. After the end it is [`Event::Ended`], again and again. After [`Event::Settling`] the next
    /// call settles the session.
    pub fn receive(&mut self) -> Event {
        loop {
            if let Some(event) = self.receive_until(None) {
                return event;
            }
        }
    }

    /// Waits for the next event, but not for longer than `timeout`.
    pub fn receive_within(&mut self, timeout: Duration) -> Option<Event> {
        self.receive_until(Instant::now().checked_add(timeout))
    }

    fn receive_until(&mut self, until: Option<Instant>) -> Option<Event> {
        if let Some(end) = self.end_again() {
            return Some(end);
        }
        // What there is to read is known after waiting.
        let mut ready = Ready {
            read: false,
            write: true,
        };
        loop {
            if let Some(event) = self.step_ready(ready) {
                return Some(event);
            }
            let last = until.is_some_and(|until| until <= Instant::now());
            ready = self.wait(until).unwrap_or(EVERYTHING);
            if last {
                return self.step_ready(ready);
            }
        }
    }

    /// Does what can be done without waiting, up to the next event; `None` if there is none. Call it until then, whenever
    /// something of [`waits_for`](Self::waits_for) has come. The end is told once.
    pub fn step(&mut self) -> Option<Event> {
        self.step_ready(EVERYTHING)
    }

    fn step_ready(&mut self, ready: Ready) -> Option<Event> {
        self.step_after(ready, &mut Context::from_waker(Waker::noop()))
    }

    /// What to wait for before the next step.
    #[must_use]
    pub fn waits_for(&self) -> Waits<'_> {
        let (socket, read, write) = match &self.link {
            Link::None => (None, false, false),
            Link::Dialing { making, .. } => match making {
                Making::Connecting(socket) => (socket.as_ref().map(AsFd::as_fd), false, true),
                #[cfg(feature = "tls")]
                Making::Securing(secured) => {
                    let write = secured.as_ref().is_some_and(|it| it.wants_write());
                    (secured.as_ref().map(|it| it.as_fd()), true, write)
                }
            },
            Link::Up(connection) => {
                let socket = &connection.socket;
                let write = matches!(connection.writing, Writing::Blocked(_));
                (Some(socket.as_fd()), true, write || socket.wants_write())
            }
        };
        Waits {
            socket,
            read,
            write,
            until: self.until(),
        }
    }

    /// Waits until the socket is ready, the session's next limit passes, or `until` comes.
    fn wait(&self, until: Option<Instant>) -> io::Result<Ready> {
        let waits = self.waits_for();
        let until = [waits.until, until].into_iter().flatten().min();
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let wanted = Ready {
            read: waits.read,
            write: waits.write,
        };
        match waits.socket {
            Some(socket) => socket::wait(socket, wanted, timeout),
            None => {
                std::thread::sleep(timeout.unwrap_or(NOTHING_TO_WAIT_FOR));
                Ok(wanted)
            }
        }
    }
}

/// A session without a socket and without a deadline waits for its application alone, which is waiting for it: a decision
/// is due before a connection is made. That application is mistaken, but it is not to burn a processor.
const NOTHING_TO_WAIT_FOR: Duration = Duration::from_millis(50);
