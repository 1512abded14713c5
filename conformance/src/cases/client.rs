//! Cases for clients: the runner is home, every target, and the application.

mod redirects;

use crate::case::Case;

/// The case that all others rest on.
pub(super) const GATE: Case = redirects::GATE;

pub(super) fn all() -> Vec<Case> {
    [redirects::CASES].concat()
}
