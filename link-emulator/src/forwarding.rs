//! [`Network`]: one thread that carries the packets of all hosts. When one is through a path is `path.rs`'s to say.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, PipeReader, PipeWriter};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tun_rs::SyncDevice;

use crate::host::Host;
use crate::path::{Access, Counts, Course};

/// More than a packet.
const CAPACITY: usize = 2048;
/// Packets taken from a host before another has its turn.
const TURN: usize = 64;
/// The most hosts there can be: their addresses are 10.77.0.1 and on.
const HOSTS: usize = 254;

/// Hosts, and the links between them. Dropping it stops the links; then every packet gets lost.
#[derive(Debug)]
pub struct Network<const N: usize> {
    hosts: [Host; N],
    paths: Arc<Mutex<Vec<Paths>>>,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

/// A host's two paths.
#[derive(Debug)]
struct Paths {
    up: Course,
    down: Course,
}

impl<const N: usize> Network<N> {
    /// Hosts, each behind one of `accesses`. All chance comes from `seed`.
    ///
    /// # Errors
    /// What the system says: that this process is not root, that `ip` is not to be had, or that there are too many hosts.
    pub fn start(seed: u64, accesses: [Access; N]) -> io::Result<Self> {
        let mut seeds = fastrand::Rng::with_seed(seed);
        let (mut hosts, mut devices, mut paths) = (Vec::new(), Vec::new(), Vec::new());
        for (number, Access { up, down }) in (1..).zip(accesses) {
            if usize::from(number) > HOSTS {
                return Err(io::Error::other(format!("more than {HOSTS} hosts")));
            }
            let (host, device) = Host::new(Ipv4Addr::new(10, 77, 0, number))?;
            hosts.push(host);
            devices.push(device);
            let up = Course::new(up, seeds.u64(..));
            let down = Course::new(down, seeds.u64(..));
            paths.push(Paths { up, down });
        }
        let hosts = hosts
            .try_into()
            .map_err(|_| io::Error::other("a host for each access"))?;
        let (stopped, stop) = io::pipe()?;
        let paths = Arc::new(Mutex::new(paths));
        let forwarding = Forwarding {
            devices,
            paths: Arc::clone(&paths),
            travelling: BinaryHeap::new(),
            sequence: 0,
        };
        let thread = thread::Builder::new()
            .name("eop-links".to_owned())
            .spawn(move || forwarding.run(&stopped))?;
        Ok(Self {
            hosts,
            paths,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The hosts, in the order of their accesses.
    #[must_use]
    pub const fn hosts(&self) -> &[Host; N] {
        &self.hosts
    }

    /// What became of the packets from each host and to it.
    #[must_use]
    pub fn counts(&self) -> Vec<(Counts, Counts)> {
        let paths = lock(&self.paths);
        paths
            .iter()
            .map(|it| (it.up.counts, it.down.counts))
            .collect()
    }
}

impl<const N: usize> Drop for Network<N> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Nothing that can panic happens under this lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Forwarding {
    devices: Vec<SyncDevice>,
    paths: Arc<Mutex<Vec<Paths>>>,
    /// What is on its way, soonest first.
    travelling: BinaryHeap<Reverse<Travelling>>,
    sequence: u64,
}

/// A packet on its way. They are ordered by when they arrive, and those that arrive together by when they came.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Travelling {
    at: Instant,
    sequence: u64,
    /// Whose packet it is.
    to: usize,
    leg: Leg,
    packet: Vec<u8>,
}

/// Which path a packet is on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Leg {
    Up,
    Down,
}

impl Forwarding {
    fn run(mut self, stopped: &PipeReader) {
        while let Ok(Some(sending)) = self.wait(stopped) {
            for host in sending {
                self.take_from(host);
            }
            self.carry();
        }
    }

    /// Waits until hosts send, or a packet arrives: the hosts that do; `None` if that is over.
    fn wait(&self, stopped: &PipeReader) -> io::Result<Option<Vec<usize>>> {
        let next = self.travelling.peek().map(|Reverse(next)| next.at);
        let timeout = next.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut polled = vec![PollFd::new(stopped, PollFlags::IN)];
        let devices = self.devices.iter();
        polled.extend(devices.map(|it| PollFd::new(it, PollFlags::IN)));
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = polled.iter().map(|it| !it.revents().is_empty());
        if ready.next() == Some(true) {
            return Ok(None);
        }
        let sending = ready.enumerate().filter(|(_, is_ready)| *is_ready);
        Ok(Some(sending.map(|(host, _)| host).collect()))
    }

    /// Takes the packets that a host sends.
    fn take_from(&mut self, host: usize) {
        let mut octets = [0; CAPACITY];
        for _ in 0..TURN {
            let received = self.devices.get(host).map(|it| it.recv(&mut octets));
            let Some(Ok(count)) = received else {
                return;
            };
            let packet = octets.get(..count).unwrap_or_default();
            let Some(to) = self.destination(packet) else {
                continue;
            };
            let through = self.enter(host, &Leg::Up, packet, Instant::now());
            if let Some(at) = through {
                self.send_off(at, to, Leg::Up, packet.to_vec());
            }
        }
    }

    /// Moves on the packets whose time has come.
    fn carry(&mut self) {
        while let Some(Travelling {
            at,
            to,
            leg,
            packet,
            ..
        }) = self.arrived()
        {
            match leg {
                Leg::Up => {
                    if let Some(at) = self.enter(to, &Leg::Down, &packet, at) {
                        self.send_off(at, to, Leg::Down, packet);
                    }
                }
                Leg::Down => {
                    // What the host has no room for is lost, as on any link.
                    let _ = self.devices.get(to).map(|it| it.send(&packet));
                }
            }
        }
    }

    fn arrived(&mut self) -> Option<Travelling> {
        let next = self.travelling.peek_mut()?;
        if next.0.at > Instant::now() {
            return None;
        }
        let Reverse(arrived) = PeekMut::pop(next);
        Some(arrived)
    }

    fn enter(&self, host: usize, leg: &Leg, packet: &[u8], now: Instant) -> Option<Instant> {
        let mut paths = lock(&self.paths);
        let Paths { up, down } = paths.get_mut(host)?;
        match leg {
            Leg::Up => up.enter(packet, now),
            Leg::Down => down.enter(packet, now),
        }
    }

    fn send_off(&mut self, at: Instant, to: usize, leg: Leg, packet: Vec<u8>) {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        self.travelling.push(Reverse(Travelling {
            at,
            sequence,
            to,
            leg,
            packet,
        }));
    }

    /// The host to which an IPv4 packet goes, if it is one of ours.
    fn destination(&self, packet: &[u8]) -> Option<usize> {
        let is_v4 = packet.first().is_some_and(|first| first >> 4 == 4);
        let address: [u8; 4] = *packet.get(16..)?.first_chunk()?;
        match address {
            [10, 77, 0, number] if is_v4 => usize::from(number)
                .checked_sub(1)
                .filter(|host| *host < self.devices.len()),
            [..] => None,
        }
    }
}
