//! The smallest words of the contract's grammar: numbers, tokens, endpoints.

use std::net::{Ipv4Addr, SocketAddrV4};

/// `number`: no sign, no leading zero, at most 4294967295.
pub(crate) fn number(text: &str) -> Option<u32> {
    let plain =
        text == "0" || (!text.starts_with('0') && text.bytes().all(|octet| octet.is_ascii_digit()));
    plain.then(|| text.parse().ok()).flatten()
}

/// `token`: 1 to 32 of a to z, 0 to 9 and the hyphen.
pub(crate) fn token(text: &str) -> Option<&str> {
    let legal = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    ((1..=32).contains(&text.len()) && text.bytes().all(legal)).then_some(text)
}

/// `port`: 0 to 65535.
pub(crate) fn port(text: &str) -> Option<u16> {
    u16::try_from(number(text)?).ok()
}

/// `ipv4`: four numbers of at most 255, with dots between.
pub(crate) fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let bytes: Option<Vec<u8>> = text
        .split('.')
        .map(|byte| u8::try_from(number(byte)?).ok())
        .collect();
    <[u8; 4]>::try_from(bytes?).ok().map(Ipv4Addr::from)
}

/// `endpoint`: `ipv4:port`.
pub(crate) fn endpoint(text: &str) -> Option<SocketAddrV4> {
    let (address, at) = text.split_once(':')?;
    Some(SocketAddrV4::new(ipv4(address)?, port(at)?))
}
