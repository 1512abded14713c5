//! The step: everything that can be done without waiting, up to the next event. It asks the machine what it wants, does
//! it, and says what came of it; it decides nothing itself.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use eop_statemachine::PeerError;
use eop_statemachine::client::State;
use eop_statemachine::session::{
    ConnectError, Event as Told, Judged, Loss, Message as Account, Place, Session, Want,
};

use super::config::Order;
use super::event::{Connected, Ended, Event, Message, Redirected};
use super::link::{Connection, Link, Making, Writing};
use super::network::Network;
use super::{ClientOver, Over};
use crate::inbox::Piece;
use crate::socket::Ready;
use crate::stream::Stream;
#[cfg(feature = "tls")]
use crate::tls::Secured;
use crate::transport::{Read, Transport, Written};

/// The time, by the clock of whoever waits.
fn clock<N: Network>() -> Instant {
    N::Socket::now()
}

/// What became of a connection that was not made.
fn failure(error: &io::Error) -> ConnectError {
    match error.kind() == io::ErrorKind::TimedOut {
        true => ConnectError::Timeout,
        false => ConnectError::Failed,
    }
}

/// What became of one that was.
fn loss(error: &io::Error) -> Loss {
    #[cfg(feature = "tls")]
    if crate::tls::is_fault(error) {
        return Loss::Tls;
    }
    let _ = error;
    Loss::Reset
}

/// Whether a step got anywhere.
enum Progress {
    Event(Event),
    /// Something was done; ask the machine again.
    Made,
    /// Nothing can be done without waiting.
    None,
}

/// What the end of a frame means to the session.
enum Complete {
    Message(Account),
    Redirect(Option<Account>),
}

impl<N: Network> ClientOver<N> {
    /// Does what can be done without waiting, up to the next event; `None` if there is none. The transport is known to be
    /// ready for this alone. The end is told once.
    pub(crate) fn step_after(&mut self, ready: Ready, cx: &mut Context<'_>) -> Option<Event> {
        if let Some(event) = self.pending.take() {
            return Some(event);
        }
        if let Link::Up(connection) = &mut self.link {
            connection.note_ready(ready.read, ready.write);
        }
        self.run(cx)
    }

    /// After a command of the application: what it caused is done as far as that goes without an event to tell. An event
    /// that turns up is kept; until it is told, messages that were begun go on, and nothing else.
    pub(super) fn push(&mut self) {
        // Nobody waits meanwhile.
        let mut cx = Context::from_waker(Waker::noop());
        if let Link::Up(connection) = &mut self.link {
            connection.drained = false;
        }
        if self.pending.is_none() {
            self.pending = self.run(&mut cx);
        } else {
            while self.is_busy() && matches!(self.write(&mut cx), Progress::Made) {}
        }
    }

    /// Closes the connections that the session does not want any more.
    pub(super) fn let_go(&mut self) {
        let wanted = match self.session.want() {
            Want::Connect(_) => !matches!(self.link, Link::Up(_)),
            Want::Judge(_) | Want::Settle | Want::Done => false,
            Want::Write { .. } | Want::HalfClose | Want::Read => true,
            Want::Decide { .. } => self.session.is_connected(),
        };
        if !wanted {
            self.link = Link::None;
        }
    }

    /// Milliseconds since the session began.
    pub(super) fn now(&self) -> u64 {
        let elapsed = clock::<N>().saturating_duration_since(self.began);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn ended(&self) -> Ended {
        let end = self
            .session
            .end()
            .unwrap_or(eop_statemachine::session::End::Closed);
        Ended {
            end,
            left: self.session.counts(),
        }
    }

    fn run(&mut self, cx: &mut Context<'_>) -> Option<Event> {
        loop {
            match self.progress(cx) {
                Progress::Event(event) => return Some(event),
                Progress::Made => {}
                Progress::None => {
                    if let Link::Up(connection) = &mut self.link {
                        connection.old = None;
                    }
                    return None;
                }
            }
        }
    }

    fn progress(&mut self, cx: &mut Context<'_>) -> Progress {
        match self.session.want() {
            Want::Judge(proposal) => {
                let verdict = (self.judge)(&proposal);
                let from = self.endpoint();
                match self.session.judged(verdict, self.now()) {
                    Ok(Judged::Followed(redirected)) => {
                        let redirected = Redirected::new(from, redirected);
                        self.observer.moves(&redirected);
                        Progress::Event(Event::Redirected(redirected))
                    }
                    Ok(Judged::NotFollowed) | Err(_) => Progress::Made,
                }
            }
            Want::Connect(_) => self.seek(cx),
            Want::Write { .. } | Want::HalfClose | Want::Read => self.converse(cx),
            Want::Decide { .. } if self.session.is_connected() => self.converse(cx),
            Want::Decide { .. } => {
                self.let_go();
                Progress::None
            }
            Want::Settle => self.tell_end(Over::Settling, Event::Settling),
            Want::Done => self.tell_end(Over::Told, Event::Ended(self.ended())),
        }
    }

    fn tell_end(&mut self, over: Over, event: Event) -> Progress {
        self.let_go();
        if self.over == over {
            return Progress::None;
        }
        self.over = over;
        if let Event::Ended(ended) = &event {
            self.observer.ends(ended);
        }
        Progress::Event(event)
    }
}

/// A limit on time, and what passes with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    /// The machine's.
    Deadline,
    /// EOP-TIM-1.
    Header,
    /// EOP-CLS-12.
    Stall,
}

