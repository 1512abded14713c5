//! The specification's texts: whatever demands something has a number of its own, and one key word.

use std::collections::BTreeSet;

use eop_conformance::requirement::{self, DOCUMENTS};

/// The words of BCP 14. The specification uses three of them, each of the first two also with NOT.
const KEY_WORDS: [&str; 8] = [
    "MUST",
    "SHOULD",
    "MAY",
    "REQUIRED",
    "SHALL",
    "RECOMMENDED",
    "OPTIONAL",
    "NOT",
];

/// How many key words stand in a line: `MUST NOT` is one.
fn key_words(line: &str) -> usize {
    let words: Vec<_> = line
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let negated = words
        .windows(2)
        .filter(|pair| pair[1] == "NOT" && ["MUST", "SHOULD", "SHALL"].contains(&pair[0]))
        .count();
    let all = words.iter().filter(|word| KEY_WORDS.contains(word)).count();
    all - negated
}

/// The lines of a text without what speaks of the key words themselves: the paragraph that says how they are to be read,
/// and the abbreviations by which the draft has them rendered.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split("\n\n")
        .filter(|paragraph| !paragraph.contains("BCP 14"))
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("*["))
}

#[test]
fn every_key_word_stands_in_a_numbered_sentence_of_its_own() {
    let requirements = requirement::all();
    for (document, text) in DOCUMENTS {
        for line in lines(text) {
            let numbered = requirements
                .iter()
                .any(|requirement| line.starts_with(&format!("- **{}** (", requirement.id)));
            let expected = usize::from(numbered);
            assert_eq!(key_words(line), expected, "{document}: {line}");
            assert!(
                numbered || !line.trim_start().starts_with("- **EOP-"),
                "{document}: no role, or no key word: {line}"
            );
        }
    }
}

#[test]
fn a_sentence_stands_on_one_line() {
    for requirement in requirement::all() {
        assert!(
            requirement.sentence.ends_with('.'),
            "{} does not end on its line",
            requirement.id
        );
    }
}

#[test]
fn no_number_is_given_twice() {
    let mut seen = BTreeSet::new();
    for requirement in requirement::all() {
        assert!(
            seen.insert(requirement.id),
            "{} stands twice",
            requirement.id
        );
    }
}

#[test]
fn every_requirement_stands_in_a_section() {
    for requirement in requirement::all() {
        let section = requirement.section;
        assert!(
            !section.number.is_empty(),
            "{} stands in front of the first section",
            requirement.id
        );
    }
}
