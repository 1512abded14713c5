//! `connection`: an application, a transport and a server do anything at all to a client's machine for one
//! connection, which is compared with a naive model: all messages ever, how many octets were offered in all, and how
//! many of the messages are answered. Every answer of the machine is foretold, and so is every refusal.
//!
//! Input: an octet for the discipline and the greetings; then operations, an octet each with what they need.

use core::net::SocketAddrV4;

use eop_statemachine::client::{Event, Kind, Want};
use eop_statemachine::{Client, Discipline, PeerError, Service};

use crate::by_hand::{self, Frame};
use crate::incoming::{Incoming, Seen};
use crate::plan::Plan;

const LIMIT: u32 = 64;
const TARGET: ([u8; 4], u16) = ([10, 0, 0, 2], 4000);

/// What is told of the server's frames.
#[derive(Debug, PartialEq)]
enum Told {
    Head(Kind, u32),
    Message(Kind, Vec<u8>),
    Redirect(SocketAddrV4, Option<Kind>, Vec<u8>),
}

#[derive(Default)]
struct Model {
    manual: bool,
    greetings: usize,
    /// The payload's length of every message that was accepted.
    messages: Vec<u32>,
    /// Octets offered, of all of them together.
    offered: u64,
    /// Of the messages, the oldest, that are answered.
    answered: usize,
    incoming: Incoming,
    /// Messages that arrived whole.
    delivered: usize,
    /// What the message is that began to arrive.
    arriving: Option<Kind>,
    ending: bool,
    half_closed: bool,
    unwritable: bool,
    over: bool,
    closed: bool,
    redirected: bool,
    fault: Option<&'static str>,
}

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let terms = plan.octet();
    let mut model = Model {
        manual: terms & 1 == 1,
        greetings: usize::from(terms >> 1 & 3) % 3,
        ..Model::default()
    };
    let mut client = Client::new(&Service {
        discipline: if model.manual {
            Discipline::Manual
        } else {
            Discipline::Paired
        },
        greetings: model.greetings as u32,
        max_payload: LIMIT,
    });
    let mut arriving = Vec::new();
    while !plan.is_over() {
        step(&mut client, &mut model, &mut plan, &mut arriving);
        model.compare(&client);
    }
}

fn step(client: &mut Client, model: &mut Model, plan: &mut Plan<'_>, arriving: &mut Vec<u8>) {
    let before = client.clone();
    let (done, expected) = match plan.below(14) {
        0 => {
            let len = u32::from(plan.below(20));
            (client.accept().is_ok(), model.accept(len))
        }
        1 | 2 => {
            let octets = u64::from(plan.octet());
            let len = model.len(model.complete());
            (client.offer(octets, len).is_ok(), model.offer(octets))
        }
        3 => {
            let octets = u64::from(plan.below(40));
            let len = model.len(model.last_offered());
            (
                client.take_back(octets, len).is_ok(),
                model.take_back(octets),
            )
        }
        4 => (client.write_failed().is_ok(), model.write_failed()),
        5 => (client.half_close().is_ok(), model.half_close()),
        6 => (client.half_closed().is_ok(), model.half_close_sent()),
        7 => {
            let count = u32::from(plan.below(4));
            (client.retire(count).is_ok(), model.retire(count as usize))
        }
        8 if plan.below(6) == 0 => {
            client.close();
            model.closed |= !model.over;
            model.over = true;
            return;
        }
        9 if plan.below(6) == 0 => {
            client.lost();
            model.over = true;
            return;
        }
        10 if plan.below(3) == 0 => {
            let result = client.end_of_stream();
            if !model.over {
                model.over = true;
                model.fault = (!model.incoming.at_boundary()).then_some("TruncatedFrame");
            }
            assert_eq!(result.err().as_ref().map(PeerError::kind), model.fault);
            return;
        }
        op => {
            let count = usize::from(plan.below(80));
            let payload = plan.octets(count).to_vec();
            let target = (op == 11).then_some(TARGET);
            let octets = match op {
                12 => payload,
                _ => by_hand::write(&Frame { target, payload }),
            };
            let (told, fault) = receive(client, &octets, arriving);
            assert_eq!(told, model.receive(&octets));
            assert_eq!(fault.as_ref().map(PeerError::kind), model.fault);
            return;
        }
    };
    assert_eq!(done, expected, "in {:?}", before.state());
    if !done {
        assert_eq!(*client, before, "a refused act leaves no trace");
    }
}

/// Everything that the machine makes of these octets.
fn receive(
    client: &mut Client,
    octets: &[u8],
    arriving: &mut Vec<u8>,
) -> (Vec<Told>, Option<PeerError>) {
    let (mut input, mut told) = (octets, Vec::new());
    loop {
        match client.receive(&mut input) {
            Ok(Some(Event::Head { kind, len })) => told.push(Told::Head(kind, len)),
            Ok(Some(Event::Chunk(chunk))) => arriving.extend(chunk),
            Ok(Some(Event::Message { kind })) => {
                told.push(Told::Message(kind, core::mem::take(arriving)));
            }
            Ok(Some(Event::Redirect { to, message })) => {
                told.push(Told::Redirect(to, message, core::mem::take(arriving)));
            }
            Ok(None) => {
                assert!(input.is_empty(), "all of it was taken");
                return (told, None);
            }
            Err(fault) => {
                let again = client.receive(&mut &octets[..]);
                assert_eq!(again, Err(fault), "a fault is final");
                return (told, Some(fault));
            }
        }
    }
}

/// The account, from totals.
impl Model {
    fn len(&self, message: usize) -> u32 {
        self.messages.get(message).copied().unwrap_or_default()
    }

