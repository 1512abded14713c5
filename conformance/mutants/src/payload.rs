//! Payloads: octets, or the pattern `@N`. Nothing here knows of frames or sockets.

use std::rc::Rc;

use crate::text::number;

/// A payload that can be sent again and again without a copy: the pattern is made only as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    Octets(Rc<[u8]>),
    /// So many octets, of which octet i is `i mod 251`.
    Pattern(u32),
}

impl Payload {
    pub(crate) fn empty() -> Self {
        Self::Pattern(0)
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Octets(text.as_bytes().into())
    }

    /// Reads `-`, lower-case hex or `@N`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "-" {
            return Some(Self::empty());
        }
        if let Some(length) = text.strip_prefix('@') {
            return number(length).map(Self::Pattern);
        }
        let octets: Option<Rc<[u8]>> = text.as_bytes().chunks(2).map(octet).collect();
        octets.filter(|octets| !octets.is_empty()).map(Self::Octets)
    }

    pub(crate) fn length(&self) -> u32 {
        match self {
            // A line or a frame that long cannot have arrived; the pattern is the only way to a longer one.
            Self::Octets(octets) => u32::try_from(octets.len()).unwrap_or(u32::MAX),
            Self::Pattern(length) => *length,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length() == 0
    }

    /// Appends up to `most` octets that stand at `from` and after it.
    pub(crate) fn append(&self, from: u64, most: usize, to: &mut Vec<u8>) {
        match self {
            Self::Octets(octets) => {
                let rest = usize::try_from(from)
                    .ok()
                    .and_then(|from| octets.get(from..))
                    .unwrap_or(&[]);
                to.extend(rest.iter().take(most));
            }
            Self::Pattern(length) => {
                let octets = (from..u64::from(*length)).take(most);
                to.extend(octets.map(|i| u8::try_from(i % 251).unwrap_or(0)));
            }
        }
    }
}

fn octet(pair: &[u8]) -> Option<u8> {
    let nibble = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    match pair {
        [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
        _ => None,
    }
}

/// Octets in lower-case hex, however many.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A received message as an event gives it: `-`, hex, or length and CRC-32 beyond 4,096 octets.
pub(crate) fn body(octets: &[u8]) -> String {
    if octets.is_empty() {
        "-".to_owned()
    } else if octets.len() <= 4096 {
        hex(octets)
    } else {
        format!("@{} crc32={:08x}", octets.len(), crc32fast::hash(octets))
    }
}
