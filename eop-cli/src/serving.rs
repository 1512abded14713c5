//! From the command line to a listening server: where it listens, on which terms, and how it is secured.

use std::net::SocketAddr;

use eop_net::Service;
use eop_net::server::Config;
use eop_net::tokio::Listener;
use tracing::info;

use crate::arguments::Serving;
use crate::failure::Failure;
use crate::secure;

/// Listens at `address`, on the terms of `service`, and says so.
pub(crate) fn listen(
    address: SocketAddr,
    options: &Serving,
    service: Service,
) -> Result<Listener, Failure> {
    let failed = |error| Failure::Io(address.to_string(), error);
    let tls = secure::server(&options.identity)?;
    let config = Config {
        service,
        stall: options.stall,
        ..Config::default()
    };
    let listener = Listener::bind(address, config).map_err(failed)?;
    info!("listening on {}", listener.local_addr().map_err(failed)?);
    Ok(match tls {
        Some(tls) => listener.secured_by(&tls),
        None => listener,
    })
}
