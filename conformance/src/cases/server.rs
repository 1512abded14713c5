//! Cases for servers: the runner is every client.

mod accounting;
mod closing;
mod frames;
mod malformed;
mod redirects;
mod service;

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::case::Case;
use crate::link::Link;
use crate::verdict::{Axis, Step, Stop};

/// The case that all others rest on.
pub(super) const GATE: Case = frames::GATE;

/// Where servers are told to move clients that follow nobody: the specification's example, where nobody is.
const TARGET: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 10), 9000);

pub(super) fn all() -> Vec<Case> {
    [
        frames::CASES,
        redirects::CASES,
        accounting::CASES,
        closing::CASES,
        malformed::CASES,
        service::CASES,
    ]
    .concat()
}

/// The runner ends the stream after a REDIRECT: the server ends it too, and has sent nothing more.
fn expect_nothing_more(a: &mut Link) -> Step {
    a.half_close()?;
    a.expect_fin().map_err(|stop| match &stop {
        Stop::Breach(breach) if breach.axis == Axis::End => {
            let silent = breach.timed_out;
            stop.against(if silent { "EOP-CLS-5" } else { "EOP-CLS-7" })
        }
        Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
    })
}

/// The server has taken all it was sent, and has neither sent an octet nor ended the connection.
fn expect_open(a: &mut Link) -> Step {
    a.settle()?;
    expect_silent(a)
}

/// Nothing has come by now, no octet and no end. A barrier has to stand before it.
fn expect_silent(a: &mut Link) -> Step {
    match a.anything_by_now() {
        None => Ok(()),
        Some(observed) => Err(Stop::end("the connection stays open, and silent", observed)),
    }
}
