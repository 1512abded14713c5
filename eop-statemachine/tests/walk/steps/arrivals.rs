//! What arrives at the client in a step.

use eop_statemachine::Discipline;
use eop_statemachine::client::Kind;
use eop_statemachine::session::{Event, Loss, Resend};
use eop_wire::HEADER_LEN;

use super::AFTER_REDIRECT;
use super::QUIET;
use crate::defect::Defect;
use crate::properties::{Property, Verdict, broken, no_misuse, require};
use crate::races::{Races, Side};
use crate::setting::Setting;
use crate::wire::Token;
use crate::world::{Fate, MESSAGES, Message, World};

/// Octets of a message of one octet.
const WHOLE_REQUEST: u64 = 13;

impl World {
    pub(super) fn message(&self, number: u64) -> Message {
        self.numbers[usize::try_from(number).expect("few")]
    }

    pub(super) fn arrive_at_client(
        &mut self,
        setting: &Setting,
        header: bool,
        races: &mut Races,
    ) -> Result<(), Verdict> {
        let now = self.now;
        let before = self.clone();
        let Some(link) = self.current_mut() else {
            return Ok(());
        };
        let opened = link.to_client.opened;
        let torn = link.torn;
        let token = if header {
            link.to_client.first()
        } else {
            link.to_client.pop()
        };
        let Some(token) = token else { return Ok(()) };
        match token {
            Token::Fin => {
                let ended = self.session.end_of_stream(now);
                require(
                    setting,
                    ended.is_ok() || torn,
                    Property::NoConformingPeerBlamed,
                    "by a client at FIN",
                )?;
            }
            Token::Reset => {
                if setting.defect == Some(Defect::TakenBackWithoutProof) {
                    while self.session.take_back(WHOLE_REQUEST).is_ok() {}
                }
                self.session.lost(Loss::Reset, now);
            }
            Token::EmptyAnswer(_) if setting.defect == Some(Defect::EmptyMessageSkipped) => {}
            _ => {
                let mut octets = token.octets();
                if header {
                    octets.truncate(HEADER_LEN);
                } else if opened {
                    octets.drain(..HEADER_LEN);
                }
                if token.is_redirect() && !header {
                    octets.extend_from_slice(AFTER_REDIRECT);
                    self.leaked = setting.defect == Some(Defect::OctetsLeak);
                }
                self.read(setting, token, &octets)?;
            }
        }
        if header {
            if let Some(link) = self.current_mut() {
                link.to_client.opened = true;
            }
        } else {
            self.go_on(setting)?;
            races.note(setting, &before, self, Side::Client, token);
        }
        Ok(())
    }

    /// Octets of one token arrive, and all that they were to be.
    pub(super) fn read(
        &mut self,
        setting: &Setting,
        token: Token,
        octets: &[u8],
    ) -> Result<(), Verdict> {
        let mut input = octets;
        loop {
            match self.session.receive(&mut input, self.now) {
                Ok(None) => break,
                Ok(Some(Event::Head { .. } | Event::Chunk(_))) => {}
                Ok(Some(Event::Message(message))) => {
                    require(
                        setting,
                        !token.is_redirect(),
                        Property::WhatWasSent,
                        "a redirect became a message",
                    )?;
                    self.deliver(setting, token, message)?;
                }
                Ok(Some(Event::Redirect(message))) => {
                    require(
                        setting,
                        token.is_redirect(),
                        Property::WhatWasSent,
                        "a message became a redirect",
                    )?;
                    if let Some(message) = message {
                        self.deliver(setting, token, message)?;
                    }
                    for outstanding in 0..MESSAGES {
                        self.bound[outstanding] = None;
                        self.owed[outstanding] |= self.fates[outstanding] == Fate::Outstanding;
                    }
                }
                Err(error) => return Err(broken(Property::NoConformingPeerBlamed, &error)),
            }
        }
        require(
            setting,
            input.is_empty(),
            Property::ParsersApart,
            "octets are left over",
        )
    }

    pub(super) fn deliver(
        &mut self,
        setting: &Setting,
        token: Token,
        message: eop_statemachine::session::Message,
    ) -> Result<(), Verdict> {
        if setting.defect == Some(Defect::AnyMessageIsProgress) {
            self.now += QUIET;
        }
        let stop = self.stop();
        let answers = message.answers.map(|number| self.message(number));
        match token {
            Token::Greeting | Token::LateGreeting(_) => {
                require(
                    setting,
                    message.kind == Kind::Greeting,
                    Property::GreetingsAnswerNothing,
                    "it answered",
                )?;
                if let Some(link) = self.current_mut() {
                    link.greeted += 1;
                }
            }
            Token::Answer(of) | Token::EmptyAnswer(of) | Token::Late(_, of)
                if setting.discipline == Discipline::Paired =>
            {
                require(
                    setting,
                    message.kind == Kind::Answer,
                    Property::AnswersMatch,
                    "an answer is none",
                )?;
                require(
                    setting,
                    answers == Some(of),
                    Property::AnswersMatch,
                    "an answer answers another message",
                )?;
                let outstanding = self.fates[usize::from(of)] == Fate::Outstanding;
                require(
                    setting,
                    outstanding,
                    Property::AnswersMatch,
                    "a message is answered twice",
                )?;
                self.note_answer(usize::from(of), stop);
            }
            Token::Answer(_) | Token::EmptyAnswer(_) | Token::Late(..) => {
                require(
                    setting,
                    message.kind == Kind::Plain,
                    Property::AnswersMatch,
                    "the session retires in manual",
                )?;
                self.to_retire += 1;
                self.to_retire_at = stop;
            }
            Token::Note | Token::LateNote(_) => {
                require(
                    setting,
                    message.kind == Kind::Plain,
                    Property::AnswersMatch,
                    "a note answers",
                )?;
            }
            _ => {
                return Err(broken(
                    Property::WhatWasSent,
                    &"a message was delivered that nobody sent",
                ));
            }
        }
        Ok(())
    }

    /// A session that was not allowed to fall back begins anew all the same.
    pub(super) fn begin_again(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let everything = setting.defect == Some(Defect::FallbackResendsEverything);
        self.session = setting.session(self.now);
        self.note_move(0, true);
        self.begun_again = true;
        let outstanding: Vec<usize> = self.outstanding().collect();
        let mut next = 0;
        for message in outstanding {
            if everything || self.bound[message].is_none() {
                no_misuse(self.session.send(1, Resend::Allowed, self.now))?;
                self.numbers[next] = u8::try_from(message).expect("few");
                self.owed[message] = false;
                next += 1;
            } else {
                self.fates[message] = Fate::GivenUp;
            }
        }
        Ok(())
    }
}
