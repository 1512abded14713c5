//! What the server says: answers, greetings, redirects.

use std::net::SocketAddrV4;
use std::time::Instant;

use super::connection::{Link, Place};
use super::ending::End;
use super::{Offered, Session};
use crate::command::{Discipline, Fallback, Order, Resend};
use crate::frame::{Frame, Kind, Next, Outgoing};
use crate::payload::{Payload, body, hex};
use crate::policy::{Cleartext, Move, refusal};
use crate::socket::dial;
use crate::stream::Stream;
use crate::table::Fault;

/// A REDIRECT that a faulty client acts on later than at once.
pub(super) struct Deferred {
    until: Until,
    target: SocketAddrV4,
    payload: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The stream has ended.
    Fin,
    /// What is being sent is completely offered.
    Offered,
    Never,
}

impl Session {
    pub(super) fn message(&mut self, payload: &[u8]) {
        match self.account(payload, false) {
            Some(report) => self.say(&report),
            None => self.unsolicited(payload),
        }
    }

    /// EOP-ACC-10.
    fn unsolicited(&mut self, payload: &[u8]) {
        if self.fault.has(Fault::UnsolicitedDelivered) {
            self.say(&format!(
                "message {} outstanding={} greeting=0",
                body(payload),
                self.queue.len()
            ));
        }
        if let Link::Up(connection) = &mut self.link
            && self.fault.has(Fault::MovesBehindUnsolicited)
            && let Next::Frame(Frame::Redirect { target, payload }) = connection.inbox.next()
        {
            return self.redirect(target, payload, Instant::now());
        }
        self.lost(End::Failure(Kind::Unsolicited));
    }

    /// Accounts for a message: its report, or `None` if it answers nothing that was completely offered (EOP-ACC-9).
    /// `late`: it is the payload of a REDIRECT.
    fn account(&mut self, payload: &[u8], late: bool) -> Option<String> {
        let Link::Up(connection) = &mut self.link else {
            return None;
        };
        let uncounted = late && self.fault.has(Fault::LateGreetingUncounted)
            || payload.is_empty() && self.fault.has(Fault::EmptyGreetingUncounted);
        let greets = connection.greetings > 0 && !uncounted;
        if greets {
            connection.greetings -= 1;
            if self.fault.has(Fault::GreetingAsAnswer) {
                self.queue.pop_front();
            }
            let last = connection.greetings == 0;
            if self.fault.has(Fault::GreetingEndsEpisode)
                || late && self.fault.has(Fault::LateGreetingEndsEpisode)
            {
                self.moves.end_episode();
            }
            self.place.answered |= self.place.target && self.fault.has(Fault::GreetingIsAnswer);
            if self.fault.has(Fault::HomeDeadlinePerGreeting) {
                self.place.since = Instant::now();
            }
            if last && self.fault.has(Fault::GreetingFlushes) {
                self.write(Instant::now(), true);
            }
        } else {
            match self.settings.discipline {
                Discipline::Paired => self.answer(late)?,
                Discipline::Manual => self.hear(late)?,
            }
        }
        self.delivered = true;
        let body = if self.fault.has(Fault::BodyWhole) {
            hex(payload)
        } else {
            body(payload)
        };
        let stale = usize::from(!greets && self.fault.has(Fault::OutstandingBefore));
        let outstanding = self.queue.len() + stale;
        Some(format!(
            "message {body} outstanding={outstanding} greeting={}",
            u8::from(greets)
        ))
    }

