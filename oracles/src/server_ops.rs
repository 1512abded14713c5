//! `server_ops`: an application and a client do anything at all to a server's machine, which is compared with a
//! naive model: a list of whole requests read by hand, and a handful of counts.
//!
//! Input: an octet for the discipline and the greetings; then operations, an octet each with what they need.

use eop_statemachine::server::{Event, Want};
use eop_statemachine::{Discipline, PeerError, Server, Service};

use crate::by_hand::{self, Frame, Front};
use crate::plan::Plan;

const LIMIT: u32 = 300;
const TARGETS: [([u8; 4], u16); 4] = [
    ([10, 0, 0, 2], 4000),
    ([10, 0, 0, 2], 0),
    ([0, 0, 0, 0], 4000),
    ([224, 0, 0, 1], 4000),
];

struct Model {
    manual: bool,
    greetings: usize,
    /// All that the client sent and that was to be parsed.
    received: Vec<u8>,
    delivered: usize,
    answered: usize,
    redirected: bool,
    half_closed: bool,
    client_done: bool,
    over: bool,
}

impl Model {
    fn may_speak(&self) -> bool {
        !(self.over || self.redirected || self.half_closed)
    }

    fn may_answer(&self) -> bool {
        self.may_speak() && self.greetings == 0 && (self.manual || self.answered < self.delivered)
    }

    fn parses(&self) -> bool {
        self.may_speak() && !self.client_done
    }

    /// Nothing is left to wait for: the client is done, and (paired) every request is answered.
    fn finish_if_done(&mut self) {
        if self.client_done && !self.redirected && !self.manual && self.answered == self.delivered {
            self.over = true;
        }
    }
}

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let terms = plan.octet();
    let manual = terms & 1 == 1;
    let greetings = terms >> 1 & 3;
    let service = Service {
        discipline: if manual {
            Discipline::Manual
        } else {
            Discipline::Paired
        },
        greetings: u32::from(greetings),
        max_payload: LIMIT,
    };
    let mut server = Server::new(&service);
    let mut model = Model {
        manual,
        greetings: usize::from(greetings),
        received: Vec::new(),
        delivered: 0,
        answered: 0,
        redirected: false,
        half_closed: false,
        client_done: false,
        over: false,
    };
    let mut sent = Vec::new();
    while !plan.is_over() {
        step(&mut server, &mut model, &mut plan, &mut sent);
        assert_eq!(
            server.want() == Want::Close,
            model.over,
            "{:?}",
            server.state()
        );
        let drains = (model.redirected || model.half_closed) && !model.over;
        assert_eq!(server.want() == Want::Drain, drains, "{:?}", server.state());
    }
    check_sent(&model, &sent, usize::from(greetings));
}

fn step(server: &mut Server, model: &mut Model, plan: &mut Plan<'_>, sent: &mut Vec<u8>) {
    let before = server.clone();
    let accepted = match plan.below(11) {
        0 => {
            let count = usize::from(plan.octet());
            let payload = plan.octets(count).to_vec();
            receive(
                server,
                model,
                &by_hand::write(&Frame {
                    target: None,
                    payload,
                }),
            );
            return;
        }
        1 => {
            let count = usize::from(plan.octet());
            receive(server, model, plan.octets(count));
            return;
        }
        2 => {
            let target = Some(TARGETS[usize::from(plan.below(4))]);
            receive(
                server,
                model,
                &by_hand::write(&Frame {
                    target,
                    payload: vec![1, 2],
                }),
            );
            return;
        }
        3 => return end_of_stream(server, model),
        4 => {
            server.lost();
            model.over = true;
            return;
        }
        5 => {
            server.close();
            model.over = true;
            return;
        }
        6 => {
            let payload = vec![b'g'; usize::from(plan.below(3))];
            let expected = model.may_speak() && model.greetings > 0;
            let got = server
                .greet(&payload)
                .map(|frame| sent.extend(frame.chunks().concat()));
            model.greetings -= usize::from(expected);
            (got.is_ok(), expected)
        }
        7 => {
            let payload = vec![b'a'; usize::from(plan.below(3))];
            let expected = model.may_answer();
            let got = server
                .respond(&payload)
                .map(|frame| sent.extend(frame.chunks().concat()));
            model.answered += usize::from(expected);
            if expected {
                model.finish_if_done();
            }
            (got.is_ok(), expected)
        }
        8 => {
            let (addr, port) = TARGETS[usize::from(plan.below(4))];
            let expected = model.may_speak() && (addr, port) == TARGETS[0];
            let target = core::net::SocketAddrV4::new(addr.into(), port);
            let got = server
                .redirect(target)
                .map(|frame| sent.extend(frame.chunks().concat()));
            model.redirected |= expected;
            (got.is_ok(), expected)
        }
        9 => {
            let (addr, port) = TARGETS[usize::from(plan.below(4))];
            let payload = vec![b'l'; usize::from(plan.below(3))];
            let expected = model.may_answer() && (addr, port) == TARGETS[0];
            let target = core::net::SocketAddrV4::new(addr.into(), port);
            let got = server
                .respond_and_redirect(&payload, target)
                .map(|frames| sent.extend(frames.chunks().concat()));
            model.answered += usize::from(expected);
            model.redirected |= expected;
            (got.is_ok(), expected)
        }
        _ => {
            let expected = !(model.over || model.half_closed);
            let got = server.half_close();
            if expected {
                model.half_closed = true;
                // Both streams have ended.
                model.over = model.client_done && !model.redirected;
            }
            (got.is_ok(), expected)
        }
    };
    assert_eq!(accepted.0, accepted.1, "in {:?}", before.state());
    if !accepted.0 {
        assert_eq!(*server, before, "a refused act leaves no trace");
    }
}

