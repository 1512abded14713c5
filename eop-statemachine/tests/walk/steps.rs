//! Everything that can happen next, and its happening. What an honest application, network and server could do
//! is offered; what must then hold is asked of `properties.rs`.

mod adapter;
mod application;
mod arrivals;
mod servers;

use std::fmt::Debug;

use eop_statemachine::session::{ConnectError, Loss, State, Want};
use eop_statemachine::{Discipline, server};
use eop_wire::HEADER_LEN;

use crate::defect::Defect;
use crate::properties::{self, Verdict, no_misuse};
use crate::races::Races;
use crate::setting::Setting;
use crate::wire::{Link, Token};
use crate::world::{Fate, Place, World};

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
    /// The adapter has waited for long enough, for octets to be taken or to come.
    GiveUp,
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
    pub(crate) const fn is_cooperative(self) -> bool {
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
            | Self::GiveUp
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
    let hasty = setting.defect == Some(Defect::SendsBeforeDeciding);
    let may_send =
        matches!(state, State::Dialing | State::Open | State::Moving) && (!undecided || hasty);
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
        if world.failures > 0 && session.outstanding() > 0 {
            steps.push(Step::GiveUp);
        }
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
        if defect != Some(Defect::ServerForgetsGreeting) {
            steps.push(Step::Greet(index));
        }
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
            Step::ConnectFails if setting.defect == Some(Defect::RetriesForEver) => Ok(()),
            Step::GiveUp => {
                self.failures -= 1;
                self.session.lost(Loss::Stall, now);
                self.go_on(setting)
            }
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
            Step::ToClient => self.arrive_at_client(setting, false, races),
            Step::HeaderToClient => self.arrive_at_client(setting, true, races),
            Step::ToServer(index) => self.arrive_at_server(setting, usize::from(index), races),
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
