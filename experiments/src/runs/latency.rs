//! From the client's connect to the end of the redirect: EOP at accept, and HTTP's 302.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use eop_wire::{Frame, HEADER_LEN, Header, RawHeader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::resolved;
use crate::experiment::{Experiment, Setting};
use crate::framed::Framed;
use crate::http;
use crate::measure::statistics::Summary;
use crate::measure::system::{stay_anywhere, stay_on};
use crate::measure::turns::take_turns;
use crate::plain;
use crate::record::{Axis, Findings, Graph, Line, Table};
use crate::servers::Server;
use crate::servers::http_daemons::{self, FILES};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "latency",
    title: "Server redirection latency (the paper's 4.2, Figure 7)",
    asks: "How long is it from the client's connect to the end of the redirect? Server 1 redirects without reading, as an EOP \
`Redirector` of `eop-net` (and over tokio), or it answers 302: nginx and Apache httpd as Debian has them (one worker, and one process of 512 threads), hyper, and a perfect \
302, which is a loop of epoll, httparse and one write. The client sends its request at once, in both protocols, unless it is \
slow: a slow one sends half of it, and the rest after a delay, unless the answer comes before; before \
each of these nothing happens for 20 ms, since processors that have rested are slow to begin. Servers run on one processor, \
the client on the other, and the servers take turns. The A/A ratio is that of a second nginx.",
    paper: "Apache with HTTP: latency that grows with the file's size, since a busy client sends its request late; with EOP it \
depends neither on the size nor on the number of requests.",
    meaning: "A redirect that does not read cannot wait for its client: its latency does not grow with the client's \
delay (how far it is the same, the budget says), and every HTTP server's does, by as much as the delay. That is the paper's point, and it holds for any server that \
has to read first. For a client that sends at once nothing is claimed beyond what a perfect 302 also reaches: the connection \
itself is most of the time. Today's event-driven servers do not collapse under slow clients as Apache 1.3 did.",
    run,
};

/// How long nothing happens before a client that may be slow.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a slow client waits with the second half of its request, in milliseconds.
const DELAYS: [u64; 9] = [0, 1, 2, 5, 10, 20, 50, 100, 200];
/// The server that bounds all others.
const LEAST: &str = "the least: accept, twelve octets";

/// A server 1, and where its clients end.
pub(super) struct Redirecting {
    pub(super) name: &'static str,
    pub(super) server: Server,
    pub(super) by: By,
}

/// How it redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Eop,
    Http,
}

/// Every server 1, whose clients are sent to these two places.
pub(super) fn all(files: SocketAddrV4, web: SocketAddrV4) -> Result<Vec<Redirecting>> {
    let (target, location) = (files.to_string(), format!("http://{web}/"));
    let ours = |name, kind, argument: &str, by| -> Result<Redirecting> {
        Ok(Redirecting {
            name,
            server: Server::ours(name, &[kind, argument])?,
            by,
        })
    };
    Ok(vec![
        ours("EOP", "redirector", &target, By::Eop)?,
        ours("EOP over tokio", "redirector-tokio", &target, By::Eop)?,
        ours("a perfect 302", "302", &location, By::Http)?,
        ours("hyper", "hyper", &location, By::Http)?,
        Redirecting {
            name: "nginx",
            server: http_daemons::nginx(&location)?,
            by: By::Http,
        },
        Redirecting {
            name: "nginx again (A/A)",
            server: http_daemons::nginx(&location)?,
            by: By::Http,
        },
        Redirecting {
            name: "Apache httpd",
            server: http_daemons::apache(&location)?,
            by: By::Http,
        },
    ])
}

/// What a client asks.
pub(super) fn request(by: By) -> Result<Vec<u8>> {
    let get = http::get("/move").into_bytes();
    Ok(match by {
        By::Http => get,
        By::Eop => Frame::normal(&get)?.encode().chunks().concat(),
    })
}

