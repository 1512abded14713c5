//! One accepted connection: requests and steps in order, redirects, and the discarding after them.

use std::collections::VecDeque;
use std::net::{SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::draining::{After, Draining, Verdict};
use super::{Options, World, milliseconds};
use crate::frame::{Frame, Inbox, Next, Outgoing, Taken};
use crate::payload::Payload;
use crate::policy::forbidden;
use crate::service::{Request, Step, good_steps, is_last, request};
use crate::socket::{Arrived, dial, local_end};
use crate::stream::{Shaken, Stream};
use crate::table::{Fault, Role};
use crate::tls::Layer;

/// How long an `await` waits for a signal.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a server that gives up discarding takes.
const CAP: usize = 65_536;

enum Phase {
    Serving,
    Awaiting {
        token: String,
        until: Instant,
    },
    /// Everything is said; what still comes is read and discarded (EOP-CLS-1).
    Draining(Draining),
    Closed,
}

/// What the steps at work belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Accept,
    Request { answered: bool },
}

pub(super) struct Connection {
    stream: Stream,
    /// When it was accepted.
    since: Instant,
    local: SocketAddrV4,
    inbox: Inbox,
    out: VecDeque<Outgoing>,
    /// When the transport last took an octet of what is to be sent.
    progress: Instant,
    steps: VecDeque<Step>,
    scope: Scope,
    phase: Phase,
    /// The client said that it has no more messages.
    ended: bool,
    /// How many octets were discarded.
    discarded: usize,
}

