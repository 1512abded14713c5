//! How many clients a redirector moves in a second, and what each costs it: processor time, system calls, sockets that are
//! left behind.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use eop_wire::{HEADER_LEN, Header, RawHeader};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::latency::{By, Redirecting, all, request};
use super::{counted, resolved};
use crate::experiment::{Experiment, Setting};
use crate::http::Head;
use crate::measure::statistics::Summary;
use crate::measure::system::{
    cpu_seconds, family, own_cpu_seconds, stay_anywhere, stay_on, time_waits,
};
use crate::measure::turns::take_turns;
use crate::record::{Findings, Table};
use crate::servers::wait_for_events;

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "rate",
    title: "Redirects a second, and what each costs the server",
    asks: "Thirty-two clients at a time connect, ask at once, are redirected, close, and begin anew, from one thread on one \
processor; each server has the other processor. Servers take turns in slices; rates and processor time are medians of the \
slices. Processor time is what the kernel counts for all threads of the server; on loopback it contains some of the client's \
TCP. Beside it stands what the server and the client's thread spend together. System calls are counted by strace, over a number of redirects of their own, and are exact but for the waiting. All \
servers close in a way that loses nothing: those of HTTP have read the request, the redirector of EOP waits for its client to \
close. TIME_WAIT stays where the connection was closed first.",
    paper: "None; it says that the steps of a redirect (accept, redirect) are fewer.",
    meaning: "Setting up and tearing down TCP connections is most of the work, whatever the protocol; processor time and \
system calls tell more than rates do. A redirector that loses nothing reads once, when its client is gone, where a server of \
HTTP reads its request; but nobody waits for that, so `Redirector` looks after all that it moved together, once a millisecond, \
and one call tells which of them have gone. So it makes two calls less than nginx. Its processor time is a little more all the \
same, and that is the place where it is counted: the client closes first, so its last acknowledgement and its TIME_WAIT are made \
on loopback while the server closes, by the server's processor. In HTTP the server closes first, and the client's processor \
does as much for the server. Both ends together spend less than with nginx. Over tokio a redirect costs a task's wake-up more. A \
redirector whose clients close first keeps no TIME_WAIT; a server of HTTP that closes first keeps one for each client for a \
minute.",
    run,
};

/// Clients at a time.
const CLIENTS: usize = 32;

fn run(setting: &mut Setting) -> Result<Findings> {
    let (files, web) = (
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9),
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9),
    );
    let servers = all(files, web)?;
    // The client must not run out of ports: of those that it had with a server it has none again for a second.
    let slice = Duration::from_millis(setting.pick(150, 50));
    let rounds = setting.pick(40, 2);
    stay_on(0);
    let progress = setting.progress("slices", rounds * servers.len());
    let mut cpu = vec![Vec::new(); servers.len()];
    let mut both = cpu.clone();
    let rates = take_turns(servers.len(), rounds, &mut setting.random, |it| {
        let server = servers.get(it).context("no such server")?;
        let before = cpu_seconds(server.server.process());
        let own_before = own_cpu_seconds();
        let began = Instant::now();
        let moved = load(server, |_| began.elapsed() < slice).context(server.name)?;
        let seconds = began.elapsed().as_secs_f64();
        let own = own_cpu_seconds() - own_before;
        let spent = cpu_seconds(server.server.process()) - before;
        for (samples, seconds) in [(&mut cpu, spent), (&mut both, spent + own)] {
            if let Some(samples) = samples.get_mut(it) {
                samples.push(1e6 * seconds / moved as f64);
            }
        }
        progress.inc(1);
        Ok(moved as f64 / seconds)
    })?;
    progress.finish_and_clear();
    let rates: Vec<Summary> = rates.into_iter().map(Summary::of).collect();
    let cpu: Vec<Summary> = cpu.into_iter().map(Summary::of).collect();
    let both: Vec<Summary> = both.into_iter().map(Summary::of).collect();
    let left: Vec<usize> = servers
        .iter()
        .map(|it| time_waits(it.server.address().port()))
        .collect();
    let place = |name: &str| servers.iter().position(|it| it.name == name).unwrap_or(0);
    let median =
        |all: &[Summary], name: &str| all.get(place(name)).map_or(f64::NAN, |it| it.median);

    let mut findings = Findings::default();
    let calls = system_calls(setting, &servers, &mut findings)?;
    stay_anywhere();
    let columns = [
        "",
        "a second",
        "p10",
        "p90",
        "x nginx",
        "server's microseconds",
        "x nginx",
        "both ends' microseconds",
        "x nginx",
        "system calls",
        "TIME_WAIT left",
    ];
    let mut table = Table::new("Redirects", &columns);
    for (at, server) in servers.iter().enumerate() {
        let (Some(rate), Some(cpu_of), Some(both_of), Some(calls), Some(left)) = (
            rates.get(at),
            cpu.get(at),
            both.get(at),
            calls.get(at),
            left.get(at),
        ) else {
            continue;
        };
        table.row(
            server.name,
            [
                rate.median,
                rate.p10,
                rate.p90,
                rate.median / median(&rates, "nginx"),
                cpu_of.median,
                cpu_of.median / median(&cpu, "nginx"),
                both_of.median,
                both_of.median / median(&both, "nginx"),
                *calls,
                *left as f64,
            ],
        );
    }
    findings.tables.insert(0, table);
    let of = |name: &str| calls.get(place(name)).copied().unwrap_or(f64::NAN);
    let limit = of("nginx");
    findings.budgets.push(counted(
        "server's system calls for a redirect, beside nginx's 302",
        limit,
        of("EOP"),
        "calls",
    ));
    let again = median(&cpu, "nginx again (A/A)") / median(&cpu, "nginx");
    let spread = (again - 1.0).abs();
    let ratio = median(&cpu, "EOP") / median(&cpu, "nginx");
    findings.budgets.push(resolved(
        "server's processor time for a redirect",
        1.0,
        ratio,
        "x nginx",
        spread,
    ));
    let left = left.get(place("EOP")).map_or(f64::NAN, |it| *it as f64);
    findings.budgets.push(counted(
        "TIME_WAIT left at the redirector",
        0.0,
        left,
        "sockets",
    ));
    Ok(findings)
}

