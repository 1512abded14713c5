//! The command as a user types it: exit codes, and what is said.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use std::io::BufRead as _;

use common::{Scratch, code, eop, own, said};

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
    assert!(
        said(&output).contains("Not judged") && said(&output).contains("EOP-RED-3,4"),
        "{}",
        said(&output)
    );
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
fn explain_gives_a_requirement_its_cases_and_its_mutants() {
    let output = eop(&["explain", "EOP-RED-6"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    for needed in [
        "EOP-RED-6 (must, client)  A client MUST NOT act on a REDIRECT frame",
        "red.cut-payload",
        "redirect-on-header",
    ] {
        assert!(
            said(&output).contains(needed),
            "no `{needed}` in {}",
            said(&output)
        );
    }
}

/// A usage error that says this.
fn refused(arguments: &[&str], what: &str) {
    let output = eop(arguments);
    assert_eq!(code(&output), 2, "{arguments:?}: {}", said(&output));
    assert!(
        said(&output).contains(what),
        "{arguments:?}: no `{what}` in {}",
        said(&output)
    );
}

#[test]
fn a_slip_in_any_name_is_a_usage_error_with_what_was_meant() {
    refused(&["--req", "eop-red-55"], "did you mean `EOP-RED-5`?");
    refused(&["explain", "eop-red-5"], "did you mean `EOP-RED-5`?");
    refused(&["explain", "red.lat"], "did you mean `red.late`?");
    refused(
        &["mutants", "redirect-on-heder"],
        "did you mean `redirect-on-header`?",
    );
    refused(&["--sed", "4"], "'--seed'");
    refused(&["servr"], "'server'");
    refused(
        &["explain", "xyzzy"],
        "no case and no requirement is `xyzzy`\n",
    );
}

#[test]
fn an_option_that_a_command_would_ignore_is_refused() {
    refused(&["list", "--seed", "4"], "--seed means nothing to `list`");
    refused(
        &["explain", "red.late", "--case", "*"],
        "--case means nothing to `explain`",
    );
    refused(
        &["mutants", "--baseline", "x"],
        "--baseline means nothing to `mutants`",
    );
    refused(&["--update-baseline"], "--baseline");
    refused(
        &[
            "--baseline",
            "x",
            "--update-baseline",
            "--repeat-until-fail=2",
        ],
        "--update-baseline writes what one run",
    );
    refused(&["--hold"], "--hold waits for Enter");
    let one = Scratch::new("out");
    let (junit, lines) = (
        format!("junit={}", one.path()),
        format!("jsonl={}", one.path()),
    );
    refused(
        &["--out", &junit, "--out", &lines],
        &format!("two reports cannot both be {}", one.path()),
    );
    refused(&["--out", "junti=report"], "human|jsonl=FILE|junit=FILE");
    refused(&["--shard", "5/4"], "there is no part 5 of 4");
}

#[test]
fn a_case_or_requirement_that_this_testee_cannot_be_judged_by_is_refused() {
    let server = ["server", "--exec", &own("mutant-server none")];
    refused(
        &[
            &server[..],
            &["--case", "red.late", "--request", "68656c6c6f"],
        ]
        .concat(),
        "it is for a server with the test service",
    );
    refused(
        &[&server[..], &["--case", "red.cut-payload"]].concat(),
        "it is for a client",
    );
    refused(
        &[
            &server[..],
            &["--req", "EOP-RED-3", "--request", "68656c6c6f"],
        ]
        .concat(),
        "no case that can be played here speaks for EOP-RED-3",
    );
}

#[test]
fn the_parts_of_a_selection_are_all_of_it_and_do_not_meet() {
    let listed = |shard: &[&str]| -> Vec<String> {
        let output = eop(&[&["list", "--case", "red.*"], shard].concat());
        let text = said(&output);
        let lines = text.lines().filter(|line| line.contains(" red."));
        lines.map(str::to_owned).collect()
    };
    let mut parts = [
        listed(&["--shard", "1/3"]),
        listed(&["--shard", "2/3"]),
        listed(&["--shard", "3/3"]),
    ]
    .concat();
    let mut whole = listed(&[]);
    parts.sort();
    whole.sort();
    assert!(whole.len() > 3);
    assert_eq!(parts, whole);
}

#[test]
fn rounds_go_on_until_one_fails_and_the_seed_of_that_one_is_told() {
    let broken = [
        "client",
        "--exec",
        &own("mutant-client redirect-on-header"),
        "--case",
        "red.c*",
    ];
    let output = eop(&[&broken[..], &["--repeat-until-fail=3", "--seed", "40"]].concat());
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(
        said(&output).contains("seed 40)")
            && said(&output).contains("round 1: not as it should be"),
        "{}",
        said(&output)
    );
    let honest = [
        "client",
        "--exec",
        &own("mutant-client none"),
        "--case",
        "red.c*",
    ];
    let output = eop(&[&honest[..], &["--repeat-until-fail=3", "--seed", "40"]].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("seed 42)") && said(&output).contains("round 3: as it should be"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_failure_that_is_held_stays_connected() {
    let exec = own("mutant-client redirect-on-header");
    let held = std::process::Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args([
            "client",
            "--exec",
            &exec,
            "--case",
            "red.cut-payload",
            "--hold=30",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut held = held.expect("the command runs");
    let mut lines = std::io::BufReader::new(held.stdout.take().expect("a pipe")).lines();
    let mut line = |with: &str| {
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(with)));
        line.expect("it comes").expect("text")
    };
    line("HELD red.cut-payload, process group ");
    let accepted = line("runner accepts: ");
    line("stay as they are for 30 s");
    // The runner's socket of that connection stands in the kernel's table: a half-closed connection, not a closed one.
    let port = accepted.rsplit(':').next().expect("a port").trim();
    let peer = format!("{:04X}", port.parse::<u16>().expect("a number"));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    held.kill().expect("it runs");
    held.wait().expect("it ends");
    assert!(
        table
            .lines()
            .any(|line| line.contains(&format!(":{peer} 0"))),
        "no socket of {port} in {table}"
    );
}

#[test]
fn no_progress_is_drawn_where_nobody_looks() {
    let output = eop(&["--case", "red.late"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn json_lines_tell_of_every_case_whether_it_is_negative() {
    let file = Scratch::new("jsonl");
    let output = eop(&[
        "client",
        "--exec",
        &own("mutant-client redirect-on-header"),
        "--case",
        "red.c*",
        "--out",
        &format!("jsonl={}", file.path()),
    ]);
    let lines = file.text();
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
