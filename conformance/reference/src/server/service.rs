//! What the whole process shares, over all connections and ports: counts, signals, the options in force.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eop_net::server::Config;
use eop_net::tls::ServerTls;

/// How long an `await` waits at most.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: Config,
    /// How every port is secured; `None` in cleartext.
    pub(super) tls: Option<ServerTls>,
    counts: Mutex<HashMap<String, u32>>,
    signals: Mutex<HashSet<String>>,
    signalled: Condvar,
}

impl Service {
    pub(super) fn new(config: Config, tls: Option<ServerTls>) -> Self {
        Self {
            config,
            tls,
            counts: Mutex::default(),
            signals: Mutex::default(),
            signalled: Condvar::new(),
        }
    }

    /// Adds one to the count of the token. Returns the new one.
    pub(super) fn mark(&self, token: &str) -> u32 {
        let mut counts = lock(&self.counts);
        let count = counts.entry(token.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count
    }

    pub(super) fn marked(&self, token: &str) -> u32 {
        lock(&self.counts).get(token).copied().unwrap_or(0)
    }

    pub(super) fn signal(&self, token: &str) {
        lock(&self.signals).insert(token.to_owned());
        self.signalled.notify_all();
    }

    /// Waits for the token; `false` if nobody signalled it in time.
    pub(super) fn wait_for(&self, token: &str) -> bool {
        let signals = lock(&self.signals);
        let missing = |signals: &mut HashSet<String>| !signals.contains(token);
        let (signals, _) = self
            .signalled
            .wait_timeout_while(signals, PATIENCE, missing)
            .unwrap_or_else(PoisonError::into_inner);
        signals.contains(token)
    }
}

/// Nothing that can panic happens under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
