//! [`Path`]: what one direction of a link does to its packets. No socket, no thread and no clock may come in.

use std::time::{Duration, Instant};

/// One direction of a link. By default it delays nothing, loses nothing and has no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    /// How long a packet is on its way.
    pub delay: Duration,
    /// The share of the packets that get lost: 0.05 is one of twenty.
    pub loss: f64,
    /// Whether packets that open a TCP connection are spared: a lost one costs a second, which an experiment may not want to
    /// measure.
    pub spares_syn: bool,
    /// Bits a second; `None` for as many as come.
    pub rate: Option<u64>,
    /// Octets that may wait for their turn, where there is a rate. What does not fit in is lost.
    pub queue: u64,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            loss: 0.0,
            spares_syn: false,
            rate: None,
            queue: 256 * 1024,
        }
    }
}

/// What lies between a host and the middle of the star.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Access {
    /// From the host.
    pub up: Path,
    /// To it.
    pub down: Path,
}

impl Access {
    /// The same in both directions.
    #[must_use]
    pub const fn both(path: Path) -> Self {
        Self {
            up: path,
            down: path,
        }
    }
}

/// What became of the packets of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that came through, or are on their way.
    pub carried: u64,
    /// Packets that got lost by chance.
    pub lost: u64,
    /// Packets for which the queue had no room.
    pub dropped: u64,
}

/// A path in use.
#[derive(Debug)]
pub(crate) struct Course {
    path: Path,
    chance: fastrand::Rng,
    /// When what was let in before is out of the queue.
    free_at: Option<Instant>,
    pub(crate) counts: Counts,
}

impl Course {
    pub(crate) fn new(path: Path, seed: u64) -> Self {
        Self {
            path,
            chance: fastrand::Rng::with_seed(seed),
            free_at: None,
            counts: Counts::default(),
        }
    }

    /// When an IPv4 packet that enters now is through; `None` if it never is.
    pub(crate) fn enter(&mut self, packet: &[u8], now: Instant) -> Option<Instant> {
        let spared = self.path.spares_syn && opens_a_connection(packet);
        if !spared && self.chance.f64() < self.path.loss {
            self.counts.lost = self.counts.lost.saturating_add(1);
            return None;
        }
        let begins = self.free_at.map_or(now, |free| free.max(now));
        let waits = begins.saturating_duration_since(now);
        if waits > self.takes(self.path.queue) {
            self.counts.dropped = self.counts.dropped.saturating_add(1);
            return None;
        }
        self.counts.carried = self.counts.carried.saturating_add(1);
        let octets = u64::try_from(packet.len()).unwrap_or(u64::MAX);
        let out = begins.checked_add(self.takes(octets))?;
        self.free_at = Some(out);
        out.checked_add(self.path.delay)
    }

    /// How long it takes to send so many octets.
    fn takes(&self, octets: u64) -> Duration {
        let nanoseconds = octets.saturating_mul(8_000_000_000);
        let taken = self.path.rate.map(|rate| nanoseconds.checked_div(rate));
        taken.map_or(Duration::ZERO, |it| {
            it.map_or(Duration::MAX, Duration::from_nanos)
        })
    }
}

/// Whether an IPv4 packet carries TCP with its SYN bit set.
fn opens_a_connection(packet: &[u8]) -> bool {
    const TCP: u8 = 6;
    const SYN: u8 = 2;
    let header = packet
        .first()
        .map_or(0, |first| usize::from(first & 0x0f) * 4);
    let flags = packet.get(header.saturating_add(13));
    packet.get(9) == Some(&TCP) && flags.is_some_and(|flags| flags & SYN != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// An IPv4 packet of TCP with these flags.
    fn packet(flags: u8, len: usize) -> Vec<u8> {
        let mut packet = vec![0; len];
        packet[0] = 0x45;
        packet[9] = 6;
        packet[33] = flags;
        packet
    }

    /// What becomes of `count` packets, one after the other.
    fn fates(path: Path, seed: u64, count: usize) -> Vec<bool> {
        let mut course = Course::new(path, seed);
        let packet = packet(0, 100);
        let now = Instant::now();
        (0..count)
            .map(|_| course.enter(&packet, now).is_some())
            .collect()
    }

    #[test]
    fn a_delay_is_added_to_every_packet() {
        let path = Path {
            delay: 25 * MS,
            ..Path::default()
        };
        let now = Instant::now();
        let out = Course::new(path, 0).enter(&packet(0, 1500), now);
        assert_eq!(out, Some(now + 25 * MS));
    }

    #[test]
    fn the_share_that_gets_lost_is_the_one_asked_for() {
        let path = Path {
            loss: 0.2,
            ..Path::default()
        };
        let lost = fates(path, 1, 10_000).iter().filter(|it| !**it).count();
        assert!((1_800..2_200).contains(&lost), "{lost} of 10000");
    }

    #[test]
    fn the_seed_says_which_get_lost() {
        let path = Path {
            loss: 0.5,
            ..Path::default()
        };
        assert_eq!(fates(path, 1, 100), fates(path, 1, 100));
        assert_ne!(fates(path, 1, 100), fates(path, 2, 100));
    }

    #[test]
    fn what_opens_a_connection_can_be_spared() {
        let path = Path {
            loss: 1.0,
            spares_syn: true,
            ..Path::default()
        };
        let mut course = Course::new(path, 0);
        let now = Instant::now();
        assert_eq!(course.enter(&packet(0x02, 40), now), Some(now));
        assert_eq!(course.enter(&packet(0x10, 40), now), None);
    }

    #[test]
    fn packets_wait_for_their_turn_and_the_queue_has_an_end() {
        // 1000 octets a millisecond, and room for two packets more.
        let path = Path {
            rate: Some(8_000_000),
            queue: 2_000,
            ..Path::default()
        };
        let mut course = Course::new(path, 0);
        let (packet, now) = (packet(0, 1000), Instant::now());
        let out: Vec<_> = (0..4).map(|_| course.enter(&packet, now)).collect();
        let expected = [Some(now + MS), Some(now + 2 * MS), Some(now + 3 * MS), None];
        assert_eq!(out, expected);
        assert_eq!((course.counts.carried, course.counts.dropped), (3, 1));
    }
}
