//! [`Drain`]: a server that is to stop. It moves its idle clients, answers what it has begun and moves those clients with
//! the answer, and moves new arrivals before it reads from them. `connection.rs` does that; here is what it knows.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};
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
    served: Mutex<Served>,
    nobody: Condvar,
}

/// The clients that are left.
#[derive(Debug, Default)]
struct Served {
    /// By their numbers. A waker is called when the drain begins.
    clients: BTreeMap<u64, Option<Waker>>,
    next: u64,
    /// Called when nobody is left.
    waiting: Vec<Waker>,
}

/// A connection that counts as served as long as this exists.
#[derive(Debug)]
pub(crate) struct Serving {
    draining: Arc<Draining>,
    number: u64,
}

impl Drain {
    /// One that has not begun.
    ///
    /// # Errors
    /// What the system says: it costs two descriptors.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Draining {
            targets: OnceLock::new(),
            bell: Bell::new()?,
            served: Mutex::default(),
            nobody: Condvar::new(),
        })))
    }

    /// Begins to move everybody to `targets`. A client for which these have none stays. Only the first call counts.
    pub fn begin(&self, targets: impl Targets + 'static) {
        if self.0.targets.set(Box::new(targets)).is_ok() {
            self.0.bell.ring();
            for waker in self.0.lock().clients.values_mut().filter_map(Option::take) {
                waker.wake();
            }
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
        let (served, _) = self
            .0
            .nobody
            .wait_timeout_while(self.0.lock(), timeout, |it| !it.clients.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        served.clients.len()
    }

    /// The same as a future, of any runtime, that waits as long as it takes.
    pub async fn emptied(&self) {
        poll_fn(|cx| {
            let mut served = self.0.lock();
            if served.clients.is_empty() {
                return Poll::Ready(());
            }
            if !served.waiting.iter().any(|it| it.will_wake(cx.waker())) {
                served.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    pub(super) fn serve(&self) -> Serving {
        let mut served = self.0.lock();
        let number = served.next;
        served.next = served.next.wrapping_add(1);
        served.clients.insert(number, None);
        Serving {
            draining: Arc::clone(&self.0),
            number,
        }
    }
}

impl Draining {
    fn lock(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serving {
    /// Where a client goes, if the drain has begun.
    pub(super) fn target(&self, client: SocketAddr) -> Option<SocketAddrV4> {
        self.draining.targets.get()?.choose(client)
    }

    /// Readable once the drain has begun.
    pub(super) fn bell(&self) -> &Bell {
        &self.draining.bell
    }

    pub(super) fn has_begun(&self) -> bool {
        self.draining.targets.get().is_some()
    }

    /// Wakes `waker`, and no earlier one, when the drain begins. Whether it has is to be asked afterwards.
    #[cfg(feature = "tokio")]
    pub(crate) fn wake_when_begun(&self, waker: &Waker) {
        if let Some(slot) = self.draining.lock().clients.get_mut(&self.number) {
            slot.get_or_insert_with(|| waker.clone()).clone_from(waker);
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut served = self.draining.lock();
        served.clients.remove(&self.number);
        if served.clients.is_empty() {
            self.draining.nobody.notify_all();
            served.waiting.drain(..).for_each(Waker::wake);
        }
    }
}
