//! Descriptors of this process, which are the same before a story and after it.

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::stage::PATIENCE;

/// If nothing changes for so long, nothing is under way.
const SETTLED: Duration = Duration::from_millis(20);

/// A story that counts: the others of this process wait for it.
pub(crate) struct Counted {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

/// Waits until no other story counts, and counts.
pub(crate) fn counted() -> Counted {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // What the process needs once and keeps, such as the linger list of it.
    super::cuts::play_once();
    let mut before = now();
    // Threads of earlier stories may still close theirs.
    loop {
        thread::sleep(SETTLED);
        match now() {
            settled if settled == before => break,
            other => before = other,
        }
    }
    Counted {
        before,
        _alone: alone,
    }
}

impl Counted {
    /// Clients that were moved are seen off by and by.
    pub(crate) fn none_is_left(self) {
        let until = Instant::now() + PATIENCE;
        while now() > self.before && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(now(), self.before, "descriptors are left");
    }
}

fn now() -> usize {
    fs::read_dir("/proc/self/fd").expect("it is Linux").count()
}
