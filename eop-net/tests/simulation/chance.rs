//! [`Chance`]: everything that is left to chance in a world, from one seed.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A source of chance that everybody in a world shares: its order is part of the world.
#[derive(Clone)]
pub(crate) struct Chance(Arc<Mutex<fastrand::Rng>>);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// One of these numbers.
    pub(crate) fn of_range(&self, range: RangeInclusive<u64>) -> u64 {
        self.0.lock().expect("no panic").u64(range)
    }

    /// An index into so many.
    pub(crate) fn index(&self, count: usize) -> usize {
        self.0.lock().expect("no panic").usize(..count)
    }

    /// Whether that happens which happens so many times in a hundred.
    pub(crate) fn percent(&self, times: u64) -> bool {
        self.of_range(1..=100) <= times
    }

    /// As many milliseconds as one of these numbers.
    pub(crate) fn millis(&self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.of_range(range))
    }
}