/// Limits on time.
impl<N: Network> ClientOver<N> {
    /// Until when nothing has to be done, unless the transport is ready for something.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        match self.pending {
            Some(_) => Some(clock::<N>()),
            None => self.next_limit().map(|(at, _)| at),
        }
    }

    /// The next limit, and when it passes.
    fn next_limit(&self) -> Option<(Instant, Limit)> {
        let after = |since: Instant, limit| since.checked_add(limit);
        let deadline = self.session.deadline().map(Duration::from_millis);
        let deadline = deadline.and_then(|deadline| after(self.began, deadline));
        let (header, stall) = match &self.link {
            Link::None | Link::Dialing { .. } => (None, None),
            Link::Up(connection) => (connection.inbox.header_since(), connection.blocked_since()),
        };
        let header = header.and_then(|since| after(since, self.config.header));
        let stall = stall.and_then(|since| after(since, self.config.stall));
        let limits = [
            deadline.map(|at| (at, Limit::Deadline)),
            header.map(|at| (at, Limit::Header)),
            stall.map(|at| (at, Limit::Stall)),
        ];
        limits.into_iter().flatten().min()
    }

    /// Tells the machine of a limit that has passed. What the server sent before is looked at first: a read after the
    /// limit shows it.
    fn heed_limit(&mut self) -> Progress {
        let Some((_, limit)) = self.next_limit().filter(|(at, _)| *at <= clock::<N>()) else {
            return Progress::None;
        };
        let now = self.now();
        match limit {
            Limit::Deadline => self.session.expire(now),
            Limit::Header => self.session.lost(Loss::Timeout, now),
            Limit::Stall => self.session.lost(Loss::Stall, now),
        }
        Progress::Made
    }
}

/// Connecting.
impl<N: Network> ClientOver<N> {
    fn seek(&mut self, cx: &mut Context<'_>) -> Progress {
        match std::mem::replace(&mut self.link, Link::None) {
            Link::None => self.dial(None),
            Link::Up(connection) => {
                // What is not kept is closed here, before anything is dialled.
                let old = self.keeps_old().then(|| Box::new(connection));
                self.dial(old)
            }
            Link::Dialing {
                mut making,
                endpoint,
                old,
            } => match self.poll_made(&mut making, cx) {
                Poll::Pending => {
                    self.link = Link::Dialing {
                        making,
                        endpoint,
                        old,
                    };
                    self.heed_limit()
                }
                Poll::Ready(Ok(socket)) => self.connected(socket, old, endpoint),
                Poll::Ready(Err(error)) => self.not_connected(error),
            },
        }
    }

