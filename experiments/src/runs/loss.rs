//! Redirects that get lost with the packets of the network, by how the server closes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use eop_link_emulator::{Access, Network, Path};
use eop_net::Listener;
use eop_net::server::{Config, Redirector};
use eop_wire::{Frame, HEADER_LEN, Header, RawHeader};

use super::counted;
use crate::experiment::{Experiment, Setting};
use crate::record::{Findings, Table};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "loss",
    title: "Redirects lost on a lossy network",
    asks: "Clients connect over a link of 10 ms there and back that loses packets at random, but for SYN, ask at once, and read \
until they have a redirect, the connection is over, or 20 s have passed. One server closes right behind the redirect; the other is `eop-net`'s \
`Redirector`, which waits for the client's end of stream (EOP-CLS-1). The clients of the former do what they can: they read \
what there is even after an error. Network namespaces; the link is emulated by this process, with a seed.",
    paper: "None: on its network nothing got lost.",
    meaning: "A server that closes with a request unread answers the next packet with a reset, and the kernel then no longer \
repeats the redirect if that was lost: as many redirects get lost as packets do, and no client can help it. Waiting for the \
client repairs that, which is why the specification demands it.",
    run,
};

/// How long a client waits for a redirect: where the reset got lost as well, nothing ever comes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Clients at a time.
const AT_A_TIME: usize = 100;

fn run(setting: &mut Setting) -> Result<Findings> {
    let losses: &[f64] = setting.pick(&[0.0, 0.01, 0.05, 0.2], &[0.0, 0.05]);
    let mut findings = Findings::default();
    let columns = ["", "redirects", "lost", "lost, %"];
    let mut table = Table::new("Redirects lost", &columns);
    let progress = setting.progress("rates of loss", 2 * losses.len());
    for loss in losses {
        // Where every fifth packet is lost each redirect takes seconds.
        let redirects = setting.pick(if *loss < 0.1 { 10_000 } else { 2000 }, 100);
        for (name, safe) in [("close at once", false), ("wait for the client", true)] {
            let lost = lost_of(redirects, *loss, safe)?;
            let percent = 100.0 * lost as f64 / redirects as f64;
            table.row(
                format!("{name}, {} % of packets lost", 100.0 * loss),
                [redirects as f64, lost as f64, percent],
            );
            if safe && *loss <= 0.05 {
                let what = format!(
                    "redirects lost at {} % packet loss, safe close",
                    100.0 * loss
                );
                findings
                    .budgets
                    .push(counted(&what, 0.0, lost as f64, &format!("of {redirects}")));
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    findings.tables.push(table);
    Ok(findings)
}

fn lost_of(redirects: usize, loss: f64, safe: bool) -> Result<usize> {
    let path = Path {
        delay: Duration::from_millis(5),
        loss,
        spares_syn: true,
        ..Path::default()
    };
    let network = Network::start(11, [Access::both(path), Access::default()])
        .context("network namespaces take root, ip of iproute2 and /dev/net/tun")?;
    let [clients, servers] = network.hosts();
    let target = SocketAddrV4::new(servers.address(), 9);
    let address = (servers.address(), 0).into();
    let (server, _redirector) =
        servers.within(|| -> Result<(SocketAddr, Option<Redirector>)> {
            if safe {
                let listener = Listener::bind(address, Config::default())?;
                return Ok((
                    listener.local_addr()?,
                    Some(Redirector::start([listener], target)?),
                ));
            }
            let listener = TcpListener::bind(address)?;
            let server = listener.local_addr()?;
            let redirect = Frame::redirect(target, b"")?.encode().chunks().concat();
            thread::spawn(move || {
                for mut socket in listener.incoming().flatten() {
                    // And it is closed.
                    let _ = socket.write_all(&redirect);
                }
            });
            Ok((server, None))
        })??;
    let (next, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    clients.within(|| {
        thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(|| {
                    while next.fetch_add(1, Ordering::Relaxed) < redirects {
                        if be_redirected(server).is_err() {
                            lost.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    })?;
    Ok(lost.into_inner())
}

fn be_redirected(server: SocketAddr) -> Result<()> {
    let mut socket = TcpStream::connect(server)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    // An error here is not the end: what came before it can be read.
    let _ = socket.write_all(&Frame::normal(&[7; 60])?.encode().chunks().concat());
    let mut octets = [0; HEADER_LEN];
    socket.read_exact(&mut octets)?;
    let header = Header::try_from(RawHeader::from_bytes(&octets))?;
    ensure!(
        matches!(header, Header::Redirect { .. }),
        "{header} where a redirect was expected"
    );
    Ok(())
}
