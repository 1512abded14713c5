//! A line that a driver prints, taken apart by the contract's grammar.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

/// What a token of an event has to look like, by the contract's grammar.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `192.0.2.10:9000`
    Endpoint,
    /// 0 to 4294967295, no leading zero.
    Number,
    /// 1 to 32 of a to z, 0 to 9 and hyphen.
    Token,
    /// A message's body: `-`, up to 4096 octets in hex, or `@` and a number.
    Body,
    /// Eight hex digits.
    Crc,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A token of an event: plain, or behind a key; some may be left out.
#[derive(Debug, Clone, Copy)]
enum Field {
    Plain(Form),
    Key(&'static str, Form),
    Optional(&'static str, Form),
}

use Field::{Key, Optional, Plain};

const FLAG: Form = Form::Word(&["0", "1"]);
const KIND: Form = Form::Word(&[
    "eof",
    "closed",
    "NotEop",
    "UnknownOpcode",
    "ByteOrderMismatch",
    "MessageTooLarge",
    "TruncatedFrame",
    "Unsolicited",
    "Uncertain",
    "Stall",
    "Timeout",
    "ConnectFailed",
    "NotFollowed",
    "RedirectRefused",
    "RedirectFailed",
    "RedirectLoop",
    "TooManyRedirects",
    "RedirectDeadline",
    "TlsFailed",
]);
const REASON: Form = Form::Word(&["forbidden", "scope", "port", "special", "insecure"]);

/// The events of the contract, token by token.
const EVENTS: [(&str, &[Field]); 7] = [
    (
        "connected",
        &[
            Plain(Form::Endpoint),
            Key("local", Form::Endpoint),
            Key("hop", Form::Number),
        ],
    ),
    (
        "message",
        &[
            Plain(Form::Body),
            Optional("crc32", Form::Crc),
            Key("outstanding", Form::Number),
            Key("greeting", FLAG),
        ],
    ),
    (
        "redirected",
        &[
            Plain(Form::Endpoint),
            Key("owed", Form::Number),
            Key("late", FLAG),
            Key("hop", Form::Number),
            Key("resend", Form::Word(&["explicit", "automatic"])),
        ],
    ),
    ("dial", &[Plain(Form::Endpoint)]),
    ("rejected", &[Plain(Form::Token), Plain(Form::Token)]),
    ("synced", &[Plain(Form::Token)]),
    (
        "ended",
        &[
            Plain(KIND),
            Optional("target", Form::Endpoint),
            Optional("cause", KIND),
            Optional("reason", REASON),
            Optional("owed", Form::Number),
            Optional("unsent", Form::Number),
            Optional("uncertain", Form::Number),
        ],
    ),
];

/// What stands between the alternatives of a pattern.
const BETWEEN: [char; 2] = ['|', '~'];

/// One event of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    words: Vec<String>,
    keys: BTreeMap<String, String>,
    text: String,
}

impl Event {
    /// Takes a report (a line without its session) apart; the error says what the contract does not know in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = text.split(' ').peekable();
        let verb = tokens.next().unwrap_or_default();
        let Some((_, fields)) = EVENTS.iter().find(|(known, _)| *known == verb) else {
            return Err(format!("`{verb}` is no event of the contract"));
        };
        let mut words = vec![verb.to_owned()];
        let mut keys = BTreeMap::new();
        for field in *fields {
            let (key, form) = match *field {
                Plain(form) => {
                    let word = tokens.next().filter(|word| !word.contains('='));
                    let word = word.ok_or_else(|| format!("`{verb}` has too few words"))?;
                    form.check(word)?;
                    words.push(word.to_owned());
                    continue;
                }
                Key(key, form) | Optional(key, form) => (key, form),
            };
            let behind = |token: &&str| token.split_once('=').is_some_and(|(it, _)| it == key);
            match (tokens.next_if(behind), field) {
                (Some(token), _) => {
                    let value = token.split_once('=').map_or("", |(_, value)| value);
                    form.check(value).map_err(|why| format!("{key}= {why}"))?;
                    keys.insert(key.to_owned(), value.to_owned());
                }
                (None, Optional(..)) => {}
                (None, Key(..) | Plain(_)) => {
                    return Err(format!("`{verb}` comes without `{key}=` in its place"));
                }
            }
        }
        if let Some(token) = tokens.next() {
            return Err(format!("`{token}` does not belong there in `{verb}`"));
        }
        let pattern = words.get(1).is_some_and(|word| word.starts_with('@'));
        if verb == "message" && pattern != keys.contains_key("crc32") {
            return Err("`crc32=` stands behind a length, and only there".to_owned());
        }
        Ok(Self {
            words,
            keys,
            text: text.to_owned(),
        })
    }

    /// The event's name.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The value of a key; a count that is not there is `0`.
    #[must_use]
    pub fn key(&self, key: &str) -> &str {
        match self.keys.get(key) {
            Some(value) => value,
            None if ["owed", "unsent", "uncertain"].contains(&key) => "0",
            None => "",
        }
    }