/// Connects, asks at once, and is redirected: seconds.
pub(super) fn be_redirected(by: By, server: SocketAddr) -> Result<f64> {
    let request = request(by)?;
    let began = Instant::now();
    let mut socket = connect(server)?;
    socket.write_all(&request)?;
    until_redirected(by, socket, began)
}

/// The same, but half of the request comes after `delay`, if no answer has come until then.
pub(super) fn be_slow(by: By, server: SocketAddr, delay: Duration) -> Result<f64> {
    let request = request(by)?;
    let (one, other) = request.split_at(request.len() / 2);
    let began = Instant::now();
    let mut socket = connect(server)?;
    socket.write_all(one)?;
    let limit = Timespec::try_from(delay).context("too long a delay")?;
    let answered = poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&limit))? > 0;
    if !answered {
        socket.write_all(other)?;
    }
    until_redirected(by, socket, began)
}

fn until_redirected(by: By, mut socket: TcpStream, began: Instant) -> Result<f64> {
    match by {
        By::Http => drop(http::redirect_of(&mut socket)?),
        By::Eop => {
            let mut octets = [0; HEADER_LEN];
            socket.read_exact(&mut octets)?;
            let header = Header::try_from(RawHeader::from_bytes(&octets))?;
            ensure!(
                matches!(header, Header::Redirect { len: 0, .. }),
                "no redirect: {header}"
            );
        }
    }
    Ok(began.elapsed().as_secs_f64())
}

/// A server that says nothing is not waited for without end.
fn connect(to: SocketAddr) -> Result<TcpStream> {
    let socket = plain::connect(to)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(socket)
}

fn run(setting: &mut Setting) -> Result<Findings> {
    let nowhere = "http://127.0.0.1:9/";
    let web = http_daemons::nginx(nowhere)?;
    let files = Server::ours("files", &["files", ""])?;
    let first = |it: &Server| {
        it.addresses
            .first()
            .copied()
            .unwrap_or(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))
    };
    let servers = all(first(&files), first(&web))?;
    let mut findings = Findings::default();
    stay_on(0);
    fast(setting, &servers, &mut findings)?;
    flat(setting, &servers, &mut findings)?;
    by_delay(setting, &servers, &mut findings)?;
    by_file(
        setting,
        &servers,
        files.address(),
        web.address(),
        &mut findings,
    )?;
    mixed(setting, &servers, &mut findings)?;
    held(setting, &servers, &mut findings)?;
    stay_anywhere();
    Ok(findings)
}

/// Takes turns, and summarises what each server came to, in microseconds.
fn turns(
    setting: &mut Setting,
    servers: &[Redirecting],
    repeats: usize,
    mut play: impl FnMut(&Redirecting) -> Result<f64>,
) -> Result<Vec<Summary>> {
    let samples = take_turns(servers.len(), repeats, &mut setting.random, |it| {
        let server = servers.get(it).context("no such server")?;
        play(server).with_context(|| server.name)
    })?;
    Ok(samples.into_iter().map(microseconds).collect())
}

/// A summary, in microseconds, of seconds.
fn microseconds(samples: Vec<f64>) -> Summary {
    Summary::of(samples.into_iter().map(|it| it * 1e6).collect())
}

/// Finds one of them by its name.
fn of<'a, T>(name: &str, servers: &[Redirecting], all: &'a [T]) -> Option<&'a T> {
    let place = servers.iter().position(|it| it.name == name)?;
    all.get(place)
}

