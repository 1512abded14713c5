//! Who cites a requirement cites one that exists: in every text of the repository.

use eop_conformance::requirement;

use crate::repository;

/// Every identifier in a text, right or wrong: `EOP-` and capitals, digits and hyphens behind it.
pub(crate) fn citations(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("EOP-").filter_map(|(start, prefix)| {
        let rest = text.get(start..)?;
        let behind = rest.get(prefix.len()..)?;
        let length = behind
            .bytes()
            .take_while(|octet| {
                octet.is_ascii_uppercase() || octet.is_ascii_digit() || *octet == b'-'
            })
            .count();
        let cited = rest.get(..prefix.len() + length)?.trim_end_matches('-');
        behind
            .starts_with(|first: char| first.is_ascii_uppercase())
            .then_some(cited)
    })
}

#[test]
fn every_requirement_that_is_cited_stands_in_the_specification() {
    let known: Vec<_> = requirement::all();
    let (mut cited, mut wrong) = (0, Vec::new());
    for (path, text) in repository::texts() {
        for citation in citations(&text) {
            cited += 1;
            // `EOP-XXX-N` is how documents speak of any identifier.
            let stands = known.iter().any(|requirement| requirement.id == citation);
            if !stands && !citation.starts_with("EOP-XXX") {
                wrong.push(format!("{path}: {citation} is no requirement"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cited > 1000, "only {cited} citations were found");
}

#[test]
fn a_misspelt_identifier_is_read_as_far_as_it_goes() {
    let id = ["EOP", "FRM", "1"].join("-");
    let text = format!("(see {id}, {id}2; {id}X. {id}-)");
    let expected = [id.clone(), format!("{id}2"), format!("{id}X"), id.clone()];
    assert_eq!(citations(&text).collect::<Vec<_>>(), expected);
}
