//! The suite's own measure: it is played to its own faulty peers, each of which it has to find out.
//!
//! A mutant is killed if it does not start, or a case does not pass that claims a requirement which the mutant breaks, or
//! the gate does not pass, so that nothing else could. A trivial one, moreover,
//! may pass no negative case at all, nor one whose first requirement it breaks: its silence or its nodding is no refusal. The honest peer has to pass everything.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use eop_conformance::case::{Case, Polarity, Role};
use eop_conformance::schedule::{self, Outcome, Testee};
use eop_conformance::testee::{DriverTestee, NotStarted, ServerTestee};
use eop_conformance::verdict::Verdict;
use eop_mutants::{MUTANTS, Mutant};

use super::{Exit, Refusal, matches, own, select, settings, start, unknown};
use crate::arguments::{Manner, Selection};

/// What became of one mutant.
struct Fate {
    /// The cases that found it out: they did not pass, and claim a requirement that it breaks.
    killers: Vec<&'static str>,
    /// Other cases that did not pass.
    bystanders: Vec<&'static str>,
    /// What it passed and a trivial mutant may not: negative cases, and those whose first requirement it breaks.
    nodded_at: Vec<&'static str>,
    /// Why it could not even be started.
    not_started: Option<String>,
    took: Duration,
}

impl Fate {
    fn as_it_should_be(&self, mutant: &Mutant) -> bool {
        if mutant.breaks.is_empty() {
            return self.killers.is_empty()
                && self.bystanders.is_empty()
                && self.not_started.is_none();
        }
        let killed = !self.killers.is_empty() || self.not_started.is_some();
        killed && (self.nodded_at.is_empty() || !mutant.trivial)
    }
}

/// Plays the selected cases to every mutant whose name matches.
pub(super) fn run(pattern: &str, selection: &Selection, manner: &Manner) -> Result<Exit, Refusal> {
    let chosen: Vec<_> = MUTANTS
        .iter()
        .filter(|mutant| matches(pattern, mutant.name))
        .collect();
    if chosen.is_empty() {
        return Err(unknown(
            "mutant",
            pattern,
            MUTANTS.iter().map(|mutant| mutant.name),
        ));
    }
    let cases = select(selection, None)?;
    let mut survivors = 0_usize;
    for mutant in &chosen {
        let role = role(mutant);
        let cases: Vec<_> = cases
            .iter()
            .filter(|case| case.role() == role)
            .copied()
            .collect();
        if cases.is_empty() {
            continue;
        }
        let fate = judge(mutant, role, &cases, manner)?;
        if !fate.as_it_should_be(mutant) {
            survivors = survivors.saturating_add(1);
        }
        println!("{}", row(mutant, &role.to_string(), &fate));
    }
    let total = chosen.len();
    println!(
        "{} of {total} mutants and honest peers as they should be",
        total.saturating_sub(survivors)
    );
    Ok(if survivors == 0 {
        Exit::Conforms
    } else {
        Exit::DoesNot
    })
}

fn judge(mutant: &Mutant, role: Role, cases: &[Case], manner: &Manner) -> Result<Fate, Refusal> {
    let begun = Instant::now();
    let mut fate = Fate {
        killers: Vec::new(),
        bystanders: Vec::new(),
        nodded_at: Vec::new(),
        not_started: None,
        took: Duration::ZERO,
    };
    match launch(mutant, role, manner)? {
        Err(NotStarted(why)) => fate.not_started = Some(why),
        Ok(testee) => {
            let outcomes = schedule::run(
                &testee,
                &eop_conformance::cases::gate(role),
                cases,
                &settings(manner, begun),
            );
            if let Some(outcome) = outcomes
                .iter()
                .find(|outcome| outcome.verdict == Verdict::Error)
            {
                let told = outcome
                    .failing()
                    .map(|played| format!("{:?}", played.stop))
                    .unwrap_or_default();
                return Err(Refusal(
                    Exit::Harness,
                    format!("{} at {}: {told}", outcome.case.id, mutant.name),
                ));
            }
            for outcome in &outcomes {
                record(&mut fate, mutant, outcome);
            }
        }
    }
    fate.took = begun.elapsed();
    Ok(fate)
}

fn record(fate: &mut Fate, mutant: &Mutant, outcome: &Outcome) {
    let breaks = |id: &str| mutant.breaks.contains(&id);
    match outcome.verdict {
        Verdict::Pass => {
            let first = outcome.case.requirements.first();
            let claims = first.is_some_and(|id| breaks(id));
            if outcome.case.polarity == Polarity::Negative || claims {
                fate.nodded_at.push(outcome.case.id);
            }
        }
        Verdict::NotRun => {}
        Verdict::Warn
        | Verdict::Fail
        | Verdict::Inconclusive
        | Verdict::Unsupported
        | Verdict::Error => {
            let gate = outcome.case.id == eop_conformance::cases::gate(outcome.case.role()).id;
            if outcome.failing().is_none() {
                // The gate failed and this was not played: it found nothing out.
            } else if gate
                || breaks(outcome.broken())
                || outcome.case.requirements.iter().any(|id| breaks(id))
            {
                fate.killers.push(outcome.case.id);
            } else {
                fate.bystanders.push(outcome.case.id);
            }
        }
    }
}

fn launch(
    mutant: &Mutant,
    role: Role,
    manner: &Manner,
) -> Result<Result<Testee, NotStarted>, Refusal> {
    let command = own(&format!("mutant-{role} {}", mutant.name))?;
    Ok(match role {
        Role::Server => ServerTestee::start(&command, None, start(manner)).map(Testee::Server),
        Role::Client => DriverTestee::start(&command, start(manner)).map(Testee::Client),
    })
}

fn row(mutant: &Mutant, role: &str, fate: &Fate) -> String {
    let stand = match (fate.as_it_should_be(mutant), mutant.breaks.is_empty()) {
        (true, true) => "honest",
        (true, false) => "killed",
        (false, true) => "BLAMED",
        (false, false) => "SURVIVES",
    };
    let how = match &fate.not_started {
        Some(_) => "did not start".to_owned(),
        None => {
            let shown = fate
                .killers
                .iter()
                .take(3)
                .copied()
                .collect::<Vec<_>>()
                .join(" ");
            format!(
                "{} killer(s), {} other(s), {} nodded at: {shown}",
                fate.killers.len(),
                fate.bystanders.len(),
                fate.nodded_at.len()
            )
        }
    };
    format!(
        "{stand:<9}{role:<8}{:<32}{:>6} ms  {how}",
        mutant.name,
        fate.took.as_millis()
    )
}

const fn role(mutant: &Mutant) -> Role {
    match mutant.role {
        eop_mutants::Role::Server => Role::Server,
        eop_mutants::Role::Client => Role::Client,
    }
}

/// Acts as a mutant.
pub(super) fn act(role: Role, name: &str) -> ExitCode {
    let acted = match role {
        Role::Server => eop_mutants::server(name),
        Role::Client => eop_mutants::client(name),
    };
    acted.unwrap_or_else(|unknown| {
        eprintln!("eop-conformance: {unknown}");
        ExitCode::from(2)
    })
}
