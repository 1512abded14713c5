//! What a client has to do with what its application says and its servers send: the events that it tells, and what shows
//! on its connections.
//!
//! The model is of a client between two bursts, when everything is written and processed, so that there is no time in it
//! and nothing is half done. Where the specification leaves a choice, [`Session::is_settled`] and [`Session::is_open`] say
//! so, and nobody goes there. Here stands what the application does; what its servers do, in `network`.

mod network;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use super::plan::{Command, Places, Settings, place};
use crate::fuzz::server::request::payload;
use crate::octets::n;

/// EOP-EPI-1, if the settings name none.
const MAX_REDIRECTS: u32 = 5;
/// EOP-EPI-7, if the settings name none.
const MOVES: u32 = 30;
/// EOP-RSD-15, if the settings name none.
const BUDGET: u32 = 1_048_576;

/// Something that has to show, and the requirement that is broken if it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected<T> {
    /// What.
    pub(super) what: T,
    /// The requirement.
    pub(super) requirement: &'static str,
}

/// What shows on the client's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wire {
    /// These octets, on the connection that it has.
    Frame(Vec<u8>),
    /// It half-closes that connection.
    Fin,
    /// It ends that connection, with no octet before.
    Left,
    /// It connects to this place.
    Arrived(SocketAddrV4),
}

/// All that comes of one burst.
#[derive(Debug, Clone, Default)]
pub(super) struct Foretold {
    /// The driver's events, as patterns. One that begins with `?` may be missing.
    pub(super) events: Vec<Expected<String>>,
    /// What shows on the wire.
    pub(super) wire: Vec<Expected<Wire>>,
}

/// What has become of a message that is outstanding (section 5.1 of `eop.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No octet of it was offered, and no REDIRECT has made it owed.
    Unsent,
    /// It was offered on the connection, completely.
    Offered,
    /// It is owed and waits for the decision; the hop of the connection on which it was offered, if it was.
    Owed(Option<u32>),
    /// It is owed, and goes out as soon as the greetings are there.
    Resent,
}

#[derive(Debug, Clone)]
struct Message {
    payload: Vec<u8>,
    never: bool,
    state: State,
}

/// A run of moves (section 7).
#[derive(Debug, Clone, Default)]
struct Episode {
    /// Who sent the first REDIRECT, if it counts as visited.
    redirector: Option<SocketAddrV4>,
    /// Where each move led, and whether it was the fallback.
    moves: Vec<(SocketAddrV4, bool)>,
}

impl Episode {
    fn has_visited(&self, endpoint: SocketAddrV4) -> bool {
        let mut moves = self.moves.iter();
        self.redirector == Some(endpoint) || moves.any(|(to, _)| *to == endpoint)
    }

    fn fell_back(&self) -> bool {
        self.moves.iter().any(|(_, fallback)| *fallback)
    }

    fn redirects(&self) -> u32 {
        u32::try_from(self.moves.len()).unwrap_or(u32::MAX)
    }

    /// It turns out that it began with the REDIRECT before its last so many moves (EOP-ACC-16).
    fn keep_last(&mut self, moves: u32) {
        let moves = usize::try_from(moves).unwrap_or(usize::MAX);
        self.redirector = None;
        self.moves.drain(..self.moves.len().saturating_sub(moves));
    }
}

/// One session of the client's.
#[derive(Debug, Clone)]
pub(super) struct Session {
    settings: Settings,
    places: Places,
    queue: VecDeque<Message>,
    /// The endpoint that it is connected to.
    here: SocketAddrV4,
    /// Whether a REDIRECT led there.
    at_target: bool,
    /// Whether a message was answered there.
    answered: bool,
    greetings: u32,
    /// What has come of a frame, and whether any frame came whole on the connection.
    input: Vec<u8>,
    spoken: bool,
    pub(super) hop: u32,
    episode: Option<Episode>,
    moves: u32,
    pub(super) half_closed: bool,
    /// Whether the half-close was done on this connection.
    fin: bool,
    pub(super) ended: bool,
    /// Whether the specification leaves open what came of something.
    open: bool,
    /// How many connections there were.
    connections: u32,
    told: Foretold,
}

