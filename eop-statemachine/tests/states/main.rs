//! The documents in `spec/states/`, made from the machines' tables: a page and a diagram each, and the list of all that
//! the Internet-Draft includes. `EOP_BLESS=1` writes them anew; `spec/render-states` does that, and renders the
//! diagrams. What the machines do is tested in `tests/tables/` and may never come in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and says what matters to it"
)]

mod diagram;
mod draft;
mod machine;
mod machines;
mod page;
mod sentences;

use std::path::PathBuf;

use eop_statemachine::table::Vocabulary;
use machine::Machine;
use machines::{client, server, session};

fn specification(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../spec")
        .join(file)
}

fn assert_printed(file: &str, text: &str) {
    let path = specification("states").join(file);
    if std::env::var_os("EOP_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "spec/states/{file} has drifted; spec/render-states writes it anew"
    );
}

fn assert_documented<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) {
    let requirements = std::fs::read_to_string(specification("eop.md")).unwrap();
    let complaints = sentences::complaints(machine, &requirements);
    assert!(
        complaints.is_empty(),
        "{}:\n{}",
        machine.title,
        complaints.join("\n")
    );
    let file = machine.file;
    assert_printed(&format!("{file}.md"), &page::print(machine));
    assert_printed(&format!("{file}.dot"), &diagram::print(machine));
}

#[test]
fn the_client_connection_is_documented() {
    assert_documented(&client::machine());
}

#[test]
fn the_client_session_is_documented() {
    assert_documented(&session::machine());
}

#[test]
fn the_server_connection_is_documented() {
    assert_documented(&server::machine());
}

#[test]
fn the_machines_are_listed_for_the_draft() {
    let lists = [
        draft::print(&client::machine()),
        draft::print(&session::machine()),
        draft::print(&server::machine()),
    ];
    let text = format!("{}{}", draft::LEGEND, lists.concat());
    assert_printed("draft.md", &text);
}
