//! Cases and requirements in words, for `list` and `explain`.

use std::fmt::Write as _;

use super::human::timeline;
use super::inapplicable;
use crate::case::{Case, Over, Polarity};
use crate::requirement::{Bound, Requirement};
use crate::schedule::Played;

/// One line about a case, for `list`.
#[must_use]
pub fn row(case: &Case) -> String {
    let polarity = match case.polarity {
        Polarity::Positive => "+",
        Polarity::Negative => "-",
    };
    let (role, level) = (case.role().to_string(), case.level().to_string());
    let over = match case.over {
        Over::Either => "",
        Over::Cleartext(_) => "  (not over TLS)",
        Over::Tls => "  (over TLS)",
    };
    format!(
        "{role:<7}{polarity} {level:<7}{:<32}{}{over}",
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
    for (why, cases) in inapplicable(cases) {
        let _ = writeln!(said, "not over TLS, {why}: {}", cases.join(" "));
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
    match case.over {
        Over::Either => {}
        Over::Cleartext(why) => {
            let _ = writeln!(said, "\nNot over TLS: {why}.");
        }
        Over::Tls => said += "\nOver TLS: --tls.\n",
    }
    let cuts: Vec<_> = case.played_with().map(|cut| cut.to_string()).collect();
    let _ = writeln!(said, "Cuts: {}", cuts.join(" "));
    if let Some(played) = played {
        said += "\nWith the built-in peer (> runner, < testee):\n";
        said += &played.timeline().map(timeline).unwrap_or_default();
    }
    said
}

/// A requirement with the cases that speak for it and the mutants that break it.
#[must_use]
pub fn explain_requirement(
    requirement: &Requirement,
    cases: &[Case],
    mutants: &[String],
) -> String {
    let Requirement {
        id,
        bound,
        level,
        sentence,
        document,
        section,
    } = requirement;
    let bound = match bound {
        Bound::Client => "client",
        Bound::Server => "server",
        Bound::Both => "client and server",
    };
    let mut said =
        format!("{id} ({level}, {bound})  {sentence}\n  {document}, section {section}\n\n");
    if cases.is_empty() {
        said += "No case speaks for it.\n";
    }
    for case in cases {
        let _ = writeln!(said, "{}\n  {}", row(case), case.title);
    }
    let mutants = if mutants.is_empty() {
        "none"
    } else {
        &mutants.join(", ")
    };
    let _ = writeln!(said, "\nMutants that break it: {mutants}");
    said
}
