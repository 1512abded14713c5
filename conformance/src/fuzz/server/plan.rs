//! A session with a server as data: what is opened, sent, cut, ended and signalled, in order.
//!
//! Texts hold names in braces, since addresses and tokens differ with every play: `{main}` and `{p0}` are where the server
//! and the plan's ports listen, every other name is a token of the play.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use eop_wire::{HEADER_LEN, RawHeader, opcode};
use serde::{Deserialize, Serialize};

use super::request::payload;
use crate::fuzz::shrink::without;
use crate::octets::{cut, n, normal_header, pattern, r_with, raw};

/// What stands where the server's own places do not: nobody follows its redirects.
const ELSEWHERE: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::new(192, 0, 2, 10), 9000);

/// A session with a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The steps of the ports that the server opens before: `p0`, `p1`.
    pub ports: Vec<String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// One thing that the runner does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Opens a connection, to the main port or to one of the plan's.
    Connect {
        /// Its number.
        on: usize,
        /// Which of the plan's ports.
        port: Option<usize>,
    },
    /// Sends pieces at once, cut behind these many octets.
    Send {
        /// The connection.
        on: usize,
        /// What is sent.
        pieces: Vec<Piece>,
        /// Where it is cut.
        cuts: Vec<usize>,
    },
    /// Reads everything that is due by now.
    Read {
        /// The connection.
        on: usize,
    },
    /// Ends the runner's stream.
    HalfClose {
        /// The connection.
        on: usize,
    },
    /// Resets the connection.
    Reset {
        /// The connection.
        on: usize,
    },
    /// Signals a token, on a connection of its own.
    Signal {
        /// Its name.
        token: String,
    },
}

/// Octets that a client sends, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Piece {
    /// N with this text.
    Request(String),
    /// The same with a port and an address, which mean nothing (EOP-FRM-7).
    Odd {
        /// The text.
        request: String,
        /// The field.
        port: u16,
        /// The field.
        addr: u32,
    },
    /// N with so many octets of the pattern.
    Pattern(usize),
    /// N whose payload is N with this text: no request, but for who looks for headers in a payload.
    Nested(String),
    /// N with as many octets of the pattern as the limit allows.
    AtLimit,
    /// The first octets of N with this text.
    Cut {
        /// The text.
        request: String,
        /// How many octets.
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
    /// The header of N with so many octets more than the server's limit.
    TooLarge(u32),
    /// R to elsewhere, with this payload as the contract writes it.
    Redirect(String),
}

/// What the names of a plan stand for in one play.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// The places, by name.
    pub(super) places: BTreeMap<String, SocketAddrV4>,
    /// What a token of the play begins and ends with: two plays have no token in common, one in the other neither.
    pub(super) play: String,
    /// The limit that the server declares.
    pub(super) limit: u32,
}

impl Names {
    /// The text with its names put in.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
            filled.push_str(before);
            match self.places.get(name) {
                Some(place) => filled.push_str(&place.to_string()),
                None => filled.push_str(&self.token(name)),
            }
            rest = after;
        }
        filled + rest
    }

    /// The token of this name.
    pub(super) fn token(&self, name: &str) -> String {
        format!("{name}-{}z", self.play)
    }

    /// The octets of a piece.
    pub(super) fn octets(&self, piece: &Piece) -> Vec<u8> {
        match piece {
            Piece::Request(text) => n(self.fill(text)),
            Piece::Odd {
                request,
                port,
                addr,
            } => {
                let text = self.fill(request);
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                let header = RawHeader {
                    port: *port,
                    addr: (*addr).into(),
                    ..normal_header(length)
                };
                raw(header, text.as_bytes())
            }
            Piece::Pattern(count) => n(pattern(*count)),
            Piece::Nested(text) => n(n(self.fill(text))),
            Piece::AtLimit => n(pattern(usize::try_from(self.limit).unwrap_or_default())),
            Piece::Cut { request, octets } => cut(n(self.fill(request)), *octets),
            Piece::Header { opcode, slen } => header(*opcode, *slen),
            Piece::Opcode(opcode) => cut(header(*opcode, 0), 2),
            Piece::TooLarge(more) => header(opcode::NORMAL, self.limit.saturating_add(*more)),
            Piece::Redirect(body) => r_with(ELSEWHERE, payload(body).unwrap_or_default()),
        }
    }
}

