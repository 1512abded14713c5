//! One accepted client: requests in, responses out, and the redirect that ends it.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use eop_statemachine::server::{Event, LateRedirect, State, Want};
use eop_statemachine::{PeerError, Server};
use eop_wire::Encoded;

use super::Config;
use super::lingering::{Departure, Lingering};
use crate::error::Error;
use crate::inbox::{Inbox, Piece};
use crate::socket::{self, Read, Ready, Written};

/// Frames up to this long are copied together, which is cheaper than a gathering write.
const COPIED: usize = 8 * 1024;

/// An accepted client.
///
/// Dropping it closes it at once, and what the client has sent meanwhile makes that a reset, which can cost the client
/// the last response: [`close`](Self::close) sees it off.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    machine: Server,
    inbox: Inbox,
    /// Frames are put together here, if they are short.
    outgoing: Vec<u8>,
    config: Config,
}

/// A redirect that was refused, and the connection, as it was before.
pub struct Refused {
    /// The client is still there, unless the error [is final](Error::is_final).
    pub connection: Connection,
    /// Why.
    pub error: Error,
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<Box<Refused>> for Error {
    fn from(refused: Box<Refused>) -> Self {
        refused.error
    }
}

impl Connection {
    /// Speaks EOP over a socket that was accepted elsewhere.
    #[must_use]
    pub fn over(socket: TcpStream, config: Config) -> Self {
        socket::send_at_once(&socket);
        Self {
            socket,
            machine: Server::new(&config.service),
            inbox: Inbox::default(),
            outgoing: Vec::new(),
            config,
        }
    }

    /// Our own end: where the client found us.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The client's end.
    ///
    /// # Errors
    /// What the system says, for instance that the client is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// The machine that keeps this connection's account.
    #[must_use]
    pub const fn machine(&self) -> &Server {
        &self.machine
    }

    /// Waits for the next request and returns its payload; `None` when the client has no more (EOP-HCL-1). What it asked
    /// before may still be answered then.
    ///
    /// # Errors
    /// [`Error`], final: the client broke the protocol, left a header incomplete, or is gone. Nothing is sent to it any
    /// more.
    pub fn receive(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let machine = &mut self.machine;
            match self
                .inbox
                .next_frame(|input| piece(machine.receive(input)?))
            {
                Ok(Some(((), request))) => return Ok(Some(request)),
                Ok(None) => {}
                Err(fault) => return Err(self.broken(Error::Peer(fault))),
            }
            match self.machine.want() {
                Want::Read => {}
                Want::Answer | Want::Drain | Want::Close => return Ok(None),
            }
            // Where no limit runs, reading is waiting.
            let read = match self.inbox.header_since() {
                Some(_) => self.inbox.read(&self.socket),
                None => self.inbox.wait_and_read(&self.socket),
            };
            match read {
                Read::Octets => {}
                Read::Nothing => self.wait_for_octets()?,
                Read::End => {
                    if let Err(fault) = self.machine.end_of_stream() {
                        return Err(self.broken(Error::Peer(fault)));
                    }
                }
                Read::Lost(error) => return Err(self.lost(error)),
            }
        }
    }

    /// Answers the oldest request that waits (EOP-ACC-3), or, in manual, sends any message. Waits until the transport has
    /// taken it.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no request waits, a greeting is still due or the payload is too long; otherwise final.
    pub fn respond(&mut self, payload: &[u8]) -> Result<(), Error> {
        let frame = self.machine.respond(payload)?;
        self.write_frame(&frame)
    }

    /// Sends one of the greetings that the service begins every connection with (EOP-ACC-4).
    ///
    /// # Errors
    /// [`Error::Misuse`] if none is due or the payload is too long; otherwise final.
    pub fn greet(&mut self, payload: &[u8]) -> Result<(), Error> {
        let frame = self.machine.greet(payload)?;
        self.write_frame(&frame)
    }

    /// Moves the client to `to`, which resends there whatever was not answered here. This server must not have acted on
    /// any of that (EOP-RSD-2). See the client off with what this returns.
    ///
    /// # Errors
    /// [`Refused`] if no client may be sent to `to` (EOP-RED-14) or it is here already (EOP-EPI-10).
    pub fn redirect(self, to: SocketAddrV4) -> Result<Lingering, Box<Refused>> {
        self.leave(to, |machine| Ok((None, machine.redirect(to)?)))
    }

    /// Answers the oldest request that waits and moves the client to `to`, in one frame; in two if the response is empty
    /// (EOP-RED-3, EOP-RED-4).
    ///
    /// # Errors
    /// As [`respond`](Self::respond) and [`redirect`](Self::redirect).
    pub fn respond_and_redirect(
        self,
        payload: &[u8],
        to: SocketAddrV4,
    ) -> Result<Lingering, Box<Refused>> {
        self.leave(to, |machine| {
            machine
                .respond_and_redirect(payload, to)
                .map(LateRedirect::into_frames)
        })
    }

    /// Sends the last greeting and moves the client to `to`, in one frame (EOP-ACC-8).
    ///
    /// # Errors
    /// As [`greet`](Self::greet) and [`redirect`](Self::redirect).
    pub fn greet_and_redirect(
        self,
        payload: &[u8],
        to: SocketAddrV4,
    ) -> Result<Lingering, Box<Refused>> {
        self.leave(to, |machine| {
            machine
                .greet_and_redirect(payload, to)
                .map(LateRedirect::into_frames)
        })
    }

