//! How a hunt is told: a failure like that of a case, with the command that plays it again; the summary in the last line.

use std::fmt::Write as _;
use std::time::Duration;

use super::hunt::{Found, Hunted};
use super::{Failure, Plan};
use crate::case::Role;
use crate::report::{printable, timeline};
use crate::requirement;
use crate::verdict::Stop;

/// The summary of a hunt in which nothing was found, or of a plan that was played again without failing.
#[must_use]
pub fn clean<P>(role: Role, testee: &str, hunted: &Hunted<P>, seed: u64, took: Duration) -> String {
    let lacking = match hunted.lacking {
        0 => String::new(),
        lacking => format!(", {lacking} of them not played for what the testee lacks"),
    };
    let sessions = hunted.sessions;
    let took = seconds(took);
    let mut said = once(hunted);
    let _ = writeln!(
        said,
        "{role} {testee}: {sessions} random sessions{lacking} ({took}, seed {seed}): NOTHING FOUND"
    );
    printable(&said)
}

/// A failure in full, and the summary; `again` is the command line that plays the plan that was kept.
#[must_use]
pub fn found<P: Plan>(
    role: Role,
    testee: &str,
    found: &Found<P>,
    hunted: &Hunted<P>,
    again: &str,
    took: Duration,
) -> String {
    let mut said = once(hunted);
    let replay = &found.replay;
    let _ = writeln!(
        said,
        "FAIL session {}: {} step(s), of {} that were drawn, after {} plays",
        replay.session,
        replay.plan.length(),
        found.drawn,
        found.plays
    );
    said += &failure(&found.failure);
    let _ = writeln!(said, "  again      {again}\n");
    let sessions = hunted.sessions;
    let seed = replay.seed;
    let took = seconds(took);
    let _ = writeln!(
        said,
        "{role} {testee}: {sessions} random sessions ({took}, seed {seed}): A FAULT FOUND"
    );
    printable(&said)
}

/// What was broken, expected and observed, and the timeline.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let mut said = String::new();
    if let Some(requirement) = failure.broken().and_then(requirement::find) {
        let _ = writeln!(said, "  {}  {}", requirement.id, requirement.sentence);
    }
    let _ = match &failure.stop {
        Stop::Breach(breach) => {
            let (expected, observed, axis) = (&breach.expected, &breach.observed, breach.axis);
            writeln!(
                said,
                "  expected   {expected}\n  observed   {observed} [{axis}]"
            )
        }
        Stop::Lacking(what) => writeln!(said, "  lacking    {what}"),
        Stop::Gone(what) => writeln!(said, "  gone       {what}"),
        Stop::Harness(what) => writeln!(said, "  runner     {what}"),
    };
    said + &timeline(&failure.timeline)
}

fn seconds(took: Duration) -> String {
    format!("{}.{:03} s", took.as_secs(), took.subsec_millis())
}

/// A line for every session that failed once, and the first of them in full.
fn once<P>(hunted: &Hunted<P>) -> String {
    let mut said = String::new();
    for (index, (session, unconfirmed)) in hunted.once.iter().enumerate() {
        let _ = writeln!(
            said,
            "once   session {session} failed, and not again when it was played alone"
        );
        if index == 0 {
            said += &failure(unconfirmed);
        }
    }
    said
}
