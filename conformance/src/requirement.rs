//! The requirements, read from the specification's own text so that no sentence is typed twice.
//!
//! What a requirement means is decided by the cases; nothing here interprets a sentence beyond its key word.

use std::fmt;

/// The two documents that hold numbered requirements.
const SOURCES: [&str; 2] = [
    include_str!("../../spec/eop.md"),
    include_str!("../../spec/testee.md"),
];

/// Whom a requirement binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The side that opened the connection.
    Client,
    /// The side that accepted it.
    Server,
    /// Either side.
    Both,
}

/// How strong a requirement is: its BCP 14 key word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// MUST, MUST NOT.
    Must,
    /// SHOULD, SHOULD NOT.
    Should,
    /// MAY.
    May,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        })
    }
}

/// One numbered sentence of the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its identifier, such as `EOP-FRM-2`.
    pub id: &'static str,
    /// Whom it binds.
    pub bound: Bound,
    /// Its key word.
    pub level: Level,
    /// The sentence.
    pub sentence: &'static str,
}

/// All requirements, in the order of the specification.
#[must_use]
pub fn all() -> Vec<Requirement> {
    SOURCES
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(parse)
        .collect()
}

/// The requirement with this identifier.
#[must_use]
pub fn find(id: &str) -> Option<Requirement> {
    all().into_iter().find(|requirement| requirement.id == id)
}

fn parse(line: &'static str) -> Option<Requirement> {
    let (id, rest) = line.strip_prefix("- **")?.split_once("** (")?;
    let (bound, sentence) = rest.split_once(") ")?;
    let bound = match bound {
        "client" => Bound::Client,
        "server" => Bound::Server,
        "both" => Bound::Both,
        _ => return None,
    };
    let level = if sentence.contains("MUST") {
        Level::Must
    } else if sentence.contains("SHOULD") {
        Level::Should
    } else if sentence.contains("MAY") {
        Level::May
    } else {
        return None;
    };
    Some(Requirement {
        id,
        bound,
        level,
        sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_numbered_sentence_is_read_and_has_one_key_word() {
        let numbered = SOURCES
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| line.starts_with("- **EOP-"));
        let requirements = all();
        assert_eq!(numbered.count(), requirements.len());
        for requirement in &requirements {
            let key_words = requirement
                .sentence
                .split(|c: char| !c.is_ascii_alphabetic())
                .filter(|word| ["MUST", "SHOULD", "MAY"].contains(word))
                .count();
            assert_eq!(key_words, 1, "{}", requirement.id);
        }
    }

    #[test]
    fn identifiers_are_unique() {
        let mut ids: Vec<_> = all().iter().map(|requirement| requirement.id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
