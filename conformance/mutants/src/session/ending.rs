//! How a session ends: lost connections, fallback, what is reported, and the clocks.

use std::net::SocketAddrV4;
use std::time::Instant;

use super::connection::{Link, Place, SETTLING};
use super::{Message, Offered, Session};
use crate::command::{Discipline, Fallback};
use crate::frame::{Kind, Outgoing};
use crate::payload::Payload;
use crate::table::Fault;

/// How a session ends, before it is known what that means for what is outstanding.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// The server's FIN at a frame boundary.
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

/// Whether the peer broke a rule.
fn is_blame(end: End) -> bool {
    let End::Failure(kind) = end else {
        return false;
    };
    let kinds = [
        Kind::NotEop,
        Kind::UnknownOpcode,
        Kind::ByteOrderMismatch,
        Kind::MessageTooLarge,
        Kind::TruncatedFrame,
        Kind::Unsolicited,
        Kind::Timeout,
    ];
    kinds.contains(&kind)
}

impl Session {
    /// The connection ended without a REDIRECT.
    pub(super) fn lost(&mut self, end: End) {
        let now = Instant::now();
        let connected = matches!(self.link, Link::Up(_));
        let late = self.moves.is_late(&self.settings, now)
            && !self.fault.has(Fault::FallbackAtDeadline)
            && !(connected && self.fault.has(Fault::FallbackLate));
        self.blame(end);
        let clean = matches!(end, End::Fin)
            && self.queue.is_empty()
            && !self.fault.has(Fault::FallbackFromCleanEnd);
        if !clean && self.retries(end) {
            return;
        }
        let newest = self.queue.len().saturating_sub(1);
        let from = if self.fault.has(Fault::FallbackByNewest) {
            newest
        } else {
            0
        };
        let unoffered = |message: &Message| match message.offered {
            Offered::Nothing => true,
            Offered::Part => self.fault.has(Fault::FallbackWithPart),
            Offered::Whole => false,
        };
        let offered = !self.queue.iter().skip(from).all(unoffered);
        let asked =
            self.settings.fallback == Fallback::Home || self.fault.has(Fault::FallbackUnasked);
        let refused = matches!(end, End::Failure(Kind::ConnectFailed));
        let safe = (!offered || self.fault.has(Fault::FallbackWithOffered))
            && (refused || !self.fault.has(Fault::FallbackOnlyRefused));
        let failed = self.place.target && !self.place.answered && !clean;
        let done = self.half_closed && self.queue.is_empty();
        let asked = asked && (!done || self.fault.has(Fault::FallbackForNothing));
        let over = self.place.target && !clean && !self.moves.in_episode();
        if asked && safe && over && self.fault.has(Fault::FallbackAnytime) {
            return self.return_home();
        }
        let shaken = !matches!(end, End::Failure(Kind::TlsFailed))
            || self.fault.has(Fault::FailedHandshakeLeadsHome);
        if asked && safe && failed && shaken && !late {
            match self.moves.fall_back(self.home, &self.settings, now) {
                Ok(true) => return self.return_home(),
                Ok(false) => {}
                Err(kind) => {
                    return self.end(End::NotMoved {
                        kind,
                        target: self.home,
                        reason: None,
                    });
                }
            }
        }
        self.end(end);
    }

    pub(super) fn return_home(&mut self) {
        self.hop += 1;
        self.baggage.failed = Some(self.place.endpoint);
        if self.fault.has(Fault::FallbackForgetsNew) {
            self.queue.retain(|message| message.owed);
        }
        self.offer_again();
        self.hold();
        if self.fault.has(Fault::FallbackRedirected) {
            let (home, owed, hop) = (self.home, self.queue.len(), self.hop);
            self.say(&format!(
                "redirected {home} owed={owed} late=0 hop={hop} resend=automatic"
            ));
        }
        self.link = Link::Over;
        let now = Instant::now();
        let place = if self.fault.has(Fault::FallbackAsTarget) {
            Place::target(self.home, now)
        } else {
            Place::home(self.home, now)
        };
        self.connect(place, None);
    }

    fn offer_again(&mut self) {
        for message in &mut self.queue {
            message.offered = Offered::Nothing;
        }
    }

    /// Whether a faulty client connects once more instead.
    fn retries(&mut self, end: End) -> bool {
        let offered = self
            .queue
            .iter()
            .any(|message| message.offered != Offered::Nothing);
        let again = self.fault.has(Fault::UncertainResent) && offered
            || self.fault.has(Fault::TargetRetried) && self.place.target && !offered;
        if !again || self.baggage.retried || matches!(end, End::NotMoved { .. }) {
            return false;
        }
        self.baggage.retried = true;
        self.offer_again();
        self.link = Link::Over;
        self.connect(self.place, None);
        true
    }

