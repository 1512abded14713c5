//! One client session: from home over any number of moves, by the rules of `spec/eop.md`, save for its fault.
//!
//! Here stand the queue of outstanding messages, the connection of the moment and what the application says and
//! hears. The bounds of an episode stand in `episode`, the target policy in `policy`, octets in `frame`.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::command::{Discipline, Fallback, Order, Resend, Settings, Verb};
use crate::driver::Voice;
use crate::episode::Moves;
use crate::frame::{Frame, Inbox, Kind, Next, Outgoing, Taken};
use crate::payload::{Payload, body};
use crate::policy::{Move, refusal};
use crate::socket::{Arrived, dial, local_end, reset};
use crate::table::{Fault, Role};

/// How long a manual application may take to retire what was delivered before the end.
const SETTLING: Duration = Duration::from_secs(1);
/// How many rounds of reading and writing a session gets before the others have their turn.
const ROUNDS: usize = 64;

/// How much of a message the transport of the current connection has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offered {
    Nothing,
    Part,
    Whole,
}

/// An outstanding message.
struct Message {
    payload: Payload,
    never_resend: bool,
    offered: Offered,
    /// It was completely offered on a connection before this one.
    reached: bool,
    /// A REDIRECT made it owed.
    owed: bool,
    /// It waits for the application's decision.
    held: bool,
}

/// What the session is connected to, or tries to connect to.
#[derive(Debug, Clone, Copy)]
struct Place {
    endpoint: SocketAddrV4,
    /// A REDIRECT led here.
    target: bool,
    /// A message was answered here.
    answered: bool,
    since: Instant,
}

struct Connection {
    stream: TcpStream,
    inbox: Inbox,
    greetings: u32,
    /// The frame of the first message that is not completely offered.
    out: Option<Outgoing>,
    /// When the transport last took an octet of it.
    progress: Instant,
    shut: bool,
    /// A write failed; what can still be read decides (EOP-CLS-10).
    broken: bool,
}

enum Link {
    Dialling {
        stream: TcpStream,
        old: Option<TcpStream>,
    },
    Up(Connection),
    /// Manual: the connection ended, and the application may still retire what was delivered.
    Settling {
        end: End,
        until: Instant,
    },
    Over,
}

/// How a session ends, before it is known what that means for what is outstanding.
#[derive(Debug, Clone, Copy)]
enum End {
    Fin,
    Failure(Kind),
    NotMoved {
        kind: Kind,
        target: SocketAddrV4,
        reason: Option<&'static str>,
    },
    /// Half-closed, moved, and nothing left to do (EOP-HCL-3).
    Done,
    Closed,
}

pub(crate) struct Session {
    id: u32,
    fault: Fault,
    voice: Voice,
    home: SocketAddrV4,
    settings: Settings,
    queue: VecDeque<Message>,
    place: Place,
    link: Link,
    hop: u32,
    moves: Moves,
    /// Something owed waits for `resend` or `drop`.
    undecided: bool,
    half_closed: bool,
    /// Manual: something was delivered since the last `retire`.
    delivered: bool,
    idle_since: Option<Instant>,
    last_answered: Option<Message>,
    syncs: Vec<String>,
}