fn fast(setting: &mut Setting, servers: &[Redirecting], findings: &mut Findings) -> Result<()> {
    let repeats = setting.pick(2000, 20);
    let nobody = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9).to_string();
    let least = Server::ours(LEAST, &["least", &nobody])?;
    let of_all = |it: &Redirecting| (it.name, it.by, it.server.address());
    let mut clients: Vec<_> = servers.iter().map(of_all).collect();
    clients.push((LEAST, By::Eop, least.address()));
    let samples = take_turns(clients.len(), repeats, &mut setting.random, |it| {
        let (name, by, address) = *clients.get(it).context("no such server")?;
        be_redirected(by, address).with_context(|| name)
    })?;
    let summaries: Vec<Summary> = samples.into_iter().map(microseconds).collect();
    let median = |wanted: &str| {
        let all = clients.iter().zip(&summaries);
        let mut found = all.filter(|((name, ..), _)| *name == wanted);
        found.next().map_or(f64::NAN, |(_, it)| it.median)
    };
    let ratio = |one: &str, other: &str| median(one) / median(other);
    let title = "A client that asks at once: microseconds";
    let columns = ["", "median", "p10", "p90", "x nginx", "x the least"];
    let mut table = Table::new(title, &columns);
    for ((name, ..), it) in clients.iter().zip(&summaries) {
        let (nginx, least) = (ratio(name, "nginx"), ratio(name, LEAST));
        table.row(*name, [it.median, it.p10, it.p90, nginx, least]);
    }
    findings.tables.push(table);
    let spread = (ratio("nginx again (A/A)", "nginx") - 1.0).abs();
    for (other, limit) in [("nginx", 0.75), ("Apache httpd", 0.55)] {
        let what = format!("redirect latency, client that asks at once, beside {other}");
        let unit = format!("x {other}");
        let budget = resolved(&what, limit, ratio("EOP", other), &unit, spread);
        findings.budgets.push(budget);
    }
    let perfect = ratio("a perfect 302", "nginx");
    let [of_nginx, of_apache] = ["nginx", "Apache httpd"].map(|it| ratio(LEAST, it));
    findings.notes.push(format!(
        "The least that a server can do, to accept and to send twelve octets, takes {of_nginx:.2} x nginx's time for such a client and \
{of_apache:.2} x Apache's: that is a client's connect and two processors that wake each other, and nobody is spared it. A \
perfect 302 takes {perfect:.2} x nginx's time."
    ));
    Ok(())
}

/// Shows that the delay of its client is nothing to EOP: every delay takes turns with every other.
fn flat(setting: &mut Setting, servers: &[Redirecting], findings: &mut Findings) -> Result<()> {
    let delays: &[u64] = setting.pick(&DELAYS, &[0, 20]);
    let repeats = setting.pick(150, 3);
    let eop = of("EOP", servers, servers).context("no EOP")?;
    let first = delays.first().copied();
    let turns: Vec<u64> = delays.iter().copied().chain(first).collect();
    let samples = take_turns(turns.len(), repeats, &mut setting.random, |it| {
        let delay = turns.get(it).context("no such delay")?;
        thread::sleep(PAUSE);
        be_slow(eop.by, eop.server.address(), Duration::from_millis(*delay))
    })?;
    let summaries: Vec<Summary> = samples.into_iter().map(microseconds).collect();
    let begin = summaries.first().map_or(f64::NAN, |it| it.median);
    let change = |it: &Summary| 100.0 * (it.median / begin - 1.0);
    let title = "EOP by the client's delay, all delays taking turns: microseconds";
    let mut table = Table::new(title, &["", "median", "p10", "p90", "change, %"]);
    for (place, (delay, it)) in turns.iter().zip(&summaries).enumerate() {
        let again = if place == delays.len() {
            " again (A/A)"
        } else {
            ""
        };
        let name = format!("{delay} ms{again}");
        table.row(name, [it.median, it.p10, it.p90, change(it)]);
    }
    findings.tables.push(table);
    let farthest = summaries
        .iter()
        .map(|it| change(it).abs())
        .fold(0.0, f64::max);
    let spread = summaries.last().map_or(f64::NAN, |it| change(it).abs());
    let what = "redirect latency against client delay 0 to 200 ms: change of the median";
    findings
        .budgets
        .push(resolved(what, 20.0, farthest, "%", spread));
    Ok(())
}