    /// A protocol error ends the connection at once, without another octet (EOP-ERR-1, EOP-ERR-2).
    fn blame(&mut self, end: End) {
        if !is_blame(end) {
            return;
        }
        self.baggage.upset = self.fault.has(Fault::ErrorEverywhere);
        let Link::Up(connection) = std::mem::replace(&mut self.link, Link::Over) else {
            return;
        };
        if self.fault.has(Fault::ErrorAnswered) {
            let _ = Outgoing::message(Payload::text("error"), self.fault).write(&connection.stream);
        }
        if self.fault.has(Fault::ErrorLingers) {
            self.baggage.kept.push(connection.stream);
        }
    }

    pub(super) fn end(&mut self, end: End) {
        let delivered = self.delivered && !self.fault.has(Fault::SettlesIfNothingLeft);
        let unsettled = delivered || !self.queue.is_empty();
        let manual = self.settings.discipline == Discipline::Manual;
        if manual && unsettled && !self.fault.has(Fault::SettlesAtOnce) {
            let patience = if self.fault.has(Fault::SettlesWhenTold) {
                60 * SETTLING
            } else {
                SETTLING
            };
            let lossy = matches!(end, End::Fin) && !self.queue.is_empty();
            let end = if lossy && self.fault.has(Fault::FinIsFinal) {
                End::Failure(Kind::Uncertain)
            } else {
                end
            };
            self.baggage.unanswered = !self.place.answered;
            self.keep(Fault::KeptWhileSettling);
            self.link = Link::Settling {
                end,
                until: Instant::now() + patience,
            };
            self.synced();
        } else {
            self.finish(end);
        }
    }

    /// Manual: all that a REDIRECT had left turned out to be answered, and there is no more (EOP-HCL-3).
    pub(super) fn end_unmoved(&mut self) {
        match &mut self.link {
            Link::Settling {
                end: end @ End::NotMoved { .. },
                ..
            } => *end = End::Done,
            Link::Up(_) if self.fault.has(Fault::ClearedTargetLeft) => self.end(End::Done),
            Link::Settling { .. } | Link::Over | Link::Up(_) => {}
            Link::Dialling { .. } => self.end_if_cleared(),
        }
    }

    /// Manual: what was retired was answered before the REDIRECT that was refused, and ended the episode then.
    pub(super) fn judge_again(&mut self, moved_since: u32, now: Instant) {
        let Link::Settling {
            end:
                End::NotMoved {
                    kind: Kind::RedirectLoop | Kind::TooManyRedirects,
                    target,
                    ..
                },
            until,
        } = self.link
        else {
            return;
        };
        if self.fault.has(Fault::JudgedOnce) {
            return;
        }
        self.place.answered |= moved_since == 0;
        match self.decision(target, None, now) {
            Ok(()) => self.depart(target, self.late, now),
            Err(end) => self.link = Link::Settling { end, until },
        }
    }

    /// What a client with this fault does with the connection of a session that is over: it does not close it.
    fn keep(&mut self, fault: Fault) {
        if self.fault.has(fault)
            && let Link::Up(connection) = std::mem::replace(&mut self.link, Link::Over)
        {
            self.baggage.kept.push(connection.stream);
        }
    }

    pub(super) fn finish(&mut self, end: End) {
        self.keep(Fault::KeptAtTheEnd);
        self.link = Link::Over;
        self.synced();
        if matches!(end, End::Closed) && self.fault.has(Fault::ClosedUnsentUncounted) {
            self.queue
                .retain(|message| message.owed || message.offered != Offered::Nothing);
        }
        let report = match end {
            End::Fin => self.fin(),
            End::Failure(kind) => self.failure(kind),
            End::NotMoved {
                kind,
                target,
                reason,
            } => {
                let reason = reason.filter(|_| !self.fault.has(Fault::ReasonMissing));
                let reason = reason.map(|reason| format!(" reason={reason}"));
                format!(
                    "{} target={target}{}",
                    kind.name(),
                    reason.unwrap_or_default()
                )
            }
            End::Done => Kind::Eof.name().to_owned(),
            End::Closed if self.fault.has(Fault::CloseAsEnd) => Kind::Eof.name().to_owned(),
            End::Closed => Kind::Closed.name().to_owned(),
        };
        let counts = if self.fault.has(Fault::CountsMissing) {
            String::new()
        } else {
            self.counts()
        };
        if self.fault.has(Fault::EndUnreported) {
            return;
        }
        self.say(&format!("ended {report}{counts}"));
        if self.fault.has(Fault::EndsTwice) {
            self.say(&format!("ended {report}{counts}"));
        }
        if self.fault.has(Fault::SpeaksAfterEnd) {
            self.say("synced after-the-end");
        }
    }

