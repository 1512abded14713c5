//! Sessions with a client as data: with which settings they begin, what the application says, what the servers send.
//!
//! Places have names, since ports differ with every play: `home`, `a`, `b` and `c` listen, `refusing` does not; whatever
//! else stands in place of a name is an endpoint that no client may go to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::RawHeader;
use serde::{Deserialize, Serialize};

use crate::feature::Feature;
use crate::fuzz::server::request::payload;
use crate::fuzz::shrink::without;
use crate::octets::{cut, n, normal_header, r_with, raw, redirect_header};

/// The limit of a message if the settings name none, in octets (EOP-LIM-2).
const LIMIT: u32 = 1_048_576;
/// The places that take connections.
pub(super) const LISTENING: [&str; 4] = ["home", "a", "b", "c"];
/// The place that takes none.
pub(super) const REFUSING: &str = "refusing";

/// Some sessions of one driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How each session begins.
    pub sessions: Vec<Settings>,
    /// What happens in them, in order.
    pub steps: Vec<Step>,
}

/// The settings of a session; what is not there has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Discipline manual.
    #[serde(skip_serializing_if = "is_off")]
    pub manual: bool,
    /// Automatic resending.
    #[serde(skip_serializing_if = "is_off")]
    pub automatic: bool,
    /// The fallback to home.
    #[serde(skip_serializing_if = "is_off")]
    pub fallback: bool,
    /// The new connection first.
    #[serde(skip_serializing_if = "is_off")]
    pub new_first: bool,
    /// How many greetings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<u32>,
    /// The limit of a message, in octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The replay budget, in octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<u32>,
    /// The bound of redirects in an episode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_redirects: Option<u32>,
    /// The bound of moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<u32>,
}

// The form is the one that serde asks for.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_off(flag: &bool) -> bool {
    !*flag
}

impl Settings {
    /// The words of the driver's `connect`.
    pub(super) fn words(&self) -> String {
        let flags = [
            (self.manual, "discipline=manual"),
            (self.automatic, "resend=automatic"),
            (self.fallback, "fallback=home"),
            (self.new_first, "order=new-first"),
        ];
        let numbers = [
            ("greeting", self.greeting),
            ("limit", self.limit),
            ("budget", self.budget),
            ("max-redirects", self.max_redirects),
            ("moves", self.moves),
        ];
        let flags = flags
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, words)| words.to_owned());
        let numbers = numbers
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        flags.chain(numbers).collect::<Vec<_>>().join(" ")
    }

    /// What the driver has to have for it.
    pub(super) fn needs(&self) -> Vec<Feature> {
        let needs = [
            (self.manual, Feature::Manual),
            (self.automatic, Feature::Automatic),
            (self.fallback, Feature::Fallback),
            (self.new_first, Feature::NewFirst),
            (self.greeting.unwrap_or(0) > 0, Feature::Greeting),
        ];
        let needed = needs.into_iter().filter(|(needed, _)| *needed);
        needed.map(|(_, feature)| feature).collect()
    }

    /// The limit that is in force.
    pub(super) fn limit(&self) -> u32 {
        self.limit.unwrap_or(LIMIT)
    }

    /// With one setting fewer, in every way.
    fn simpler(&self) -> Vec<Self> {
        let plain = [
            Self {
                manual: false,
                ..self.clone()
            },
            Self {
                automatic: false,
                ..self.clone()
            },
            Self {
                fallback: false,
                ..self.clone()
            },
            Self {
                new_first: false,
                ..self.clone()
            },
            Self {
                greeting: None,
                ..self.clone()
            },
            Self {
                limit: None,
                ..self.clone()
            },
            Self {
                budget: None,
                ..self.clone()
            },
            Self {
                max_redirects: None,
                ..self.clone()
            },
            Self {
                moves: None,
                ..self.clone()
            },
        ];
        plain.into_iter().filter(|one| one != self).collect()
    }
}

/// One burst in one session. Everything that it brings about is over before the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The session.
    pub session: usize,
    /// What happens.
    #[serde(flatten)]
    pub burst: Burst,
}

/// What happens at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Burst {
    /// The application gives these commands.
    Say(Vec<Command>),
    /// The server that the client is connected to sends these pieces, cut behind so many octets.
    Serve {
        /// What is sent.
        pieces: Vec<Piece>,
        /// Where it is cut.
        cuts: Vec<usize>,
        /// Whether its stream ends behind them.
        fin: bool,
    },
    /// That server resets the connection.
    Reset,
}

/// A command of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// A message, its payload as the contract writes it.
    Send(String),
    /// The same, marked never-resend.
    SendOnce(String),
    /// So many messages are answered.
    Retire(u32),
    /// What is owed is resent, for the hop that lies so many before the current one.
    Resend(u32),
    /// What is owed is dropped, likewise.
    Drop(u32),
    /// No more messages.
    HalfClose,
    /// The session is over.
    Close,
}

/// Octets that a server sends, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Piece {
    /// N with this payload.
    Message(String),
    /// The same with a port and an address, which mean nothing (EOP-FRM-7).
    Odd {
        /// The payload.
        payload: String,
        /// The field.
        port: u16,
        /// The field.
        addr: u32,
    },
    /// R to a place.
    Redirect {
        /// The place.
        to: String,
        /// The payload; `-` for none.
        payload: String,
    },
    /// The first octets of another piece.
    Cut {
        /// The whole.
        of: Box<Piece>,
        /// How many.
        octets: usize,
    },
    /// A header with this opcode and length, and nothing behind it.
    Header {
        /// The field.
        opcode: u16,
        /// The field.
        slen: u32,
    },
    /// An opcode without the rest of its header.
    Opcode(u16),
    /// N, or R to `a`, whose header announces so many octets more than the limit.
    TooLarge {
        /// How many more.
        more: u32,
        /// Whether it is R.
        redirect: bool,
    },
}

