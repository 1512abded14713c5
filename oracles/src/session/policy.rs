//! The target policy from its sentences: ranges of numbers, in the order in which they refuse.

use core::net::SocketAddrV4;

use super::terms::Terms;

/// Whether the address has the first `bits` bits of `prefix`.
fn within(addr: [u8; 4], prefix: [u8; 4], bits: usize) -> bool {
    let bit = |octets: [u8; 4], at: usize| octets[at / 8] >> (7 - at % 8) & 1;
    (0..bits).all(|at| bit(addr, at) == bit(prefix, at))
}

fn among(addr: [u8; 4], ranges: &[([u8; 4], usize)]) -> bool {
    ranges
        .iter()
        .any(|(prefix, bits)| within(addr, *prefix, *bits))
}

/// From narrow to wide.
fn scope(addr: [u8; 4]) -> u8 {
    let private = [
        ([10, 0, 0, 0], 8),
        ([172, 16, 0, 0], 12),
        ([192, 168, 0, 0], 16),
        ([100, 64, 0, 0], 10),
    ];
    match () {
        () if within(addr, [127, 0, 0, 0], 8) => 0,
        () if within(addr, [169, 254, 0, 0], 16) => 1,
        () if among(addr, &private) => PRIVATE,
        () => 3,
    }
}

const PRIVATE: u8 = 2;

/// Why the target is refused, by the word of the specification; `None` if it is not.
pub(super) fn refusal(
    terms: &Terms,
    current: Option<SocketAddrV4>,
    target: SocketAddrV4,
) -> Option<&'static str> {
    let addr = target.ip().octets();
    let forbidden = [([0; 4], 8), ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4)];
    if target.port() == 0 || among(addr, &forbidden) {
        return Some("forbidden");
    }
    if terms.allows && within(addr, [198, 18, 0, 0], 15) {
        return None;
    }
    // Home is private, whatever its family, and listens on port 4000.
    let from = current.map_or(PRIVATE, |current| scope(current.ip().octets()));
    let to = scope(addr);
    let special = [
        ([192, 0, 2, 0], 24),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([198, 18, 0, 0], 15),
        ([192, 0, 0, 0], 24),
    ];
    if to < from && to < PRIVATE {
        Some("scope")
    } else if target.port() < 1024 {
        Some("port")
    } else if among(addr, &special) {
        Some("special")
    } else {
        let within_one = from == to && (to == 0 || to == PRIVATE);
        (!terms.secured && !terms.paper && !within_one).then_some("insecure")
    }
}