    /// What the server's FIN at a frame boundary means (EOP-HCL-4, EOP-FAI-6, EOP-RSD-8).
    fn fin(&self) -> String {
        let clean = self.queue.is_empty();
        if clean
            && self.place.target
            && !self.place.answered
            && self.fault.has(Fault::CleanEndAtTargetFails)
        {
            self.failure(Kind::Uncertain)
        } else if clean && self.fault.has(Fault::CleanEndFails) {
            Kind::Uncertain.name().to_owned()
        } else if clean || self.fault.has(Fault::OutstandingAsEnd) {
            Kind::Eof.name().to_owned()
        } else {
            self.failure(Kind::Uncertain)
        }
    }

    /// At a target that has not answered yet, every failure is the redirect's (EOP-DRV-11).
    fn failure(&self, kind: Kind) -> String {
        let Place {
            endpoint,
            target,
            answered,
            ..
        } = self.place;
        let elsewhere = self.baggage.answered > 0 && self.fault.has(Fault::AnsweredElsewhere);
        let answered =
            answered && !(self.baggage.unanswered && self.fault.has(Fault::FailedForGood));
        if !target || answered || elsewhere || self.fault.has(Fault::FailureBare) {
            return kind.name().to_owned();
        }
        let cause = if self.fault.has(Fault::CauseMisnamed) {
            Kind::ConnectFailed
        } else if kind == Kind::TruncatedFrame && self.fault.has(Fault::TruncatedAtTargetUncertain)
        {
            Kind::Uncertain
        } else {
            kind
        };
        let named = format!(" target={endpoint} cause={}", cause.name());
        let named = if self.fault.has(Fault::TargetUnnamed) {
            String::new()
        } else {
            named
        };
        format!("{}{named}", Kind::RedirectFailed.name())
    }

    /// EOP-RSD-8, EOP-FAI-2.
    fn counts(&self) -> String {
        let [mut owed, mut unsent, mut uncertain] = [0; 3];
        if self.fault.has(Fault::DroppedReported) {
            owed += self.baggage.dropped;
        }
        let begun = self
            .queue
            .iter()
            .any(|message| message.offered != Offered::Nothing);
        let behind_owed = self.queue.front().is_some_and(|oldest| oldest.owed);
        for message in &self.queue {
            match self.offered_for_the_count(message) {
                Offered::Part | Offered::Whole
                    if message.owed && self.fault.has(Fault::ResentAsOwed) =>
                {
                    owed += 1
                }
                Offered::Part | Offered::Whole => uncertain += 1,
                Offered::Nothing if begun && self.fault.has(Fault::AllUncertain) => uncertain += 1,
                Offered::Nothing if message.owed && self.fault.has(Fault::OwedAsUncertain) => {
                    uncertain += 1
                }
                Offered::Nothing if behind_owed && self.fault.has(Fault::NewAsOwed) => owed += 1,
                Offered::Nothing if message.owed && !self.fault.has(Fault::OwedAsUnsent) => {
                    owed += 1
                }
                Offered::Nothing => unsent += 1,
            }
        }
        format!(" owed={owed} unsent={unsent} uncertain={uncertain}")
    }

    fn offered_for_the_count(&self, message: &Message) -> Offered {
        match message.offered {
            Offered::Part if self.fault.has(Fault::PartAsUnsent) => Offered::Nothing,
            Offered::Whole if self.fault.has(Fault::UncertainAsUnsent) => Offered::Nothing,
            Offered::Nothing if self.fault.has(Fault::UnsentAsUncertain) => Offered::Whole,
            offered @ (Offered::Nothing | Offered::Part | Offered::Whole) => offered,
        }
    }

    // ---- time

    /// The deadline's clock stands still while an answer is awaited (EOP-EPI-6).
    pub(super) fn hold_clock(&mut self, now: Instant) {
        let up = matches!(self.link, Link::Up(_));
        let awaits = self
            .queue
            .iter()
            .any(|message| message.offered != Offered::Nothing);
        self.moves.hold_clock(up && awaits, now);
    }

