//! The requirement ledger: for each numbered sentence of the specification what judges it, and the guards that keep it true.
//!
//! `EOP_BLESS=1 cargo test -p eop-conformance --test ledger` writes `spec/ledger.json` and `spec/ledger.md` anew. No sentence
//! and no case is typed here: rows come from the texts, from a run of both roles and from the listed tests.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod citations;
mod dispositions;
mod page;
mod repository;
mod rows;
mod run;
mod tested;
mod text;

use std::collections::BTreeSet;

use dispositions::{DISPOSITIONS, bound_roles};
use eop_conformance::requirement;
use rows::{LEDGER, Ledger};

#[test]
fn every_case_is_executed_and_passes() {
    let executed = run::EXECUTED.iter().map(|case| (case.role(), case.id));
    let executed: BTreeSet<_> = executed.collect();
    let missing: Vec<_> = eop_conformance::cases::all()
        .iter()
        .filter(|case| !executed.contains(&(case.role(), case.id)))
        .map(|case| format!("{} {}", case.role(), case.id))
        .collect();
    assert!(
        missing.is_empty(),
        "not executed with verdict pass: {missing:?}"
    );
}

#[test]
fn every_requirement_has_an_executed_case_for_each_role_or_says_why_not() {
    let mut holes = Vec::new();
    for row in &LEDGER.requirements {
        for (role, judged) in &row.judged {
            if judged.is_none() {
                holes.push(format!(
                    "{} ({role}) has neither a case nor an entry in {}",
                    row.id,
                    dispositions::FILE
                ));
            }
        }
    }
    assert!(holes.is_empty(), "{}", holes.join("\n"));
}

#[test]
fn what_is_called_untestable_exists_and_has_no_case() {
    for entry in &DISPOSITIONS.untestable {
        let requirement = requirement::find(&entry.id);
        let requirement = requirement.unwrap_or_else(|| panic!("{} is no requirement", entry.id));
        assert!(
            bound_roles(requirement.bound).contains(&entry.role),
            "{} does not bind a {}",
            entry.id,
            entry.role
        );
        assert!(
            run::executed(entry.role, &entry.id).next().is_none(),
            "{} ({}) is called untestable and has a case",
            entry.id,
            entry.role
        );
        assert!(
            DISPOSITIONS.reasons.contains_key(&entry.reason),
            "{}: {} is no reason",
            entry.id,
            entry.reason
        );
        assert!(!entry.why.is_empty(), "{} does not say why", entry.id);
    }
    for reason in DISPOSITIONS.reasons.keys() {
        let mut entries = DISPOSITIONS.untestable.iter();
        let given = entries.any(|entry| entry.reason == *reason);
        assert!(given, "nobody gives the reason {reason}");
    }
}

#[test]
fn what_only_the_inside_shows_is_shown_by_a_test() {
    for entry in &DISPOSITIONS.untestable {
        if DISPOSITIONS.reasons[&entry.reason].needs_test {
            let row = LEDGER.row(&entry.id);
            assert!(
                !row.tests.is_empty(),
                "no test of cargo's cites {}",
                entry.id
            );
        }
    }
}

#[test]
fn the_ledger_is_what_the_text_and_the_run_say() {
    assert_no_number_is_given_up();
    repository::assert_written("spec/ledger.json", &LEDGER.json());
    repository::assert_written("spec/ledger.md", &page::page(&LEDGER));
}

/// The ledger remembers every number that was given: before it is written anew, each still stands in the text or is retired.
fn assert_no_number_is_given_up() {
    let before = repository::committed("spec/ledger.json").expect("the ledger");
    let before: Ledger = serde_json::from_str(&before).expect("a ledger");
    for row in before.requirements {
        assert!(
            DISPOSITIONS.retired.contains_key(&row.id) || requirement::find(&row.id).is_some(),
            "{} has gone from the text and is not retired in {}",
            row.id,
            dispositions::FILE
        );
    }
}

#[test]
fn no_retired_number_is_used_again() {
    for id in DISPOSITIONS.retired.keys() {
        assert!(
            requirement::find(id).is_none(),
            "{id} is retired and stands in the text"
        );
    }
}

#[test]
fn the_ledger_keeps_to_its_schema() {
    let schema = repository::read("spec/ledger.schema.json");
    let schema = serde_json::from_str(&schema).expect("JSON");
    let ledger = serde_json::from_str(&LEDGER.json()).expect("JSON");
    if let Err(error) = jsonschema::validate(&schema, &ledger) {
        panic!("{error} at {}", error.instance_path());
    }
}
