//! Plays sessions to a client: the runner is home, every target and the application, and holds what shows against the model.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::model::{Expected, Foretold, Session as Model, Wire};
use super::plan::{Burst, Command, LISTENING, Piece, Places, Plan, REFUSING, Settings};
use crate::fuzz::{blame, cut};
use crate::link::{Link, Seen};
use crate::octets::raw;
use crate::stage::{ClientStage, Endpoint, Session};
use crate::testee::{DriverTestee, Event};
use crate::timeline::{describe, frame};
use crate::verdict::{Axis, End, Step, Stop};

/// How long the runner waits before it asks a session for the third time whether it has ended; for twice as long before
/// the next time, and so on.
const PAUSE: Duration = Duration::from_micros(200);

/// One session: the driver's side of it, the servers' and what both have to look like.
struct Side {
    session: Session,
    endpoints: BTreeMap<String, Endpoint>,
    places: Places,
    limit: u32,
    /// The connection that the client has.
    link: Option<Link>,
    /// Whether the client has half-closed it.
    half_closed: bool,
    model: Model,
}

pub(super) fn play(testee: &DriverTestee, plan: &Plan, play: crate::stage::Play) -> Step {
    let stage = ClientStage::new(testee, play)?;
    for feature in plan.sessions.iter().flat_map(Settings::needs) {
        stage.require(feature)?;
    }
    let half_closes = |command: &Command| *command == Command::HalfClose;
    let half_closes =
        |burst: &Burst| matches!(burst, Burst::Say(commands) if commands.iter().any(half_closes));
    if plan.steps.iter().any(|step| half_closes(&step.burst)) {
        stage.require(crate::feature::Feature::HalfClose)?;
    }
    let mut sides = Vec::new();
    for settings in &plan.sessions {
        let mut side = Side::begin(&stage, settings)?;
        side.check()?;
        sides.push(side);
    }
    for step in &plan.steps {
        if let Some(side) = sides.get_mut(step.session)
            && !side.model.ended
        {
            side.burst(&step.burst)?;
        }
    }
    for side in &mut sides {
        side.close()?;
    }
    Ok(())
}

impl Side {
    fn begin(stage: &ClientStage<'_>, settings: &Settings) -> Step<Self> {
        let mut endpoints = BTreeMap::new();
        for name in LISTENING {
            endpoints.insert(name.to_owned(), stage.endpoint(name)?);
        }
        endpoints.insert(REFUSING.to_owned(), stage.refusing(REFUSING)?);
        let places: Places = endpoints
            .iter()
            .map(|(name, endpoint)| (name.clone(), endpoint.address()))
            .collect();
        let home = super::plan::place(&places, "home");
        Ok(Self {
            session: stage.session(&home.to_string(), &settings.words()),
            endpoints,
            model: Model::begin(settings.clone(), places.clone()),
            places,
            limit: settings.limit(),
            link: None,
            half_closed: false,
        })
    }

    fn burst(&mut self, burst: &Burst) -> Step {
        match burst {
            Burst::Say(commands) => self.say(commands),
            Burst::Serve { pieces, cuts, fin } => self.serve(pieces, cuts, *fin)?,
            Burst::Reset => {
                let mut model = self.model.clone();
                model.reset();
                if !model.is_open()
                    && let Some(link) = self.link.take()
                {
                    link.reset()?;
                    self.model = model;
                }
            }
        }
        self.check()
    }

    fn say(&mut self, commands: &[Command]) {
        for command in commands {
            if self.model.is_settled(command) {
                self.session.say(&self.model.line(command));
                self.model.say(command);
            }
        }
    }

