//! Everything that can happen next, and its happening. What an honest application, network and server could do
//! is offered; what must then hold is asked of `properties.rs`.

use eop_statemachine::client::Kind;
use eop_statemachine::session::{
    ConnectError, Event, Judged, Loss, Place as Destination, Resend, State, Want,
};
use eop_statemachine::{Discipline, Why, server};
use eop_wire::HEADER_LEN;

use crate::defect::Defect;
use crate::properties::{self, Property, Verdict, broken, no_misuse, require};
use crate::races::{Races, Side};
use crate::world::{
    Fate, Link, MESSAGES, Message, Pipe, Place, Setting, Stop, Token, World, endpoint, place,
};

/// How long a quiet episode lasts, in milliseconds.
const QUIET: u64 = 10_000;

/// What a server that does not know when to stop sends after a redirect.
const AFTER_REDIRECT: &[u8] = b"\xff\xffno frame";

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    // The application.
    Send,
    HalfClose,
    Resend,
    Drop,
    Retire,
    Settle,
    /// It says the decision to resend that it made.
    Say,
    // The adapter and the network.
    Connect,
    ConnectFails,
    Judge,
    Offer,
    OfferStart,
    OfferHalfClose,
    /// A defective adapter reports what it wrote.
    Report,
    WriteFails,
    Wait,
    Expire,
    /// The first token towards the client arrives, or its header alone.
    ToClient,
    HeaderToClient,
    /// The first token towards the server of this connection arrives.
    ToServer(u8),
    // The servers, by connection.
    Greet(u8),
    Act(u8),
    Answer(u8),
    AnswerEmpty(u8),
    Note(u8),
    Redirect(u8, Place),
    Late(u8, Place),
    LateEmpty(u8, Place),
    LateGreeting(u8, Place),
    LateNote(u8, Place),
    Fin(u8),
    /// The connection breaks behind what is on its way to the client, or over it.
    Break(u8),
    BreakAtOnce(u8),
    /// The server begins a redirect and dies.
    Tear(u8),
}

impl Step {
    /// Whether the honest parties take it by themselves, sooner or later.
    const fn is_cooperative(self) -> bool {
        match self {
            Self::Resend
            | Self::Drop
            | Self::Retire
            | Self::Settle
            | Self::Say
            | Self::Report
            | Self::Connect
            | Self::ConnectFails
            | Self::Judge
            | Self::Offer
            | Self::OfferStart
            | Self::OfferHalfClose
            | Self::ToClient
            | Self::HeaderToClient
            | Self::ToServer(_)
            | Self::Greet(_)
            | Self::Answer(_) => true,
            Self::Send
            | Self::HalfClose
            | Self::WriteFails
            | Self::Wait
            | Self::Expire
            | Self::Act(_)
            | Self::AnswerEmpty(_)
            | Self::Note(_)
            | Self::Redirect(..)
            | Self::Late(..)
            | Self::LateEmpty(..)
            | Self::LateGreeting(..)
            | Self::LateNote(..)
            | Self::Fin(_)
            | Self::Break(_)
            | Self::BreakAtOnce(_)
            | Self::Tear(_) => false,
        }
    }
}

/// Whether one of these steps will be taken though nobody wishes for it.
pub(crate) fn something_will_happen(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.is_cooperative())
}

/// Everything that can happen next.
pub(crate) fn steps(world: &World, setting: &Setting, steps: &mut Vec<Step>) {
    steps.clear();
    if world.session.state() == State::Ended {
        return;
    }
    application(world, setting, steps);
    network(world, setting, steps);
    for (index, link) in world.links.iter().enumerate() {
        if let Some(link) = link {
            servers(
                world,
                setting,
                u8::try_from(index).expect("few"),
                link,
                steps,
            );
        }
    }
}

