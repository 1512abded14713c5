//! How a command ends: the exit codes of the help text, and what ends a command before anything is judged.

use std::process::ExitCode;

use eop_conformance::testee::NotStarted;

/// How the command ends; see the help text. The greater says more against the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    Conforms = 0,
    DoesNot = 1,
    Usage = 2,
    Harness = 3,
    NotStarted = 4,
    Deadline = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Conforms => 0,
            Exit::DoesNot => 1,
            Exit::Usage => 2,
            Exit::Harness => 3,
            Exit::NotStarted => 4,
            Exit::Deadline => 5,
        })
    }
}

/// What ends a command before there is anything to report.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) Exit, pub(super) String);

impl Refusal {
    /// A command line that asks for what cannot be done.
    pub(super) fn usage(why: impl Into<String>) -> Self {
        Self(Exit::Usage, why.into())
    }
}

impl From<NotStarted> for Refusal {
    fn from(why: NotStarted) -> Self {
        Self(Exit::NotStarted, why.to_string())
    }
}
