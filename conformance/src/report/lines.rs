//! The report for programs: a JSON object a line, first the run, then a row for every case and for everything amiss in
//! the baseline, then the summary. If all timelines are kept, the rows of its plays follow each case. `schema/lines.json`
//! says what a row may be.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::plays::{lines, plays};
use super::{Run, inapplicable};
use crate::baseline::Amiss;
use crate::case::Polarity;
use crate::schedule::{Outcome, Played, Timelines};
use crate::verdict::{Axis, Stop, Verdict};

/// Writes all runs, one after another.
///
/// # Errors
/// What writing reports.
pub fn json_lines(runs: &[Run], to: &mut impl Write) -> io::Result<()> {
    runs.iter().try_for_each(|run| rows(run, to))
}

fn rows(run: &Run, to: &mut impl Write) -> io::Result<()> {
    let head = json!({
        "row": "run",
        "suite": env!("CARGO_PKG_VERSION"),
        "contract": 1,
        "role": run.role.to_string(),
        "testee": run.testee,
        "seed": run.seed,
        "not_judged": run.not_judged,
        "not_applicable": inapplicable(&run.inapplicable).iter().map(|(why, cases)| json!({
            "why": why,
            "cases": cases,
        })).collect::<Vec<_>>(),
    });
    writeln!(to, "{head}")?;
    for outcome in &run.outcomes {
        writeln!(to, "{}", case(outcome, run))?;
        if run.timelines == Timelines::All {
            plays(outcome).try_for_each(|play| writeln!(to, "{play}"))?;
        }
    }
    for Amiss { case, what } in &run.amiss {
        let amiss = json!({
            "row": "baseline",
            "role": run.role.to_string(),
            "case": case,
            "amiss": what,
        });
        writeln!(to, "{amiss}")?;
    }
    let counts: serde_json::Map<String, Value> = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict.word().to_owned(), json!(run.count(verdict))))
        .collect();
    let foot = json!({
        "row": "summary",
        "role": run.role.to_string(),
        "cases": run.outcomes.len(),
        "plays": run.plays(),
        "verdicts": counts,
        "conforms": run.conforms(),
        "as_expected": run.as_expected(),
        "ms": u64::try_from(run.millis).unwrap_or(u64::MAX),
    });
    writeln!(to, "{foot}")
}

fn case(outcome: &Outcome, run: &Run) -> Value {
    let failing = outcome.failing();
    json!({
        "row": "case",
        "case": outcome.case.id,
        "role": outcome.case.role().to_string(),
        "requirements": outcome.case.requirements,
        "level": outcome.case.level().to_string(),
        "negative": outcome.case.polarity == Polarity::Negative,
        "verdict": outcome.verdict.word(),
        "axes": {
            "messages": axis(outcome, Axis::Messages),
            "end": axis(outcome, Axis::End),
        },
        "plays": outcome.plays.len(),
        "failed": outcome.plays.iter().filter(|played| played.stop.is_some()).map(|played| played.cut.to_string()).collect::<Vec<_>>(),
        "broken": failing.map(|_| outcome.broken()),
        "why": failing.map(why),
        "alternative": outcome.alternative(),
        "timeline": failing.and_then(Played::timeline).map(lines),
        "expected": run.expected.get(outcome.case.id),
        "ms": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
    })
}

/// `pass` or `fail` on one axis, or nothing where the case did not get that far.
fn axis(outcome: &Outcome, axis: Axis) -> Option<&'static str> {
    match outcome.failing().and_then(|played| played.stop.as_ref()) {
        Some(Stop::Breach(breach)) if breach.axis == axis => Some("fail"),
        Some(_) => None,
        None => (!outcome.plays.is_empty()).then_some("pass"),
    }
}

fn why(played: &Played) -> Value {
    let twin = played.twin.to_string();
    match &played.stop {
        None => Value::Null,
        Some(Stop::Breach(breach)) => json!({
            "twin": twin,
            "axis": breach.axis.to_string(),
            "expected": breach.expected,
            "observed": breach.observed,
            "timed_out": breach.timed_out(),
        }),
        Some(Stop::Lacking(what)) => json!({ "twin": twin, "lacking": what }),
        Some(Stop::Gone(what)) => json!({ "twin": twin, "gone": what }),
        Some(Stop::Harness(what)) => json!({ "twin": twin, "runner": what }),
    }
}
