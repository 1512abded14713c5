//! [`LingerList`]: many clients that are seen off in the background, by one thread. How a thread does that is `crowd.rs`'s.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use mio::{Events, Poll, Registry, Token, Waker};

use super::crowd::{Crowd, EVENTS, TICK};
use super::linger_counts::{LingerCounts, Tally};
use super::lingering::Leaving;

const WAKE: Token = Token(usize::MAX);

/// Sees off the clients that were redirected, so that nobody has to wait for them.
///
/// One thread serves a whole list; it begins with the first client, and ends with the last one after the list was dropped.
/// The threads of a [`Redirector`](super::Redirector) see off their clients themselves, and count them here.
/// A list holds a bounded number of clients, since each costs a descriptor. One too many ends the one that has been there
/// longest, whose redirect may be lost then.
#[derive(Clone, Debug)]
pub struct LingerList(Arc<Handle>);

/// The last one dropped lets the thread end.
#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    tally: Arc<Tally>,
    list: Mutex<List>,
}

#[derive(Debug)]
struct List {
    crowd: Crowd,
    next: usize,
    thread: Option<Thread>,
    /// The thread waits without a limit on time.
    asleep: bool,
    /// Nobody hands over any more.
    closing: bool,
}

/// How the thread is reached.
#[derive(Debug)]
struct Thread {
    registry: Registry,
    waker: Waker,
}

impl LingerList {
    /// Clients that the process's own list holds at most.
    pub const LIMIT: usize = 4096;

    /// A list of its own, of at most `limit` clients, or one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let tally = Arc::<Tally>::default();
        let list = Mutex::new(List {
            crowd: Crowd::new(Arc::clone(&tally), limit),
            next: 0,
            thread: None,
            asleep: false,
            closing: false,
        });
        Self(Arc::new(Handle(Arc::new(Shared { limit, tally, list }))))
    }

    /// What became of its clients so far.
    #[must_use]
    pub fn counts(&self) -> LingerCounts {
        self.0.0.tally.counts()
    }

    /// A crowd of another thread, which counts as this list's and shares its limit.
    pub(super) fn crowd(&self) -> Crowd {
        let shared = &self.0.0;
        Crowd::new(Arc::clone(&shared.tally), shared.limit)
    }

    /// Takes over a client. If the system has nothing left to do that with, the client is seen off at once, on the spot.
    pub(super) fn hand_over(&self, leaving: Leaving<TcpStream>) {
        let shared = &self.0.0;
        let mut list = shared.lock();
        if let Some(leaving) = list.take_in(shared, leaving) {
            drop(list);
            let began = Instant::now();
            let departure = leaving.linger();
            shared.tally.note(departure, began.elapsed());
        }
    }
}

/// Clients that a task sees off, because their connections are no sockets.
#[cfg(feature = "tokio")]
impl LingerList {
    /// One more.
    pub(crate) fn begin_elsewhere(&self) {
        self.0.0.tally.elsewhere.note();
    }

    /// One less, which went like this.
    pub(crate) fn end_elsewhere(
        &self,
        departure: super::lingering::Departure,
        waited: std::time::Duration,
    ) {
        let tally = &self.0.0.tally;
        tally.note(departure, waited);
        tally.elsewhere.take_one();
    }
}

/// The list of the process, which all servers share that were given no other: what it spares, descriptors, is the
/// process's too.
impl Default for LingerList {
    fn default() -> Self {
        static PROCESS: OnceLock<LingerList> = OnceLock::new();
        PROCESS.get_or_init(|| Self::new(Self::LIMIT)).clone()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut list = self.0.lock();
        list.closing = true;
        if let Some(thread) = &list.thread {
            // A pipe that is full wakes, too.
            let _ = thread.waker.wake();
        }
    }
}

impl Shared {
    /// Nothing that can panic happens under this lock.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn see_off(&self, mut poll: Poll) {
        let mut events = Events::with_capacity(EVENTS);
        let mut tick = Instant::now();
        let mut quiet = true;
        loop {
            let timeout = match self.lock().may_sleep(quiet) {
                true => None,
                false => Some(tick.saturating_duration_since(Instant::now())),
            };
            match poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => thread::sleep(TICK),
            }
            quiet = events.is_empty();
            let mut list = self.lock();
            for event in &events {
                list.crowd.turn(event);
            }
            let now = Instant::now();
            if tick <= now {
                tick = now + TICK;
                list.crowd.look(now);
            }
            if list.closing && list.crowd.is_empty() {
                return;
            }
        }
    }
}

impl List {
    /// Whether the thread need not look at limits. It goes on with that for a moment after its last client: to wake it
    /// costs the next one as much as its redirect.
    fn may_sleep(&mut self, quiet: bool) -> bool {
        self.asleep = quiet && self.crowd.is_empty();
        self.asleep
    }

    /// Takes in a client; hands it back if the system has no descriptor or thread to spare.
    fn take_in(
        &mut self,
        shared: &Arc<Shared>,
        leaving: Leaving<TcpStream>,
    ) -> Option<Leaving<TcpStream>> {
        let thread = match &self.thread {
            Some(thread) => thread,
            None => match start(shared) {
                Ok(thread) => self.thread.insert(thread),
                Err(_) => return Some(leaving),
            },
        };
        let number = self.next;
        if let Some(leaving) = self.crowd.admit(number, leaving, &thread.registry) {
            return Some(leaving);
        }
        self.next = self.next.wrapping_add(1) & (usize::MAX >> 1);
        if self.asleep {
            self.asleep = false;
            let _ = thread.waker.wake();
        }
        None
    }
}

fn start(shared: &Arc<Shared>) -> io::Result<Thread> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let waker = Waker::new(&registry, WAKE)?;
    let shared = Arc::clone(shared);
    thread::Builder::new()
        .name("eop-linger".to_owned())
        .stack_size(256 * 1024)
        .spawn(move || shared.see_off(poll))?;
    Ok(Thread { registry, waker })
}