    #[cfg(feature = "tls")]
    fn poll_made(
        &mut self,
        making: &mut Making<N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream<N::Socket>, ConnectError>> {
        loop {
            match making {
                Making::Connecting(dialing) => {
                    let socket = ready!(self.network.poll_connected(dialing, cx));
                    let socket = socket.map_err(|error| failure(&error))?;
                    let Some(tls) = &self.config.tls else {
                        return Poll::Ready(Ok(Stream::Plain(socket)));
                    };
                    let secured = Secured::client(socket, tls).map_err(|_| ConnectError::Tls)?;
                    *making = Making::Securing(Some(Box::new(secured)));
                }
                Making::Securing(secured) => {
                    if let Some(secured) = secured {
                        let made = ready!(secured.poll_handshake(cx));
                        made.map_err(|_| ConnectError::Tls)?;
                    }
                    let secured = secured.take().ok_or(ConnectError::Tls)?;
                    return Poll::Ready(Ok(Stream::Secured(secured)));
                }
            }
        }
    }

    #[cfg(not(feature = "tls"))]
    fn poll_made(
        &mut self,
        making: &mut Making<N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream<N::Socket>, ConnectError>> {
        let Making::Connecting(dialing) = making;
        let socket = ready!(self.network.poll_connected(dialing, cx));
        Poll::Ready(socket.map(Stream::Plain).map_err(|error| failure(&error)))
    }

    /// Whether the connection that the session leaves outlives the making of the next: never one that failed (EOP-ERR-1).
    fn keeps_old(&self) -> bool {
        let moved = self.session.connection().state() == State::Redirected;
        moved && self.config.order == Order::NewFirst
    }

    fn dial(&mut self, old: Option<Box<Connection<N::Socket>>>) -> Progress {
        let endpoint = self.endpoint();
        self.observer.dials(endpoint);
        match self.network.dial(endpoint) {
            Ok(dialing) => {
                self.link = Link::Dialing {
                    making: Making::Connecting(dialing),
                    endpoint,
                    old,
                };
                Progress::Made
            }
            Err(error) => self.not_connected(failure(&error)),
        }
    }

    fn connected(
        &mut self,
        socket: Stream<N::Socket>,
        old: Option<Box<Connection<N::Socket>>>,
        endpoint: SocketAddr,
    ) -> Progress {
        let local = match socket.local_addr() {
            Ok(local) => local,
            Err(error) => return self.not_connected(failure(&error)),
        };
        socket.send_at_once();
        // Wanted, so not refused.
        if self.session.connected(self.now()).is_ok() {
            self.link = Link::Up(Connection::new(socket, old, clock::<N>()));
        }
        let hop = self.session.hop();
        let decide = matches!(self.session.want(), Want::Decide { .. });
        let connected = Connected {
            endpoint,
            local,
            hop,
            decide,
        };
        let fell_back = hop > 0 && self.session.place() == Place::Home;
        self.observer.connected(&connected, fell_back);
        Progress::Event(Event::Connected(connected))
    }

    fn not_connected(&mut self, error: ConnectError) -> Progress {
        // Wanted, so not refused.
        let _ = self.session.connect_failed(error, self.now());
        Progress::Made
    }
}

/// Reading and writing.
impl<N: Network> ClientOver<N> {
    fn converse(&mut self, cx: &mut Context<'_>) -> Progress {
        match self.next_frame() {
            Progress::None => {}
            progress @ (Progress::Event(_) | Progress::Made) => return progress,
        }
        // A connection on which nothing is under way is read to the end before a message begins (EOP-CLS-11).
        if self.is_busy() || self.is_drained() {
            match self.write(cx) {
                Progress::None => {}
                progress @ (Progress::Event(_) | Progress::Made) => return progress,
            }
        }
        match self.next_limit() {
            Some((at, _)) if at <= self.read_at() => self.heed_limit(),
            Some((at, _)) if at <= clock::<N>() => self.read(true, cx),
            Some(_) | None => self.read(false, cx),
        }
    }

    /// Whether octets of an unanswered message were offered on the connection.
    fn is_busy(&self) -> bool {
        self.session.is_connected() && self.session.connection().bound() > 0
    }

    fn read_at(&self) -> Instant {
        match &self.link {
            Link::Up(connection) => connection.read_at,
            Link::None | Link::Dialing { .. } => self.began,
        }
    }

    fn is_drained(&self) -> bool {
        match &self.link {
            Link::Up(connection) => connection.drained,
            Link::None | Link::Dialing { .. } => false,
        }
    }

    /// Shows the machine what was received, up to the end of a frame.
    fn next_frame(&mut self) -> Progress {
        let now = self.now();
        let Link::Up(connection) = &mut self.link else {
            return Progress::None;
        };
        let session = &mut self.session;
        match connection
            .inbox
            .next_frame(clock::<N>, &mut self.take, |input| {
                piece(session, input, now)
            }) {
            Ok(Some((Complete::Message(account), payload))) => {
                self.deliver(account, payload.octets)
            }
            Ok(Some((Complete::Redirect(account), payload))) => {
                if self.config.order == Order::OldFirst {
                    self.link = Link::None;
                }
                account.map_or(Progress::Made, |account| {
                    self.deliver(account, payload.octets)
                })
            }
            Err(_) => Progress::Made,
            Ok(None) => Progress::None,
        }
    }

    fn deliver(&mut self, account: Account, payload: Vec<u8>) -> Progress {
        let Account { kind, answers } = account;
        if answers.is_some() {
            self.outbox.release_oldest(1);
        }
        let outstanding = self.session.outstanding();
        let message = Message {
            payload,
            kind,
            answers,
            outstanding,
        };
        self.observer.hears(&message);
        Progress::Event(Event::Message(message))
    }

    fn read(&mut self, overdue: bool, cx: &mut Context<'_>) -> Progress {
        let now = self.now();
        let Link::Up(connection) = &mut self.link else {
            return Progress::None;
        };
        let unread_before_writing = !connection.drained
            && matches!(self.session.want(), Want::Write { .. } | Want::HalfClose);
        if !connection.readable && !unread_before_writing && !overdue {
            return Progress::None;
        }
        connection.read_at = clock::<N>();
        let Connection { inbox, socket, .. } = connection;
        let read = match unread_before_writing || overdue {
            true => inbox.read_by(|octets| socket.read_now(cx, octets)),
            false => inbox.read(socket, cx),
        };
        match read {
            Read::Octets => {}
            Read::Nothing => {
                connection.readable = false;
                connection.drained = true;
            }
            // The error that stopped the writing was the reset's, and the system tells it only once.
            Read::End if connection.writing == Writing::Failed => {
                self.session.lost(Loss::Reset, now);
            }
            // `end` says what it means.
            Read::End => drop(self.session.end_of_stream(now)),
            Read::Lost(error) => self.session.lost(loss(&error), now),
        }
        Progress::Made
    }

    /// Writes what the machine wants written, as much as the transport takes.
    fn write(&mut self, cx: &mut Context<'_>) -> Progress {
        let Link::Up(connection) = &mut self.link else {
            return Progress::None;
        };
        let since = match connection.writing {
            Writing::Free => None,
            Writing::Retry(since) => Some(since),
            Writing::Blocked(_) | Writing::Failed => return Progress::None,
        };
        if connection.socket.wants_write() {
            match connection.socket.poll_flush(cx) {
                Poll::Ready(Ok(())) => connection.writing = Writing::Free,
                Poll::Pending => {
                    connection.writing = Writing::Blocked(since.unwrap_or_else(clock::<N>));
                    return Progress::None;
                }
                Poll::Ready(Err(_)) => {
                    connection.writing = Writing::Failed;
                    // Refused only if there is no connection any more.
                    let _ = self.session.write_failed();
                    return Progress::Made;
                }
            }
        }
        if connection.ending {
            return match connection.socket.end_stream(cx) {
                Poll::Pending => {
                    connection.writing = Writing::Blocked(since.unwrap_or_else(clock::<N>));
                    Progress::None
                }
                Poll::Ready(ended) => {
                    connection.ending = false;
                    connection.writing = match ended {
                        Ok(()) => Writing::Free,
                        Err(_) => Writing::Failed,
                    };
                    Progress::Made
                }
            };
        }
        match self.session.want() {
            Want::Write { message, from } => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                let frame = self
                    .outbox
                    .frame(message)
                    .and_then(|frame| frame.get(from..));
                let Some(rest) = frame else {
                    return Progress::None;
                };
                let (taken, writing) =
                    write_rest(&mut self.session, &mut connection.socket, rest, since, cx);
                connection.writing = writing;
                if from == 0 && taken > 0 && self.outbox.begin(message) {
                    self.observer.resends(message);
                }
                Progress::Made
            }
            Want::HalfClose => {
                // Wanted, so not refused.
                let _ = self.session.half_closed();
                connection.ending = true;
                Progress::Made
            }
            Want::Connect(_)
            | Want::Judge(_)
            | Want::Read
            | Want::Decide { .. }
            | Want::Settle
            | Want::Done => Progress::None,
        }
    }
}

/// Offers `rest`, writes it, and takes back what the transport did not take. How many octets it took.
fn write_rest<S: Transport, const M: usize>(
    session: &mut Session<M>,
    socket: &mut S,
    rest: &[u8],
    blocked_since: Option<Instant>,
    cx: &mut Context<'_>,
) -> (usize, Writing) {
    let octets = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    if session.offer(octets(rest.len())).is_err() {
        return (0, Writing::Free);
    }
    let written = socket.write(cx, &[IoSlice::new(rest)]);
    let (taken, writing) = match written {
        Written::Octets(taken) if taken == rest.len() => return (taken, Writing::Free),
        // Only a transport that was asked in vain says when to ask again.
        Written::Octets(taken) => (taken, Writing::Retry(S::now())),
        Written::Blocked => (0, Writing::Blocked(blocked_since.unwrap_or_else(S::now))),
        Written::Failed(_) => (0, Writing::Failed),
    };
    // The transport says that it took no more: refused only if there is an answer, and then it did leave.
    let _ = session.take_back(octets(rest.len().saturating_sub(taken)));
    if writing == Writing::Failed {
        let _ = session.write_failed();
    }
    (taken, writing)
}

fn piece<'a, const M: usize>(
    session: &mut Session<M>,
    input: &mut &'a [u8],
    now: u64,
) -> Result<Option<Piece<'a, Complete>>, PeerError> {
    Ok(session.receive(input, now)?.map(|event| match event {
        Told::Head { .. } => Piece::Head,
        Told::Chunk(chunk) => Piece::Chunk(chunk),
        Told::Message(account) => Piece::End(Complete::Message(account)),
        Told::Redirect(account) => Piece::End(Complete::Redirect(account)),
    }))
}