    /// Paired: the message answers the oldest outstanding one (EOP-ACC-1).
    fn answer(&mut self, late: bool) -> Option<()> {
        let owed = self.queue.front().is_some_and(|oldest| oldest.owed);
        let answers = match self.queue.front().map(|oldest| oldest.offered) {
            Some(Offered::Whole) => true,
            Some(Offered::Nothing) if owed && self.fault.has(Fault::OwedAnswered) => true,
            Some(Offered::Part | Offered::Nothing) => {
                self.fault.has(Fault::UnofferedAnswered)
                    || late && self.fault.has(Fault::UnofferedAnsweredLate)
            }
            None => {
                self.fault.has(Fault::UnsolicitedTaken)
                    || self.place.target && self.fault.has(Fault::UnsolicitedAtTargetTaken)
            }
        };
        if !answers {
            return None;
        }
        let unaccounted = late && self.fault.has(Fault::LateAnswersNothing);
        if !unaccounted {
            let newest = self.fault.has(Fault::AnswersNewest);
            let answered = if newest {
                self.queue.pop_back()
            } else {
                self.queue.pop_front()
            };
            let length = answered.as_ref().map(|message| message.payload.length());
            self.baggage.answered += u64::from(length.unwrap_or(0));
            self.baggage.last_answered = answered;
        }
        self.place.answered = true;
        if !self.fault.has(Fault::AnswerKeepsEpisode) {
            self.moves.end_episode();
        }
        Some(())
    }

    /// Manual: the message is delivered, whatever it answers (EOP-ACC-13).
    fn hear(&mut self, late: bool) -> Option<()> {
        let unasked = self.queue.is_empty();
        if unasked && !late && self.fault.has(Fault::ManualUnsolicitedRefused) {
            return None;
        }
        if unasked && late && self.fault.has(Fault::ManualPayloadRefused) {
            return None;
        }
        if self.fault.has(Fault::ManualRetiresItself) {
            self.queue.pop_front();
        }
        if self.fault.has(Fault::PayloadEndsEpisode) {
            self.moves.end_episode();
        }
        self.place.answered |= self.place.target && self.fault.has(Fault::NewsIsAnswer);
        Some(())
    }

    // ---- redirects

    pub(super) fn redirect(&mut self, target: SocketAddrV4, payload: Vec<u8>, now: Instant) {
        let Link::Up(connection) = &self.link else {
            return;
        };
        let busy = connection.out.is_some();
        let until = if self.fault.has(Fault::WaitsForFin) {
            Some(Until::Fin)
        } else if busy && self.fault.has(Fault::FinishesMessage) {
            Some(Until::Offered)
        } else if payload.is_empty()
            && self.queue.is_empty()
            && self.fault.has(Fault::IdleRedirectIgnored)
        {
            Some(Until::Never)
        } else {
            None
        };
        match until {
            Some(until) => {
                self.baggage.deferred = Some(Deferred {
                    until,
                    target,
                    payload,
                })
            }
            None => self.follow(target, &payload, now),
        }
    }

    /// The stream ended: a REDIRECT that was put off is due.
    pub(super) fn resume_redirect(&mut self, now: Instant) {
        let due = self
            .baggage
            .deferred
            .take_if(|deferred| deferred.until != Until::Never);
        if let Some(Deferred {
            target, payload, ..
        }) = due
        {
            self.follow(target, &payload, now);
        }
    }

    /// A message is completely offered.
    pub(super) fn offered(&mut self, now: Instant) {
        self.baggage.outgoing = None;
        let due = self
            .baggage
            .deferred
            .take_if(|deferred| deferred.until == Until::Offered);
        if let Some(Deferred {
            target, payload, ..
        }) = due
        {
            self.follow(target, &payload, now);
        }
    }