impl Session {
    /// Begins a session; it connects at once.
    pub(crate) fn begin(
        id: u32,
        home: SocketAddrV4,
        settings: Settings,
        fault: Fault,
        voice: Voice,
    ) -> Self {
        let now = Instant::now();
        let place = Place {
            endpoint: home,
            target: false,
            answered: false,
            since: now,
        };
        let mut session = Self {
            id,
            fault,
            voice,
            home,
            settings,
            queue: VecDeque::new(),
            place,
            link: Link::Over,
            hop: 0,
            moves: Moves::new(fault),
            undecided: false,
            half_closed: false,
            delivered: false,
            idle_since: None,
            last_answered: None,
            syncs: Vec::new(),
        };
        session.connect(place, None);
        session.turn(now);
        session
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.link, Link::Over)
    }

    /// The socket that matters, and for what.
    pub(crate) fn interest(&self) -> Option<(&TcpStream, PollFlags)> {
        match &self.link {
            Link::Up(_) if self.is_mute() => None,
            Link::Dialling { stream, .. } => Some((stream, PollFlags::OUT)),
            Link::Up(connection) => {
                let mut flags = PollFlags::IN;
                flags.set(
                    PollFlags::OUT,
                    connection.out.is_some() && !connection.broken,
                );
                Some((&connection.stream, flags))
            }
            Link::Settling { .. } | Link::Over => None,
        }
    }

    fn is_mute(&self) -> bool {
        self.fault == Fault::ConnectAndSilent && matches!(self.link, Link::Up(_))
    }

    // ---- what the application says

    pub(crate) fn command(&mut self, verb: Verb, now: Instant) {
        let name = verb.name();
        if let Err(why) = self.obey(verb, now) {
            self.say(&format!("rejected {name} {why}"));
        }
        self.turn(now);
    }

    fn obey(&mut self, verb: Verb, now: Instant) -> Result<(), &'static str> {
        let settling = matches!(self.link, Link::Settling { .. });
        match verb {
            Verb::Connect(..) => Err("connected-already"),
            Verb::Send { .. } | Verb::HalfClose | Verb::Resend(_) | Verb::Drop(_) if settling => {
                Err("connection-ended")
            }
            Verb::Send {
                payload,
                never_resend,
            } => self.send(payload, never_resend),
            Verb::Retire(count) => self.retire(count),
            Verb::Resend(hop) => self.decide(hop).map(|()| {
                self.queue
                    .iter_mut()
                    .for_each(|message| message.held = false)
            }),
            Verb::Drop(hop) => self.decide(hop).map(|()| {
                self.queue.retain(|message| !(message.owed && message.held));
                self.queue
                    .iter_mut()
                    .for_each(|message| message.held = false);
            }),
            Verb::HalfClose if self.half_closed => Err("half-closed-already"),
            Verb::HalfClose => {
                self.half_closed = true;
                Ok(())
            }
            Verb::Close => {
                self.finish(match self.link {
                    Link::Settling { end, .. } => end,
                    Link::Dialling { .. } | Link::Up(_) | Link::Over => End::Closed,
                });
                Ok(())
            }
            Verb::Sync(token) => {
                self.syncs.push(token);
                if let Link::Settling { until, .. } = &mut self.link {
                    *until = now;
                }
                Ok(())
            }
        }
    }

    fn send(&mut self, payload: Payload, never_resend: bool) -> Result<(), &'static str> {
        if self.half_closed {
            return Err("half-closed");
        }
        let owed = self.undecided && self.queue.iter().any(|message| message.owed);
        if owed && self.settings.resend == Resend::Explicit {
            return Err("undecided");
        }
        let held = self.undecided && owed;
        let offered = Offered::Nothing;
        self.queue.push_back(Message {
            payload,
            never_resend,
            offered,
            reached: false,
            owed: false,
            held,
        });
        Ok(())
    }

    fn retire(&mut self, count: u32) -> Result<(), &'static str> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let reached = |message: &Message| match message.offered {
            Offered::Whole => true,
            Offered::Part => false,
            Offered::Nothing => message.reached,
        };
        if self.settings.discipline == Discipline::Paired {
            Err("paired")
        } else if self
            .queue
            .iter()
            .take_while(|message| reached(message))
            .count()
            < count
        {
            Err("not-offered")
        } else {
            for message in self.queue.drain(..count) {
                if message.offered == Offered::Whole {
                    self.place.answered = true;
                    self.moves.end_episode();
                }
            }
            self.delivered = false;
            Ok(())
        }
    }

    fn decide(&mut self, hop: u32) -> Result<(), &'static str> {
        if hop != self.hop {
            Err("stale-hop")
        } else if !self.undecided {
            Err("nothing-owed")
        } else {
            self.undecided = false;
            Ok(())
        }
    }

    fn say(&mut self, report: &str) {
        self.voice.say(self.id, report);
    }

    // ---- the connection of the moment

    fn connect(&mut self, place: Place, old: Option<TcpStream>) {
        self.place = place;
        let believed = place.endpoint;
        let dialled = match &self.settings.dial {
            Some(map) => map
                .iter()
                .find(|entry| entry.0 == believed)
                .map(|entry| entry.1),
            None => Some(believed),
        };
        let Some(dialled) = dialled.filter(|dialled| dialled.ip().is_loopback()) else {
            self.say(&format!("dial {believed}"));
            return self.lost(End::Failure(Kind::ConnectFailed));
        };
        match dial(dialled) {
            Ok(stream) => self.link = Link::Dialling { stream, old },
            Err(_) => self.lost(End::Failure(Kind::ConnectFailed)),
        }
    }

    /// Does everything that can be done now, and looks at the clock.
    pub(crate) fn turn(&mut self, now: Instant) {
        if self.is_mute() {
            return;
        }
        let mut quiet = false;
        for _ in 0..ROUNDS {
            quiet = match &self.link {
                Link::Dialling { .. } => !self.arrive(now),
                Link::Up(_) => {
                    let heard = self.read(now);
                    let said = self.write(now, !heard);
                    !heard && !said
                }
                Link::Settling { .. } | Link::Over => true,
            };
            if quiet {
                break;
            }
        }
        self.clocks(now);
        if quiet && matches!(self.link, Link::Up(_) | Link::Settling { .. }) {
            self.synced();
        }
    }

    fn synced(&mut self) {
        for token in std::mem::take(&mut self.syncs) {
            self.say(&format!("synced {token}"));
        }
    }

    /// Whether the connection that was asked for is there, or will not be.
    fn arrive(&mut self, now: Instant) -> bool {
        let Link::Dialling { stream, old } = &mut self.link else {
            return false;
        };
        // A reset comes after the connection was there, and is the connection's end, not the connect's.
        let error = stream.take_error().ok().flatten();
        let broken = error
            .as_ref()
            .is_some_and(|error| error.kind() == ErrorKind::ConnectionReset);
        if error.is_some() && !broken {
            self.lost(End::Failure(Kind::ConnectFailed));
            return true;
        }
        let Some(local) = local_end(stream).filter(|_| broken || stream.peer_addr().is_ok()) else {
            return false;
        };
        drop(old.take());
        if self.fault == Fault::ResetAlways {
            reset(stream);
            self.lost(End::Failure(Kind::Uncertain));
            return true;
        }
        let Link::Dialling { stream, .. } = std::mem::replace(&mut self.link, Link::Over) else {
            return false;
        };
        self.link = Link::Up(Connection {
            stream,
            inbox: Inbox::new(Role::Client, self.settings.limit, self.fault),
            greetings: self.settings.greeting,
            out: None,
            progress: now,
            shut: false,
            broken,
        });
        let Place { endpoint, .. } = self.place;
        self.say(&format!(
            "connected {endpoint} local={local} hop={}",
            self.hop
        ));
        if self.fault == Fault::ConnectAndClose {
            self.finish(End::Fin);
        }
        true
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
        while let Link::Up(connection) = &mut self.link {
            match connection.inbox.next() {
                Next::More => break,
                Next::Frame(_) if self.fault == Fault::CloseAfterFirstFrame => {
                    self.finish(End::Fin)
                }
                Next::Frame(Frame::Message(payload)) => {
                    self.message(&payload);
                }
                Next::Frame(Frame::Redirect { target, payload }) => {
                    self.redirect(target, &payload, now)
                }
                Next::Broken(kind) => self.lost(End::Failure(kind)),
            }
        }
        let Link::Up(connection) = &self.link else {
            return true;
        };
        let end = match arrived {
            Arrived::Octets | Arrived::Nothing => return true,
            Arrived::Reset => End::Failure(Kind::Uncertain),
            Arrived::Fin if connection.broken => End::Failure(Kind::Uncertain),
            Arrived::Fin if !connection.inbox.at_boundary() => End::Failure(Kind::TruncatedFrame),
            Arrived::Fin => End::Fin,
        };
        self.lost(end);
        true
    }

    /// Hands the transport a piece of the next message that may go; whether it took any.
    fn write(&mut self, now: Instant, drained: bool) -> bool {
        let Link::Up(connection) = &mut self.link else {
            return false;
        };
        if connection.broken || connection.shut || connection.greetings > 0 {
            return false;
        }
        let Some(next) = self
            .queue
            .iter()
            .position(|message| message.offered != Offered::Whole)
        else {
            if self.half_closed {
                connection.shut = true;
                let _ = connection.stream.shutdown(Shutdown::Write);
            }
            return false;
        };
        let idle = next == 0;
        let Some(message) = self.queue.get_mut(next) else {
            return false;
        };
        if connection.out.is_none() {
            if message.held || idle && !drained {
                return false;
            }
            connection.progress = now;
        }
        let fault = self.fault;
        let out = connection
            .out
            .get_or_insert_with(|| Outgoing::message(message.payload.clone(), fault));
        let before = out.taken;
        let written = out.write(&connection.stream);
        let said = out.taken > before;
        if said {
            connection.progress = now;
            message.offered = Offered::Part;
        }
        match written {
            Ok(Taken::Whole) => {
                message.offered = Offered::Whole;
                connection.out = None;
            }
            Ok(Taken::Part) => {}
            Err(_) => connection.broken = true,
        }
        said
    }

    // ---- what the server says

    /// Accounts for a message and delivers it; `false` if it is the server's fault and the connection is lost.
    fn message(&mut self, payload: &[u8]) -> bool {
        let Link::Up(connection) = &mut self.link else {
            return false;
        };
        let mut greeting = 0;
        if connection.greetings > 0 {
            connection.greetings -= 1;
            greeting = 1;
            if self.fault == Fault::GreetingAsAnswer {
                self.queue.pop_front();
            }
        } else if self.settings.discipline == Discipline::Paired {
            let answers = self
                .queue
                .front()
                .is_some_and(|oldest| oldest.offered == Offered::Whole);
            if !answers && self.fault != Fault::YesMan {
                self.lost(End::Failure(Kind::Unsolicited));
                return false;
            }
            self.last_answered = self.queue.pop_front();
            self.place.answered = true;
            self.moves.end_episode();
        }
        self.delivered = true;
        self.say(&format!(
            "message {} outstanding={} greeting={greeting}",
            body(payload),
            self.queue.len()
        ));
        true
    }

    fn redirect(&mut self, target: SocketAddrV4, payload: &[u8], now: Instant) {
        self.hold_clock(now);
        let late = !payload.is_empty();
        if late && !self.message(payload) {
            return;
        }
        self.owe();
        if self.half_closed && self.queue.is_empty() {
            return self.end(End::Done);
        }
        let Place {
            endpoint: from,
            answered,
            ..
        } = self.place;
        let asked = Move {
            home: self.home,
            from,
            target,
        };
        if let Some(reason) = refusal(
            asked,
            self.settings.policy,
            &self.settings.allow,
            self.fault,
        ) {
            return self.end(End::NotMoved {
                kind: Kind::RedirectRefused,
                target,
                reason: Some(reason),
            });
        }
        if let Err(kind) = self
            .moves
            .follow(from, answered, target, &self.settings, now)
        {
            return self.end(End::NotMoved {
                kind,
                target,
                reason: None,
            });
        }
        self.hop += 1;
        let resend = if self.undecided {
            "explicit"
        } else {
            "automatic"
        };
        let (owed, hop) = (self.queue.len(), self.hop);
        self.say(&format!(
            "redirected {target} owed={owed} late={} hop={hop} resend={resend}",
            u8::from(late)
        ));
        let old = match std::mem::replace(&mut self.link, Link::Over) {
            Link::Up(connection) if self.settings.order == Order::NewFirst => {
                Some(connection.stream)
            }
            Link::Up(_) | Link::Dialling { .. } | Link::Settling { .. } | Link::Over => None,
        };
        self.connect(
            Place {
                endpoint: target,
                target: true,
                answered: false,
                since: now,
            },
            old,
        );
    }

    /// Makes everything outstanding owed (EOP-RSD-3).
    fn owe(&mut self) {
        if self.fault == Fault::OwedDropped {
            self.queue.clear();
        }
        if self.fault == Fault::AnsweredResent {
            self.last_answered
                .take()
                .into_iter()
                .for_each(|message| self.queue.push_front(message));
        }
        for message in &mut self.queue {
            message.reached |= message.offered == Offered::Whole;
            message.offered = Offered::Nothing;
            message.owed = true;
        }
        self.hold();
    }

    /// Decides what waits for the application on the next connection (EOP-RSD-11, EOP-RSD-15).
    fn hold(&mut self) {
        let mut sum = 0;
        let mut held = false;
        for message in &mut self.queue {
            sum += u64::from(message.payload.length());
            let withheld = self.settings.resend == Resend::Explicit
                || message.never_resend
                || sum > u64::from(self.settings.budget);
            held |= message.owed && withheld;
            message.held = held;
        }
        self.undecided = held;
    }

    // ---- the end

    /// The connection ended without a REDIRECT.
    fn lost(&mut self, end: End) {
        let clean = matches!(end, End::Fin) && self.queue.is_empty();
        let offered = self
            .queue
            .iter()
            .any(|message| message.offered != Offered::Nothing);
        let eligible =
            self.settings.fallback == Fallback::Home && self.place.target && !self.place.answered;
        if eligible && !clean && !offered && self.moves.fall_back(&self.settings) {
            let since = Instant::now();
            self.link = Link::Over;
            self.hop += 1;
            self.hold();
            return self.connect(
                Place {
                    endpoint: self.home,
                    target: false,
                    answered: false,
                    since,
                },
                None,
            );
        }
        self.end(end);
    }

    fn end(&mut self, end: End) {
        if self.settings.discipline == Discipline::Manual
            && (self.delivered || !self.queue.is_empty())
        {
            self.link = Link::Settling {
                end,
                until: Instant::now() + SETTLING,
            };
            self.synced();
        } else {
            self.finish(end);
        }
    }

    fn finish(&mut self, end: End) {
        self.link = Link::Over;
        self.synced();
        let report = match end {
            End::Fin if self.queue.is_empty() => Kind::Eof.name().to_owned(),
            End::Fin => self.failure(Kind::Uncertain),
            End::Failure(kind) => self.failure(kind),
            End::NotMoved {
                kind,
                target,
                reason,
            } => {
                let reason = reason
                    .map(|reason| format!(" reason={reason}"))
                    .unwrap_or_default();
                format!("{} target={target}{reason}", kind.name())
            }
            End::Done => Kind::Eof.name().to_owned(),
            End::Closed => Kind::Closed.name().to_owned(),
        };
        let counts = self.counts();
        self.say(&format!("ended {report}{counts}"));
    }

    /// At a target that has not answered yet, every failure is the redirect's (EOP-DRV-11).
    fn failure(&self, kind: Kind) -> String {
        if self.place.target && !self.place.answered {
            let Place { endpoint, .. } = self.place;
            format!(
                "{} target={endpoint} cause={}",
                Kind::RedirectFailed.name(),
                kind.name()
            )
        } else {
            kind.name().to_owned()
        }
    }

    /// EOP-RSD-8, EOP-FAI-2.
    fn counts(&self) -> String {
        let (mut owed, mut unsent, mut uncertain) = (0, 0, 0);
        for message in &self.queue {
            match message.offered {
                Offered::Part | Offered::Whole => uncertain += 1,
                Offered::Nothing if message.owed => owed += 1,
                Offered::Nothing => unsent += 1,
            }
        }
        format!(" owed={owed} unsent={unsent} uncertain={uncertain}")
    }

    // ---- time

    fn hold_clock(&mut self, now: Instant) {
        let awaits = self
            .queue
            .iter()
            .any(|message| message.offered != Offered::Nothing);
        self.moves
            .hold_clock(matches!(self.link, Link::Up(_)) && awaits, now);
    }

    /// When a bound passes if nothing happens before, and what the session ends with then.
    fn bound(&self) -> Option<(Instant, End)> {
        let endpoint = self.place.endpoint;
        let deadline = if self.moves.in_episode() {
            let end = End::NotMoved {
                kind: Kind::RedirectDeadline,
                target: endpoint,
                reason: None,
            };
            self.moves
                .deadline(&self.settings)
                .map(|until| (until, end))
        } else {
            let kind = if matches!(self.link, Link::Up(_)) {
                Kind::Timeout
            } else {
                Kind::ConnectFailed
            };
            Some((
                self.place.since + self.settings.deadline,
                End::Failure(kind),
            ))
        };
        match &self.link {
            Link::Dialling { .. } => deadline,
            Link::Up(connection) => {
                let header = connection
                    .inbox
                    .header_since()
                    .map(|since| since + self.settings.header);
                let header = header.map(|until| (until, End::Failure(Kind::Timeout)));
                let writes = connection.out.is_some() && !connection.broken;
                let stall = (
                    connection.progress + self.settings.stall,
                    End::Failure(Kind::Stall),
                );
                let greetings = deadline.filter(|_| connection.greetings > 0);
                let stall = writes.then_some(stall);
                [header, stall, greetings]
                    .into_iter()
                    .flatten()
                    .min_by_key(|bound| bound.0)
            }
            Link::Settling { end, until } => Some((*until, *end)),
            Link::Over => None,
        }
    }

    /// When the session has to be looked at even if nothing happens.
    pub(crate) fn wake(&self) -> Option<Instant> {
        let idle = self.idle_since.map(|since| since + self.settings.episode);
        self.bound()
            .map(|bound| bound.0)
            .into_iter()
            .chain(idle)
            .min()
    }

    fn clocks(&mut self, now: Instant) {
        self.hold_clock(now);
        if let Some((_, end)) = self.bound().filter(|bound| bound.0 <= now) {
            match (&self.link, end) {
                (Link::Settling { .. }, end) => self.finish(end),
                (_, End::NotMoved { .. }) => self.end(end),
                (_, end) => self.lost(end),
            }
        }
        let idle = match &self.link {
            Link::Up(connection) => {
                connection.greetings == 0 && self.queue.is_empty() && self.moves.in_episode()
            }
            Link::Dialling { .. } | Link::Settling { .. } | Link::Over => false,
        };
        self.idle_since = if idle {
            self.idle_since.or(Some(now))
        } else {
            None
        };
        if self
            .idle_since
            .is_some_and(|since| now >= since + self.settings.episode)
        {
            self.moves.end_episode();
            self.idle_since = None;
        }
    }
}
