//! How long a client that was redirected may take to end its stream. Time comes as an argument; the socket is asked only
//! how far its octets got.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Config;
use crate::{socket, unacknowledged};

/// How often the kernel is asked what the client has acknowledged. Most clients are gone before the first time.
const ASK: Duration = Duration::from_millis(50);
/// Octets a second at which queued octets pass at least, where the kernel does not tell (EOP-CLS-4).
const SLOWEST: u64 = 16 * 1024;
/// A send buffer whose size the system does not tell is not larger than this, in octets.
const LARGEST_BUFFER: u64 = 4 << 20;

/// What the client may still take its time for.
#[derive(Debug)]
pub(super) struct Limits {
    idle: Duration,
    total: Duration,
    stall: Duration,
    phase: Phase,
}

/// A limit that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    Idle,
    Total,
    Stall,
}

#[derive(Debug)]
enum Phase {
    /// Octets may be on their way to it: at most this many, since when, and when to ask.
    Passing {
        octets: u32,
        since: Instant,
        ask: Instant,
    },
    /// The kernel does not tell; by then they have passed.
    Guessing { passed: Instant },
    /// It has had them all since `since`, and sent an octet, or got the last one, at `heard`.
    Waiting { since: Instant, heard: Instant },
}

impl Phase {
    fn passing(now: Instant) -> Self {
        Self::Passing {
            octets: u32::MAX,
            since: now,
            ask: now + ASK,
        }
    }
}

/// What is asked of a transport.
pub(crate) trait Acknowledging {
    /// Octets that the client has not acknowledged; `None` if that cannot be seen.
    fn unacknowledged(&self) -> Option<u32>;
    /// The most octets that can be queued.
    fn send_buffer(&self) -> Option<u64>;
}

impl Acknowledging for TcpStream {
    fn unacknowledged(&self) -> Option<u32> {
        unacknowledged::octets(self)
    }

    fn send_buffer(&self) -> Option<u64> {
        socket::send_buffer(self)
    }
}

impl Limits {
    /// From `now` on, when the last octet was handed to the transport.
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        Self {
            idle: config.linger_idle,
            total: config.linger_total,
            stall: config.stall,
            phase: Phase::passing(now),
        }
    }

    /// The same limits, from a later `now` on.
    pub(super) fn begin_at(&mut self, now: Instant) {
        self.phase = Phase::passing(now);
    }

    /// How long the client may take no octet.
    pub(super) const fn stall(&self) -> Duration {
        self.stall
    }

    /// The client sent something.
    pub(super) const fn note_octets(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Waiting { heard, .. } => *heard = now,
            Phase::Passing { .. } | Phase::Guessing { .. } => {}
        }
    }

    /// How long it may still be silent before this is to be asked again; or the limit that has passed.
    pub(super) fn left(
        &mut self,
        transport: &impl Acknowledging,
        now: Instant,
    ) -> Result<Duration, Passed> {
        self.look(transport, now);
        let left = |limit: Duration, since| limit.saturating_sub(now.duration_since(since));
        match self.phase {
            Phase::Passing { since, ask, .. } => match left(self.stall, since) {
                Duration::ZERO => Err(Passed::Stall),
                left => Ok(left.min(ask.duration_since(now))),
            },
            Phase::Guessing { passed } => Ok(passed.duration_since(now)),
            Phase::Waiting { since, heard } => {
                match (left(self.idle, heard), left(self.total, since)) {
                    (Duration::ZERO, _) => Err(Passed::Idle),
                    (_, Duration::ZERO) => Err(Passed::Total),
                    (idle, total) => Ok(idle.min(total)),
                }
            }
        }
    }

    /// Asks how far the octets got, if it is time to. The limits begin when the client has them (EOP-CLS-4).
    fn look(&mut self, transport: &impl Acknowledging, now: Instant) {
        match &mut self.phase {
            Phase::Passing { octets, since, ask } if *ask <= now => {
                *ask = now + ASK;
                match transport.unacknowledged() {
                    Some(0) => {
                        self.phase = Phase::Waiting {
                            since: now,
                            heard: now,
                        }
                    }
                    Some(still) if still < *octets => (*octets, *since) = (still, now),
                    Some(_) => {}
                    None => {
                        let queued = transport.send_buffer().unwrap_or(LARGEST_BUFFER);
                        let passing = Duration::from_secs(queued.div_ceil(SLOWEST));
                        self.phase = Phase::Guessing {
                            passed: now + passing,
                        };
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A transport with this many octets unacknowledged.
    struct Queue(Cell<Option<u32>>);

    impl Acknowledging for Queue {
        fn unacknowledged(&self) -> Option<u32> {
            self.0.get()
        }

        fn send_buffer(&self) -> Option<u64> {
            Some(160 * 1024)
        }
    }

    /// Limits of 2 s without an octet, 5 s in all, 3 s without an acknowledgement; what they say at these seconds, as
    /// octets are acknowledged and arrive.
    fn passed(story: &[(u64, Option<u32>, bool)]) -> Option<(u64, Passed)> {
        let began = Instant::now();
        let seconds = Duration::from_secs;
        let config = Config {
            linger_idle: seconds(2),
            linger_total: seconds(5),
            stall: seconds(3),
            ..Config::default()
        };
        let mut limits = Limits::new(&config, began);
        let queue = Queue(Cell::new(None));
        for (second, unacknowledged, octets) in story {
            let now = began + seconds(*second);
            queue.0.set(*unacknowledged);
            if *octets {
                limits.note_octets(now);
            }
            if let Err(passed) = limits.left(&queue, now) {
                return Some((*second, passed));
            }
        }
        None
    }

    /// Shows EOP-CLS-3 and EOP-CLS-4.
    #[test]
    fn the_idle_limit_begins_with_the_acknowledgement() {
        let story = [
            (1, Some(800), false),
            (3, Some(400), false),
            (5, Some(0), false),
            (6, Some(0), false),
            (7, Some(0), false),
        ];
        assert_eq!(passed(&story), Some((7, Passed::Idle)));
    }

    /// Shows EOP-CLS-3.
    #[test]
    fn a_client_that_goes_on_sending_reaches_the_total_limit() {
        let story = [0, 1, 2, 3, 4, 5, 6, 7].map(|second| (second, Some(0), true));
        assert_eq!(passed(&story), Some((6, Passed::Total)));
    }

    /// Shows EOP-CLS-12.
    #[test]
    fn a_client_that_acknowledges_nothing_stalls() {
        let story = [
            (1, Some(800), true),
            (2, Some(400), true),
            (3, Some(400), true),
            (4, Some(400), true),
            (5, Some(400), true),
        ];
        assert_eq!(passed(&story), Some((5, Passed::Stall)));
    }

    /// Shows EOP-CLS-4.
    #[test]
    fn where_the_kernel_does_not_tell_the_octets_pass_at_the_slowest_rate_first() {
        // 160 KiB at 16 KiB a second, from the question at second 1 on; then 2 s without an octet.
        let story = [1, 10, 11, 12, 13].map(|second| (second, None, false));
        assert_eq!(passed(&story), Some((13, Passed::Idle)));
    }
}
