//! One accepted client: requests in, responses out, and the redirect that ends it.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use eop_statemachine::server::{Event, LateRedirect, State, Want};
use eop_statemachine::{Discipline, PeerError, Server, policy};
use eop_wire::Encoded;

use super::Config;
use super::drain::Serving;
use super::linger_list::LingerList;
use super::lingering::{Departure, Leaving, Lingering};
use crate::error::Error;
use crate::inbox::{Inbox, Piece};
use crate::socket::{self, Read, Ready, Written};

/// Frames up to this long are copied together, which is cheaper than a gathering write.
const COPIED: usize = 8 * 1024;

const READABLE: Ready = Ready {
    read: true,
    write: false,
};

/// An accepted client.
///
/// Dropping it closes it at once, and what the client has sent meanwhile makes that a reset, which can cost the client
/// the last response: [`close`](Self::close) sees it off.
#[derive(Debug)]
pub struct Connection {
    /// Gone once the client is being seen off.
    socket: Option<TcpStream>,
    machine: Server,
    inbox: Inbox,
    /// Frames are put together here, if they are short.
    outgoing: Vec<u8>,
    config: Config,
    list: LingerList,
    /// If there is a drain.
    serving: Option<Serving>,
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
    /// Speaks EOP over a socket that was accepted elsewhere. It lingers in the process's own list.
    #[must_use]
    pub fn over(socket: TcpStream, config: Config) -> Self {
        Self::new(socket, config, LingerList::default(), None)
    }

    pub(super) fn new(
        socket: TcpStream,
        config: Config,
        list: LingerList,
        serving: Option<Serving>,
    ) -> Self {
        socket::send_at_once(&socket);
        Self {
            socket: Some(socket),
            machine: Server::new(&config.service),
            inbox: Inbox::default(),
            outgoing: Vec::new(),
            config,
            list,
            serving,
        }
    }

    /// Our own end: where the client found us.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket()?.local_addr()
    }

    /// The client's end.
    ///
    /// # Errors
    /// What the system says, for instance that the client is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket()?.peer_addr()
    }

    /// The machine that keeps this connection's account.
    #[must_use]
    pub const fn machine(&self) -> &Server {
        &self.machine
    }

    /// Waits for the next request and returns its payload; `None` when the client has no more (EOP-HCL-1), or a
    /// [`Drain`](super::Drain) has moved it. What it asked before may still be answered in the first case.
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
            if self.is_drained()? {
                return Ok(None);
            }
            let Some(socket) = &self.socket else {
                return Ok(None);
            };
            // Where no limit runs, and nobody interrupts, reading is waiting.
            let read = match (self.inbox.header_since(), &self.serving) {
                (None, None) => self.inbox.wait_and_read(socket),
                (Some(_), _) | (_, Some(_)) => self.inbox.read(socket),
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
    /// taken it. Once a [`Drain`](super::Drain) has begun, the answer to the last request moves the client.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no request waits, a greeting is still due or the payload is too long; otherwise final.
    pub fn respond(&mut self, payload: &[u8]) -> Result<(), Error> {
        if let Some(to) = self.target_behind_last_answer() {
            return self.leave_with(payload, to).map(drop);
        }
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
    /// any of that (EOP-RSD-2). Legal at any time, also before anything was received (EOP-RED-11).
    ///
    /// # Errors
    /// [`Refused`] if no client may be sent to `to` (EOP-RED-14) or it is here already (EOP-EPI-10).
    pub fn redirect(mut self, to: SocketAddrV4) -> Result<Lingering, Box<Refused>> {
        let left = self.leave(to, |machine| Ok((None, machine.redirect(to)?)));
        self.or_refuse(left)
    }

    /// Answers the oldest request that waits and moves the client to `to`, in one frame; in two if the response is empty
    /// (EOP-RED-3, EOP-RED-4).
    ///
    /// # Errors
    /// As [`respond`](Self::respond) and [`redirect`](Self::redirect).
    pub fn redirect_with(
        mut self,
        response: &[u8],
        to: SocketAddrV4,
    ) -> Result<Lingering, Box<Refused>> {
        let left = self.leave_with(response, to);
        self.or_refuse(left)
    }

    /// Sends the last greeting and moves the client to `to`, in one frame (EOP-ACC-8).
    ///
    /// # Errors
    /// As [`greet`](Self::greet) and [`redirect`](Self::redirect).
    pub fn greet_and_redirect(
        mut self,
        payload: &[u8],
        to: SocketAddrV4,
    ) -> Result<Lingering, Box<Refused>> {
        let left = self.leave(to, |machine| {
            machine
                .greet_and_redirect(payload, to)
                .map(LateRedirect::into_frames)
        });
        self.or_refuse(left)
    }

    /// Ends the stream after what was sent before. The client is waited for until it has ended its own, within the limits
    /// of the linger.
    pub fn close(mut self) -> Lingering {
        let list = self.list.clone();
        match self.socket.take() {
            None => Lingering::gone(Departure::HandedOver, list),
            Some(_) if self.machine.state() == State::Finished => {
                Lingering::gone(Departure::Ended, list)
            }
            Some(socket) => {
                if self.machine.half_close().is_err() || socket::end_stream(&socket).is_err() {
                    Lingering::gone(Departure::Lost, list)
                } else {
                    self.lingering(socket)
                }
            }
        }
    }

    /// Ends the connection with a reset. What was sent before may be lost.
    pub fn reset(mut self) {
        self.machine.close();
        if let Some(socket) = &self.socket {
            let _ = socket::reset_on_close(socket);
        }
    }
}

/// Leaving.
impl Connection {
    /// Sends the frames of a redirect and lets the client go.
    fn leave<'a>(
        &mut self,
        to: SocketAddrV4,
        frames: impl FnOnce(
            &mut Server,
        ) -> Result<
            (Option<Encoded<'static>>, Encoded<'a>),
            eop_statemachine::server::Misuse,
        >,
    ) -> Result<Lingering, Error> {
        if self.is_here(to) {
            return Err(Error::OwnEndpoint);
        }
        let (empty, redirect) = frames(&mut self.machine)?;
        // Nothing that arrived is looked at any more (EOP-CLS-2).
        self.inbox.discard();
        let [header, payload] = redirect.chunks();
        let [first, _] = empty.as_ref().map_or([&[][..]; 2], Encoded::chunks);
        self.write([first, header, payload])?;
        Ok(match self.socket.take() {
            Some(socket) => self.lingering(socket),
            None => Lingering::gone(Departure::HandedOver, self.list.clone()),
        })
    }

    fn leave_with(&mut self, response: &[u8], to: SocketAddrV4) -> Result<Lingering, Error> {
        self.leave(to, |machine| {
            machine
                .respond_and_redirect(response, to)
                .map(LateRedirect::into_frames)
        })
    }

    fn or_refuse(self, left: Result<Lingering, Error>) -> Result<Lingering, Box<Refused>> {
        left.map_err(|error| {
            Box::new(Refused {
                connection: self,
                error,
            })
        })
    }

    fn lingering(&mut self, socket: TcpStream) -> Lingering {
        let leaving = Leaving::new(socket, &self.config, self.serving.take());
        Lingering::new(leaving, self.list.clone())
    }

    fn is_here(&self, to: SocketAddrV4) -> bool {
        self.local_addr()
            .is_ok_and(|local| local == SocketAddr::V4(to))
    }
}

