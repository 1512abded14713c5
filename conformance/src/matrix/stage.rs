//! What a scenario is played on: the instances of the server, the relay before them, and a session of the driver.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::court::{Guilt, Place};
use super::play::Pair;
use super::relay::Relay;
use super::scenario::{Act, Scenario};
use crate::case::Role;
use crate::feature::Feature;
use crate::link::{Link, Manner};
use crate::octets::n;
use crate::segmentation::Cut;
use crate::testee::{Driver, Event, Report};
use crate::timeline::{Log, Side};
use crate::verdict::{Axis, Step, Stop};

/// The places of a scenario.
pub(super) const PLACES: [&str; 3] = ["home", "B", "C"];
/// What tells the three instances of a server apart: every one has the defaults, said otherwise.
const OPTIONS: [&str; 3] = ["", "header=10000", "header=10000 stall=30000"];
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Why a play stopped before its end.
pub(super) enum Failed {
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

pub(super) fn server_fails(expected: &str, observed: &str, requirement: &'static str) -> Failed {
    let (expected, observed) = (expected.to_owned(), observed.to_owned());
    Failed::Of(Guilt::of(Role::Server, requirement, expected, observed))
}

pub(super) struct Stage {
    pub(super) scenario: &'static Scenario,
    pub(super) places: Vec<Place>,
    /// The main ports of the server's instances.
    pub(super) instances: Vec<SocketAddrV4>,
    pub(super) relay: Relay,
    pub(super) driver: Arc<Driver>,
    pub(super) id: u32,
    pub(super) reports: Receiver<Report>,
    pub(super) log: Log,
    pub(super) wait: Duration,
    pub(super) token: String,
    /// Octets that the client was given to send, as frames.
    pub(super) given: usize,
    pub(super) half_closed: bool,
    pub(super) hop: u32,
}

impl Stage {
    pub(super) fn set(
        pair: &Pair<'_>,
        scenario: &'static Scenario,
        wait: Duration,
        log: Log,
    ) -> Result<Self, Failed> {
        let driver = pair.client.1.driver()?;
        let asks = |feature: &&Feature| match feature.setting() {
            Some(_) => scenario
                .settings
                .split(' ')
                .any(|one| feature.asked_by(one)),
            None => scenario.acts.contains(&Act::HalfCloses),
        };
        if let Some(feature) = driver.lacking().iter().find(asks) {
            return Err(Stop::Lacking(format!("the driver declares lacks={feature}")).into());
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
    pub(super) fn ask(&self, index: usize, request: &str) -> Result<String, Failed> {
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

    pub(super) fn filled(&self, text: &str) -> String {
        let mut text = text.replace("{t}", &self.token);
        for place in &self.places {
            let hole = format!("{{{}}}", place.label);
            text = text.replace(&hole, &place.endpoint.to_string());
        }
        text
    }

    pub(super) fn say(&self, command: &str) {
        self.log.line(Side::Runner, command);
        self.driver.say(&format!("{} {command}", self.id));
    }

    /// The next event, which has to be what `pattern` says.
    pub(super) fn expect(&mut self, pattern: &str) -> Step {
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
    pub(super) fn until(&mut self, what: &str, axis: Axis, so: impl Fn(&Relay) -> bool) -> Step {
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

impl Drop for Stage {
    fn drop(&mut self) {
        self.driver.say(&format!("{} close", self.id));
        self.driver.forget(self.id);
    }
}
