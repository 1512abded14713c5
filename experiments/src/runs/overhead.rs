//! A request and its answer, without a redirect: EOP beside TCP alone.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use eop_net::{Client, Connection, Event, Listener, client, server};
use eop_wire::HEADER_LEN;

use super::resolved;
use crate::experiment::{Experiment, Setting};
use crate::framed::{CAPACITY, Framed};
use crate::measure::memory::Scattered;
use crate::measure::statistics::{Summary, apart, mean};
use crate::measure::system::{stay_anywhere, stay_on};
use crate::measure::turns::take_turns;
use crate::plain::{Plain, connect};
use crate::record::{Axis, Findings, Graph, Line, Table};
use crate::servers::Server;
use crate::servers::echo::LONGEST;

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "overhead",
    title: "Overhead of a request and its answer (the paper's 4.1)",
    asks: "How much longer than over TCP alone does it take until the answer is there? Requests and answers of 100 octets to \
32 KiB in steps of 100, a hundred of each, over loopback; the ratio of two medians for each size, and the mean of the ratios. \
All variants take turns within each size. Over TCP alone both ends know the length beforehand, and treat memory as EOP's do: each \
end receives into a buffer of its own, and the server answers out of that. In one thread, which sends, \
receives, answers and receives, no scheduler comes between, and a thousandth can be seen; connections and buffers are new ones \
four times for each size, since where they lie can make a hundredth of difference. With two processes on two \
processors one sees what programs see, and less exactly.",
    paper: "+6.5 % with Nagle's algorithm on, +1.5 % with it off.",
    meaning: "With a frame written at once and read into one buffer, the header is all there is to see: some forty nanoseconds of \
eight thousand. A gathering write costs more than the header does. \
`eop-net` costs more than the codec: before an idle client sends, it looks whether a redirect lies there unread (EOP-CLS-11), \
it keeps every message until it is answered, and it hands payloads out as vectors. Nagle's algorithm makes no difference to \
whoever writes a frame at once. Where the compiler puts the code moves all of these ratios: builds of the same code for this \
experiment gave 1.002 and 1.005 with Nagle's algorithm off, which no A/A ratio of one build shows.",
    run,
};

fn run(setting: &mut Setting) -> Result<Findings> {
    let step = setting.pick(100, 8000);
    let sizes: Vec<usize> = (100..=LONGEST).step_by(step).collect();
    let repeats = setting.pick(100, 3);
    let mut findings = Findings::default();
    let mut lines = Vec::new();
    for nagle in [false, true] {
        let means = one_thread(setting, &sizes, repeats, nagle, &mut findings, &mut lines)?;
        let with = if nagle { "Nagle on" } else { "Nagle off" };
        let what = format!("a request and its answer, one thread, {with}, codec");
        let limit = if nagle { 1.01 } else { 1.005 };
        findings.budgets.push(resolved(
            &what,
            limit,
            means.codec,
            "x TCP alone",
            means.apart,
        ));
    }
    two_processes(setting, &sizes, repeats, &mut findings, &mut lines)?;
    findings.graphs.push(Graph {
        name: "overhead".to_owned(),
        title: "A request and its answer, beside TCP alone".to_owned(),
        x: Axis::linear("octets of the request and of its answer"),
        y: Axis::linear("time / time over TCP alone"),
        lines,
    });
    Ok(findings)
}

/// What one of the means is, and how far that of equal things is apart.
struct Means {
    apart: f64,
    codec: f64,
}

/// Ratios to the first variant, size by size.
fn tell(
    title: &str,
    sizes: &[usize],
    names: &[&str],
    medians: &[Vec<f64>],
    findings: &mut Findings,
) -> Vec<Vec<f64>> {
    let columns = [
        "",
        "mean ratio",
        "p10",
        "p90",
        "microseconds at 1000 octets",
    ];
    let mut table = Table::new(title, &columns);
    let base = medians.first().cloned().unwrap_or_default();
    let mut all = Vec::new();
    let thousand = sizes.iter().position(|it| *it >= 1000).unwrap_or(0);
    for (name, medians) in names.iter().zip(medians) {
        let ratios: Vec<f64> = medians
            .iter()
            .zip(&base)
            .map(|(it, base)| it / base)
            .collect();
        let Summary { p10, p90, .. } = Summary::of(ratios.clone());
        let at = medians.get(thousand).map_or(f64::NAN, |it| it * 1e6);
        table.row(*name, [mean(&ratios), p10, p90, at]);
        all.push(ratios);
    }
    findings.tables.push(table);
    all
}