fn application(world: &World, setting: &Setting, steps: &mut Vec<Step>) {
    let session = &world.session;
    let state = session.state();
    let undecided = session.is_undecided() && state != State::Judging;
    let sent = world
        .fates
        .iter()
        .filter(|fate| **fate != Fate::NotSent)
        .count();
    let may_send = matches!(state, State::Dialing | State::Open | State::Moving) && !undecided;
    if may_send && !world.half_closed && sent < usize::from(setting.messages) {
        steps.push(Step::Send);
    }
    let live = matches!(
        state,
        State::Dialing | State::Open | State::Moving | State::Judging
    );
    if live && !world.half_closed && setting.half_close {
        steps.push(Step::HalfClose);
    }
    let retired = world.to_retire == 0 || setting.defect == Some(Defect::ResendBeforeRetire);
    match world.deciding {
        None if undecided && retired && state != State::Settling => {
            steps.push(Step::Resend);
            steps.push(Step::Drop);
        }
        Some(_) if matches!(state, State::Open | State::Moving | State::Holding) => {
            steps.push(Step::Say)
        }
        Some(_) | None => {}
    }
    if world.to_retire > 0 {
        steps.push(Step::Retire);
    }
    let retired = world.to_retire == 0 || setting.defect == Some(Defect::SettleBeforeRetire);
    if state == State::Settling && retired {
        steps.push(Step::Settle);
    }
}

fn network(world: &World, setting: &Setting, steps: &mut Vec<Step>) {
    let session = &world.session;
    match session.want() {
        Want::Connect(_) => {
            steps.push(Step::Connect);
            if world.failures > 0 {
                steps.push(Step::ConnectFails);
            }
        }
        Want::Judge(_) => steps.push(Step::Judge),
        Want::Write { .. } if world.unreported.is_some() => steps.push(Step::Report),
        Want::Write { from, .. } => {
            steps.push(Step::Offer);
            if setting.parts && from == 0 {
                steps.push(Step::OfferStart);
            }
        }
        Want::HalfClose => steps.push(Step::OfferHalfClose),
        Want::Read | Want::Decide { .. } | Want::Settle | Want::Done => {}
    }
    if world.waits > 0 {
        let greeted = session.connection().greetings() == 0;
        if session.is_connected() && greeted && session.outstanding() == 0 {
            steps.push(Step::Wait);
        }
        if session.deadline().is_some() {
            steps.push(Step::Expire);
        }
    }
    if let Some(link) = world.current() {
        let writing = matches!(session.want(), Want::Write { .. });
        if writing && link.broken && session.connection().bound() > 0 {
            steps.push(Step::WriteFails);
        }
        if let Some(token) = link.to_client.first() {
            steps.push(Step::ToClient);
            if setting.parts && !link.to_client.opened && token.octets().len() > HEADER_LEN {
                steps.push(Step::HeaderToClient);
            }
        }
    }
    for (index, link) in (0..).zip(&world.links) {
        if link
            .as_ref()
            .is_some_and(|link| link.to_server.first().is_some())
        {
            steps.push(Step::ToServer(index));
        }
    }
}

fn servers(world: &World, setting: &Setting, index: u8, link: &Link, steps: &mut Vec<Step>) {
    let defect = setting.defect;
    let may_act = !link.redirected || defect == Some(Defect::ServerActsAfterRedirect);
    if link.waiting[0].is_some() && !link.acted && may_act {
        steps.push(Step::Act(index));
    }
    if world.failures > 0 && !link.broken && !link.left {
        steps.push(Step::Break(index));
        if link.to_client.first().is_some() {
            steps.push(Step::BreakAtOnce(index));
        }
    }
    let speaks = matches!(
        link.server.state(),
        server::State::Open | server::State::PeerDone
    );
    if !speaks || link.broken || link.left || link.redirected {
        return;
    }
    let greeted = link.server.greetings() == 0;
    let waits = link.waiting[0].is_some();
    let manual = setting.discipline == Discipline::Manual;
    if !greeted {
        steps.push(Step::Greet(index));
    } else if waits {
        steps.push(Step::Answer(index));
        steps.push(Step::AnswerEmpty(index));
    }
    if greeted && manual && !link.noted {
        steps.push(Step::Note(index));
    }
    if world.redirects > 0 {
        for to in 0..setting.places {
            let asserts = !link.acted || defect == Some(Defect::ServerRedirectsWhatItActedOn);
            if asserts {
                steps.push(Step::Redirect(index, to));
            }
            if !greeted {
                steps.push(Step::LateGreeting(index, to));
            } else if waits {
                steps.push(Step::Late(index, to));
                steps.push(Step::LateEmpty(index, to));
            }
            if greeted && manual && asserts && !link.noted {
                steps.push(Step::LateNote(index, to));
            }
        }
    }
    steps.push(Step::Fin(index));
    if world.failures > 0 {
        steps.push(Step::Tear(index));
    }
}

