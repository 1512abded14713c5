//! What happened in one run of a script: every octet, event and end, with its time and endpoint.
//!
//! Frames are decoded for the reader here, with raw headers only; nothing is judged.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Instant;

use eop_wire::{HEADER_LEN, RawHeader};

/// Octets of a payload shown in hex before it is cut short.
const SHOWN: usize = 24;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Microseconds since the script began.
    pub at_us: u128,
    /// Which connection, endpoint or channel: `A`, `home`, `driver`.
    pub place: String,
    /// What, in words and hex.
    pub text: String,
}

/// A log that every connection and channel of one script writes to.
#[derive(Debug, Clone)]
pub struct Timeline {
    begun: Instant,
    entries: Rc<RefCell<Vec<Entry>>>,
}

impl Timeline {
    /// An empty timeline that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
            entries: Rc::default(),
        }
    }

    /// Notes something that happened just now.
    pub fn note(&self, place: &str, text: impl Into<String>) {
        let at_us = self.begun.elapsed().as_micros();
        self.entries.borrow_mut().push(Entry {
            at_us,
            place: place.to_owned(),
            text: text.into(),
        });
    }

    /// What was noted so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.borrow().clone()
    }
}

/// Octets that the runner sends, in words: the frames in them as far as they can be told apart.
#[must_use]
pub fn describe(mut octets: &[u8]) -> String {
    let mut said = String::new();
    while !octets.is_empty() {
        if !said.is_empty() {
            said.push_str(" + ");
        }
        let Some((head, rest)) = octets.split_first_chunk::<HEADER_LEN>() else {
            let _ = write!(said, "{} octets: {}", octets.len(), hex(octets));
            return said;
        };
        let header = RawHeader::from_bytes(head);
        let announced = usize::try_from(header.slen).unwrap_or(usize::MAX);
        let payload = rest.get(..announced.min(rest.len())).unwrap_or_default();
        said.push_str(&frame(header, payload));
        octets = rest.get(payload.len()..).unwrap_or_default();
    }
    said
}

/// A frame in words: `N("hi")`, `R(127.0.0.1:80)`, or the raw fields if it is neither.
#[must_use]
pub fn frame(header: RawHeader, payload: &[u8]) -> String {
    let announced = usize::try_from(header.slen).unwrap_or(usize::MAX);
    let mut said = match header.opcode {
        0x0001 if header.port == 0 && header.addr.is_unspecified() => {
            format!("N({}", brief(payload))
        }
        0x0001 => format!(
            "N[port={} addr={}]({}",
            header.port,
            header.addr,
            brief(payload)
        ),
        0x0002 if header.slen == 0 => format!("R({}:{}", header.addr, header.port),
        0x0002 => format!("R({}:{}, {}", header.addr, header.port, brief(payload)),
        opcode => format!(
            "?[opcode={opcode:#06x} port={} addr={} slen={}]({}",
            header.port,
            header.addr,
            header.slen,
            brief(payload)
        ),
    };
    if payload.len() < announced {
        let _ = write!(said, " ..{} of {announced}", payload.len());
    }
    said.push(')');
    said
}

fn brief(payload: &[u8]) -> String {
    let printable = payload
        .iter()
        .all(|octet| octet.is_ascii_graphic() || *octet == b' ');
    if payload.len() > 80 {
        format!(
            "{} octets {}..",
            payload.len(),
            hex(payload.get(..8).unwrap_or_default())
        )
    } else if printable {
        format!("\"{}\"", String::from_utf8_lossy(payload))
    } else {
        hex(payload)
    }
}

/// Lower-case hex, cut short with the total when it is long.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    let mut said: String = octets
        .iter()
        .take(SHOWN)
        .fold(String::new(), |mut said, octet| {
            let _ = write!(said, "{octet:02x}");
            said
        });
    if octets.len() > SHOWN {
        let _ = write!(said, ".. ({} octets)", octets.len());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_frames_in_one_send_are_told_apart() {
        let octets = [
            &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, b'h', b'i'][..],
            &[0, 2, 0x23, 0x28, 192, 0, 2, 10, 0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(describe(&octets), "N(\"hi\") + R(192.0.2.10:9000)");
    }

    #[test]
    fn a_frame_cut_short_says_how_much_is_there() {
        let octets = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, b'h', b'i'];
        assert_eq!(describe(&octets), "N(\"hi\" ..2 of 9)");
    }
}
