//! Two requests in a row, the second at another server: moved there by EOP, or by hand.

use std::mem::take;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use eop_net::client::{Config, Order, begin_to_connect};
use eop_net::{Client, Event};
use eop_wire::{HEADER_LEN, Header};

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
use crate::servers::moving::Kind;

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "transaction",
    title: "A request, a redirect, another request (the paper's 4.1, Figure 6)",
    asks: "How long does it take to connect to B, to ask, to be answered and moved to C by the same frame, and to ask there? \
Beside it a client that knows C beforehand, closes B and connects to C by hand. Servers and client are processes on two \
processors; all variants take turns within each size; ratios of medians to the client by hand, and their mean over the sizes. \
Each variant has servers of its own, and new ones for each size: where in memory a server's buffers happen to lie makes a \
hundredth of difference, and so it meets the A/A ratio as well. \
A client may close B first, or last: then the farewell to B is off the way of the second request. That is no merit of EOP, \
so it is tried by hand as well. The bare codec is measured with servers of the bare \
codec, which wait for their client's end as those by hand do, and `eop-net` with servers of `eop-net`.",
    paper: "EOP 0.84 % faster than by hand (a ratio of 0.9916), Nagle's algorithm off, B closed first.",
    meaning: "In sequence the codec costs within a hundredth what closing and connecting by hand costs, and the application need not know C. \
Closing B last gains as much for sockets by hand. What EOP adds is that the redirect's header comes before a long response has \
come, so that the connection to C can be made meanwhile; `wan` shows what that saves. `eop-net` pays in system calls: it asks \
how connecting went and where it is, looks for a redirect before an idle client sends (EOP-CLS-11), and waits before it reads.",
    run,
};

/// How a client goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ByHand,
    ByHandClosingLast,
    Codec,
    CodecClosingLast,
    CodecAtTheHeader,
    Net,
    NetNewFirst,
}

pub(super) const WAYS: [(&str, Way); 8] = [
    ("by hand", Way::ByHand),
    ("by hand again (A/A)", Way::ByHand),
    ("by hand, B closed last", Way::ByHandClosingLast),
    ("EOP, codec, in sequence", Way::Codec),
    ("EOP, codec, B closed last", Way::CodecClosingLast),
    (
        "EOP, codec, connecting at the redirect's header",
        Way::CodecAtTheHeader,
    ),
    ("EOP, eop-net, in sequence", Way::Net),
    ("EOP, eop-net, the new connection first", Way::NetNewFirst),
];

/// When B is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    First,
    Last,
    LastAndConnectingAtTheHeader,
}

/// The servers of each way, in the order of [`WAYS`].
pub(super) fn kinds() -> [Kind; WAYS.len()] {
    WAYS.map(|(_, way)| match way {
        Way::ByHand | Way::ByHandClosingLast => Kind::Tcp,
        Way::Codec | Way::CodecClosingLast | Way::CodecAtTheHeader => Kind::Codec,
        Way::Net | Way::NetNewFirst => Kind::Net,
    })
}

