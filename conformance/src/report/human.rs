//! The report for a person: failures with the sentence they break, what the baseline expected, the summary last.

use std::fmt::Write as _;

use super::{Run, inapplicable, printable};
use crate::baseline::Amiss;
use crate::case::{Polarity, Twin};
use crate::requirement;
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
    let (expected, mut bad): (Vec<_>, Vec<_>) = run
        .outcomes
        .iter()
        .filter(|outcome| outcome.failing().is_some() && allowed(outcome).is_none())
        .partition(|outcome| run.expected.contains_key(outcome.case.id));
    bad.sort_by_key(|outcome| outcome.conforms());
    for outcome in expected {
        let reason = run.expected.get(outcome.case.id).map_or("", String::as_str);
        said += &line("expected", outcome, &format!(": {reason}"));
    }
    for Amiss { case, what } in &run.amiss {
        let _ = writeln!(said, "{:<13}{case}  {what}", "baseline");
    }
    for outcome in bad.iter().skip(IN_FULL) {
        said += &line(outcome.verdict.word(), outcome, "");
    }
    if bad.len() > IN_FULL {
        let _ = writeln!(said, "(any of them in full: {} --case NAME)\n", run.command);
    }
    for outcome in bad.iter().take(IN_FULL) {
        said += &failure(outcome, run);
        said.push('\n');
    }
    for outcome in &run.outcomes {
        if let Some(allowed) = allowed(outcome) {
            let (word, id) = (outcome.verdict.word(), outcome.case.id);
            let _ = writeln!(said, "{word:<13}{id}  {allowed}");
        }
    }
    if !run.not_judged.is_empty() {
        said += &not_judged(run);
    }
    for (why, cases) in inapplicable(&run.inapplicable) {
        let _ = writeln!(said, "Not applicable over TLS, {why}: {}", cases.join(" "));
    }
    let _ = writeln!(said, "{}", summary(run));
    printable(&said)
}

/// What the testee chose or left out as the specification allows, where it recommends something else or has more.
pub(super) fn allowed(outcome: &Outcome) -> Option<String> {
    let stop = outcome.failing().and_then(|played| played.stop.as_ref());
    match (outcome.verdict, stop) {
        (Verdict::PassLenient, _) => Some(format!("allowed: {}", outcome.alternative()?)),
        (Verdict::Unsupported, Some(Stop::Lacking(what))) if outcome.conforms() => {
            Some(format!("allowed: {what}"))
        }
        (
            Verdict::Pass
            | Verdict::Warn
            | Verdict::Fail
            | Verdict::Inconclusive
            | Verdict::Unsupported
            | Verdict::Error
            | Verdict::NotRun,
            _,
        ) => None,
    }
}

fn line(word: &str, outcome: &Outcome, why: &str) -> String {
    let (id, broken) = (outcome.case.id, outcome.broken());
    format!("{word:<13}{id}  breaks {broken}{why}\n")
}

/// The requirements that were not judged, those of a section together: `EOP-RED-1,5,10`.
fn not_judged(run: &Run) -> String {
    let mut said = format!(
        "Not judged, for a {} reached this way gives no sight of it:",
        run.role
    );
    let mut before = "";
    for id in &run.not_judged {
        let (section, number) = id.rsplit_once('-').unwrap_or((id, ""));
        said += &if section == before {
            format!(",{number}")
        } else {
            format!(" {id}")
        };
        before = section;
    }
    said + "\n"
}

/// The last line: how many of what.
fn summary(run: &Run) -> String {
    let mut counts: Vec<_> = Verdict::ALL
        .into_iter()
        .filter(|verdict| run.count(*verdict) > 0)
        .map(|verdict| format!("{} {}", run.count(verdict), verdict.word()))
        .collect();
    if !run.expected.is_empty() {
        counts.push(format!("{} of these expected", run.expected.len()));
    }
    let seed = run
        .seed
        .map_or_else(String::new, |seed| format!(", seed {seed}"));
    let end = match (run.conforms(), run.as_expected()) {
        (true, true) => "CONFORMS",
        (true, false) => "CONFORMS, BUT NOT AS EXPECTED",
        (false, true) => "DOES NOT CONFORM, AS EXPECTED",
        (false, false) => "DOES NOT CONFORM",
    };
    format!(
        "{} {}: {} ({} cases, {} plays, {}.{:03} s{seed}): {end}",
        run.role,
        run.testee,
        counts.join(", "),
        run.outcomes.len(),
        run.plays(),
        run.millis / 1000,
        run.millis % 1000,
    )
}

/// A failure in full: the sentence, what was expected and observed, the timeline, and how to play it again.
pub(super) fn failure(outcome: &Outcome, run: &Run) -> String {
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
        "  again      {} --case {} --cut {}",
        run.command, case.id, played.cut
    );
    said
}

/// A play that is being looked at: why it stopped, and what came before.
#[must_use]
pub fn held(played: &Played) -> String {
    printable(&(why(played) + &played.timeline().map(timeline).unwrap_or_default()))
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

pub(crate) fn timeline(timeline: &Timeline) -> String {
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
