//! What is walked: the terms, and how far the environment may go.

use std::fmt::Debug;

use eop_statemachine::policy::Home;
use eop_statemachine::session::{Bounds, Config, Fallback, Resending};
use eop_statemachine::{Discipline, Service, Session};

use crate::defect::Defect;
use crate::properties::Property;
use crate::world::{MESSAGES, endpoint};

/// What is walked, and how far the environment may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Setting {
    pub discipline: Discipline,
    pub automatic: bool,
    pub greetings: u32,
    pub fallback: bool,
    /// Messages that the application sends.
    pub messages: u8,
    /// Whether it half-closes at some time.
    pub half_close: bool,
    /// Servers, home included.
    pub places: u8,
    /// Redirects in an episode, by the client's bound.
    pub episode: u32,
    /// Redirects that the servers send altogether.
    pub redirects: u8,
    /// Connections that fail to be made, are lost, or end inside a frame.
    pub failures: u8,
    /// Whether frames and messages arrive in two parts.
    pub parts: bool,
    /// Times that everybody waits for a quiet episode's end, or for a deadline.
    pub waits: u8,
    pub defect: Option<Defect>,
    /// The one property that is asked for; all of them if `None`.
    pub watched: Option<Property>,
}

impl Setting {
    pub(crate) fn name(&self) -> String {
        let discipline = match (self.discipline, self.automatic) {
            (Discipline::Paired, true) => "paired automatic",
            (Discipline::Paired, false) => "paired explicit",
            (Discipline::Manual, _) => "manual explicit",
        };
        let fallback = if self.fallback { "home" } else { "none" };
        format!(
            "{discipline}, greetings {}, fallback {fallback}",
            self.greetings
        )
    }

    /// How far the environment may go, in words.
    pub(crate) fn extent(&self) -> String {
        format!(
            "{} messages, {} servers, {} redirects, {} failures, {} waits, half-close {}, parts {}",
            self.messages,
            self.places,
            self.redirects,
            self.failures,
            self.waits,
            self.half_close,
            self.parts
        )
    }

    pub(crate) fn service(&self) -> Service {
        Service {
            discipline: self.discipline,
            greetings: self.greetings,
            max_payload: 1,
        }
    }

    fn config(&self) -> Config {
        let mut service = self.service();
        if self.defect == Some(Defect::GreetingsNotCounted) {
            service.greetings = 0;
        }
        Config {
            service,
            resending: match self.automatic {
                true => Resending::Automatic { budget: 100 },
                false => Resending::Explicit,
            },
            fallback: if self.fallback {
                Fallback::Home
            } else {
                Fallback::None
            },
            bounds: Bounds {
                redirects: self.episode,
                ..Bounds::default()
            },
            secured: false,
        }
    }

    pub(crate) fn session(&self, now: u64) -> Session<MESSAGES> {
        Session::new(Home::v4(endpoint(0)), self.config(), now)
            .expect("the configuration is possible")
    }
}