fn run(setting: &mut Setting) -> Result<Findings> {
    let step = setting.pick(500, 16_000);
    let sizes: Vec<usize> = (100..=32_768).step_by(step).collect();
    let repeats = setting.pick(150, 3);
    stay_on(0);
    let mut medians = vec![Vec::new(); WAYS.len()];
    let progress = setting.progress("sizes", sizes.len());
    for size in &sizes {
        let kinds = kinds().map(Kind::name).join(",");
        let mut server = Server::ours("transaction", &["transaction", &kinds])?;
        server.ask(&size.to_string())?;
        let mut bench = Bench::new(*size, &mut setting.random);
        let samples = take_turns(WAYS.len(), repeats, &mut setting.random, |it| {
            let (name, way) = WAYS.get(it).context("no such way")?;
            let places = server.addresses.as_chunks().0;
            let places: [SocketAddrV4; 2] = *places.get(it).context("no such servers")?;
            bench
                .transact(*way, places.map(SocketAddr::V4))
                .context(*name)
        })?;
        for (medians, samples) in medians.iter_mut().zip(samples) {
            medians.push(Summary::of(samples).median);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    stay_anywhere();
    let mut findings = Findings::default();
    let mut table = Table::new(
        "Both requests, beside a client by hand that closes B first",
        &[
            "",
            "mean ratio",
            "p10",
            "p90",
            "microseconds at 1100 octets",
        ],
    );
    let base = medians.first().cloned().unwrap_or_default();
    let mut all = Vec::new();
    let mut lines = Vec::new();
    for ((name, way), medians) in WAYS.iter().zip(&medians) {
        let ratios: Vec<f64> = medians
            .iter()
            .zip(&base)
            .map(|(it, base)| it / base)
            .collect();
        let Summary { p10, p90, .. } = Summary::of(ratios.clone());
        let at = medians.get(2).map_or(f64::NAN, |it| it * 1e6);
        table.row(*name, [mean(&ratios), p10, p90, at]);
        all.push(ratios);
        if *way != Way::CodecAtTheHeader {
            let points = sizes.chunks(4).zip(medians.chunks(4));
            let points = points.map(|(sizes, medians)| {
                let sizes: Vec<f64> = sizes.iter().map(|it| *it as f64).collect();
                (mean(&sizes), mean(medians) * 1e6)
            });
            lines.push(Line {
                name: (*name).to_owned(),
                points: points.collect(),
            });
        }
    }
    let of = |wanted: usize| all.get(wanted).map_or(f64::NAN, |ratios| mean(ratios));
    let spread = all.get(1).map_or(f64::NAN, |ratios| apart(ratios));
    findings.budgets.push(resolved(
        "redirect and second request, in sequence, codec",
        1.0,
        of(3),
        "x by hand",
        spread,
    ));
    findings.budgets.push(resolved(
        "the same, the old connection closed last, codec",
        0.9,
        of(4),
        "x by hand",
        spread,
    ));
    findings.tables.push(table);
    findings.graphs.push(Graph {
        name: "transaction".to_owned(),
        title: "Two requests at two servers".to_owned(),
        x: Axis::linear("octets of a request and of an answer"),
        y: Axis::linear("microseconds"),
        lines,
    });
    Ok(findings)
}

/// What a client needs and has already.
pub(super) struct Bench {
    /// A request.
    payload: Vec<u8>,
    /// The same behind headroom.
    message: Vec<u8>,
    /// What is received into.
    buffer: Vec<u8>,
}

impl Bench {
    /// For requests of `size` octets.
    pub(super) fn new(size: usize, random: &mut fastrand::Rng) -> Self {
        let mut memory = Scattered::by(random);
        Self {
            payload: memory.buffer(size),
            message: memory.buffer(HEADER_LEN + size),
            buffer: memory.buffer(CAPACITY),
        }
    }

    /// Two requests at two servers: seconds from the first connect to the second answer.
    pub(super) fn transact(&mut self, way: Way, [b, c]: [SocketAddr; 2]) -> Result<f64> {
        let began = Instant::now();
        match way {
            Way::ByHand => self.by_hand(Closing::First, b, c)?,
            Way::ByHandClosingLast => self.by_hand(Closing::Last, b, c)?,
            Way::Codec => self.by_codec(Closing::First, b)?,
            Way::CodecClosingLast => self.by_codec(Closing::Last, b)?,
            Way::CodecAtTheHeader => self.by_codec(Closing::LastAndConnectingAtTheHeader, b)?,
            Way::Net => self.by_net(Order::OldFirst, b)?,
            Way::NetNewFirst => self.by_net(Order::NewFirst, b)?,
        }
        Ok(began.elapsed().as_secs_f64())
    }

    fn by_hand(&mut self, closing: Closing, b: SocketAddr, c: SocketAddr) -> Result<()> {
        let payload = &self.payload;
        let mut b = Plain::reusing(take(&mut self.buffer), connect(b)?);
        b.send(payload)?;
        b.receive(payload.len())?;
        let (b, buffer) = b.into_parts();
        let last = Some(b).filter(|_| closing == Closing::Last);
        let mut c = Plain::reusing(buffer, connect(c)?);
        c.send(payload)?;
        drop(last);
        c.receive(payload.len())?;
        self.buffer = c.close();
        Ok(())
    }

    fn by_codec(&mut self, closing: Closing, b: SocketAddr) -> Result<()> {
        let mut b = Framed::reusing(take(&mut self.buffer), connect(b)?);
        b.send_behind_headroom(&mut self.message)?;
        let Some(Header::Redirect { to, .. }) = b.receive_header()? else {
            bail!("no redirect")
        };
        let begun = match closing {
            Closing::First | Closing::Last => None,
            Closing::LastAndConnectingAtTheHeader => Some(begin_to_connect(to.into())?),
        };
        b.receive_payload()?;
        let (b, buffer) = b.into_parts();
        let last = Some(b).filter(|_| closing != Closing::First);
        let c = match begun {
            None => connect(to.into())?,
            Some(c) => {
                c.set_nonblocking(false)?;
                c.set_nodelay(true)?;
                c
            }
        };
        let mut c = Framed::reusing(buffer, c);
        c.send_behind_headroom(&mut self.message)?;
        drop(last);
        c.receive()?.context("no answer")?;
        self.buffer = c.close();
        Ok(())
    }

    fn by_net(&mut self, order: Order, b: SocketAddr) -> Result<()> {
        let payload = &self.payload;
        let mut client = Client::connect(
            b,
            Config {
                order,
                ..Config::default()
            },
        )?;
        client.send(payload)?;
        answer(&mut client)?;
        while !matches!(client.receive(), Event::Connected(_)) {}
        client.send(payload)?;
        answer(&mut client)
    }
}

fn answer(client: &mut Client) -> Result<()> {
    let event = client.receive();
    ensure!(matches!(event, Event::Message(_)), "no answer: {event:?}");
    Ok(())
}
