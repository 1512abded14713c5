//! Expected failures: what a baseline says of a run's outcomes.
//!
//! An entry excuses one case of one role, and only for what it says: this verdict, this broken requirement, until this
//! day. Whatever does not fit is amiss, so that a baseline can neither rot nor hide anything. How the file is written
//! stands in `file`.

mod file;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::case::{Case, Role};
use crate::nearest::nearest;
use crate::schedule::Outcome;
use crate::verdict::Verdict;

pub use file::{Baseline, Malformed};

/// One expected failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The case.
    pub case: String,
    /// The role under test.
    pub role: Role,
    /// The verdict that was observed.
    pub verdict: Verdict,
    /// The requirement that was broken.
    pub broken: String,
    /// Why this is expected.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Option<NaiveDate>,
    /// The line of the file where it begins.
    pub line: usize,
}

/// An entry that does not fit the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amiss {
    /// The case that it names.
    pub case: String,
    /// What does not fit, and what to do about it.
    pub what: String,
}

/// What a baseline says of one role's outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// The cases whose failure is expected, with the reason.
    pub expected: BTreeMap<&'static str, String>,
    /// The entries that do not fit.
    pub amiss: Vec<Amiss>,
}

impl Baseline {
    /// Holds the outcomes of a role against the entries for it. Entries for cases that were not selected say nothing.
    #[must_use]
    pub fn judge(&self, role: Role, outcomes: &[Outcome], today: NaiveDate) -> Judged {
        let all = crate::cases::all();
        let mut judged = Judged::default();
        for entry in self.entries().iter().filter(|entry| entry.role == role) {
            let outcome = outcomes
                .iter()
                .find(|outcome| outcome.case.id == entry.case);
            let misfit = match outcome {
                Some(outcome) => misfit(entry, outcome, today),
                None => unmatched(entry, &all),
            };
            match (misfit, outcome) {
                (Some(what), _) => judged.amiss.push(Amiss {
                    case: entry.case.clone(),
                    what: format!("{what} (line {})", entry.line),
                }),
                (None, Some(outcome)) => {
                    judged
                        .expected
                        .insert(outcome.case.id, entry.reason.clone());
                }
                (None, None) => {}
            }
        }
        judged
    }
}

/// Why an entry does not fit the outcome of its case.
fn misfit(entry: &Entry, outcome: &Outcome, today: NaiveDate) -> Option<String> {
    let (was, is) = (entry.verdict.word(), outcome.verdict.word());
    if outcome.conforms() {
        return Some(format!("unexpected {is}: take the entry out"));
    }
    if outcome.verdict != entry.verdict || outcome.broken() != entry.broken {
        return Some(format!(
            "stale: it says {was} of {}, and it is {is} of {}",
            entry.broken,
            outcome.broken()
        ));
    }
    let expires = entry.expires.filter(|expires| *expires < today)?;
    Some(format!("expired on {expires}"))
}

/// Why an entry fits no case at all.
fn unmatched(entry: &Entry, all: &[Case]) -> Option<String> {
    let mut names = all
        .iter()
        .filter(|case| case.role() == entry.role)
        .map(|case| case.id);
    if names.clone().any(|name| name == entry.case) {
        return None;
    }
    let hint = nearest(&entry.case, &mut names);
    let hint = hint.map_or_else(String::new, |hint| format!("; did you mean `{hint}`?"));
    Some(format!(
        "unmatched: there is no such case for a {}{hint}",
        entry.role
    ))
}