/// The world after `step`, if everything holds in it.
pub(crate) fn take(
    world: &World,
    setting: &Setting,
    step: Step,
    races: &mut Races,
) -> Result<World, Verdict> {
    let mut next = world.clone();
    next.take(setting, step, races)?;
    next.forget();
    properties::hold(&next, setting)?;
    Ok(next)
}

impl World {
    fn take(&mut self, setting: &Setting, step: Step, races: &mut Races) -> Result<(), Verdict> {
        let now = self.now;
        match step {
            Step::Send => self.send(setting),
            Step::HalfClose => {
                self.half_closed = true;
                match setting.defect {
                    Some(Defect::HalfCloseForgotten) => Ok(()),
                    Some(_) | None => no_misuse(self.session.half_close(now)),
                }
            }
            Step::Resend => {
                self.deciding = Some(self.session.hop());
                Ok(())
            }
            Step::Say => self.say(setting),
            Step::Drop => self.drop_owed(setting),
            Step::Retire => self.retire(),
            Step::Settle => no_misuse(self.session.settle()),
            Step::Connect => self.connect(setting),
            Step::ConnectFails => {
                self.failures -= 1;
                no_misuse(self.session.connect_failed(ConnectError::Failed, now))?;
                self.go_on(setting)
            }
            Step::Judge => self.judge(setting),
            Step::Offer => self.offer(setting, false),
            Step::OfferStart => self.offer(setting, true),
            Step::Report => {
                let octets = self.unreported.take().unwrap_or(0);
                no_misuse(self.session.offer(octets))
            }
            Step::OfferHalfClose => {
                no_misuse(self.session.half_closed())?;
                if let Some(link) = self.current_mut() {
                    link.half_closed = true;
                    if !link.broken {
                        link.to_server.push(Token::Fin);
                    }
                }
                Ok(())
            }
            Step::WriteFails => no_misuse(self.session.write_failed()),
            Step::Wait => {
                self.waits -= 1;
                self.now += QUIET;
                self.episode_from = self.stop();
                Ok(())
            }
            Step::Expire => {
                self.waits -= 1;
                self.now = self.session.deadline().unwrap_or(now);
                self.session.expire(self.now);
                self.go_on(setting)
            }
            Step::ToClient => self.to_client(setting, false, races),
            Step::HeaderToClient => self.to_client(setting, true, races),
            Step::ToServer(index) => self.to_server(setting, usize::from(index), races),
            Step::Greet(index)
            | Step::Act(index)
            | Step::Answer(index)
            | Step::AnswerEmpty(index)
            | Step::Note(index)
            | Step::Redirect(index, _)
            | Step::Late(index, _)
            | Step::LateEmpty(index, _)
            | Step::LateGreeting(index, _)
            | Step::LateNote(index, _)
            | Step::Fin(index)
            | Step::Break(index)
            | Step::BreakAtOnce(index)
            | Step::Tear(index) => self.serve(setting, usize::from(index), step),
        }
    }
}

/// What the application does.
impl World {
    fn send(&mut self, setting: &Setting) -> Result<(), Verdict> {
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
        let number = no_misuse(self.session.send(1, resend, self.now))?;
        let place = self
            .numbers
            .iter_mut()
            .nth(usize::try_from(number).expect("few"));
        *place.expect("few") = u8::try_from(message).expect("few");
        self.fates[message] = Fate::Outstanding;
        Ok(())
    }