fn by_delay(setting: &mut Setting, servers: &[Redirecting], findings: &mut Findings) -> Result<()> {
    let delays: &[u64] = setting.pick(&DELAYS, &[0, 20]);
    let columns: Vec<String> = delays.iter().map(|it| format!("{it} ms")).collect();
    let columns: Vec<&str> = std::iter::once("")
        .chain(columns.iter().map(String::as_str))
        .collect();
    let mut table = Table::new("By the client's delay: medians, in microseconds", &columns);
    let mut rows = vec![Vec::new(); servers.len()];
    let progress = setting.progress("delays", delays.len());
    for delay in delays {
        let repeats = setting.pick(if *delay >= 50 { 11 } else { 21 }, 3);
        let summaries = turns(setting, servers, repeats, |it| {
            // Processors that have rested are slow to begin. So that all delays are alike, they rest before each.
            thread::sleep(PAUSE);
            be_slow(it.by, it.server.address(), Duration::from_millis(*delay))
        })?;
        for (row, summary) in rows.iter_mut().zip(summaries) {
            row.push(summary.median);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    for (server, row) in servers.iter().zip(&rows) {
        table.row(server.name, row.iter().copied());
    }
    findings.tables.push(table);
    let lines = servers
        .iter()
        .zip(&rows)
        .filter(|(server, _)| server.name != "nginx again (A/A)");
    let lines = lines.map(|(server, row)| Line {
        name: server.name.to_owned(),
        points: delays
            .iter()
            .map(|it| *it as f64)
            .zip(row.iter().copied())
            .collect(),
    });
    findings.graphs.push(Graph {
        name: "latency-by-delay".to_owned(),
        title: "Redirection latency by the client's delay".to_owned(),
        x: Axis::linear("delay of the second half of the request, milliseconds"),
        y: Axis::logarithmic("microseconds"),
        lines: lines.collect(),
    });
    Ok(())
}

fn by_file(
    setting: &mut Setting,
    servers: &[Redirecting],
    files: SocketAddr,
    web: SocketAddr,
    findings: &mut Findings,
) -> Result<()> {
    let counts: &[usize] = setting.pick(&[10, 50, 200], &[5]);
    let sizes: &[usize] = setting.pick(&FILES, &FILES[..2]);
    let progress = setting.progress("files", counts.len() * sizes.len());
    let mut lines: Vec<Line> = Vec::new();
    for count in counts {
        let title = format!(
            "By the file that is fetched at server 2: mean redirection latency of {count} requests, microseconds"
        );
        let columns: Vec<String> = sizes
            .iter()
            .map(|it| format!("{} KiB", it / 1024))
            .collect();
        let columns: Vec<&str> = std::iter::once("")
            .chain(columns.iter().map(String::as_str))
            .collect();
        let mut table = Table::new(title, &columns);
        let mut sums = vec![vec![0.0; sizes.len()]; servers.len()];
        for (column, size) in sizes.iter().enumerate() {
            let samples = take_turns(servers.len(), *count, &mut setting.random, |it| {
                let server = servers.get(it).context("no such server")?;
                let took = be_redirected(server.by, server.server.address())?;
                match server.by {
                    By::Http => ensure!(
                        http::fetch(web, &format!("/{size}"))? == *size as u64,
                        "another file"
                    ),
                    By::Eop => fetch_by_eop(files, *size)?,
                }
                Ok(took)
            })?;
            for (sums, samples) in sums.iter_mut().zip(samples) {
                if let Some(sum) = sums.get_mut(column) {
                    *sum = 1e6 * samples.iter().sum::<f64>() / samples.len() as f64;
                }
            }
            progress.inc(1);
        }
        for (server, row) in servers.iter().zip(&sums) {
            table.row(server.name, row.iter().copied());
            if Some(count) == counts.last() && server.name != "nginx again (A/A)" {
                let points = sizes
                    .iter()
                    .map(|it| *it as f64 / 1024.0)
                    .zip(row.iter().copied());
                lines.push(Line {
                    name: server.name.to_owned(),
                    points: points.collect(),
                });
            }
        }
        findings.tables.push(table);
    }
    progress.finish_and_clear();
    findings.graphs.push(Graph {
        name: "latency-by-file".to_owned(),
        title: "Redirection latency by the file at server 2".to_owned(),
        x: Axis::logarithmic("KiB"),
        y: Axis::linear("microseconds"),
        lines,
    });
    Ok(())
}

fn fetch_by_eop(from: SocketAddr, size: usize) -> Result<()> {
    let mut framed = Framed::over(plain::connect(from)?);
    let mut message = vec![0; HEADER_LEN];
    message.extend(size.to_string().bytes());
    framed.send_behind_headroom(&mut message)?;
    let Some(Header::Normal { len }) = framed.receive()? else {
        bail!("no file")
    };
    ensure!(len as usize == size, "another file");
    Ok(())
}

/// Slow clients, all the time, while a fast one is measured.
fn mixed(setting: &mut Setting, servers: &[Redirecting], findings: &mut Findings) -> Result<()> {
    let (slow, delay) = (setting.pick(32, 4), Duration::from_millis(50));
    let repeats = setting.pick(400, 10);
    let title = format!("{slow} slow clients with a delay of 50 ms, and a fast one: microseconds");
    let columns = ["", "fast: median", "fast: p90", "slow: median", "slow: p90"];
    let mut table = Table::new(title, &columns);
    let mut order: Vec<&Redirecting> = servers.iter().collect();
    setting.random.shuffle(&mut order);
    let progress = setting.progress("servers with slow clients", servers.len());
    for server in order {
        let (by, address) = (server.by, server.server.address());
        let over = AtomicBool::new(false);
        let (fast, slow) = thread::scope(|scope| -> Result<_> {
            let slow: Vec<_> = (0..slow)
                .map(|_| {
                    scope.spawn(|| {
                        let mut samples = Vec::new();
                        while !over.load(Ordering::Relaxed) {
                            samples.push(be_slow(by, address, delay)? * 1e6);
                            // Whoever was quick waits as long as the others would have.
                            thread::sleep(delay);
                        }
                        anyhow::Ok(samples)
                    })
                })
                .collect();
            thread::sleep(2 * delay);
            let fast = (0..repeats).map(|_| {
                thread::sleep(Duration::from_millis(1));
                Ok(be_redirected(by, address)? * 1e6)
            });
            let fast: Result<Vec<f64>> = fast.collect();
            over.store(true, Ordering::Relaxed);
            let mut all = Vec::new();
            for slow in slow {
                all.extend(slow.join().ok().context("a client panicked")??);
            }
            Ok((Summary::of(fast?), Summary::of(all)))
        })?;
        table.row(server.name, [fast.median, fast.p90, slow.median, slow.p90]);
        progress.inc(1);
    }
    progress.finish_and_clear();
    findings.tables.push(table);
    Ok(())
}

/// Clients that send an octet and then nothing, while a fast one is measured.
fn held(setting: &mut Setting, servers: &[Redirecting], findings: &mut Findings) -> Result<()> {
    let (holding, repeats) = (setting.pick(400, 20), setting.pick(300, 10));
    let title = format!("{holding} clients that sent one octet, and a fast one: microseconds");
    let mut table = Table::new(title, &["", "median", "p10", "p90"]);
    let mut order: Vec<&Redirecting> = servers.iter().collect();
    setting.random.shuffle(&mut order);
    for server in order {
        let (by, address) = (server.by, server.server.address());
        let mut holders = Vec::new();
        for _ in 0..holding {
            let mut socket = connect(address)?;
            socket.write_all(request(by)?.get(..1).unwrap_or_default())?;
            holders.push(socket);
        }
        let samples = (0..repeats).map(|_| Ok(be_redirected(by, address)? * 1e6));
        let it = Summary::of(samples.collect::<Result<_>>()?);
        table.row(server.name, [it.median, it.p10, it.p90]);
    }
    findings.tables.push(table);
    Ok(())
}
