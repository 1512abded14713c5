//! The connection of the moment: dialling, reading, writing.

use std::io::ErrorKind;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::ending::End;
use super::{Message, Offered, Session};
use crate::command::{Discipline, Settings};
use crate::frame::{Frame, Inbox, Kind, Next, Outgoing, Taken};
use crate::payload::Payload;
use crate::socket::{Arrived, dial, local_end};
use crate::stream::{Shaken, Stream};
use crate::table::{Fault, Role};

/// How many rounds of reading and writing a session gets before the others have their turn.
const ROUNDS: usize = 64;

/// What the session is connected to, or tries to connect to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) endpoint: SocketAddrV4,
    /// A REDIRECT led here.
    pub(super) target: bool,
    /// A message was answered here.
    pub(super) answered: bool,
    pub(super) since: Instant,
}

impl Place {
    pub(super) fn home(endpoint: SocketAddrV4, since: Instant) -> Self {
        Self {
            endpoint,
            target: false,
            answered: false,
            since,
        }
    }

    pub(super) fn target(endpoint: SocketAddrV4, since: Instant) -> Self {
        Self {
            target: true,
            ..Self::home(endpoint, since)
        }
    }
}

pub(super) enum Link {
    Dialling {
        /// Whether TLS has begun, or is not to.
        secured: bool,
        stream: Stream,
        /// The connection that is left only when the new one is there.
        old: Option<Stream>,
    },
    Up(Connection),
    /// Manual: the connection ended, and the application may still retire what was delivered.
    Settling {
        end: End,
        until: Instant,
    },
    Over,
}

pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) inbox: Inbox,
    /// How many greetings are still to come.
    pub(super) greetings: u32,
    /// The frame of the first message that is not completely offered.
    pub(super) out: Option<Outgoing>,
    /// When the transport last took an octet of it.
    pub(super) progress: Instant,
    /// It is half-closed.
    shut: bool,
    /// A write failed; what can still be read decides (EOP-CLS-10).
    pub(super) broken: bool,
}

impl Session {
    pub(super) fn connect(&mut self, mut place: Place, old: Option<Stream>) {
        let (dialled, mapped) = self.dialled(place.endpoint);
        if self.fault.has(Fault::DialNamed)
            && let Some(dialled) = dialled
        {
            place.endpoint = dialled;
        }
        self.place = place;
        let Some(dialled) = dialled else {
            if !mapped && !self.fault.has(Fault::DialSilent) {
                self.say(&format!("dial {}", place.endpoint));
            }
            if self.fault.has(Fault::DialUnmappedFinal) {
                return self.end(End::Failure(Kind::ConnectFailed));
            }
            return self.lost(End::Failure(Kind::ConnectFailed));
        };
        match dial(dialled) {
            Ok(stream) => {
                let _ = stream.set_nodelay(!self.fault.has(Fault::NagleLeftOn));
                self.link = Link::Dialling {
                    stream: Stream::new(stream, None),
                    secured: self.tls.is_none(),
                    old,
                };
            }
            Err(_) => self.lost(End::Failure(Kind::ConnectFailed)),
        }
    }

    /// What is dialled for an endpoint, if anything, and whether it is mapped (EOP-DRV-4 to EOP-DRV-6).
    pub(super) fn dialled(&self, believed: SocketAddrV4) -> (Option<SocketAddrV4>, bool) {
        let map = self.settings.dial.as_ref();
        let entry = map.and_then(|map| map.iter().find(|entry| entry.0 == believed));
        let dialled = match (map, entry) {
            (Some(_), Some(_)) if self.fault.has(Fault::DialIgnored) => Some(believed),
            (Some(_), Some(entry)) => Some(entry.1),
            (Some(_), None) => Some(believed).filter(|_| self.fault.has(Fault::DialUnmappedOpened)),
            (None, _) => Some(believed),
        };
        // Whatever the fault: nothing leaves this machine.
        (
            dialled.filter(|dialled| dialled.ip().is_loopback()),
            entry.is_some(),
        )
    }

