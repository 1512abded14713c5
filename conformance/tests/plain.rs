//! Client programs without a driver: honest ones pass, and each fault that shows on the wire is found.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use common::{code, eop, own, said};
use std::process::Output;

/// Judges a program that is made of a driver.
fn judge(driver: &str, more: &[&str]) -> Output {
    let driver = own(driver).replace('\'', "\"");
    let program = format!("{} --driver '{driver}' {{addr}}", own("program"));
    eop(&[&["client", "--plain", &program], more].concat())
}

#[test]
fn an_honest_program_conforms_with_every_cut_and_hears_what_was_not_judged() {
    let output = judge("client", &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("14 pass"), "{}", said(&output));
    assert!(
        said(&output).contains("Not judged") && said(&output).contains("EOP-RED-5,10,12"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_fault_that_shows_on_the_wire_is_found_by_the_case_that_is_about_it() {
    for (mutant, case) in [
        ("little-endian-length", "plain.request"),
        ("nonzero-port", "plain.fields-zero"),
        ("waits-for-fin", "plain.followed"),
        ("resend-altered", "plain.resent"),
        ("old-connection-kept", "plain.old-closed"),
        ("answered-resent", "plain.answered-not-resent"),
        ("leftovers-carried", "plain.behind-a-redirect"),
        ("truncated-redirect-followed", "plain.cut-off"),
        ("late-opcode", "plain.unknown-opcode"),
        ("loop-undetected", "plain.redirected-to-itself"),
    ] {
        let output = judge(
            &format!("mutant-client {mutant}"),
            &["--case", case, "--cut", "whole"],
        );
        assert_eq!(code(&output), 1, "{mutant}: {}", said(&output));
        assert!(
            said(&output).contains(&format!("FAIL {case}")),
            "{mutant}: {}",
            said(&output)
        );
    }
}

#[test]
fn a_new_connection_before_the_old_is_closed_is_a_warning() {
    // On a busy machine the old one is closed before the runner has looked: that is missed, never invented.
    let warned = (0..20).any(|_| {
        let output = judge(
            "mutant-client new-first-unasked",
            &["--case", "plain.old-first"],
        );
        assert_eq!(code(&output), 0, "{}", said(&output));
        said(&output).contains("WARN plain.old-first")
    });
    assert!(warned, "20 plays and no warning");
}

#[test]
fn a_program_that_follows_anything_fails_wherever_it_should_have_stopped() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/programs/follows_anything.py"
    );
    let output = eop(&[
        "client",
        "--plain",
        &format!("exec python3 '{script}' {{host}} {{port}}"),
    ]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    let failed: Vec<_> = said(&output)
        .lines()
        .filter_map(|line| {
            line.strip_prefix("FAIL ")
                .or_else(|| line.strip_prefix("fail         "))
        })
        .filter_map(|line| line.split([':', ' ']).next().map(str::to_owned))
        .collect();
    for case in [
        "plain.answered-not-resent",
        "plain.forbidden-target",
        "plain.forbidden-in-a-chain",
        "plain.redirected-to-itself",
        "plain.bounded",
    ] {
        assert!(
            failed.iter().any(|failed| failed == case),
            "{case} does not fail: {}",
            said(&output)
        );
    }
    // What it does right is not held against it.
    for case in [
        "plain.request",
        "plain.followed",
        "plain.resent",
        "plain.old-closed",
        "plain.cut-off",
    ] {
        assert!(
            failed.iter().all(|failed| failed != case),
            "{case} fails: {}",
            said(&output)
        );
    }
}

#[test]
fn a_program_that_asks_nothing_passes_nothing() {
    for program in ["true {addr}", "exec sleep 60 # {addr}"] {
        let output = eop(&["client", "--plain", program]);
        assert_eq!(code(&output), 1, "{program}: {}", said(&output));
        assert!(
            said(&output).contains(": 1 fail, 13 inconclusive ("),
            "{program}: {}",
            said(&output)
        );
    }
}

#[test]
fn a_command_without_a_place_for_the_address_is_a_usage_error() {
    let output = eop(&["client", "--plain", "./my-client"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("{addr}"), "{}", said(&output));
}

#[test]
fn a_case_for_drivers_is_refused() {
    let output = judge("client", &["--case", "red.late"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(
        said(&output).contains("it is for a client with the test service, or a driver"),
        "{}",
        said(&output)
    );
}
