//! A loopback port of the runner's own, where the client under test may come, or must not.

use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, accept_with, connect, socket_with};

use crate::authority::Terms;
use crate::link::{Link, Manner, Security, Unsecured, bound, listening, ready, v4};
use crate::verdict::{Axis, Step, Stop};

/// A port that is bound for the whole play, so that a connection that should not have come is seen.
#[derive(Debug)]
pub struct Endpoint {
    label: String,
    address: SocketAddrV4,
    socket: OwnedFd,
    manner: Manner,
    /// What fills its queue, held open.
    full: Vec<OwnedFd>,
}

impl Endpoint {
    /// A port that takes connections.
    pub(super) fn listening(label: &str, manner: Manner) -> Step<Self> {
        Self::over(label, listening(64)?, manner, "listens at")
    }

    /// A port that refuses every connection.
    pub(super) fn refusing(label: &str, manner: Manner) -> Step<Self> {
        Self::over(label, bound()?, manner, "refuses at")
    }

    /// A port that answers no connection, neither yes nor no: its queue is full. (Linux drops what comes then.)
    pub(super) fn silent(label: &str, manner: Manner) -> Step<Self> {
        let mut endpoint = Self::over(label, listening(0)?, manner, "answers nobody at")?;
        for _ in 0..2 {
            let failed = |error: Errno| Stop::Harness(format!("cannot fill a queue: {error}"));
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
            let socket = socket_with(family, kind, flags, None).map_err(failed)?;
            match connect(&socket, &endpoint.address) {
                Ok(()) | Err(Errno::INPROGRESS) => endpoint.full.push(socket),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(endpoint)
    }

    fn over(label: &str, socket: OwnedFd, manner: Manner, verb: &str) -> Step<Self> {
        let address = rustix::net::getsockname(&socket)
            .ok()
            .and_then(|address| SocketAddrV4::try_from(address).ok())
            .ok_or_else(|| Stop::Harness("a bound socket has no IPv4 address".to_owned()))?;
        manner.log.note(label, format!("runner {verb} {address}"));
        Ok(Self {
            label: label.to_owned(),
            address,
            socket,
            manner,
            full: Vec::new(),
        })
    }

    /// The same, with these terms in its handshakes; in cleartext there are none.
    #[must_use]
    pub fn on(mut self, terms: Terms) -> Self {
        if let Some(security) = self.manner.security.take() {
            self.manner.security = Some(Security { terms, ..security });
        }
        self
    }

    /// The same in cleartext, whatever is spoken elsewhere.
    #[must_use]
    pub fn in_cleartext(mut self) -> Self {
        self.manner.security = None;
        self
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Takes the testee's connection.
    pub fn accept(&self) -> Step<Link> {
        self.accept_within(self.manner.wait)
    }

    /// Takes the testee's connection, which may be so long in coming.
    pub fn accept_within(&self, wait: Duration) -> Step<Link> {
        let link = self.attempt_within(wait)?;
        link.map_err(Unsecured::stop)?.speaking()
    }

    /// Takes the testee's connection, whose handshake may fail, or end without a word of EOP.
    pub fn attempt(&self) -> Step<Result<Link, Unsecured>> {
        self.attempt_within(self.manner.wait)
    }

    fn attempt_within(&self, wait: Duration) -> Step<Result<Link, Unsecured>> {
        self.manner.flush()?;
        let expected = format!("the testee connects to {} ({})", self.label, self.address);
        if !ready(&self.socket, PollFlags::IN, wait) {
            return Err(Stop::silence(Axis::Messages, expected, wait));
        }
        match self.take()? {
            Some((stream, testee)) => {
                Link::accepted(&self.label, stream, testee, self.manner.clone())
            }
            None => Err(Stop::messages(
                expected,
                "it connected and was gone at once",
            )),
        }
    }

    /// Nobody has connected by now. A barrier has to stand before it.
    pub fn nobody(&self) -> Step {
        self.manner.flush()?;
        match self.take()? {
            None => Ok(()),
            Some((_, testee)) => {
                let observed = format!("a connection from {testee}");
                Err(Stop::messages(
                    format!("no connection to {} ({})", self.label, self.address),
                    observed,
                ))
            }
        }
    }

    fn take(&self) -> Step<Option<(TcpStream, SocketAddrV4)>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        match accept_with(&self.socket, flags) {
            Ok(socket) => {
                let stream = TcpStream::from(socket);
                // A connection that was reset while it waited has no peer any more.
                Ok(v4(stream.peer_addr()).ok().map(|testee| (stream, testee)))
            }
            // A socket that does not listen has nobody either.
            Err(Errno::AGAIN | Errno::CONNABORTED | Errno::INVAL) => Ok(None),
            Err(error) => Err(Stop::Harness(format!(
                "cannot accept at {}: {error}",
                self.address
            ))),
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.manner.keep(&self.socket);
    }
}
