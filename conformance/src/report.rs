//! How outcomes are told. Every form tells the same outcomes in the same words.

mod capture;
mod human;
mod lines;
mod pcapng;
mod plays;

pub use capture::Capture;
pub use human::{explain, human, list, row};
pub use lines::json_lines;

use crate::case::Role;
use crate::schedule::{Outcome, Timelines};
use crate::verdict::Verdict;

/// One role's run, as told.
#[derive(Debug)]
pub struct Run {
    /// The role under test.
    pub role: Role,
    /// The testee, as the user named it.
    pub testee: String,
    /// What came out.
    pub outcomes: Vec<Outcome>,
    /// Whose timelines were kept.
    pub timelines: Timelines,
    /// How long it took, in milliseconds.
    pub millis: u128,
    /// The command line that plays to this testee again, without a case.
    pub command: String,
}

impl Run {
    /// How many outcomes have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.verdict == verdict)
            .count()
    }

    /// How many plays of how many cases.
    #[must_use]
    pub fn plays(&self) -> usize {
        self.outcomes
            .iter()
            .map(|outcome| outcome.plays.len())
            .sum()
    }
}