/// A line of the means of ten sizes each, so that it can be read.
fn line(name: &str, sizes: &[usize], ratios: &[f64]) -> Line {
    let points = sizes
        .chunks(10)
        .zip(ratios.chunks(10))
        .map(|(sizes, ratios)| {
            let sizes: Vec<f64> = sizes.iter().map(|it| *it as f64).collect();
            (mean(&sizes), mean(ratios))
        });
    Line {
        name: name.to_owned(),
        points: points.collect(),
    }
}

/// Both ends of a connection.
fn pair(nagle: bool) -> Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ours = TcpStream::connect(listener.local_addr()?)?;
    let (theirs, _) = listener.accept()?;
    ours.set_nodelay(!nagle)?;
    theirs.set_nodelay(!nagle)?;
    Ok((ours, theirs))
}

/// Both ends of each variant.
struct BothEnds {
    tcp: [(Plain, Plain); 2],
    headroom: (Framed, Framed),
    gathered: (Framed, Framed),
    net: (Client, Connection),
    payload: Vec<u8>,
    /// The same behind room for a header.
    message: Vec<u8>,
}

/// How often connections and buffers are new for each size.
const LAYOUTS: usize = 4;

const ONE_THREAD: [&str; 5] = [
    "TCP alone",
    "TCP alone again (A/A)",
    "EOP, codec: header before the payload, one write",
    "EOP, codec: gathering write",
    "EOP, eop-net",
];

impl BothEnds {
    fn new(nagle: bool, random: &mut fastrand::Rng) -> Result<Self> {
        let mut pairs = [pair(nagle)?, pair(nagle)?, pair(nagle)?, pair(nagle)?];
        random.shuffle(&mut pairs);
        let [one, again, headroom, gathered] = pairs;
        let mut memory = Scattered::by(random);
        let mut plain = |socket| Plain::reusing(memory.buffer(CAPACITY), socket);
        let tcp = [one, again].map(|(ours, theirs)| (plain(ours), plain(theirs)));
        let mut framed = |socket| Framed::reusing(memory.buffer(CAPACITY), socket);
        let [headroom, gathered] =
            [headroom, gathered].map(|(ours, theirs)| (framed(ours), framed(theirs)));
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), server::Config::default())?;
        let client = Client::connect(listener.local_addr()?, client::Config::default())?;
        Ok(Self {
            tcp,
            headroom,
            gathered,
            net: (client, listener.accept()?),
            payload: memory.buffer(LONGEST),
            message: memory.buffer(HEADER_LEN + LONGEST),
        })
    }

    /// A request and its answer by one of the variants: seconds.
    fn exchange(&mut self, variant: usize, size: usize) -> Result<f64> {
        let payload = self.payload.get(..size).context("too long")?;
        let message = self
            .message
            .get_mut(..HEADER_LEN + size)
            .context("too long")?;
        let began = Instant::now();
        match variant {
            0 | 1 => exchange_plain(self.tcp.get_mut(variant).context("no such pair")?, payload)?,
            2 => exchange_behind_headroom(&mut self.headroom, message)?,
            3 => exchange_gathered(&mut self.gathered, payload)?,
            _ => exchange_with_eop_net(&mut self.net, payload)?,
        }
        Ok(began.elapsed().as_secs_f64())
    }
}

// Each variant is a function of its own, so that what the compiler makes of one does not depend on the others.

#[inline(never)]
fn exchange_plain((ours, theirs): &mut (Plain, Plain), payload: &[u8]) -> Result<()> {
    ours.send(payload)?;
    theirs.receive(payload.len())?;
    theirs.send_back()?;
    ours.receive(payload.len())
}

#[inline(never)]
fn exchange_behind_headroom(
    (ours, theirs): &mut (Framed, Framed),
    message: &mut [u8],
) -> Result<()> {
    ours.send_behind_headroom(message)?;
    theirs.receive()?;
    theirs.send_back()?;
    ours.receive()?;
    Ok(())
}

#[inline(never)]
fn exchange_gathered((ours, theirs): &mut (Framed, Framed), payload: &[u8]) -> Result<()> {
    ours.send_gathered(payload)?;
    theirs.receive()?;
    theirs.send_gathered(payload)?;
    ours.receive()?;
    Ok(())
}

#[inline(never)]
fn exchange_with_eop_net(
    (client, server): &mut (Client, Connection),
    payload: &[u8],
) -> Result<()> {
    client.send(payload)?;
    let request = server.receive()?.context("no request")?;
    server.respond(&request)?;
    let Event::Message(answer) = client.receive() else {
        bail!("no answer")
    };
    ensure!(answer.payload.len() == payload.len(), "another answer");
    Ok(())
}