/// Lets clients be redirected as long as `go_on` says, which is told how many were begun: how many were moved.
fn load(server: &Redirecting, mut go_on: impl FnMut(usize) -> bool) -> Result<usize> {
    let address = server.server.address();
    let request = request(server.by)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(2 * CLIENTS);
    let mut clients = HashMap::new();
    let (mut begun, mut moved) = (0, 0);
    loop {
        while clients.len() < CLIENTS && go_on(begun) {
            let client = LoadClient::begin(address, Token(begun), &poll)?;
            clients.insert(Token(begun), client);
            begun += 1;
        }
        if clients.is_empty() {
            return Ok(moved);
        }
        wait_for_events(&mut poll, &mut events, Some(Duration::from_secs(10)))?;
        ensure!(
            !events.is_empty(),
            "nothing happens: {} of {begun} redirects",
            moved
        );
        for event in &events {
            let Some(client) = clients.get_mut(&event.token()) else {
                continue;
            };
            if client.turn(server.by, &request)? {
                clients.remove(&event.token());
                moved += 1;
            }
        }
    }
}

/// A client that is being redirected.
struct LoadClient {
    socket: TcpStream,
    asked: bool,
    answer: Vec<u8>,
}

impl LoadClient {
    fn begin(server: SocketAddr, token: Token, poll: &Poll) -> Result<Self> {
        let mut socket = TcpStream::connect(server)?;
        poll.registry()
            .register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            socket,
            asked: false,
            answer: Vec::new(),
        })
    }

    /// Whether it was redirected.
    fn turn(&mut self, by: By, request: &[u8]) -> Result<bool> {
        if !self.asked {
            match self.socket.write(request) {
                Ok(_) => self.asked = true,
                Err(error) if would_wait(&error) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        let mut buffer = [0; 1024];
        let count = match self.socket.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if would_wait(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        ensure!(count > 0, "the stream ended where a redirect was expected");
        self.answer.extend(buffer.iter().take(count));
        match by {
            By::Http => Ok(Head::parse(&self.answer)?.is_some_and(|it| it.status == 302)),
            By::Eop => {
                let Some(octets) = self.answer.first_chunk::<HEADER_LEN>() else {
                    return Ok(false);
                };
                let header = Header::try_from(RawHeader::from_bytes(octets))?;
                Ok(matches!(header, Header::Redirect { .. }))
            }
        }
    }
}

fn would_wait(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::NotConnected
    )
}

/// System calls for a redirect, server by server, as strace counts them.
fn system_calls(
    setting: &mut Setting,
    servers: &[Redirecting],
    findings: &mut Findings,
) -> Result<Vec<f64>> {
    let redirects = setting.pick(2000, 100);
    let mut all = Vec::new();
    let mut kinds: Vec<BTreeMap<String, f64>> = Vec::new();
    for server in servers {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("calls");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-c", "-U", "name,calls", "-o"])
            .arg(&file);
        for process in family(server.server.process()) {
            command.args(["-p", &process.to_string()]);
        }
        let mut strace = command
            .stderr(Stdio::null())
            .spawn()
            .context("strace has to be installed")?;
        wait_until_traced(server.server.process())?;
        load(server, |begun| begun < redirects).context(server.name)?;
        // The farewells of the last ones.
        std::thread::sleep(Duration::from_millis(100));
        let process = i32::try_from(strace.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(
            process.context("no process")?,
            rustix::process::Signal::INT,
        )?;
        strace.wait()?;
        let told = fs::read_to_string(&file)?;
        let mut of_server = BTreeMap::new();
        for line in told.lines() {
            let mut words = line.split_whitespace();
            let (Some(name), Some(calls)) = (words.next(), words.next()) else {
                continue;
            };
            if let (Ok(calls), true) = (calls.parse::<f64>(), name != "total") {
                of_server.insert(name.to_owned(), calls / redirects as f64);
            }
        }
        all.push(of_server.values().sum());
        kinds.push(of_server);
    }
    let names: std::collections::BTreeSet<&String> =
        kinds.iter().flat_map(BTreeMap::keys).collect();
    let often = |name: &&&String| {
        kinds
            .iter()
            .any(|it| it.get(**name).is_some_and(|it| *it >= 0.05))
    };
    let names: Vec<&String> = names.into_iter().filter(|name| often(&name)).collect();
    let columns: Vec<&str> = std::iter::once("")
        .chain(names.iter().map(|it| it.as_str()))
        .collect();
    let mut table = Table::new("System calls for a redirect", &columns);
    for (server, kinds) in servers.iter().zip(&kinds) {
        table.row(
            server.name,
            names
                .iter()
                .map(|it| kinds.get(*it).copied().unwrap_or(0.0)),
        );
    }
    findings.tables.push(table);
    Ok(all)
}

/// strace has taken hold of a process once the kernel names its tracer.
fn wait_until_traced(process: u32) -> Result<()> {
    let began = Instant::now();
    let traced = |process: u32| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        status
            .lines()
            .any(|it| it.starts_with("TracerPid:") && !it.ends_with("\t0"))
    };
    while !family(process).into_iter().all(traced) {
        ensure!(
            began.elapsed() < Duration::from_secs(10),
            "strace does not get hold of process {process}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}
