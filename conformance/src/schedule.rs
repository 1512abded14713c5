//! Plays cases side by side, folds the plays of one case into one outcome, and knows when to stop.
//!
//! First the gate: the case that every other rests on. Then every case uncut; a case that passes is played with its other
//! cuts, one that fails is played once more, alone with more patience. Nothing here knows what a case is about.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::authority::{Authority, Terms};
use crate::case::{Case, Cuts, Needs, Polarity, Script, Twin};
use crate::link::{Kept, Manner, Security};
use crate::requirement::{self, Level};
use crate::segmentation::Cut;
use crate::stage::{ClientStage, Play, ProgramStage, ServerStage};
use crate::testee::{DriverTestee, ProgramTestee, ServerTestee};
use crate::timeline::{KEPT, KEPT_IN_BRIEF, Log, Timeline};
use crate::verdict::{Breach, Stop, Verdict};

/// How long a step waits for the testee, before patience is applied.
pub const WAIT: Duration = Duration::from_millis(1000);
/// How much longer a step waits when a case that failed is played again.
const AGAIN: u32 = 3;
/// More failing plays than this are believed at once: they are no accident.
const BELIEVED: usize = 32;
/// How many of many failing plays are played again before the others are believed.
const SAMPLE: usize = 4;
/// After so many plays that waited in vain, the others wait half as long, until what failed is played again.
const IN_VAIN: usize = 48;
/// Cases played at the same time.
const SIDE_BY_SIDE: usize = 24;

/// Cases played at the same time that cost a process each.
const PROGRAMS_SIDE_BY_SIDE: usize = 4;

/// Whom the cases are played to.
#[derive(Debug)]
pub enum Testee {
    /// A server.
    Server(ServerTestee),
    /// A client's driver.
    Client(DriverTestee),
    /// A client program without a driver.
    Program(ProgramTestee),
}

impl Testee {
    /// Who vouches for whom, if it speaks TLS.
    #[must_use]
    pub const fn authority(&self) -> Option<&Arc<Authority>> {
        match self {
            Self::Server(server) => server.authority(),
            Self::Client(client) => client.authority(),
            Self::Program(program) => program.authority(),
        }
    }

    /// The process groups that were started for it.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        match self {
            Self::Server(server) => server.processes(),
            Self::Client(client) => client.processes(),
            Self::Program(_) => Vec::new(),
        }
    }
}

/// How to play.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scales every wait.
    pub patience: u32,
    /// One play at a time.
    pub serial: bool,
    /// Only this cut.
    pub cut: Option<Cut>,
    /// When to stop, whatever is left.
    pub deadline: Option<Instant>,
    /// Of which plays the timelines stay.
    pub timelines: Timelines,
    /// Draws the order of the cases; without it they are played as they stand.
    pub seed: Option<u64>,
}

/// Which timelines stay after their play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timelines {
    /// Those of plays that were not as required.
    Failing,
    /// All of them: for a report that tells what was exchanged.
    All,
}

/// One play of a case, or two for a negative one.
#[derive(Debug, Clone)]
pub struct Played {
    /// How octets were cut.
    pub cut: Cut,
    /// The twin that was played last.
    pub twin: Twin,
    /// Why it stopped; `None` if everything was as required.
    pub stop: Option<Stop>,
    /// The first alternative that the testee took where the specification recommends something else.
    pub alternative: Option<String>,
    /// What happened, by twin; of a play that was as required only with [`Timelines::All`].
    pub timelines: Vec<(Twin, Timeline)>,
    /// How long it took, both twins together.
    pub took: Duration,
}

impl Played {
    /// What happened in the last twin, if it was kept.
    #[must_use]
    pub fn timeline(&self) -> Option<&Timeline> {
        self.timelines.last().map(|(_, timeline)| timeline)
    }

    /// The requirement that is broken: the breach's own if it names one, else the case's first.
    #[must_use]
    pub fn broken(&self, case: &Case) -> &'static str {
        let named = match &self.stop {
            Some(Stop::Breach(breach)) => breach.requirement,
            Some(Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_)) | None => None,
        };
        named
            .or_else(|| case.requirements.first().copied())
            .unwrap_or_default()
    }
}

/// A case's verdict, and the plays it rests on.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// Its verdict.
    pub verdict: Verdict,
    /// All its plays, in the order of the cuts.
    pub plays: Vec<Played>,
    /// How long they took together.
    pub took: Duration,
}

impl Outcome {
    /// The first play that was not as required.
    #[must_use]
    pub fn failing(&self) -> Option<&Played> {
        self.plays.iter().find(|played| played.stop.is_some())
    }

    /// The first alternative that the testee took where the specification recommends something else.
    #[must_use]
    pub fn alternative(&self) -> Option<&str> {
        self.plays
            .iter()
            .find_map(|played| played.alternative.as_deref())
    }

