//! Which redirects are followed, and how far: verdicts, bounds, deadlines. Octets may never come in.

use super::{
    Cause, Clock, End, Episode, Judged, Misuse, On, Place, Reason, Redirect, Redirected, Session,
    State,
};
use crate::policy::{self, Refusal};
use crate::service::Discipline;

impl<const N: usize> Session<N> {
    /// The verdict on the target of a redirect, as [`Want::Judge`](super::Want::Judge) asked. The bounds of the
    /// session come after it (EOP-POL-9), and no verdict lifts EOP-POL-1.
    ///
    /// # Errors
    /// [`Misuse`] if no target is to be judged.
    pub fn judged(&mut self, verdict: Result<(), Refusal>, now: u64) -> Result<Judged, Misuse> {
        let asked = if verdict.is_ok() {
            On::Follow
        } else {
            On::Reject
        };
        let Some(_) = self.permit(asked)? else {
            return Ok(Judged::NotFollowed);
        };
        let Some(redirect) = self.redirect else {
            return Ok(Judged::NotFollowed);
        };
        let rejected = self.rejected(redirect, verdict, now);
        let on = match rejected {
            Some(_) if self.provisional > 0 => On::RejectProvisional,
            Some(_) => On::Reject,
            None if self.is_held() => On::FollowHeld,
            None => On::Follow,
        };
        let Some(state) = self.permit(on)? else {
            return Ok(Judged::NotFollowed);
        };
        if let Some(end) = rejected {
            self.finish(state, Reason::Known(end), now);
            return Ok(Judged::NotFollowed);
        }
        let owed = self.outbox.owed();
        self.episode.follow(redirect.to);
        self.place = Place::Target(redirect.to);
        self.move_on(state, now);
        Ok(Judged::Followed(Redirected {
            target: redirect.to,
            owed,
            late: redirect.late,
            hop: self.hop,
            decide: self.outbox.undecided(),
        }))
    }

    /// Time passed. To be called when [`deadline`](Self::deadline) is reached; earlier it means nothing.
    pub fn expire(&mut self, now: u64) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if self.is_connected() {
            self.note_provisional(now);
            self.client.lost();
        }
        let end = match (self.redirect, self.state) {
            (Some(redirect), _) => End::RedirectDeadline {
                target: redirect.to,
            },
            (None, State::Dialing) => End::Failed(Cause::ConnectFailed),
            (None, _) => End::Failed(Cause::Timeout),
        };
        let on = if self.provisional > 0 {
            On::ExpireProvisional
        } else {
            On::Expire
        };
        if let Ok(Some(state)) = self.permit(on) {
            self.finish(state, Reason::Known(end), now);
        }
    }

    /// Why the redirect is not followed, if it is not.
    fn rejected(&self, redirect: Redirect, verdict: Result<(), Refusal>, now: u64) -> Option<End> {
        let target = redirect.to;
        let bounds = &self.config.bounds;
        let refusal = policy::never(target).or(verdict.err());
        if let Some(refusal) = refusal {
            Some(End::RedirectRefused {
                target,
                reason: refusal,
            })
        } else if bounds.redirects == 0 {
            Some(End::NotFollowed { target })
        } else if self.episode.has_seen(target) {
            Some(End::RedirectLoop { target })
        } else if self.episode.hops() >= bounds.redirects
            || !self.pace.allows(bounds.moves, bounds.moves_window, now)
        {
            Some(End::TooManyRedirects { target })
        } else if self.clock.has_run_out(now) {
            Some(End::RedirectDeadline { target })
        } else {
            None
        }
    }

    /// Whether it is not known yet if a half-closed session has anything left to resend.
    fn is_held(&self) -> bool {
        self.half_close_asked
            && self.config.service.discipline == Discipline::Manual
            && self.provisional > 0
    }

    /// A redirect came. If it is the first of its episode, the clock starts, and its sender counts as visited
    /// unless it answered a message (EOP-EPI-3).
    pub(super) fn begin_episode(&mut self) {
        if self.episode.is_running() {
            return;
        }
        self.episode = Episode::NONE;
        self.clock = Clock::new(self.config.bounds.deadline);
        if let Some(redirector) = self.endpoint().filter(|_| !self.answered) {
            self.episode.see(redirector);
        }
    }

    /// The next endpoint is being connected to.
    pub(super) fn move_on(&mut self, state: State, now: u64) {
        self.hop = self.hop.saturating_add(1);
        self.pace.note(now);
        self.answered = false;
        self.outbox.begin_hop(self.replay_budget());
        self.state = state;
        self.settle_clocks(now);
    }

    /// The application retired messages after the redirect that followed their answers: what came before that
    /// redirect is no part of this episode, which begins with it.
    pub(super) fn note_earlier_answer(&mut self) {
        self.episode
            .keep_last(self.hop.saturating_sub(self.provisional_hop));
        self.clock = Clock::new(self.config.bounds.deadline);
        self.clock.set_running(true, self.provisional_since);
        if self.provisional_hop == self.hop {
            self.answered = true;
        }
    }
}
