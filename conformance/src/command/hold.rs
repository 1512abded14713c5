//! `--hold`: a failure is played once more and kept as it stands, for a debugger.

use std::io::{IsTerminal as _, Read as _};
use std::time::Duration;

use eop_conformance::report::{self, Run};
use eop_conformance::schedule::{self, Settings, Testee};

use super::exit::Refusal;
use super::say;
use crate::arguments::Manner;

/// Refuses to wait for an Enter that nobody can press.
pub(super) fn check(manner: &Manner) -> Result<(), Refusal> {
    if manner.hold == Some(Duration::ZERO) && !std::io::stdin().is_terminal() {
        return Err(Refusal::usage(
            "--hold waits for Enter, and standard input is no terminal; --hold=S waits for S seconds",
        ));
    }
    Ok(())
}

/// Plays the first failure again and holds it: until Enter, or for `time` if that is not zero.
pub(super) fn hold<'r>(
    mut trials: impl Iterator<Item = (&'r Testee, &'r Run)>,
    settings: &Settings,
    time: Duration,
) {
    let first = trials.find_map(|(testee, run)| {
        let mut outcomes = run.outcomes.iter();
        let failed = outcomes.find(|outcome| outcome.failing().is_some())?;
        Some((testee, failed))
    });
    let Some((testee, outcome)) = first else {
        return;
    };
    let id = outcome.case.id;
    let held = schedule::hold(testee, outcome, settings, |again| {
        let groups: Vec<_> = testee.processes().iter().map(u32::to_string).collect();
        let groups = if groups.is_empty() {
            String::new()
        } else {
            format!(", process group {}", groups.join(" "))
        };
        say(&format!("\nHELD {id}{groups}\n{}", report::held(again)));
        if time.is_zero() {
            say("The testee and every connection stay as they are until Enter.\n");
            let _ = std::io::stdin().read(&mut [0]);
        } else {
            let seconds = time.as_secs_f64();
            say(&format!(
                "The testee and every connection stay as they are for {seconds} s.\n"
            ));
            std::thread::sleep(time);
        }
    });
    if !held {
        say(&format!(
            "\n{id} passed when it was played once more, so there is nothing to hold; \
             --repeat-until-fail may find it again\n"
        ));
    }
}