    /// When a bound passes if nothing happens before, and what the session ends with then.
    fn bound(&self) -> Option<(Instant, End)> {
        let deadline = self.deadline();
        match &self.link {
            Link::Dialling { stream, .. } => {
                let episode = self.moves.in_episode();
                let unbounded = episode && self.fault.has(Fault::DeadlineNotConnecting)
                    || !episode && self.fault.has(Fault::HomeDeadlineNotConnecting)
                    || stream.is_shaking() && self.fault.has(Fault::ShakesForEver);
                deadline.filter(|_| !unbounded)
            }
            Link::Up(connection) => {
                let header = connection
                    .inbox
                    .header_since()
                    .map(|since| since + self.settings.header);
                let untimed = self.place.target && self.fault.has(Fault::HeaderTimerAtHomeOnly);
                let header = header
                    .filter(|_| !untimed)
                    .map(|until| (until, End::Failure(Kind::Timeout)));
                let held = |message: &Message| message.offered == Offered::Nothing;
                let held = self.fault.has(Fault::HeldBackStalls) && self.queue.iter().any(held);
                let writes = (connection.out.is_some() || held) && !connection.broken;
                let patient = self.place.target && self.fault.has(Fault::StallAtHomeOnly)
                    || self.fault.has(Fault::StallMissing);
                let stall = (
                    connection.progress + self.settings.stall,
                    End::Failure(Kind::Stall),
                );
                let stall = (writes && !patient).then_some(stall);
                let hurried = self.moves.is_hurried() || self.fault.has(Fault::DeadlineWhileIdle);
                let hurried = hurried && self.moves.in_episode();
                let endures = !self.moves.in_episode()
                    && self.settings.greeting > 0
                    && self.fault.has(Fault::HomeDeadlineEndures);
                let greetings = deadline.filter(|_| connection.greetings > 0 || hurried || endures);
                let bounds = [header, stall, greetings].into_iter().flatten();
                bounds.min_by_key(|bound| bound.0)
            }
            Link::Settling { end, until } => Some((*until, *end)),
            Link::Over => None,
        }
    }

    /// The one deadline of connecting and greetings (EOP-EPI-5, EOP-EPI-9).
    fn deadline(&self) -> Option<(Instant, End)> {
        let target = self.place.endpoint;
        if self.moves.in_episode() {
            let until = self.moves.deadline(&self.settings)?;
            if self.fault.has(Fault::DeadlineMisnamed) {
                return Some((until, End::Failure(Kind::Timeout)));
            }
            let kind = Kind::RedirectDeadline;
            return Some((
                until,
                End::NotMoved {
                    kind,
                    target,
                    reason: None,
                },
            ));
        }
        let until = self.place.since + self.settings.deadline;
        let greets =
            matches!(self.link, Link::Up(_)) && !self.fault.has(Fault::HomeDeadlineMisnamed);
        let kind = if greets {
            Kind::Timeout
        } else {
            Kind::ConnectFailed
        };
        (!self.fault.has(Fault::HomeDeadlineMissing)).then_some((until, End::Failure(kind)))
    }

    /// When the session has to be looked at even if nothing happens.
    pub(crate) fn wake(&self) -> Option<Instant> {
        let idle = self.idle_since.map(|since| since + self.settings.episode);
        let bound = self.bound().map(|bound| bound.0);
        let late = self.baggage.backlog.front().map(|late| late.0);
        bound.into_iter().chain(idle).chain(late).min()
    }

    pub(super) fn clocks(&mut self, now: Instant) {
        self.hold_clock(now);
        if let Some((_, end)) = self.bound().filter(|bound| bound.0 <= now) {
            match (&self.link, end) {
                (Link::Settling { .. }, end) => self.finish(end),
                (Link::Dialling { .. } | Link::Up(_) | Link::Over, end) => self.lost(end),
            }
        }
        let idle = match &self.link {
            Link::Up(connection) => {
                let greeted =
                    connection.greetings == 0 || self.fault.has(Fault::UngreetedEndsEpisode);
                let quiet = self.queue.is_empty() || self.fault.has(Fault::BusyEndsEpisode);
                greeted && quiet && self.moves.in_episode()
            }
            Link::Dialling { .. } | Link::Settling { .. } | Link::Over => false,
        };
        self.idle_since = if idle {
            let since = if self.fault.has(Fault::QuietFromConnecting) {
                self.place.since
            } else {
                now
            };
            self.idle_since.or(Some(since))
        } else {
            None
        };
        let over = self
            .idle_since
            .is_some_and(|since| now >= since + self.settings.episode);
        if over {
            self.idle_since = None;
            self.moves.pause();
        }
    }
}
