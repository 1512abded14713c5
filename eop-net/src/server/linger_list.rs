//! [`LingerList`]: many clients that are seen off in the background, by one thread. How one client is seen off, and for how
//! long, is `lingering.rs`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{self, Context};
use std::thread;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use super::lingering::{CAPACITY, Departure, Leaving, Turn};
use crate::counters::{write, write_kinds};

/// How often the limits are looked at.
const TICK: Duration = Duration::from_millis(50);
/// Events taken from the system at a time.
const EVENTS: usize = 1024;
const WAKE: Token = Token(usize::MAX);

/// Sees off the clients that were redirected, so that nobody has to wait for them.
///
/// One thread serves a whole list; it begins with the first client, and ends with the last one after the list was dropped.
/// A list holds a bounded number of clients, since each costs a descriptor. One too many ends the one that has been there
/// longest, whose redirect may be lost then.
#[derive(Clone, Debug)]
pub struct LingerList(Arc<Handle>);

/// What became of the clients of a list. Its text is what Prometheus reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LingerCounts {
    /// Clients that are waited for now.
    pub lingering: usize,
    /// Clients that ended their stream.
    pub ended: u64,
    /// Clients that were lost.
    pub lost: u64,
    /// Clients that were silent for too long (EOP-CLS-3).
    pub idle_limit: u64,
    /// Clients that took too long in all (EOP-CLS-3).
    pub total_limit: u64,
    /// Clients that took no octets for too long (EOP-CLS-12).
    pub stalled: u64,
    /// Clients that were ended because there were too many.
    pub evicted: u64,
    /// How long those that are gone were waited for, all together.
    pub waited: Duration,
}

/// The last one dropped lets the thread end.
#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    /// By the order in which they came.
    clients: BTreeMap<usize, Leaving<TcpStream>>,
    /// Clients that tasks see off.
    elsewhere: usize,
    next: usize,
    thread: Option<Thread>,
    /// The thread waits without a limit on time.
    asleep: bool,
    /// Nobody hands over any more.
    closing: bool,
    counts: LingerCounts,
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
        let list = Mutex::default();
        Self(Arc::new(Handle(Arc::new(Shared { limit, list }))))
    }

    /// What became of its clients so far.
    #[must_use]
    pub fn counts(&self) -> LingerCounts {
        let list = self.0.0.lock();
        LingerCounts {
            lingering: list.clients.len().saturating_add(list.elsewhere),
            ..list.counts
        }
    }

    /// Takes over a client. If the system has nothing left to do that with, the client is seen off at once, on the spot.
    pub(super) fn hand_over(&self, leaving: Leaving<TcpStream>) {
        let shared = &self.0.0;
        let mut list = shared.lock();
        if let Some(leaving) = list.take_in(shared, leaving) {
            drop(list);
            let began = Instant::now();
            let departure = leaving.linger();
            shared.lock().counts.note(departure, began.elapsed());
        }
    }
}

/// Clients that a task sees off, because their connections are no sockets.
#[cfg(feature = "tokio")]
impl LingerList {
    /// One more.
    pub(crate) fn begin_elsewhere(&self) {
        let mut list = self.0.0.lock();
        list.elsewhere = list.elsewhere.saturating_add(1);
    }

    /// One less, which went like this.
    pub(crate) fn end_elsewhere(&self, departure: Departure, waited: Duration) {
        let mut list = self.0.0.lock();
        list.elsewhere = list.elsewhere.saturating_sub(1);
        list.counts.note(departure, waited);
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
        let mut octets = Vec::with_capacity(CAPACITY);
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
                list.turn(event.token().0, &mut octets);
            }
            let now = Instant::now();
            if tick <= now {
                tick = now + TICK;
                list.look(now, &mut octets);
            }
            if list.closing && list.clients.is_empty() {
                return;
            }
        }
    }
}

impl List {
    /// Whether the thread need not look at limits. It goes on with that for a moment after its last client: to wake it
    /// costs the next one as much as its redirect.
    fn may_sleep(&mut self, quiet: bool) -> bool {
        self.asleep = quiet && self.clients.is_empty();
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
        let socket = leaving.as_fd().as_raw_fd();
        // What is there already is told at once. Closing the socket takes it out again.
        let interest = match leaving.has_rest() {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        let registered = thread
            .registry
            .register(&mut SourceFd(&socket), Token(number), interest);
        if registered.is_err() {
            return Some(leaving);
        }
        if self.asleep {
            self.asleep = false;
            let _ = thread.waker.wake();
        }
        if self.clients.len() >= shared.limit
            && let Some((_, longest)) = self.clients.pop_first()
        {
            self.counts.evicted = self.counts.evicted.saturating_add(1);
            self.counts.waited = self.counts.waited.saturating_add(longest.waited());
        }
        self.next = self.next.wrapping_add(1) & (usize::MAX >> 1);
        self.clients.insert(number, leaving);
        None
    }

    /// A client's socket has something.
    fn turn(&mut self, number: usize, octets: &mut Vec<u8>) {
        let mut cx = Context::from_waker(task::Waker::noop());
        let client = self.clients.get_mut(&number);
        let turn = client.map(|it| it.turn(octets, &mut cx));
        if let Some(Turn::Gone(departure)) = turn
            && let Some(gone) = self.clients.remove(&number)
        {
            self.counts.note(departure, gone.waited());
        }
    }

    /// Time has passed. Who has more to throw away than was read has its next turn, too.
    fn look(&mut self, now: Instant, octets: &mut Vec<u8>) {
        let counts = &mut self.counts;
        let mut cx = Context::from_waker(task::Waker::noop());
        self.clients.retain(|_, leaving| {
            let turn = match leaving.has_more {
                true => leaving.turn(octets, &mut cx),
                false => Turn::Quiet,
            };
            let departure = match (turn, leaving.left(now)) {
                (Turn::Gone(departure), _) | (_, Err(departure)) => Some(departure),
                (Turn::More | Turn::Quiet, Ok(_)) => None,
            };
            let gone = departure.map(|departure| counts.note(departure, leaving.waited()));
            gone.is_none()
        });
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

impl LingerCounts {
    fn note(&mut self, departure: Departure, waited: Duration) {
        let count = match departure {
            Departure::Ended => &mut self.ended,
            Departure::Lost => &mut self.lost,
            Departure::IdleLimit => &mut self.idle_limit,
            Departure::TotalLimit => &mut self.total_limit,
            Departure::Stall => &mut self.stalled,
            Departure::HandedOver => return,
        };
        *count = count.saturating_add(1);
        self.waited = self.waited.saturating_add(waited);
    }
}

impl fmt::Display for LingerCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lingering = u64::try_from(self.lingering).unwrap_or(u64::MAX);
        write(f, "server_lingering", lingering)?;
        let gone = [
            ("ended", self.ended),
            ("lost", self.lost),
            ("idle-limit", self.idle_limit),
            ("total-limit", self.total_limit),
            ("stalled", self.stalled),
            ("evicted", self.evicted),
        ];
        write_kinds(f, "server_lingered_total", gone)?;
        let waited = self.waited.as_secs_f64();
        writeln!(f, "eop_server_lingered_seconds_total {waited}")
    }
}