    /// The socket that matters, and for what.
    pub(crate) fn interest(&self) -> Option<(&Stream, PollFlags)> {
        match &self.link {
            Link::Dialling { stream, .. } if stream.is_shaking() => {
                let mut flags = PollFlags::IN;
                flags.set(PollFlags::OUT, stream.holds_back());
                Some((stream, flags))
            }
            Link::Dialling { stream, .. } => Some((stream, PollFlags::OUT)),
            Link::Up(connection) if !self.is_mute() => {
                let mut flags = PollFlags::empty();
                flags.set(PollFlags::IN, !self.is_deaf());
                let held = connection.stream.holds_back();
                let writes = connection.out.is_some() || self.restless || held;
                flags.set(PollFlags::OUT, writes && !connection.broken);
                Some((&connection.stream, flags)).filter(|_| !flags.is_empty())
            }
            Link::Up(_) | Link::Settling { .. } | Link::Over => None,
        }
    }

    fn is_mute(&self) -> bool {
        self.fault.has(Fault::ConnectAndSilent) && matches!(self.link, Link::Up(_))
    }

    /// Whether a faulty client does not read now.
    fn is_deaf(&self) -> bool {
        let Link::Up(connection) = &self.link else {
            return false;
        };
        let idle = self
            .queue
            .iter()
            .all(|message| message.offered == Offered::Nothing);
        self.fault.has(Fault::IdleUnread) && idle && connection.greetings == 0
            || self.fault.has(Fault::WritesBeforeReading)
                && connection.out.is_some()
                && !connection.broken
    }

    /// Does everything that can be done now, and looks at the clock.
    pub(crate) fn turn(&mut self, now: Instant) {
        if self.is_mute() {
            return;
        }
        self.catch_up(now);
        if let Link::Up(connection) = &self.link {
            connection.stream.flush();
        }
        let mut quiet = false;
        for _ in 0..ROUNDS {
            quiet = match &self.link {
                Link::Dialling { .. } => !self.arrive(now),
                Link::Up(_) => !self.exchange(now),
                Link::Settling { .. } | Link::Over => true,
            };
            if quiet {
                break;
            }
        }
        self.restless = !quiet;
        self.clocks(now);
        let hasty = matches!(self.link, Link::Dialling { .. })
            && self.fault.has(Fault::SyncWhileConnecting);
        if hasty || quiet && matches!(self.link, Link::Up(_) | Link::Settling { .. }) {
            self.synced();
        }
    }

    /// Reads and writes once; whether anything moved.
    fn exchange(&mut self, now: Instant) -> bool {
        if self.fault.has(Fault::WriteErrorFinal) {
            let said = self.write(now, true);
            if matches!(&self.link, Link::Up(connection) if connection.broken) {
                self.lost(End::Failure(Kind::Uncertain));
            }
            return self.read(now) || said;
        }
        let heard = !self.is_deaf() && self.read(now);
        let said = self.write(now, !heard);
        heard || said
    }

