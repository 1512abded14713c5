//! The interop matrix as a command: who is started, what is chosen, how it ends.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use eop_conformance::matrix::{
    Implementation, Pair, Played, SCENARIOS, Scenario, Verdict, implementations, play, table,
};
use eop_conformance::nearest::nearest;
use eop_conformance::testee::{DriverTestee, NotStarted, ServerTestee};

use super::exit::{Exit, Refusal};
use super::{quoted, say, start};
use crate::arguments::{Manner, MatrixWay};

/// Pairs that are played at the same time: most of a play is waiting.
const SIDE_BY_SIDE: usize = 4;
/// What stands for this program in a command of the file.
const SUITE: &str = "{suite}";
/// How long one step of a play may take.
const STEP: Duration = Duration::from_secs(1);

/// What is played: a client, a server, a scenario.
type Cell<'a> = (Pair<'a>, &'static Scenario);

/// Plays the matrix of a file.
pub(super) fn run(way: &MatrixWay, manner: &Manner) -> Result<Exit, Refusal> {
    let begun = Instant::now();
    let chosen = read(&way.file)?;
    let scenarios = scenarios(&way.scenario)?;
    let pairs = pairs(&chosen, &way.only)?;
    let clients = started(
        &chosen,
        |one| one.client.as_deref(),
        |name| pairs.iter().any(|(client, _)| *client == name),
        |command| DriverTestee::start(command, start(manner), None),
    )?;
    let servers = started(
        &chosen,
        |one| one.server.as_deref(),
        |name| pairs.iter().any(|(_, server)| *server == name),
        |command| ServerTestee::start(command, None, start(manner), None),
    )?;
    let mut cells: Vec<Cell<'_>> = Vec::new();
    for (client, server) in &pairs {
        let client = clients.iter().find(|(name, _)| name == client);
        let server = servers.iter().find(|(name, _)| name == server);
        let (Some((client, driver)), Some((server, testee))) = (client, server) else {
            continue;
        };
        for scenario in &scenarios {
            let pair = Pair {
                client: (client, driver),
                server: (server, testee),
            };
            cells.push((pair, scenario));
        }
    }
    let played = play_all(&cells, begun, manner);
    let again = format!(
        "eop-conformance matrix {}",
        quoted(&way.file.display().to_string())
    );
    say(&table(&played, &again, begun.elapsed()));
    Ok(played
        .iter()
        .map(|one| exit(&one.verdict))
        .max()
        .unwrap_or(Exit::Usage))
}

const fn exit(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Conforms,
        Verdict::Guilty(_) | Verdict::Nobody { .. } | Verdict::Lacking(_) => Exit::DoesNot,
        Verdict::Error(_) => Exit::Harness,
        Verdict::NotRun => Exit::Deadline,
    }
}

fn read(file: &Path) -> Result<Vec<Implementation>, Refusal> {
    let named = |why: String| Refusal::usage(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
    implementations(&text).map_err(|why| named(why.to_string()))
}

fn scenarios(names: &[String]) -> Result<Vec<&'static Scenario>, Refusal> {
    if names.is_empty() {
        return Ok(SCENARIOS.iter().collect());
    }
    let known = || SCENARIOS.iter().map(|scenario| scenario.name);
    let find = |name: &String| {
        let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
        found.ok_or_else(|| unknown("scenario", name, known()))
    };
    names.iter().map(find).collect()
}

/// The pairs that were asked for; all of them, if none was.
fn pairs<'i>(
    chosen: &'i [Implementation],
    only: &[String],
) -> Result<Vec<(&'i str, &'i str)>, Refusal> {
    let clients: Vec<_> = chosen
        .iter()
        .filter(|one| one.client.is_some())
        .map(|one| one.name.as_str())
        .collect();
    let servers: Vec<_> = chosen
        .iter()
        .filter(|one| one.server.is_some())
        .map(|one| one.name.as_str())
        .collect();
    for pair in only {
        let Some((client, server)) = pair.split_once(':') else {
            return Err(Refusal::usage(format!(
                "--only is CLIENT:SERVER, not `{pair}`"
            )));
        };
        for (what, name, known) in [("client", client, &clients), ("server", server, &servers)] {
            if name != "*" && !known.contains(&name) {
                return Err(unknown(what, name, known.iter().copied()));
            }
        }
    }
    let asked = |client: &str, server: &str| {
        only.is_empty()
            || only
                .iter()
                .filter_map(|pair| pair.split_once(':'))
                .any(|(a, b)| (a == "*" || a == client) && (b == "*" || b == server))
    };
    let all = clients
        .iter()
        .flat_map(|client| servers.iter().map(move |server| (*client, *server)));
    Ok(all
        .filter(|(client, server)| asked(client, server))
        .collect())
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Refusal {
    let meant = nearest(name, known).map_or_else(String::new, |meant| format!("; `{meant}`?"));
    Refusal::usage(format!("there is no {what} `{name}`{meant}"))
}

/// Starts those that play, side by side.
fn started<T: Send>(
    chosen: &[Implementation],
    command: fn(&Implementation) -> Option<&str>,
    plays: impl Fn(&str) -> bool,
    start: impl Fn(&str) -> Result<T, NotStarted> + Sync,
) -> Result<Vec<(&str, T)>, Refusal> {
    let suite = std::env::current_exe()
        .map_err(|error| Refusal(Exit::Harness, format!("where am I? {error}")))?;
    let suite = quoted(&suite.display().to_string());
    let playing = chosen.iter().filter(|one| plays(&one.name));
    let commands: Vec<_> = playing
        .filter_map(|one| Some((one.name.as_str(), command(one)?.replace(SUITE, &suite))))
        .collect();
    std::thread::scope(|scope| {
        let start = &start;
        let starting: Vec<_> = commands
            .iter()
            .map(|(name, command)| (*name, scope.spawn(move || start(command))))
            .collect();
        let mut started = Vec::new();
        for (name, thread) in starting {
            let one = thread
                .join()
                .map_err(|_| Refusal(Exit::Harness, format!("{name}: a thread failed")))?;
            let named = |NotStarted(why)| Refusal(Exit::NotStarted, format!("{name}: {why}"));
            started.push((name, one.map_err(named)?));
        }
        Ok(started)
    })
}

fn play_all(cells: &[Cell<'_>], begun: Instant, manner: &Manner) -> Vec<Played> {
    let next = AtomicUsize::new(0);
    let played = Mutex::new(Vec::new());
    let late = || {
        manner
            .deadline
            .is_some_and(|deadline| begun.elapsed() > deadline)
    };
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((pair, scenario)) = cells.get(index) else {
                return;
            };
            let one = if late() {
                pair.not_run(scenario)
            } else {
                play(pair, scenario, STEP.saturating_mul(manner.patience))
            };
            let mut played = played
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            played.push((index, one));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..if manner.serial { 1 } else { SIDE_BY_SIDE } {
            scope.spawn(work);
        }
    });
    let mut played = played
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    played.sort_by_key(|(index, _)| *index);
    played.into_iter().map(|(_, one)| one).collect()
}