    /// Whether a testee of which this came out conforms: nothing that it must do is missing.
    #[must_use]
    pub fn conforms(&self) -> bool {
        match self.verdict {
            Verdict::Pass | Verdict::PassLenient | Verdict::Warn => true,
            Verdict::Unsupported => match self.case.needs {
                Needs::Feature(feature) => feature.is_optional(),
                Needs::Answer | Needs::Contract | Needs::Command | Needs::Program => false,
            },
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error | Verdict::NotRun => false,
        }
    }

    /// The requirement that its first failing play broke; of a case without one, its first.
    #[must_use]
    pub fn broken(&self) -> &'static str {
        let first = || self.case.requirements.first().copied().unwrap_or_default();
        self.failing()
            .map_or_else(first, |played| played.broken(&self.case))
    }
}

/// What is to be played, and when.
#[derive(Debug, Clone)]
struct Job {
    case: Case,
    cut: Cut,
}

/// Plays `cases` to the testee, unless the gate fails; `watch` sees every play as it ends.
pub fn run(
    testee: &Testee,
    gate: &Case,
    cases: &[Case],
    settings: &Settings,
    watch: &(dyn Fn(&Played) + Sync),
) -> Vec<Outcome> {
    let opening = Job {
        case: *gate,
        cut: Cut::Whole,
    };
    let wait = WAIT.saturating_mul(settings.patience);
    let opened = play(testee, &opening, settings, wait, None);
    if opened.stop.is_some() {
        let mut outcomes: Vec<_> = cases
            .iter()
            .filter(|case| case.id != gate.id)
            .map(|case| Outcome {
                case: *case,
                verdict: Verdict::Inconclusive,
                plays: Vec::new(),
                took: Duration::ZERO,
            })
            .collect();
        outcomes.insert(0, fold(*gate, vec![opened]));
        return outcomes;
    }
    let stand = Results::default();
    let in_vain = AtomicUsize::new(0);
    let conduct = |job: &Job, settings: &Settings, wait: Duration| {
        let played = play(testee, job, settings, wait, None);
        watch(&played);
        if waited(&played, wait) {
            in_vain.fetch_add(1, Ordering::Relaxed);
        }
        let passed = played.stop.is_none();
        stand.record(job.case, played);
        if !passed || job.cut != Cut::Whole || settings.cut.is_some() {
            return Vec::new();
        }
        let others = job.case.played_with().filter(|cut| *cut != Cut::Whole);
        others
            .map(|cut| Job {
                case: job.case,
                cut,
            })
            .collect()
    };
    // What takes its time begins first.
    let mut ordered = cases.to_vec();
    if let Some(seed) = settings.seed {
        fastrand::Rng::with_seed(seed).shuffle(&mut ordered);
    }
    let (slow, quick): (Vec<_>, Vec<_>) = ordered.iter().partition(|case| case.cuts == Cuts::Whole);
    let first = |case: &Case| Job {
        case: *case,
        cut: settings.cut.unwrap_or(Cut::Whole),
    };
    let jobs = slow.into_iter().chain(quick).map(first).collect();
    let side_by_side = match testee {
        _ if settings.serial => 1,
        Testee::Server(_) | Testee::Client(_) => SIDE_BY_SIDE,
        Testee::Program(_) => PROGRAMS_SIDE_BY_SIDE,
    };
    work(jobs, side_by_side, settings.deadline, |job| {
        let hasty = in_vain.load(Ordering::Relaxed) >= IN_VAIN;
        conduct(job, settings, if hasty { wait / 2 } else { wait })
    });
    // Only what fails with more patience, and with less beside it, is believed to fail. Many failures are believed at once
    // if most of a sample of them are confirmed: then it is not the machine that was slow.
    let patient = Settings {
        patience: settings.patience.saturating_mul(AGAIN),
        ..settings.clone()
    };
    let enough = WAIT.saturating_mul(patient.patience);
    let again = |jobs: Vec<Job>| {
        let few = side_by_side.min(8);
        work(jobs.into(), few, settings.deadline, |job| {
            conduct(job, &patient, enough)
        });
    };
    let suspects = stand.suspects(enough);
    if suspects.len() <= BELIEVED {
        again(suspects);
    } else {
        let (sample, rest) = sampled(suspects);
        again(sample.clone());
        let confirmed = sample.iter().filter(|job| stand.fails(job)).count();
        if confirmed.saturating_mul(2) < sample.len() {
            again(rest);
        }
    }
    cases.iter().map(|case| stand.outcome(*case)).collect()
}

