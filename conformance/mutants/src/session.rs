//! One client session: from home over any number of moves, by the rules of `spec/eop.md`, save for its fault.
//!
//! Here stands what the application says and the queue of outstanding messages. The connection of the moment stands in
//! `connection`, what the server says in `incoming`, how it ends in `ending`.

mod connection;
mod ending;
mod incoming;

use std::collections::VecDeque;
use std::net::SocketAddrV4;
use std::rc::Rc;
use std::time::{Duration, Instant};

use self::connection::{Link, Place};
use self::ending::End;
use crate::command::{Discipline, Resend, Settings, Verb};
use crate::driver::Voice;
use crate::episode::Moves;
use crate::frame::Outgoing;
use crate::payload::Payload;
use crate::stream::Stream;
use crate::table::Fault;
use crate::tls::ClientTls;

/// How far a client lags behind that does not wait with `synced`.
const LAG: Duration = Duration::from_millis(100);

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
    /// The hop of an earlier connection on which it was completely offered, and which may have answered it.
    reached: Option<u32>,
    /// A REDIRECT made it owed.
    owed: bool,
    /// It waits for the application's decision; so does everything behind it.
    held: bool,
}

impl Message {
    /// Whether the server can have answered it.
    fn is_answerable(&self) -> bool {
        match self.offered {
            Offered::Whole => true,
            Offered::Part => false,
            Offered::Nothing => self.reached.is_some(),
        }
    }
}

/// What only a fault remembers.
#[derive(Default)]
struct Baggage {
    last_answered: Option<Message>,
    /// A REDIRECT that is acted on later.
    deferred: Option<incoming::Deferred>,
    /// A report that is made later.
    postponed: Option<String>,
    /// The rest of a frame that was begun on another connection.
    carried: Option<Outgoing>,
    /// How many greetings another connection did not bring.
    greetings: Option<u32>,
    /// Octets that another connection brought.
    leftover: Vec<u8>,
    /// Connections that should be closed.
    kept: Vec<Stream>,
    /// The connection that is closed only when the one after it is in use.
    outgoing: Option<Stream>,
    /// Commands that are carried out later, and when.
    backlog: VecDeque<(Instant, Verb)>,
    /// It speaks cleartext from now on.
    downgraded: bool,
    /// It tried once more already.
    retried: bool,
    /// How many octets were answered.
    answered: u64,
    /// How many messages were dropped.
    dropped: usize,
    /// A protocol error was seen.
    upset: bool,
    /// What the first REDIRECT left.
    first_owed: Vec<Payload>,
    /// What was dropped last.
    last_dropped: Vec<Message>,
    /// How many octets were resent at earlier hops.
    resent: u64,
    /// The client's end of its first connection.
    local: Option<SocketAddrV4>,
    /// The target that failed before a fallback.
    failed: Option<SocketAddrV4>,
    /// The connection had answered nothing when the application began to be waited for.
    unanswered: bool,
}

pub(crate) struct Session {
    id: u32,
    fault: Fault,
    voice: Voice,
    home: SocketAddrV4,
    settings: Settings,
    /// How connections are secured; `None` in cleartext.
    tls: Option<Rc<ClientTls>>,
    /// What is outstanding, oldest first.
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
    /// The last REDIRECT had a payload.
    late: bool,
    /// It had its rounds, and could go on.
    restless: bool,
    syncs: Vec<String>,
    baggage: Baggage,
}