impl Session {
    /// A session that is connected to home.
    pub(super) fn begin(settings: Settings, places: Places) -> Self {
        let mut session = Self {
            queue: VecDeque::new(),
            here: place(&places, "home"),
            at_target: false,
            answered: false,
            greetings: settings.greeting.unwrap_or(0),
            settings,
            places,
            input: Vec::new(),
            spoken: false,
            hop: 0,
            episode: None,
            moves: 0,
            half_closed: false,
            fin: false,
            ended: false,
            open: false,
            connections: 1,
            told: Foretold::default(),
        };
        session.tell(format!("connected {} hop=0", session.here), "EOP-DRV-18");
        session.show(Wire::Arrived(session.here), "EOP-DRV-16");
        session
    }

    /// What came of the burst that is over.
    pub(super) fn foretold(&mut self) -> Foretold {
        std::mem::take(&mut self.told)
    }

    /// Whether messages went out in this burst, on the connection that stands. What the server sends behind what let them
    /// go could come before or after them: no server that keeps the rules can send it already.
    pub(super) fn wrote(&self) -> bool {
        let wire = self.told.wire.iter().rev().map(|expected| &expected.what);
        let mut here = wire.take_while(|what| !matches!(what, Wire::Arrived(_)));
        here.any(|what| matches!(what, Wire::Frame(_) | Wire::Fin))
    }

    /// How many messages are outstanding.
    pub(super) fn outstanding(&self) -> usize {
        self.queue.len()
    }

    /// Whether the oldest message can be answered.
    pub(super) fn answerable(&self) -> usize {
        let offered = |message: &&Message| message.state == State::Offered;
        self.queue.iter().take_while(offered).count()
    }

    /// How many greetings are missing.
    pub(super) const fn greetings(&self) -> u32 {
        self.greetings
    }

    /// Whether a decision on what is owed is awaited.
    pub(super) fn awaited(&self) -> bool {
        self.queue
            .iter()
            .any(|message| matches!(message.state, State::Owed(_)))
    }

    /// Whether the specification says what comes of a command now. In manual a half-closed client that is moved may connect
    /// before the decision or not; and how much of a message is offered when the next command comes is the client's to choose.
    pub(super) fn is_settled(&self, command: &Command) -> bool {
        match command {
            Command::HalfClose => !self.settings.manual,
            Command::Retire(_) => !self.settings.manual || !self.wrote(),
            Command::Close => !self.wrote(),
            Command::Send(_) | Command::SendOnce(_) | Command::Resend(_) | Command::Drop(_) => true,
        }
    }

    /// The line of a command, as the driver reads it.
    pub(super) fn line(&self, command: &Command) -> String {
        let hop = |before: u32| self.hop.saturating_sub(before);
        match command {
            Command::Send(body) => format!("send {body}"),
            Command::SendOnce(body) => format!("send {body} never-resend"),
            Command::Retire(count) => format!("retire {count}"),
            Command::Resend(before) => format!("resend {}", hop(*before)),
            Command::Drop(before) => format!("drop {}", hop(*before)),
            Command::HalfClose => "half-close".to_owned(),
            Command::Close => "close".to_owned(),
        }
    }

    /// The application gives a command. One to a session that ended is ignored (EOP-DRV-10).
    pub(super) fn say(&mut self, command: &Command) {
        if self.ended {
            return;
        }
        match command {
            Command::Send(body) => self.send(body, false),
            Command::SendOnce(body) => self.send(body, true),
            Command::Retire(count) => self.retire(*count),
            Command::Resend(before) => {
                if self.decides(*before, "resend") {
                    for message in &mut self.queue {
                        if matches!(message.state, State::Owed(_)) {
                            message.state = State::Resent;
                        }
                    }
                    self.write();
                }
            }
            Command::Drop(before) => {
                if self.decides(*before, "drop") {
                    self.queue
                        .retain(|message| !matches!(message.state, State::Owed(_)));
                    self.write();
                }
            }
            Command::HalfClose if self.half_closed => self.reject("half-close", "EOP-DRV-14"),
            Command::HalfClose => {
                self.half_closed = true;
                self.write();
            }
            Command::Close => {
                self.end("closed", "", "EOP-DRV-17");
            }
        }
    }

