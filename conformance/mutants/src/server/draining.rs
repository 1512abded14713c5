//! What follows the last frame: the discarding after a REDIRECT, its clock and its end (section 6).

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Options, World, milliseconds};
use crate::stream::Stream;
use crate::table::Fault;
use crate::unacknowledged::unacknowledged;

/// Octets a second that a client is trusted to take where acknowledgements cannot be seen (EOP-CLS-4).
const RATE: u64 = 65_536;
/// How often the kernel is asked whether the client acknowledged everything.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Why nothing more is said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Redirect,
    Fin,
    /// RST, once everything is acknowledged.
    Reset,
}

pub(super) struct Draining {
    after: After,
    /// How many octets were to be sent when it began.
    queued: u64,
    /// When it began.
    since: Instant,
    clock: Clock,
}

/// The limits of EOP-CLS-3, which begin when the last octet was acknowledged (EOP-CLS-4).
enum Clock {
    Unsent,
    Unacknowledged {
        since: Instant,
        /// How many octets were not acknowledged, and since when it is that many.
        left: Option<u32>,
        left_since: Instant,
        ask: Instant,
    },
    Running {
        began: Instant,
        heard: Instant,
    },
}

/// What the clock says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Stay,
    Close,
    Reset,
}

impl Draining {
    pub(super) fn new(after: After, queued: u64, fault: Fault, now: Instant) -> Self {
        let early = Clock::Running {
            began: now,
            heard: now,
        };
        let clock = if fault.has(Fault::DrainClockEarly) {
            early
        } else {
            Clock::Unsent
        };
        Self {
            after,
            queued,
            since: now,
            clock,
        }
    }

    /// Everything was handed to the transport.
    pub(super) fn sent(&mut self, stream: &Stream, fault: Fault, now: Instant) -> Verdict {
        if !matches!(self.clock, Clock::Unsent) {
            return Verdict::Stay;
        }
        let half_closes = match self.after {
            After::Redirect => fault.has(Fault::HalfCloseAfterRedirect),
            After::Fin => true,
            After::Reset => false,
        };
        if half_closes {
            stream.end();
        }
        let ask = if self.after == After::Reset {
            now
        } else {
            now + ASK_AGAIN
        };
        self.clock = Clock::Unacknowledged {
            since: now,
            left: None,
            left_since: now,
            ask,
        };
        let hasty = self.after == After::Redirect && fault.has(Fault::ResetAfterRedirect)
            || self.after == After::Reset && fault.has(Fault::ResetHasty);
        if hasty { Verdict::Reset } else { Verdict::Stay }
    }

    /// The client sent something.
    pub(super) fn heard(&mut self, now: Instant) {
        if let Clock::Running { heard, .. } = &mut self.clock {
            *heard = now;
        }
    }

    /// Whether the client's end of the stream is the end of it all.
    pub(super) fn ends_with_the_client(&self, fault: Fault) -> bool {
        self.after != After::Reset && !fault.has(Fault::DrainIgnoresEnd)
    }

    /// Whether it follows a `fin`.
    pub(super) fn follows_a_fin(&self) -> bool {
        self.after == After::Fin
    }

    /// Whether a faulty server gives up, whatever has not arrived.
    pub(super) fn is_over(&self, world: &World, now: Instant) -> bool {
        self.hasty_end(world).is_some_and(|end| end <= now)
    }

    fn hasty_end(&self, world: &World) -> Option<Instant> {
        let total = milliseconds(world.options.linger_total);
        let hasty = world.fault.has(Fault::DrainTotalEarly);
        hasty.then(|| self.since + total)
    }

    pub(super) fn wake(&self, world: &World) -> Option<Instant> {
        self.wake_by_the_clock(world)
            .into_iter()
            .chain(self.hasty_end(world))
            .min()
    }

    fn wake_by_the_clock(&self, world: &World) -> Option<Instant> {
        let Options {
            linger_idle,
            linger_total,
            ..
        } = world.options;
        match &self.clock {
            Clock::Unsent => None,
            Clock::Unacknowledged { ask, .. } => Some(*ask),
            Clock::Running { .. } if world.fault.has(Fault::DrainEndless) => None,
            Clock::Running { .. }
                if self.after == After::Fin && world.fault.has(Fault::FinLingers) =>
            {
                None
            }
            Clock::Running { began, heard } => {
                let idle = *heard + milliseconds(linger_idle);
                let total = *began + milliseconds(linger_total);
                if world.fault.has(Fault::DrainIdleMissing) {
                    Some(total)
                } else if world.fault.has(Fault::DrainTotalMissing) {
                    Some(idle)
                } else {
                    Some(idle.min(total))
                }
            }
        }
    }

    /// The time of `wake` has come.
    pub(super) fn look(&mut self, stream: &TcpStream, world: &World, now: Instant) -> Verdict {
        let Clock::Unacknowledged {
            since,
            left,
            left_since,
            ask,
        } = &mut self.clock
        else {
            return Verdict::Close;
        };
        let answer = unacknowledged(stream);
        let passed = *since + Duration::from_millis(self.queued.saturating_mul(1000) / RATE);
        if answer.map_or(now >= passed, |octets| octets == 0) {
            self.clock = Clock::Running {
                began: now,
                heard: now,
            };
            return if self.after == After::Reset {
                Verdict::Reset
            } else {
                Verdict::Stay
            };
        }
        if answer != *left {
            (*left, *left_since) = (answer, now);
        }
        *ask = now + ASK_AGAIN;
        let stalled = answer.is_some()
            && world
                .stall()
                .is_some_and(|stall| now >= *left_since + stall);
        if stalled {
            Verdict::Close
        } else {
            Verdict::Stay
        }
    }
}
