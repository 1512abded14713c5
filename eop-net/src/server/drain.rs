//! [`Drain`]: a server that is to stop. It moves its idle clients, answers what it has begun and moves those clients with
//! the answer, and moves new arrivals before it reads from them. `connection.rs` does that; here is what it knows.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::targets::Targets;
use crate::bell::Bell;

/// Moves all clients of a server elsewhere, so that it can stop.
///
/// Give it to the [`Listener`](super::Listener)s with [`drained_by`](super::Listener::drained_by). Their connections then
/// do everything by themselves once it [has begun](Self::begin): a call of [`receive`](super::Connection::receive) that
/// finds no request moves the client and returns `None`, and the [`respond`](super::Connection::respond) that answers the
/// last request carries the move. A loop of the two needs to know nothing of it. The loop that accepts goes on: who arrives
/// now is moved, too.
///
/// In manual a server does not know which of its messages answer, so a connection that brought one is not moved by itself:
/// its application asks [`has_begun`](Self::has_begun).
#[derive(Clone, Debug)]
pub struct Drain(Arc<Draining>);

#[derive(Debug)]
struct Draining {
    targets: OnceLock<Box<dyn Targets>>,
    bell: Bell,
    serving: Mutex<usize>,
    fewer: Condvar,
}

/// A connection that counts as served as long as this exists.
#[derive(Debug)]
pub(super) struct Serving(Arc<Draining>);

impl Drain {
    /// One that has not begun.
    ///
    /// # Errors
    /// What the system says: it costs two descriptors.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Draining {
            targets: OnceLock::new(),
            bell: Bell::new()?,
            serving: Mutex::new(0),
            fewer: Condvar::new(),
        })))
    }

    /// Begins to move everybody to `targets`. A client for which these have none stays. Only the first call counts.
    pub fn begin(&self, targets: impl Targets + 'static) {
        if self.0.targets.set(Box::new(targets)).is_ok() {
            self.0.bell.ring();
        }
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.targets.get().is_some()
    }

    /// Waits until no client is left, those included that were moved and have not gone yet; at most for `timeout`. How many
    /// are left.
    #[must_use = "clients that are left lose their connection when the process ends"]
    pub fn wait(&self, timeout: Duration) -> usize {
        let serving = self.0.lock();
        let (serving, _) = self
            .0
            .fewer
            .wait_timeout_while(serving, timeout, |serving| *serving > 0)
            .unwrap_or_else(PoisonError::into_inner);
        *serving
    }

    pub(super) fn serve(&self) -> Serving {
        let mut serving = self.0.lock();
        *serving = serving.saturating_add(1);
        Serving(Arc::clone(&self.0))
    }
}

impl Draining {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serving {
    /// Where a client goes, if the drain has begun.
    pub(super) fn target(&self, client: SocketAddr) -> Option<SocketAddrV4> {
        self.0.targets.get()?.choose(client)
    }

    /// Readable once the drain has begun.
    pub(super) fn bell(&self) -> &Bell {
        &self.0.bell
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.targets.get().is_some()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut serving = self.0.lock();
        *serving = serving.saturating_sub(1);
        if *serving == 0 {
            self.0.fewer.notify_all();
        }
    }
}
