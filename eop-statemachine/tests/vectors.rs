//! The golden sessions, run against the machines: each as it stands, and with every octet arriving apart.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic"
)]

use core::fmt::Debug;
use core::net::SocketAddrV4;
use std::collections::BTreeMap;

use eop_statemachine::client::Kind;
use eop_statemachine::policy::{Home, Policy};
use eop_statemachine::session::{
    Config, ConnectError, End, Event as SessionEvent, Judged, Loss, Message, Resend, Resending,
    Want,
};
use eop_statemachine::{Discipline, Server, Service, Session, server};
use eop_wire::Frame;
use serde::Deserialize;

#[path = "../../vectors/notation.rs"]
mod notation;

// --- The vectors ---

/// Groups of hex and `@N` patterns; `-` for nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(from = "String")]
struct Octets(Vec<u8>);

impl From<String> for Octets {
    fn from(notation: String) -> Self {
        Self(notation::octets(&notation).unwrap_or_else(|| panic!("{notation}: not the notation")))
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    #[serde(rename = "note")]
    _note: String,
    #[serde(rename = "requirements")]
    _requirements: Vec<String>,
    role: Role,
    discipline: Terms,
    greetings: u32,
    limit: u32,
    home: Option<SocketAddrV4>,
    resend: Option<String>,
    budget: Option<u64>,
    steps: Vec<Step>,
    #[serde(rename = "trace")]
    _trace: Option<u32>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    Client,
    Server,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Terms {
    Paired,
    Manual,
}

#[derive(Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Step {
    App(Act),
    Out {
        out: Octets,
        #[serde(default)]
        fin: bool,
    },
    In {
        r#in: Octets,
        events: Vec<Event>,
    },
    Net {
        net: String,
        events: Vec<Event>,
    },
    Account {
        account: BTreeMap<String, u32>,
    },
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    app: String,
    payload: Option<Octets>,
    #[serde(default)]
    never_resend: bool,
    #[serde(default)]
    count: u32,
    #[serde(default)]
    hop: u32,
    target: Option<SocketAddrV4>,
    #[serde(default)]
    events: Vec<Event>,
    #[serde(default)]
    refused: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, deny_unknown_fields)]
enum Event {
    Message {
        message: Octets,
        kind: String,
    },
    Redirected {
        redirected: SocketAddrV4,
        late: bool,
        owed: u32,
    },
    Ended {
        ended: String,
        target: Option<SocketAddrV4>,
        cause: Option<String>,
        reason: Option<String>,
        owed: Option<u32>,
        unsent: Option<u32>,
        uncertain: Option<u32>,
    },
}

impl Vector {
    fn service(&self) -> Service {
        Service {
            discipline: match self.discipline {
                Terms::Paired => Discipline::Paired,
                Terms::Manual => Discipline::Manual,
            },
            greetings: self.greetings,
            max_payload: self.limit,
        }
    }
}

/// One side under test. What happened is kept until a step asks for it.
trait Side: Clone + PartialEq + Debug {
    /// The application acts; whether that was accepted.
    fn act(&mut self, act: &Act) -> bool;
    /// What goes out, at most as much as `room` says.
    fn write(&mut self, room: usize) -> Vec<u8>;
    /// Whether anything is waiting to go out.
    fn wants_to_write(&self) -> bool;
    /// Half-closes, if that is what comes next.
    fn half_close(&mut self) -> bool;
    fn receive(&mut self, octets: &[u8]);
    fn network(&mut self, what: &str);
    fn account(&self, what: &str) -> u32;
    fn events(&mut self) -> &mut Vec<Event>;
}

// --- Clients ---

#[derive(Clone, Debug, PartialEq)]
struct ClientSide {
    session: Session,
    payloads: BTreeMap<u64, Vec<u8>>,
    arriving: Vec<u8>,
    events: Vec<Event>,
    ended: bool,
}

impl ClientSide {
    fn new(vector: &Vector) -> Self {
        let resending = match (vector.resend.as_deref(), vector.budget) {
            (Some("explicit"), None) => Resending::Explicit,
            (Some("automatic"), Some(budget)) => Resending::Automatic { budget },
            (resend, budget) => panic!("{}: {resend:?} {budget:?}", vector.id),
        };
        let config = Config {
            service: vector.service(),
            resending,
            ..Config::default()
        };
        let home = Home::v4(vector.home.unwrap());
        Self {
            session: Session::new(home, config, 0).unwrap(),
            payloads: BTreeMap::new(),
            arriving: Vec::new(),
            events: Vec::new(),
            ended: false,
        }
    }

