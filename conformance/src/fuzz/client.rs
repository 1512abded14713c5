//! Sessions with a client: the runner is home, four other places and the application behind the driver.
//!
//! `plan` is what happens, in bursts; `model` foretells what comes of a burst; `draw` draws plans, guided by the model; and
//! `play` plays them, each burst to its end before the next.

mod draw;
mod model;
mod plan;
mod play;

use fastrand::Rng;

pub use plan::{Burst, Command, Piece, Plan, Settings, Step};

use super::Player;
use crate::case::Role;
use crate::stage::Play;
use crate::testee::DriverTestee;

/// A client that is played to.
#[derive(Debug)]
pub struct Fuzzed<'t>(&'t DriverTestee);

impl<'t> Fuzzed<'t> {
    /// Sessions with the client behind this driver.
    #[must_use]
    pub const fn new(testee: &'t DriverTestee) -> Self {
        Self(testee)
    }
}

impl super::Plan for Plan {
    fn draw(random: &mut Rng) -> Self {
        draw::draw(random)
    }

    fn simpler(&self) -> Vec<Self> {
        self.smaller()
    }

    fn length(&self) -> usize {
        self.steps.len()
    }
}

impl Player for Fuzzed<'_> {
    type Plan = Plan;

    const ROLE: Role = Role::Client;

    fn play(&self, plan: &Plan, play: Play) -> crate::verdict::Step {
        play::play(self.0, plan, play)
    }
}
