//! The suite measured: the trivial peers and some deliberate faults are found out.
//!
//! CI plays all of them, and the honest one, at the speed of a release: `mutants --check conformance/MUTANTS.md`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

use std::process::Command;

fn fates(pattern: &str) -> (String, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args(["mutants", pattern])
        .output()
        .expect("it runs");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        output.status.success(),
    )
}

#[test]
fn every_trivial_peer_is_killed_and_passes_no_negative_case() {
    for mutant in eop_mutants::MUTANTS.iter().filter(|mutant| mutant.trivial) {
        let (said, good) = fates(mutant.name);
        assert!(good, "{said}");
    }
}

/// The faults that an implementer is likeliest to build in, and the requirement each of them breaks.
const DELIBERATE: [&str; 8] = [
    "little-endian-length",
    "owed-dropped",
    "answered-resent",
    "redirect-on-header",
    "unknown-opcode-skipped",
    "acts-after-redirect",
    "close-after-late-redirect",
    "greeting-as-answer",
];

#[test]
fn every_deliberate_fault_is_killed_by_a_case_that_claims_its_requirement() {
    for name in DELIBERATE {
        let (said, good) = fates(name);
        assert!(good, "{said}");
    }
}
