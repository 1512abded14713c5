//! Random sessions as a command: whom they are played to, how long, and what becomes of a failure.

use std::path::{Path, PathBuf};
use std::time::Instant;

use eop_conformance::fuzz::{self, Bounds, Plan, Player, Replay};
use eop_conformance::schedule::WAIT;
use eop_conformance::testee::DriverTestee;
use eop_conformance::verdict::Stop;

use super::exit::{Exit, Refusal};
use super::judge::reached;
use super::outputs::unwritten;
use super::{progress, quoted, say, start};
use crate::arguments::{Fuzz, FuzzWay, Manner};

/// How many sessions are played if nobody says.
const SESSIONS: u64 = 300;
/// Sessions at the same time: most of a session is waiting.
const SIDE_BY_SIDE: usize = 8;

/// Plays random sessions to a testee, or the session of a file.
pub(super) fn run(testee: &Fuzz, manner: &Manner) -> Result<Exit, Refusal> {
    match testee {
        Fuzz::Server { testee, way } => {
            let reached = reached(testee, None, None, manner)?;
            let fuzzed = fuzz::server::Fuzzed::new(&reached.testee);
            fuzz(&fuzzed, (&reached.name, &reached.flags), way, manner)
        }
        Fuzz::Client { exec, way } => {
            let driver = DriverTestee::start(exec, start(manner), None)?;
            let (name, flag) = (format!("`{exec}`"), format!("--exec {}", quoted(exec)));
            fuzz(
                &fuzz::client::Fuzzed::new(&driver),
                (&name, &flag),
                way,
                manner,
            )
        }
    }
}

fn fuzz<P: Player>(
    player: &P,
    (name, flag): (&str, &str),
    way: &FuzzWay,
    manner: &Manner,
) -> Result<Exit, Refusal> {
    let wait = WAIT.saturating_mul(manner.patience);
    if let Some(file) = &way.replay {
        return replay(player, name, file, manner);
    }
    let begun = Instant::now();
    let seed = manner.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let sessions = match (way.sessions, way.seconds) {
        (None, None) => Some(SESSIONS),
        (sessions, _) => sessions,
    };
    let bounds = Bounds {
        seed,
        sessions,
        until: way.seconds.and_then(|seconds| begun.checked_add(seconds)),
        wait,
        side_by_side: if manner.serial { 1 } else { SIDE_BY_SIDE },
    };
    let bar = progress::line(&P::ROLE.to_string(), sessions, "sessions");
    let hunted = fuzz::hunt(player, &bounds, &|| bar.inc(1));
    bar.finish_and_clear();
    let Some(found) = &hunted.found else {
        say(&fuzz::clean(P::ROLE, name, &hunted, seed, begun.elapsed()));
        return Ok(Exit::Conforms);
    };
    let file = way
        .save
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("eop-fuzz-{}-{seed}.json", P::ROLE)));
    std::fs::write(&file, found.replay.text(P::ROLE)).map_err(|error| unwritten(&file, &error))?;
    let file = quoted(&file.display().to_string());
    let again = format!("eop-conformance fuzz {} {flag} --replay {file}", P::ROLE);
    say(&fuzz::found(
        P::ROLE,
        name,
        found,
        &hunted,
        &again,
        begun.elapsed(),
    ));
    Ok(exit(&found.failure.stop))
}

const fn exit(stop: &Stop) -> Exit {
    match stop {
        Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) => Exit::DoesNot,
        Stop::Harness(_) => Exit::Harness,
    }
}

/// Plays the session of a file.
fn replay<P: Player>(
    player: &P,
    name: &str,
    file: &Path,
    manner: &Manner,
) -> Result<Exit, Refusal> {
    let named = |why: String| Refusal::usage(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
    let kept: Replay<P::Plan> =
        Replay::parse(&text, P::ROLE).map_err(|why| named(why.to_string()))?;
    let wait = WAIT.saturating_mul(manner.patience);
    let steps = kept.plan.length();
    match fuzz::replay(player, &kept, wait) {
        None => {
            say(&format!(
                "{} {name}: {steps} step(s) played again: NOTHING FOUND\n",
                P::ROLE
            ));
            Ok(Exit::Conforms)
        }
        Some(failure) => {
            say(&fuzz::failure(&failure));
            say(&format!(
                "{} {name}: {steps} step(s) played again: A FAULT FOUND\n",
                P::ROLE
            ));
            Ok(exit(&failure.stop))
        }
    }
}
