//! What the runner sends: frames, right and wrong, as octets.
//!
//! Built on raw headers, since a judge must be able to say wrong things. No socket, no verdict.

use std::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::{HEADER_LEN, RawHeader, opcode};

/// A NORMAL header that announces `slen` octets.
#[must_use]
pub const fn normal_header(slen: u32) -> RawHeader {
    RawHeader {
        opcode: opcode::NORMAL,
        port: 0,
        addr: Ipv4Addr::UNSPECIFIED,
        slen,
    }
}

/// A REDIRECT header to `to` that announces `slen` octets.
#[must_use]
pub const fn redirect_header(to: SocketAddrV4, slen: u32) -> RawHeader {
    RawHeader {
        opcode: opcode::REDIRECT,
        port: to.port(),
        addr: *to.ip(),
        slen,
    }
}

/// A header and whatever follows it, whether or not the two agree.
#[must_use]
pub fn raw(header: RawHeader, payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(HEADER_LEN.saturating_add(payload.len()));
    octets.extend_from_slice(&header.to_bytes());
    octets.extend_from_slice(payload);
    octets
}

/// N(payload).
#[must_use]
pub fn n(payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    raw(normal_header(length(payload)), payload)
}

/// R(to).
#[must_use]
pub fn r(to: SocketAddrV4) -> Vec<u8> {
    raw(redirect_header(to, 0), b"")
}

/// R(to, payload).
#[must_use]
pub fn r_with(to: SocketAddrV4, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    raw(redirect_header(to, length(payload)), payload)
}

/// The pattern `@count` of the contract: octet i is i mod 251.
#[must_use]
pub fn pattern(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}

/// The first `count` octets of a frame: a frame that is cut off.
#[must_use]
pub fn cut(mut octets: Vec<u8>, count: usize) -> Vec<u8> {
    octets.truncate(count);
    octets
}

/// Lower-case hex in full, `-` for nothing: a payload as the contract writes it.
#[must_use]
pub fn payload(octets: &[u8]) -> String {
    if octets.is_empty() {
        return "-".to_owned();
    }
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A payload as the event `message` tells it (EOP-DRV-20).
#[must_use]
pub fn body(octets: &[u8]) -> String {
    if octets.len() > 4096 {
        format!("@{} crc32={:08x}", octets.len(), crc32fast::hash(octets))
    } else {
        payload(octets)
    }
}

fn length(payload: &[u8]) -> u32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_the_examples_of_the_specification() {
        let to = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 10), 9000);
        assert_eq!(payload(&n("hi")), "0001000000000000000000026869");
        assert_eq!(payload(&r(to)), "00022328c000020a00000000");
        assert_eq!(payload(&r_with(to, "ok")), "00022328c000020a000000026f6b");
    }

    #[test]
    fn the_pattern_starts_again_after_250() {
        assert_eq!(pattern(253).get(249..), Some(&[249, 250, 0, 1][..]));
    }
}