/// The client's octets: what is delivered is what reading all of them by hand gives.
fn receive(server: &mut Server, model: &mut Model, octets: &[u8]) {
    let failed_before = server.fault();
    let mut input = octets;
    let mut requests = Vec::new();
    let mut arriving = Vec::new();
    let fault = loop {
        match server.receive(&mut input) {
            Ok(Some(Event::Head { .. })) => arriving.clear(),
            Ok(Some(Event::Chunk(chunk))) => arriving.extend(chunk),
            Ok(Some(Event::Request)) => requests.push(core::mem::take(&mut arriving)),
            Ok(None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    if !model.parses() {
        assert!(requests.is_empty(), "nothing is delivered any more");
        assert_eq!(
            fault, failed_before,
            "nobody is blamed any more, but for what he was blamed for"
        );
        return;
    }
    model.received.extend(octets);
    let stream = by_hand::read(&model.received, LIMIT, true);
    let valid = stream
        .frames
        .iter()
        .take_while(|frame| frame.target.is_none())
        .count();
    assert_eq!(model.delivered + requests.len(), valid);
    // A request that began in an earlier read has only its last part here.
    for (request, frame) in requests.iter().zip(&stream.frames[model.delivered..]) {
        assert!(frame.payload.ends_with(request));
    }
    model.delivered = valid;
    let first = valid == 0;
    let redirect = is_redirect(&model.received[stream_start(&stream.frames[..valid])..]);
    let expected = match (redirect, &stream.then) {
        (Some(len), _) if len > LIMIT => Some("MessageTooLarge"),
        (Some(_), _) => Some("UnexpectedRedirect"),
        (None, Front::Unknown) if first => Some("NotEop"),
        (None, Front::Unknown) => Some("UnknownOpcode"),
        (None, Front::Swapped) => Some("ByteOrderMismatch"),
        (None, Front::TooLarge) => Some("MessageTooLarge"),
        (None, Front::Whole(..) | Front::Part { .. }) => None,
    };
    assert_eq!(fault.as_ref().map(PeerError::kind), expected);
    if let Some(fault) = fault {
        assert_eq!(
            server.receive(&mut &octets[..]),
            Err(fault),
            "a fault is final"
        );
        model.over = true;
    }
}

fn stream_start(frames: &[Frame]) -> usize {
    frames.iter().map(|frame| 12 + frame.payload.len()).sum()
}

/// The length that a whole header of a redirect announces, if one stands there.
fn is_redirect(octets: &[u8]) -> Option<u32> {
    match octets {
        [0, 2, _, _, _, _, _, _, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

fn end_of_stream(server: &mut Server, model: &mut Model) {
    let failed_before = server.fault();
    let result = server.end_of_stream();
    if model.over {
        assert_eq!(result.err(), failed_before);
    } else if model.client_done && !model.redirected && !model.half_closed {
        assert_eq!(result, Ok(()), "said twice");
    } else if model.redirected || model.half_closed {
        assert_eq!(result, Ok(()), "frames do not matter any more");
        model.over = true;
    } else {
        let whole = by_hand::read(&model.received, LIMIT, true);
        let inside = whole.taken != model.received.len();
        assert_eq!(
            result.err().map(|fault| fault.kind()),
            inside.then_some("TruncatedFrame")
        );
        model.client_done = true;
        model.over = inside;
        model.finish_if_done();
    }
}

/// What the client saw: whole frames, no more messages than it may have, at most one redirect and that the last.
fn check_sent(model: &Model, sent: &[u8], greetings: usize) {
    let stream = by_hand::read(sent, u32::MAX, true);
    assert_eq!(
        stream.taken,
        sent.len(),
        "nothing follows a redirect, and every frame is whole"
    );
    let redirects = stream
        .frames
        .iter()
        .filter(|frame| frame.target.is_some())
        .count();
    assert_eq!(redirects, usize::from(model.redirected));
    let messages = stream
        .frames
        .iter()
        .filter(|frame| frame.target.is_none() || !frame.payload.is_empty())
        .count();
    assert_eq!(messages, greetings - model.greetings + model.answered);
    assert!(model.manual || model.answered <= model.delivered);
}