    fn serve(&mut self, pieces: &[Piece], cuts: &[usize], fin: bool) -> Step {
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        let mut octets = Vec::new();
        let (mut goes_on, mut settled) = (true, true);
        for piece in pieces {
            let piece = piece.octets(&self.places, self.limit);
            if goes_on {
                let mut model = self.model.clone();
                let stands = model.serve(&piece);
                if model.is_open() {
                    continue;
                }
                (self.model, goes_on) = (model, stands);
                settled = !goes_on || !self.model.wrote();
            }
            octets.extend_from_slice(&piece);
            if !settled {
                break;
            }
        }
        link.send_pieces(&cut::pieces(&octets, cuts))?;
        if goes_on {
            link.settle().map_err(|stop| blame(stop, "EOP-RED-12"))?;
        }
        let mut model = self.model.clone();
        if goes_on {
            model.end_of_stream();
        }
        if fin && settled && !model.is_open() {
            link.half_close()?;
            self.model = model;
        }
        Ok(())
    }

    /// Everything that was foretold has come, and nothing else.
    fn check(&mut self) -> Step {
        let Foretold { events, wire } = self.model.foretold();
        if self.model.ended {
            self.last_events(&events)?;
        } else {
            self.events(&events)?;
        }
        for expected in wire {
            self.shown(&expected)?;
        }
        if let Some(link) = &mut self.link
            && !self.half_closed
            && let Some(observed) = link.anything_by_now()
            // A client that has nothing to send may half-close before the greetings are there.
            && !(self.model.half_closed && link.ended_by_now() == Some(End::Fin) && observed.starts_with("the end"))
        {
            let broken = if self.model.awaited() {
                "EOP-RSD-11"
            } else if self.model.greetings() > 0 {
                "EOP-ACC-5"
            } else {
                "EOP-RSD-4"
            };
            return Err(Stop::messages("nothing more on the connection", observed).against(broken));
        }
        let nobody =
            |endpoint: &Endpoint| endpoint.nobody().map_err(|stop| blame(stop, "EOP-POL-5"));
        self.endpoints.values().try_for_each(nobody)
    }

    /// The events of a session that goes on, up to a barrier.
    fn events(&mut self, events: &[Expected<String>]) -> Step {
        let token = self.session.begin_sync();
        for expected in events {
            let event = self.session.expect(&expected.what);
            event.map_err(|stop| blame_event(stop, &expected.what, expected.requirement))?;
        }
        let synced = format!("synced {token}");
        let event = self.session.expect(&synced);
        event
            .map(drop)
            .map_err(|stop| blame_event(stop, &synced, "EOP-DRV-9"))
    }

    /// The events of a session that ends, with barriers among them. In manual the end waits for a `sync` (EOP-DRV-15) that
    /// comes after the client has noticed it, which nothing shows; so it is asked again, and again.
    fn last_events(&mut self, events: &[Expected<String>]) -> Step {
        let until = Instant::now() + self.session.wait();
        let mut expected = events.iter();
        let mut pause = PAUSE;
        loop {
            self.session.begin_sync();
            loop {
                let next = expected.as_slice().first();
                let (what, requirement) = next.map_or(("nothing more", "EOP-DRV-8"), |next| {
                    (next.what.as_str(), next.requirement)
                });
                let event = self.session.next(what);
                let event = event.map_err(|stop| blame(stop, requirement))?;
                if event.verb() == "synced" {
                    break;
                }
                matched(&mut expected, &event)?;
                if event.verb() == "ended" {
                    return Ok(());
                }
            }
            if Instant::now() > until {
                let wait = self.session.wait();
                let silence = Stop::silence(Axis::Messages, "ended", wait);
                return Err(silence.against("EOP-DRV-22"));
            }
            std::thread::sleep(pause);
            pause = pause.saturating_mul(2);
        }
    }

    /// What was foretold shows on the wire.
    fn shown(&mut self, Expected { what, requirement }: &Expected<Wire>) -> Step {
        let step = match (what, &mut self.link) {
            (Wire::Arrived(place), _) => self.arrived(*place),
            (Wire::Frame(octets), Some(link)) => sent(link, octets),
            (Wire::Fin, Some(link)) => {
                self.half_closed = true;
                link.expect_fin()
            }
            (Wire::Left, link) => match link.take() {
                Some(mut link) => link.expect_end(),
                None => Ok(()),
            },
            (Wire::Frame(_) | Wire::Fin, None) => Ok(()),
        };
        step.map_err(|stop| blame(stop, requirement))
    }