    /// Acts on a complete REDIRECT.
    fn follow(&mut self, target: SocketAddrV4, payload: &[u8], now: Instant) {
        self.hold_clock(now);
        let Link::Up(connection) = &mut self.link else {
            return;
        };
        let late = !payload.is_empty();
        self.late = late;
        let greets = connection.greetings > 0;
        if self.fault.has(Fault::RedirectEchoed) {
            let _ =
                Outgoing::redirect(target, Payload::empty(), self.fault).write(&connection.stream);
        }
        if greets && !late && self.fault.has(Fault::GreetingRequired) {
            return self.lost(End::Failure(Kind::Unsolicited));
        }
        if !late && self.fault.has(Fault::EarlyAnswers) {
            self.queue.pop_front();
        }
        let target = self.last_target(target);
        let mut report = if late {
            self.account(payload, true)
        } else {
            None
        };
        if late && report.is_none() && !self.fault.has(Fault::UnsolicitedMoves) {
            return self.unsolicited(payload);
        }
        let refused = self.refused(target);
        if self.fault.has(Fault::RedirectPayloadDropped)
            || refused.is_some() && self.fault.has(Fault::RefusedPayloadDropped)
        {
            report = None;
        }
        if self.fault.has(Fault::RedirectPayloadLate) {
            self.baggage.postponed = report.take();
        }
        let afterwards = self.fault.has(Fault::RedirectBeforePayload);
        if let Some(report) = report.take_if(|_| !afterwards) {
            self.say(&report);
            if self.fault.has(Fault::LateDeliveredTwice) {
                self.say(&report);
            }
        }
        if late && greets && self.fault.has(Fault::LateGreetingUnmoved) {
            return;
        }
        self.read_on();
        if !self.queue.is_empty() && self.fault.has(Fault::RedirectAsFailure) {
            return self.lost(End::Failure(Kind::Uncertain));
        }
        self.owe();
        if self.half_closed && self.queue.is_empty() && !self.fault.has(Fault::HalfClosedMove) {
            let judged = match refused {
                Some(_) => self.fault.has(Fault::HalfClosedRefuses),
                None => self.fault.has(Fault::HalfClosedBounded),
            };
            let judgement = if judged {
                self.decision(target, refused, now)
            } else {
                Ok(())
            };
            return self.end(judgement.err().unwrap_or(End::Done));
        }
        match self.decision(target, refused, now) {
            Ok(()) => self.depart(target, late, now),
            Err(end) => {
                if self.fault.has(Fault::UnmovedKeepsOpen)
                    && let Link::Up(connection) = std::mem::replace(&mut self.link, Link::Over)
                {
                    self.baggage.kept.push(connection.stream);
                }
                if self.settings.fallback == Fallback::Home
                    && self.fault.has(Fault::FallbackWhenRefused)
                {
                    return self.return_home();
                }
                self.end(end);
            }
        }
        if let Some(report) = report {
            self.say(&report);
        }
    }

    /// The target that counts: what follows a complete REDIRECT is not looked at (EOP-RED-9).
    fn last_target(&mut self, mut target: SocketAddrV4) -> SocketAddrV4 {
        let Link::Up(connection) = &mut self.link else {
            return target;
        };
        if self.fault.has(Fault::SecondRedirectFollowed) {
            while let Next::Frame(frame) = connection.inbox.next() {
                if let Frame::Redirect { target: next, .. } = frame {
                    target = next;
                }
            }
        }
        target
    }

    fn read_on(&mut self) {
        if !self.fault.has(Fault::ReadsOnAfterRedirect) {
            return;
        }
        while let Link::Up(connection) = &mut self.link {
            let Next::Frame(Frame::Message(payload)) = connection.inbox.next() else {
                return;
            };
            self.message(&payload);
        }
    }