fn one_thread(
    setting: &mut Setting,
    sizes: &[usize],
    repeats: usize,
    nagle: bool,
    findings: &mut Findings,
    lines: &mut Vec<Line>,
) -> Result<Means> {
    stay_on(0);
    // eop-net switches it off itself (EOP-FRM-10).
    let names = if nagle {
        ONE_THREAD.get(..4).unwrap_or_default()
    } else {
        &ONE_THREAD[..]
    };
    let mut medians = vec![Vec::new(); names.len()];
    let with = if nagle { "Nagle on" } else { "Nagle off" };
    let progress = setting.progress(
        &format!("sizes in one thread, {with}"),
        LAYOUTS * sizes.len(),
    );
    let mut by_size = BTreeMap::new();
    for _ in 0..LAYOUTS {
        let mut order: Vec<usize> = sizes.to_vec();
        setting.random.shuffle(&mut order);
        for size in order {
            let mut ends = BothEnds::new(nagle, &mut setting.random)?;
            for variant in 0..names.len() {
                ends.exchange(variant, size)?;
            }
            let repeats = repeats.div_ceil(LAYOUTS);
            let samples = take_turns(names.len(), repeats, &mut setting.random, |it| {
                ends.exchange(it, size)
            })?;
            let all = by_size
                .entry(size)
                .or_insert_with(|| vec![Vec::new(); names.len()]);
            for (all, samples) in all.iter_mut().zip(samples) {
                all.extend(samples);
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    stay_anywhere();
    for samples in by_size.into_values() {
        for (medians, samples) in medians.iter_mut().zip(samples) {
            medians.push(Summary::of(samples).median);
        }
    }
    let title = format!("One thread drives both ends, {with}");
    let ratios = tell(&title, sizes, names, &medians, findings);
    let of = |variant: usize| ratios.get(variant).cloned().unwrap_or_default();
    if !nagle {
        lines.push(line("A/A, one thread", sizes, &of(1)));
        lines.push(line("codec, one thread", sizes, &of(2)));
        lines.push(line("eop-net, one thread", sizes, &of(4)));
    }
    Ok(Means {
        apart: apart(&of(1)),
        codec: mean(&of(2)),
    })
}

const TWO_PROCESSES: [&str; 4] = [
    "TCP alone",
    "TCP alone again (A/A)",
    "EOP, codec: header before the payload, one write",
    "EOP, eop-net",
];

fn two_processes(
    setting: &mut Setting,
    sizes: &[usize],
    repeats: usize,
    findings: &mut Findings,
    lines: &mut Vec<Line>,
) -> Result<()> {
    stay_on(0);
    let mut server = Server::ours("echo", &["echo", ""])?;
    let at = |place: usize| {
        server
            .addresses
            .get(place)
            .copied()
            .map(SocketAddr::V4)
            .context("no such server")
    };
    let plain = |to| Ok::<_, anyhow::Error>(Plain::reusing(Vec::new(), connect(to)?));
    let mut tcp = [plain(at(0)?)?, plain(at(0)?)?];
    let mut framed = Framed::over(connect(at(1)?)?);
    let mut client = Client::connect(at(2)?, client::Config::default())?;
    let payload = vec![0; LONGEST];
    let mut message = vec![0; HEADER_LEN + LONGEST];
    let mut medians = vec![Vec::new(); TWO_PROCESSES.len()];
    let progress = setting.progress("sizes in two processes", sizes.len());
    for size in sizes {
        server.ask(&size.to_string())?;
        let payload = payload.get(..*size).context("too long")?;
        let message = message.get_mut(..HEADER_LEN + size).context("too long")?;
        let samples = take_turns(
            TWO_PROCESSES.len(),
            repeats,
            &mut setting.random,
            |variant| {
                let began = Instant::now();
                match variant {
                    0 | 1 => {
                        let plain = tcp.get_mut(variant).context("no such socket")?;
                        plain.send(payload)?;
                        plain.receive(*size)?;
                    }
                    2 => {
                        framed.send_behind_headroom(message)?;
                        framed.receive()?.context("no answer")?;
                    }
                    _ => {
                        client.send(payload)?;
                        ensure!(matches!(client.receive(), Event::Message(_)), "no answer");
                    }
                }
                Ok(began.elapsed().as_secs_f64())
            },
        )?;
        for (medians, samples) in medians.iter_mut().zip(samples) {
            medians.push(Summary::of(samples).median);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    stay_anywhere();
    let ratios = tell(
        "Two processes on two processors, Nagle off",
        sizes,
        &TWO_PROCESSES,
        &medians,
        findings,
    );
    let of = |variant: usize| ratios.get(variant).cloned().unwrap_or_default();
    lines.push(line("codec, two processes", sizes, &of(2)));
    Ok(())
}
