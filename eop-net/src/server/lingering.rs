//! The last of a connection: what the client still sends is read and thrown away until it ends its stream or a limit
//! passes, so that closing does not destroy what is on its way to it (EOP-CLS-1 to EOP-CLS-7).

use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use eop_statemachine::Server;

use super::Config;
use crate::socket::{self, Read, Ready};
use crate::unacknowledged;

/// Octets thrown away at a time.
const CAPACITY: usize = 64 * 1024;
/// How often the kernel is asked what the client has acknowledged.
const ASK: Duration = Duration::from_millis(50);
/// Octets a second at which queued octets pass at least, where the kernel does not tell (EOP-CLS-4).
const SLOWEST: u64 = 16 * 1024;

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
                Err(departure) => return departure,
            };
            if octets.is_empty() && socket::wait(&self.socket, READABLE, Some(left)).is_err() {
                return Departure::Lost;
            }
        }
    }
}

const READABLE: Ready = Ready {
    read: true,
    write: false,
};

/// What the client may still take its time for.
#[derive(Debug)]
struct Limits {
    idle: Duration,
    total: Duration,
    stall: Duration,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Octets may be on their way to it: at most this many, since when, and when to ask the kernel. Most clients are gone
    /// before that.
    Passing {
        octets: u32,
        since: Instant,
        ask: Instant,
    },
    /// The kernel does not tell; by then they will have passed.
    Guessing { passed: Instant },
    /// It has them all since `since`, and sent an octet, or got the last one, at `heard`.
    Waiting { since: Instant, heard: Instant },
}

impl Limits {
    fn new(config: &Config, now: Instant) -> Self {
        let phase = Phase::Passing {
            octets: u32::MAX,
            since: now,
            ask: now + ASK,
        };
        Self {
            idle: config.linger_idle,
            total: config.linger_total,
            stall: config.stall,
            phase,
        }
    }

    fn note_octets(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Waiting { heard, .. } => *heard = now,
            Phase::Passing { .. } | Phase::Guessing { .. } => {}
        }
    }

    /// How long it may still be silent; the departure, if it may not.
    fn left(&mut self, socket: &TcpStream, now: Instant) -> Result<Duration, Departure> {
        self.look(socket, now);
        let left = |limit: Duration, since: Instant| limit.saturating_sub(now - since);
        match self.phase {
            Phase::Passing { since, ask, .. } => match left(self.stall, since) {
                Duration::ZERO => Err(Departure::Stall),
                left => Ok(left.min(ask.saturating_duration_since(now))),
            },
            Phase::Guessing { passed } => Ok(passed.saturating_duration_since(now)),
            Phase::Waiting { since, heard } => {
                match (left(self.idle, heard), left(self.total, since)) {
                    (Duration::ZERO, _) => Err(Departure::IdleLimit),
                    (_, Duration::ZERO) => Err(Departure::TotalLimit),
                    (idle, total) => Ok(idle.min(total)),
                }
            }
        }
    }

    /// Asks how far the octets got, if it is time to.
    fn look(&mut self, socket: &TcpStream, now: Instant) {
        match &mut self.phase {
            Phase::Passing { octets, since, ask } if *ask <= now => {
                *ask = now + ASK;
                match unacknowledged::octets(socket) {
                    Some(0) => {
                        self.phase = Phase::Waiting {
                            since: now,
                            heard: now,
                        }
                    }
                    Some(still) if still < *octets => (*octets, *since) = (still, now),
                    Some(_) => {}
                    None => {
                        let passed = now + passing(socket::send_buffer(socket));
                        self.phase = Phase::Guessing { passed };
                    }
                }
            }
            Phase::Guessing { passed } if *passed <= now => {
                self.phase = Phase::Waiting {
                    since: now,
                    heard: now,
                };
            }
            Phase::Passing { .. } | Phase::Guessing { .. } | Phase::Waiting { .. } => {}
        }
    }
}

/// How long a full send buffer takes at the slowest rate.
fn passing(send_buffer: Option<u64>) -> Duration {
    let octets = send_buffer.unwrap_or(4 << 20);
    Duration::from_secs(octets.div_ceil(SLOWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_buffer_passes_at_the_slowest_rate() {
        assert_eq!(passing(Some(160 * 1024)), Duration::from_secs(10));
        assert_eq!(passing(Some(1)), Duration::from_secs(1));
    }
}
