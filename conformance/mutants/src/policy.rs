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

fn scope(address: Ipv4Addr, fault: Fault) -> Scope {
    match address.octets() {
        [127, ..] => Scope::Loopback,
        [126, ..] if fault.has(Fault::LoopbackWide) => Scope::Loopback,
        [169, 254, ..] if fault.has(Fault::LinkLocalFlat) => Scope::Loopback,
        [169, 254, ..] => Scope::LinkLocal,
        [169, ..] if fault.has(Fault::LinkLocalWide) => Scope::LinkLocal,
        [100, 96..=127, ..] if fault.has(Fault::SharedSpaceShort) => Scope::Global,
        [100, 64..=127, ..] if fault.has(Fault::SharedSpaceGlobal) => Scope::Global,
        [172, 17..=31, ..] if fault.has(Fault::PrivateRangeShort) => Scope::Global,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Scope::Private,
        _ => Scope::Global,
    }
}

/// Documentation, benchmarking, protocol assignments (EOP-POL-4).
fn special(address: Ipv4Addr, fault: Fault) -> bool {
    match address.octets() {
        [192, 0, 1 | 3, _] => fault.has(Fault::SpecialWide),
        [192, 0, 2, 128..=255] | [198, 51, 100, 128..=255] | [203, 0, 113, 128..=255] => {
            !fault.has(Fault::SpecialHalf)
        }
        [198, 19, _, _] => !fault.has(Fault::SpecialShort),
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18, _, _] => true,
        _ => false,
    }
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
    fn matches(self, target: SocketAddrV4, fault: Fault) -> bool {
        let prefix = if fault.has(Fault::AllowListPrefixByOctet) {
            self.prefix / 8 * 8
        } else {
            self.prefix
        };
        let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        let minded = if fault.has(Fault::AllowListUnmasked) {
            u32::MAX
        } else {
            mask
        };
        let differs = (self.network.to_bits() & minded) ^ (target.ip().to_bits() & mask);
        let (first, mut last) = self.ports;
        if first == last && fault.has(Fault::AllowListPortUpward) {
            last = u16::MAX;
        }
        let port =
            (first..=last).contains(&target.port()) || fault.has(Fault::AllowListPortIgnored);
        let network = differs == 0 || fault.has(Fault::AllowListNetworkIgnored);
        network && port && !fault.has(Fault::AllowListIgnored)
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
    let Move { home, from, target } = asked;
    let most = if fault.has(Fault::AllowListFirstOnly) {
        1
    } else {
        allow.len()
    };
    let mut entries = allow.iter().take(most);
    let allowed = entries.any(|entry| entry.matches(target, fault));
    if forbidden(target)
        && !(allowed && fault.has(Fault::AllowListOverForbidden))
        && !tolerates(fault, target)
    {
        return Some("forbidden");
    }
    let special = special(*target.ip(), fault);
    if allowed && !(special && fault.has(Fault::AllowListNotSpecial)) {
        return None;
    }
    let [reach, here, origin] = [target, from, home].map(|endpoint| scope(*endpoint.ip(), fault));
    let here_for_secure = if fault.has(Fault::SecureOfHome) {
        origin
    } else {
        here
    };
    let mut reasons = [
        (is_narrower(reach, here, origin, fault), "scope"),
        (is_low(asked, fault), "port"),
        (special && !fault.has(Fault::SpecialAllowed), "special"),
        (
            is_insecure(cleartext, reach, here_for_secure, fault)
                || cleartext == Cleartext::Secure && is_unknown_private(target, fault),
            "insecure",
        ),
    ];
    if fault.has(Fault::ReasonLast) {
        reasons.reverse();
    }
    let first = reasons.iter().find(|reason| reason.0);
    first.map(|reason| reason.1)
}

/// A port below 1024 that is not home's (EOP-POL-3).
fn is_low(asked: Move, fault: Fault) -> bool {
    let Move { home, from, target } = asked;
    let port = target.port();
    let bound = if fault.has(Fault::LowPortOneLess) {
        1023
    } else if fault.has(Fault::LowPortOneMore) {
        1025
    } else {
        1024
    };
    let known = port == home.port() && !fault.has(Fault::HomePortRefused)
        || port == from.port() && fault.has(Fault::LowPortOfConnection);
    port < bound && !known && !fault.has(Fault::LowPortAllowed)
}

/// Whether a faulty policy lets this forbidden target pass.
fn tolerates(fault: Fault, target: SocketAddrV4) -> bool {
    let [first, ..] = target.ip().octets();
    target.port() == 0 && fault.has(Fault::PortZeroAllowed)
        || first == 0 && fault.has(Fault::ZeroNetworkAllowed)
        || (224..240).contains(&first) && fault.has(Fault::MulticastAllowed)
        || first >= 240 && fault.has(Fault::ReservedAddressAllowed)
        || (241..255).contains(&first) && fault.has(Fault::ReservedShort)
}

/// Whether a faulty policy does not know this address for a private one.
fn is_unknown_private(target: SocketAddrV4, fault: Fault) -> bool {
    matches!(target.ip().octets(), [100, 64..=127, ..]) && fault.has(Fault::SharedSpaceInsecure)
}

/// Narrower than both the connection and home (EOP-POL-2).
fn is_narrower(reach: Scope, here: Scope, home: Scope, fault: Fault) -> bool {
    if fault.has(Fault::WiderRefused) && reach > here {
        true
    } else if fault.has(Fault::ScopeUnchecked) {
        false
    } else if fault.has(Fault::ScopeOfHomeOnly) {
        reach < home
    } else if fault.has(Fault::ScopeOfConnectionOnly) {
        reach < here
    } else {
        reach < here && reach < home
    }
}

/// EOP-POL-6, EOP-POL-7.
fn is_insecure(cleartext: Cleartext, reach: Scope, here: Scope, fault: Fault) -> bool {
    let same_ground = match reach {
        Scope::Loopback | Scope::Private if fault.has(Fault::NarrowSecure) => {
            matches!(here, Scope::Loopback | Scope::Private)
        }
        Scope::Loopback => here == Scope::Loopback,
        Scope::Private => here == Scope::Private && !fault.has(Fault::PrivateInsecure),
        Scope::LinkLocal => here == Scope::LinkLocal && fault.has(Fault::LinkLocalSecure),
        Scope::Global => false,
    };
    match cleartext {
        Cleartext::Secure => !same_ground && !fault.has(Fault::InsecureAllowed),
        Cleartext::Paper => !same_ground && fault.has(Fault::PaperRefuses),
    }
}