    /// Octets of the first so many messages.
    fn octets(&self, messages: usize) -> u64 {
        let frames = self.messages.iter().take(messages);
        frames.map(|len| 12 + u64::from(*len)).sum()
    }

    /// Messages, the answered ones included, that were completely offered.
    fn complete(&self) -> usize {
        let all = 1..=self.messages.len();
        all.take_while(|count| self.octets(*count) <= self.offered)
            .count()
    }

    fn partly(&self) -> u64 {
        self.offered - self.octets(self.complete())
    }

    /// The message of which an octet was offered last.
    fn last_offered(&self) -> usize {
        match self.partly() {
            0 => self.complete().wrapping_sub(1),
            _ => self.complete(),
        }
    }

    fn is_greeted(&self) -> bool {
        self.delivered >= self.greetings
    }

    fn writes(&self) -> bool {
        !self.over && self.is_greeted() && !self.unwritable && !self.half_closed
    }
}

/// What may be said, and what comes of it.
impl Model {
    fn accept(&mut self, len: u32) -> bool {
        let may = !self.over && (!self.ending || self.unwritable && !self.half_closed);
        if may {
            self.messages.push(len);
        }
        may
    }

    fn offer(&mut self, octets: u64) -> bool {
        let complete = self.complete();
        let left = self.octets(complete + 1) - self.offered;
        let may = self.writes() && complete < self.messages.len() && octets <= left;
        if may {
            self.offered += octets;
        }
        may
    }

    fn take_back(&mut self, octets: u64) -> bool {
        let says_nothing = self.redirected || self.closed;
        if says_nothing {
            return true;
        }
        let never_wrote = !self.is_greeted() || (self.half_closed && !self.over);
        if never_wrote && !self.over {
            return false;
        }
        if octets == 0 {
            return true;
        }
        let of_last = match self.partly() {
            0 if self.complete() <= self.answered => return false,
            0 => {
                let only = self.complete() == self.answered + 1;
                if only && self.arriving == Some(Kind::Answer) {
                    return false;
                }
                12 + u64::from(self.len(self.complete() - 1))
            }
            partly => partly,
        };
        if octets <= of_last {
            self.offered -= octets;
        }
        octets <= of_last
    }

    fn write_failed(&mut self) -> bool {
        if !self.over && !self.is_greeted() {
            return false;
        }
        self.unwritable |= !self.over && !self.half_closed;
        true
    }

    fn half_close(&mut self) -> bool {
        if self.over {
            return false;
        }
        if self.unwritable {
            return true;
        }
        let may = !self.ending;
        self.ending = true;
        may
    }

    fn half_close_sent(&mut self) -> bool {
        let may = self.writes() && self.ending && self.complete() == self.messages.len();
        self.half_closed |= may;
        may
    }

    fn retire(&mut self, count: usize) -> bool {
        let may = self.manual && !self.closed && count <= self.complete() - self.answered;
        if may {
            self.answered += count;
        }
        may
    }
}

/// What the server's octets are.
impl Model {
    fn receive(&mut self, octets: &[u8]) -> Vec<Told> {
        let mut told = Vec::new();
        if self.over {
            return told;
        }
        self.incoming.arrive(octets);
        while !self.over
            && let Some(seen) = self.incoming.look(LIMIT)
        {
            match seen {
                Seen::Fault(name) => self.fail(name),
                Seen::Head { target, len } => {
                    let is_message = target.is_none() || len > 0;
                    self.arriving = is_message.then(|| self.kind()).flatten();
                    match self.arriving {
                        Some(kind) => told.push(Told::Head(kind, len)),
                        None if is_message => self.fail("Unsolicited"),
                        None => {}
                    }
                }
                Seen::Whole(frame) => {
                    let kind = self.arriving.take();
                    self.delivered += usize::from(kind.is_some());
                    self.answered += usize::from(kind == Some(Kind::Answer));
                    told.push(match (frame.target, kind) {
                        (Some((addr, port)), _) => {
                            self.redirected = true;
                            self.over = true;
                            let to = SocketAddrV4::new(addr.into(), port);
                            Told::Redirect(to, kind, frame.payload)
                        }
                        (None, kind) => {
                            Told::Message(kind.expect("or it had failed"), frame.payload)
                        }
                    });
                }
            }
        }
        told
    }

    fn fail(&mut self, name: &'static str) {
        self.fault = Some(name);
        self.over = true;
    }

    /// What a message that begins now is.
    fn kind(&self) -> Option<Kind> {
        if !self.is_greeted() {
            Some(Kind::Greeting)
        } else if self.manual {
            Some(Kind::Plain)
        } else {
            (self.complete() > self.answered).then_some(Kind::Answer)
        }
    }

    fn compare(&self, client: &Client) {
        let want = match () {
            () if self.over => Want::Close,
            () if !self.writes() => Want::Read,
            () if self.complete() < self.messages.len() => Want::Write,
            () if self.ending => Want::HalfClose,
            () => Want::Read,
        };
        assert_eq!(client.want(), want, "{:?}", client.state());
        let outstanding = self.messages.len() - self.answered;
        assert_eq!(client.outstanding() as usize, outstanding);
        let complete = self.complete() - self.answered;
        assert_eq!(client.completely_offered() as usize, complete);
        assert_eq!(client.partly_offered(), self.partly());
        let bound = complete + usize::from(self.partly() > 0);
        assert_eq!(client.bound() as usize, bound);
        let greetings = self.greetings.saturating_sub(self.delivered);
        assert_eq!(client.greetings() as usize, greetings);
        let fault = client.fault();
        assert_eq!(fault.as_ref().map(PeerError::kind), self.fault);
    }
}
