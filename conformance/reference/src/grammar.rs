//! The words that both contracts are made of (`spec/testee.md`, section 1), read strictly: what the grammar does not have
//! is nothing.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Octets that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// These.
    Octets(Vec<u8>),
    /// That many of the pattern.
    Pattern(u32),
}

/// The pattern's octets repeat after this many.
const PERIOD: u8 = 251;

impl Payload {
    pub(crate) fn into_octets(self) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets,
            Self::Pattern(count) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                (0..PERIOD).cycle().take(count).collect()
            }
        }
    }
}

/// `1*32( %x61-7A / DIGIT / "-" )`
pub(crate) fn token(word: &str) -> Option<&str> {
    let legal = |octet: u8| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-');
    ((1..=32).contains(&word.len()) && word.bytes().all(legal)).then_some(word)
}

/// `"0" / ( %x31-39 *9DIGIT )`, at most 4294967295
pub(crate) fn number(word: &str) -> Option<u32> {
    match word.as_bytes() {
        [b'0'] => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => word.parse().ok(),
        _ => None,
    }
}

/// `"-" / 1*octet / "@" number`
pub(crate) fn payload(word: &str) -> Option<Payload> {
    match word {
        "-" => Some(Payload::Octets(Vec::new())),
        "" => None,
        _ => match word.strip_prefix('@') {
            Some(count) => number(count).map(Payload::Pattern),
            None => hex(word.as_bytes()).map(Payload::Octets),
        },
    }
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let octet = |&[high, low]: &[u8; 2]| Some(digit(high)?.wrapping_shl(4) | digit(low)?);
    rest.is_empty().then(|| pairs.iter().map(octet).collect())?
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}

/// `byte "." byte "." byte "." byte`
pub(crate) fn ipv4(word: &str) -> Option<Ipv4Addr> {
    let mut bytes = word.split('.').map(|byte| u8::try_from(number(byte)?).ok());
    let mut byte = || bytes.next().flatten();
    let octets = [byte()?, byte()?, byte()?, byte()?];
    bytes.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// `number`, 0 to 65535
pub(crate) fn port(word: &str) -> Option<u16> {
    u16::try_from(number(word)?).ok()
}

/// `ipv4 ":" port`
pub(crate) fn endpoint(word: &str) -> Option<SocketAddrV4> {
    let (ip, digits) = word.split_once(':')?;
    Some(SocketAddrV4::new(ipv4(ip)?, port(digits)?))
}

/// `endpoint *( "," endpoint )`
pub(crate) fn list(word: &str) -> Option<Vec<SocketAddrV4>> {
    word.split(',').map(endpoint).collect()
}

/// `1*octet`
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_sign_no_leading_zero_and_32_bits() {
        let read = ["0", "7", "4294967295"].map(number);
        assert_eq!(read, [Some(0), Some(7), Some(u32::MAX)]);
        let refused = [
            "",
            "00",
            "07",
            "+7",
            "-7",
            "7 ",
            "4294967296",
            "99999999999",
        ]
        .map(number);
        assert_eq!(refused, [None; 8]);
    }

    #[test]
    fn payloads_are_nothing_hex_or_a_pattern() {
        assert_eq!(payload("-"), Some(Payload::Octets(vec![])));
        assert_eq!(payload("00ff"), Some(Payload::Octets(vec![0, 255])));
        assert_eq!(
            payload("@300").unwrap().into_octets()[249..253],
            [249, 250, 0, 1]
        );
        let refused = ["", "0", "0F", "0g", "@", "@01", "@-1", "--"].map(payload);
        assert_eq!(refused, [const { None }; 8]);
    }

    #[test]
    fn endpoints_have_four_bytes_and_a_port() {
        let read = endpoint("192.0.2.10:9000").unwrap();
        assert_eq!(read, SocketAddrV4::new([192, 0, 2, 10].into(), 9000));
        let refused = [
            "1.2.3:4",
            "1.2.3.4",
            "1.2.3.4:",
            "1.2.3.4.5:6",
            "01.2.3.4:5",
            "1.2.3.256:5",
        ];
        assert_eq!(refused.map(endpoint), [None; 6]);
        assert_eq!(endpoint("1.2.3.4:65536"), None);
    }

    #[test]
    fn tokens_are_short_and_lower_case() {
        assert_eq!(token("a-9"), Some("a-9"));
        let long = "a".repeat(33);
        assert_eq!(["", "A", "a_b", "a b", &long].map(token), [None; 5]);
    }
}
