//! What must hold in every world, whoever does what: each property is named, and says which requirements it
//! stands for.

use std::fmt::Debug;

use eop_statemachine::Discipline;
use eop_statemachine::session::{End, State, Status};

use crate::setting::Setting;
use crate::steps::{Step, something_will_happen};
use crate::world::{Fate, MESSAGES, Message, World};

/// A property of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Property {
    /// Each message is acted on at most once, and in their order, over all servers (EOP-RSD-1, -5, -7, -9).
    ActedOnOnceInOrder,
    /// An answered message is not sent again (EOP-RSD-4).
    AnsweredStaysAnswered,
    /// A dropped message is neither sent again nor acted on (EOP-RSD-17).
    DroppedStaysDropped,
    /// A message of which an octet was offered is sent elsewhere only after a redirect (EOP-RSD-7, EOP-FAI-5).
    BoundOnceOffered,
    /// Owed messages wait for the decision of their hop (EOP-RSD-11, EOP-RSD-12, EOP-RSD-15).
    DecidedAtItsHop,
    /// No octet of a message is sent before the greetings (EOP-ACC-5).
    GreetingsComeFirst,
    /// A greeting answers nothing (EOP-ACC-6).
    GreetingsAnswerNothing,
    /// An answer answers the message that it was for, once (EOP-ACC-1, EOP-ACC-3).
    AnswersMatch,
    /// Every message ends answered, dropped, or reported (EOP-RSD-3, EOP-RSD-8, EOP-FAI-2).
    NothingLost,
    /// What is reported owed or unsent was not acted on and never will be; what is bound is uncertain
    /// (EOP-RSD-8).
    ReportsAreTrue,
    /// Nobody who keeps the protocol is blamed (EOP-ACC-9, EOP-CLS-2, EOP-HCL-1).
    NoConformingPeerBlamed,
    /// What the application could still retire is not settled over its head (EOP-ACC-14).
    ProvisionalUntilRetired,
    /// An episode has its bound of hops and one fallback (EOP-EPI-1, EOP-FAI-4).
    HopsAreBounded,
    /// No endpoint is visited twice in an episode (EOP-EPI-2, EOP-EPI-3).
    NoEndpointTwice,
    /// The session goes where a redirect, or the fallback, sent it (EOP-RED-7, EOP-FAI-3).
    WhereItWasSent,
    /// Octets of one connection do not reach the parser of another (EOP-RED-9).
    ParsersApart,
    /// Every frame is understood as what it was sent as (EOP-FRM-2, EOP-RED-3, EOP-RED-4).
    WhatWasSent,
    /// Half-closed with nothing left after a redirect, the session ends without connecting (EOP-HCL-3).
    HalfClosedEndsCleanly,
    /// A clean end leaves nothing outstanding (EOP-HCL-4, EOP-FAI-6).
    CleanMeansNothingLeft,
    /// Something always happens next, unless there is nothing to do (EOP-HCL-2, EOP-RSD-14).
    NoDeadlock,
    /// Whatever the honest parties do by themselves comes to an end: no world comes back to itself by it.
    NoLivelock,
    /// An honest caller is never refused.
    NoMisuse,
}

/// A property does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub property: Property,
    pub what: String,
}

pub(crate) fn broken(property: Property, what: &dyn Debug) -> Verdict {
    Verdict {
        property,
        what: format!("{what:?}"),
    }
}

/// Fails unless it holds, or another property alone is watched.
pub(crate) fn require(
    setting: &Setting,
    holds: bool,
    property: Property,
    otherwise: &str,
) -> Result<(), Verdict> {
    if holds || setting.watched.is_some_and(|watched| watched != property) {
        return Ok(());
    }
    Err(Verdict {
        property,
        what: otherwise.to_owned(),
    })
}

pub(crate) fn no_misuse<T, E: Debug>(result: Result<T, E>) -> Result<T, Verdict> {
    result.map_err(|misuse| broken(Property::NoMisuse, &misuse))
}

