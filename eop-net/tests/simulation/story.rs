//! [`Story`]: what happened in a world, line by line: the same for the same seed, and what a replay shows.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

/// What the clients were told, and when.
#[derive(Clone)]
pub(crate) struct Story {
    began: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Story {
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
            lines: Arc::default(),
        }
    }

    /// A client was told something.
    pub(crate) fn tell(&self, client: usize, event: &impl Debug) {
        let at = self.began.elapsed().as_millis();
        let mut lines = self.lines.lock().expect("no panic");
        lines.push(format!("{at:>7} ms  client {client}: {event:?}"));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no panic").clone()
    }
}
