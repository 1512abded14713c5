//! The examples of the embedding guide run.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs an example, which `cargo test` builds next to this test.
fn example(name: &str) -> Output {
    let test = std::env::current_exe().expect("this test");
    let profile = test.ancestors().nth(2);
    let profile = profile.map_or_else(PathBuf::new, Into::into);
    let mut example = Command::new(profile.join("examples").join(name));
    example.output().expect("cargo test builds it")
}

#[test]
fn a_question_is_answered_where_the_client_is_moved_by_hand_and_by_tokio() {
    for name in ["embed_mio", "embed_tokio"] {
        let output = example(name);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "question\n",
            "{output:?}"
        );
    }
}

#[test]
fn a_question_is_answered_over_two_arrays() {
    let output = example("in_memory");
    assert!(output.status.success(), "{output:?}");
}