    fn message(&mut self, message: Message) {
        let kind = match message.kind {
            Kind::Greeting => "greeting",
            Kind::Answer => "answer",
            Kind::Plain => "plain",
        };
        let message = Octets(core::mem::take(&mut self.arriving));
        self.events.push(Event::Message {
            message,
            kind: kind.to_owned(),
        });
    }

    /// Judges a redirect by the default policy, and notes how the session ended.
    fn follow_up(&mut self) {
        if let Want::Judge(proposal) = self.session.want() {
            let verdict = Policy::default().judge(&proposal);
            if let Judged::Followed(redirected) = self.session.judged(verdict, 0).unwrap() {
                self.events.push(Event::Redirected {
                    redirected: redirected.target,
                    late: redirected.late,
                    owed: redirected.owed,
                });
            }
        }
        if self.session.want() == Want::Done && !self.ended {
            self.ended = true;
            let end = self.session.end().unwrap();
            let counts = self.session.counts();
            let (mut cause, mut reason) = (None, None);
            if let End::RedirectFailed {
                cause: of_target, ..
            } = end
            {
                cause = Some(of_target.kind().to_owned());
            }
            if let End::RedirectRefused {
                reason: of_policy, ..
            } = end
            {
                reason = Some(of_policy.word().to_owned());
            }
            self.events.push(Event::Ended {
                ended: end.kind().to_owned(),
                target: end.target(),
                cause,
                reason,
                owed: Some(counts.owed),
                unsent: Some(counts.unsent),
                uncertain: Some(counts.uncertain),
            });
        }
    }
}

impl Side for ClientSide {
    fn act(&mut self, act: &Act) -> bool {
        let done = match act.app.as_str() {
            "send" => {
                let payload = act.payload.clone().unwrap().0;
                let resend = if act.never_resend {
                    Resend::Never
                } else {
                    Resend::Allowed
                };
                let sent = self
                    .session
                    .send(u32::try_from(payload.len()).unwrap(), resend, 0);
                sent.map(|number| {
                    self.payloads.insert(number, payload);
                })
            }
            "retire" => self.session.retire(act.count, 0),
            "resend" => self.session.resend(act.hop, 0),
            "drop" => self.session.drop_owed(act.hop, 0),
            "half-close" => self.session.half_close(0),
            "settle" => self.session.settle(),
            "close" => {
                self.session.close(0);
                Ok(())
            }
            other => panic!("a client does not {other}"),
        };
        self.follow_up();
        done.is_ok()
    }

    fn write(&mut self, room: usize) -> Vec<u8> {
        let mut written = Vec::new();
        while let (true, Want::Write { message, from }) =
            (written.len() < room, self.session.want())
        {
            let frame = Frame::normal(&self.payloads[&message])
                .unwrap()
                .encode()
                .chunks()
                .concat();
            let rest = &frame[usize::try_from(from).unwrap()..];
            let piece = &rest[..rest.len().min(room - written.len())];
            self.session
                .offer(u64::try_from(piece.len()).unwrap())
                .unwrap();
            written.extend(piece);
        }
        written
    }

    fn wants_to_write(&self) -> bool {
        matches!(self.session.want(), Want::Write { .. } | Want::HalfClose)
    }

    fn half_close(&mut self) -> bool {
        self.session.want() == Want::HalfClose && self.session.half_closed().is_ok()
    }

    fn receive(&mut self, octets: &[u8]) {
        let mut input = octets;
        while let Ok(Some(event)) = self.session.receive(&mut input, 0) {
            match event {
                SessionEvent::Head { .. } => self.arriving.clear(),
                SessionEvent::Chunk(chunk) => self.arriving.extend(chunk),
                SessionEvent::Message(message) => self.message(message),
                SessionEvent::Redirect(message) => {
                    if let Some(message) = message {
                        self.message(message);
                    }
                    self.follow_up();
                }
            }
        }
        self.follow_up();
    }

