//! Cases for clients: the runner is home, every target, and the application.

mod accounting;
mod bounds;
mod closing;
mod driver;
mod frames;
mod policy;
mod redirects;
mod resending;
mod scenes;
mod tls;

use crate::case::Case;

/// The case that all others rest on.
pub(super) const GATE: Case = frames::GATE;

pub(super) fn all() -> Vec<Case> {
    [
        frames::CASES,
        redirects::CASES,
        accounting::CASES,
        resending::CASES,
        closing::CASES,
        bounds::CASES,
        policy::CASES,
        driver::CASES,
        tls::CASES,
    ]
    .concat()
}