/// Being drained.
impl Connection {
    /// Moves the client if the drain has begun and nothing that was received waits for an answer: whether it did.
    fn is_drained(&mut self) -> Result<bool, Error> {
        if self.machine.waiting() > 0 || !self.serving.as_ref().is_some_and(Serving::has_begun) {
            return Ok(false);
        }
        if let Some(to) = self.drain_target() {
            match self.leave(to, |machine| Ok((None, machine.redirect(to)?))) {
                Ok(_) => return Ok(true),
                Err(error) if error.is_final() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(false)
    }

    fn target_behind_last_answer(&self) -> Option<SocketAddrV4> {
        let last = self.config.service.discipline == Discipline::Paired
            && self.machine.waiting() == 1
            && self.machine.greetings() == 0;
        self.drain_target().filter(|_| last)
    }

    /// Where the drain, if it has begun, sends this client.
    fn drain_target(&self) -> Option<SocketAddrV4> {
        let serving = self.serving.as_ref().filter(|it| it.has_begun())?;
        let to = serving.target(self.peer_addr().ok()?)?;
        let usable = policy::never(to).is_none() && !self.is_here(to);
        usable.then_some(to)
    }
}

/// Reading and writing.
impl Connection {
    fn socket(&self) -> io::Result<&TcpStream> {
        self.socket
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
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
            let Some(socket) = &self.socket else {
                return Err(Error::Lost(io::ErrorKind::NotConnected.into()));
            };
            match socket::write(socket, slices) {
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
        let Some(socket) = &self.socket else {
            return false;
        };
        let read = self.inbox.read(socket);
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
        let waited = self.socket().and_then(|socket| match &self.serving {
            Some(serving) if !serving.has_begun() => {
                socket::wait_for_either(socket, serving.bell(), left)
            }
            Some(_) | None => socket::wait(socket, READABLE, left).map(drop),
        });
        waited.map_err(|error| self.lost(error))
    }

    fn wait(&mut self, wanted: Ready, timeout: Option<Duration>) -> Result<Ready, Error> {
        self.socket()
            .and_then(|socket| socket::wait(socket, wanted, timeout))
            .map_err(|error| self.lost(error))
    }

    /// Ends the connection at once (EOP-ERR-1).
    fn broken(&mut self, error: Error) -> Error {
        self.machine.lost();
        if let Some(socket) = &self.socket {
            socket::end_both(socket);
        }
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
