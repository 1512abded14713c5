//! A connection whose caller waits. What a connection does without waiting is `connection.rs`'s.

use std::net::TcpStream;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::connection::{AtHand, ConnectionOver, RefusedOver};
use super::drain::Serving;
use super::linger_list::LingerList;
use super::{Config, Counters, ListenerOver};
use crate::error::Error;
use crate::inbox::{Payload, nobody};
use crate::socket::{self, Ready};
use crate::stream::Stream;

/// A listening socket whose clients are waited for.
pub type Listener = ListenerOver<std::net::TcpListener>;
/// An accepted client that is waited for.
pub type Connection = ConnectionOver<TcpStream>;
/// A redirect that was refused, and the connection, as it was before.
pub type Refused = RefusedOver<TcpStream>;

impl Connection {
    /// Speaks EOP over a socket that was accepted elsewhere. It lingers in the process's own list.
    #[must_use]
    pub fn over(socket: TcpStream, config: Config) -> Self {
        socket::send_at_once(&socket);
        let socket = Stream::Plain(socket);
        Self::new(
            socket,
            Arc::new(config),
            LingerList::default(),
            None,
            Counters::default(),
        )
    }

    /// Waits until the client is secured, which every other call does by itself.
    ///
    /// # Errors
    /// [`Error`], final: the handshake failed, or took too long.
    #[cfg(feature = "tls")]
    pub fn secured(&mut self) -> Result<(), Error> {
        self.be_secured()
    }

    /// Waits for the next request and returns its payload; `None` when the client has no more (EOP-HCL-1), or a
    /// [`Drain`](super::Drain) has moved it. What it asked before may still be answered in the first case.
    ///
    /// # Errors
    /// [`Error`], final: the client broke the protocol, left a header incomplete, or is gone. Nothing is sent to it any
    /// more.
    pub fn receive(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let request = self.next_request(&mut nobody())?;
        Ok(request.map(|payload| payload.octets))
    }

    /// The same for a request that need not be in memory as a whole: `take` is given its payload piece by piece, as it comes,
    /// without a copy. Its length, once it is complete.
    ///
    /// # Errors
    /// As [`receive`](Self::receive). What was taken is then no request.
    pub fn receive_by(&mut self, take: impl FnMut(&[u8])) -> Result<Option<u64>, Error> {
        let request = self.next_request(&mut Some(take))?;
        Ok(request.map(|payload| payload.handed_on))
    }

    fn next_request(
        &mut self,
        take: &mut Option<impl FnMut(&[u8])>,
    ) -> Result<Option<Payload>, Error> {
        self.be_secured()?;
        loop {
            // Known before it is looked: of a drain that begins in between, the bell tells.
            let begun = self.serving().is_some_and(Serving::has_begun);
            match self.at_hand(take)? {
                AtHand::Request(request) => return Ok(Some(request)),
                AtHand::NoMore => return Ok(None),
                AtHand::Nothing => {}
            }
            // Where no limit runs, and nobody interrupts, reading is waiting.
            let waits = self.inbox.header_since().is_none() && self.serving().is_none();
            let Some(socket) = &mut self.socket else {
                return Ok(None);
            };
            let read = match socket.plain().filter(|_| waits) {
                Some(socket) => self.inbox.wait_and_read(socket),
                None => self
                    .inbox
                    .read(socket, &mut Context::from_waker(Waker::noop())),
            };
            if !self.heed(read)? {
                self.wait_for_octets(begun)?;
            }
        }
    }

    /// Answers the oldest request that waits (EOP-ACC-3), or, in manual, sends any message. Waits until the transport has
    /// taken it. Once a [`Drain`](super::Drain) has begun, the answer to the last request moves the client.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no request waits, a greeting is still due or the payload is too long; otherwise final.
    pub fn respond(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.answer(payload)
    }

    /// Sends one of the greetings that the service begins every connection with (EOP-ACC-4).
    ///
    /// # Errors
    /// [`Error::Misuse`] if none is due or the payload is too long; otherwise final.
    pub fn greet(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.say_hello(payload)
    }

    /// Waits for octets and, unless it had `begun` when it was looked, for the drain to begin.
    fn wait_for_octets(&mut self, begun: bool) -> Result<(), Error> {
        let left = self.header_left()?;
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        let waited = match self.serving() {
            Some(serving) if !begun => socket::wait_for_either(socket, serving.bell(), left),
            Some(_) | None => {
                let wanted = Ready {
                    read: true,
                    write: socket.wants_write(),
                };
                socket::wait(socket, wanted, left).map(drop)
            }
        };
        waited.map_err(|error| self.lost(error))
    }
}
