//! What the application does in a step.

use eop_statemachine::Why;
use eop_statemachine::session::{Resend, State};

use crate::defect::Defect;
use crate::properties::{Property, Verdict, broken, no_misuse};
use crate::setting::Setting;
use crate::world::{Fate, World};

impl World {
    pub(super) fn send(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let message = self
            .fates
            .iter()
            .position(|fate| *fate == Fate::NotSent)
            .expect("one is left");
        let resend = if setting.automatic && message == 1 {
            Resend::Never
        } else {
            Resend::Allowed
        };
        self.fates[message] = Fate::Outstanding;
        let moving = self.session.state() == State::Moving;
        if moving && setting.defect == Some(Defect::MessageNotHandedOn) {
            return Ok(());
        }
        let number = no_misuse(self.session.send(1, resend, self.now))?;
        self.numbers[usize::try_from(number).expect("few")] = u8::try_from(message).expect("few");
        Ok(())
    }

    pub(super) fn say(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let meant = self.deciding.take().unwrap_or_default();
        let hop = self.session.hop();
        let said = if setting.defect == Some(Defect::StaleDecision) {
            hop
        } else {
            meant
        };
        match self.session.resend(said, self.now) {
            Ok(()) => self.decided = Some(meant),
            Err(misuse) if misuse.why == Why::StaleDecision && meant != hop => {}
            Err(misuse) if misuse.why == Why::NothingOwed && self.outstanding().count() == 0 => {}
            Err(misuse) => return Err(broken(Property::NoMisuse, &misuse)),
        }
        Ok(())
    }

    pub(super) fn drop_owed(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let owed: Vec<usize> = self
            .outstanding()
            .filter(|message| self.owed[*message])
            .collect();
        let first = if setting.automatic { 1 } else { 0 };
        let hop = self.session.hop();
        no_misuse(match setting.defect {
            Some(Defect::DropIsResend) => self.session.resend(hop, self.now),
            Some(_) | None => self.session.drop_owed(hop, self.now),
        })?;
        for message in owed.into_iter().filter(|message| *message >= first) {
            self.fates[message] = Fate::Dropped;
        }
        Ok(())
    }

    pub(super) fn retire(&mut self) -> Result<(), Verdict> {
        no_misuse(self.session.retire(1, self.now))?;
        self.to_retire -= 1;
        let message = self
            .outstanding()
            .next()
            .expect("an answer was for something");
        self.note_answer(message, self.to_retire_at);
        Ok(())
    }

    /// A message was answered at a stop, as far as the application can say.
    pub(super) fn note_answer(&mut self, message: usize, stop: usize) {
        self.fates[message] = Fate::Answered;
        self.bound[message] = None;
        self.path[stop].answered = true;
        if self.episode_from <= stop {
            self.episode_from = stop;
        }
    }
}
