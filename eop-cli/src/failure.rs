//! [`Failure`]: why a command failed, and what its exit code says of that.

use std::fmt;
use std::io;
use std::process::ExitCode;

use eop_net::Counts;
use eop_net::client::{self, Ended};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something that was named could not be had: a file, an address, a signal.
    Io(String, io::Error),
    /// What was given cannot be used, and why.
    Unusable(String, String),
    /// The session did not begin.
    NotBegun(client::Error),
    /// The session ended before everything was answered.
    Ended(Ended),
    /// It took longer than `--timeout` allows; what is left of the messages.
    Timeout(Counts),
    /// Somebody pressed Ctrl-C; what is left of the messages.
    Interrupted(Counts),
    /// Whoever read our standard output does so no more.
    BrokenPipe,
    /// This many clients were cut off because the time to stop was over.
    CutOff(usize),
}

impl Failure {
    /// A failure to write to standard output.
    pub(crate) fn of_output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::Io("standard output".to_owned(), error)
        }
    }

    /// What the shell learns: the README has the list.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Unusable(..) | Self::NotBegun(client::Error::Config(_)) => 2,
            Self::Ended(Ended { left, .. }) | Self::Timeout(left) if left.uncertain > 0 => 3,
            Self::Io(..)
            | Self::NotBegun(_)
            | Self::Ended(_)
            | Self::Timeout(_)
            | Self::CutOff(_) => 1,
            // What a shell says of a program that the signal ended.
            Self::Interrupted(_) => 130,
            Self::BrokenPipe => 141,
        })
    }

    /// Tells the user. Who closed the pipe knows.
    pub(crate) fn tell(&self) {
        match self {
            Self::BrokenPipe => {}
            Self::Io(..)
            | Self::Unusable(..)
            | Self::NotBegun(_)
            | Self::Ended(_)
            | Self::Timeout(_)
            | Self::Interrupted(_)
            | Self::CutOff(_) => tracing::error!("{self}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(what, error) => write!(f, "{what}: {error}"),
            Self::Unusable(what, why) => write!(f, "{what}: {why}"),
            Self::NotBegun(error) => error.fmt(f),
            Self::Ended(ended) => ended.fmt(f),
            Self::Timeout(left) => write!(f, "out of time; {}", Left(left)),
            Self::Interrupted(left) => write!(f, "interrupted; {}", Left(left)),
            Self::BrokenPipe => f.write_str("standard output is closed"),
            Self::CutOff(clients) => write!(f, "out of time: {clients} clients were cut off"),
        }
    }
}

/// What is left of the messages, in words.
struct Left<'a>(&'a Counts);

impl fmt::Display for Left<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            owed,
            unsent,
            uncertain,
        } = self.0;
        write!(
            f,
            "messages left: {owed} owed, {unsent} unsent, {uncertain} uncertain"
        )
    }
}
