//! Reads what the relay wrote down and says which side broke a requirement first, and which.
//!
//! It knows the messages that the client was given, the test service, and raw headers; it asks no machine. A side is guilty
//! only of what its own octets, ends and events prove, after everything that the other side had done was right.

mod application;
mod client;
mod server;

use std::collections::VecDeque;
use std::net::SocketAddrV4;
use std::sync::Arc;

use eop_wire::{HEADER_LEN, RawHeader};

use super::service::{self, Due};
use crate::case::Role;
use crate::octets::body;
use crate::timeline::{Connection, Side, Timeline, What};
use crate::verdict::End;

/// Who broke what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guilt {
    /// The guilty side.
    pub role: Role,
    /// The requirement that it broke.
    pub requirement: &'static str,
    /// What every conforming peer would have done.
    pub expected: String,
    /// What this one did.
    pub observed: String,
}

impl Guilt {
    pub(super) const fn of(
        role: Role,
        requirement: &'static str,
        expected: String,
        observed: String,
    ) -> Self {
        Self {
            role,
            requirement,
            expected,
            observed,
        }
    }
}

/// What nobody has to answer for, or the first that somebody has.
type Plea = Result<(), Guilt>;

/// An endpoint of the server that clients may come to.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) label: &'static str,
    pub(super) endpoint: SocketAddrV4,
    /// What the server does there at each accept.
    pub(super) steps: String,
}

/// What is known at one point of a timeline.
#[derive(Debug)]
pub(super) struct Court<'a> {
    places: &'a [Place],
    /// Messages that a server sends first on every connection.
    greetings: usize,
    /// Every message that the client was given, in order.
    given: Vec<Vec<u8>>,
    /// How many of them are answered: the oldest are.
    answered: usize,
    /// How many were begun to be sent, on any connection.
    begun: usize,
    connections: Vec<Trial>,
    /// What the server sent that the application has not heard of yet.
    unheard: VecDeque<News>,
    /// Home, and the target of every move that the application heard of.
    track: Vec<SocketAddrV4>,
    /// How many of them it heard that it is connected to.
    connected: usize,
    half_closed: bool,
    closed: bool,
    /// The last event of the session.
    ended: Option<String>,
}

/// What a client has to tell its application.
#[derive(Debug)]
enum News {
    Message(Vec<u8>),
    /// The payload of a REDIRECT.
    LateAnswer(Vec<u8>),
    Move(SocketAddrV4),
}

impl News {
    /// The requirement that a client breaks which does not tell it.
    const fn requirement(&self) -> &'static str {
        match self {
            Self::Message(_) => "EOP-DRV-19",
            Self::LateAnswer(_) => "EOP-RED-5",
            Self::Move(_) => "EOP-RED-7",
        }
    }

    /// The event that tells it, without its keys.
    fn event(&self) -> String {
        match self {
            Self::Message(payload) | Self::LateAnswer(payload) => {
                format!("message {}", body(payload))
            }
            Self::Move(to) => format!("redirected {to}"),
        }
    }
}

/// One connection.
#[derive(Debug)]
struct Trial {
    on: Arc<Connection>,
    /// Where the client believes to be, and the server is.
    here: SocketAddrV4,
    client: Stream,
    server: Stream,
    /// The message that the client sends next here, as an index of `given`.
    next: usize,
    /// Messages given from this one on were given after the client had told of the redirect that came here.
    barred: Option<usize>,
    /// What the server has to send still.
    due: VecDeque<Due>,
    greetings: usize,
    /// Where a complete REDIRECT led.
    redirect: Option<SocketAddrV4>,
}

/// What one side sent on a connection.
#[derive(Debug, Default)]
struct Stream {
    /// What is left of it behind its last complete frame.
    rest: Vec<u8>,
    ended: Option<End>,
}

impl Stream {
    fn header(&self) -> Option<RawHeader> {
        let (head, _) = self.rest.split_first_chunk::<HEADER_LEN>()?;
        Some(RawHeader::from_bytes(head))
    }

    /// The first frame, if it is complete.
    fn take(&mut self) -> Option<(RawHeader, Vec<u8>)> {
        let header = self.header()?;
        let end = usize::try_from(header.slen).ok()?.checked_add(HEADER_LEN)?;
        let payload = self.rest.get(HEADER_LEN..end)?.to_vec();
        self.rest.drain(..end);
        Some((header, payload))
    }
}

impl<'a> Court<'a> {
    /// Hears a whole timeline, up to the first breach.
    pub(super) fn hears(
        timeline: &Timeline,
        places: &'a [Place],
        settings: &str,
    ) -> Result<Self, Guilt> {
        let mut court = Self {
            places,
            greetings: settings
                .split(' ')
                .find_map(|setting| setting.strip_prefix("greeting=")?.parse().ok())
                .unwrap_or(0),
            given: Vec::new(),
            answered: 0,
            begun: 0,
            connections: Vec::new(),
            unheard: VecDeque::new(),
            track: places
                .first()
                .map(|home| home.endpoint)
                .into_iter()
                .collect(),
            connected: 0,
            half_closed: false,
            closed: false,
            ended: None,
        };
        for entry in &timeline.entries {
            court.hear(&entry.what)?;
        }
        court.unexplained_end()?;
        Ok(court)
    }

    fn hear(&mut self, what: &What) -> Plea {
        match what {
            What::Opened(on) => self.opened(on),
            What::Octets { on, by, octets } => match by {
                Side::Testee => self.client_sends(on.number, &octets.octets),
                Side::Runner => self.server_sends(on.number, &octets.octets),
            },
            What::Ended { on, by, end } => match by {
                Side::Testee => self.client_ends(on.number, *end),
                Side::Runner => self.server_ends(on.number, *end),
            },
            What::Line { by, text } => match by {
                Side::Runner => {
                    self.told(text);
                    Ok(())
                }
                Side::Testee => self.tells(text),
            },
            What::Left(_) | What::Note { .. } => Ok(()),
        }
    }

    /// What the application gave the client to do.
    fn told(&mut self, command: &str) {
        let words: Vec<_> = command.split(' ').collect();
        match words.as_slice() {
            ["send", payload] => self.given.push(service::payload(payload)),
            ["half-close"] => self.half_closed = true,
            ["close"] => self.closed = true,
            _ => {}
        }
    }

    /// What is still missing, and who owes it; nobody, as far as the wire shows.
    pub(super) fn owed(&self) -> Option<Guilt> {
        self.server_owes().or_else(|| self.client_owes())
    }
}

/// Whether a header that is none becomes the one of this frame if up to four octets before it are left out.
fn padded(rest: &[u8], frame: &[u8]) -> bool {
    (1..=4).any(|skipped| {
        let header = rest.get(skipped..HEADER_LEN);
        header.is_some_and(|header| frame.starts_with(header))
    })
}

#[cfg(test)]
mod tests;