    fn network(&mut self, what: &str) {
        match what {
            "connected" => self.session.connected(0).unwrap(),
            "refused" => self
                .session
                .connect_failed(ConnectError::Failed, 0)
                .unwrap(),
            "fin" => drop(self.session.end_of_stream(0)), // how it ended is an event
            "reset" => self.session.lost(Loss::Reset, 0),
            "write-error" => self.session.write_failed().unwrap(),
            other => panic!("no transport reports {other}"),
        }
        self.follow_up();
    }

    fn account(&self, what: &str) -> u32 {
        assert_eq!(what, "outstanding");
        self.session.outstanding()
    }

    fn events(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }
}

// --- Servers ---

#[derive(Clone, Debug, PartialEq)]
struct ServerSide {
    server: Server,
    outgoing: Vec<u8>,
    half_closes: bool,
    arriving: Vec<u8>,
    events: Vec<Event>,
    ended: bool,
}

impl ServerSide {
    fn new(vector: &Vector) -> Self {
        Self {
            server: Server::new(&vector.service()),
            outgoing: Vec::new(),
            half_closes: false,
            arriving: Vec::new(),
            events: Vec::new(),
            ended: false,
        }
    }

    fn follow_up(&mut self) {
        if self.server.want() != server::Want::Close || self.ended {
            return;
        }
        self.ended = true;
        let kind = match (self.server.fault(), self.server.state()) {
            (Some(fault), _) => fault.kind(),
            (None, server::State::Finished) => "eof",
            (None, server::State::Lost) => "lost",
            (None, server::State::Closed) => "closed",
            (None, state) => panic!("{state:?} is no end"),
        };
        self.events.push(Event::Ended {
            ended: kind.to_owned(),
            target: None,
            cause: None,
            reason: None,
            owed: None,
            unsent: None,
            uncertain: None,
        });
    }
}

impl Side for ServerSide {
    fn act(&mut self, act: &Act) -> bool {
        let payload = act.payload.clone().map(|octets| octets.0);
        let octets = match (act.app.as_str(), &payload) {
            ("greet", Some(payload)) => self
                .server
                .greet(payload)
                .map(|frame| frame.chunks().concat()),
            ("answer", Some(payload)) => self
                .server
                .respond(payload)
                .map(|frame| frame.chunks().concat()),
            ("redirect", None) => self
                .server
                .redirect(act.target.unwrap())
                .map(|frame| frame.chunks().concat()),
            ("redirect", Some(payload)) => self
                .server
                .respond_and_redirect(payload, act.target.unwrap())
                .map(|frames| frames.chunks().concat()),
            ("half-close", None) => self.server.half_close().map(|()| {
                self.half_closes = true;
                Vec::new()
            }),
            ("close", None) => {
                self.server.close();
                Ok(Vec::new())
            }
            (other, payload) => panic!("a server does not {other} {payload:?}"),
        };
        self.follow_up();
        octets.map(|octets| self.outgoing.extend(octets)).is_ok()
    }

    fn write(&mut self, room: usize) -> Vec<u8> {
        let count = room.min(self.outgoing.len());
        self.outgoing.drain(..count).collect()
    }

    fn wants_to_write(&self) -> bool {
        !self.outgoing.is_empty() || self.half_closes
    }

    fn half_close(&mut self) -> bool {
        self.outgoing.is_empty() && core::mem::take(&mut self.half_closes)
    }

    fn receive(&mut self, octets: &[u8]) {
        let mut input = octets;
        while let Ok(Some(event)) = self.server.receive(&mut input) {
            match event {
                server::Event::Head { .. } => self.arriving.clear(),
                server::Event::Chunk(chunk) => self.arriving.extend(chunk),
                server::Event::Request => {
                    let message = Octets(core::mem::take(&mut self.arriving));
                    self.events.push(Event::Message {
                        message,
                        kind: "request".to_owned(),
                    });
                }
            }
        }
        self.follow_up();
    }

    fn network(&mut self, what: &str) {
        match what {
            "fin" => drop(self.server.end_of_stream()), // how it ended is an event
            "reset" => self.server.lost(),
            other => panic!("no transport reports {other} to a server"),
        }
        self.follow_up();
    }

    fn account(&self, what: &str) -> u32 {
        assert_eq!(what, "waiting");
        self.server.waiting()
    }

    fn events(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }
}

// --- Running ---