    /// Whether the connection that was asked for is there, or will not be.
    fn arrive(&mut self, now: Instant) -> bool {
        let Link::Dialling { stream, old, .. } = &mut self.link else {
            return false;
        };
        // A reset comes after the connection was there: it is the connection's end, not the connect's.
        let error = stream.tcp().take_error().ok().flatten();
        let error = error.filter(|_| !stream.is_shaking());
        let broken = error
            .as_ref()
            .is_some_and(|error| error.kind() == ErrorKind::ConnectionReset);
        if error.is_some() && !broken {
            let old = old
                .take()
                .filter(|_| self.fault.has(Fault::OldConnectionResumed));
            match old {
                Some(old) => self.establish(old, false, now),
                None => self.lost(End::Failure(Kind::ConnectFailed)),
            }
            return true;
        }
        let there = broken || stream.is_shaking() || stream.tcp().peer_addr().is_ok();
        let Some(local) = local_end(stream.tcp()).filter(|_| there) else {
            return false;
        };
        match self.shake() {
            Shaken::Done => {}
            Shaken::Waits => return false,
            Shaken::Failed if self.place.target && self.fault.has(Fault::Downgrades) => {
                self.baggage.downgraded = true;
                self.connect(self.place, None);
                return true;
            }
            Shaken::Failed => {
                self.lost(End::Failure(Kind::TlsFailed));
                return true;
            }
        }
        let Link::Dialling { stream, old, .. } = &mut self.link else {
            return false;
        };
        drop(old.take());
        if self.fault.has(Fault::ResetAlways) {
            stream.reset();
            self.lost(End::Failure(Kind::Uncertain));
            return true;
        }
        let Link::Dialling { stream, .. } = std::mem::replace(&mut self.link, Link::Over) else {
            return false;
        };
        self.establish(stream, broken, now);
        let Place { endpoint, .. } = self.place;
        if self.hop > 0 || !self.fault.has(Fault::ConnectedUnsaid) {
            let hop = self.hop;
            let first = *self.baggage.local.get_or_insert(local);
            let local = if self.fault.has(Fault::LocalOfHome) {
                first
            } else {
                local
            };
            self.say(&format!("connected {endpoint} local={local} hop={hop}"));
        }
        if let Some(report) = self.baggage.postponed.take() {
            self.say(&report);
        }
        if self.fault.has(Fault::ConnectAndClose) {
            self.finish(End::Fin);
        }
        true
    }

    /// Goes on with the handshake of the connection that was made, or begins it.
    fn shake(&mut self) -> Shaken {
        let target = self.place.target.then_some(self.place.endpoint);
        let first = self.queue.front().filter(|message| !message.held);
        let Link::Dialling {
            stream, secured, ..
        } = &mut self.link
        else {
            return Shaken::Done;
        };
        if let (false, Some(tls)) = (*secured, &self.tls) {
            let first = first.map(|message| Outgoing::message(message.payload.clone(), self.fault));
            let early = first.map_or_else(Vec::new, |first| first.chunk());
            let layer = tls.layer(target, &early);
            stream.secure(layer.filter(|_| !self.baggage.downgraded));
            *secured = true;
        }
        stream.shake()
    }

    fn establish(&mut self, stream: Stream, broken: bool, now: Instant) {
        if stream.took_early()
            && let Some(first) = self.queue.front_mut()
        {
            first.offered = Offered::Whole;
        }
        let limit = if self.place.target && self.fault.has(Fault::LimitAtHomeOnly) {
            Settings::default().limit
        } else {
            self.settings.limit
        };
        let mut inbox = Inbox::new(Role::Client, limit, self.fault);
        inbox.prepend(std::mem::take(&mut self.baggage.leftover));
        let greets = self.hop == 0 || !self.fault.has(Fault::GreetingsOnlyAtHome);
        let expected = self.settings.discipline == Discipline::Paired
            || !self.fault.has(Fault::GreetingsPairedOnly);
        let mut connection = Connection {
            stream,
            inbox,
            greetings: self
                .baggage
                .greetings
                .take()
                .unwrap_or(if !greets || !expected {
                    0
                } else if self.fault.has(Fault::GreetingsInOneOctet) {
                    self.settings.greeting & 0xFF
                } else {
                    self.settings.greeting
                }),
            out: self.baggage.carried.take(),
            progress: now,
            shut: false,
            broken,
        };
        if self.half_closed && self.hop > 0 && self.fault.has(Fault::HalfCloseFirst) {
            connection.close_half();
        }
        self.link = Link::Up(connection);
    }

    /// Reads once and handles every frame that is complete; whether anything came.
    fn read(&mut self, now: Instant) -> bool {
        let Link::Up(connection) = &mut self.link else {
            return false;
        };
        let arrived = connection.inbox.fill(&connection.stream);
        if matches!(arrived, Arrived::Nothing) {
            return false;
        }
        if self.fault.has(Fault::StallResetByReading) {
            connection.progress = now;
        }
        let ended = matches!(arrived, Arrived::Fin);
        self.handle(ended, now);
        if ended {
            self.resume_redirect(now);
        }
        let Link::Up(connection) = &self.link else {
            return true;
        };
        match arrived {
            Arrived::Octets | Arrived::Nothing => {}
            Arrived::Fin if !connection.broken => self.lost(End::Fin),
            Arrived::Fin | Arrived::Reset => self.lost(End::Failure(Kind::Uncertain)),
        }
        true
    }

