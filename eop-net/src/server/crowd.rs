//! [`Crowd`]: clients that are seen off together. Nobody waits for their going, so it wakes nobody: whoever has them looks at
//! them now and then, and whatever came meanwhile costs one call for all. When that is, and on which thread, may never come
//! in: that is `linger_list.rs`'s.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Instant;

use super::linger_counts::Tally;
use super::lingering::{CAPACITY, Leaving, Turn};
use crate::socket::{self, Heard, Ready};

/// Clients in the order in which they came.
#[derive(Debug)]
pub(super) struct Crowd {
    clients: VecDeque<Leaving<TcpStream>>,
    looked_at: Instant,
    /// Octets are thrown away from here. It has capacity once there was a client.
    octets: Vec<u8>,
    tally: Arc<Tally>,
}

impl Crowd {
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        Self {
            clients: VecDeque::new(),
            looked_at: Instant::now(),
            octets: Vec::new(),
            tally,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    /// When the clients were looked at last.
    pub(super) const fn looked_at(&self) -> Instant {
        self.looked_at
    }

    /// Takes in clients that are counted already.
    pub(super) fn extend(&mut self, clients: impl IntoIterator<Item = Leaving<TcpStream>>) {
        self.octets.reserve(CAPACITY);
        self.clients.extend(clients);
    }

    /// Takes in a client that is not counted, and ends the one that has been here for longest, if there is one. Whoever counts
    /// meanwhile never sees the place between them empty.
    pub(super) fn replace_longest(&mut self, leaving: Leaving<TcpStream>) {
        match self.clients.pop_front() {
            Some(longest) => self.tally.note_eviction(longest.waited()),
            None => self.tally.sockets.note(),
        }
        self.extend([leaving]);
    }

    /// Throws away what has come, writes what there is room for, and lets go whoever has gone or passed a limit: whether there
    /// was one.
    pub(super) fn look_after(&mut self, now: Instant) -> bool {
        self.looked_at = now;
        let before = self.clients.len();
        let wanted = self.clients.iter().map(|leaving| {
            let wanted = Ready {
                read: true,
                write: leaving.has_rest(),
            };
            (leaving.as_fd(), wanted)
        });
        // If the system does not say, each has to be asked.
        let mut heard = socket::heard(wanted).unwrap_or_default().into_iter();
        let (octets, tally) = (&mut self.octets, &self.tally);
        self.clients.retain_mut(|leaving| {
            let turn = match heard.next().unwrap_or(Some(Heard::Something)) {
                Some(heard) => leaving.heed(heard, octets),
                None if leaving.has_more => leaving.heed(Heard::Something, octets),
                None => Turn::Quiet,
            };
            let departure = match turn {
                Turn::Gone(departure) => departure,
                Turn::More | Turn::Quiet => match leaving.left(now) {
                    Err(departure) => departure,
                    Ok(_) => return true,
                },
            };
            tally.note(departure, leaving.waited());
            tally.sockets.take_one();
            false
        });
        self.clients.len() < before
    }
}