    fn say(&mut self, setting: &Setting) -> Result<(), Verdict> {
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

    fn drop_owed(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let owed: Vec<usize> = self
            .outstanding()
            .filter(|message| self.owed[*message])
            .collect();
        let first = if setting.automatic { 1 } else { 0 };
        no_misuse(self.session.drop_owed(self.session.hop(), self.now))?;
        for message in owed.into_iter().filter(|message| *message >= first) {
            self.fates[message] = Fate::Dropped;
        }
        Ok(())
    }

    fn retire(&mut self) -> Result<(), Verdict> {
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
    fn note_answer(&mut self, message: usize, stop: usize) {
        self.fates[message] = Fate::Answered;
        self.bound[message] = None;
        self.path[stop].answered = true;
        if self.episode_from <= stop {
            self.episode_from = stop;
        }
    }
}

/// What the adapter does.
impl World {
    fn connect(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let to_home = self.session.place() == Destination::Home;
        require(
            setting,
            self.stop() == 0 || to_home == self.path[self.stop()].fallback,
            Property::WhereItWasSent,
            "",
        )?;
        let cleared = self.half_closed && self.outstanding().count() == 0;
        require(
            setting,
            !cleared || self.stop() == 0,
            Property::HalfClosedEndsCleanly,
            "it connects",
        )?;
        no_misuse(self.session.connected(self.now))?;
        let stop = self.stop();
        self.links[stop] = Some(Link::new(&setting.service()));
        if std::mem::take(&mut self.leaked) {
            let mut octets = AFTER_REDIRECT;
            let read = self.session.receive(&mut octets, self.now);
            require(
                setting,
                read == Ok(None),
                Property::ParsersApart,
                "octets of the old connection were parsed",
            )?;
        }
        Ok(())
    }

    fn judge(&mut self, setting: &Setting) -> Result<(), Verdict> {
        if let Judged::Followed(redirected) = no_misuse(self.session.judged(Ok(()), self.now))? {
            let outstanding = self.outstanding().count();
            require(
                setting,
                redirected.owed as usize == outstanding,
                Property::NothingLost,
                "owed is not all there is",
            )?;
            self.note_move(place(redirected.target), false);
            properties::episode(self, setting)?;
        }
        self.go_on(setting)
    }

    fn note_move(&mut self, place: Place, fallback: bool) {
        self.path.push(Stop {
            place,
            answered: false,
            fallback,
        });
        self.links.push(None);
    }

    fn offer(&mut self, setting: &Setting, start: bool) -> Result<(), Verdict> {
        let Want::Write {
            message: number,
            from,
        } = self.session.want()
        else {
            return Ok(());
        };
        let message = self.message(number);
        properties::offer(self, setting, message)?;
        let token = match (start, from) {
            (true, _) => Token::RequestStart(message),
            (false, 0) => Token::Request(message),
            (false, _) => Token::RequestRest(message),
        };
        let octets = token.octets().len() as u64;
        if setting.defect == Some(Defect::OfferedAfterTheWrite) {
            self.unreported = Some(octets);
        } else {
            no_misuse(self.session.offer(octets))?;
        }
        self.bound[usize::from(message)] = Some(self.stop());
        if let Some(link) = self.current_mut() {
            link.offered = Some(message);
            if !link.broken {
                link.to_server.push(token);
            }
        }
        Ok(())
    }

    /// The session may have left its connection, and may be on its way home.
    fn go_on(&mut self, setting: &Setting) -> Result<(), Verdict> {
        if self.session.is_connected() {
            return Ok(());
        }
        self.unreported = None;
        if let Some(link) = self.current_mut() {
            link.left = true;
            link.to_client = Pipe::EMPTY;
            if !link.broken && !link.half_closed {
                link.to_server.push(Token::Fin);
            }
            let mut honest = true;
            if link.redirected {
                // The server only discards: how that mixes with anything else makes no difference.
                while let Some(token) = link.to_server.pop() {
                    honest &= discard(link, token);
                }
            }
            require(
                setting,
                honest,
                Property::NoConformingPeerBlamed,
                "by a server that drained",
            )?;
        }
        let resends = matches!(
            setting.defect,
            Some(Defect::FallbackResendsEverything | Defect::FallbackResendsUnsent)
        );
        if resends && self.session.state() == State::Ended && self.stop() > 0 && !self.begun_again {
            self.begin_again(setting)?;
        }
        let at_home = self.session.place() == Destination::Home;
        if self.session.state() == State::Moving && at_home && !self.path[self.stop()].fallback {
            properties::fall_back(self, setting)?;
            self.note_move(0, true);
            properties::episode(self, setting)?;
        }
        Ok(())
    }
}

/// What arrives at the client.
impl World {
    fn message(&self, number: u64) -> Message {
        self.numbers[usize::try_from(number).expect("few")]
    }

    fn to_client(
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
            Token::Reset => self.session.lost(Loss::Reset, now),
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
    fn read(&mut self, setting: &Setting, token: Token, octets: &[u8]) -> Result<(), Verdict> {
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

    fn deliver(
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
    fn begin_again(&mut self, setting: &Setting) -> Result<(), Verdict> {
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

/// What arrives at a server, and what it does.
impl World {
    fn to_server(
        &mut self,
        setting: &Setting,
        stop: usize,
        races: &mut Races,
    ) -> Result<(), Verdict> {
        let before = self.clone();
        let Some(link) = self.links[stop].as_mut() else {
            return Ok(());
        };
        let Some(token) = link.to_server.pop() else {
            return Ok(());
        };
        if link.redirected {
            require(
                setting,
                discard(link, token),
                Property::NoConformingPeerBlamed,
                "by a server that drained",
            )?;
        } else if token == Token::Fin {
            // Who leaves in the middle of a message, other than after a redirect, is rightly blamed.
            let ended = link.server.end_of_stream();
            require(
                setting,
                ended.is_ok() || link.left,
                Property::NoConformingPeerBlamed,
                "by a server at FIN",
            )?;
            if link.server.state() == server::State::Finished && !link.left {
                link.to_client.push(Token::Fin);
            }
        } else {
            let octets = token.octets();
            let mut input = &octets[..];
            while let Some(event) = link
                .server
                .receive(&mut input)
                .map_err(|error| broken(Property::NoConformingPeerBlamed, &error))?
            {
                if let (
                    server::Event::Request,
                    Token::Request(message) | Token::RequestRest(message),
                ) = (event, token)
                {
                    link.wait(message);
                }
            }
        }
        races.note(setting, &before, self, Side::Server(stop), token);
        Ok(())
    }

    fn serve(&mut self, setting: &Setting, stop: usize, step: Step) -> Result<(), Verdict> {
        if matches!(
            step,
            Step::Act(_)
                | Step::Answer(_)
                | Step::AnswerEmpty(_)
                | Step::Late(..)
                | Step::LateEmpty(..)
        ) {
            self.act(setting, stop)?;
        }
        if matches!(step, Step::Break(_) | Step::BreakAtOnce(_) | Step::Tear(_)) {
            self.failures -= 1;
        }
        let Some(link) = self.links[stop].as_mut() else {
            return Ok(());
        };
        let parses = setting.defect == Some(Defect::ServerParsesWhileDraining);
        let (server, out) = (&mut link.server, &mut link.to_client);
        let mut sent = Vec::new();
        let mut say = |token: Token| {
            sent.extend(token.octets());
            out.push(token);
        };
        let said: Vec<u8> = match step {
            Step::Greet(_) => {
                say(Token::Greeting);
                no_misuse(server.greet(b"g"))?.chunks().concat()
            }
            Step::Answer(_) => {
                let message = link.waiting[0].unwrap_or_default();
                say(Token::Answer(message));
                no_misuse(server.respond(&[b'0' + message]))?
                    .chunks()
                    .concat()
            }
            Step::AnswerEmpty(_) => {
                say(Token::EmptyAnswer(link.waiting[0].unwrap_or_default()));
                no_misuse(server.respond(&[]))?.chunks().concat()
            }
            Step::Note(_) => {
                say(Token::Note);
                no_misuse(server.respond(b"n"))?.chunks().concat()
            }
            Step::Redirect(_, to) if parses => {
                say(Token::Redirect(to));
                Token::Redirect(to).octets()
            }
            Step::Redirect(_, to) => {
                say(Token::Redirect(to));
                no_misuse(server.redirect(endpoint(to)))?.chunks().concat()
            }
            Step::Late(_, to) => {
                let message = link.waiting[0].unwrap_or_default();
                say(Token::Late(to, message));
                no_misuse(server.respond_and_redirect(&[b'0' + message], endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::LateEmpty(_, to) => {
                say(Token::EmptyAnswer(link.waiting[0].unwrap_or_default()));
                say(Token::Redirect(to));
                no_misuse(server.respond_and_redirect(&[], endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::LateGreeting(_, to) => {
                say(Token::LateGreeting(to));
                no_misuse(server.greet_and_redirect(b"g", endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::LateNote(_, to) => {
                say(Token::LateNote(to));
                no_misuse(server.respond_and_redirect(b"n", endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::Fin(_) => {
                no_misuse(server.half_close())?;
                out.push(Token::Fin);
                Vec::new()
            }
            Step::Break(_) => {
                out.push(Token::Reset);
                link.broken = true;
                Vec::new()
            }
            Step::BreakAtOnce(_) => {
                *out = Pipe::EMPTY;
                out.push(Token::Reset);
                link.broken = true;
                Vec::new()
            }
            Step::Tear(_) => {
                say(Token::Torn);
                out.push(Token::Fin);
                link.torn = true;
                link.broken = true;
                Token::Torn.octets()
            }
            _ => Vec::new(),
        };
        require(
            setting,
            said == sent,
            Property::WhatWasSent,
            "the server's frames are others than meant",
        )?;
        match step {
            Step::Answer(_) | Step::AnswerEmpty(_) => {
                link.answer();
                if link.server.state() == server::State::Finished {
                    link.to_client.push(Token::Fin);
                }
            }
            Step::Late(..) | Step::LateEmpty(..) => {
                link.answer();
                link.redirected = true;
                self.redirects -= 1;
            }
            Step::Note(_) => link.noted = true,
            Step::LateNote(..) => {
                link.noted = true;
                link.redirected = true;
                self.redirects -= 1;
            }
            Step::Redirect(..) | Step::LateGreeting(..) => {
                link.redirected = true;
                self.redirects -= 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// The server at `stop` acts on the oldest request that waits there.
    fn act(&mut self, setting: &Setting, stop: usize) -> Result<(), Verdict> {
        let Some(link) = self.links[stop].as_mut() else {
            return Ok(());
        };
        let Some(message) = link.waiting[0].filter(|_| !link.acted) else {
            return Ok(());
        };
        link.acted = true;
        let message = usize::from(message);
        let later = self.acted[message..].iter().any(|acted| *acted);
        require(
            setting,
            !later,
            Property::ActedOnOnceInOrder,
            "on one again, or after a later one",
        )?;
        require(
            setting,
            self.fates[message] != Fate::Dropped,
            Property::DroppedStaysDropped,
            "",
        )?;
        self.acted[message] = true;
        Ok(())
    }
}

/// A token arrives at a server that redirected. Returns whether nobody is blamed for it.
fn discard(link: &mut Link, token: Token) -> bool {
    if token == Token::Fin {
        return link.server.end_of_stream().is_ok();
    }
    let octets = token.octets();
    let mut input = &octets[..];
    loop {
        match link.server.receive(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