    /// Whether the event is what `pattern` says: its plain words in order, of which each may name alternatives
    /// (`eof|closed`) or be `*`, and its keys in any order. Keys that the pattern does not name are free. What stands
    /// behind a `~` (`NotEop~UnknownOpcode`) is allowed, and not recommended: see [`Event::alternative`].
    #[must_use]
    pub fn matches(&self, pattern: &str) -> bool {
        let mut words = self.words.iter();
        let all = pattern.split(' ').all(|token| match token.split_once('=') {
            Some((key, values)) => values.split(BETWEEN).any(|value| value == self.key(key)),
            None => words
                .next()
                .is_some_and(|word| token == "*" || token.split(BETWEEN).any(|one| one == word)),
        });
        all && words.next().is_none()
    }

    /// What the event says in place of what `pattern`, which it matches, recommends: "UnknownOpcode, not NotEop".
    #[must_use]
    pub fn alternative(&self, pattern: &str) -> Option<String> {
        pattern.split(' ').find_map(|token| {
            let values = token.split_once('=').map_or(token, |(_, values)| values);
            let (best, others) = values.split_once('~')?;
            let mut said = self.words.iter().chain(self.keys.values());
            let other = said.find(|said| others.split('~').any(|other| other == *said))?;
            Some(format!("{other}, not {best}"))
        })
    }
}

impl Form {
    /// Whether a token has this form; the error says what it is not.
    fn check(self, token: &str) -> Result<(), String> {
        let (is, name) = match self {
            Self::Endpoint => (is_endpoint(token), "an endpoint"),
            Self::Number => (is_number(token), "a number"),
            Self::Token => (is_token(token), "a token"),
            Self::Body => (is_body(token), "a body"),
            Self::Crc => (token.len() == 8 && is_hex(token), "a CRC"),
            Self::Word(words) if words.contains(&token) => return Ok(()),
            Self::Word(words) => {
                return Err(format!("`{token}` is not one of {}", words.join(", ")));
            }
        };
        if is {
            Ok(())
        } else {
            Err(format!("`{token}` is not {name}"))
        }
    }
}

fn is_number(token: &str) -> bool {
    // What the number says is what was written: so there is no sign and no leading zero.
    token
        .parse::<u32>()
        .is_ok_and(|number| number.to_string() == token)
}

fn is_endpoint(token: &str) -> bool {
    let Some((address, port)) = token.split_once(':') else {
        return false;
    };
    let endpoint = address
        .parse::<Ipv4Addr>()
        .and_then(|_| token.parse::<SocketAddrV4>());
    endpoint.is_ok() && is_number(port)
}

fn is_token(token: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=32).contains(&token.len()) && token.chars().all(known)
}

fn is_hex(token: &str) -> bool {
    token
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_body(token: &str) -> bool {
    match token.strip_prefix('@') {
        Some(length) => is_number(length),
        None if token == "-" => true,
        None => (2..=8192).contains(&token.len()) && token.len().is_multiple_of(2) && is_hex(token),
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_words_and_keys() {
        let event =
            Event::parse("redirected 127.0.0.1:1 owed=1 late=0 hop=2 resend=explicit").unwrap();
        assert!(event.matches("redirected 127.0.0.1:1 hop=2 owed=1"));
        assert!(event.matches("redirected * late=0"));
        assert!(!event.matches("redirected 127.0.0.1:1 owed=2"));
        assert!(!event.matches("redirected"));
    }

    #[test]
    fn a_count_left_out_is_zero() {
        let event = Event::parse("ended Uncertain uncertain=2").unwrap();
        assert!(event.matches("ended eof|Uncertain owed=0 unsent=0 uncertain=2"));
    }

    #[test]
    fn what_is_allowed_and_not_recommended_is_told() {
        let event = Event::parse("ended UnknownOpcode uncertain=1").unwrap();
        let pattern = "ended NotEop~UnknownOpcode uncertain=1";
        assert!(event.matches(pattern));
        assert_eq!(
            event.alternative(pattern).as_deref(),
            Some("UnknownOpcode, not NotEop")
        );
        assert_eq!(event.alternative("ended UnknownOpcode~NotEop"), None);
    }

    #[test]
    fn what_the_contract_does_not_know_is_refused() {
        for line in [
            "",
            "hello",
            "connected 127.0.0.1:1 hop=0",
            "synced",
            "ended eof now",
            "dial a=1 b",
            "dial 127.0.0.1:01",
            "dial 127.0.0.1:65536",
            "connected 127.0.0.1:1 hop=0 local=127.0.0.1:2",
            "connected 127.0.0.1:1 local=127.0.0.1:2 hop=00",
            "connected 127.0.0.1:1 local=127.0.0.1:2 hop=0 more=1",
            "message 7 outstanding=0 greeting=0",
            "message 7A outstanding=0 greeting=0",
            "message 71 outstanding=0 greeting=2",
            "message 71 crc32=00000000 outstanding=0 greeting=0",
            "message @5000 outstanding=0 greeting=0",
            "redirected 127.0.0.1:1 owed=1 late=0 hop=1 resend=later",
            "rejected send Not",
            "ended Lost",
            "ended eof owed=4294967296",
            "ended RedirectRefused target=127.0.0.1:1 reason=mood",
        ] {
            assert!(Event::parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let told = |line| Event::parse(line).unwrap_err();
        assert_eq!(
            told("connected 127.0.0.1:1 local=127.0.0.1:x hop=0"),
            "local= `127.0.0.1:x` is not an endpoint"
        );
    }
}
