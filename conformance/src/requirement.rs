//! The requirements, read from the specification's own text so that no sentence is typed twice.
//!
//! What a requirement means is decided by the cases; nothing here interprets a sentence beyond its key word.

mod section;

use std::fmt;
use std::sync::LazyLock;

pub use section::Section;

/// The two documents that hold numbered requirements: their names in `spec/`, and their texts.
pub const DOCUMENTS: [(&str, &str); 2] = [
    ("eop.md", include_str!("../../spec/eop.md")),
    ("testee.md", include_str!("../../spec/testee.md")),
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
    /// The document that it stands in.
    pub document: &'static str,
    /// The section of that document.
    pub section: Section,
}

static ALL: LazyLock<Vec<Requirement>> = LazyLock::new(|| {
    let of = |(document, text): &(&'static str, &'static str)| -> Vec<Requirement> {
        section::lines(text)
            .filter_map(|(section, line)| parse(document, &section, line))
            .collect()
    };
    DOCUMENTS.iter().flat_map(of).collect()
});

/// All requirements, in the order of the specification.
#[must_use]
pub fn all() -> Vec<Requirement> {
    ALL.clone()
}

/// The requirement with this identifier.
#[must_use]
pub fn find(id: &str) -> Option<Requirement> {
    ALL.iter().find(|requirement| requirement.id == id).cloned()
}

fn parse(document: &'static str, section: &Section, line: &'static str) -> Option<Requirement> {
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
        document,
        section: section.clone(),
    })
}