/// The places of a play, by name.
pub(super) type Places = BTreeMap<String, SocketAddrV4>;

/// Where a name leads.
pub(super) fn place(places: &Places, name: &str) -> SocketAddrV4 {
    let known = places.get(name).copied();
    // What is neither is forbidden under every policy.
    let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    known.or_else(|| name.parse().ok()).unwrap_or(nowhere)
}

impl Piece {
    /// Its octets.
    pub(super) fn octets(&self, places: &Places, limit: u32) -> Vec<u8> {
        let bytes = |word: &str| payload(word).unwrap_or_default();
        match self {
            Self::Message(body) => n(bytes(body)),
            Self::Odd {
                payload,
                port,
                addr,
            } => {
                let payload = bytes(payload);
                let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
                let header = RawHeader {
                    port: *port,
                    addr: (*addr).into(),
                    ..normal_header(length)
                };
                raw(header, &payload)
            }
            Self::Redirect { to, payload } => r_with(place(places, to), bytes(payload)),
            Self::Cut { of, octets } => cut(of.octets(places, limit), *octets),
            Self::Header { opcode, slen } => bare(*opcode, *slen),
            Self::Opcode(opcode) => cut(bare(*opcode, 0), 2),
            Self::TooLarge { more, redirect } => {
                let slen = limit.saturating_add(*more);
                let header = if *redirect {
                    redirect_header(place(places, "a"), slen)
                } else {
                    normal_header(slen)
                };
                raw(header, b"")
            }
        }
    }
}

fn bare(opcode: u16, slen: u32) -> Vec<u8> {
    let header = RawHeader {
        opcode,
        ..normal_header(slen)
    };
    raw(header, b"")
}

impl Plan {
    /// Every smaller plan that is one change away.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let with = |steps| Self {
            sessions: self.sessions.clone(),
            steps,
        };
        let mut plans: Vec<_> = without(&self.steps).into_iter().map(with).collect();
        if self.sessions.len() > 1 {
            for session in 0..self.sessions.len() {
                plans.push(self.only(session));
            }
        }
        for (place, step) in self.steps.iter().enumerate() {
            for burst in simpler(&step.burst) {
                let mut steps = self.steps.clone();
                if let Some(step) = steps.get_mut(place) {
                    step.burst = burst;
                }
                plans.push(with(steps));
            }
        }
        for (place, settings) in self.sessions.iter().enumerate() {
            for simpler in settings.simpler() {
                let mut plan = self.clone();
                if let Some(settings) = plan.sessions.get_mut(place) {
                    *settings = simpler;
                }
                plans.push(plan);
            }
        }
        plans
    }

    /// One session of it.
    fn only(&self, session: usize) -> Self {
        let steps = self.steps.iter().filter(|step| step.session == session);
        let alone = |step: &Step| Step {
            session: 0,
            burst: step.burst.clone(),
        };
        Self {
            sessions: self.sessions.get(session).cloned().into_iter().collect(),
            steps: steps.map(alone).collect(),
        }
    }
}

fn simpler(burst: &Burst) -> Vec<Burst> {
    match burst {
        Burst::Say(commands) => {
            let fewer = without(commands)
                .into_iter()
                .filter(|fewer| !fewer.is_empty());
            let plainer = changed(commands, |command| match command {
                Command::SendOnce(body) => vec![Command::Send(body.clone())],
                Command::Send(body) if long(body) => vec![Command::Send("71".to_owned())],
                Command::Send(_)
                | Command::Retire(_)
                | Command::Resend(_)
                | Command::Drop(_)
                | Command::HalfClose
                | Command::Close => Vec::new(),
            });
            fewer.chain(plainer).map(Burst::Say).collect()
        }
        Burst::Serve { pieces, cuts, fin } => {
            let serve = |pieces, cuts, fin| Burst::Serve { pieces, cuts, fin };
            let fewer = without(pieces)
                .into_iter()
                .map(|fewer| serve(fewer, cuts.clone(), *fin));
            let whole = without(cuts)
                .into_iter()
                .map(|cuts| serve(pieces.clone(), cuts, *fin));
            let plainer = changed(pieces, |piece| match piece {
                Piece::Odd { payload, .. } => vec![Piece::Message(payload.clone())],
                Piece::Message(body) if long(body) => vec![Piece::Message("72".to_owned())],
                Piece::Redirect { to, payload } if payload != "-" => vec![Piece::Redirect {
                    to: to.clone(),
                    payload: "-".to_owned(),
                }],
                Piece::Message(_)
                | Piece::Redirect { .. }
                | Piece::Cut { .. }
                | Piece::Header { .. }
                | Piece::Opcode(_)
                | Piece::TooLarge { .. } => Vec::new(),
            });
            let plainer = plainer
                .into_iter()
                .map(|pieces| serve(pieces, cuts.clone(), *fin));
            let open = fin.then(|| serve(pieces.clone(), cuts.clone(), false));
            fewer.chain(whole).chain(plainer).chain(open).collect()
        }
        Burst::Reset => Vec::new(),
    }
}

/// The items with one of them replaced, in every way.
fn changed<T: Clone>(items: &[T], simpler: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    for (place, item) in items.iter().enumerate() {
        for simple in simpler(item) {
            let mut items = items.to_vec();
            if let Some(item) = items.get_mut(place) {
                *item = simple;
            }
            all.push(items);
        }
    }
    all
}

/// Whether a payload is one that a failure is not likely to need.
fn long(body: &str) -> bool {
    body.starts_with('@') || body.len() > 2
}
