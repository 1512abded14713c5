//! The last of a connection: what the client still sends is read and thrown away until it ends its stream or a limit
//! passes, so that closing does not destroy what is on its way to it (EOP-CLS-1 to EOP-CLS-7).

use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use eop_statemachine::Server;

use super::Config;
use super::limits::{Limits, Passed};
use crate::socket::{self, Read, Ready};

/// Octets thrown away at a time.
const CAPACITY: usize = 64 * 1024;

const READABLE: Ready = Ready {
    read: true,
    write: false,
};
/// A client to which everything was said: a redirect, or the end of the stream.
///
/// Somebody has to see it off, or the system resets the connection and the last octets may be lost: call
/// [`linger`](Self::linger), on a thread of its own if there is something else to do.
#[derive(Debug)]
#[must_use = "dropping it closes the connection at once, and the redirect may be lost (EOP-CLS-7)"]
pub struct Lingering {
    socket: TcpStream,
    machine: Server,
    config: Config,
}

/// How a client that lingered went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Departure {
    /// It ended its stream.
    Ended,
    /// It, or the way to it, was lost.
    Lost,
    /// It sent nothing for as long as it may (EOP-CLS-3).
    IdleLimit,
    /// It went on sending for longer than it may (EOP-CLS-3).
    TotalLimit,
    /// It took no octet of what was sent for as long as it may (EOP-CLS-12).
    Stall,
}

impl AsFd for Lingering {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Lingering {
    pub(super) const fn new(socket: TcpStream, machine: Server, config: Config) -> Self {
        Self {
            socket,
            machine,
            config,
        }
    }

    /// Reads and throws away until the client ends its stream or a limit passes; then closes.
    pub fn linger(mut self) -> Departure {
        let departure = self.discard();
        match departure {
            Departure::Ended => drop(self.machine.end_of_stream()),
            Departure::Lost => self.machine.lost(),
            Departure::IdleLimit | Departure::TotalLimit | Departure::Stall => {
                self.machine.close();
            }
        }
        departure
    }

    fn discard(&self) -> Departure {
        let mut octets = Vec::with_capacity(CAPACITY);
        let mut limits = Limits::new(&self.config, Instant::now());
        loop {
            octets.clear();
            match socket::read(&self.socket, &mut octets) {
                Read::Octets => limits.note_octets(Instant::now()),
                Read::End => return Departure::Ended,
                Read::Lost(_) => return Departure::Lost,
                Read::Nothing => {}
            }
            let left = match limits.left(&self.socket, Instant::now()) {
                Ok(left) => left,
                Err(Passed::Idle) => return Departure::IdleLimit,
                Err(Passed::Total) => return Departure::TotalLimit,
                Err(Passed::Stall) => return Departure::Stall,
            };
            if octets.is_empty() && socket::wait(&self.socket, READABLE, Some(left)).is_err() {
                return Departure::Lost;
            }
        }
    }
}
