//! The report for a person: failures last but one, the summary last; each failure with the sentence it breaks.

use std::fmt::Write as _;

use super::Run;
use crate::case::{Case, Polarity, Twin};
use crate::requirement::{self, Requirement};
use crate::schedule::{Outcome, Played};
use crate::timeline::Timeline;
use crate::verdict::{Stop, Verdict};

/// Lines of a timeline that are shown; the last ones, since the failure stands there.
const SHOWN: usize = 30;
/// Failures told in full; the rest gets a line each.
const IN_FULL: usize = 5;

/// The whole report of one run.
#[must_use]
pub fn human(run: &Run) -> String {
    let mut said = String::new();
    let bad: Vec<_> = run
        .outcomes
        .iter()
        .filter(|outcome| outcome.verdict != Verdict::Pass)
        .collect();
    let told: Vec<_> = bad
        .iter()
        .filter(|outcome| outcome.failing().is_some())
        .collect();
    for outcome in told.iter().take(IN_FULL) {
        said += &failure(outcome, run);
    }
    for outcome in told.iter().skip(IN_FULL) {
        let _ = writeln!(
            said,
            "{:<13}{}  breaks {}",
            outcome.verdict.word(),
            outcome.case.id,
            outcome.broken()
        );
    }
    if told.len() > IN_FULL {
        let _ = writeln!(said, "(any of them in full: {} --case NAME)\n", run.command);
    }
    let _ = writeln!(said, "{}", summary(run));
    said
}

/// The last line: how many of what.
fn summary(run: &Run) -> String {
    let counts: Vec<_> = Verdict::ALL
        .into_iter()
        .filter(|verdict| run.count(*verdict) > 0)
        .map(|verdict| format!("{} {}", run.count(verdict), verdict.word()))
        .collect();
    let conforms = run
        .outcomes
        .iter()
        .all(|outcome| outcome.verdict.conforms());
    format!(
        "{} {}: {} ({} cases, {} plays, {}.{:03} s): {}",
        run.role,
        run.testee,
        counts.join(", "),
        run.outcomes.len(),
        run.plays(),
        run.millis / 1000,
        run.millis % 1000,
        if conforms {
            "CONFORMS"
        } else {
            "DOES NOT CONFORM"
        }
    )
}

fn failure(outcome: &Outcome, run: &Run) -> String {
    let case = &outcome.case;
    let mut said = format!(
        "{} {}: {}\n",
        outcome.verdict.word().to_uppercase(),
        case.id,
        case.title
    );
    if let Some(requirement) = requirement::find(outcome.broken()) {
        let _ = writeln!(said, "  {}  {}", requirement.id, requirement.sentence);
    }
    let Some(played) = outcome.failing() else {
        return said;
    };
    said += &why(played);
    let cuts: Vec<_> = outcome
        .plays
        .iter()
        .filter(|played| played.stop.is_some())
        .map(|played| played.cut.to_string())
        .collect();
    let passed = outcome.plays.len().saturating_sub(cuts.len());
    let which = if case.polarity == Polarity::Negative {
        format!("{} twin, ", played.twin)
    } else {
        String::new()
    };
    let _ = writeln!(
        said,
        "  played     {which}cut {}; {passed} other cut(s) passed",
        cuts.join(" ")
    );
    said += &played.timeline().map(timeline).unwrap_or_default();
    let _ = writeln!(
        said,
        "  again      {} --case {} --cut {}\n",
        run.command, case.id, played.cut
    );
    said
}

fn why(played: &Played) -> String {
    match &played.stop {
        None => String::new(),
        Some(Stop::Breach(breach)) => {
            let control = if played.twin == Twin::Control {
                ""
            } else {
                " (defect refused)"
            };
            format!(
                "  expected   {}{control}\n  observed   {} [{}]\n",
                breach.expected, breach.observed, breach.axis
            )
        }
        Some(Stop::Lacking(what)) => format!("  lacking    {what}\n"),
        Some(Stop::Gone(what)) => format!("  gone       {what}\n"),
        Some(Stop::Harness(what)) => format!("  runner     {what}\n"),
    }
}

fn timeline(timeline: &Timeline) -> String {
    let mut said = String::new();
    let lines = timeline.lines();
    let skipped = lines.len().saturating_sub(SHOWN);
    if skipped > 0 {
        let _ = writeln!(said, "  timeline   ({skipped} lines before)");
    }
    for (index, line) in lines.iter().skip(skipped).enumerate() {
        let head = if index == 0 && skipped == 0 {
            "timeline"
        } else {
            ""
        };
        let millis = line.at_us / 1000;
        let _ = writeln!(
            said,
            "  {head:<10} {millis:>5}.{:03} ms  {:<7} {}",
            line.at_us % 1000,
            line.place,
            line.text
        );
    }
    said
}

/// One line about a case, for `list`.
#[must_use]
pub fn row(case: &Case) -> String {
    let polarity = match case.polarity {
        Polarity::Positive => "+",
        Polarity::Negative => "-",
    };
    let (role, level) = (case.role().to_string(), case.level().to_string());
    format!(
        "{role:<7}{polarity} {level:<7}{:<32}{}",
        case.id,
        case.requirements.join(" ")
    )
}

/// All cases, a line each, and how many.
#[must_use]
pub fn list(cases: &[Case]) -> String {
    let mut said = String::new();
    for case in cases {
        let _ = writeln!(said, "{}", row(case));
    }
    let negative = cases
        .iter()
        .filter(|case| case.polarity == Polarity::Negative)
        .count();
    let plays: usize = cases.iter().map(|case| case.played_with().count()).sum();
    let _ = writeln!(
        said,
        "{} cases, {negative} of them negative (-), {plays} plays with every cut",
        cases.len()
    );
    said
}

/// A case with the sentences it speaks for, and how it goes with a conforming peer.
#[must_use]
pub fn explain(case: &Case, played: Option<&Played>) -> String {
    let mut said = format!("{}\n{}\n\n", row(case), case.title);
    for Requirement {
        id,
        level,
        sentence,
        ..
    } in case.requirements()
    {
        let _ = writeln!(said, "  {id} ({level})  {sentence}");
    }
    if case.polarity == Polarity::Negative {
        said += "\nNegative: the same play without the defect has to be accepted first, in the same run.\n";
    }
    let cuts: Vec<_> = case.played_with().map(|cut| cut.to_string()).collect();
    let _ = writeln!(said, "Cuts: {}", cuts.join(" "));
    if let Some(played) = played {
        said += "\nWith the built-in peer (> runner, < testee):\n";
        said += &played.timeline().map(timeline).unwrap_or_default();
    }
    said
}
