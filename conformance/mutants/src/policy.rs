//! The target policy of section 8, asked once for every REDIRECT.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::table::Fault;

/// Whether a target is refused in every configuration (EOP-POL-1, EOP-RED-14).
pub(crate) fn forbidden(target: SocketAddrV4) -> bool {
    let [first, ..] = target.ip().octets();
    target.port() == 0 || first == 0 || first >= 224
}

/// How far an address reaches, narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Loopback,
    LinkLocal,
    Private,
    Global,
}

fn scope(address: Ipv4Addr) -> Scope {
    match address.octets() {
        [127, ..] => Scope::Loopback,
        [169, 254, ..] => Scope::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Scope::Private,
        _ => Scope::Global,
    }
}

/// Documentation, benchmarking, protocol assignments (EOP-POL-4).
fn special(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18 | 19, _, _]
    )
}

/// An allow-list entry: a prefix and a range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allow {
    pub(crate) network: Ipv4Addr,
    /// 0 to 32.
    pub(crate) prefix: u32,
    pub(crate) ports: (u16, u16),
}

impl Allow {
    fn matches(self, target: SocketAddrV4) -> bool {
        let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
        let differs = (self.network.to_bits() ^ target.ip().to_bits()) & mask;
        differs == 0 && (self.ports.0..=self.ports.1).contains(&target.port())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleartext {
    Secure,
    Paper,
}

/// A move that is asked for: `from` is the endpoint that redirected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) home: SocketAddrV4,
    pub(crate) from: SocketAddrV4,
    pub(crate) target: SocketAddrV4,
}

/// The reason to refuse, if there is one.
pub(crate) fn refusal(
    asked: Move,
    cleartext: Cleartext,
    allow: &[Allow],
    fault: Fault,
) -> Option<&'static str> {
    if fault == Fault::YesMan {
        return None;
    }
    let Move { home, from, target } = asked;
    if forbidden(target) {
        return Some("forbidden");
    }
    if allow.iter().any(|entry| entry.matches(target)) {
        return None;
    }
    let (reach, here) = (scope(*target.ip()), scope(*from.ip()));
    let same_ground = reach == here && matches!(reach, Scope::Loopback | Scope::Private);
    if reach < here && reach < scope(*home.ip()) {
        Some("scope")
    } else if target.port() < 1024 && target.port() != home.port() {
        Some("port")
    } else if special(*target.ip()) {
        Some("special")
    } else if cleartext == Cleartext::Secure && !same_ground {
        Some("insecure")
    } else {
        None
    }
}
