//! A redirect over a long way, where the paper's two campuses were.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use eop_link_emulator::{Access, Host, Network, Path};
use eop_net::Listener;
use eop_net::server::{Config, Redirector};

use super::latency::{By, be_redirected, be_slow};
use super::transaction::{Bench, WAYS, kinds};
use crate::experiment::{Experiment, Setting};
use crate::measure::statistics::Summary;
use crate::measure::turns::take_turns;
use crate::record::{Findings, Table};
use crate::servers::moving;

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "wan",
    title: "Over a long way",
    asks: "The client is 20, 80 and 150 ms (there and back) away from all servers: network namespaces, whose link is emulated by \
this process. Two requests at two servers, as in `transaction`, for 100 octets and for 32 KiB; and the latency of a redirect at \
accept beside an HTTP 302, whose server here does nothing else than read and answer. Each in round trips, so that one sees \
what is spent: a median by the time there and back.",
    paper: "It measured between two campuses (Davis and Nashville), and gives no time for the way.",
    meaning: "Over a long way round trips are everything. A transaction takes four: connect and ask, twice; longer answers take \
more, because TCP begins slowly. Connecting at the redirect's header saves one of them if the answer does not come in one \
flight. A redirect at accept takes as many round trips as a 302 if the client asks at once (connect, and then request and \
redirect cross or follow each other), and a slow client costs it nothing.",
    run,
};

fn run(setting: &mut Setting) -> Result<Findings> {
    let ways: &[u64] = setting.pick(&[20, 80, 150], &[20]);
    let repeats = setting.pick(7, 2);
    let mut findings = Findings::default();
    let columns = ways
        .iter()
        .flat_map(|it| [format!("{it} ms, 100 B"), format!("{it} ms, 32 KiB")]);
    let mut transactions = table("Two requests at two servers: round trips", columns);
    let columns = ways.iter().map(|it| format!("{it} ms"));
    let mut latencies = table("Redirection latency: round trips", columns);
    let mut of_ways = vec![Vec::new(); WAYS.len()];
    let mut of_servers = vec![Vec::new(); REDIRECTS.len()];
    let progress = setting.progress("distances", 3 * ways.len());
    for milliseconds in ways {
        let rtt = Duration::from_millis(*milliseconds);
        let path = Path {
            delay: rtt / 2,
            ..Path::default()
        };
        let network = Network::start(11, [Access::both(path), Access::default()])
            .context("network namespaces take root, ip of iproute2 and /dev/net/tun")?;
        let [clients, servers] = network.hosts();
        let random = &mut setting.random;
        for size in [100, 32 * 1024] {
            let medians = transactions_of(clients, servers, size, repeats, random)?;
            for (row, median) in of_ways.iter_mut().zip(medians) {
                row.push(median / rtt.as_secs_f64());
            }
            progress.inc(1);
        }
        let medians = latencies_of(clients, servers, repeats, random)?;
        for (row, median) in of_servers.iter_mut().zip(medians) {
            row.push(median / rtt.as_secs_f64());
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    for ((name, _), row) in WAYS.iter().zip(of_ways) {
        transactions.row(*name, row);
    }
    for ((name, ..), row) in REDIRECTS.iter().zip(of_servers) {
        latencies.row(*name, row);
    }
    findings.tables.extend([transactions, latencies]);
    Ok(findings)
}

fn table(title: &str, columns: impl Iterator<Item = String>) -> Table {
    let mut table = Table::new(title, &[""]);
    table.columns.extend(columns);
    table
}

fn transactions_of(
    clients: &Host,
    servers: &Host,
    size: usize,
    repeats: usize,
    random: &mut fastrand::Rng,
) -> Result<Vec<f64>> {
    let length = Arc::new(AtomicUsize::new(size));
    let places =
        servers.within(|| moving::begin_transaction(servers.address(), &kinds(), &length))??;
    let mut bench = Bench::new(size, random);
    let samples = clients.within(|| {
        take_turns(WAYS.len(), repeats, random, |it| {
            let (name, way) = WAYS.get(it).context("no such way")?;
            let places = places.get(it).context("no such servers")?;
            bench.transact(*way, *places).context(*name)
        })
    })??;
    Ok(samples
        .into_iter()
        .map(|it| Summary::of(it).median)
        .collect())
}

/// A redirect, and the client's delay.
const REDIRECTS: [(&str, By, Option<Duration>); 4] = [
    ("EOP at accept", By::Eop, None),
    ("HTTP 302", By::Http, None),
    (
        "EOP at accept, the client sends half of its request 100 ms later",
        By::Eop,
        Some(Duration::from_millis(100)),
    ),
    (
        "HTTP 302, the client sends half of its request 100 ms later",
        By::Http,
        Some(Duration::from_millis(100)),
    ),
];

fn latencies_of(
    clients: &Host,
    servers: &Host,
    repeats: usize,
    random: &mut fastrand::Rng,
) -> Result<Vec<f64>> {
    let address = (servers.address(), 0).into();
    let target = SocketAddrV4::new(servers.address(), 9);
    let (eop, http, _redirector) =
        servers.within(|| -> Result<(SocketAddr, SocketAddr, Redirector)> {
            let listener = Listener::bind(address, Config::default())?;
            let eop = listener.local_addr()?;
            let redirector = Redirector::start([listener], target)?;
            let listener = TcpListener::bind(address)?;
            let http = listener.local_addr()?;
            thread::spawn(move || {
                for socket in listener.incoming().flatten() {
                    // A client that is gone is none of the next one's business.
                    let _ = answer_302(socket);
                }
            });
            Ok((eop, http, redirector))
        })??;
    let samples = clients.within(|| {
        take_turns(REDIRECTS.len(), repeats, random, |it| {
            let (name, by, delay) = REDIRECTS.get(it).context("no such redirect")?;
            let server = if *by == By::Eop { eop } else { http };
            let began = Instant::now();
            match delay {
                None => be_redirected(*by, server),
                Some(delay) => be_slow(*by, server, *delay),
            }
            .with_context(|| format!("{name}, after {:?}", began.elapsed()))
        })
    })??;
    Ok(samples
        .into_iter()
        .map(|it| Summary::of(it).median)
        .collect())
}

fn answer_302(mut socket: TcpStream) -> Result<()> {
    let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        request.extend(buffer.iter().take(count));
    }
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    Ok(socket.write_all(answer.as_bytes())?)
}