/// Before octets of a message are offered.
pub(crate) fn offer(world: &World, setting: &Setting, message: Message) -> Result<(), Verdict> {
    let index = usize::from(message);
    let fate = world.fates[index];
    require(
        setting,
        fate != Fate::Answered,
        Property::AnsweredStaysAnswered,
        "it is sent again",
    )?;
    require(
        setting,
        fate != Fate::Dropped,
        Property::DroppedStaysDropped,
        "it is sent again",
    )?;
    let bound = world.bound[index];
    let free = bound.is_none() || bound == Some(world.stop());
    require(
        setting,
        free,
        Property::BoundOnceOffered,
        "it is sent elsewhere",
    )?;
    // Message 1 is never resent unasked, and holds up what is behind it.
    let held = index == 1 || (index > 1 && world.fates[1] == Fate::Outstanding);
    let needs_decision = world.owed[index] && (held || !setting.automatic);
    if needs_decision {
        let decided = world.decided == Some(world.session.hop());
        require(
            setting,
            decided,
            Property::DecidedAtItsHop,
            "nobody decided",
        )?;
    }
    if let Some(link) = world.current() {
        require(
            setting,
            link.greeted >= setting.greetings,
            Property::GreetingsComeFirst,
            "a message came first",
        )?;
        let in_order = link.offered.is_none_or(|last| last <= message);
        require(
            setting,
            in_order,
            Property::ActedOnOnceInOrder,
            "offered after a later one",
        )?;
    }
    // In manual, what was answered is known once its answer was delivered.
    let answered = setting.discipline == Discipline::Manual
        && world.to_retire > 0
        && world.to_retire_at < world.stop();
    require(
        setting,
        !answered,
        Property::AnsweredStaysAnswered,
        "its answer was delivered, and it is sent again",
    )
}

/// After the session was sent to another endpoint.
pub(crate) fn episode(world: &World, setting: &Setting) -> Result<(), Verdict> {
    let moves = &world.path[world.episode_from + 1..];
    let within = moves.len() <= setting.episode as usize;
    require(
        setting,
        within,
        Property::HopsAreBounded,
        "one hop too many",
    )?;
    let fallbacks = moves.iter().filter(|stop| stop.fallback).count();
    require(
        setting,
        fallbacks <= 1,
        Property::HopsAreBounded,
        "two fallbacks",
    )?;
    let Some((last, before)) = moves.split_last() else {
        return Ok(());
    };
    let first = world.path[world.episode_from];
    let seen = before.iter().any(|stop| stop.place == last.place)
        || (!first.answered && first.place == last.place);
    require(
        setting,
        last.fallback || !seen,
        Property::NoEndpointTwice,
        "it is visited again",
    )
}

/// When the session goes home because its target failed.
pub(crate) fn fall_back(world: &World, setting: &Setting) -> Result<(), Verdict> {
    let free = world
        .outstanding()
        .all(|message| world.bound[message].is_none());
    require(
        setting,
        free,
        Property::BoundOnceOffered,
        "it falls back though the target was offered a message",
    )
}

/// In every world.
pub(crate) fn hold(world: &World, setting: &Setting) -> Result<(), Verdict> {
    if world.session.state() != State::Ended {
        return Ok(());
    }
    require(
        setting,
        world.to_retire == 0,
        Property::ProvisionalUntilRetired,
        "the session ended before",
    )?;
    let mut reported = [None; MESSAGES];
    for (number, status) in world.session.messages() {
        let message = world.numbers[usize::try_from(number).expect("few")];
        reported[usize::from(message)] = Some(status);
    }
    for (message, status) in reported.iter().enumerate() {
        let outstanding = world.fates[message] == Fate::Outstanding;
        require(
            setting,
            outstanding == status.is_some(),
            Property::NothingLost,
            "the report and the truth differ",
        )?;
        let Some(status) = status else { continue };
        let bound = world.bound[message].is_some();
        let uncertain = *status == Status::Uncertain;
        require(
            setting,
            bound == uncertain,
            Property::ReportsAreTrue,
            "uncertain is not what was offered",
        )?;
        require(
            setting,
            (*status != Status::Owed) || world.owed[message],
            Property::ReportsAreTrue,
            "never owed",
        )?;
        if !uncertain {
            let m = u8::try_from(message).expect("few");
            let doomed = world.links.iter().flatten().any(|link| link.may_act_on(m));
            let safe = !world.acted[message] && !doomed;
            require(
                setting,
                safe,
                Property::ReportsAreTrue,
                "a server acted on it, or will",
            )?;
        }
    }
    let clean = world.session.end() == Some(End::Eof);
    let left = world.outstanding().count();
    require(
        setting,
        !clean || left == 0,
        Property::CleanMeansNothingLeft,
        "a clean end",
    )
}

/// Once it is known what can happen next.
pub(crate) fn goes_on(world: &World, setting: &Setting, steps: &[Step]) -> Result<(), Verdict> {
    let idle = world.session.is_connected() && world.outstanding().count() == 0 && {
        let said = world.current().is_some_and(|link| link.half_closed);
        said || !world.half_closed
    };
    let over = world.session.state() == State::Ended;
    require(
        setting,
        over || idle || something_will_happen(steps),
        Property::NoDeadlock,
        "nothing happens",
    )
}
