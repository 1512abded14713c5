//! The test service's requests: their grammar and their rules. What they do stands in `server`.

use std::net::SocketAddrV4;

use crate::payload::Payload;
use crate::table::Fault;
use crate::text::{endpoint, token};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Hello,
    Do(Vec<Step>),
    Listen(Vec<Step>),
    Mark(String),
    Marked(String),
    Signal(String),
    /// Anything else: answered with `unknown`, without an effect (EOP-TST-5).
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Answer(Payload),
    Redirect(Vec<SocketAddrV4>, Option<Payload>),
    Await(String),
    Mark(String),
    Fin,
    Reset,
}

pub(crate) fn request(octets: &[u8], fault: Fault) -> Request {
    if fault == Fault::UnknownToEverything {
        return Request::Unknown;
    }
    std::str::from_utf8(octets)
        .ok()
        .and_then(|text| known(text, fault))
        .unwrap_or(Request::Unknown)
}

fn known(text: &str, fault: Fault) -> Option<Request> {
    if text == "hello" {
        return Some(Request::Hello);
    }
    let (verb, rest) = text.split_once(' ')?;
    match verb {
        "do" => steps(rest)
            .filter(|steps| lawful_do(steps, fault))
            .map(Request::Do),
        "listen" => steps(rest)
            .filter(|steps| lawful_listen(steps, fault))
            .map(Request::Listen),
        "mark" => Some(Request::Mark(token(rest)?.to_owned())),
        "marked" => Some(Request::Marked(token(rest)?.to_owned())),
        "signal" => Some(Request::Signal(token(rest)?.to_owned())),
        _ => None,
    }
}

fn steps(text: &str) -> Option<Vec<Step>> {
    text.split(';').map(step).collect()
}

fn step(text: &str) -> Option<Step> {
    let mut words = text.split(' ');
    let step = match (words.next()?, words.next(), words.next()) {
        ("answer", Some(payload), None) => Step::Answer(Payload::parse(payload)?),
        ("redirect", Some(list), payload) => {
            let list: Option<Vec<_>> = list.split(',').map(endpoint).collect();
            let payload = match payload {
                Some(payload) => Some(Payload::parse(payload)?),
                None => None,
            };
            Step::Redirect(list?, payload)
        }
        ("await", Some(name), None) => Step::Await(token(name)?.to_owned()),
        ("mark", Some(name), None) => Step::Mark(token(name)?.to_owned()),
        ("fin", None, None) => Step::Fin,
        ("reset", None, None) => Step::Reset,
        _ => return None,
    };
    words.next().is_none().then_some(step)
}

fn is_last(step: &Step) -> bool {
    matches!(step, Step::Redirect(..) | Step::Fin | Step::Reset)
}

/// At most one of redirect, fin and reset, as the last step (EOP-TST-6, EOP-TST-7).
fn ends_once(steps: &[Step]) -> bool {
    steps.iter().rev().skip(1).all(|step| !is_last(step))
}

fn lawful_do(steps: &[Step], _fault: Fault) -> bool {
    let answers = steps
        .iter()
        .filter(|step| matches!(step, Step::Answer(_)))
        .count();
    let ends = steps.last().is_some_and(is_last);
    let answers_twice = answers == 1 && matches!(steps.last(), Some(Step::Redirect(_, Some(_))));
    answers <= 1 && (answers == 1 || ends) && ends_once(steps) && !answers_twice
}

fn lawful_listen(steps: &[Step], _fault: Fault) -> bool {
    ends_once(steps)
}
