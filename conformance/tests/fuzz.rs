//! The fuzzing measured: it finds faulty peers out, with a few steps that play again, and does not blame the honest one.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use common::{Scratch, code, eop, own, said};

/// What every hunt here draws from, and the most sessions that it plays.
const SEED: &str = "1";
const SESSIONS: &str = "600";
/// The most steps that a failure is left with.
const STEPS: usize = 5;

/// Plays random sessions to a peer of the suite's own; how that ended, what was said, and the file that was written.
fn fuzzed(role: &str, peer: &str) -> (i32, String, Scratch) {
    let file = Scratch::new("json");
    let exec = own(peer);
    let output = eop(&[
        "fuzz",
        role,
        "--exec",
        &exec,
        "--seed",
        SEED,
        "--sessions",
        SESSIONS,
        "--save",
        file.path(),
    ]);
    (code(&output), said(&output), file)
}

fn replayed(role: &str, peer: &str, file: &Scratch) -> (i32, String) {
    let output = eop(&["fuzz", role, "--exec", &own(peer), "--replay", file.path()]);
    (code(&output), said(&output))
}

/// A faulty peer is found, in few steps, which fail again with it and do not with the honest peer. Its fault does not depend
/// on who is faster: this test runs on busy machines.
fn is_found(role: &str, mutant: &str) {
    let (found, said, file) = fuzzed(role, &format!("mutant-{role} {mutant}"));
    assert_eq!(found, 1, "{mutant}: {said}");
    let kept: serde_json::Value = serde_json::from_str(&file.text()).expect("it is JSON");
    let steps = kept["plan"]["steps"]
        .as_array()
        .expect("it has steps")
        .len();
    assert!(steps <= STEPS, "{mutant}: {steps} steps: {said}");
    let (again, said) = replayed(role, &format!("mutant-{role} {mutant}"), &file);
    assert_eq!(again, 1, "{mutant} again: {said}");
    let (honest, said) = replayed(role, &format!("mutant-{role} none"), &file);
    assert_eq!(honest, 0, "{mutant}'s file with the honest peer: {said}");
}

fn is_not_blamed(role: &str, peer: &str) {
    let (found, said, _) = fuzzed(role, peer);
    assert_eq!(found, 0, "{said}");
}

#[test]
fn honest_servers_are_not_blamed() {
    is_not_blamed("server", "server");
    is_not_blamed("server", "mutant-server none");
}

#[test]
fn honest_clients_are_not_blamed() {
    is_not_blamed("client", "client");
    is_not_blamed("client", "mutant-client none");
}

#[test]
fn faulty_servers_are_found_in_few_steps_that_play_again() {
    for mutant in [
        "truncated-delivered",
        "client-redirect-taken",
        "answers-twice",
        "acts-after-redirect",
        "here-after-answer",
        "late-response-apart",
        "drain-answers",
        "lenient-grammar",
        "marks-by-connection",
        "list-wraps",
        "unknown-closes",
        "list-first-place",
    ] {
        is_found("server", mutant);
    }
}

#[test]
fn faulty_clients_are_found_in_few_steps_that_play_again() {
    for mutant in [
        "owed-dropped",
        "answered-resent",
        "redirect-on-header",
        "greeting-as-answer",
        "stale-decision-taken",
        "send-before-decision",
        "never-resend-ignored",
        "fallback-with-offered",
        "loop-undetected",
        "redirects-one-more",
        "leftovers-carried",
        "half-closed-move",
        "truncated-redirect-followed",
    ] {
        is_found("client", mutant);
    }
}

#[test]
fn a_file_that_cannot_be_played_is_refused_with_the_reason() {
    let file = Scratch::new("json");
    file.write("{\"eop-fuzz\": 1, \"role\": \"client\", \"seed\": 1, \"session\": 0}");
    let (refused, said) = replayed("server", "server", &file);
    assert_eq!(refused, 2);
    assert!(said.contains("it is for a client, not a server"), "{said}");
}

#[test]
fn a_server_that_is_not_there_is_told_apart_from_one_that_fails() {
    let output = eop(&["fuzz", "server", "--exec", "exit 1"]);
    assert_eq!(code(&output), 4, "{}", said(&output));
}
