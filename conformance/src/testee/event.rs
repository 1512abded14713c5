//! A line that a driver prints, taken apart by the contract's grammar.

use std::collections::BTreeMap;
use std::fmt;

/// The events of the contract: the verb, how many plain words follow it, and the keys it has to bring.
const EVENTS: [(&str, usize, &[&str]); 7] = [
    ("connected", 1, &["local", "hop"]),
    ("message", 1, &["outstanding", "greeting"]),
    ("redirected", 1, &["owed", "late", "hop", "resend"]),
    ("dial", 1, &[]),
    ("rejected", 2, &[]),
    ("synced", 1, &[]),
    ("ended", 1, &[]),
];

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
        let mut words = Vec::new();
        let mut keys = BTreeMap::new();
        for token in text.split(' ') {
            match token.split_once('=') {
                Some((key, value)) => {
                    if keys.insert(key.to_owned(), value.to_owned()).is_some() {
                        return Err(format!("`{key}=` stands twice"));
                    }
                }
                None if keys.is_empty() => words.push(token.to_owned()),
                None => return Err(format!("`{token}` stands behind a key")),
            }
        }
        let verb = words.first().map_or("", String::as_str);
        let Some((_, plain, needed)) = EVENTS.iter().find(|(known, ..)| *known == verb) else {
            return Err(format!("`{verb}` is no event of the contract"));
        };
        if words.len() != plain.saturating_add(1) {
            return Err(format!(
                "`{verb}` takes {plain} plain word(s), not {}",
                words.len().saturating_sub(1)
            ));
        }
        if let Some(key) = needed.iter().find(|key| !keys.contains_key(**key)) {
            return Err(format!("`{verb}` comes without `{key}=`"));
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
    /// (`eof|closed`) or be `*`, and its keys in any order. Keys that the pattern does not name are free.
    #[must_use]
    pub fn matches(&self, pattern: &str) -> bool {
        let mut words = self.words.iter();
        let all = pattern.split(' ').all(|token| match token.split_once('=') {
            Some((key, values)) => values.split('|').any(|value| value == self.key(key)),
            None => words
                .next()
                .is_some_and(|word| token == "*" || token.split('|').any(|one| one == word)),
        });
        all && words.next().is_none()
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
    fn what_the_contract_does_not_know_is_refused() {
        for line in [
            "",
            "hello",
            "connected 127.0.0.1:1 hop=0",
            "synced",
            "ended eof now",
            "dial a=1 b",
        ] {
            assert!(Event::parse(line).is_err(), "{line}");
        }
    }
}
