//! From the command line to a client's session: how far it may be moved, and where to.

use eop_net::client::Config;
use eop_net::{Bounds, Service};

use crate::arguments::Session;
use crate::failure::Failure;
use crate::secure;

/// How a session that begins at `home` goes, on the terms of `service`.
pub(crate) fn config(options: &Session, home: &str, service: Service) -> Result<Config, Failure> {
    Ok(Config {
        service,
        bounds: Bounds {
            redirects: options.max_redirects,
            ..Bounds::default()
        },
        rule: options.policy.rule(),
        allow: options.allow.clone(),
        stall: options.stall,
        tls: secure::client(options, home)?,
        ..Config::default()
    })
}
