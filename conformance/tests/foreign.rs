//! Peers in other languages, written from the specification alone, pass completely.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Whether a tool is there; continuous integration insists.
fn there(tool: &str) -> bool {
    let there = Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        there || std::env::var_os("CI").is_none(),
        "{tool} is needed here"
    );
    if !there {
        eprintln!("skipped: no {tool} on this machine");
    }
    there
}

fn passes(role: &str, command: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args([role, "--exec", command])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        !said.contains("not-run") && !said.contains("unsupported"),
        "{said}"
    );
}

#[test]
fn the_python_peer_passes_in_both_roles() {
    if there("python3") {
        let python = peers().join("python");
        passes(
            "server",
            &format!("python3 '{}'", python.join("server.py").display()),
        );
        passes(
            "client",
            &format!("python3 '{}'", python.join("client.py").display()),
        );
    }
}

#[test]
fn the_c_peer_passes_in_both_roles() {
    if there("cc") && there("make") {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c-peer");
        let made = Command::new("make")
            .arg("-C")
            .arg(peers().join("c"))
            .arg(format!("OUT={}", out.display()))
            .output();
        assert!(
            made.is_ok_and(|output| output.status.success()),
            "the C peer builds"
        );
        passes("server", &format!("'{}'", out.join("server").display()));
        passes("client", &format!("'{}'", out.join("client").display()));
    }
}
