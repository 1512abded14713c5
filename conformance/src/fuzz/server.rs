//! Sessions with a server: up to three connections at once to its test service, pipelined, cut, broken and ended anyhow.
//!
//! `plan` is what a session is, `draw` draws one, `model` foretells what comes of it, over the `request`s that it reads,
//! and `play` plays it.

mod draw;
mod model;
mod plan;
mod play;
pub(super) mod request;

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::{Mutex, PoisonError};

use fastrand::Rng;

pub use plan::{Piece, Plan, Step};

use super::Player;
use crate::case::Role;
use crate::stage::{Play, ServerStage};
use crate::testee::ServerTestee;

/// A server that is played to.
#[derive(Debug)]
pub struct Fuzzed<'t> {
    testee: &'t ServerTestee,
    /// The ports whose steps share nothing between plays, by where the server listens and by their steps: what a server
    /// once opened stays open, and thousands of sessions must not open thousands.
    ports: Mutex<BTreeMap<(SocketAddrV4, String), SocketAddrV4>>,
}

impl<'t> Fuzzed<'t> {
    /// Sessions with this server, which speaks the test service.
    #[must_use]
    pub fn new(testee: &'t ServerTestee) -> Self {
        Self {
            testee,
            ports: Mutex::default(),
        }
    }

    /// A port with these steps.
    fn port(&self, stage: &ServerStage<'_>, steps: &str) -> crate::verdict::Step<SocketAddrV4> {
        if steps.contains("mark") || steps.contains("await") {
            return stage.listen(steps);
        }
        let key = (stage.address()?, steps.to_owned());
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(port) = ports.get(&key) {
            return Ok(*port);
        }
        let port = stage.listen(steps)?;
        ports.insert(key, port);
        Ok(port)
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

    const ROLE: Role = Role::Server;

    fn play(&self, plan: &Plan, play: Play) -> crate::verdict::Step {
        play::play(self, plan, play)
    }
}
