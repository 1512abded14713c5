//! The requests of the test service: the grammar and the rules of section 2.2 of `testee.md`, read strictly, since a server
//! has to answer `unknown` to everything else. What comes of a request stands in `model`.

use std::net::{Ipv4Addr, SocketAddrV4};

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Hello,
    Do(Vec<Act>),
    Listen,
    Mark(String),
    Marked(String),
    Signal(String),
    /// It does not match, or breaks a rule of the steps (EOP-TST-5).
    Unknown,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Answer(Vec<u8>),
    Redirect(Vec<SocketAddrV4>, Option<Vec<u8>>),
    Await(String),
    Mark(String),
    Fin,
    Reset,
}

impl Act {
    const fn is_last(&self) -> bool {
        match self {
            Self::Redirect(..) | Self::Fin | Self::Reset => true,
            Self::Answer(_) | Self::Await(_) | Self::Mark(_) => false,
        }
    }
}

/// What these octets ask.
pub(super) fn parse(payload: &[u8]) -> Request {
    let text = std::str::from_utf8(payload).unwrap_or_default();
    let request = match text.split_once(' ') {
        None if text == "hello" => Some(Request::Hello),
        Some(("do", rest)) => acts(rest).filter(|acts| is_doable(acts)).map(Request::Do),
        Some(("listen", rest)) => acts(rest).map(|_| Request::Listen),
        Some(("mark", rest)) => token(rest).map(Request::Mark),
        Some(("marked", rest)) => token(rest).map(Request::Marked),
        Some(("signal", rest)) => token(rest).map(Request::Signal),
        Some(_) | None => None,
    };
    request.unwrap_or(Request::Unknown)
}

/// The steps of a port, or of a request: whatever ends the connection stands last (EOP-TST-6, EOP-TST-7).
pub(super) fn acts(text: &str) -> Option<Vec<Act>> {
    let acts: Vec<Act> = text.split(';').map(act).collect::<Option<_>>()?;
    let (_, before) = acts.split_last()?;
    before.iter().all(|act| !act.is_last()).then_some(acts)
}

/// The rules of a `do` alone (EOP-TST-6, EOP-TST-8).
fn is_doable(acts: &[Act]) -> bool {
    let answers = acts.iter().filter(|act| matches!(act, Act::Answer(_)));
    let last = acts.last();
    match answers.count() {
        0 => last.is_some_and(Act::is_last),
        1 => !matches!(last, Some(Act::Redirect(_, Some(_)))),
        _ => false,
    }
}

fn act(text: &str) -> Option<Act> {
    let words: Vec<_> = text.split(' ').collect();
    Some(match words.as_slice() {
        ["answer", body] => Act::Answer(payload(body)?),
        ["redirect", places] => Act::Redirect(list(places)?, None),
        ["redirect", places, body] => Act::Redirect(list(places)?, Some(payload(body)?)),
        ["await", name] => Act::Await(token(name)?),
        ["mark", name] => Act::Mark(token(name)?),
        ["fin"] => Act::Fin,
        ["reset"] => Act::Reset,
        _ => return None,
    })
}

fn token(word: &str) -> Option<String> {
    let known = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    ((1..=32).contains(&word.len()) && word.bytes().all(known)).then(|| word.to_owned())
}

/// Digits without a sign and without a zero in front.
fn number<N: std::str::FromStr>(word: &str) -> Option<N> {
    let digits = word.bytes().all(|octet| octet.is_ascii_digit());
    let plain = digits && (word == "0" || !word.starts_with('0'));
    plain.then(|| word.parse().ok()).flatten()
}

/// The octets of a payload as the contract writes it; nothing if it is none.
pub(in crate::fuzz) fn payload(word: &str) -> Option<Vec<u8>> {
    if word == "-" {
        return Some(Vec::new());
    }
    if let Some(count) = word.strip_prefix('@') {
        let count: u32 = number(count)?;
        return Some(crate::octets::pattern(usize::try_from(count).ok()?));
    }
    let lower = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
    if word.is_empty() || word.len() % 2 == 1 || !word.bytes().all(lower) {
        return None;
    }
    let pair = |at| u8::from_str_radix(word.get(at..)?.get(..2)?, 16).ok();
    (0..word.len()).step_by(2).map(pair).collect()
}

fn list(words: &str) -> Option<Vec<SocketAddrV4>> {
    words.split(',').map(endpoint).collect()
}

fn endpoint(word: &str) -> Option<SocketAddrV4> {
    let (address, port) = word.split_once(':')?;
    let octets: Vec<u8> = address.split('.').map(number).collect::<Option<_>>()?;
    let [a, b, c, d] = <[u8; 4]>::try_from(octets).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), number(port)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a block of the contract: what matches, what does not, and what breaks a rule.
    fn block(name: &str) -> Vec<&'static str> {
        let text = include_str!("../../../../spec/testee.md");
        let begin = format!("```{name} request\n");
        let (_, behind) = text.split_once(&begin).unwrap();
        let (block, _) = behind.split_once("```").unwrap();
        block.lines().collect()
    }

    #[test]
    fn the_contract_s_own_examples_are_requests_and_its_counterexamples_are_not() {
        for line in block("examples") {
            assert_ne!(parse(line.as_bytes()), Request::Unknown, "{line}");
        }
        for line in [block("counterexamples"), block("misuse")].concat() {
            assert_eq!(parse(line.as_bytes()), Request::Unknown, "{line}");
        }
    }

    #[test]
    fn a_payload_is_what_the_contract_writes() {
        assert_eq!(payload("6f6b"), Some(b"ok".to_vec()));
        assert_eq!(payload("@2"), Some(vec![0, 1]));
        for word in ["", "@", "@01", "6F", "6", "+1"] {
            assert_eq!(payload(word), None, "{word}");
        }
    }
}
