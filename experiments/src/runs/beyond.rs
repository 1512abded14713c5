//! More machines than one: what a redirector is to a service beside a proxy and beside DNS. Simulated, but for what a proxy
//! pays for an octet, which is measured.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};

use crate::experiment::{Experiment, Setting};
use crate::measure::statistics::{Summary, mean};
use crate::record::{Findings, Table};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "beyond",
    title: "Beyond one machine",
    asks: "Two simulations and a measurement. How evenly do clients spread over eight servers if DNS hands out one of them to each \
resolver for a minute, if a hash of the address chooses (ECMP), and if a redirector chooses? How many clients are sent to a \
server that is dead, while it is dead? The resolvers serve very different numbers of clients (Zipf). And what does a proxy \
that stays in the path pay for each octet: a thread that reads and writes, over loopback, in processor time. \
[`BEYOND.md`](BEYOND.md) says what follows from it.",
    paper: "It says that DNS is coarse and may balance poorly, and that a dispatcher or a proxy becomes a bottleneck; it \
measures neither.",
    meaning: "DNS moves crowds, and late: a resolver's clients all go to the same server until the time to live is over. A \
hash spreads as evenly as chance does, and moves clients when the set of servers changes. A redirector chooses for each client, \
and pays for it once; a proxy pays for every octet.",
    run,
};

/// Servers.
const SERVERS: usize = 8;
/// Seconds that a resolver keeps what DNS told it.
const TIME_TO_LIVE: f64 = 60.0;
/// Seconds until whoever watches the servers has seen that one is dead.
const NOTICED: f64 = 1.0;