impl Connection {
    pub(super) fn accept(
        stream: TcpStream,
        tls: Option<Layer>,
        steps: &[Step],
        world: &World,
        now: Instant,
    ) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        stream
            .set_nodelay(!world.fault.has(Fault::NagleLeftOn))
            .ok()?;
        let local = local_end(&stream)?;
        let unlimited = world.fault.has(Fault::LimitAtMainOnly) && !world.is_main(local);
        let limit = if unlimited {
            u32::MAX
        } else {
            world.options.limit
        };
        Some(Self {
            local,
            stream: Stream::new(stream, tls),
            since: now,
            inbox: Inbox::new(Role::Server, limit, world.fault),
            out: VecDeque::new(),
            progress: now,
            steps: steps.iter().cloned().collect(),
            scope: Scope::Accept,
            phase: Phase::Serving,
            ended: false,
            discarded: 0,
        })
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Closed)
    }

    pub(super) fn interest(&self, fault: Fault) -> PollFlags {
        let reads = match self.phase {
            Phase::Serving | Phase::Awaiting { .. } => self.inbox.has_room(),
            Phase::Draining(_) => !fault.has(Fault::DeafAfterRedirect),
            Phase::Closed => false,
        };
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, reads && !self.ended);
        flags.set(
            PollFlags::OUT,
            !self.out.is_empty() && !self.stream.is_shaking(),
        );
        flags.set(
            PollFlags::OUT,
            flags.contains(PollFlags::OUT) || self.stream.holds_back(),
        );
        flags
    }

    // ---- time

    /// When there is something to do even if the socket stays as it is.
    fn wake(&self, world: &World) -> Option<Instant> {
        let header = milliseconds(world.options.header);
        if self.stream.is_shaking() {
            let timed = !world.fault.has(Fault::HandshakeUntimed);
            return timed.then(|| self.since + header);
        }
        let stall = world.stall().filter(|_| !self.out.is_empty());
        let stall = stall.map(|stall| self.progress + stall);
        let header = self.inbox.header_since().map(|since| since + header);
        let phase = match &self.phase {
            Phase::Serving => header,
            Phase::Closed => None,
            Phase::Awaiting { until, .. } => Some(*until),
            Phase::Draining(_)
                if self.scope == Scope::Accept && world.fault.has(Fault::DrainEndlessAtAccept) =>
            {
                None
            }
            Phase::Draining(draining) => draining.wake(world),
        };
        stall.into_iter().chain(phase).min()
    }

    pub(super) fn is_due(&self, world: &World, now: Instant) -> bool {
        let released = match &self.phase {
            Phase::Awaiting { token, .. } => world.signals.contains(token),
            Phase::Serving | Phase::Draining(_) | Phase::Closed => false,
        };
        released || self.wake(world).is_some_and(|wake| wake <= now)
    }

    /// When the loop has to come by again.
    pub(super) fn due(&self, world: &World) -> Option<Instant> {
        let now = Instant::now();
        if self.is_due(world, now) {
            Some(now)
        } else {
            self.wake(world)
        }
    }

    fn clocks(&mut self, world: &World, now: Instant) {
        if self.wake(world).is_none_or(|wake| wake > now) {
            return;
        }
        let verdict = match &mut self.phase {
            Phase::Draining(draining) if self.out.is_empty() && !draining.is_over(world, now) => {
                draining.look(self.stream.tcp(), world, now)
            }
            // A stall, a header that does not end, or an await that no one signalled.
            Phase::Serving | Phase::Awaiting { .. } | Phase::Draining(_) | Phase::Closed => {
                Verdict::Close
            }
        };
        self.conclude(verdict);
    }

    fn conclude(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Stay => {}
            Verdict::Close => self.phase = Phase::Closed,
            Verdict::Reset => {
                self.stream.reset();
                self.phase = Phase::Closed;
            }
        }
    }

    // ---- a turn

    /// Reads once, does everything that can be done, writes what the transport takes, and looks at the clock.
    pub(super) fn turn(&mut self, world: &mut World, ready: PollFlags, now: Instant) {
        match self.stream.shake() {
            Shaken::Done if ready.contains(PollFlags::OUT) => self.stream.flush(),
            Shaken::Done => {}
            Shaken::Waits => return self.clocks(world, now),
            Shaken::Failed => {
                self.phase = Phase::Closed;
                return;
            }
        }
        if self.interest(world.fault).contains(PollFlags::IN) {
            self.read(world, now);
        } else if ready.intersects(PollFlags::HUP | PollFlags::ERR) {
            self.phase = Phase::Closed;
        }
        self.work(world, now);
        let redirecting = matches!(self.phase, Phase::Draining(_)) && !self.out.is_empty();
        if redirecting && world.fault.has(Fault::ActsWhileRedirecting) {
            self.act_silently(world);
        }
        self.clocks(world, now);
    }

    fn read(&mut self, world: &World, now: Instant) {
        match self.inbox.fill(&self.stream) {
            Arrived::Octets => {
                if let Phase::Draining(draining) = &mut self.phase {
                    draining.heard(now);
                }
            }
            Arrived::Nothing => {}
            Arrived::Fin => self.ended(world),
            Arrived::Reset => self.phase = Phase::Closed,
        }
    }

    fn ended(&mut self, world: &World) {
        self.ended = true;
        let cut_off = !self.out.is_empty() && world.fault.has(Fault::HalfCloseCutsOff);
        if world.fault.has(Fault::HalfCloseAbandons) || cut_off {
            self.phase = Phase::Closed;
        }
        if world.fault.has(Fault::HalfCloseForgetsPipelined) {
            self.inbox.take_all();
        }
    }

    /// Handles requests and steps in order, each only when everything before it was handed to the transport.
    fn work(&mut self, world: &mut World, now: Instant) {
        while self.flush(now) == Taken::Whole {
            if matches!(self.phase, Phase::Draining(_)) {
                self.discard(world, now);
            }
            match &mut self.phase {
                Phase::Serving => {
                    if !self.serve(world, now) {
                        return;
                    }
                }
                Phase::Awaiting { token, .. } if world.signals.contains(token) => {
                    if world.fault.has(Fault::SignalConsumed) {
                        world.signals.remove(token);
                    }
                    self.phase = Phase::Serving
                }
                Phase::Awaiting { .. } => return self.peek(world),
                Phase::Draining(draining) => {
                    let over = self.ended && draining.ends_with_the_client(world.fault)
                        || draining.follows_a_fin() && world.fault.has(Fault::FinCloses);
                    let verdict = draining.sent(&self.stream, world.fault, now);
                    self.conclude(if over { Verdict::Close } else { verdict });
                    return;
                }
                Phase::Closed => return,
            }
        }
        let amid = self.ended && matches!(self.phase, Phase::Draining(_));
        if amid && world.fault.has(Fault::EndTakesRedirect) {
            self.phase = Phase::Closed;
        }
    }

    /// While one request waits, the next ones are not looked at (EOP-RSD-1).
    fn peek(&mut self, world: &mut World) {
        if world.fault.has(Fault::ActsAhead) {
            self.act_silently(world);
        }
    }

    fn act_silently(&mut self, world: &mut World) {
        while let Next::Frame(Frame::Message(payload)) = self.inbox.next() {
            if let Request::Mark(token) = request(&payload, world.fault) {
                world.mark(&token);
            }
        }
    }

    /// Drops what arrived after a REDIRECT or a FIN of ours, unread (EOP-CLS-2).
    fn discard(&mut self, world: &mut World, now: Instant) {
        if world.fault.has(Fault::ActsAfterRedirect) {
            return self.act_silently(world);
        }
        if world.fault.has(Fault::DrainBlames) {
            while let Next::Frame(_) = self.inbox.next() {}
            if matches!(self.inbox.next(), Next::Broken(_)) {
                self.stream.reset();
                self.phase = Phase::Closed;
            }
            return;
        }
        if world.fault.has(Fault::DrainAnswers) {
            while let Next::Frame(Frame::Message(payload)) = self.inbox.next() {
                self.request(&payload, world);
                while let Some(step) = self.steps.pop_front() {
                    self.step(step, world, now);
                }
            }
        }
        self.discarded += self.inbox.take_all().len();
        if world.fault.has(Fault::DrainCapped) && self.discarded > CAP {
            self.phase = Phase::Closed;
        }
    }

    /// Does the next step or request; `false` if there is none.
    fn serve(&mut self, world: &mut World, now: Instant) -> bool {
        if world.fault.has(Fault::AcceptAndSilent) {
            return false;
        }
        if world.fault.has(Fault::EchoEverything) {
            return self.echo();
        }
        let waits = world.fault.has(Fault::ListenAfterRead) && self.scope == Scope::Accept;
        if waits && self.inbox.is_empty() && !self.steps.is_empty() {
            return false;
        }
        if let Some(step) = self.steps.pop_front() {
            self.step(step, world, now);
            return true;
        }
        let next = match self.inbox.next() {
            Next::More if self.ended => self.inbox.end(),
            next @ (Next::More | Next::Frame(_) | Next::Broken(_)) => next,
        };
        match next {
            Next::Frame(Frame::Message(payload)) => self.requests(&payload, world),
            Next::Frame(Frame::Redirect { target, .. }) => {
                // Only a server that takes orders from its clients comes here.
                let _ = dial(target);
                self.fail(world);
            }
            Next::Broken(_) => self.fail(world),
            Next::More if self.ended && !world.fault.has(Fault::HalfCloseKept) => {
                if world.fault.has(Fault::Goodbye) {
                    let _ =
                        Outgoing::message(Payload::text("bye"), world.fault).write(&self.stream);
                }
                self.phase = Phase::Closed;
            }
            Next::More => {
                self.act_early(world);
                return false;
            }
        }
        true
    }

    fn echo(&mut self) -> bool {
        let octets = self.inbox.take_all();
        let any = !octets.is_empty();
        if any {
            self.push(Outgoing::raw(octets));
        } else if self.ended {
            self.phase = Phase::Closed;
        }
        any
    }

    /// EOP-RSD-10: what is incomplete is not looked at.
    fn act_early(&mut self, world: &mut World) {
        if world.fault.has(Fault::ActsBeforeComplete)
            && let Request::Mark(token) = request(self.inbox.partial(), world.fault)
        {
            world.mark(&token);
        }
    }

    // ---- requests

    fn requests(&mut self, payload: &[u8], world: &mut World) {
        if world.fault.has(Fault::AnswersOutOfOrder)
            && let Next::Frame(Frame::Message(second)) = self.inbox.next()
        {
            self.request(&second, world);
        }
        self.request(payload, world);
    }

    fn request(&mut self, payload: &[u8], world: &mut World) {
        if world.fault.has(Fault::CloseAfterFirstFrame) {
            return self.fail(world);
        }
        let long = payload.len() > 4096 && world.fault.has(Fault::RequestShort);
        match request(if long { b"" } else { payload }, world.fault) {
            Request::Hello => self.hello(world),
            Request::Do(steps) => self.perform(steps, world),
            Request::Listen(_) if world.fault.has(Fault::ListenAtHome) => {
                self.answer(&format!("port {}", self.local.port()), world);
            }
            Request::Listen(steps) => match world.open(steps) {
                Ok(port) => self.answer(&format!("port {port}"), world),
                Err(error) => {
                    eprintln!("cannot open another port: {error}");
                    self.answer("unknown", world);
                }
            },
            Request::Mark(token) => {
                let count = world.mark(&self.owned(token, world));
                self.answer(&count.to_string(), world);
            }
            Request::Marked(token) => {
                let token = self.owned(token, world);
                if !world.marks.contains_key(&token) && world.fault.has(Fault::MarkedUnknown) {
                    return self.answer("unknown", world);
                }
                let count = world.marks.get(&token).copied().unwrap_or(0);
                self.answer(&count.to_string(), world);
            }
            Request::Signal(token) => {
                world.signals.insert(token);
                self.answer("ok", world);
            }
            Request::Unknown => self.unknown(payload, world),
        }
    }

    /// The token that is counted: that of the whole process.
    fn owned(&self, token: String, world: &World) -> String {
        let peer = self.stream.tcp().peer_addr().ok();
        match peer.filter(|_| world.fault.has(Fault::MarksByConnection)) {
            Some(peer) => format!("{token} {peer}"),
            None => token,
        }
    }

    fn hello(&mut self, world: &World) {
        let Options {
            limit,
            linger_idle,
            linger_total,
            header,
            stall,
        } = world.options;
        let limits = format!("limit={limit} linger-idle={linger_idle} linger-total={linger_total}");
        let stall = if world.fault.has(Fault::HelloShort) {
            String::new()
        } else {
            format!(" stall={stall}")
        };
        self.answer(
            &format!("eop-test 1 {limits} header={header}{stall}"),
            world,
        );
    }

    fn perform(&mut self, mut steps: Vec<Step>, world: &World) {
        self.scope = Scope::Request { answered: false };
        if world.fault.has(Fault::MarkLate) {
            steps.sort_by_key(|step| (is_last(step), matches!(step, Step::Mark(_))));
        }
        if world.fault.has(Fault::MarkTwice) {
            let marks = steps.iter().filter(|step| matches!(step, Step::Mark(_)));
            steps = marks.chain(&steps).cloned().collect();
        }
        if world.fault.has(Fault::StepsFew) && steps.len() > 64 {
            steps.drain(64..steps.len() - 1);
        }
        if world.fault.has(Fault::AnswerEndsSteps) {
            let answer = steps
                .iter()
                .position(|step| matches!(step, Step::Answer(_)));
            let mut place = 0..;
            steps.retain(|step| {
                let behind = place.next() > answer && answer.is_some();
                !(behind && matches!(step, Step::Mark(_)))
            });
        }
        if world.fault.has(Fault::AwaitOnce) {
            let mut waits = 0;
            steps.retain(|step| {
                waits += u32::from(matches!(step, Step::Await(_)));
                waits < 2 || !matches!(step, Step::Await(_))
            });
        }
        self.steps.extend(steps);
    }

    fn unknown(&mut self, payload: &[u8], world: &mut World) {
        if world.fault.has(Fault::MalformedHalfDone) {
            for step in good_steps(payload) {
                if let Step::Mark(token) = step {
                    world.mark(&token);
                }
            }
        }
        if world.fault.has(Fault::UnknownCloses) {
            return self.fail(world);
        }
        let answer = if world.fault.has(Fault::YesMan) {
            "ok"
        } else {
            "unknown"
        };
        self.answer(answer, world);
    }

    // ---- steps

    fn step(&mut self, step: Step, world: &mut World, now: Instant) {
        match step {
            Step::Answer(payload)
                if payload.length() > 65_536 && world.fault.has(Fault::AnswerShort) =>
            {
                self.send(Payload::Pattern(65_536), world);
            }
            Step::Answer(payload) => self.send(payload, world),
            Step::Redirect(list, payload) => self.redirect(&list, payload, world, now),
            Step::Await(_) if world.fault.has(Fault::AwaitPasses) => {}
            Step::Await(token) => {
                let until = now + PATIENCE;
                self.phase = Phase::Awaiting { token, until };
            }
            Step::Mark(token) => {
                world.mark(&self.owned(token, world));
            }
            Step::Fin if world.fault.has(Fault::FinResets) => self.drain(After::Reset, world, now),
            Step::Fin => self.drain(After::Fin, world, now),
            Step::Reset if world.fault.has(Fault::ResetFins) => self.drain(After::Fin, world, now),
            Step::Reset => self.drain(After::Reset, world, now),
        }
    }

    /// EOP-TST-9, EOP-TST-10, EOP-TST-13: which endpoint of the list it is, if any.
    fn redirect(
        &mut self,
        list: &[SocketAddrV4],
        payload: Option<Payload>,
        world: &World,
        now: Instant,
    ) {
        let most = if world.fault.has(Fault::ListShort) {
            8
        } else {
            list.len()
        };
        let list = list.get(..most).unwrap_or(list);
        let here = |endpoint: &SocketAddrV4| *endpoint == self.local;
        let place = list.iter().rposition(here);
        let place = if world.fault.has(Fault::ListFirstPlace) {
            list.iter().position(here)
        } else {
            place
        };
        let place = place.filter(|_| !world.fault.has(Fault::ListFirstAlways));
        let stays = world.fault.has(Fault::TargetStays) && !world.is_main(self.local);
        let mut target = match place {
            _ if stays && self.scope != Scope::Accept => None,
            Some(place) => list.get(place + 1),
            None => list.first(),
        };
        if world.fault.has(Fault::RedirectsToItself) {
            target = target.or(list.last());
        }
        if world.fault.has(Fault::ListWraps) {
            target = target.or(list.first());
        }
        let unanswered = self.scope == Scope::Request { answered: false };
        let forbids = |target| {
            if world.fault.has(Fault::ListCheckedWhole) {
                list.iter().any(|endpoint| forbidden(*endpoint))
            } else if world.fault.has(Fault::ListCheckedFirst) {
                list.first().is_some_and(|first| forbidden(*first))
            } else {
                forbidden(target)
            }
        };
        match target.copied() {
            Some(target) if !forbids(target) || world.fault.has(Fault::ForbiddenTargetSent) => {
                self.go(target, payload, world, now);
            }
            Some(_) if unanswered || world.fault.has(Fault::RefusedAfterAnswer) => {
                self.answer("refused", world)
            }
            Some(_) => {}
            None => self.here(unanswered, world, now),
        }
    }

    fn here(&mut self, unanswered: bool, world: &World, now: Instant) {
        if unanswered || world.fault.has(Fault::HereAfterAnswer) {
            self.answer("here", world);
        }
        if world.fault.has(Fault::HereCloses) {
            self.drain(After::Fin, world, now);
        }
    }

    fn go(&mut self, target: SocketAddrV4, payload: Option<Payload>, world: &World, now: Instant) {
        if world.fault.has(Fault::HalfCloseUnredirected) && self.ended {
            self.phase = Phase::Closed;
            return;
        }
        let wordy = world.fault.has(Fault::RedirectWordy);
        let payload = payload.or_else(|| wordy.then(|| Payload::text("moved")));
        let late = payload.as_ref().is_some_and(|payload| !payload.is_empty());
        // An empty response cannot travel in the redirect: it would say "no response" there (EOP-RED-4).
        let apart = payload.is_some() && (!late || world.fault.has(Fault::LateResponseApart));
        let response = payload.unwrap_or_else(Payload::empty);
        if apart && (late || !world.fault.has(Fault::EmptyResponseDropped)) {
            self.send(response.clone(), world);
        }
        let inside = if apart { Payload::empty() } else { response };
        self.push(Outgoing::redirect(target, inside, world.fault));
        if world.fault.has(Fault::FrameAfterRedirect) {
            self.push(Outgoing::message(Payload::text("bye"), world.fault));
        }
        self.drain(After::Redirect, world, now);
        if world.fault.has(Fault::CloseAfterRedirect)
            || world.fault.has(Fault::CloseAfterLateRedirect) && late
        {
            self.ended = true;
        }
    }

    fn drain(&mut self, after: After, world: &World, now: Instant) {
        let queued = self.out.iter().map(Outgoing::length).sum();
        self.phase = Phase::Draining(Draining::new(after, queued, world.fault, now));
    }

    // ---- what goes out

    fn answer(&mut self, text: &str, world: &World) {
        self.send(Payload::text(text), world);
    }

    fn send(&mut self, payload: Payload, world: &World) {
        if let Scope::Request { answered } = &mut self.scope {
            *answered = true;
        }
        if world.fault.has(Fault::AnswersTwice) {
            self.push(Outgoing::message(payload.clone(), world.fault));
        }
        self.push(Outgoing::message(payload, world.fault));
    }

    fn push(&mut self, frame: Outgoing) {
        if self.out.is_empty() {
            self.progress = Instant::now();
        }
        self.out.push_back(frame);
    }

    fn flush(&mut self, now: Instant) -> Taken {
        while let Some(frame) = self.out.front_mut() {
            let before = frame.taken;
            let written = frame.write(&self.stream);
            if frame.taken > before {
                self.progress = now;
            }
            match written {
                Ok(Taken::Whole) => self.out.pop_front(),
                Ok(Taken::Part) => return Taken::Part,
                Err(_) => {
                    self.phase = Phase::Closed;
                    return Taken::Part;
                }
            };
        }
        Taken::Whole
    }

    /// A protocol error: the connection ends at once, and nothing more is said on it (EOP-ERR-1, EOP-ERR-2).
    fn fail(&mut self, world: &mut World) {
        if world.fault.has(Fault::ErrorGoesOn) {
            self.inbox.take_all();
            return;
        }
        if world.fault.has(Fault::ErrorLingers) {
            // No one can signal a token without a name.
            let until = Instant::now() + PATIENCE;
            self.phase = Phase::Awaiting {
                token: String::new(),
                until,
            };
            return;
        }
        if world.fault.has(Fault::ErrorAnswered) {
            let _ = Outgoing::message(Payload::text("error"), world.fault).write(&self.stream);
        }
        world.upset = world.fault.has(Fault::ErrorEverywhere);
        self.out.clear();
        // What is read now cannot turn the FIN into a reset that takes earlier answers with it.
        let mut discarded = Vec::new();
        while discarded.len() < 1_048_576
            && matches!(self.stream.read(&mut discarded), Arrived::Octets)
        {}
        self.phase = Phase::Closed;
    }
}
