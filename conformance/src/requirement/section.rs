//! The section that each line of a document stands in, numbered as the rendered document numbers it.
//!
//! Two forms are read. An Internet-Draft in Markdown has headings without numbers: they are counted from `--- middle`, and
//! lettered from `--- back`. In any other document the headings bring their numbers along. Nothing here knows what a
//! requirement is.

use std::fmt;

/// A section's number and title.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// `3.1`, or `A.1` in an appendix; empty in front of the first section.
    pub number: String,
    /// Its title.
    pub title: &'static str,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.title)
    }
}

/// Every line of `text` with its section.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = (Section, &'static str)> {
    let counted = text.lines().any(|line| line == "--- middle");
    let (mut counts, mut place) = (Counts::default(), Section::default());
    let mut fenced = false;
    text.lines().map(move |line| {
        fenced ^= line.starts_with("```") || line.starts_with("~~~");
        match line {
            "--- middle" => counts = Counts::of(Part::Middle),
            "--- back" => counts = Counts::of(Part::Back),
            _ => {}
        }
        if let Some((depth, title)) = heading(line).filter(|_| !fenced) {
            let numbered = if counted {
                counts.next(depth).map(|number| (number, title))
            } else {
                title
                    .split_once(' ')
                    .filter(|(number, _)| number.starts_with(|first: char| first.is_ascii_digit()))
                    .map(|(number, title)| (number.trim_end_matches('.').to_owned(), title))
            };
            if let Some((number, title)) = numbered {
                place = Section { number, title };
            }
        }
        (place.clone(), line)
    })
}

/// How deep a heading stands, from 1, and its title without an anchor.
fn heading(line: &'static str) -> Option<(usize, &'static str)> {
    let title = line.trim_start_matches('#');
    let depth = line
        .len()
        .checked_sub(title.len())
        .filter(|depth| *depth > 0)?;
    let title = title.strip_prefix(' ')?;
    Some((
        depth,
        title.split_once(" {").map_or(title, |(title, _)| title),
    ))
}

/// Which part of a draft the headings are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Front,
    Middle,
    Back,
}

/// The headings counted so far, one count for each depth.
#[derive(Debug, Default)]
struct Counts {
    part: Part,
    counts: Vec<u32>,
}

impl Counts {
    fn of(part: Part) -> Self {
        Self {
            part,
            counts: Vec::new(),
        }
    }

    /// The number of a further heading at this depth; `None` in front of `--- middle`, where nothing is numbered.
    fn next(&mut self, depth: usize) -> Option<String> {
        self.counts.resize(depth, 0);
        if let Some(last) = self.counts.last_mut() {
            *last = last.saturating_add(1);
        }
        let (first, deeper) = self.counts.split_first()?;
        let first = match self.part {
            Part::Front => return None,
            Part::Middle => first.to_string(),
            Part::Back => ('A'..='Z')
                .nth(usize::try_from(*first).ok()?.checked_sub(1)?)?
                .to_string(),
        };
        Some(
            deeper
                .iter()
                .fold(first, |number, count| format!("{number}.{count}")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The section of the line `here` behind each mark.
    fn places(text: &'static str) -> Vec<String> {
        let here = lines(text).filter(|(_, line)| *line == "here");
        here.map(|(section, _)| section.to_string()).collect()
    }

    #[test]
    fn a_draft_has_its_headings_counted_and_its_appendices_lettered() {
        let text = "---\ntitle: x\n--- abstract\nhere\n--- middle\n# One\n# Two {#two}\nhere\n## In {#in}\n## Out\nhere\n\
            ~~~\n# no heading\n~~~\nhere\n# Three\n## Deep\nhere\n--- back\n# First\n# Second\n## Part\nhere\n";
        let expected = [" ", "2 Two", "2.2 Out", "2.2 Out", "3.1 Deep", "B.1 Part"];
        assert_eq!(places(text), expected);
    }

    #[test]
    fn another_document_brings_its_numbers_along() {
        let text =
            "# The contract, version 1\nhere\n## 2. The server\nhere\n### 2.1 Starting\nhere\n";
        assert_eq!(places(text), [" ", "2 The server", "2.1 Starting"]);
    }
}
