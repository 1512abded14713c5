//! Cases for servers: the runner is every client.

mod frames;

use crate::case::Case;

/// The case that all others rest on.
pub(super) const GATE: Case = frames::GATE;

pub(super) fn all() -> Vec<Case> {
    [frames::CASES].concat()
}
