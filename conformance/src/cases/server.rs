//! Cases for servers: the runner is every client.

mod accounting;
mod closing;
mod frames;
mod malformed;
mod redirects;
mod service;
mod tls;

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::case::Case;
use crate::link::Link;
use crate::octets::n;
use crate::stage::ServerStage;
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
        tls::CASES,
    ]
    .concat()
}

/// The runner ends the stream after a REDIRECT: the server ends it too, and has sent nothing more.
fn expect_nothing_more(a: &mut Link) -> Step {
    a.half_close()?;
    a.expect_fin().map_err(|stop| match &stop {
        Stop::Breach(breach) if breach.axis == Axis::End => {
            let silent = breach.timed_out();
            stop.against(if silent { "EOP-CLS-5" } else { "EOP-CLS-7" })
        }
        Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
    })
}

/// A port that the server at `address` opens with these steps, on the address that it was asked at.
fn listen_at(s: &ServerStage<'_>, address: SocketAddrV4, steps: &str) -> Step<SocketAddrV4> {
    let mut a = s.connect_as("asks", address)?;
    a.send_whole(n(format!("listen {steps}")))?;
    let answer = a.message("`port P` in answer to `listen`")?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let port = answer
        .strip_prefix("port ")
        .and_then(|port| port.parse().ok());
    let port = port.ok_or_else(|| {
        Stop::messages("`port P` in answer to `listen`", answer).against("EOP-TST-19")
    })?;
    Ok(SocketAddrV4::new(*address.ip(), port))
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
