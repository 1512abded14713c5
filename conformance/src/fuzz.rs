//! Network fuzzing: seeded random sessions, valid and broken, against any testee.
//!
//! A *plan* is data: what the runner does in one session, drawn from a number (`server::Plan`, `client::Plan`). A *player*
//! plays it and holds what comes back against a small model of the rules that stands beside it; no reference machine is
//! asked. `hunt` draws and plays many plans, plays a failure again before it is believed, `shrink`s it, and `file` keeps it.
//! No clock, no socket and no process stands in a plan, so that a file plays the same session anywhere.

pub mod client;
mod cut;
mod file;
mod hunt;
pub mod server;
mod shrink;
mod tell;

use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use file::{Malformed, Replay};
pub use hunt::{Bounds, Found, Hunted, hunt, replay};
pub use tell::{clean, failure, found};

use crate::case::Role;
use crate::link::Manner;
use crate::segmentation::Cut;
use crate::stage::Play;
use crate::timeline::Timeline;
use crate::verdict::{Step, Stop};

/// What the runner does in one session, as data.
pub trait Plan: Clone + Send + Sync + Serialize + DeserializeOwned {
    /// A session of the runner's choosing.
    fn draw(random: &mut Rng) -> Self;

    /// The same with a little less in it, in every way there is, the boldest first.
    fn simpler(&self) -> Vec<Self>;

    /// How many steps it has.
    fn length(&self) -> usize;
}

/// Plays plans to one testee and judges what it does.
pub trait Player: Sync {
    /// What it plays.
    type Plan: Plan;

    /// The role of the testee.
    const ROLE: Role;

    /// Plays a plan to its end, or to the first expectation that the testee breaks.
    fn play(&self, plan: &Self::Plan, play: Play) -> Step;
}

/// Why a plan stopped, and what happened in it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Why.
    pub stop: Stop,
    /// What happened.
    pub timeline: Timeline,
}

impl Failure {
    /// The requirement that was broken, if the testee broke one.
    #[must_use]
    pub const fn broken(&self) -> Option<&'static str> {
        match &self.stop {
            Stop::Breach(breach) => breach.requirement,
            Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => None,
        }
    }
}

/// Plays a plan once; `wait` is what every step of it may take.
fn play<P: Player>(player: &P, plan: &P::Plan, wait: Duration) -> Result<(), Failure> {
    let manner = Manner::new(Cut::Whole, wait);
    let log = manner.log.clone();
    player
        .play(plan, Play::fresh(manner))
        .map_err(|stop| Failure {
            stop,
            timeline: log.finish(),
        })
}

/// A breach that names no requirement breaks this one.
fn blame(stop: Stop, requirement: &'static str) -> Stop {
    match &stop {
        Stop::Breach(breach) if breach.requirement.is_none() => stop.against(requirement),
        Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
    }
}

/// One of several things.
#[allow(
    clippy::indexing_slicing,
    reason = "the index is drawn from the list's own length"
)]
fn pick<T: Copy, const N: usize>(random: &mut Rng, of: [T; N]) -> T {
    of[random.usize(0..N)]
}
