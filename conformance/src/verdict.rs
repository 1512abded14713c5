//! Verdicts as values: what a script may end with, and what a case is worth in the end.
//!
//! A verdict is never a panic and never a log line. Faults of the runner itself have a variant of their own, so that
//! they cannot be mistaken for the testee's.

use std::fmt;
use std::time::Duration;

/// On which of the two axes a testee broke a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Which octets or events came, and in which order.
    Messages,
    /// How and when a connection ended.
    End,
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Messages => "messages",
            Self::End => "end",
        })
    }
}

/// How the testee ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An orderly end of stream.
    Fin,
    /// A reset.
    Reset,
    /// Over TLS, an end of stream without close_notify (EOP-SEC-6).
    Cut,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fin => "fin",
            Self::Reset => "rst",
            Self::Cut => "cut",
        })
    }
}

/// A rule broken by the testee: what was expected, what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The axis on which it shows.
    pub axis: Axis,
    /// The requirement that is broken, if it is a narrower one than the case's first.
    pub requirement: Option<&'static str>,
    /// What every conforming testee would have done.
    pub expected: String,
    /// What this one did.
    pub observed: String,
    /// For how long the step waited, where "nothing, until time ran out" is what was observed. More patience might change it.
    pub waited: Option<Duration>,
}

impl Breach {
    /// Whether time ran out.
    #[must_use]
    pub const fn timed_out(&self) -> bool {
        self.waited.is_some()
    }
}

/// Why a script stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The testee broke a rule.
    Breach(Box<Breach>),
    /// The testee said that it lacks what the case needs.
    Lacking(String),
    /// The testee's process or endpoint is gone.
    Gone(String),
    /// The runner failed: no socket, no thread, a script that contradicts itself.
    Harness(String),
}

impl Stop {
    /// A breach on the axis of messages.
    pub fn messages(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::breach(Axis::Messages, expected, observed, None)
    }

    /// A breach on the axis of the connection's end.
    pub fn end(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::breach(Axis::End, expected, observed, None)
    }

    /// Nothing came in time.
    pub fn silence(axis: Axis, expected: impl Into<String>, waited: Duration) -> Self {
        Self::breach(
            axis,
            expected,
            format!("nothing for {} ms", waited.as_millis()),
            Some(waited),
        )
    }

    fn breach(
        axis: Axis,
        expected: impl Into<String>,
        observed: impl Into<String>,
        waited: Option<Duration>,
    ) -> Self {
        Self::Breach(Box::new(Breach {
            axis,
            requirement: None,
            expected: expected.into(),
            observed: observed.into(),
            waited,
        }))
    }

    /// The same stop, blamed on a narrower requirement.
    #[must_use]
    pub fn against(self, id: &'static str) -> Self {
        match self {
            Self::Breach(breach) => Self::Breach(Box::new(Breach {
                requirement: Some(id),
                ..*breach
            })),
            Self::Lacking(_) | Self::Gone(_) | Self::Harness(_) => self,
        }
    }
}

/// What one step of a script yields.
pub type Step<T = ()> = Result<T, Stop>;

/// What a case is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything was as required.
    Pass,
    /// Everything was as required, by an alternative that the specification allows and does not recommend.
    PassLenient,
    /// A SHOULD was not kept.
    Warn,
    /// A MUST was not kept.
    Fail,
    /// The valid twin was not accepted, so that nothing can be said about the defect.
    Inconclusive,
    /// The testee declares that it lacks what the case needs.
    Unsupported,
    /// The runner failed.
    Error,
    /// Selected, and not run.
    NotRun,
}

impl Verdict {
    /// All verdicts, best first.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::PassLenient,
        Self::Warn,
        Self::Fail,
        Self::Inconclusive,
        Self::Unsupported,
        Self::Error,
        Self::NotRun,
    ];

    /// The word used in every report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::PassLenient => "pass-lenient",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Unsupported => "unsupported",
            Self::Error => "error",
            Self::NotRun => "not-run",
        }
    }

    /// Whether everything was as required.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Pass | Self::PassLenient)
    }
}