fn run(setting: &mut Setting) -> Result<Findings> {
    let worlds = setting.pick(200, 3);
    let clients = setting.pick(20_000, 1000);
    let progress = setting.progress("worlds", worlds);
    let mut busiest = [(); 3].map(|()| Vec::new());
    let mut failed = [(); 3].map(|()| Vec::new());
    for _ in 0..worlds {
        let world = World::random(clients, &mut setting.random);
        for (by, (busiest, failed)) in BY.into_iter().zip(busiest.iter_mut().zip(&mut failed)) {
            busiest.push(world.busiest(by, &mut setting.random));
            failed.push(world.sent_to_the_dead(by, &mut setting.random));
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let mut findings = Findings::default();
    let columns = [
        "",
        "busiest server / mean: median",
        "p90",
        "clients sent to the dead server in the minute after it died, %",
        "p90",
    ];
    let mut table = Table::new(
        format!("{clients} clients that arrive in a minute, {SERVERS} servers, {worlds} worlds"),
        &columns,
    );
    for ((name, busiest), failed) in NAMES.into_iter().zip(busiest).zip(failed) {
        let (busiest, failed) = (Summary::of(busiest), Summary::of(failed));
        table.row(
            name,
            [busiest.median, busiest.p90, failed.median, failed.p90],
        );
    }
    findings.tables.push(table);
    let octets = setting.pick(256 << 20, 4 << 20);
    let repeats = setting.pick(5, 1);
    let costs: Result<Vec<f64>> = (0..repeats)
        .map(|_| microseconds_for_a_mebibyte(octets))
        .collect();
    let mut table = Table::new("What a proxy pays", &["", "processor time, microseconds"]);
    table.row("for each MiB that goes through it", [mean(&costs?)]);
    findings.tables.push(table);
    Ok(findings)
}

/// Who chooses a server for a client.
#[derive(Clone, Copy)]
enum By {
    Dns,
    Hash,
    Redirector,
}

const BY: [By; 3] = [By::Dns, By::Hash, By::Redirector];
const NAMES: [&str; 3] = [
    "DNS, round robin, 60 s",
    "ECMP, a hash of the address",
    "a redirector, least clients",
];

/// Clients that arrive within a minute, and the resolvers that they ask.
struct World {
    /// When each arrives, in seconds, and which resolver it has.
    clients: Vec<(f64, usize)>,
    /// When each resolver asks DNS for the first time, and whom it is told.
    resolvers: Vec<(f64, usize)>,
}

impl World {
    fn random(clients: usize, random: &mut fastrand::Rng) -> Self {
        let resolvers = 200;
        // The k-th serves a share of 1 / k.
        let shares: Vec<f64> = (1..=resolvers).map(|it| 1.0 / f64::from(it)).collect();
        let all: f64 = shares.iter().sum();
        let clients = (0..clients).map(|_| {
            let mut at = random.f64() * all;
            let resolver = shares.iter().position(|share| {
                at -= share;
                at <= 0.0
            });
            (random.f64() * 60.0, resolver.unwrap_or(0))
        });
        let clients = clients.collect();
        let resolvers = shares
            .iter()
            .map(|_| (random.f64() * TIME_TO_LIVE, random.usize(..SERVERS)));
        Self {
            clients,
            resolvers: resolvers.collect(),
        }
    }

    /// Whom a resolver names at that time: after each time to live the next one in turn that DNS knows to live.
    fn told(&self, resolver: usize, at: f64, dead: Option<(usize, f64)>) -> usize {
        let (first, server) = self.resolvers.get(resolver).copied().unwrap_or_default();
        let asked = if at < first {
            first - TIME_TO_LIVE
        } else {
            first
        };
        let server = if at < first { server } else { server + 1 } % SERVERS;
        match dead {
            Some((dead, since)) if dead == server && asked >= since => (server + 1) % SERVERS,
            _ => server,
        }
    }

    /// How many clients the busiest server has, beside the mean.
    fn busiest(&self, by: By, random: &mut fastrand::Rng) -> f64 {
        let mut counts = [0_usize; SERVERS];
        for (at, resolver) in &self.clients {
            let server = match by {
                By::Dns => self.told(*resolver, *at, None),
                By::Hash => random.usize(..SERVERS),
                By::Redirector => counts
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, count)| **count)
                    .map_or(0, |(at, _)| at),
            };
            if let Some(count) = counts.get_mut(server) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        most as f64 * SERVERS as f64 / self.clients.len() as f64
    }

    /// Clients that are sent to a server that died at the beginning, in percent of those that arrive.
    fn sent_to_the_dead(&self, by: By, random: &mut fastrand::Rng) -> f64 {
        let dead = random.usize(..SERVERS);
        let sent = self.clients.iter().filter(|(at, resolver)| match by {
            By::Dns => self.told(*resolver, *at, Some((dead, NOTICED))) == dead,
            By::Hash | By::Redirector => *at < NOTICED && random.usize(..SERVERS) == dead,
        });
        100.0 * sent.count() as f64 / self.clients.len() as f64
    }
}

/// What a thread that reads and writes takes of a processor.
fn microseconds_for_a_mebibyte(octets: usize) -> Result<f64> {
    let (mut source, from) = pair()?;
    let (to, mut sink) = pair()?;
    let writing = thread::spawn(move || -> Result<()> {
        let chunk = vec![7; 64 * 1024];
        for _ in 0..octets / chunk.len() {
            source.write_all(&chunk)?;
        }
        Ok(())
    });
    let relaying = thread::spawn(move || relay(from, to));
    let (mut buffer, mut came) = (vec![0; 64 * 1024], 0);
    let began = Instant::now();
    while came < octets {
        let count = sink.read(&mut buffer)?;
        anyhow::ensure!(count > 0, "the relay ended after {:?}", began.elapsed());
        came += count;
    }
    writing.join().ok().context("the source panicked")??;
    let seconds = relaying.join().ok().context("the relay panicked")??;
    Ok(1e6 * seconds / (octets as f64 / 1024.0 / 1024.0))
}

/// Carries one stream into another: the seconds of processor time that it took.
fn relay(mut from: TcpStream, mut to: TcpStream) -> Result<f64> {
    let mut buffer = vec![0; 64 * 1024];
    let began = clock_gettime(ClockId::ThreadCPUTime);
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
    }
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Ok((now.tv_sec - began.tv_sec) as f64 + (now.tv_nsec - began.tv_nsec) as f64 / 1e9)
}

fn pair() -> Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ours = TcpStream::connect(listener.local_addr()?)?;
    Ok((ours, listener.accept()?.0))
}