/// Plays the first failing play of an outcome once more, alone, and keeps what it leaves open while `look` looks at it;
/// whether it failed again.
pub fn hold(
    testee: &Testee,
    outcome: &Outcome,
    settings: &Settings,
    look: impl FnOnce(&Played),
) -> bool {
    let Some(failing) = outcome.failing() else {
        return false;
    };
    let job = Job {
        case: outcome.case,
        cut: failing.cut,
    };
    let kept = Kept::default();
    let wait = WAIT.saturating_mul(settings.patience);
    let again = play(testee, &job, settings, wait, Some(&kept));
    if again.stop.is_some() {
        look(&again);
    }
    again.stop.is_some()
}

/// [`SAMPLE`] jobs from all over, and the others.
fn sampled(jobs: Vec<Job>) -> (Vec<Job>, Vec<Job>) {
    let step = (jobs.len() / SAMPLE).max(1);
    let (mut sample, mut rest) = (Vec::new(), Vec::new());
    for (index, job) in jobs.into_iter().enumerate() {
        if index % step == 0 && sample.len() < SAMPLE {
            sample.push(job);
        } else {
            rest.push(job);
        }
    }
    (sample, rest)
}

/// The plays so far, by case.
#[derive(Debug, Default)]
struct Results(Mutex<BTreeMap<&'static str, (Case, Vec<Played>)>>);

impl Results {
    /// Keeps a play, in place of an earlier one with the same cut.
    fn record(&self, case: Case, played: Played) {
        let mut results = self.lock();
        let (_, plays) = results.entry(case.id).or_insert_with(|| (case, Vec::new()));
        plays.retain(|old| old.cut != played.cut);
        plays.push(played);
    }

    /// Every failing play that more patience might change: not one that has waited for `enough` already.
    fn suspects(&self, enough: Duration) -> Vec<Job> {
        let results = self.lock();
        let suspect = |played: &&Played| played.stop.is_some() && !waited(played, enough);
        let of = |(case, plays): &(Case, Vec<Played>)| -> Vec<Job> {
            let failing = plays.iter().filter(suspect);
            failing
                .map(|played| Job {
                    case: *case,
                    cut: played.cut,
                })
                .collect()
        };
        results.values().flat_map(of).collect()
    }

    fn fails(&self, job: &Job) -> bool {
        let results = self.lock();
        let plays = results.get(job.case.id).map(|(_, plays)| plays.as_slice());
        let played = plays.and_then(|plays| plays.iter().find(|played| played.cut == job.cut));
        played.is_some_and(|played| played.stop.is_some())
    }

    fn outcome(&self, case: Case) -> Outcome {
        let plays = self.lock().remove(case.id).map(|(_, plays)| plays);
        fold(case, plays.unwrap_or_default())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, (Case, Vec<Played>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a play failed by waiting, and its last step waited for as long as a patient one would.
fn waited(played: &Played, enough: Duration) -> bool {
    match &played.stop {
        Some(Stop::Breach(breach)) => breach.waited.is_some_and(|waited| waited >= enough),
        Some(Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_)) | None => false,
    }
}

/// Works through jobs, and through the jobs that come of them, until none is left or the deadline has passed.
fn work(
    jobs: VecDeque<Job>,
    workers: usize,
    deadline: Option<Instant>,
    act: impl Fn(&Job) -> Vec<Job> + Sync,
) {
    struct Queue {
        jobs: VecDeque<Job>,
        busy: usize,
    }
    let queue = Mutex::new(Queue { jobs, busy: 0 });
    let change = Condvar::new();
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let late = || deadline.is_some_and(|deadline| Instant::now() > deadline);
    let worker = || {
        let mut held = lock();
        loop {
            if late() {
                held.jobs.clear();
            }
            if let Some(job) = held.jobs.pop_front() {
                held.busy = held.busy.saturating_add(1);
                drop(held);
                let more = act(&job);
                held = lock();
                held.jobs.extend(more);
                held.busy = held.busy.saturating_sub(1);
                change.notify_all();
            } else if held.busy == 0 {
                return;
            } else {
                held = change
                    .wait_timeout(held, WAIT)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
}

/// Plays one case with one cut: its control, and its defect if it has one. What it leaves open is `kept`, if anywhere.
fn play(
    testee: &Testee,
    job: &Job,
    settings: &Settings,
    wait: Duration,
    kept: Option<&Kept>,
) -> Played {
    let twins: &[Twin] = match job.case.polarity {
        Polarity::Positive => &[Twin::Control],
        Polarity::Negative => &[Twin::Control, Twin::Defect],
    };
    let begun = Instant::now();
    let mut played = Played {
        cut: job.cut,
        twin: Twin::Control,
        stop: None,
        alternative: None,
        timelines: Vec::new(),
        took: Duration::ZERO,
    };
    for twin in twins {
        let keeps = match settings.timelines {
            Timelines::Failing => KEPT_IN_BRIEF,
            Timelines::All => KEPT,
        };
        let manner = Manner {
            kept: kept.cloned(),
            log: Log::keeping(keeps),
            security: testee.authority().map(|authority| Security {
                authority: Arc::clone(authority),
                terms: Terms::default(),
            }),
            ..Manner::new(job.cut, wait)
        };
        let log = manner.log.clone();
        let play = Play {
            twin: *twin,
            ..Play::fresh(manner)
        };
        let result = catch_unwind(AssertUnwindSafe(|| script(testee, &job.case, play)));
        let stop = match result {
            Ok(Ok(())) => None,
            Ok(Err(stop)) => Some(stop),
            Err(panic) => Some(Stop::Harness(format!(
                "the script panicked: {}",
                said(&*panic)
            ))),
        };
        let over = stop.is_some();
        played.alternative = played.alternative.or_else(|| log.alternative());
        if over || settings.timelines == Timelines::All {
            played.timelines.push((*twin, log.finish()));
        }
        played = Played {
            twin: *twin,
            stop,
            took: begun.elapsed(),
            ..played
        };
        if over {
            break;
        }
    }
    played
}

fn script(testee: &Testee, case: &Case, play: Play) -> crate::verdict::Step {
    match (case.script, testee) {
        (Script::Server(script), Testee::Server(server)) => {
            script(&mut ServerStage::new(server, play))
        }
        (Script::Client(script), Testee::Client(client)) => {
            let mut stage = ClientStage::new(client, play)?;
            if let Needs::Feature(feature) = case.needs {
                stage.require(feature)?;
            }
            script(&mut stage)
        }
        (Script::Program(script), Testee::Program(program)) => {
            script(&mut ProgramStage::new(program, play))
        }
        (Script::Server(_), Testee::Client(_) | Testee::Program(_))
        | (Script::Client(_), Testee::Server(_) | Testee::Program(_))
        | (Script::Program(_), Testee::Server(_) | Testee::Client(_)) => Err(Stop::Harness(
            "a case was played to a testee of another kind".to_owned(),
        )),
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// The verdict that the plays of a case amount to.
fn fold(case: Case, mut plays: Vec<Played>) -> Outcome {
    plays.sort_by_key(|played| Cut::all().position(|cut| cut == played.cut));
    let verdict = if plays.is_empty() {
        Verdict::NotRun
    } else {
        plays
            .iter()
            .map(|played| verdict(&case, played))
            .max()
            .unwrap_or(Verdict::NotRun)
    };
    Outcome {
        case,
        verdict,
        took: plays.iter().map(|played| played.took).sum(),
        plays,
    }
}

fn verdict(case: &Case, played: &Played) -> Verdict {
    match (&played.stop, case.polarity, played.twin) {
        (None, _, _) if played.alternative.is_some() => Verdict::PassLenient,
        (None, _, _) => Verdict::Pass,
        (Some(Stop::Harness(_)), _, _) => Verdict::Error,
        (Some(Stop::Lacking(_)), _, _) => Verdict::Unsupported,
        (Some(_), Polarity::Negative, Twin::Control) => Verdict::Inconclusive,
        (Some(Stop::Gone(_)), _, _) => Verdict::Fail,
        (Some(Stop::Breach(breach)), _, _) => match level(case, breach) {
            Level::Should => Verdict::Warn,
            // What a testee may leave out and has not declared to lack has to be right.
            Level::Must | Level::May => Verdict::Fail,
        },
    }
}

fn level(case: &Case, breach: &Breach) -> Level {
    let narrower = breach.requirement.and_then(requirement::find);
    narrower.map_or_else(|| case.level(), |requirement| requirement.level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;
    use crate::verdict::Axis;

    /// A play of ten seconds, in whose last step nothing came for `waited`.
    fn in_vain(waited: Duration) -> Results {
        let stand = Results::default();
        let played = Played {
            cut: Cut::Whole,
            twin: Twin::Control,
            stop: Some(Stop::silence(Axis::Messages, "a message", waited)),
            alternative: None,
            timelines: Vec::new(),
            took: Duration::from_secs(10),
        };
        stand.record(cases::plain_gate(), played);
        stand
    }

    #[test]
    fn a_long_play_whose_last_step_waited_for_a_short_time_is_played_again() {
        let stand = in_vain(WAIT);
        assert_eq!(stand.suspects(WAIT.saturating_mul(AGAIN)).len(), 1);
    }

    #[test]
    fn a_play_whose_last_step_was_patient_is_believed() {
        let stand = in_vain(WAIT.saturating_mul(AGAIN));
        assert_eq!(stand.suspects(WAIT.saturating_mul(AGAIN)).len(), 0);
    }
}
