//! [`Crowd`]: clients that one thread sees off, each when its socket has something or a limit passes. Which thread that is
//! may never come in: a linger list's, or a redirector's.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::linger_counts::Tally;
use super::lingering::{CAPACITY, Heard, Leaving, Turn};

/// How often the limits are looked at.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// Events taken from the system at a time.
pub(super) const EVENTS: usize = 1024;

/// Clients by the order in which they came.
#[derive(Debug)]
pub(super) struct Crowd {
    clients: BTreeMap<usize, Leaving<TcpStream>>,
    /// Octets are thrown away from here. It has capacity once there was a client.
    octets: Vec<u8>,
    tally: Arc<Tally>,
    /// Descriptors that all crowds of the tally hold at most.
    limit: usize,
}

impl Crowd {
    pub(super) const fn new(tally: Arc<Tally>, limit: usize) -> Self {
        Self {
            clients: BTreeMap::new(),
            octets: Vec::new(),
            tally,
            limit,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Takes in a client under a number that is greater than those before; hands it back if the system has no memory to
    /// watch it. One too many ends the one that has been here for longest.
    pub(super) fn admit(
        &mut self,
        number: usize,
        leaving: Leaving<TcpStream>,
        registry: &Registry,
    ) -> Option<Leaving<TcpStream>> {
        let socket = leaving.as_fd().as_raw_fd();
        // What is there already is told at once. Closing the socket takes it out again.
        let interest = match leaving.has_rest() {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        if registry
            .register(&mut SourceFd(&socket), Token(number), interest)
            .is_err()
        {
            return Some(leaving);
        }
        self.octets.reserve(CAPACITY);
        // Whoever counts meanwhile never sees the place of the evicted one empty.
        match self.longest_if_full() {
            Some(longest) => self.tally.note_eviction(longest.waited()),
            None => self.tally.sockets.note(),
        }
        self.clients.insert(number, leaving);
        None
    }

    /// Takes out the one whose place a new client takes over, if there is no other place.
    fn longest_if_full(&mut self) -> Option<Leaving<TcpStream>> {
        let held = usize::try_from(self.tally.sockets.count()).unwrap_or(usize::MAX);
        let full = held >= self.limit;
        full.then(|| self.clients.pop_first())
            .flatten()
            .map(|(_, it)| it)
    }

    /// A client's socket has something.
    pub(super) fn turn(&mut self, event: &Event) {
        let heard = match event.is_read_closed() {
            true => Heard::TheEnd,
            false => Heard::Something,
        };
        let Token(number) = event.token();
        let client = self.clients.get_mut(&number);
        let turn = client.map(|it| it.heed(heard, &mut self.octets));
        if let Some(Turn::Gone(departure)) = turn
            && let Some(gone) = self.clients.remove(&number)
        {
            self.tally.note(departure, gone.waited());
            self.tally.sockets.take_one();
        }
    }

    /// Time has passed. Who has more to throw away than was read has its next turn, too.
    pub(super) fn look(&mut self, now: Instant) {
        let (octets, tally) = (&mut self.octets, &self.tally);
        self.clients.retain(|_, leaving| {
            let turn = match leaving.has_more {
                true => leaving.heed(Heard::Something, octets),
                false => Turn::Quiet,
            };
            let departure = match (turn, leaving.left(now)) {
                (Turn::Gone(departure), _) | (_, Err(departure)) => departure,
                (Turn::More | Turn::Quiet, Ok(_)) => return true,
            };
            tally.note(departure, leaving.waited());
            tally.sockets.take_one();
            false
        });
    }

    /// Those who are left, for another crowd.
    pub(super) fn disperse(&mut self) -> impl Iterator<Item = Leaving<TcpStream>> {
        let tally = Arc::clone(&self.tally);
        let clients = std::mem::take(&mut self.clients).into_values();
        clients.inspect(move |_| tally.sockets.take_one())
    }
}