    fn send(&mut self, body: &str, never: bool) {
        if self.half_closed {
            return self.reject("send", "EOP-HCL-6");
        }
        if self.awaited() {
            return self.reject("send", "EOP-RSD-13");
        }
        self.queue.push_back(Message {
            payload: payload(body).unwrap_or_default(),
            never,
            state: State::Unsent,
        });
        self.write();
    }

    /// Whether a decision for the hop so many before this one is one that is awaited (EOP-RSD-12).
    fn decides(&mut self, before: u32, verb: &str) -> bool {
        let now = self.hop.saturating_sub(before) == self.hop;
        if now && self.awaited() {
            return true;
        }
        self.reject(verb, "EOP-RSD-12");
        false
    }

    fn retire(&mut self, count: u32) {
        let was_offered =
            |message: &&Message| matches!(message.state, State::Offered | State::Owed(Some(_)));
        let most = self.queue.iter().take_while(was_offered).count();
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if !self.settings.manual {
            return self.reject("retire", "EOP-DRV-14");
        }
        if count > most {
            return self.reject("retire", "EOP-ACC-12");
        }
        let Some(last) = self.queue.drain(..count).next_back() else {
            return;
        };
        match last.state {
            State::Owed(offered) => {
                let moved_since = self.hop.saturating_sub(offered.unwrap_or(self.hop));
                if let Some(episode) = &mut self.episode {
                    episode.keep_last(moved_since);
                }
                self.write();
            }
            State::Offered | State::Unsent | State::Resent => {
                self.answered = true;
                self.episode = None;
            }
        }
    }

    /// Sends what may be sent, in order, and then half-closes if the application has.
    fn write(&mut self) {
        if self.greetings > 0 || self.ended {
            return;
        }
        let mut frames = Vec::new();
        let resend = if self.settings.automatic {
            "EOP-RSD-14"
        } else {
            "EOP-RSD-5"
        };
        for message in &mut self.queue {
            let requirement = match message.state {
                State::Offered => continue,
                State::Owed(_) => break,
                State::Resent => resend,
                State::Unsent => "EOP-ACC-15",
            };
            message.state = State::Offered;
            frames.push((n(&message.payload), requirement));
        }
        for (octets, requirement) in frames {
            self.show(Wire::Frame(octets), requirement);
        }
        if self.half_closed && !self.fin && self.answerable() == self.outstanding() {
            self.fin = true;
            self.show(Wire::Fin, "EOP-HCL-2");
        }
    }

    /// The session ends while it is connected.
    fn end(&mut self, kind: &str, detail: &str, requirement: &'static str) {
        self.finish(kind, detail, requirement, true);
    }

    fn finish(&mut self, kind: &str, detail: &str, requirement: &'static str, connected: bool) {
        let count = |state: State| {
            let counted = self.queue.iter().filter(|message| message.state == state);
            counted.count()
        };
        let (unsent, uncertain) = (count(State::Unsent), count(State::Offered));
        let owed = self.queue.len().saturating_sub(unsent + uncertain);
        let detail = if detail.is_empty() {
            String::new()
        } else {
            format!(" {detail}")
        };
        self.tell(
            format!("ended {kind}{detail} owed={owed} unsent={unsent} uncertain={uncertain}"),
            requirement,
        );
        if connected {
            self.show(Wire::Left, requirement);
        }
        self.ended = true;
    }

    fn reject(&mut self, verb: &str, requirement: &'static str) {
        self.tell(format!("rejected {verb} *"), requirement);
    }

    fn tell(&mut self, what: String, requirement: &'static str) {
        self.told.events.push(Expected { what, requirement });
    }

    fn show(&mut self, what: Wire, requirement: &'static str) {
        self.told.wire.push(Expected { what, requirement });
    }
}
