//! The command and its own peers, for the tests that type it.

#![allow(dead_code, reason = "not every test needs everything")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs the command.
pub(crate) fn eop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// How it ended.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

/// What it said, on both of its outputs.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A peer of the suite's own, as a command.
pub(crate) fn own(peer: &str) -> String {
    format!("'{}' peer {peer}", env!("CARGO_BIN_EXE_eop-conformance"))
}

/// A file of the test's own, which goes with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A name that no other test has.
    pub(crate) fn new(ending: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("eop-{}-{number}.{ending}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// Its path, as an argument.
    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("text")
    }

    /// Writes it.
    pub(crate) fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("it is written");
    }

    /// What it holds.
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.0).expect("it was written")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
