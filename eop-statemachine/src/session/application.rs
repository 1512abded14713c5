//! What the application says to a session: messages, decisions, the half-close, the end. What the network
//! says may never come in.

use super::{End, Misuse, On, Reason, Resend, Session, State};
use crate::client;
use crate::fault::Why;
use crate::service::Discipline;

impl<const N: usize> Session<N> {
    /// Hands over a message whose payload has `len` octets, and returns its number. From now on it is
    /// outstanding; the caller keeps the payload until it is answered or dropped.
    ///
    /// Legal before the session is connected: the message waits.
    ///
    /// # Errors
    /// [`Misuse`] after a half-close, before a decision that is due (EOP-RSD-13), at the session's end, or if
    /// `N` messages are outstanding.
    pub fn send(&mut self, len: u32, resend: Resend, now: u64) -> Result<u64, Misuse> {
        let Some(state) = self.permit(On::Send)? else {
            return Err(self.refused(On::Send, Why::State));
        };
        if self.half_close_asked {
            return Err(self.refused(On::Send, Why::HalfClosed));
        }
        if self.outbox.undecided() {
            return Err(self.refused(On::Send, Why::DecisionPending));
        }
        if self.outbox.is_full() {
            return Err(self.refused(On::Send, Why::Full));
        }
        self.end_quiet_episode(now);
        let full = self.refused(On::Send, Why::Full);
        let message = self.outbox.push(len, resend).ok_or(full)?;
        self.outbox.release();
        self.state = state;
        self.feed_connection();
        self.settle_clocks(now);
        Ok(message)
    }

