//! What a script plays on: the runner's sockets and channels for one play of one case.

mod client;
mod endpoint;
mod program;
mod server;

pub use client::{ClientStage, Session};
pub use endpoint::Endpoint;
pub use program::{Asked, ProgramStage};
pub use server::ServerStage;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::case::Twin;
use crate::link::Manner;

/// How far past a limit the runner waits for what the limit must bring about.
const GRACE: Duration = Duration::from_secs(2);

/// What every stage knows of the play it serves.
#[derive(Debug, Clone)]
pub struct Play {
    /// Which twin this is; a positive case is always played as [`Twin::Control`].
    pub twin: Twin,
    /// How connections behave.
    pub manner: Manner,
    /// A number that no other play of the run has, for tokens.
    pub number: u32,
}

impl Play {
    /// A play of the control, with a number of its own.
    #[must_use]
    pub fn fresh(manner: Manner) -> Self {
        /// No two plays of this process have the same number, so that no token of one means anything to another.
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        Self {
            twin: Twin::Control,
            manner,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// `valid` in the control, `defect` in the defect.
    pub fn pick<T>(&self, valid: T, defect: T) -> T {
        match self.twin {
            Twin::Control => valid,
            Twin::Defect => defect,
        }
    }

    /// Whether this is the control.
    #[must_use]
    pub fn control(&self) -> bool {
        self.twin == Twin::Control
    }

    /// How long to wait for something that a limit of `millis` must bring about.
    #[must_use]
    pub fn beyond(&self, millis: u32) -> Duration {
        Duration::from_millis(millis.into()) + GRACE + self.manner.wait
    }

    /// A token that only this play uses.
    #[must_use]
    pub fn token(&self, name: &str) -> String {
        format!("{name}-{}-{}", std::process::id(), self.number)
    }
}