fn header(opcode: u16, slen: u32) -> Vec<u8> {
    let header = RawHeader {
        opcode,
        ..normal_header(slen)
    };
    let octets: [u8; HEADER_LEN] = header.to_bytes();
    octets.to_vec()
}

impl Plan {
    /// Every smaller plan that is one change away.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let steps = |steps: Vec<Step>| Self {
            ports: self.ports.clone(),
            steps,
        };
        let mut plans: Vec<_> = without(&self.steps).into_iter().map(steps).collect();
        for (place, step) in self.steps.iter().enumerate() {
            for simpler in simpler(step) {
                let mut changed = self.steps.clone();
                if let Some(step) = changed.get_mut(place) {
                    *step = simpler;
                }
                plans.push(steps(changed));
            }
        }
        for (place, port) in self.ports.iter().enumerate() {
            for text in shorter(port) {
                let mut plan = self.clone();
                if let Some(port) = plan.ports.get_mut(place) {
                    *port = text;
                }
                plans.push(plan);
            }
        }
        let last = self.ports.len().checked_sub(1);
        let used = |step: &Step| matches!(step, Step::Connect { port, .. } if port.is_some() && *port == last);
        if last.is_some() && !self.steps.iter().any(used) {
            let mut plan = self.clone();
            plan.ports.pop();
            plans.push(plan);
        }
        plans
    }
}

fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Connect { on, port: Some(_) } => vec![Step::Connect {
            on: *on,
            port: None,
        }],
        Step::Send { on, pieces, cuts } => {
            let send = |pieces, cuts| Step::Send {
                on: *on,
                pieces,
                cuts,
            };
            let fewer = without(pieces)
                .into_iter()
                .map(|fewer| send(fewer, cuts.clone()));
            let whole = without(cuts)
                .into_iter()
                .map(|cuts| send(pieces.clone(), cuts));
            let plainer = pieces.iter().enumerate().flat_map(|(place, piece)| {
                plainer(piece).into_iter().map(move |plain| {
                    let mut changed = pieces.clone();
                    if let Some(piece) = changed.get_mut(place) {
                        *piece = plain;
                    }
                    send(changed, cuts.clone())
                })
            });
            fewer.chain(whole).chain(plainer).collect()
        }
        Step::Connect { port: None, .. }
        | Step::Read { .. }
        | Step::HalfClose { .. }
        | Step::Reset { .. }
        | Step::Signal { .. } => Vec::new(),
    }
}

fn plainer(piece: &Piece) -> Vec<Piece> {
    match piece {
        Piece::Request(text) => shorter(text).into_iter().map(Piece::Request).collect(),
        Piece::Odd { request, .. } => vec![Piece::Request(request.clone())],
        Piece::Cut { request, octets } => shorter(request)
            .into_iter()
            .map(|request| Piece::Cut {
                request,
                octets: *octets,
            })
            .collect(),
        Piece::Redirect(body) if body != "-" => vec![Piece::Redirect("-".to_owned())],
        Piece::Pattern(_)
        | Piece::Nested(_)
        | Piece::AtLimit
        | Piece::Header { .. }
        | Piece::Opcode(_)
        | Piece::TooLarge(_)
        | Piece::Redirect(_) => Vec::new(),
    }
}

/// Steps with one of them left out, or with a payload of two octets in place of a longer one.
fn shorter(text: &str) -> Vec<String> {
    let (verb, steps) = text.split_once(' ').unwrap_or(("", text));
    let (verb, steps) = match verb {
        "do" | "listen" => (format!("{verb} "), steps),
        _ => (String::new(), text),
    };
    let all: Vec<_> = steps.split(';').collect();
    let fewer = without(&all).into_iter().filter(|fewer| !fewer.is_empty());
    let mut texts: Vec<_> = fewer.map(|fewer| verb.clone() + &fewer.join(";")).collect();
    let plain: Vec<_> = text.split_inclusive([' ', ';']).map(plain).collect();
    if plain.concat().len() < text.len() {
        texts.push(plain.concat());
    }
    texts
}

/// A word of a text, with what stands behind it.
fn plain(word: &str) -> String {
    let bare = word.trim_end_matches([' ', ';']);
    match payload(bare) {
        Some(octets) if octets.len() > 2 => word.replace(bare, "6f6b"),
        Some(_) | None => word.to_owned(),
    }
}
