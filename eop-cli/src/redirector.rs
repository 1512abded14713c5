//! `eop redirector`: moves everybody, before anything is read. eop-net's redirector does it; here its doings are told.

use std::net::{SocketAddr, SocketAddrV4};
use std::thread::available_parallelism;

use eop_net::Listener;
use eop_net::server::{self, RoundRobin, Targets};
use tracing::info;

use crate::arguments;
use crate::failure::Failure;
use crate::secure;
use crate::signals::{Said, Signals};

pub(crate) async fn run(options: &arguments::Redirector) -> Result<(), Failure> {
    let mut signals = Signals::heed()?;
    let at = options.listen;
    let failed = |error| Failure::Io(at.to_string(), error);
    let cores = available_parallelism().map_or(1, usize::from);
    let listeners = Listener::bind_each(at, server::Config::default(), cores).map_err(failed)?;
    let tls = secure::server(&options.identity)?;
    if let Some(listener) = listeners.first() {
        info!("listening on {}", listener.local_addr().map_err(failed)?);
    }
    let listeners = listeners.into_iter().map(|listener| match &tls {
        Some(tls) => listener.secured_by(tls),
        None => listener,
    });
    let targets = Told(RoundRobin::new(options.to.clone()));
    let redirector = server::Redirector::start(listeners, targets).map_err(failed)?;
    while signals.next().await != Said::Stop {}
    let counts = redirector.counts();
    info!(
        "{} clients moved, {} turned away, {} lost",
        counts.redirected, counts.turned_away, counts.lost
    );
    Ok(())
}

/// Targets, of which every choice is told.
#[derive(Debug)]
struct Told(RoundRobin);

impl Targets for Told {
    fn choose(&self, client: SocketAddr) -> Option<SocketAddrV4> {
        let target = self.0.choose(client)?;
        info!(%client, "to {target}");
        Some(target)
    }
}
