//! A session from the sentences of the specification: the messages that are neither answered nor dropped, with what was
//! offered of each on the connection that is or was last, and what the application decided. Slow, and made of lists.

use core::net::SocketAddrV4;

use eop_statemachine::client::Kind;
use eop_statemachine::session::{Place, Status, Want};

use super::bounds::Course;
use super::policy;
use super::terms::{LIMIT, ROOM, Terms, endpoint};
use crate::incoming::{Incoming, Seen};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Phase {
    Connecting,
    Connected,
    Judging,
    /// Half-closed in manual: the application says first whether there is anything to connect for.
    Holding,
    /// Over, but the application may still retire.
    Settling,
    Ended,
}

/// Why it is over. The name of it may depend on what is retired afterwards.
#[derive(Clone, Copy)]
enum Reason {
    Fin,
    Failed(&'static str),
    Known(&'static str, Option<SocketAddrV4>, &'static str),
}

/// How it ended: the kind, the target, and the cause or the reason of a refusal.
pub(super) type End = (&'static str, Option<SocketAddrV4>, &'static str);

pub(super) struct Message {
    pub number: u64,
    len: u32,
    never: bool,
    owed: bool,
    /// Whether the connection may have it: it is new, or it was decided to resend it.
    decided: bool,
    /// Octets offered of it on the connection that is, or was last.
    offered: u64,
    /// The hop at which it was completely offered, until it is decided to resend it.
    complete_at: Option<usize>,
}

impl Message {
    fn frame_len(&self) -> u64 {
        12 + u64::from(self.len)
    }

    fn is_offered(&self) -> bool {
        self.offered == self.frame_len()
    }
}

/// A connection: the one that is, or was last.
#[derive(Default)]
pub(super) struct Line {
    incoming: Incoming,
    delivered: usize,
    arriving: Option<Kind>,
    answered: bool,
    half_closed: bool,
    unwritable: bool,
    redirected: bool,
}

/// What is told of the server's frames.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Head(Kind, u32),
    Message(Kind, Option<u64>, Vec<u8>),
    Redirect(Option<(Kind, Option<u64>)>, Vec<u8>),
}

pub(super) struct Model {
    pub terms: Terms,
    pub phase: Phase,
    pub now: u64,
    pub messages: Vec<Message>,
    pub course: Course,
    /// `None` is home.
    target: Option<SocketAddrV4>,
    sent: u64,
    half_close: bool,
    line: Line,
    /// The last redirect, and whether it was late.
    redirect: Option<(SocketAddrV4, bool)>,
    reason: Option<Reason>,
}

