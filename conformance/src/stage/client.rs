//! The stage on which a client is judged: the runner is home, every target, and the application behind the driver.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Endpoint, Play};
use crate::feature::Feature;
use crate::link::{Link, Manner};
use crate::testee::{Driver, DriverTestee, Event, Report};
use crate::timeline::Side;
use crate::verdict::{Axis, Step, Stop};

/// How long an absence is watched that nothing orders, at least.
const QUIET: Duration = Duration::from_millis(25);

/// One play against a client.
#[derive(Debug)]
pub struct ClientStage<'a> {
    testee: &'a DriverTestee,
    driver: Arc<Driver>,
    play: Play,
}

/// One session of the client under test.
#[derive(Debug)]
pub struct Session {
    id: u32,
    driver: Arc<Driver>,
    reports: Receiver<Report>,
    manner: Manner,
    syncs: u32,
    /// The longest that an event has been waited for.
    slowest: Duration,
}

impl<'a> ClientStage<'a> {
    /// A stage for one play.
    pub fn new(testee: &'a DriverTestee, play: Play) -> Step<Self> {
        Ok(Self {
            testee,
            driver: testee.driver()?,
            play,
        })
    }

    /// Stops the play if the driver declares that it lacks a feature.
    pub fn require(&self, feature: Feature) -> Step {
        if self.driver.lacks(feature) {
            return Err(Stop::Lacking(format!(
                "the driver declares lacks={feature}"
            )));
        }
        Ok(())
    }

    /// What the driver declares that it lacks.
    #[must_use]
    pub fn lacking(&self) -> &[Feature] {
        self.driver.lacking()
    }

    /// A further driver process of the same testee.
    pub fn another_driver(&self) -> Step<Driver> {
        self.testee.another()
    }

    /// The same play on a driver process of its own.
    pub fn afresh(&self) -> Step<Self> {
        Ok(Self {
            testee: self.testee,
            driver: Arc::new(self.another_driver()?),
            play: self.play.clone(),
        })
    }

    /// How much memory the driver process holds, in octets; `None` where the system does not tell.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        self.driver.memory()
    }

    /// A port of the runner that takes connections.
    pub fn endpoint(&self, label: &str) -> Step<Endpoint> {
        Endpoint::listening(label, self.play.manner.clone())
    }

    /// A port of the runner that refuses connections.
    pub fn refusing(&self, label: &str) -> Step<Endpoint> {
        Endpoint::refusing(label, self.play.manner.clone())
    }

    /// A port of the runner that answers no connection.
    pub fn silent(&self, label: &str) -> Step<Endpoint> {
        Endpoint::silent(label, self.play.manner.clone())
    }

    /// A session that was told to connect to an address, with these settings; nothing is awaited.
    #[must_use]
    pub fn session(&self, home: &str, settings: &str) -> Session {
        let driver = Arc::clone(&self.driver);
        let (id, reports) = driver.open();
        let session = Session {
            id,
            driver,
            reports,
            manner: self.play.manner.clone(),
            syncs: 0,
            slowest: Duration::ZERO,
        };
        session.say(&format!("connect {home} {settings}"));
        session
    }

    /// A session connected to `home`, and that connection.
    pub fn begin(&self, home: &Endpoint, settings: &str) -> Step<(Session, Link)> {
        let mut session = self.session(&home.address().to_string(), settings);
        let link = home.accept()?;
        session.expect(&format!("connected {} hop=0", home.address()))?;
        Ok((session, link))
    }
}

impl Deref for ClientStage<'_> {
    type Target = Play;

    fn deref(&self) -> &Play {
        &self.play
    }
}

impl Session {
    /// Gives the driver a command for this session.
    pub fn say(&self, command: &str) {
        self.say_exactly(command.trim_end());
    }

    /// Gives the driver a line for this session, right or wrong.
    pub fn say_exactly(&self, command: &str) {
        self.manner.log.line(Side::Runner, command);
        self.driver.say(&format!("{} {command}", self.id));
    }

    /// The next event, which has to be what `pattern` says (see [`Event::matches`]).
    pub fn expect(&mut self, pattern: &str) -> Step<Event> {
        let event = self.next(pattern)?;
        if !event.matches(pattern) {
            return Err(Stop::messages(pattern, event.to_string()));
        }
        if let Some(chosen) = event.alternative(pattern) {
            self.manner.log.chosen(chosen);
        }
        Ok(event)
    }

    /// The message with this payload, and the accounting behind it: `outstanding=0 greeting=0`.
    pub fn expect_message(&mut self, payload: &[u8], accounting: &str) -> Step<Event> {
        let body = crate::octets::body(payload);
        self.expect(format!("message {body} {accounting}").trim_end())
    }

    /// A barrier: everything said before took effect and everything that came was processed, with no event meanwhile.
    pub fn sync(&mut self) -> Step {
        let token = self.begin_sync();
        self.expect(&format!("synced {token}")).map(drop)
    }

