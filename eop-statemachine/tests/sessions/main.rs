//! Stories of sessions over several connections: what is owed, how far it goes, how it ends. Crossings and
//! failures in every order are the walk's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and says what matters to it"
)]

mod bounds;
mod decisions;
mod ends;
mod fallback;
mod half_close;
mod manual;
mod owed;

use std::net::SocketAddrV4;

use eop_statemachine::policy::Home;
use eop_statemachine::session::{
    Bounds, Config, Counts, Fallback, Judged, Resend, Resending, Session, Want,
};
use eop_statemachine::{Discipline, PeerError, Service};
use eop_wire::Frame;

pub(crate) type Subject = Session<8>;

pub(crate) fn at(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new([127, 0, 0, 1].into(), port)
}

pub(crate) const HOME: u16 = 4000;

pub(crate) fn n(payload: &str) -> Vec<u8> {
    Frame::normal(payload.as_bytes())
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

pub(crate) fn r(to: u16, payload: &str) -> Vec<u8> {
    Frame::redirect(at(to), payload.as_bytes())
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

pub(crate) fn dialing(config: Config) -> Subject {
    Session::new(Home::v4(at(HOME)), config, 0).unwrap()
}

pub(crate) fn connected(config: Config) -> Subject {
    let mut session = dialing(config);
    session.connected(0).unwrap();
    session
}

pub(crate) fn bounded(bounds: Bounds) -> Config {
    Config {
        bounds,
        ..Config::default()
    }
}

pub(crate) fn served(service: Service) -> Config {
    Config {
        service,
        ..Config::default()
    }
}

pub(crate) fn manual() -> Config {
    served(Service {
        discipline: Discipline::Manual,
        ..Service::default()
    })
}

pub(crate) fn automatic(budget: u64) -> Config {
    Config {
        resending: Resending::Automatic { budget },
        ..Config::default()
    }
}

pub(crate) fn with_fallback() -> Config {
    Config {
        fallback: Fallback::Home,
        ..Config::default()
    }
}

pub(crate) fn send(session: &mut Subject, now: u64) -> u64 {
    session.send(1, Resend::Allowed, now).unwrap()
}

/// Offers whatever is to be written, and returns its numbers.
pub(crate) fn write(session: &mut Subject) -> Vec<u64> {
    let mut written = Vec::new();
    while let Want::Write { message, .. } = session.want() {
        session.offer(13).unwrap();
        written.push(message);
    }
    written
}

pub(crate) fn read(session: &mut Subject, octets: &[u8], now: u64) -> Result<(), PeerError> {
    let mut input = octets;
    while session.receive(&mut input, now)?.is_some() {}
    Ok(())
}

/// A redirect arrives, and whoever is asked would follow it.
pub(crate) fn redirect(session: &mut Subject, octets: &[u8], now: u64) -> Judged {
    read(session, octets, now).unwrap();
    session.judged(Ok(()), now).unwrap()
}

/// The same, and the target is connected to.
pub(crate) fn moved(session: &mut Subject, octets: &[u8], now: u64) {
    assert!(matches!(
        redirect(session, octets, now),
        Judged::Followed(_)
    ));
    session.connected(now).unwrap();
}

pub(crate) fn counts(owed: u32, unsent: u32, uncertain: u32) -> Counts {
    Counts {
        owed,
        unsent,
        uncertain,
    }
}
