//! Testees that mean harm neither hang, crash nor exhaust the runner, and leave nothing behind.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use std::process::Command;

use common::{Scratch, code, own, said};

/// What the runner may hold, in KiB of address space, the stacks of its threads included.
const ROOM: u32 = 600_000;

/// A part of the suite against a testee that is honest once and then does harm; the run has to end as any other, within the room.
fn survives(role: &str, mode: &str) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/hostile.py");
    let honest = Scratch::new("sh");
    honest.write(&own(role));
    let testee = format!("exec python3 {program} {mode} 'sh {}'", honest.path());
    let output = Command::new("/bin/sh")
        .args([
            "-c",
            &format!("export MALLOC_ARENA_MAX=1; ulimit -v {ROOM}; exec \"$0\" \"$@\""),
        ])
        .arg(env!("CARGO_BIN_EXE_eop-conformance"))
        .args([role, "--exec", &testee, "--shard", "1/8"])
        .output()
        .expect("the shell runs");
    assert_eq!(code(&output), 1, "{mode}: {}", said(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = told.trim_end().ends_with("DOES NOT CONFORM");
    assert!(last, "{mode}: {}", said(&output));
    let left = Command::new("pgrep").args(["-f", honest.path()]).output();
    let left = left.expect("pgrep runs").stdout;
    assert_eq!(String::from_utf8_lossy(&left), "", "{mode} left processes");
}

#[test]
fn a_flood_of_octets() {
    survives("server", "floods_octets");
}

#[test]
fn a_flood_of_frames() {
    survives("server", "floods_frames");
}

#[test]
fn a_frame_without_end() {
    survives("server", "announces_much");
}

#[test]
fn an_octet_now_and_then() {
    survives("server", "drips");
}

#[test]
fn a_server_that_prints_for_ever() {
    survives("server", "prints_endlessly");
}

#[test]
fn a_flood_of_events() {
    survives("client", "floods_events");
}

#[test]
fn a_flood_of_long_events() {
    survives("client", "floods_long_events");
}

#[test]
fn a_line_without_end() {
    survives("client", "floods_one_line");
}

#[test]
fn a_process_left_behind() {
    survives("client", "leaves_a_child");
}
