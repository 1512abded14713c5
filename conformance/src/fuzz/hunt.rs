//! Plays many plans side by side until one fails: then it is played again alone, and what fails again is shrunk.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::shrink::shrink;
use super::{Failure, Plan, Player, Replay, play};
use crate::verdict::Stop;

/// How much longer than in the hunt a step may take when a failure is played again.
const AGAIN: u32 = 3;
/// How much shorter than in the hunt a step may take while a failure is shrunk: what is silent is so hundreds of times.
const HASTE: u32 = 4;
/// How often a failure is played again before it counts for an accident of the machine.
const TRIES: usize = 5;

/// How long a hunt goes on, and how.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// What the plans are drawn from.
    pub seed: u64,
    /// The most sessions; none means until the time is over.
    pub sessions: Option<u64>,
    /// When no further session begins.
    pub until: Option<Instant>,
    /// What a step may take.
    pub wait: Duration,
    /// Sessions at the same time.
    pub side_by_side: usize,
}

/// What came of a hunt.
#[derive(Debug, Clone)]
pub struct Hunted<P> {
    /// How many sessions were played.
    pub sessions: u64,
    /// Those that failed once, and not when they were played again alone: a busy machine, or something that only happens
    /// beside other sessions.
    pub once: Vec<(u64, Failure)>,
    /// How many of them the testee declares that it lacks something for.
    pub lacking: u64,
    /// The failure that ended it, if one did.
    pub found: Option<Found<P>>,
}

/// A failure that was believed.
#[derive(Debug, Clone)]
pub struct Found<P> {
    /// The plan that shows it, and where it came from.
    pub replay: Replay<P>,
    /// How it fails.
    pub failure: Failure,
    /// How many steps the plan had as it was drawn.
    pub drawn: usize,
    /// How often was played to shrink it.
    pub plays: usize,
}

/// The plan of one session.
fn drawn<P: Plan>(seed: u64, session: u64) -> P {
    P::draw(&mut Rng::with_seed(seed.wrapping_add(session)))
}

/// Plays plans to the testee until one fails or a bound is reached; `watch` is told of every session that is over.
pub fn hunt<P: Player>(player: &P, bounds: &Bounds, watch: &(dyn Fn() + Sync)) -> Hunted<P::Plan> {
    let (next, lacking) = (AtomicU64::new(0), AtomicU64::new(0));
    let (mut once, mut found) = (Vec::new(), None);
    loop {
        let suspects = until_failures(player, bounds, (&next, &lacking), watch);
        if suspects.is_empty() {
            break;
        }
        for (session, failure) in suspects {
            match believed(player, bounds, session, &failure) {
                Some(one) => {
                    found = Some(one);
                    break;
                }
                None => once.push((session, failure)),
            }
        }
        if found.is_some() {
            break;
        }
    }
    let most = bounds.sessions.unwrap_or(u64::MAX);
    Hunted {
        sessions: next.load(Ordering::Relaxed).min(most),
        once,
        lacking: lacking.into_inner(),
        found,
    }
}

/// Goes on side by side; ends when something has failed, or everything is played.
fn until_failures<P: Player>(
    player: &P,
    bounds: &Bounds,
    (next, lacking): (&AtomicU64, &AtomicU64),
    watch: &(dyn Fn() + Sync),
) -> Vec<(u64, Failure)> {
    let suspects = Mutex::new(Vec::new());
    let stopped = AtomicBool::new(false);
    let over = || {
        let late = bounds.until.is_some_and(|until| Instant::now() >= until);
        late || stopped.load(Ordering::Relaxed)
    };
    let work = || {
        while !over() {
            let session = next.fetch_add(1, Ordering::Relaxed);
            if bounds.sessions.is_some_and(|most| session >= most) {
                return;
            }
            match play(player, &drawn(bounds.seed, session), bounds.wait) {
                Ok(()) => {}
                Err(Failure {
                    stop: Stop::Lacking(_),
                    ..
                }) => drop(lacking.fetch_add(1, Ordering::Relaxed)),
                Err(failure) => {
                    stopped.store(true, Ordering::Relaxed);
                    let mut suspects = suspects.lock().unwrap_or_else(PoisonError::into_inner);
                    suspects.push((session, failure));
                }
            }
            watch();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..bounds.side_by_side {
            scope.spawn(work);
        }
    });
    let mut suspects = suspects
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    suspects.sort_by_key(|(session, _)| *session);
    suspects
}

/// The failure of a session if it fails again, shrunk. A fault of the runner is believed at once.
fn believed<P: Player>(
    player: &P,
    bounds: &Bounds,
    session: u64,
    failure: &Failure,
) -> Option<Found<P::Plan>> {
    let plan: P::Plan = drawn(bounds.seed, session);
    let drawn = plan.length();
    let (plan, failure, plays) = match failure.stop {
        Stop::Harness(_) => (plan, failure.clone(), 0),
        Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) => {
            let failure = again(player, &plan, bounds.wait)?;
            let hasty = bounds.wait / HASTE;
            let (smaller, _, plays) = shrink(player, plan.clone(), failure.clone(), hasty);
            // What fails for want of patience is no smaller form of what fails in spite of it.
            match again(player, &smaller, bounds.wait) {
                Some(failure) => (smaller, failure, plays),
                None => (plan, failure, plays),
            }
        }
    };
    let replay = Replay {
        seed: bounds.seed,
        session,
        plan,
    };
    Some(Found {
        replay,
        failure,
        drawn,
        plays,
    })
}

/// How a plan fails, if it does in one of a few plays, alone and with patience.
fn again<P: Player>(player: &P, plan: &P::Plan, wait: Duration) -> Option<Failure> {
    let patient = wait.saturating_mul(AGAIN);
    (0..TRIES).find_map(|_| play(player, plan, patient).err())
}

/// Plays a plan that was kept, as patiently as a failure is played again.
pub fn replay<P: Player>(player: &P, replay: &Replay<P::Plan>, wait: Duration) -> Option<Failure> {
    again(player, &replay.plan, wait)
}
