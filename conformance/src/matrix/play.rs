//! Plays one scenario between a client and a server, and asks the court whose fault it is if it goes wrong.

use std::time::Duration;

use super::court::{Court, Guilt};
use super::scenario::Scenario;
use super::stage::{Failed, Stage, server_fails};
use super::{Played, Verdict};
use crate::case::Role;
use crate::testee::{DriverTestee, ServerTestee};
use crate::timeline::{Log, Timeline};
use crate::verdict::{Breach, Stop};

/// How much longer every wait of a second attempt is: a failure that the wire alone does not prove is believed only if it
/// happens again.
const PATIENCE: u32 = 3;

/// A client and a server that are played with each other.
#[derive(Debug)]
pub struct Pair<'a> {
    /// The client's name, and its driver.
    pub client: (&'a str, &'a DriverTestee),
    /// The server's name, and the server.
    pub server: (&'a str, &'a ServerTestee),
}

impl Pair<'_> {
    /// A scenario that the pair was not played.
    #[must_use]
    pub fn not_run(&self, scenario: &'static Scenario) -> Played {
        Played {
            client: self.client.0.to_owned(),
            server: self.server.0.to_owned(),
            scenario,
            verdict: Verdict::NotRun,
            timeline: None,
        }
    }
}

/// Plays a scenario; each step gets `wait`.
#[must_use]
pub fn play(pair: &Pair<'_>, scenario: &'static Scenario, wait: Duration) -> Played {
    let (mut verdict, mut timeline, proven) = attempt(pair, scenario, wait);
    if !proven && matches!(verdict, Verdict::Guilty(_) | Verdict::Nobody { .. }) {
        (verdict, timeline, _) = attempt(pair, scenario, wait.saturating_mul(PATIENCE));
    }
    Played {
        verdict,
        timeline: Some(timeline),
        ..pair.not_run(scenario)
    }
}

/// One attempt: what came of it, what happened, and whether the wire proves somebody guilty whatever the time.
fn attempt(
    pair: &Pair<'_>,
    scenario: &'static Scenario,
    wait: Duration,
) -> (Verdict, Timeline, bool) {
    let log = Log::begin();
    let staged = Stage::set(pair, scenario, wait, log.clone());
    let (places, stop) = match staged {
        Ok(mut stage) => {
            let stop = stage.play().err();
            let refused = stage.relay.refused.take();
            // The server takes no connection: nothing that follows says anything about the client.
            let refused =
                refused.map(|why| server_fails("a connection that is taken", &why, "EOP-TST-4"));
            (std::mem::take(&mut stage.places), refused.or(stop))
        }
        Err(stop) => (Vec::new(), Some(stop)),
    };
    let timeline = log.finish();
    let court = Court::hears(&timeline, &places, scenario.settings);
    let proven = court.is_err();
    let verdict = match (court, stop) {
        (_, Some(Failed::Of(guilt))) => Verdict::Guilty(guilt),
        (_, Some(Failed::At(Stop::Lacking(what)))) => Verdict::Lacking(what),
        (_, Some(Failed::At(Stop::Harness(what)))) => Verdict::Error(what),
        (Err(guilt), _) => Verdict::Guilty(guilt),
        (Ok(_), None) => Verdict::Pass,
        (Ok(_), Some(Failed::Unless(guilt))) => Verdict::Guilty(guilt),
        (Ok(_), Some(Failed::At(Stop::Gone(what)))) => {
            let expected = "a driver that goes on".to_owned();
            Verdict::Guilty(Guilt::of(Role::Client, "EOP-DRV-13", expected, what))
        }
        (Ok(court), Some(Failed::At(Stop::Breach(breach)))) => {
            let timed_out = breach.timed_out();
            let Breach {
                expected, observed, ..
            } = *breach;
            match court.owed().filter(|_| timed_out) {
                Some(guilt) => Verdict::Guilty(guilt),
                None => Verdict::Nobody { expected, observed },
            }
        }
    };
    (verdict, timeline, proven)
}
