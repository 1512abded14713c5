//! What counts: numbers that only grow, for every thread at once, and how they are written down. What is counted is
//! `client/counters.rs`'s and `server/counters.rs`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A number.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn note(&self) {
        self.add(1_u32);
    }

    pub(crate) fn add(&self, count: impl Into<u64>) {
        self.0.fetch_add(count.into(), Ordering::Relaxed);
    }

    /// For what there can be less of, too. Who sees that there is less sees what was counted before.
    pub(crate) fn take_one(&self) {
        self.0.fetch_sub(1, Ordering::Release);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Numbers by kind, of which there are a few.
#[derive(Debug, Default)]
pub(crate) struct ByKind(Mutex<BTreeMap<&'static str, u64>>);

impl ByKind {
    pub(crate) fn note(&self, kind: &'static str) {
        let mut counts = self.lock();
        let count = counts.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a number as Prometheus reads it.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, name: &str, count: u64) -> fmt::Result {
    writeln!(f, "eop_{name} {count}")
}

/// Writes numbers by kind in the same way.
pub(crate) fn write_kinds<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    counts: impl IntoIterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    for (kind, count) in counts {
        writeln!(f, "eop_{name}{{kind=\"{kind}\"}} {count}")?;
    }
    Ok(())
}
