//! [`Redirector`]: a server that reads nothing and moves every client at once. Where to is `targets.rs`'s, and what each of
//! its threads does `desk.rs`'s.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::Listener;
use super::desk::Desk;
use super::targets::Targets;
use crate::bell::Bell;
use crate::counters::Counter;

/// Moves every client that arrives, before anything is read from it (EOP-RED-11).
///
/// ```
/// use eop_net::client::{self, Client};
/// use eop_net::server::{self, Listener, Redirector, RoundRobin};
/// use eop_net::Event;
///
/// let target = "127.0.0.1:4000".parse()?;
/// let listeners = Listener::bind_each("127.0.0.1:0".parse()?, server::Config::default(), 2)?;
/// let home = listeners[0].local_addr()?;
/// let redirector = Redirector::start(listeners, RoundRobin::new([target]))?;
///
/// let mut client = Client::connect(home, client::Config::default())?;
/// let Event::Redirected(redirected) = client.receive() else { panic!("it moves everybody") };
/// assert_eq!(redirected.target, target);
/// println!("{:?}", redirector.counts());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each of its threads has a second one that sees off whom it moved, and shares nothing with the others but counts and the
/// limit of the listener's [`LingerList`](super::LingerList). Dropping the redirector stops them; who has not gone by then is
/// still seen off.
#[derive(Debug)]
pub struct Redirector {
    work: Arc<Work>,
    threads: Vec<JoinHandle<()>>,
}

/// What a redirector did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedirectorCounts {
    /// Clients that were moved.
    pub redirected: u64,
    /// Clients for which there was no target, or none that may be one. They were closed.
    pub turned_away: u64,
    /// Clients that were lost before they could be moved.
    pub lost: u64,
}

#[derive(Debug)]
pub(super) struct Work {
    pub(super) targets: Box<dyn Targets>,
    pub(super) stop: Bell,
    pub(super) redirected: Counter,
    pub(super) turned_away: Counter,
    pub(super) lost: Counter,
}

impl Redirector {
    /// Starts a thread for each of `listeners`: with [`Listener::bind_each`] one for each core.
    ///
    /// # Errors
    /// What the system says: that it has no more threads or descriptors to give.
    pub fn start(
        listeners: impl IntoIterator<Item = Listener>,
        targets: impl Targets + 'static,
    ) -> io::Result<Self> {
        let work = Arc::new(Work {
            targets: Box::new(targets),
            stop: Bell::new()?,
            redirected: Counter::default(),
            turned_away: Counter::default(),
            lost: Counter::default(),
        });
        let mut redirector = Self {
            work,
            threads: Vec::new(),
        };
        for listener in listeners {
            let work = Arc::clone(&redirector.work);
            let desk = Desk::new(listener, &work.stop)?;
            let thread = thread::Builder::new().name("eop-redirector".to_owned());
            redirector
                .threads
                .push(thread.spawn(move || desk.serve(&work))?);
        }
        Ok(redirector)
    }

    /// What it did so far.
    #[must_use]
    pub fn counts(&self) -> RedirectorCounts {
        let work = &self.work;
        RedirectorCounts {
            redirected: work.redirected.count(),
            turned_away: work.turned_away.count(),
            lost: work.lost.count(),
        }
    }
}

impl Drop for Redirector {
    fn drop(&mut self) {
        self.work.stop.ring();
        for thread in self.threads.drain(..) {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}