impl Model {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            phase: Phase::Connecting,
            now: 0,
            messages: Vec::new(),
            course: Course::new(terms.bounds),
            target: None,
            sent: 0,
            half_close: false,
            line: Line::default(),
            redirect: None,
            reason: None,
        }
    }

    // --- What can be asked ---

    pub(super) fn place(&self) -> Place {
        self.target.map_or(Place::Home, Place::Target)
    }

    pub(super) fn endpoint(&self) -> Option<SocketAddrV4> {
        let home = self.terms.home_v4.then(|| endpoint(0));
        self.target.or(home)
    }

    pub(super) fn redirect(&self) -> Option<(SocketAddrV4, bool)> {
        self.redirect
    }

    pub(super) fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    fn is_greeted(&self) -> bool {
        self.line.delivered >= self.terms.greetings
    }

    /// Whether the application has to resend or drop something (EOP-RSD-11, EOP-RSD-15).
    pub(super) fn awaits_decision(&self) -> bool {
        self.messages.iter().any(|m| m.owed && !m.decided)
    }

    pub(super) fn owed(&self) -> usize {
        self.messages.iter().filter(|m| m.owed).count()
    }

    /// Messages, the oldest, that the application may retire.
    fn retirable(&self) -> usize {
        let complete = |m: &&Message| m.complete_at.is_some();
        let count = self.messages.iter().take_while(complete).count();
        if self.terms.manual { count } else { 0 }
    }

    /// The message of which octets may be offered now.
    fn next_to_offer(&self) -> Option<usize> {
        let may_write = self.is_connected()
            && self.is_greeted()
            && !self.line.unwritable
            && !self.line.half_closed;
        let first = || self.messages.iter().position(|m| !m.is_offered());
        let first = may_write.then(first).flatten()?;
        self.messages[first].decided.then_some(first)
    }

    fn may_half_close(&self) -> bool {
        self.half_close
            && self.is_connected()
            && self.is_greeted()
            && !self.line.unwritable
            && !self.line.half_closed
            && self.messages.iter().all(Message::is_offered)
            && !self.awaits_decision()
    }

    /// All but the proposal of `Judge`, which is compared apart.
    pub(super) fn want(&self) -> Option<Want> {
        let hop = self.course.hop() as u32;
        Some(match self.phase {
            Phase::Connecting => Want::Connect(self.place()),
            Phase::Judging => return None,
            Phase::Holding => Want::Decide { hop },
            Phase::Settling => Want::Settle,
            Phase::Ended => Want::Done,
            Phase::Connected => match self.next_to_offer() {
                Some(next) => Want::Write {
                    message: self.messages[next].number,
                    from: self.messages[next].offered,
                },
                None if self.may_half_close() => Want::HalfClose,
                None if self.awaits_decision() => Want::Decide { hop },
                None => Want::Read,
            },
        })
    }

    pub(super) fn statuses(&self) -> Vec<(u64, Status)> {
        let status = |m: &Message| match () {
            () if m.offered > 0 && !self.line.redirected => Status::Uncertain,
            () if m.owed => Status::Owed,
            () => Status::Unsent,
        };
        self.messages
            .iter()
            .map(|m| (m.number, status(m)))
            .collect()
    }

    pub(super) fn end(&self) -> Option<End> {
        let failed = |cause| match self.target {
            Some(target) if !self.line.answered => ("RedirectFailed", Some(target), cause),
            _ => (cause, None, cause),
        };
        self.reason.map(|reason| match reason {
            Reason::Fin if self.messages.is_empty() => ("eof", None, ""),
            Reason::Fin => failed("Uncertain"),
            Reason::Failed(cause) => failed(cause),
            Reason::Known(kind, target, detail) => (kind, target, detail),
        })
    }

    // --- Time ---

    /// Whether the deadline may strike now.
    pub(super) fn is_timed(&self) -> bool {
        match self.phase {
            Phase::Connecting | Phase::Judging => true,
            Phase::Connected => !self.is_greeted(),
            Phase::Holding | Phase::Settling | Phase::Ended => false,
        }
    }

    pub(super) fn pass(&mut self, time: u64) {
        self.now += time;
        let waits = self.messages.iter().any(|m| m.decided);
        let between = self.is_connected() && self.course.is_running() && !waits;
        let quiet = self.is_quiet();
        let thinks = between || self.phase == Phase::Holding;
        self.course.pass(time, self.is_timed() || thinks, quiet);
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.is_connected() && self.is_greeted() && self.messages.is_empty()
    }

    pub(super) fn expire(&mut self) {
        if !self.is_timed() || !self.course.has_run_out() {
            return;
        }
        let dialing = self.phase == Phase::Connecting;
        if self.is_connected() {
            self.course.leave(self.now);
        }
        let kind = if dialing { "ConnectFailed" } else { "Timeout" };
        self.finish(match self.redirect {
            Some((target, _)) => Reason::Known("RedirectDeadline", Some(target), ""),
            None => Reason::Known(kind, None, kind),
        });
    }

    // --- What the application says: whether it may, and what comes of it ---

    pub(super) fn send(&mut self, len: u32, never: bool) -> Option<u64> {
        let late = matches!(self.phase, Phase::Holding | Phase::Settling | Phase::Ended);
        if late || self.half_close || self.awaits_decision() || self.messages.len() >= ROOM {
            return None;
        }
        self.messages.push(Message {
            number: self.sent,
            len,
            never,
            owed: false,
            decided: true,
            offered: 0,
            complete_at: None,
        });
        self.sent += 1;
        Some(self.sent - 1)
    }

    fn may_decide(&self, hop: u32) -> bool {
        let time = matches!(
            self.phase,
            Phase::Connected | Phase::Connecting | Phase::Holding
        );
        time && hop as usize == self.course.hop() && self.awaits_decision()
    }

    pub(super) fn resend(&mut self, hop: u32) -> bool {
        if !self.may_decide(hop) {
            return false;
        }
        for message in &mut self.messages {
            message.decided = true;
            message.complete_at = None;
        }
        if self.phase == Phase::Holding {
            self.phase = Phase::Connecting;
        }
        true
    }

    pub(super) fn drop_owed(&mut self, hop: u32) -> bool {
        if !self.may_decide(hop) {
            return false;
        }
        self.messages.retain(|m| !m.owed || m.decided);
        self.release();
        if self.messages.is_empty() && self.half_close && !self.is_connected() {
            self.finish(Reason::Known("eof", None, ""));
        }
        true
    }

    pub(super) fn retire(&mut self, count: usize) -> bool {
        let over = self.phase == Phase::Ended;
        let late = !self.is_connected() || self.awaits_decision();
        if !self.terms.manual || over || count > self.retirable() {
            return false;
        }
        if count == 0 {
            return true;
        }
        let hop = self.messages[0].complete_at.expect("it is retirable");
        self.messages.drain(..count);
        self.release();
        if late {
            self.course.ended_at(hop, self.now);
        } else {
            self.course.end_episode();
        }
        self.line.answered |= hop == self.course.hop();
        self.after_retiring();
        true
    }

    fn after_retiring(&mut self) {
        let moved = self.phase == Phase::Connecting
            || (self.line.redirected && self.phase != Phase::Connected);
        if moved && self.half_close && self.messages.is_empty() {
            // EOP-HCL-3, whatever was said of the target.
            self.phase = Phase::Ended;
            self.reason = Some(Reason::Known("eof", None, ""));
        } else if self.phase == Phase::Settling {
            let of_an_episode = matches!(
                self.reason,
                Some(Reason::Known("RedirectLoop" | "TooManyRedirects", ..))
            );
            if of_an_episode {
                self.phase = Phase::Judging;
                self.reason = None;
            } else if self.retirable() == 0 {
                self.phase = Phase::Ended;
            }
        }
    }

    pub(super) fn half_close(&mut self) -> bool {
        let late = matches!(self.phase, Phase::Holding | Phase::Settling | Phase::Ended);
        if late || self.half_close {
            return false;
        }
        self.half_close = true;
        let moving = self.phase == Phase::Judging
            || (self.phase == Phase::Connecting && self.course.hop() > 0);
        if moving && self.messages.is_empty() {
            self.finish(Reason::Known("eof", None, ""));
        }
        true
    }

    pub(super) fn settle(&mut self) -> bool {
        let may = matches!(self.phase, Phase::Settling | Phase::Ended);
        if may {
            self.phase = Phase::Ended;
        }
        may
    }

    pub(super) fn close(&mut self) {
        self.phase = Phase::Ended;
        let _ = self.reason.get_or_insert(Reason::Known("closed", None, ""));
    }

    // --- What the network says ---

    /// Nobody asked for a connection, or nobody asks any more.
    fn answers_nothing(&self) -> bool {
        matches!(self.phase, Phase::Settling | Phase::Ended)
    }

    pub(super) fn connected(&mut self) -> bool {
        if self.phase != Phase::Connecting {
            return self.answers_nothing();
        }
        self.phase = Phase::Connected;
        self.line = Line::default();
        for message in &mut self.messages {
            message.offered = 0;
        }
        true
    }

    pub(super) fn connect_failed(&mut self, cause: &'static str) -> bool {
        if self.phase != Phase::Connecting {
            return self.answers_nothing();
        }
        self.fail(Reason::Failed(cause), true);
        true
    }

    pub(super) fn offer(&mut self, octets: u64) -> bool {
        let hop = self.course.hop();
        let Some(next) = self.next_to_offer() else {
            return false;
        };
        let message = &mut self.messages[next];
        let fits = octets <= message.frame_len() - message.offered;
        if fits {
            message.offered += octets;
            if message.is_offered() {
                message.complete_at = Some(hop);
            }
        }
        fits
    }

    pub(super) fn take_back(&mut self, octets: u64) -> bool {
        match self.phase {
            Phase::Connecting if self.course.hop() == 0 => return false,
            Phase::Settling | Phase::Ended => return false,
            Phase::Connecting | Phase::Judging | Phase::Holding => return true,
            Phase::Connected => {}
        }
        if !self.is_greeted() || self.line.half_closed {
            return false;
        }
        if octets == 0 {
            return true;
        }
        let Some(last) = self.messages.iter().rposition(|m| m.offered > 0) else {
            return false;
        };
        let answered =
            last == 0 && self.messages[0].is_offered() && self.line.arriving == Some(Kind::Answer);
        let message = &mut self.messages[last];
        if answered || octets > message.offered {
            return false;
        }
        message.offered -= octets;
        message.complete_at = None;
        true
    }

    pub(super) fn write_failed(&mut self) -> bool {
        match self.phase {
            Phase::Connecting => self.course.hop() > 0,
            Phase::Connected if !self.is_greeted() => false,
            Phase::Connected => {
                self.line.unwritable |= !self.line.half_closed;
                true
            }
            Phase::Judging | Phase::Holding | Phase::Settling | Phase::Ended => true,
        }
    }

    pub(super) fn half_closed(&mut self) -> bool {
        let may = self.may_half_close();
        self.line.half_closed |= may;
        may
    }

    pub(super) fn end_of_stream(&mut self) -> Option<&'static str> {
        if !self.is_connected() {
            return None;
        }
        if self.line.incoming.at_boundary() {
            self.fail(Reason::Fin, false);
            return None;
        }
        self.fail(Reason::Failed("TruncatedFrame"), false);
        Some("TruncatedFrame")
    }

    pub(super) fn lost(&mut self, cause: &'static str) {
        if self.is_connected() {
            self.fail(Reason::Failed(cause), false);
        }
    }

    /// Octets arrive. What they are, and the fault if the server made one.
    pub(super) fn receive(&mut self, octets: &[u8]) -> (Vec<Told>, Option<&'static str>) {
        let mut told = Vec::new();
        if !self.is_connected() {
            return (told, None);
        }
        self.line.incoming.arrive(octets);
        while self.is_connected()
            && let Some(seen) = self.line.incoming.look(LIMIT)
        {
            let fault = match seen {
                Seen::Fault(name) => Some(name),
                Seen::Head { target, len } => {
                    let is_message = target.is_none() || len > 0;
                    self.line.arriving = is_message.then(|| self.kind()).flatten();
                    let head = self.line.arriving.map(|kind| Told::Head(kind, len));
                    let unsolicited = is_message && head.is_none();
                    told.extend(head);
                    unsolicited.then_some("Unsolicited")
                }
                Seen::Whole(frame) => {
                    let kind = self.line.arriving.take();
                    let message = kind.map(|kind| (kind, self.deliver(kind)));
                    told.push(match (frame.target, message) {
                        (Some((addr, port)), message) => {
                            let to = SocketAddrV4::new(addr.into(), port);
                            self.note_redirect(to, message.is_some());
                            Told::Redirect(message, frame.payload)
                        }
                        (None, message) => {
                            let (kind, answers) = message.expect("or it had failed");
                            Told::Message(kind, answers, frame.payload)
                        }
                    });
                    None
                }
            };
            if let Some(name) = fault {
                self.fail(Reason::Failed(name), false);
                return (told, Some(name));
            }
        }
        (told, None)
    }

    /// What a message that begins now is (EOP-ACC-1, -4, -9, -13).
    fn kind(&self) -> Option<Kind> {
        if !self.is_greeted() {
            Some(Kind::Greeting)
        } else if self.terms.manual {
            Some(Kind::Plain)
        } else {
            let oldest = self.messages.first();
            oldest
                .is_some_and(Message::is_offered)
                .then_some(Kind::Answer)
        }
    }

    /// A message is whole. Which one it answers.
    fn deliver(&mut self, kind: Kind) -> Option<u64> {
        self.line.delivered += 1;
        (kind == Kind::Answer).then(|| {
            self.line.answered = true;
            self.course.end_episode();
            self.messages.remove(0).number
        })
    }

    fn note_redirect(&mut self, to: SocketAddrV4, late: bool) {
        self.course.leave(self.now);
        self.redirect = Some((to, late));
        self.line.redirected = true;
        for message in &mut self.messages {
            message.owed = true;
        }
        self.begin_hop();
        if self.half_close && self.messages.is_empty() {
            self.finish(Reason::Known("eof", None, ""));
            return;
        }
        self.phase = Phase::Judging;
        self.course.redirected(self.endpoint(), self.line.answered);
    }

    /// The target was judged. Whether it is followed.
    pub(super) fn judged(&mut self) -> bool {
        let Some((to, _)) = self.redirect else {
            return false;
        };
        let refusal = policy::refusal(&self.terms, self.endpoint(), to);
        let bound = self.course.refusal(to, self.now);
        if let Some(reason) = refusal {
            self.finish(Reason::Known("RedirectRefused", Some(to), reason));
            false
        } else if let Some(kind) = bound {
            self.finish(Reason::Known(kind, Some(to), ""));
            false
        } else {
            let held = self.half_close && self.retirable() > 0;
            self.target = Some(to);
            self.go(Some(to), false);
            if held {
                self.phase = Phase::Holding;
            }
            true
        }
    }

    /// The session goes to another endpoint.
    fn go(&mut self, to: Option<SocketAddrV4>, fallback: bool) {
        self.course.note(to, fallback, self.now);
        self.phase = Phase::Connecting;
        self.line.answered = false;
        self.begin_hop();
    }

    /// Which messages the next connection may have unasked (EOP-RSD-11, EOP-RSD-14, EOP-RSD-15).
    fn begin_hop(&mut self) {
        let mut octets = 0;
        let mut free = self.terms.budget.is_some();
        for message in &mut self.messages {
            octets += u64::from(message.len);
            if message.owed {
                free &= !message.never && self.terms.budget.is_some_and(|most| octets <= most);
            }
            message.decided = free;
        }
        self.release();
    }

    /// What is new follows what is owed, once that is decided.
    fn release(&mut self) {
        if !self.awaits_decision() {
            for message in &mut self.messages {
                message.decided = true;
            }
        }
    }

    /// The connection, or the attempt to make one, is over without a redirect.
    fn fail(&mut self, reason: Reason, connecting: bool) {
        if !connecting {
            self.course.leave(self.now);
        }
        let touched = !connecting && self.messages.iter().any(|m| m.offered > 0);
        let cleared = self.half_close && self.messages.is_empty();
        let clean = matches!(reason, Reason::Fin) && self.messages.is_empty();
        let handshake = matches!(reason, Reason::Failed("TlsFailed"));
        let falls_back = self.terms.fallback
            && self.target.is_some()
            && !(touched || cleared || clean || handshake)
            && self.course.may_fall_back(self.now);
        if falls_back {
            self.target = None;
            self.go(self.endpoint(), true);
        } else {
            self.finish(reason);
        }
    }

    fn finish(&mut self, reason: Reason) {
        let eof = matches!(reason, Reason::Known("eof", ..));
        self.phase = if self.retirable() > 0 && !eof {
            Phase::Settling
        } else {
            Phase::Ended
        };
        self.reason = Some(reason);
    }
}