/// Takes the events that happened, which have to be these. Of a manual session, an end that nothing can change
/// any more may be there before the application settles.
fn assert_events(side: &mut impl Side, expected: &[Event], manual: bool, at: &str) {
    let mut happened = core::mem::take(side.events());
    let is_end = |event: &Event| matches!(event, Event::Ended { .. });
    if manual && happened.last().is_some_and(is_end) && !expected.iter().any(is_end) {
        side.events().extend(happened.pop());
    }
    assert_eq!(happened, expected, "{at}");
}

fn run(mut side: impl Side, vector: &Vector, octet_by_octet: bool) {
    let manual = vector.discipline == Terms::Manual;
    for (index, step) in vector.steps.iter().enumerate() {
        let at = format!("{}, step {index}", vector.id);
        match step {
            Step::App(act) => {
                let before = side.clone();
                assert_eq!(side.act(act), !act.refused, "{at}: accepted");
                if act.refused {
                    assert_eq!(side, before, "{at}: refused, so nothing changed");
                }
                assert_events(&mut side, &act.events, manual, &at);
            }
            Step::Out { out, fin } => {
                assert_eq!(side.write(out.0.len()), out.0, "{at}");
                if *fin {
                    assert!(side.half_close(), "{at}: half-closes");
                }
                if out.0.is_empty() {
                    assert!(!side.wants_to_write(), "{at}: nothing may go out");
                }
                assert_events(&mut side, &[], manual, &at);
            }
            Step::In { r#in, events } => {
                let size = if octet_by_octet {
                    1
                } else {
                    r#in.0.len().max(1)
                };
                for piece in r#in.0.chunks(size) {
                    side.receive(piece);
                }
                assert_events(&mut side, events, manual, &at);
            }
            Step::Net { net, events } => {
                side.network(net);
                assert_events(&mut side, events, manual, &at);
            }
            Step::Account { account } => {
                for (what, count) in account {
                    assert_eq!(side.account(what), *count, "{at}: {what}");
                }
            }
        }
    }
    assert_eq!(side.events(), &[], "{}: nothing else happened", vector.id);
}

fn run_as_its_role(vector: &Vector, octet_by_octet: bool) {
    match vector.role {
        Role::Client => run(ClientSide::new(vector), vector, octet_by_octet),
        Role::Server => run(ServerSide::new(vector), vector, octet_by_octet),
    }
}

fn vectors(role: Role) -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/sessions.json");
    let mut document: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let vectors: Vec<Vector> = serde_json::from_value(document["vectors"].take()).unwrap();
    let of_role: Vec<Vector> = vectors
        .into_iter()
        .filter(|vector| vector.role == role)
        .collect();
    assert!(of_role.len() >= 25, "{} vectors", of_role.len());
    of_role
}

#[test]
fn clients_do_what_the_vectors_say() {
    for vector in vectors(Role::Client) {
        run_as_its_role(&vector, false);
        run_as_its_role(&vector, true);
    }
}

#[test]
fn servers_do_what_the_vectors_say() {
    for vector in vectors(Role::Server) {
        run_as_its_role(&vector, false);
        run_as_its_role(&vector, true);
    }
}

/// The step with another expectation.
fn tampered(step: &Step) -> Step {
    let mut step = step.clone();
    let other = Event::Redirected {
        redirected: "10.9.9.9:9".parse().unwrap(),
        late: false,
        owed: 9,
    };
    match &mut step {
        Step::App(act) => act.refused = !act.refused,
        Step::Out { out, .. } => match out.0.last_mut() {
            Some(last) => *last ^= 1,
            None => out.0.push(0),
        },
        Step::In { events, .. } | Step::Net { events, .. } => match events.pop() {
            Some(_) => {}
            None => events.push(other),
        },
        Step::Account { account } => account.values_mut().for_each(|count| *count += 1),
    }
    step
}

#[test]
fn the_runner_notices_every_expectation_that_is_tampered_with() {
    let mut unnoticed = Vec::new();
    let mut tamperings = 0;
    for vector in vectors(Role::Client).iter().chain(&vectors(Role::Server)) {
        for (index, step) in vector.steps.iter().enumerate() {
            let mut wrong = vector.clone();
            wrong.steps[index] = tampered(step);
            tamperings += 1;
            if std::panic::catch_unwind(|| run_as_its_role(&wrong, false)).is_ok() {
                unnoticed.push(format!("{}, step {index}", vector.id));
            }
        }
    }
    assert!(
        tamperings > 500 && unnoticed.is_empty(),
        "of {tamperings}: {unnoticed:#?}"
    );
}