    /// Resends what is owed and waits for a decision, at this hop (EOP-RSD-11).
    ///
    /// # Errors
    /// [`Misuse`] if nothing waits for one, or `hop` is not the current one (EOP-RSD-12).
    pub fn resend(&mut self, hop: u32, now: u64) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::Resend)? else {
            return Ok(());
        };
        self.check_decision(On::Resend, hop)?;
        self.outbox.resend();
        self.provisional = 0;
        self.state = state;
        self.feed_connection();
        self.settle_clocks(now);
        Ok(())
    }

    /// Drops what is owed and waits for a decision, at this hop. It is never sent again (EOP-RSD-17).
    ///
    /// # Errors
    /// As [`resend`](Self::resend).
    pub fn drop_owed(&mut self, hop: u32, now: u64) -> Result<(), Misuse> {
        let left = self
            .outbox
            .len()
            .saturating_sub(self.outbox.owed())
            .saturating_add(self.outbox.released());
        let clears = self.half_close_asked && left == 0 && !self.is_connected();
        let on = if clears { On::DropClears } else { On::Drop };
        let Some(state) = self.permit(on)? else {
            return Ok(());
        };
        self.check_decision(on, hop)?;
        self.outbox.drop_owed();
        self.provisional = 0;
        if clears {
            self.finish(state, Reason::Known(End::Eof), now);
        } else {
            self.state = state;
            self.feed_connection();
            self.settle_clocks(now);
        }
        Ok(())
    }

    /// The `count` oldest messages are answered (manual). Possible as long as what was delivered may have
    /// answered them: also after a redirect, until they are resent, and at the session's end (EOP-ACC-14).
    ///
    /// # Errors
    /// [`Misuse`] in the paired discipline, or if fewer are outstanding and completely offered (EOP-ACC-12).
    pub fn retire(&mut self, count: u32, now: u64) -> Result<(), Misuse> {
        if self.config.service.discipline == Discipline::Paired {
            return Err(self.refused(On::Retire, Why::Paired));
        }
        let on = self.retiring(count);
        let Some(state) = self.permit(on)? else {
            return Ok(());
        };
        let after_the_fact = !self.is_connected() || self.outbox.undecided();
        if after_the_fact && count > self.provisional {
            return Err(self.refused(on, Why::NotOffered));
        }
        if !after_the_fact || self.provisional_hop == self.hop {
            self.client
                .retire(count)
                .map_err(|misuse| self.refused(on, misuse.why))?;
        }
        for _ in 0..count {
            self.outbox.pop();
        }
        self.outbox.release();
        if after_the_fact {
            self.provisional = self.provisional.saturating_sub(count);
        }
        match (count, after_the_fact) {
            (0, _) => {}
            (_, true) => self.note_earlier_answer(),
            (_, false) => self.note_answer(),
        }
        // A redirect that leaves a half-closed session nothing is a clean end (EOP-HCL-3); a lost connection is none.
        let lost = self.state == State::Settling && !self.was_redirected();
        self.state = state;
        if on == On::RetireReopens {
            self.reason = None;
        } else if on == On::RetireClears && self.is_cleared() && !lost {
            self.reason = Some(Reason::Known(End::Eof));
        }
        self.feed_connection();
        self.settle_clocks(now);
        Ok(())
    }

    /// The event that retiring so many is.
    fn retiring(&self, count: u32) -> On {
        let redirected = self.was_redirected();
        let clears = self.half_close_asked && count == self.outbox.len();
        match self.state {
            _ if count == 0 => On::Retire,
            State::Judging | State::Moving | State::Holding if clears => On::RetireClears,
            State::Settling if clears && redirected => On::RetireClears,
            State::Settling if redirected && self.ended_by_episode() => On::RetireReopens,
            State::Settling if count == self.provisional => On::RetireClears,
            State::Dialing
            | State::Open
            | State::Judging
            | State::Moving
            | State::Holding
            | State::Settling
            | State::Ended => On::Retire,
        }
    }

    /// No further message follows. The server is told once everything before is sent, at every connection
    /// (EOP-HCL-2).
    ///
    /// # Errors
    /// [`Misuse`] if it was said before, or the session is over.
    pub fn half_close(&mut self, now: u64) -> Result<(), Misuse> {
        let clears = self.outbox.is_empty() && matches!(self.state, State::Judging | State::Moving);
        let on = if clears {
            On::HalfCloseClears
        } else {
            On::HalfClose
        };
        let Some(state) = self.permit(on)? else {
            return Ok(());
        };
        if self.half_close_asked {
            return Err(self.refused(on, Why::HalfClosed));
        }
        self.half_close_asked = true;
        if clears {
            self.finish(state, Reason::Known(End::Eof), now);
        } else {
            self.state = state;
            self.feed_connection();
            self.settle_clocks(now);
        }
        Ok(())
    }

    /// The application had its chance to retire what was delivered before the end (manual).
    ///
    /// # Errors
    /// [`Misuse`] unless the session is [`Settling`](State::Settling), or over.
    pub fn settle(&mut self) -> Result<(), Misuse> {
        if let Some(state) = self.permit(On::Settle)? {
            self.state = state;
        }
        Ok(())
    }

    /// The application ends the session, whatever is outstanding. After the end it means nothing, and while
    /// the session is settling it settles it.
    pub fn close(&mut self, now: u64) {
        if let Ok(Some(state)) = self.permit(On::Close) {
            self.client.close();
            let reason = self.reason.unwrap_or(Reason::Known(End::Closed));
            self.finish(state, reason, now);
        }
    }

    fn check_decision(&self, on: On, hop: u32) -> Result<(), Misuse> {
        if hop != self.hop {
            Err(self.refused(on, Why::StaleDecision))
        } else if !self.outbox.undecided() {
            Err(self.refused(on, Why::NothingOwed))
        } else {
            Ok(())
        }
    }

    /// Whether it was a redirect that ended the last connection.
    fn was_redirected(&self) -> bool {
        self.client.state() == client::State::Redirected
    }

    /// Whether the session ended by a bound of an episode that an answer would have ended before.
    const fn ended_by_episode(&self) -> bool {
        matches!(
            self.reason,
            Some(Reason::Known(
                End::RedirectLoop { .. } | End::TooManyRedirects { .. }
            ))
        )
    }
}