    /// The same barrier, taking the events that come before it.
    pub fn sync_taking(&mut self) -> Step<Vec<Event>> {
        self.begin_sync();
        let mut events = self.events_until("synced")?;
        events.pop();
        Ok(events)
    }

    /// All events up to the first with this verb, which is the last of them.
    pub fn events_until(&mut self, verb: &str) -> Step<Vec<Event>> {
        let mut events = Vec::new();
        loop {
            let event = self.next(verb)?;
            let last = event.verb() == verb;
            events.push(event);
            if last {
                return Ok(events);
            }
        }
    }

    /// The session ends as `pattern` says, because of what was just sent on `link`. In manual the end waits for a `sync`
    /// behind it (EOP-ACC-14): it is given here.
    pub fn expect_end(&mut self, link: &mut Link, pattern: &str) -> Step {
        link.settle()?;
        // One may still find the connection alive; the second finds it ended.
        self.begin_sync();
        self.begin_sync();
        let events = self.events_until("ended")?;
        match events.iter().find(|event| event.verb() != "synced") {
            Some(event) if event.matches(pattern) => Ok(()),
            Some(event) => Err(Stop::messages(pattern, event.to_string())),
            None => Err(Stop::messages(pattern, "only `synced`")),
        }
    }

    /// No event comes for a while: ten times as long as the slowest so far took, between `QUIET` and ten times that.
    /// Only where nothing orders the absence; the timeline says how long it was.
    pub fn quiet(&mut self) -> Step {
        self.manner.flush()?;
        let time = self.slowest.saturating_mul(10).clamp(QUIET, 10 * QUIET);
        let note = format!(
            "  no event for {} ms, which nothing orders",
            time.as_millis()
        );
        self.manner.log.note("driver", note);
        match self.reports.recv_timeout(time) {
            Ok(Report::Line(line)) => Err(Stop::messages("no event yet", line)),
            Ok(Report::Babble(what)) => Err(babble(&what)),
            Ok(Report::Gone(why)) => Err(Stop::Gone(why)),
            Err(_) => Ok(()),
        }
    }

    /// No event has come that the script has not taken. A barrier has to stand before it.
    pub fn nothing_more(&self) -> Step {
        match self.reports.try_recv() {
            Ok(Report::Line(line)) => Err(Stop::messages("no further event", line)),
            Ok(Report::Babble(what)) => Err(babble(&what)),
            Ok(Report::Gone(why)) => Err(Stop::Gone(why)),
            Err(_) => Ok(()),
        }
    }

    /// Asks for a barrier; the token that its `synced` will have.
    pub(crate) fn begin_sync(&mut self) -> String {
        self.syncs = self.syncs.saturating_add(1);
        let token = format!("s{}", self.syncs);
        self.say(&format!("sync {token}"));
        token
    }

    /// Ends the session as its application would.
    pub fn close(&mut self) -> Step<Event> {
        self.say("close");
        self.expect("ended closed").map_err(|stop| match &stop {
            Stop::Breach(breach) if breach.timed_out() => stop.against("EOP-DRV-8"),
            Stop::Breach(breach) if breach.observed.starts_with("ended") => {
                stop.against("EOP-DRV-17")
            }
            Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
        })
    }

    /// The next event, whatever it is.
    pub(crate) fn next(&mut self, expected: &str) -> Step<Event> {
        self.manner.flush()?;
        let begun = Instant::now();
        let report = self.reports.recv_timeout(self.manner.wait);
        self.slowest = self.slowest.max(begun.elapsed());
        match report {
            Ok(Report::Line(line)) => {
                self.manner.log.line(Side::Testee, &line);
                Event::parse(&line).map_err(|why| {
                    Stop::messages(expected, format!("\"{}\": {why}", line.escape_debug()))
                        .against("EOP-DRV-13")
                })
            }
            Ok(Report::Babble(what)) => Err(babble(&what)),
            Ok(Report::Gone(why)) => Err(Stop::Gone(why)),
            Err(RecvTimeoutError::Disconnected) => {
                Err(Stop::Gone("the driver has gone".to_owned()))
            }
            Err(RecvTimeoutError::Timeout) => {
                Err(Stop::silence(Axis::Messages, expected, self.manner.wait))
            }
        }
    }

    /// How long a step waits.
    pub(crate) const fn wait(&self) -> Duration {
        self.manner.wait
    }

    /// Lets the steps that follow wait this long.
    pub const fn patience(&mut self, wait: Duration) {
        self.manner.wait = wait;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.manner.kept.is_some() {
            return;
        }
        self.driver.say(&format!("{} close", self.id));
        self.driver.forget(self.id);
    }
}

/// The driver printed something that is no line of the contract.
fn babble(what: &str) -> Stop {
    Stop::messages("a line of the contract", what).against("EOP-DRV-13")
}
