//! One accepted client: requests in, responses out, and the redirect that ends it. How a caller waits for them is
//! `blocking.rs`'s and `tokio/server.rs`'s.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use eop_statemachine::server::{Event, LateRedirect, State, Want};
use eop_statemachine::{Discipline, PeerError, Server, policy};
use eop_wire::Encoded;

use super::Config;
use super::counters::Counters;
use super::drain::{Drain, Serving};
use super::linger_list::LingerList;
use super::lingering::{Departure, Farewell, Lingering};
use super::observer::{Kind, Observer};
use super::unsent::Unsent;
use crate::error::Error;
use crate::inbox::{Inbox, Payload, Piece};
use crate::lent::Lent;
use crate::socket::Ready;
use crate::stream::Stream;
use crate::transport::{Accepted, Read, Transport, Written};
use crate::unacknowledged;

/// Frames up to this long are copied together, which is cheaper than a gathering write.
const COPIED: usize = 8 * 1024;

/// An accepted client, over a transport: [`Connection`](super::Connection)'s is a socket that is waited for, that of
/// `tokio::Connection` one of tokio's.
///
/// Dropping it closes it at once, and what the client has sent meanwhile makes that a reset, which can cost the client
/// the last response: [`close`](Self::close) sees it off.
#[derive(Debug)]
pub struct ConnectionOver<S: Transport> {
    /// Gone once the client is being seen off.
    pub(crate) socket: Option<Stream<S>>,
    /// The port at which it was accepted, if that is known.
    port: Option<u16>,
    machine: Server,
    pub(crate) inbox: Inbox,
    /// What was handed over and not waited for.
    unsent: Unsent,
    config: Arc<Config>,
    list: LingerList,
    /// If there is a drain.
    serving: Option<Serving>,
    observer: Observer,
}

/// What a connection has for who asks for a request.
pub(crate) enum AtHand {
    Request(Payload),
    /// There will be none.
    NoMore,
    /// More has to be read first.
    Nothing,
}

/// A redirect that was refused, and the connection, as it was before.
pub struct RefusedOver<S: Transport> {
    /// The client is still there, unless the error [is final](Error::is_final).
    pub connection: ConnectionOver<S>,
    /// Why.
    pub error: Error,
}

impl<S: Transport> fmt::Debug for RefusedOver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<S: Transport> fmt::Display for RefusedOver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<S: Transport> std::error::Error for RefusedOver<S> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<S: Transport> From<Box<RefusedOver<S>>> for Error {
    fn from(refused: Box<RefusedOver<S>>) -> Self {
        refused.error
    }
}

impl<S: Accepted> ConnectionOver<S> {
    pub(crate) fn new(
        socket: Stream<S>,
        config: Arc<Config>,
        list: LingerList,
        serving: Option<Serving>,
        counters: Counters,
    ) -> Self {
        Self {
            observer: Observer::new(|| socket.peer_addr().ok(), counters),
            socket: Some(socket),
            port: None,
            machine: Server::new(&config.service),
            inbox: Inbox::default(),
            unsent: Unsent::default(),
            config,
            list,
            serving,
        }
    }

    pub(super) const fn at_port(mut self, port: Option<u16>) -> Self {
        self.port = port;
        self
    }

    /// Lets `list` see this client off, instead of the process's own.
    #[must_use]
    pub fn linger_in(mut self, list: &LingerList) -> Self {
        self.list = list.clone();
        self
    }