    fn refused(&self, target: SocketAddrV4) -> Option<&'static str> {
        if self.hop > 0 && self.fault.has(Fault::SecondHopUnchecked) {
            return None;
        }
        let failed = self.baggage.failed;
        let failed = failed.filter(|_| self.fault.has(Fault::SecureOfFailedTarget));
        let asked = Move {
            home: self.home,
            from: failed.unwrap_or(self.place.endpoint),
            target,
        };
        // Over TLS there is no cleartext move, and `paper` refuses nothing else.
        let policy = match self.tls.is_none() || self.fault.has(Fault::SecureOverTls) {
            true => self.settings.policy,
            false => Cleartext::Paper,
        };
        refusal(asked, policy, &self.settings.allow, self.fault)
    }

    /// The policy, then the bounds (EOP-POL-9).
    pub(super) fn decision(
        &mut self,
        target: SocketAddrV4,
        refused: Option<&'static str>,
        now: Instant,
    ) -> Result<(), End> {
        let not_moved = |kind, reason| End::NotMoved {
            kind,
            target,
            reason,
        };
        let refused = refused.map(|reason| not_moved(Kind::RedirectRefused, Some(reason)));
        if let Some(refused) = refused
            && self.fault.has(Fault::RefusedDialled)
        {
            self.baggage.kept.extend(
                self.dialled(target)
                    .0
                    .and_then(|dialled| dial(dialled).ok())
                    .map(|tcp| Stream::new(tcp, None)),
            );
            return Err(refused);
        }
        let first = refused.filter(|_| !self.fault.has(Fault::BoundsBeforePolicy));
        first.map_or(Ok(()), Err)?;
        if !self.moves.in_episode() && self.fault.has(Fault::HopPerEpisode) {
            self.hop = 0;
        }
        let Place {
            endpoint, answered, ..
        } = self.place;
        let asked_again = !self.queue.is_empty() && self.fault.has(Fault::AskedAgainVisited);
        let answered = answered && !asked_again;
        let followed = self
            .moves
            .follow(endpoint, answered, target, &self.settings, now);
        followed.map_err(|kind| not_moved(kind, None))?;
        refused.map_or(Ok(()), Err)
    }

    /// Leaves for the target (EOP-CLS-8, EOP-CLS-9).
    pub(super) fn depart(&mut self, target: SocketAddrV4, late: bool, now: Instant) {
        self.hop += 1;
        if late && self.fault.has(Fault::LateUncounted) {
            self.moves.uncount();
        }
        let asks = self.settings.resend == Resend::Explicit
            && self.fault.has(Fault::DecidesWithNothingOwed);
        let hop = self.hop - u32::from(self.fault.has(Fault::HopBefore));
        let resend = if self.undecided || asks {
            "explicit"
        } else {
            "automatic"
        };
        let owed = if self.fault.has(Fault::OwedUncounted) {
            0
        } else {
            self.queue.len()
        };
        self.say(&format!(
            "redirected {target} owed={owed} late={} hop={hop} resend={resend}",
            u8::from(late)
        ));
        let second = self.hop > 1 && self.fault.has(Fault::HalfCloseOnce);
        if self.fault.has(Fault::HalfCloseForgotten) || second {
            self.half_closed = false;
        }
        let mut old = None;
        if let Link::Up(mut connection) = std::mem::replace(&mut self.link, Link::Over) {
            if self.fault.has(Fault::ResendRestOnly) {
                self.baggage.carried = connection.out.take();
            }
            if self.fault.has(Fault::GreetingsCarried) && connection.greetings > 0 {
                self.baggage.greetings = Some(connection.greetings);
            }
            if self.fault.has(Fault::LeftoversCarried) {
                self.baggage.leftover = connection.inbox.take_all();
            }
            old = Some(connection.stream);
        }
        let idle = !late && self.queue.is_empty();
        if self.fault.has(Fault::OldConnectionKept)
            || late && self.fault.has(Fault::OldKeptWhenLate)
            || idle && self.fault.has(Fault::OldKeptWhenIdle)
        {
            self.baggage.kept.extend(old.take());
        }
        if self.fault.has(Fault::NewFirstUnasked)
            || self.hop > 1 && self.fault.has(Fault::NewFirstLater)
        {
            self.baggage.outgoing = old.take();
        }
        // What is not carried over is closed here.
        let waits =
            self.settings.order == Order::NewFirst && !self.fault.has(Fault::NewFirstIgnored);
        let old = old.filter(|_| waits);
        self.connect(Place::target(target, now), old);
    }
}
