//! How a session behaves: who resends, where it falls back to, how far it may be moved.

use core::fmt;

use super::{MAX_MOVES, MAX_REDIRECTS};
use crate::service::Service;

/// Who decides that owed messages are resent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Resending {
    /// The application, at every hop (EOP-RSD-11).
    #[default]
    Explicit,
    /// The session, as far as these octets of outstanding payload reach (EOP-RSD-14, EOP-RSD-15). Paired only.
    Automatic {
        /// The replay budget.
        budget: u64,
    },
}

/// Whether the session may go home when a target failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// It ends.
    #[default]
    None,
    /// Once an episode, if the target was offered no octet of an unanswered message (EOP-FAI-4, EOP-FAI-5).
    Home,
}

/// How far a session may be moved (section 7 of the specification). Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Redirects in an episode, at most [`MAX_REDIRECTS`]; 0 follows none (EOP-EPI-1, EOP-EPI-8).
    pub redirects: u32,
    /// How long an idle connected session needs for its episode to end.
    pub quiet: u64,
    /// How long the connecting, the greetings and the redirects of an episode may take together (EOP-EPI-5).
    pub deadline: u64,
    /// How long connecting home and its greetings may take (EOP-EPI-9).
    pub home_deadline: u64,
    /// Moves within the window, at most [`MAX_MOVES`] (EOP-EPI-7).
    pub moves: u32,
    /// The window of `moves`.
    pub moves_window: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            redirects: 5,
            quiet: 10_000,
            deadline: 30_000,
            home_deadline: 30_000,
            moves: 30,
            moves_window: 60_000,
        }
    }
}

/// How a session behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// The terms of the service.
    pub service: Service,
    /// Who decides that owed messages are resent.
    pub resending: Resending,
    /// What follows when a target failed.
    pub fallback: Fallback,
    /// How far the session may be moved.
    pub bounds: Bounds,
    /// Whether all its connections are authenticated and encrypted (EOP-SEC-2). The policy sees it.
    pub secured: bool,
}

/// Why a session cannot be configured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigError {
    /// In manual nothing is resent automatically (EOP-ACC-14).
    AutomaticManual,
    /// More than [`MAX_REDIRECTS`] in an episode.
    Redirects(u32),
    /// No move, or more than [`MAX_MOVES`], within the window.
    Moves(u32),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AutomaticManual => f.write_str("automatic resending needs the paired discipline"),
            Self::Redirects(redirects) => {
                write!(
                    f,
                    "{redirects} redirects an episode, where {MAX_REDIRECTS} is the most (EOP-EPI-1)"
                )
            }
            Self::Moves(moves) => {
                write!(
                    f,
                    "{moves} moves in the window, where 1 to {MAX_MOVES} are possible (EOP-EPI-7)"
                )
            }
        }
    }
}

impl core::error::Error for ConfigError {}
