//! Plays one scenario between a client and a server, and asks the court whose fault it is if it goes wrong.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::court::{Court, Guilt, Place};
use super::relay::Relay;
use super::scenario::{Act, Scenario};
use super::{Played, Verdict, service};
use crate::case::Role;
use crate::link::{Link, Manner};
use crate::octets::{self, n};
use crate::segmentation::Cut;
use crate::testee::{Driver, DriverTestee, Event, Report, ServerTestee};
use crate::timeline::{Log, Side, Timeline};
use crate::verdict::{Axis, Breach, Step, Stop};

/// The places of a scenario.
const PLACES: [&str; 3] = ["home", "B", "C"];
/// What tells the three instances of a server apart: every one has the defaults, said otherwise.
const OPTIONS: [&str; 3] = ["", "header=10000", "header=10000 stall=30000"];
/// How much longer every wait of a second attempt is: a failure that the wire alone does not prove is believed only if it
/// happens again.
const PATIENCE: u32 = 3;

static NUMBER: AtomicU32 = AtomicU32::new(0);

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
            let Breach {
                expected,
                observed,
                timed_out,
                ..
            } = breach;
            match court.owed().filter(|_| timed_out) {
                Some(guilt) => Verdict::Guilty(guilt),
                None => Verdict::Nobody { expected, observed },
            }
        }
    };
    (verdict, timeline, proven)
}

/// Why a play stopped before its end.
enum Failed {
    /// Something did not happen as it should; the court has to say whose fault it is.
    At(Stop),
    /// One side failed where only that side was asked.
    Of(Guilt),
    /// One side failed, unless the wire shows that the other one made it.
    Unless(Guilt),
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        Self::At(stop)
    }
}

fn server_fails(expected: &str, observed: &str, requirement: &'static str) -> Failed {
    let (expected, observed) = (expected.to_owned(), observed.to_owned());
    Failed::Of(Guilt::of(Role::Server, requirement, expected, observed))
}

struct Stage {
    scenario: &'static Scenario,
    places: Vec<Place>,
    /// The main ports of the server's instances.
    instances: Vec<SocketAddrV4>,
    relay: Relay,
    driver: Arc<Driver>,
    id: u32,
    reports: Receiver<Report>,
    log: Log,
    wait: Duration,
    token: String,
    /// Octets that the client was given to send, as frames.
    given: usize,
    half_closed: bool,
    hop: u32,
}

impl Stage {
    fn set(
        pair: &Pair<'_>,
        scenario: &'static Scenario,
        wait: Duration,
        log: Log,
    ) -> Result<Self, Failed> {
        let driver = pair.client.1.driver()?;
        for (word, feature) in [("automatic", "automatic"), ("greeting", "greeting")] {
            if scenario.settings.contains(word) && driver.lacks(feature) {
                return Err(Stop::Lacking(format!("the driver declares lacks={feature}")).into());
            }
        }
        if scenario.acts.contains(&Act::HalfCloses) && driver.lacks("half-close") {
            let what = "the driver declares lacks=half-close".to_owned();
            return Err(Stop::Lacking(what).into());
        }
        let instances = OPTIONS
            .iter()
            .map(|options| pair.server.1.address_with(options))
            .collect::<Step<Vec<_>>>()
            .map_err(|stop| match stop {
                Stop::Gone(why) => server_fails("a server that starts", &why, "EOP-TST-1"),
                Stop::Breach(_) | Stop::Lacking(_) | Stop::Harness(_) => Failed::At(stop),
            })?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (id, reports) = driver.open();
        let mut stage = Self {
            scenario,
            places: Vec::new(),
            instances,
            relay: Relay::new(log.clone(), wait),
            driver,
            id,
            reports,
            log,
            wait,
            token: format!("x-{}-{number}", std::process::id()),
            given: 0,
            half_closed: false,
            hop: 0,
        };
        // The later ones first: the steps of a port name them.
        for index in (0..stage.instances.len()).rev() {
            stage.open(index)?;
        }
        Ok(stage)
    }

