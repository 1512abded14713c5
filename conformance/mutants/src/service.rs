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
    let text = if fault.has(Fault::UnknownToEverything) {
        String::new()
    } else if fault.has(Fault::LenientGrammar) {
        lenient(octets)
    } else {
        String::from_utf8(octets.to_vec()).unwrap_or_default()
    };
    known(&text, fault).unwrap_or(Request::Unknown)
}

/// What a reader makes of a request that does not mind capitals and spaces.
fn lenient(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets).to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn known(text: &str, fault: Fault) -> Option<Request> {
    if text == "hello" {
        return Some(Request::Hello);
    }
    let (verb, rest) = text.split_once(' ')?;
    match verb {
        "do" => {
            let steps = steps(rest)?;
            lawful_do(&steps, fault).then_some(Request::Do(steps))
        }
        "listen" => {
            let steps = steps(rest)?;
            let lawful = ends_once(&steps) || fault.has(Fault::ListenGoesOn);
            lawful.then_some(Request::Listen(steps))
        }
        "mark" => Some(Request::Mark(token(rest)?.to_owned())),
        "marked" => Some(Request::Marked(token(rest)?.to_owned())),
        "signal" => Some(Request::Signal(token(rest)?.to_owned())),
        _ => None,
    }
}

fn steps(text: &str) -> Option<Vec<Step>> {
    text.split(';').map(step).collect()
}

/// The steps in front of the first that is wrong.
pub(crate) fn good_steps(octets: &[u8]) -> Vec<Step> {
    let text = String::from_utf8_lossy(octets);
    let steps = text.strip_prefix("do ").unwrap_or_default().split(';');
    steps.map_while(step).collect()
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

pub(crate) fn is_last(step: &Step) -> bool {
    matches!(step, Step::Redirect(..) | Step::Fin | Step::Reset)
}

/// At most one of redirect, fin and reset, as the last step (EOP-TST-6, EOP-TST-7).
fn ends_once(steps: &[Step]) -> bool {
    steps.iter().rev().skip(1).all(|step| !is_last(step))
}

/// EOP-TST-6, EOP-TST-8.
fn lawful_do(steps: &[Step], fault: Fault) -> bool {
    let answers = steps.iter().filter(|step| matches!(step, Step::Answer(_)));
    let answers = answers.count();
    let ends = steps.last().is_some_and(is_last);
    let late = matches!(steps.last(), Some(Step::Redirect(_, Some(_))));
    (answers <= 1 || fault.has(Fault::DoAnswersTwice))
        && (answers > 0 || ends || fault.has(Fault::DoNothing))
        && (ends_once(steps) || fault.has(Fault::DoGoesOn))
        && (answers == 0 || !late || fault.has(Fault::LateAfterAnswer))
}