    /// Ends the stream after what was sent before, and waits until the client has ended its own, within the limits of the
    /// linger.
    pub fn close(mut self) -> Departure {
        if self.machine.state() == State::Finished {
            return Departure::Ended;
        }
        if self.machine.half_close().is_err() || socket::end_stream(&self.socket).is_err() {
            return Departure::Lost;
        }
        self.into_lingering().linger()
    }

    /// Ends the connection with a reset. What was sent before may be lost.
    pub fn reset(mut self) {
        self.machine.close();
        let _ = socket::reset_on_close(&self.socket);
    }
}

impl Connection {
    fn leave<'a>(
        mut self,
        to: SocketAddrV4,
        frames: impl FnOnce(
            &mut Server,
        ) -> Result<
            (Option<Encoded<'static>>, Encoded<'a>),
            eop_statemachine::server::Misuse,
        >,
    ) -> Result<Lingering, Box<Refused>> {
        let here = self
            .local_addr()
            .is_ok_and(|local| local == SocketAddr::V4(to));
        let sent = if here {
            Err(Error::OwnEndpoint)
        } else {
            frames(&mut self.machine)
                .map_err(Error::from)
                .and_then(|(empty, redirect)| {
                    // Nothing that arrived is looked at any more (EOP-CLS-2).
                    self.inbox.discard();
                    let [header, payload] = redirect.chunks();
                    let [first, _] = empty.as_ref().map_or([&[][..]; 2], Encoded::chunks);
                    self.write([first, header, payload])
                })
        };
        match sent {
            Ok(()) => Ok(self.into_lingering()),
            Err(error) => Err(Box::new(Refused {
                connection: self,
                error,
            })),
        }
    }

    fn into_lingering(self) -> Lingering {
        Lingering::new(self.socket, self.machine, self.config)
    }

    fn write_frame(&mut self, frame: &Encoded<'_>) -> Result<(), Error> {
        let [header, payload] = frame.chunks();
        self.write([&[], header, payload])
    }

    /// Hands `parts` to the transport: in one operation, unless it takes less at a time (EOP-FRM-4).
    fn write(&mut self, parts: [&[u8]; 3]) -> Result<(), Error> {
        let [first, header, payload] = parts;
        if first
            .len()
            .saturating_add(header.len())
            .saturating_add(payload.len())
            <= COPIED
        {
            let mut together = std::mem::take(&mut self.outgoing);
            together.clear();
            parts
                .iter()
                .for_each(|part| together.extend_from_slice(part));
            let written = self.write_slices(&mut [IoSlice::new(&together)]);
            self.outgoing = together;
            written
        } else {
            self.write_slices(&mut parts.map(IoSlice::new))
        }
    }

    fn write_slices(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<(), Error> {
        let mut taken_last = Instant::now();
        let mut may_read = true;
        IoSlice::advance_slices(&mut slices, 0); // leaves out empty ones
        while !slices.is_empty() {
            match socket::write(&self.socket, slices) {
                Written::Octets(count) => {
                    IoSlice::advance_slices(&mut slices, count);
                    taken_last = Instant::now();
                }
                Written::Blocked => {
                    let left = self.config.stall.saturating_sub(taken_last.elapsed());
                    if left.is_zero() {
                        return Err(self.broken(Error::Stall));
                    }
                    may_read &= self.inbox.has_room();
                    let ready = self.wait(
                        Ready {
                            read: may_read,
                            write: true,
                        },
                        Some(left),
                    )?;
                    if ready.read && may_read {
                        may_read = self.read_while_writing();
                    }
                }
                Written::Failed(error) => return Err(self.lost(error)),
            }
        }
        Ok(())
    }

    /// Takes what the client sends while it does not take what we send, so that it can. Whether there may be more.
    fn read_while_writing(&mut self) -> bool {
        let read = self.inbox.read(&self.socket);
        match self.machine.want() {
            Want::Drain => self.inbox.discard(),
            Want::Read | Want::Answer | Want::Close => {}
        }
        // An end or an error is found again by whoever reads, or writes, next.
        matches!(read, Read::Octets | Read::Nothing)
    }

    fn wait_for_octets(&mut self) -> Result<(), Error> {
        let left = match self.inbox.header_since() {
            None => None,
            Some(since) => match self.config.header.saturating_sub(since.elapsed()) {
                Duration::ZERO => return Err(self.broken(Error::Timeout)),
                left => Some(left),
            },
        };
        self.wait(
            Ready {
                read: true,
                write: false,
            },
            left,
        )
        .map(drop)
    }

    fn wait(&mut self, wanted: Ready, timeout: Option<Duration>) -> Result<Ready, Error> {
        socket::wait(&self.socket, wanted, timeout).map_err(|error| self.lost(error))
    }

    /// Ends the connection at once (EOP-ERR-1).
    fn broken(&mut self, error: Error) -> Error {
        self.machine.lost();
        socket::end_both(&self.socket);
        error
    }

    fn lost(&mut self, error: io::Error) -> Error {
        self.machine.lost();
        Error::Lost(error)
    }
}

fn piece(event: Option<Event<'_>>) -> Result<Option<Piece<'_, ()>>, PeerError> {
    Ok(event.map(|event| match event {
        Event::Head { .. } => Piece::Head,
        Event::Chunk(chunk) => Piece::Chunk(chunk),
        Event::Request => Piece::End(()),
    }))
}