    fn arrived(&mut self, place: std::net::SocketAddrV4) -> Step {
        let endpoint = self
            .endpoints
            .values()
            .find(|endpoint| endpoint.address() == place);
        if let Some(endpoint) = endpoint {
            self.link = Some(endpoint.accept()?);
            self.half_closed = false;
        }
        Ok(())
    }

    /// The application ends a session that still goes on.
    fn close(&mut self) -> Step {
        if self.model.ended {
            return self
                .session
                .nothing_more()
                .map_err(|stop| blame(stop, "EOP-DRV-8"));
        }
        self.burst(&Burst::Say(vec![Command::Close]))
    }
}

/// The event is the next that was expected; what begins with `?` may be missing.
fn matched<'e>(expected: &mut impl Iterator<Item = &'e Expected<String>>, event: &Event) -> Step {
    for Expected { what, requirement } in expected {
        let (pattern, optional) = match what.strip_prefix('?') {
            Some(pattern) => (pattern, true),
            None => (what.as_str(), false),
        };
        if event.matches(pattern) {
            return Ok(());
        }
        if !optional {
            let stop = Stop::messages(pattern, event.to_string());
            return Err(blame_event(stop, pattern, requirement));
        }
    }
    Err(Stop::messages("no further event", event.to_string()).against("EOP-DRV-8"))
}

fn sent(link: &mut Link, octets: &[u8]) -> Step {
    let expected = describe(octets);
    match link.next(&expected)? {
        Seen::Frame(header, payload) if raw(header, &payload) == octets => Ok(()),
        Seen::Frame(header, payload) => {
            let stop = Stop::messages(expected, frame(header, &payload));
            let plain = header.port == 0 && header.addr.is_unspecified();
            Err(match (header.opcode, plain) {
                (eop_wire::opcode::REDIRECT, _) => stop.against("EOP-RED-1"),
                (_, false) => stop.against("EOP-FRM-6"),
                (_, true) => stop,
            })
        }
        Seen::End(end) => Err(Stop::messages(
            expected,
            format!("the connection ended ({end})"),
        )),
    }
}

/// An event that is not the expected one breaks what it says too much, or else what the expected one would have said.
fn blame_event(stop: Stop, pattern: &str, requirement: &'static str) -> Stop {
    let Stop::Breach(breach) = &stop else {
        return stop;
    };
    let Ok(event) = Event::parse(&breach.observed) else {
        return blame(stop, requirement);
    };
    let expected = pattern.split(' ').next().unwrap_or_default();
    // Whether it is what was expected but for the values of these keys.
    let but_for = |keys: &[&str]| {
        let known = |word: &&str| !keys.iter().any(|key| word.starts_with(key));
        let words: Vec<_> = pattern.split(' ').filter(known).collect();
        event.matches(&words.join(" "))
    };
    let broken = match (expected, event.verb()) {
        ("ended", "ended") if but_for(&["owed=", "unsent=", "uncertain="]) => "EOP-FAI-2",
        ("ended", "connected") if pattern.starts_with("ended RedirectFailed") => "EOP-FAI-4",
        ("redirected", "redirected") if but_for(&["resend="]) => "EOP-RSD-15",
        ("redirected", "redirected") if but_for(&["owed=", "resend="]) => "EOP-RSD-3",
        ("message", "message") if but_for(&["outstanding="]) => "EOP-DRV-19",
        ("message", "message") => "EOP-FRM-2",
        ("synced", "message") => "EOP-RED-9",
        ("synced", "redirected") => "EOP-RED-6",
        ("synced", "connected") => "EOP-RSD-9",
        ("synced", "ended") => "EOP-DRV-22",
        ("synced", "rejected") => "EOP-DRV-14",
        _ => requirement,
    };
    blame(stop, broken)
}
