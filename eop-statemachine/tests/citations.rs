//! Requirement ids that this crate cites stand in the specification.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and says what matters to it"
)]

use std::path::{Path, PathBuf};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Every `EOP-ABC-12` of a text.
fn citations(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("EOP-").filter_map(|(start, _)| {
        let rest = text.get(start..)?;
        let letters = rest
            .get(4..7)
            .filter(|area| area.bytes().all(|b| b.is_ascii_uppercase()))?;
        let digits = rest
            .get(8..)?
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let cited = rest.get(..8 + digits)?;
        (cited.starts_with(&format!("EOP-{letters}-")) && digits > 0).then_some(cited)
    })
}

#[test]
fn every_requirement_that_is_cited_stands_in_the_specification() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specification = std::fs::read_to_string(root.join("../spec/eop.md")).unwrap();
    let mut cited = 0;
    for file in files_below(&root.join("src"))
        .into_iter()
        .chain(files_below(&root.join("tests")))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        for citation in citations(&text).filter(|citation| !citation.starts_with("EOP-ABC")) {
            cited += 1;
            let stated = specification.contains(&format!("**{citation}**"));
            assert!(stated, "{}: {citation} is no requirement", file.display());
        }
    }
    assert!(cited > 100, "only {cited} citations were found");
}
