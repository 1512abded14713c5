//! [`LingerList`]: many clients that are seen off in the background, by one thread: when it looks at them, and how a client
//! gets there. What it does with them is `crowd.rs`'s.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::linger_counts::{LingerCounts, Tally};
use super::lingering::Leaving;

/// How soon the clients are looked at again while some come or go: they are many then, and a look costs each of them little.
const SOON: Duration = Duration::from_millis(1);
/// How late at most. So late a limit may be noticed.
const LATE: Duration = Duration::from_millis(50);
/// What lies at least between two looks for each client: to look at it in vain takes a twentieth of that.
const EACH: Duration = Duration::from_micros(2);

/// Sees off the clients that were redirected, so that nobody has to wait for them.
///
/// One thread serves a whole list; it begins with the first client, and ends with the last one after the list was dropped.
/// Each thread of a [`Redirector`](super::Redirector) has one of its own, which counts as the listener's.
/// A list holds a bounded number of clients, since each costs a descriptor. One too many ends the one that has been there
/// longest, whose redirect may be lost then.
#[derive(Clone, Debug)]
pub struct LingerList(Arc<Handle>);

/// The last one dropped lets the thread end.
#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Descriptors that all lists of the tally hold at most.
    limit: usize,
    tally: Arc<Tally>,
    arrivals: Mutex<Arrivals>,
    /// Whoever holds this may lock the arrivals as well, and never the other way round.
    crowd: Mutex<Crowd>,
}

/// Clients that came since the thread looked last. They are counted already.
#[derive(Debug, Default)]
struct Arrivals {
    clients: Vec<Leaving<TcpStream>>,
    /// From the first client on.
    thread: Option<Thread>,
    /// The thread waits for clients.
    asleep: bool,
    /// Nobody hands over any more.
    closing: bool,
}

impl LingerList {
    /// Clients that the process's own list holds at most.
    pub const LIMIT: usize = 4096;

    /// A list of its own, of at most `limit` clients, or one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self::of(limit, Arc::default())
    }

    /// Another list, with a thread of its own, which counts as this one and shares its limit.
    pub(super) fn beside(&self) -> Self {
        let shared = &self.0.0;
        Self::of(shared.limit, Arc::clone(&shared.tally))
    }

    fn of(limit: usize, tally: Arc<Tally>) -> Self {
        let crowd = Mutex::new(Crowd::new(Arc::clone(&tally)));
        Self(Arc::new(Handle(Arc::new(Shared {
            limit,
            tally,
            arrivals: Mutex::default(),
            crowd,
        }))))
    }

    /// What became of its clients so far.
    #[must_use]
    pub fn counts(&self) -> LingerCounts {
        self.0.0.tally.counts()
    }

    /// Takes over a client. If the system has nothing left to do that with, the client is seen off at once, on the spot.
    pub(super) fn hand_over(&self, leaving: Leaving<TcpStream>) {
        let shared = &self.0.0;
        if let Some(leaving) = shared.take_in(leaving) {
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
    pub(crate) fn end_elsewhere(&self, departure: super::lingering::Departure, waited: Duration) {
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
        let mut arrivals = self.0.arrivals();
        arrivals.closing = true;
        if let Some(thread) = &arrivals.thread {
            thread.unpark();
        }
    }
}

/// Nothing that can panic happens under the locks.
impl Shared {
    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self) -> bool {
        usize::try_from(self.tally.sockets.count()).map_or(true, |held| held >= self.limit)
    }

    /// Takes in a client; hands it back if the system has no thread to spare.
    fn take_in(self: &Arc<Self>, leaving: Leaving<TcpStream>) -> Option<Leaving<TcpStream>> {
        let mut arrivals = self.arrivals();
        if arrivals.thread.is_none() {
            match self.serve() {
                Ok(thread) => arrivals.thread = Some(thread),
                Err(_) => return Some(leaving),
            }
        }
        if self.is_full() {
            drop(arrivals);
            self.take_in_one_too_many(leaving);
            return None;
        }
        self.tally.sockets.note();
        arrivals.clients.push(leaving);
        if arrivals.asleep
            && let Some(thread) = &arrivals.thread
        {
            thread.unpark();
            arrivals.asleep = false;
        }
        None
    }

    /// Some may have gone since the last look. Otherwise the one that has been here for longest has to.
    fn take_in_one_too_many(&self, leaving: Leaving<TcpStream>) {
        let mut crowd = self.crowd();
        if crowd.looked_at().elapsed() >= least_pause(crowd.len()) {
            self.look_after(&mut crowd);
        }
        if self.is_full() {
            crowd.replace_longest(leaving);
        } else {
            self.tally.sockets.note();
            crowd.extend([leaving]);
        }
    }

    /// Whether somebody came or went.
    fn look_after(&self, crowd: &mut Crowd) -> bool {
        let mut arrivals = self.arrivals();
        let came = !arrivals.clients.is_empty();
        crowd.extend(arrivals.clients.drain(..));
        drop(arrivals);
        crowd.look_after(Instant::now()) || came
    }

    fn serve(self: &Arc<Self>) -> io::Result<Thread> {
        let shared = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("eop-linger".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || shared.see_off())?;
        Ok(thread.thread().clone())
    }

    fn see_off(&self) {
        let mut pause = SOON;
        loop {
            match self.next() {
                Next::Pause => {
                    thread::sleep(pause);
                    let mut crowd = self.crowd();
                    let lively = self.look_after(&mut crowd);
                    pause = next_pause(pause, lively, crowd.len());
                }
                Next::Sleep => thread::park(),
                Next::End => return,
            }
        }
    }

    fn next(&self) -> Next {
        let crowd = self.crowd();
        let mut arrivals = self.arrivals();
        if crowd.len() > 0 || !arrivals.clients.is_empty() {
            return Next::Pause;
        }
        arrivals.asleep = true;
        match arrivals.closing {
            true => Next::End,
            false => Next::Sleep,
        }
    }
}

/// What the thread does next.
enum Next {
    /// There are clients to look at, a little later.
    Pause,
    /// There is nobody. Who hands over a client wakes it.
    Sleep,
    /// There will be nobody.
    End,
}

/// The pause behind a look that found that somebody came or went, or not, and behind which some stayed.
fn next_pause(last: Duration, lively: bool, stayed: usize) -> Duration {
    let pause = match lively {
        true => SOON,
        false => last.saturating_mul(2),
    };
    pause.max(least_pause(stayed)).min(LATE)
}

fn least_pause(clients: usize) -> Duration {
    EACH.saturating_mul(u32::try_from(clients).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_become_longer_up_to_a_limit_while_nobody_comes_or_goes() {
        let pauses = std::iter::successors(Some(SOON), |last| Some(next_pause(*last, false, 1)));
        let pauses: Vec<_> = pauses.map(|it| it.as_millis()).take(8).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 50, 50]);
    }

    #[test]
    fn a_pause_is_short_again_once_somebody_came_or_went() {
        assert_eq!(next_pause(LATE, true, 1), SOON);
    }

    #[test]
    fn pauses_are_longer_where_many_stay() {
        assert_eq!(next_pause(SOON, true, 4000), Duration::from_millis(8));
    }
}
