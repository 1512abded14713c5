//! The experiments, a file each: what it does, what it finds, and the words that go with it.

pub mod beyond;
pub mod idle;
pub mod latency;
pub mod loss;
pub mod micro;
pub mod overhead;
pub mod rate;
pub mod suite;
pub mod transaction;
pub mod wan;

use crate::record::Budget;

/// A budget of something that is counted.
fn counted(what: &str, limit: f64, measured: f64, unit: &str) -> Budget {
    resolved(what, limit, measured, unit, 0.0)
}

/// A budget of something that is measured, beside how far two equal things were apart.
fn resolved(what: &str, limit: f64, measured: f64, unit: &str, spread: f64) -> Budget {
    let (what, unit) = (what.to_owned(), unit.to_owned());
    Budget {
        what,
        limit,
        measured,
        unit,
        spread,
    }
}