    /// Handles every frame that is complete; at the end of the stream also what is left.
    fn handle(&mut self, ended: bool, now: Instant) {
        while let Link::Up(connection) = &mut self.link {
            let next = match connection.inbox.next() {
                Next::More if ended && !connection.broken => connection.inbox.end(),
                next @ (Next::More | Next::Frame(_) | Next::Broken(_)) => next,
            };
            match next {
                Next::More => break,
                Next::Frame(_) if self.fault.has(Fault::CloseAfterFirstFrame) => {
                    self.finish(End::Fin)
                }
                Next::Frame(Frame::Message(payload)) => self.message(&payload),
                Next::Frame(Frame::Redirect { target, payload }) => {
                    self.redirect(target, payload, now)
                }
                Next::Broken(kind) => self.lost(End::Failure(kind)),
            }
        }
    }

    /// Hands the transport a piece of the next message that may go; whether it took any.
    pub(super) fn write(&mut self, now: Instant, drained: bool) -> bool {
        let greeted = self.is_greeted();
        let Link::Up(connection) = &mut self.link else {
            return false;
        };
        if connection.broken || connection.shut || !greeted {
            return false;
        }
        let began = |message: &Message| message.offered == Offered::Whole;
        if self.half_closed
            && self.hop > 0
            && self.fault.has(Fault::HalfCloseAfterFirst)
            && self.queue.iter().any(began)
        {
            connection.close_half();
            return false;
        }
        let next = |message: &Message| message.offered != Offered::Whole && !message.held;
        let Some(next) = self.queue.iter().position(next) else {
            if self.half_closed
                && self
                    .queue
                    .iter()
                    .all(|message| message.offered == Offered::Whole)
            {
                connection.close_half();
            }
            return false;
        };
        let Some(message) = self.queue.get_mut(next) else {
            return false;
        };
        if connection.out.is_none() {
            // Nothing is begun before everything readable was processed, unless something is under way (EOP-CLS-11).
            if next == 0 && !drained {
                return false;
            }
            connection.progress = now;
        }
        let fault = self.fault;
        let altered = message.owed && fault.has(Fault::ResendAltered);
        let payload = if altered {
            Payload::text("resent")
        } else {
            message.payload.clone()
        };
        let out = connection
            .out
            .get_or_insert_with(|| Outgoing::message(payload, fault));
        let before = out.taken;
        let written = out.write(&connection.stream);
        let said = out.taken > before;
        if said {
            if !fault.has(Fault::StallInAll) {
                connection.progress = now;
            }
            message.offered = Offered::Part;
        }
        match written {
            Ok(Taken::Whole) => {
                message.offered = Offered::Whole;
                connection.out = None;
                self.offered(now);
            }
            Ok(Taken::Part) => {}
            Err(_) => connection.broken = true,
        }
        said
    }

    /// What a faulty client does at a half-close before anything else.
    pub(super) fn shut_hastily(&mut self) {
        if let Link::Up(connection) = &mut self.link
            && self.fault.has(Fault::HalfCloseHasty)
        {
            connection.close_half();
        }
    }

    /// Whether the greetings are there (EOP-ACC-5).
    pub(super) fn is_greeted(&self) -> bool {
        let Link::Up(connection) = &self.link else {
            return false;
        };
        let first = self
            .queue
            .iter()
            .find(|message| message.offered != Offered::Whole);
        connection.greetings == 0
            || self.fault.has(Fault::SendBeforeGreeting)
            || self.fault.has(Fault::ResendBeforeGreeting)
                && first.is_some_and(|message| message.owed)
            || self.fault.has(Fault::OneGreetingEnough)
                && connection.greetings < self.settings.greeting
    }
}

impl Connection {
    fn close_half(&mut self) {
        self.shut = true;
        self.stream.end();
    }
}

/// For how long a manual application may retire what was delivered before the end.
pub(super) const SETTLING: Duration = Duration::from_secs(1);
