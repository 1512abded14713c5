//! How outcomes are told. Every form tells the same outcomes in the same words.

mod capture;
mod explain;
mod human;
mod junit;
mod lines;
mod page;
mod pcapng;
mod plays;

use std::collections::BTreeMap;

pub use capture::{Capture, capture};
pub use explain::{explain, explain_requirement, list, row};
pub(crate) use human::timeline;
pub use human::{held, human};
pub use junit::junit;
pub use lines::json_lines;
pub use page::page;

use crate::baseline::Amiss;
use crate::case::{Case, Over, Role};
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
    /// What the order of the cases was drawn from.
    pub seed: Option<u64>,
    /// The cases whose failure the baseline expects, with its reason.
    pub expected: BTreeMap<&'static str, String>,
    /// What does not fit in the baseline.
    pub amiss: Vec<Amiss>,
    /// The requirements that this testee cannot be judged by, the way it is reached.
    pub not_judged: Vec<&'static str>,
    /// The cases that were selected and do not apply over TLS, where this testee was judged.
    pub inapplicable: Vec<Case>,
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

    /// Whether the testee conforms.
    #[must_use]
    pub fn conforms(&self) -> bool {
        self.outcomes.iter().all(Outcome::conforms)
    }

    /// Whether it conforms but for what the baseline expects, and the baseline expects nothing else.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        let excused =
            |outcome: &Outcome| outcome.conforms() || self.expected.contains_key(outcome.case.id);
        self.amiss.is_empty() && self.outcomes.iter().all(excused)
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

/// The cases that do not apply over TLS, by the reason that they give.
pub(crate) fn inapplicable(cases: &[Case]) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut reasons = BTreeMap::<_, Vec<_>>::new();
    for case in cases {
        if let Over::Cleartext(why) = case.over {
            reasons.entry(why).or_default().push(case.id);
        }
    }
    reasons
}

/// What a testee said, fit for a reader: nothing in it moves the cursor or hides a line.
pub(crate) fn printable(said: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && c != '\n' {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    };
    said.chars().map(shown).collect()
}
