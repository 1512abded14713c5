//! `explain`: a case and how it goes with the built-in peer, or a requirement and what speaks for it.

use std::time::Instant;

use eop_conformance::case::Case;
use eop_conformance::nearest::nearest;
use eop_conformance::report;
use eop_conformance::requirement::{self, Requirement};
use eop_conformance::schedule::{self, Settings, Timelines};
use eop_conformance::segmentation::Cut;
use eop_mutants::MUTANTS;

use super::exit::{Exit, Refusal};
use super::judge::{built_in, gate, settings};
use super::select::every;
use super::{mutants, say};
use crate::arguments::Manner;

/// Explains what has this name.
pub(super) fn explain(name: &str, manner: &Manner) -> Result<Exit, Refusal> {
    let all = every();
    if let Some(requirement) = requirement::find(name) {
        say(&sentence(&requirement, &all));
        return Ok(Exit::Conforms);
    }
    let cases: Vec<_> = all.iter().filter(|case| case.id == name).collect();
    for case in &cases {
        say(&play(case, manner)?);
    }
    if !cases.is_empty() {
        return Ok(Exit::Conforms);
    }
    let requirements = requirement::all();
    let ids = requirements.iter().map(|requirement| requirement.id);
    let hint = nearest(name, all.iter().map(|case| case.id).chain(ids));
    let hint = hint.map_or_else(String::new, |hint| format!("; did you mean `{hint}`?"));
    Err(Refusal::usage(format!(
        "no case and no requirement is `{name}`{hint}"
    )))
}

fn play(case: &Case, manner: &Manner) -> Result<String, Refusal> {
    let testee = built_in(case, manner, case.applies(true) && !case.applies(false))?;
    let whole = Settings {
        cut: Some(Cut::Whole),
        timelines: Timelines::All,
        ..settings(manner, Instant::now(), None)
    };
    let gate = gate(case);
    let outcomes = schedule::run(&testee, &gate, &[*case], &whole, &|_| ());
    let played = outcomes.last().and_then(|outcome| outcome.plays.first());
    Ok(report::explain(case, played))
}

fn sentence(requirement: &Requirement, all: &[Case]) -> String {
    let cases: Vec<_> = all
        .iter()
        .filter(|case| case.requirements.contains(&requirement.id))
        .copied()
        .collect();
    let mutants: Vec<_> = MUTANTS
        .iter()
        .filter(|mutant| mutant.breaks.contains(&requirement.id))
        .map(|mutant| format!("{} {}", mutants::role(mutant), mutant.name))
        .collect();
    report::explain_requirement(requirement, &cases, &mutants)
}
