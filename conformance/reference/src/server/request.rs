//! What a client of the test service can ask (`spec/testee.md`, 2.2), and the rules that its steps keep. What is not a
//! [`Request`] is answered `unknown`.

use std::net::SocketAddrV4;

use crate::grammar::{self, Payload};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Hello,
    Do(Steps),
    Listen(Steps),
    Mark(String),
    Marked(String),
    Signal(String),
}

/// Steps that keep the rules: what is done in order, and what it ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) first: Vec<Step>,
    pub(super) last: Option<Last>,
}

/// A step after which another one may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Answer(Payload),
    Await(String),
    Mark(String),
}

/// A step after which none follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Redirect(Vec<SocketAddrV4>, Option<Payload>),
    Fin,
    Reset,
}

/// What the request is; `None` if it does not match the grammar or its steps break a rule (EOP-TST-5).
pub(super) fn parse(request: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(request).ok()?;
    let (verb, rest) = match text.split_once(' ') {
        Some((verb, rest)) => (verb, Some(rest)),
        None => (text, None),
    };
    let token = || Some(grammar::token(rest?)?.to_owned());
    match verb {
        "hello" if rest.is_none() => Some(Request::Hello),
        "do" => steps(rest?).filter(is_doable).map(Request::Do),
        "listen" => steps(rest?).map(Request::Listen),
        "mark" => token().map(Request::Mark),
        "marked" => token().map(Request::Marked),
        "signal" => token().map(Request::Signal),
        _ => None,
    }
}

/// The rules of EOP-TST-6 and EOP-TST-8.
fn is_doable(steps: &Steps) -> bool {
    let answers = steps
        .first
        .iter()
        .filter(|step| matches!(step, Step::Answer(_)))
        .count();
    let responds = matches!(steps.last, Some(Last::Redirect(_, Some(_))));
    match answers {
        0 => steps.last.is_some(),
        1 => !responds,
        _ => false,
    }
}

/// `step *( ";" step )`, of which only the last may end the connection (EOP-TST-6, EOP-TST-7).
fn steps(text: &str) -> Option<Steps> {
    let mut steps = Steps {
        first: Vec::new(),
        last: None,
    };
    for text in text.split(';') {
        if steps.last.is_some() {
            return None;
        }
        let mut words = text.split(' ');
        match (words.next()?, words.next(), words.next()) {
            ("answer", Some(payload), None) => {
                steps.first.push(Step::Answer(grammar::payload(payload)?));
            }
            ("await", Some(token), None) => {
                steps
                    .first
                    .push(Step::Await(grammar::token(token)?.to_owned()));
            }
            ("mark", Some(token), None) => {
                steps
                    .first
                    .push(Step::Mark(grammar::token(token)?.to_owned()));
            }
            ("redirect", Some(list), payload) => {
                let payload = match payload {
                    None => None,
                    Some(payload) => Some(grammar::payload(payload)?),
                };
                steps.last = Some(Last::Redirect(grammar::list(list)?, payload));
            }
            ("fin", None, None) => steps.last = Some(Last::Fin),
            ("reset", None, None) => steps.last = Some(Last::Reset),
            _ => return None,
        }
        if words.next().is_some() {
            return None;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(octets: &[u8]) -> Payload {
        Payload::Octets(octets.to_vec())
    }

    #[test]
    fn steps_are_read_in_order() {
        let request =
            parse(b"do mark a;await b;answer 6f6b;redirect 127.0.0.1:4001,127.0.0.1:4002");
        let list = ["127.0.0.1:4001", "127.0.0.1:4002"].map(|endpoint| endpoint.parse().unwrap());
        let first = vec![
            Step::Mark("a".to_owned()),
            Step::Await("b".to_owned()),
            Step::Answer(octets(b"ok")),
        ];
        let last = Some(Last::Redirect(list.to_vec(), None));
        assert_eq!(request, Some(Request::Do(Steps { first, last })));
    }

    #[test]
    fn an_empty_response_is_not_no_response() {
        let last = |request: &[u8]| match parse(request) {
            Some(Request::Do(steps)) => steps.last,
            other => panic!("{other:?}"),
        };
        let to = vec!["127.0.0.1:1".parse().unwrap()];
        let none = Last::Redirect(to.clone(), None);
        let empty = Last::Redirect(to, Some(octets(b"")));
        assert_eq!(last(b"do redirect 127.0.0.1:1"), Some(none));
        assert_eq!(last(b"do redirect 127.0.0.1:1 -"), Some(empty));
    }

    #[test]
    fn a_listen_may_greet_often_and_do_nothing_else() {
        let Some(Request::Listen(steps)) = parse(b"listen answer 61;answer 62") else {
            panic!()
        };
        assert_eq!((steps.first.len(), steps.last), (2, None));
    }

    #[test]
    fn what_the_grammar_or_a_rule_does_not_have_is_nothing() {
        for request in [
            "",
            "hello ",
            " hello",
            "hello x",
            "HELLO",
            "do",
            "do ",
            "do fin ",
            "do  fin",
            "do fin;",
            "do ;fin",
            "do answer",
            "do answer 6F",
            "do answer 61 62",
            "do mark a",
            "do await a",
            "do fin;answer 61",
            "do fin;reset",
            "do redirect 127.0.0.1:1;fin",
            "do answer 61;answer 62",
            "do answer 61;redirect 127.0.0.1:1 62",
            "do redirect",
            "do redirect 127.0.0.1:1 62 63",
            "do redirect 127.0.0.1:1,",
            "do redirect 127.0.0.1",
            "do fin x",
            "do reset x",
            "listen",
            "listen ",
            "listen fin;mark a",
            "listen redirect 127.0.0.1:1;reset",
            "mark",
            "mark ",
            "mark A",
            "mark a b",
            "marked",
            "signal",
            "signal a;b",
            "do mark a,b;fin",
            "unknown",
        ] {
            assert_eq!(parse(request.as_bytes()), None, "{request:?}");
        }
        assert_eq!(parse(b"mark \xff"), None);
    }
}
