//! What a server has to do with the octets of one connection: the frames that are due, in order, and when it ends.
//!
//! Octets come in, dues come out; nothing is sent or read here. Where the specification leaves a choice the model keeps it
//! open: behind a protocol error what is due may come or not (section 9 of `eop.md`), and a redirect that was asked for and
//! not yet seen may lose against an error behind it, since a server may read ahead.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddrV4;

use eop_wire::{HEADER_LEN, RawHeader, opcode};

use super::request::{self, Act, Request};
use crate::octets::{n, r, r_with};
use crate::timeline::describe;

/// What all connections of a process share (EOP-TST-21).
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The tokens that were signalled.
    pub(super) signals: BTreeSet<String>,
    /// How often each token was marked.
    pub(super) counts: BTreeMap<String, Count>,
}

/// How often a token was marked, as far as that can be known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// So often at least: something that came behind these marks was seen.
    pub(super) least: u32,
    /// So often at most: a connection that failed or was reset may have left some out.
    pub(super) most: u32,
}

/// What a server does next, as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// These octets, because of this requirement.
    Frame(Vec<u8>, &'static str),
    /// N with the options in force.
    Hello,
    /// N with the number of a port.
    Port,
    /// FIN (EOP-TST-28).
    Fin,
    /// RST (EOP-TST-29).
    Reset,
    /// Nothing that shows: a token is marked.
    Mark(String),
}

impl Due {
    /// In words.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Frame(octets, _) => describe(octets),
            Self::Hello => "N(\"eop-test 1 limit=…\")".to_owned(),
            Self::Port => "N(\"port …\")".to_owned(),
            Self::Fin => "FIN".to_owned(),
            Self::Reset => "RST".to_owned(),
            Self::Mark(token) => format!("a mark of {token}"),
        }
    }

    /// The requirement that is broken if it does not come.
    pub(super) const fn requirement(&self) -> &'static str {
        match self {
            Self::Frame(_, requirement) => requirement,
            Self::Hello => "EOP-TST-15",
            Self::Port => "EOP-TST-19",
            Self::Fin => "EOP-TST-28",
            Self::Reset => "EOP-TST-29",
            Self::Mark(_) => "EOP-TST-27",
        }
    }
}

/// What is left to be done of the requests that came.
#[derive(Debug)]
enum Todo {
    /// A step; whether the request that it belongs to waits for an answer still.
    Act(Act, bool),
    /// A request of one step.
    Plain(Request),
}

/// One connection of the server's.
#[derive(Debug)]
pub(super) struct Connection {
    here: SocketAddrV4,
    limit: u32,
    /// What has come of a frame.
    input: Vec<u8>,
    todo: VecDeque<Todo>,
    /// What the client has not seen yet.
    pub(super) due: VecDeque<Due>,
    /// Marks that were due before the last thing that was seen.
    passed: Vec<String>,
    /// Whether a redirect, `fin` or `reset` was done: nothing behind it is.
    ended: bool,
    /// Whether the REDIRECT has been seen: what comes is discarded (EOP-CLS-2).
    pub(super) moved: bool,
    /// Whether the client broke a rule: what is due may come, and then the connection ends.
    pub(super) failed: bool,
    /// Whether the client has ended its stream.
    pub(super) half_closed: bool,
    /// Whether the client has seen the end.
    pub(super) over: bool,
}

impl Connection {
    /// A connection that the server accepted at `here`, where these steps are done at every accept.
    pub(super) fn accepted(here: SocketAddrV4, limit: u32, steps: &[Act]) -> Self {
        Self {
            here,
            limit,
            input: Vec::new(),
            todo: steps
                .iter()
                .map(|act| Todo::Act(act.clone(), false))
                .collect(),
            due: VecDeque::new(),
            passed: Vec::new(),
            ended: false,
            moved: false,
            failed: false,
            half_closed: false,
            over: false,
        }
    }

    /// Octets come from the client.
    pub(super) fn take(&mut self, octets: &[u8]) {
        if self.moved || self.failed || self.half_closed {
            return;
        }
        self.input.extend_from_slice(octets);
        while let Some(request) = self.frame() {
            if self.ended {
                continue;
            }
            match request::parse(&request) {
                Request::Do(acts) => {
                    let answered = acts.iter().any(|act| matches!(act, Act::Answer(_)));
                    let todo = |act| Todo::Act(act, !answered);
                    self.todo.extend(acts.into_iter().map(todo));
                }
                plain @ (Request::Hello
                | Request::Listen
                | Request::Mark(_)
                | Request::Marked(_)
                | Request::Signal(_)
                | Request::Unknown) => self.todo.push_back(Todo::Plain(plain)),
            }
        }
    }

    /// The payload of the next complete frame; notices what breaks a rule.
    fn frame(&mut self) -> Option<Vec<u8>> {
        if self.failed {
            return None;
        }
        let known = self.input.first_chunk::<2>().copied();
        let known = known
            .map(|octets| [opcode::NORMAL, opcode::REDIRECT].contains(&u16::from_be_bytes(octets)));
        if known == Some(false) {
            // EOP-OPC-3: two octets are enough.
            self.failed = true;
        }
        let (head, rest) = self.input.split_first_chunk::<HEADER_LEN>()?;
        let header = RawHeader::from_bytes(head);
        self.failed |= header.opcode == opcode::REDIRECT || header.slen > self.limit;
        if self.failed {
            return None;
        }
        let payload = rest.get(..usize::try_from(header.slen).ok()?)?.to_vec();
        self.input.drain(..HEADER_LEN.saturating_add(payload.len()));
        Some(payload)
    }