    /// Lets `drain` move this client.
    #[must_use]
    pub fn drained_by(mut self, drain: &Drain) -> Self {
        self.serving = Some(drain.serve());
        self
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

    /// Moves the client to `to`, which resends there whatever was not answered here. This server must not have acted on
    /// any of that (EOP-RSD-2). Legal at any time, also before anything was received (EOP-RED-11).
    ///
    /// # Errors
    /// [`RefusedOver`] if no client may be sent to `to` (EOP-RED-14) or it is here already (EOP-EPI-10).
    pub fn redirect(mut self, to: SocketAddrV4) -> Result<Lingering, Box<RefusedOver<S>>> {
        let kind = self.without_message();
        let left = self.leave(to, kind, |machine| Ok((None, machine.redirect(to)?)));
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
    ) -> Result<Lingering, Box<RefusedOver<S>>> {
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
    ) -> Result<Lingering, Box<RefusedOver<S>>> {
        let left = self.leave(to, Kind::Late, |machine| {
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
        let Some(mut socket) = self.socket.take() else {
            return Lingering::gone(Departure::HandedOver, list);
        };
        if self.machine.half_close().is_ok() || self.has_unsent() {
            return self.lingering(socket, true);
        }
        // Nothing is on its way any more.
        socket.say_farewell();
        let departure = if self.machine.state() == State::Finished {
            Departure::Ended
        } else {
            Departure::Lost
        };
        Lingering::gone(departure, list)
    }

    /// How many octets of what was sent the client has not acknowledged; `None` where the system does not tell (Linux does).
    #[must_use]
    pub fn unacknowledged(&self) -> Option<u32> {
        unacknowledged::between(self.local_addr().ok()?, self.peer_addr().ok()?)
    }

    /// Ends the connection with a reset. What was sent and is not [acknowledged](Self::unacknowledged) may be lost.
    pub fn reset(mut self) {
        self.machine.close();
        if let Some(mut socket) = self.socket.take() {
            socket.reset_on_close();
        }
    }
}

/// Leaving.
impl<S: Accepted> ConnectionOver<S> {
    /// Sends the frames of a redirect and lets the client go.
    fn leave<'a>(
        &mut self,
        to: SocketAddrV4,
        kind: Kind,
        frames: impl FnOnce(
            &mut Server,
        ) -> Result<
            (Option<Encoded<'static>>, Encoded<'a>),
            eop_statemachine::server::Misuse,
        >,
    ) -> Result<Lingering, Error> {
        self.be_secured()?;
        if self.is_here(to) {
            return Err(Error::OwnEndpoint);
        }
        let (empty, redirect) = frames(&mut self.machine)?;
        self.observer.moves(to, kind);
        // Nothing that arrived is looked at any more (EOP-CLS-2).
        self.inbox.discard();
        let [header, payload] = redirect.chunks();
        let [first, _] = empty.as_ref().map_or([&[][..]; 2], Encoded::chunks);
        self.write([first, header, payload])?;
        Ok(match self.socket.take() {
            Some(socket) => self.lingering(socket, false),
            None => Lingering::gone(Departure::HandedOver, self.list.clone()),
        })
    }

    fn leave_with(&mut self, response: &[u8], to: SocketAddrV4) -> Result<Lingering, Error> {
        let left = self.leave(to, Kind::Late, |machine| {
            machine
                .respond_and_redirect(response, to)
                .map(LateRedirect::into_frames)
        })?;
        self.observer.responds(response.len());
        Ok(left)
    }

    /// What a redirect that brings nothing is. What the client sends before it hears of it is not known here: only if it was
    /// answered before does it seem to wait for nothing.
    const fn without_message(&self) -> Kind {
        match self.observer.has_responded() && self.machine.waiting() == 0 {
            true => Kind::Idle,
            false => Kind::Early,
        }
    }

    fn or_refuse(self, left: Result<Lingering, Error>) -> Result<Lingering, Box<RefusedOver<S>>> {
        left.map_err(|error| {
            if !error.is_final() {
                self.observer.refuses(&error);
            }
            Box::new(RefusedOver {
                connection: self,
                error,
            })
        })
    }

    /// Lets the client go once everything was written, and, behind that, our stream `end`s.
    fn lingering(&mut self, socket: Stream<S>, end: bool) -> Lingering {
        let list = self.list.clone();
        let unsent = self.unsent.take();
        let Ok((transport, octets)) = socket.into_transport(unsent, end) else {
            return Lingering::gone(Departure::Lost, list);
        };
        transport.see_off(Farewell {
            octets,
            end,
            config: *self.config,
            serving: self.serving.take(),
            list,
        })
    }

    fn is_here(&self, to: SocketAddrV4) -> bool {
        // Most targets are told apart by their port, without asking the system.
        self.port.is_none_or(|port| port == to.port())
            && self
                .local_addr()
                .is_ok_and(|local| local == SocketAddr::V4(to))
    }
}

/// Being drained.
impl<S: Accepted> ConnectionOver<S> {
    /// Moves the client if the drain has begun and nothing that was received waits for an answer: whether it did.
    fn is_drained(&mut self) -> Result<bool, Error> {
        if self.machine.waiting() > 0 || !self.serving.as_ref().is_some_and(Serving::has_begun) {
            return Ok(false);
        }
        if let Some(to) = self.drain_target() {
            let kind = self.without_message();
            match self.leave(to, kind, |machine| Ok((None, machine.redirect(to)?))) {
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

/// Requests.
impl<S: Accepted> ConnectionOver<S> {
    /// Gives back the payload of a request that is done with: its memory serves a later one. Who always does that has no
    /// allocation for each message.
    pub fn reuse(&mut self, payload: Vec<u8>) {
        self.inbox.reuse(payload);
    }

    /// What is there without reading. If there is nothing and the drain has begun, the client is moved.
    pub(crate) fn at_hand(
        &mut self,
        take: &mut Option<impl FnMut(&[u8])>,
    ) -> Result<AtHand, Error> {
        let machine = &mut self.machine;
        match self
            .inbox
            .next_frame(S::now, take, |input| piece(machine.receive(input)?))
        {
            Ok(Some(((), request))) => {
                self.observer.receives(request.len());
                return Ok(AtHand::Request(request));
            }
            Ok(None) => {}
            Err(fault) => return Err(self.broken(Error::Peer(fault))),
        }
        match self.machine.want() {
            Want::Read if !self.is_drained()? => Ok(AtHand::Nothing),
            Want::Read | Want::Answer | Want::Drain | Want::Close => Ok(AtHand::NoMore),
        }
    }

    /// What reading came to: whether there was something.
    pub(crate) fn heed(&mut self, read: Read) -> Result<bool, Error> {
        match read {
            Read::Octets => Ok(true),
            Read::Nothing => Ok(false),
            Read::End => match self.machine.end_of_stream() {
                Ok(()) => Ok(true),
                Err(fault) => Err(self.broken(Error::Peer(fault))),
            },
            Read::Lost(error) => Err(self.lost(error)),
        }
    }

    /// How long the header that is incomplete, if one is, may still take (EOP-TIM-1).
    pub(crate) fn header_left(&mut self) -> Result<Option<Duration>, Error> {
        let Some(since) = self.inbox.header_since() else {
            return Ok(None);
        };
        let waited = S::now().saturating_duration_since(since);
        match self.config.header.saturating_sub(waited) {
            Duration::ZERO => Err(self.broken(Error::Timeout)),
            left => Ok(Some(left)),
        }
    }

    /// If there is a drain.
    pub(crate) const fn serving(&self) -> Option<&Serving> {
        self.serving.as_ref()
    }
}

/// Being secured.
impl<S: Accepted> ConnectionOver<S> {
    /// Goes on with the handshake, if there is one, which may take as long as a header.
    pub(crate) fn poll_secured(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(socket) = &mut self.socket else {
            return Poll::Ready(Ok(()));
        };
        match socket.poll_handshake(cx) {
            Poll::Pending if self.secured_by().is_some_and(|by| by <= S::now()) => {
                Poll::Ready(Err(self.broken(Error::Timeout)))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => {
                let error = self.lost(error);
                Poll::Ready(Err(self.broken(error)))
            }
        }
    }

    /// When the handshake, if there is one, has to be done.
    pub(crate) fn secured_by(&self) -> Option<Instant> {
        let since = self.socket.as_ref()?.handshake_since()?;
        since.checked_add(self.config.header)
    }

    /// Whether there is no handshake.
    pub(super) fn is_plain(&self) -> bool {
        self.socket.as_ref().is_none_or(|it| it.plain().is_some())
    }

    /// Waits for the handshake; a transport that is not waited for has had it before.
    pub(crate) fn be_secured(&mut self) -> Result<(), Error> {
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(secured) = self.poll_secured(&mut cx) {
                return secured;
            }
            let left = self
                .secured_by()
                .map_or(Duration::MAX, |by| by.saturating_duration_since(S::now()));
            let waited = self.socket().map(|socket| {
                let wanted = Ready {
                    read: true,
                    write: socket.wants_write(),
                };
                socket.wait(wanted, left)
            });
            match waited {
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) | Err(error) => return Err(self.lost(error)),
                Ok(None) => return Err(Error::NotSecured),
            }
        }
    }
}

/// Responses.
impl<S: Accepted> ConnectionOver<S> {
    /// Hands over the answer to the oldest request that waits. Once the drain has begun, the last one moves the client.
    pub(crate) fn answer(&mut self, payload: &[u8]) -> Result<(), Error> {
        if let Some(to) = self.target_behind_last_answer() {
            return self.leave_with(payload, to).map(drop);
        }
        self.be_secured()?;
        let frame = self.machine.respond(payload)?;
        self.observer.responds(payload.len());
        self.write_frame(&frame)
    }

    /// Hands over a greeting.
    pub(crate) fn say_hello(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.be_secured()?;
        let frame = self.machine.greet(payload)?;
        self.write_frame(&frame)
    }

    fn write_frame(&mut self, frame: &Encoded<'_>) -> Result<(), Error> {
        let [header, payload] = frame.chunks();
        self.write([&[], header, payload])
    }

    /// Hands `parts` to the transport: in one operation, unless it takes less at a time (EOP-FRM-4).
    fn write(&mut self, parts: [&[u8]; 3]) -> Result<(), Error> {
        if self.has_unsent() {
            parts.iter().for_each(|part| self.unsent.push(part));
            return Ok(());
        }
        let [first, header, payload] = parts;
        if first
            .len()
            .saturating_add(header.len())
            .saturating_add(payload.len())
            <= COPIED
        {
            let mut together = Lent::new();
            parts
                .iter()
                .for_each(|part| together.extend_from_slice(part));
            self.write_slices(&mut [IoSlice::new(&together)])
        } else {
            self.write_slices(&mut parts.map(IoSlice::new))
        }
    }

    /// Waits until the transport has taken all of it; one that is not waited for keeps the rest as unsent.
    fn write_slices(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<(), Error> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken_last = S::now();
        let mut may_read = true;
        IoSlice::advance_slices(&mut slices, 0); // leaves out empty ones
        loop {
            let Some(socket) = &mut self.socket else {
                return Err(gone());
            };
            let written = match slices {
                [] => match socket.poll_flush(&mut cx) {
                    Poll::Ready(Ok(())) => return Ok(()),
                    Poll::Ready(Err(error)) => Written::Failed(error),
                    Poll::Pending => Written::Blocked,
                },
                [..] => socket.write(&mut cx, slices),
            };
            match written {
                Written::Octets(count) => {
                    IoSlice::advance_slices(&mut slices, count);
                    taken_last = S::now();
                }
                Written::Blocked => {
                    let left = self
                        .config
                        .stall
                        .saturating_sub(S::now().saturating_duration_since(taken_last));
                    if left.is_zero() {
                        return Err(self.broken(Error::Stall));
                    }
                    may_read &= self.inbox.has_room();
                    let wanted = Ready {
                        read: may_read,
                        write: true,
                    };
                    match socket.wait(wanted, left) {
                        Some(Ok(ready)) if ready.read && may_read => {
                            may_read = self.read_while_writing(&mut cx);
                        }
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(self.lost(error)),
                        None => {
                            slices.iter().for_each(|slice| self.unsent.push(slice));
                            return Ok(());
                        }
                    }
                }
                Written::Failed(error) => return Err(self.lost(error)),
            }
        }
    }

    /// Writes what is unsent, and reads meanwhile.
    #[cfg(feature = "tokio")]
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let rest = self.unsent.rest();
            let Some(socket) = &mut self.socket else {
                return Poll::Ready(if rest.is_empty() { Ok(()) } else { Err(gone()) });
            };
            let written = match rest {
                [] => match socket.poll_flush(cx) {
                    Poll::Ready(Ok(())) => break,
                    Poll::Ready(Err(error)) => Written::Failed(error),
                    Poll::Pending => Written::Blocked,
                },
                [..] => socket.write(cx, &[IoSlice::new(rest)]),
            };
            match written {
                Written::Octets(count) => {
                    self.unsent.took(count);
                }
                Written::Blocked => {
                    let now = S::now();
                    let since = self.unsent.blocked(now);
                    if now.saturating_duration_since(since) >= self.config.stall {
                        return Poll::Ready(Err(self.broken(Error::Stall)));
                    }
                    while self.inbox.has_room() && self.read_while_writing(cx) {}
                    return Poll::Pending;
                }
                Written::Failed(error) => return Poll::Ready(Err(self.lost(error))),
            }
        }
        self.unsent.took_all();
        Poll::Ready(Ok(()))
    }

    /// When the transport, if it takes no octets, is given up (EOP-CLS-12).
    #[cfg(feature = "tokio")]
    pub(crate) fn stalls_at(&self) -> Option<Instant> {
        self.unsent.blocked_since()?.checked_add(self.config.stall)
    }

    fn has_unsent(&self) -> bool {
        !self.unsent.rest().is_empty()
    }

    /// Takes what the client sends while it does not take what we send, so that it can. Whether there may be more.
    fn read_while_writing(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(socket) = &mut self.socket else {
            return false;
        };
        let read = self.inbox.read(socket, cx);
        match self.machine.want() {
            Want::Drain => self.inbox.discard(),
            Want::Read | Want::Answer | Want::Close => {}
        }
        // An end or an error is found again by whoever reads, or writes, next.
        matches!(read, Read::Octets)
    }

    pub(super) fn socket(&self) -> io::Result<&Stream<S>> {
        self.socket
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Ends the connection at once (EOP-ERR-1).
    pub(crate) fn broken(&mut self, error: Error) -> Error {
        self.machine.lost();
        self.observer.fails(&error);
        if let Some(socket) = &mut self.socket {
            socket.end_both();
        }
        error
    }

    pub(crate) fn lost(&mut self, error: io::Error) -> Error {
        self.machine.lost();
        let error = Error::Lost(error);
        self.observer.fails(&error);
        error
    }
}

impl<S: Transport> Drop for ConnectionOver<S> {
    fn drop(&mut self) {
        if let Some(socket) = &mut self.socket {
            socket.say_farewell();
        }
    }
}

/// The client was moved, and is seen off elsewhere.
fn gone() -> Error {
    Error::Lost(io::ErrorKind::NotConnected.into())
}

fn piece(event: Option<Event<'_>>) -> Result<Option<Piece<'_, ()>>, PeerError> {
    Ok(event.map(|event| match event {
        Event::Head { .. } => Piece::Head,
        Event::Chunk(chunk) => Piece::Chunk(chunk),
        Event::Request => Piece::End(()),
    }))
}
