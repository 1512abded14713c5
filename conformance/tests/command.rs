//! The command as a user types it: exit codes, and what is said.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

use std::process::{Command, Output};

fn eop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A peer of the suite's own, as a command.
fn own(peer: &str) -> String {
    format!("'{}' peer {peer}", env!("CARGO_BIN_EXE_eop-conformance"))
}

#[test]
fn the_built_in_peer_conforms_in_both_roles() {
    let output = eop(&[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(
        said(&output).matches("CONFORMS").count(),
        2,
        "{}",
        said(&output)
    );
}

#[test]
fn a_mistyped_case_is_a_usage_error_with_a_hint() {
    let output = eop(&["--case", "frm.emty-message"]);
    assert_eq!(code(&output), 2);
    assert!(
        said(&output).contains("did you mean `frm.empty-message`?"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_requirement_that_does_not_exist_is_a_usage_error() {
    assert_eq!(code(&eop(&["list", "--req", "EOP-XXX-1"])), 2);
}

#[test]
fn options_that_leave_no_case_are_a_usage_error() {
    assert_eq!(code(&eop(&["--case", "frm.*", "--req", "EOP-POL-1"])), 2);
}

#[test]
fn nobody_listening_is_an_unreachable_testee() {
    // A port that only root may open, of a service that nobody runs.
    assert_eq!(code(&eop(&["server", "--addr", "127.0.0.1:1"])), 4);
}

#[test]
fn a_command_that_does_not_exist_is_a_testee_that_did_not_start() {
    for role in ["server", "client"] {
        assert_eq!(
            code(&eop(&[role, "--exec", "/nonexistent/peer"])),
            4,
            "{role}"
        );
    }
}

#[test]
fn garbage_where_the_contract_wants_a_line_is_quoted() {
    let output = eop(&["client", "--exec", "echo what is this; cat"]);
    assert_eq!(code(&output), 4);
    assert!(
        said(&output).contains("what is this") && said(&output).contains("EOP-DRV-1"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_mute_server_does_not_conform_and_the_first_failure_is_told_in_full() {
    let output = eop(&["server", "--exec", &own("mutant-server accept-and-silent")]);
    assert_eq!(code(&output), 1);
    for needed in [
        "EOP-FRM-1",
        "A frame MUST be a header",
        "expected",
        "observed",
        "timeline",
        "again",
    ] {
        assert!(
            said(&output).contains(needed),
            "no `{needed}` in {}",
            said(&output)
        );
    }
}

#[test]
fn a_deadline_that_passes_has_an_exit_code_of_its_own() {
    let output = eop(&[
        "server",
        "--exec",
        &own("mutant-server none"),
        "--deadline",
        "0.01",
    ]);
    assert_eq!(code(&output), 5, "{}", said(&output));
}

#[test]
fn a_server_without_the_test_service_is_judged_with_a_known_request() {
    // Nothing but `hello` is known of it.
    let output = eop(&[
        "server",
        "--exec",
        &own("mutant-server none"),
        "--request",
        "68656c6c6f",
    ]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(!said(&output).contains("not-run"), "{}", said(&output));
}

#[test]
fn explain_gives_the_sentence_and_how_it_goes() {
    let output = eop(&["explain", "red.late"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("EOP-RED-5 (must)  The payload of a REDIRECT MUST be delivered"),
        "{}",
        said(&output)
    );
}

#[test]
fn json_lines_tell_of_every_case_whether_it_is_negative() {
    let file = std::env::temp_dir().join(format!("eop-{}.jsonl", std::process::id()));
    let out = format!("jsonl={}", file.display());
    let output = eop(&[
        "client",
        "--exec",
        &own("mutant-client redirect-on-header"),
        "--case",
        "red.c*",
        "--out",
        &out,
    ]);
    let lines = std::fs::read_to_string(&file).expect("the report was written");
    std::fs::remove_file(&file).expect("and can go");
    assert_eq!(code(&output), 1);
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let cases: Vec<_> = rows.iter().filter(|row| row["row"] == "case").collect();
    assert!(
        cases.len() >= 3 && cases.iter().all(|row| row["negative"].is_boolean()),
        "{lines}"
    );
    let cut = cases
        .iter()
        .find(|row| row["case"] == "red.cut-payload")
        .expect("it was selected");
    assert_eq!(
        (&cut["verdict"], &cut["broken"], &cut["why"]["twin"]),
        (&"fail".into(), &"EOP-RED-6".into(), &"defect".into()),
        "{cut}"
    );
    assert_eq!(rows.last().map(|row| &row["conforms"]), Some(&false.into()));
}