    /// The client ends its stream.
    pub(super) fn end_of_stream(&mut self) {
        self.half_closed = true;
        // EOP-FRM-5. What a server discards has no frames.
        self.failed |= !self.moved && !self.input.is_empty();
    }

    /// Goes on as far as the signals let it.
    pub(super) fn run(&mut self, shared: &mut Shared) {
        while self.blocked(shared).is_none()
            && let Some(todo) = self.todo.pop_front()
        {
            match todo {
                Todo::Act(act, unanswered) => self.act(act, unanswered, shared),
                Todo::Plain(request) => self.plain(request, shared),
            }
        }
    }

    /// The token that it waits for.
    pub(super) fn blocked(&self, shared: &Shared) -> Option<&str> {
        match self.todo.front() {
            Some(Todo::Act(Act::Await(token), _)) if !shared.signals.contains(token) => Some(token),
            Some(Todo::Act(..) | Todo::Plain(_)) | None => None,
        }
    }

    fn act(&mut self, act: Act, unanswered: bool, shared: &mut Shared) {
        match act {
            Act::Answer(payload) => self.due.push_back(Due::Frame(n(payload), "EOP-TST-23")),
            Act::Mark(token) => {
                self.mark(token, shared);
            }
            Act::Await(_) => {}
            Act::Fin => self.end(Due::Fin),
            Act::Reset => self.end(Due::Reset),
            Act::Redirect(list, response) => match target(&list, self.here) {
                // EOP-RED-4.
                Some(to) if response.as_ref().is_some_and(Vec::is_empty) => {
                    self.due.push_back(Due::Frame(n(""), "EOP-TST-25"));
                    self.end(Due::Frame(r(to), "EOP-TST-25"));
                }
                Some(to) => {
                    let requirement = if response.is_some() {
                        "EOP-TST-25"
                    } else {
                        "EOP-TST-24"
                    };
                    let octets = r_with(to, response.unwrap_or_default());
                    self.end(Due::Frame(octets, requirement));
                }
                None if unanswered => self.due.push_back(Due::Frame(n("here"), "EOP-TST-10")),
                None => {}
            },
        }
    }

    fn plain(&mut self, request: Request, shared: &mut Shared) {
        let due = match request {
            Request::Hello => Due::Hello,
            Request::Listen => Due::Port,
            Request::Mark(token) => {
                let count = self.mark(token, shared);
                Due::Frame(n(count.to_string()), "EOP-TST-16")
            }
            Request::Marked(token) => {
                let count = shared.counts.get(&token).copied().unwrap_or_default();
                Due::Frame(n(count.most.to_string()), "EOP-TST-17")
            }
            Request::Signal(token) => {
                shared.signals.insert(token);
                Due::Frame(n("ok"), "EOP-TST-18")
            }
            Request::Do(_) | Request::Unknown => Due::Frame(n("unknown"), "EOP-TST-5"),
        };
        self.due.push_back(due);
    }

    fn mark(&mut self, token: String, shared: &mut Shared) -> u32 {
        let count = shared.counts.entry(token.clone()).or_default();
        count.most = count.most.saturating_add(1);
        let most = count.most;
        self.due.push_back(Due::Mark(token));
        most
    }

    fn end(&mut self, due: Due) {
        self.due.push_back(due);
        self.ended = true;
        self.todo.clear();
    }

    /// What has to show next. Marks on the way there are passed.
    pub(super) fn next(&mut self) -> Option<Due> {
        while let Some(due) = self.due.pop_front() {
            match due {
                Due::Mark(token) => self.passed.push(token),
                Due::Frame(..) | Due::Hello | Due::Port | Due::Fin | Due::Reset => {
                    return Some(due);
                }
            }
        }
        None
    }

    /// What [`next`](Self::next) gave has come: what was to be marked before it was marked.
    pub(super) fn saw(&mut self, due: &Due, shared: &mut Shared) {
        for token in self.passed.drain(..) {
            let count = shared.counts.entry(token).or_default();
            count.least = count.least.saturating_add(1);
        }
        match due {
            Due::Frame(octets, _) if octets.starts_with(&opcode::REDIRECT.to_be_bytes()) => {
                self.moved = true;
                self.failed = false;
            }
            Due::Fin | Due::Reset => self.over = true,
            Due::Frame(..) | Due::Hello | Due::Port | Due::Mark(_) => {}
        }
    }

    /// Whether it has nothing to do but to wait for its client.
    pub(super) fn idle(&self) -> bool {
        self.todo.is_empty() && self.due.is_empty()
    }
}

/// Where a redirect leads (EOP-TST-9); nowhere at the last endpoint of the list (EOP-TST-10).
fn target(list: &[SocketAddrV4], here: SocketAddrV4) -> Option<SocketAddrV4> {
    let place = list.iter().rposition(|one| *one == here);
    let next = place.map_or(0, |place| place.saturating_add(1));
    list.get(next).copied()
}