impl Session {
    /// Begins a session; it connects at once.
    pub(crate) fn begin(
        id: u32,
        home: SocketAddrV4,
        settings: Settings,
        fault: Fault,
        voice: Voice,
        moves: Moves,
        tls: Option<Rc<ClientTls>>,
    ) -> Self {
        let now = Instant::now();
        let place = Place::home(home, now);
        let mut session = Self {
            id,
            fault,
            voice,
            home,
            settings,
            tls,
            queue: VecDeque::new(),
            place,
            link: Link::Over,
            hop: 0,
            moves,
            undecided: false,
            half_closed: false,
            delivered: false,
            idle_since: None,
            late: false,
            restless: false,
            syncs: Vec::new(),
            baggage: Baggage::default(),
        };
        session.connect(place, None);
        session.turn(now);
        session
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.link, Link::Over)
    }

    /// Where the session came from and where it is.
    pub(crate) fn journey(&self) -> (SocketAddrV4, SocketAddrV4) {
        (self.home, self.place.endpoint)
    }

    /// Its limit on slen.
    pub(crate) fn limit(&self) -> u32 {
        self.settings.limit
    }

    /// Its moves so far.
    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    /// Whether a protocol error was seen.
    pub(crate) fn is_upset(&self) -> bool {
        self.baggage.upset
    }

    /// Ends the session from outside.
    pub(crate) fn abandon(&mut self) {
        self.finish(End::Fin);
    }

    fn say(&self, report: &str) {
        self.voice.say(self.id, report);
    }

    pub(crate) fn command(&mut self, verb: Verb, now: Instant) {
        let lags = self.fault.has(Fault::SyncAtOnce) && !matches!(verb, Verb::Sync(_));
        if lags {
            self.baggage.backlog.push_back((now + LAG, verb));
        } else {
            self.carry_out(verb, now);
        }
        self.turn(now);
    }

    fn carry_out(&mut self, verb: Verb, now: Instant) {
        let name = verb.name();
        if let Err(why) = self.obey(verb, now) {
            self.say(&format!("rejected {name} {why}"));
        }
    }

    /// Carries out what a faulty client put off.
    fn catch_up(&mut self, now: Instant) {
        while self
            .baggage
            .backlog
            .front()
            .is_some_and(|late| late.0 <= now)
            && let Some((_, verb)) = self.baggage.backlog.pop_front()
        {
            self.carry_out(verb, now);
        }
    }

    fn obey(&mut self, verb: Verb, now: Instant) -> Result<(), &'static str> {
        let settling = matches!(self.link, Link::Settling { .. });
        match verb {
            Verb::Connect(..) => return Err("connected-already"),
            Verb::Send { .. } | Verb::HalfClose | Verb::Resend(_) | Verb::Drop(_)
                if settling && !self.fault.has(Fault::SettlingObeys) =>
            {
                return Err("connection-ended");
            }
            Verb::Send {
                payload,
                never_resend,
            } => self.send(payload, never_resend)?,
            Verb::Retire(count) => self.retire(count, now)?,
            Verb::Resend(hop) => {
                self.decide(hop)?;
                self.release();
            }
            Verb::Drop(hop) => {
                self.decide(hop)?;
                let all = self.fault.has(Fault::DropTakesAll);
                let drops = |message: &Message| message.owed && (message.held || all);
                if !self.fault.has(Fault::DroppedResent) {
                    let queue = std::mem::take(&mut self.queue).into_iter();
                    let (dropped, kept): (Vec<_>, Vec<_>) = queue.partition(drops);
                    self.queue = kept.into();
                    self.baggage.dropped += dropped.len();
                    self.baggage.last_dropped = dropped;
                }
                self.release();
                self.end_if_cleared();
            }
            Verb::HalfClose if self.half_closed && !self.fault.has(Fault::HalfCloseTwice) => {
                return Err("half-closed-already");
            }
            Verb::HalfClose => {
                self.half_closed = true;
                self.shut_hastily();
                self.end_if_cleared();
            }
            Verb::Close => self.finish(match self.link {
                Link::Settling { end, .. } if !self.fault.has(Fault::CloseTakesTheEnd) => end,
                Link::Settling { .. } | Link::Dialling { .. } | Link::Up(_) | Link::Over => {
                    End::Closed
                }
            }),
            Verb::Sync(token) => self.sync(token, now),
        }
        Ok(())
    }

    fn send(&mut self, payload: Payload, never_resend: bool) -> Result<(), &'static str> {
        if self.half_closed && !self.fault.has(Fault::SendAfterHalfClose) {
            return Err("half-closed");
        }
        let trusting = self.fault.has(Fault::SendBeforeDecision)
            || self.settings.resend == Resend::Automatic
                && self.fault.has(Fault::SendBeforeAutomaticDecision);
        let held = self.is_undecided();
        if held && !trusting {
            return Err("undecided");
        }
        let owed = self.queue.iter().any(|message| message.owed);
        if owed
            && self.settings.resend == Resend::Automatic
            && self.fault.has(Fault::AutomaticSendRefused)
        {
            return Err("resending");
        }
        if self.queue.len() >= 256 && self.fault.has(Fault::PipelineShort) {
            return Ok(());
        }
        let offered = Offered::Nothing;
        let message = Message {
            payload,
            never_resend,
            offered,
            reached: None,
            owed: false,
            held,
        };
        if let Link::Dialling { old: Some(old), .. } = &self.link
            && self.fault.has(Fault::WritesToTheOld)
        {
            let _ = Outgoing::message(message.payload.clone(), self.fault).write(old);
        }
        let hurried =
            owed && self.fault.has(Fault::NewBeforeOwed) || self.fault.has(Fault::NewestFirst);
        if hurried
            && self
                .queue
                .iter()
                .all(|message| message.offered == Offered::Nothing)
        {
            self.queue.push_front(message);
        } else {
            self.queue.push_back(message);
        }
        Ok(())
    }

    /// EOP-ACC-11, EOP-ACC-12.
    fn retire(&mut self, count: u32, now: Instant) -> Result<(), &'static str> {
        let mut count = usize::try_from(count).unwrap_or(usize::MAX);
        if self.settings.discipline == Discipline::Paired && !self.fault.has(Fault::PairedRetires) {
            return Err("paired");
        }
        let early = self.fault.has(Fault::RetireZeroUngreeted) && !self.is_greeted();
        if count == 0 && (early || self.fault.has(Fault::RetireZeroRefused)) {
            return Err("nothing-to-retire");
        }
        let part = self.fault.has(Fault::RetirePart);
        let late = |message: &Message| {
            let moves = message.reached.map_or(0, |reached| self.hop - reached);
            moves > 1 && self.fault.has(Fault::RetireMovesLaterRefused)
        };
        let retirable = |message: &&Message| {
            message.is_answerable() && !late(message) || message.offered == Offered::Part && part
        };
        if self.fault.has(Fault::RetireUnoffered) {
            count = count.min(self.queue.len());
        } else if self.queue.iter().take_while(retirable).count() < count {
            return Err("not-offered");
        }
        if self.fault.has(Fault::RetireOne) {
            count = count.min(1);
        }
        self.delivered = false;
        if self.fault.has(Fault::RetireAfterMoveIgnored)
            && self.queue.front().is_some_and(|oldest| oldest.owed)
        {
            return Ok(());
        }
        if self.fault.has(Fault::RetiresNewest) {
            self.queue.rotate_right(count);
        }
        let mut answered_at = None;
        for message in self.queue.drain(..count) {
            if message.offered == Offered::Whole {
                self.place.answered = true;
                if !self.fault.has(Fault::RetireKeepsEpisode) {
                    self.moves.end_episode();
                }
            } else {
                answered_at = message.reached;
            }
        }
        let Some(answered_at) = answered_at else {
            return Ok(());
        };
        if self.fault.has(Fault::LateRetireEndsDeadline) {
            self.moves.end_episode();
        }
        let moved_since = self.hop.saturating_sub(answered_at);
        self.moves.end_episode_before(moved_since, now);
        if self.half_closed && self.queue.is_empty() {
            self.end_unmoved();
        } else if matches!(self.link, Link::Settling { .. }) {
            self.judge_again(moved_since, now);
        }
        Ok(())
    }

    /// Half-closed, with nothing left to connect for between two connections (EOP-HCL-3).
    fn end_if_cleared(&mut self) {
        let connecting = matches!(self.link, Link::Dialling { .. }) && self.hop > 0;
        let goes_on = self.fault.has(Fault::ConnectsForNothing);
        if connecting && self.half_closed && self.queue.is_empty() && !goes_on {
            self.end(End::Done);
        }
    }

    /// EOP-RSD-12.
    fn decide(&mut self, hop: u32) -> Result<(), &'static str> {
        let early = hop > self.hop && self.fault.has(Fault::FutureDecisionTaken);
        if hop != self.hop && !self.fault.has(Fault::StaleDecisionTaken) && !early {
            return Err("stale-hop");
        }
        if matches!(self.link, Link::Dialling { .. })
            && self.fault.has(Fault::DecisionNeedsConnection)
        {
            return Err("not-connected");
        }
        if !self.is_undecided() && !self.fault.has(Fault::DecisionUnasked) {
            return Err("nothing-owed");
        }
        self.undecided = false;
        Ok(())
    }

    /// Whether a decision is awaited; not if everything owed was retired.
    fn is_undecided(&self) -> bool {
        self.undecided
            && self
                .queue
                .iter()
                .any(|message| message.owed || message.held)
    }

    fn release(&mut self) {
        for message in &mut self.queue {
            // What it was answered with before is settled.
            if message.held && !self.fault.has(Fault::RetireWhatIsResent) {
                message.reached = None;
            }
            message.held = false;
            message.never_resend &= !self.fault.has(Fault::NeverResendOnce);
        }
    }

    /// EOP-DRV-9: answered when there is nothing left to do, see `turn`.
    fn sync(&mut self, token: String, now: Instant) {
        self.syncs.push(token);
        if let Link::Settling { until, .. } = &mut self.link {
            *until = now;
        }
    }

    fn synced(&mut self) {
        if self.fault.has(Fault::SyncsReversed) {
            self.syncs.reverse();
        }
        for token in std::mem::take(&mut self.syncs) {
            self.say(&format!("synced {token}"));
        }
    }

    /// Makes everything outstanding owed (EOP-RSD-3).
    fn owe(&mut self) {
        self.forget();
        let resent = |message: &Message| message.owed && message.offered == Offered::Whole;
        let decided = self.settings.resend == Resend::Explicit
            && self.fault.has(Fault::DecidedForGood)
            && self.queue.iter().all(resent);
        for message in &mut self.queue {
            if message.offered == Offered::Whole {
                message.reached = Some(self.hop);
            }
            message.offered = Offered::Nothing;
            message.owed = true;
        }
        self.hold();
        if decided {
            self.undecided = false;
            self.release();
        }
    }

    /// What a faulty client makes of its queue when it is moved.
    fn forget(&mut self) {
        let queue = &mut self.queue;
        if self.fault.has(Fault::OwedDropped) {
            queue.clear();
        }
        if self.fault.has(Fault::AnsweredResent) {
            self.baggage
                .last_answered
                .take()
                .into_iter()
                .for_each(|message| queue.push_front(message));
        }
        if self.fault.has(Fault::UnsentForgotten) {
            queue.retain(|message| message.offered != Offered::Nothing);
        }
        if self.fault.has(Fault::OwedForgotten) {
            queue.retain(|message| !message.owed);
        }
        if self.fault.has(Fault::ResendReversed) {
            queue.make_contiguous().reverse();
        }
        if self.fault.has(Fault::ResendLastOnly) {
            queue.drain(..queue.len().saturating_sub(1));
        }
        if self.fault.has(Fault::ResendFirstOnly) {
            queue.truncate(1);
        }
        if self.fault.has(Fault::ResendFew) {
            queue.truncate(64);
        }
        if self.fault.has(Fault::NewLostAtSecondHop) && self.hop > 0 {
            queue.retain(|message| message.owed || message.offered != Offered::Nothing);
        }
        if self.fault.has(Fault::DroppedComesBack) {
            for message in self.baggage.last_dropped.drain(..).rev() {
                queue.push_front(message);
            }
        }
        if self.fault.has(Fault::FirstOwedResent) {
            self.remember_first_owed();
        }
    }

    /// Takes what the first REDIRECT left for what every later one leaves.
    fn remember_first_owed(&mut self) {
        let first = &mut self.baggage.first_owed;
        if first.is_empty() {
            first.extend(self.queue.iter().map(|message| message.payload.clone()));
            return;
        }
        let again = first.iter().map(|payload| Message {
            payload: payload.clone(),
            never_resend: false,
            offered: Offered::Nothing,
            reached: None,
            owed: true,
            held: false,
        });
        self.queue = again.collect();
    }

    /// Decides what waits for the application on the next connection (EOP-RSD-11, EOP-RSD-15).
    fn hold(&mut self) {
        let explicit =
            self.settings.resend == Resend::Explicit || self.fault.has(Fault::AutomaticAsks);
        let budget = u64::from(self.settings.budget);
        let mut sum = if self.fault.has(Fault::BudgetOverAll) {
            self.baggage.answered
        } else if self.fault.has(Fault::BudgetOverHops) {
            self.baggage.resent
        } else {
            0
        };
        let mut held = false;
        for message in &mut self.queue {
            let length = u64::from(message.payload.length());
            sum = if self.fault.has(Fault::BudgetPerMessage) {
                length
            } else {
                sum + length
            };
            let marked = message.never_resend && !self.fault.has(Fault::NeverResendIgnored);
            let over = sum > budget || sum == budget && self.fault.has(Fault::BudgetOneLess);
            let unlimited = self.fault.has(Fault::BudgetIgnored)
                || budget == 0 && self.fault.has(Fault::BudgetZeroUnlimited);
            let over = over && !unlimited;
            let owed = message.owed || self.fault.has(Fault::FallbackAsksForNew);
            let alone = owed && (explicit || marked || over);
            held |= alone;
            message.held = if self.fault.has(Fault::HeldAlone) {
                alone
            } else {
                held
            };
        }
        self.baggage.resent = sum;
        self.undecided = held;
        if self.fault.has(Fault::ResentUndecided) {
            self.release();
        }
        if self.fault.has(Fault::ManualResends) && self.settings.discipline == Discipline::Manual {
            self.release();
        }
    }
}
