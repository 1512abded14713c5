//! The lines that a driver is given (`spec/testee.md`, 3.2).

use crate::grammar::{self, Payload};

use super::settings::{self, Settings};

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A session begins.
    Connect(u32, Box<Settings>),
    /// A session is told something.
    Command(u32, Verb),
    /// It does not match the grammar: the session it is about, or 0; the verb, or `line`; why (EOP-DRV-12).
    Bad(u32, &'static str, &'static str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Send {
        payload: Payload,
        never_resend: bool,
    },
    Retire(u32),
    Resend(u32),
    Drop(u32),
    HalfClose,
    Close,
    Sync(String),
}

impl Verb {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Retire(_) => "retire",
            Self::Resend(_) => "resend",
            Self::Drop(_) => "drop",
            Self::HalfClose => "half-close",
            Self::Close => "close",
            Self::Sync(_) => "sync",
        }
    }
}

pub(super) fn parse(line: &[u8]) -> Line {
    let Ok(text) = std::str::from_utf8(line) else {
        return Line::Bad(0, "line", "no-text");
    };
    let (number, rest) = text.split_once(' ').unwrap_or((text, ""));
    let Some(session) = grammar::number(number) else {
        return Line::Bad(0, "line", "no-session");
    };
    let mut words = rest.split(' ');
    let word = words.next().unwrap_or_default();
    let words: Vec<&str> = words.collect();
    let (verb, name) = match word {
        "connect" => return connect(session, &words),
        "send" => (send(&words), "send"),
        "retire" => (one(&words, grammar::number).map(Verb::Retire), "retire"),
        "resend" => (one(&words, grammar::number).map(Verb::Resend), "resend"),
        "drop" => (one(&words, grammar::number).map(Verb::Drop), "drop"),
        "half-close" => (words.is_empty().then_some(Verb::HalfClose), "half-close"),
        "close" => (words.is_empty().then_some(Verb::Close), "close"),
        "sync" => (
            one(&words, grammar::token).map(|token| Verb::Sync(token.to_owned())),
            "sync",
        ),
        _ => (None, "line"),
    };
    match verb {
        Some(verb) => Line::Command(session, verb),
        None => Line::Bad(session, name, "grammar"),
    }
}

fn connect(session: u32, words: &[&str]) -> Line {
    match settings::parse(words) {
        Ok(settings) => Line::Connect(session, Box::new(settings)),
        Err(why) => Line::Bad(session, "connect", why),
    }
}

fn send(words: &[&str]) -> Option<Verb> {
    let (payload, never_resend) = match words {
        [payload] => (payload, false),
        [payload, "never-resend"] => (payload, true),
        _ => return None,
    };
    Some(Verb::Send {
        payload: grammar::payload(payload)?,
        never_resend,
    })
}

fn one<'a, T>(words: &[&'a str], read: impl Fn(&'a str) -> Option<T>) -> Option<T> {
    match words {
        [word] => read(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let sent = Verb::Send {
            payload: Payload::Octets(vec![0x71]),
            never_resend: true,
        };
        assert_eq!(parse(b"7 send 71 never-resend"), Line::Command(7, sent));
        assert_eq!(parse(b"0 drop 3"), Line::Command(0, Verb::Drop(3)));
        assert_eq!(parse(b"1 half-close"), Line::Command(1, Verb::HalfClose));
        assert_eq!(
            parse(b"1 sync a-1"),
            Line::Command(1, Verb::Sync("a-1".to_owned()))
        );
    }

    #[test]
    fn a_bad_line_is_told_by_its_session_and_its_verb_as_far_as_it_has_them() {
        let told = |line: &[u8]| match parse(line) {
            Line::Bad(session, verb, _) => (session, verb),
            other @ (Line::Connect(..) | Line::Command(..)) => panic!("{other:?}"),
        };
        for line in [
            &b""[..],
            b"x",
            b"01 close",
            b"-1 close",
            b"4294967296 close",
            b" 1 close",
            b"\xff",
        ] {
            assert_eq!(told(line), (0, "line"), "{line:?}");
        }
        for line in [&b"3"[..], b"3 ", b"3 shout", b"3  close", b"3 Close"] {
            assert_eq!(told(line), (3, "line"), "{line:?}");
        }
        assert_eq!(told(b"3 close\r"), (3, "line"));
        assert_eq!(told(b"3 close "), (3, "close"));
        assert_eq!(told(b"3 send"), (3, "send"));
        assert_eq!(told(b"3 send 7"), (3, "send"));
        assert_eq!(told(b"3 send 71 never"), (3, "send"));
        assert_eq!(told(b"3 retire 1 2"), (3, "retire"));
        assert_eq!(told(b"3 sync A"), (3, "sync"));
        assert_eq!(told(b"3 connect here"), (3, "connect"));
    }
}