    /// The place with this index gets its endpoint.
    fn open(&mut self, index: usize) -> Result<(), Failed> {
        let label = PLACES.get(index).copied().unwrap_or_default();
        let steps = self.scenario.listen.get(index).copied().unwrap_or_default();
        let steps = self.filled(steps);
        let mut endpoint = self.instance(index);
        if !steps.is_empty() {
            let answer = self.ask(index, &format!("listen {steps}"))?;
            let port = answer
                .strip_prefix("port ")
                .and_then(|port| port.parse().ok());
            let port = port.ok_or_else(|| {
                server_fails("`port P` in answer to `listen`", &answer, "EOP-TST-19")
            })?;
            endpoint.set_port(port);
        }
        let place = Place {
            label,
            endpoint,
            steps,
        };
        self.places.insert(0, place);
        Ok(())
    }

    fn instance(&self, index: usize) -> SocketAddrV4 {
        let nowhere = SocketAddrV4::new([127, 0, 0, 1].into(), 0);
        self.instances.get(index).copied().unwrap_or(nowhere)
    }

    /// Asks an instance of the server something, past the relay.
    fn ask(&self, index: usize, request: &str) -> Result<String, Failed> {
        let asked = || -> Step<String> {
            let manner = Manner::new(Cut::Whole, self.wait);
            let mut link = Link::connect("side", self.instance(index), manner, None)?;
            link.send(n(request))?;
            let answer = link.message(&format!("an answer to `{request}`"))?;
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        let place = PLACES.get(index).copied().unwrap_or_default();
        let answer = asked().map_err(|stop| match stop {
            Stop::Breach(breach) => server_fails(
                &breach.expected,
                &breach.observed,
                breach.requirement.unwrap_or("EOP-TST-14"),
            ),
            Stop::Gone(why) => server_fails("a connection that is taken", &why, "EOP-TST-4"),
            Stop::Lacking(_) | Stop::Harness(_) => Failed::At(stop),
        })?;
        self.log
            .note(place, format!("  runner asks `{request}`: `{answer}`"));
        Ok(answer)
    }

    fn filled(&self, text: &str) -> String {
        let mut text = text.replace("{t}", &self.token);
        for place in &self.places {
            let hole = format!("{{{}}}", place.label);
            text = text.replace(&hole, &place.endpoint.to_string());
        }
        text
    }

    fn play(&mut self) -> Result<(), Failed> {
        let mut dial = Vec::new();
        for place in &self.places {
            let front = self.relay.front(place.label, place.endpoint)?;
            dial.push(format!("{}>{front}", place.endpoint));
        }
        let home = self.filled("{home}");
        let settings = self.scenario.settings;
        self.say(&format!(
            "connect {home} {settings} dial={}",
            dial.join(",")
        ));
        self.expect(&format!("connected {home} hop=0"))?;
        for act in self.scenario.acts {
            self.act(*act)?;
        }
        if !self
            .scenario
            .acts
            .iter()
            .any(|act| matches!(act, Act::Ends(_)))
        {
            self.say("close");
            self.expect("ended closed")?;
        }
        self.until(
            "both sides end every connection",
            Axis::End,
            Relay::all_over,
        )?;
        // Whatever it tells behind its end, the court hears.
        while let Ok(Report::Line(line)) = self.reports.try_recv() {
            self.log.line(Side::Testee, &line);
        }
        for (index, expected) in self.scenario.marked.into_iter().enumerate() {
            self.marked(index, expected)?;
        }
        Ok(())
    }

    fn act(&mut self, act: Act) -> Result<(), Failed> {
        match act {
            Act::Sends(request) => {
                let body = if request.starts_with('@') {
                    request.to_owned()
                } else {
                    octets::payload(self.filled(request).as_bytes())
                };
                self.given = self.given.saturating_add(n(service::payload(&body)).len());
                self.say(&format!("send {body}"));
            }
            Act::Hears(answer) => {
                let octets = match answer.strip_prefix('@') {
                    Some(_) => service::payload(answer),
                    None => answer.as_bytes().to_vec(),
                };
                self.expect(&format!("message {}", body(&octets)))?;
            }
            Act::MovesTo(place) => {
                self.hop = self.hop.saturating_add(1);
                let (to, hop) = (self.filled(&format!("{{{place}}}")), self.hop);
                self.expect(&format!("redirected {to} hop={hop}"))?;
                self.expect(&format!("connected {to} hop={hop}"))?;
            }
            Act::Resends => self.say(&format!("resend {}", self.hop)),
            Act::HalfCloses => {
                self.half_closed = true;
                self.say("half-close");
            }
            Act::Signals => {
                let (given, ends) = (self.given, self.half_closed);
                let all = |relay: &Relay| {
                    relay.taken_by_the_server() >= given
                        && (!ends || relay.client_s_end_is_handed_on())
                };
                self.until("everything sent comes to the server", Axis::Messages, all)?;
                // The others first: what waits at home may be moved to them.
                for index in (0..self.instances.len()).rev() {
                    let answer = self.ask(index, &format!("signal {}", self.token))?;
                    if answer != "ok" {
                        let expected = "`ok` in answer to `signal`";
                        return Err(server_fails(expected, &answer, "EOP-TST-18"));
                    }
                }
            }
            Act::Ends(kind) => self.expect(&format!("ended {kind}"))?,
        }
        Ok(())
    }

    fn marked(&self, index: usize, expected: u32) -> Result<(), Failed> {
        let answer = self.ask(index, &format!("marked {}", self.token))?;
        if answer == expected.to_string() {
            return Ok(());
        }
        let place = PLACES.get(index).copied().unwrap_or_default();
        let expected = format!("{place} acted on {expected} marked message(s)");
        let observed = format!("it acted on {answer}");
        let guilt = Guilt::of(Role::Server, "EOP-RSD-1", expected, observed);
        Err(Failed::Unless(guilt))
    }

    fn say(&self, command: &str) {
        self.log.line(Side::Runner, command);
        self.driver.say(&format!("{} {command}", self.id));
    }

    /// The next event, which has to be what `pattern` says.
    fn expect(&mut self, pattern: &str) -> Step {
        let until = Instant::now() + self.wait;
        let line = loop {
            match self.reports.try_recv() {
                Ok(Report::Line(line)) => break line,
                Ok(Report::Babble(what) | Report::Gone(what)) => return Err(Stop::Gone(what)),
                Err(TryRecvError::Disconnected) => {
                    return Err(Stop::Gone("the driver has gone".to_owned()));
                }
                Err(TryRecvError::Empty) if Instant::now() > until => {
                    return Err(Stop::silence(Axis::Messages, pattern, self.wait));
                }
                Err(TryRecvError::Empty) => self.relay.turn()?,
            }
        };
        self.log.line(Side::Testee, &line);
        match Event::parse(&line) {
            Ok(event) if event.matches(pattern) => Ok(()),
            Ok(_) | Err(_) => Err(Stop::messages(pattern, line)),
        }
    }

    /// Hands on until something is so.
    fn until(&mut self, what: &str, axis: Axis, so: impl Fn(&Relay) -> bool) -> Step {
        let until = Instant::now() + self.wait;
        while !so(&self.relay) {
            if Instant::now() > until {
                return Err(Stop::silence(axis, what, self.wait));
            }
            self.relay.turn()?;
        }
        Ok(())
    }
}

/// A payload as `message` tells it.
pub(super) fn body(octets: &[u8]) -> String {
    if octets.len() > 4096 {
        format!("@{} crc32={:08x}", octets.len(), crc32fast::hash(octets))
    } else {
        octets::payload(octets)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.driver.say(&format!("{} close", self.id));
        self.driver.forget(self.id);
    }
}
