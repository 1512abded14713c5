//! [`Redirector`]: a server that reads nothing and moves every client at once. Where to is `targets.rs`'s.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::targets::Targets;
use super::{Connection, Listener};
use crate::bell::Bell;
use crate::socket;

/// How long to wait when the system has no more sockets to give.
const SHORTAGE: Duration = Duration::from_millis(20);

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
/// Dropping it stops its threads. Clients that were moved before are still seen off.
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
struct Work {
    targets: Box<dyn Targets>,
    stop: Bell,
    redirected: AtomicU64,
    turned_away: AtomicU64,
    lost: AtomicU64,
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
            redirected: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let mut redirector = Self {
            work,
            threads: Vec::new(),
        };
        for listener in listeners {
            listener.socket.set_nonblocking(true)?;
            let work = Arc::clone(&redirector.work);
            let thread = thread::Builder::new().name("eop-redirector".to_owned());
            redirector
                .threads
                .push(thread.spawn(move || work.redirect_all(&listener))?);
        }
        Ok(redirector)
    }

    /// What it did so far.
    #[must_use]
    pub fn counts(&self) -> RedirectorCounts {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RedirectorCounts {
            redirected: count(&self.work.redirected),
            turned_away: count(&self.work.turned_away),
            lost: count(&self.work.lost),
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

impl Work {
    fn redirect_all(&self, listener: &Listener) {
        while !self.stop.has_rung() {
            match listener.accept() {
                Ok(connection) => {
                    let count = self.redirect(connection);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if socket::wait_for_either(listener, &self.stop, None).is_err() {
                        thread::sleep(SHORTAGE);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => thread::sleep(SHORTAGE),
            }
        }
    }

    /// Moves a client, and says what that counts as.
    fn redirect(&self, connection: Connection) -> &AtomicU64 {
        let Ok(client) = connection.peer_addr() else {
            return &self.lost;
        };
        match self.targets.choose(client) {
            None => &self.turned_away,
            Some(to) => match connection.redirect(to) {
                Ok(_) => &self.redirected,
                Err(refused) if refused.error.is_final() => &self.lost,
                Err(_) => &self.turned_away,
            },
        }
    }
}
