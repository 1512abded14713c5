//! A timeline in words: the one place where entries become what a person reads, whatever the report.
//!
//! Octets are told as frames as far as they can be told apart, with raw headers only. Nothing is judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use eop_wire::{HEADER_LEN, RawHeader};

use super::{Entry, Kept, Side, Timeline, What};
use crate::verdict::End;

/// Octets shown in hex before they are cut short.
const SHOWN: usize = 24;
/// Characters of a driver's line before it is cut short.
const LINE: usize = 160;

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Microseconds since the play began.
    pub at_us: u128,
    /// Which connection, endpoint or channel: `A`, `home`, `driver`.
    pub place: String,
    /// What, in words and hex; `>` is the runner, `<` the testee.
    pub text: String,
}

impl Timeline {
    /// The timeline in words. A frame is one line however it was cut, unless something else happened in its middle: then
    /// what is there is told with `..` and the count, and the whole behind another `..` once the rest has come.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut teller = Teller::default();
        for entry in &self.entries {
            teller.tell(entry);
        }
        teller.break_off();
        teller.lines
    }
}

#[derive(Default)]
struct Teller {
    lines: Vec<Line>,
    streams: BTreeMap<(usize, Side), Stream>,
    /// The direction whose frame is unfinished, if nothing has happened since.
    open: Option<((usize, Side), Line, Vec<String>)>,
}

impl Teller {
    fn tell(&mut self, entry: &Entry) {
        let at_us = entry.at.as_micros();
        let line = |place: &str, text: String| Line {
            at_us,
            place: place.to_owned(),
            text,
        };
        let told = match &entry.what {
            What::Octets { on, by, octets } => {
                let direction = (on.number, *by);
                if self
                    .open
                    .as_ref()
                    .is_some_and(|(open, ..)| *open != direction)
                {
                    self.break_off();
                }
                let (_, line, mut said) = self
                    .open
                    .take()
                    .unwrap_or_else(|| (direction, line(&on.label, String::new()), Vec::new()));
                let stream = self.streams.entry(direction).or_default();
                stream.take(octets, &mut said);
                if stream.octets.is_empty() {
                    self.finish(*by, line, &said);
                } else {
                    self.open = Some((direction, line, said));
                }
                return;
            }
            What::Left(_) => return,
            What::Opened(on) => {
                let verb = match on.opener {
                    Side::Runner => "connects",
                    Side::Testee => "accepts",
                };
                line(
                    &on.label,
                    format!("runner {verb}: {} - {}", on.runner, on.testee),
                )
            }
            What::Ended { on, by, end } => {
                let end = match end {
                    End::Fin => "FIN",
                    End::Reset => "RST",
                    End::Cut => "FIN, without close_notify",
                };
                line(&on.label, format!("{} {end}", by.arrow()))
            }
            What::Line { by, text } => line("driver", format!("{} {}", by.arrow(), shorten(text))),
            What::Note { place, text } => line(place, text.clone()),
        };
        self.break_off();
        self.lines.push(told);
    }

    /// Tells what is there of a frame that something else interrupts.
    fn break_off(&mut self) {
        if let Some((direction, line, mut said)) = self.open.take() {
            if let Some(stream) = self.streams.get_mut(&direction) {
                said.push(describe(&stream.octets));
                stream.told = true;
            }
            self.finish(direction.1, line, &said);
        }
    }

    fn finish(&mut self, by: Side, mut line: Line, said: &[String]) {
        line.text = format!("{} {}", by.arrow(), said.join(" + "));
        self.lines.push(line);
    }
}

/// One direction of a connection.
#[derive(Default)]
struct Stream {
    /// The unfinished frame.
    octets: Vec<u8>,
    /// Whether it was told already.
    told: bool,
    /// Whether octets are missing, so that no frame can be found any more.
    lost: bool,
}

impl Stream {
    fn take(&mut self, octets: &Kept, said: &mut Vec<String>) {
        if self.lost || octets.octets.len() < octets.len {
            if !self.octets.is_empty() {
                said.push(describe(&self.octets));
                self.octets.clear();
            }
            self.lost = true;
            said.push(format!("{} octets, not all of them kept", octets.len));
            return;
        }
        self.octets.extend_from_slice(&octets.octets);
        let mut left = self.octets.as_slice();
        while let Some((header, payload, rest)) = first_frame(left) {
            let before = if std::mem::take(&mut self.told) {
                ".. "
            } else {
                ""
            };
            said.push(format!("{before}{}", frame(header, payload)));
            left = rest;
        }
        let taken = self.octets.len().saturating_sub(left.len());
        self.octets.drain(..taken);
    }
}

/// The first frame and what follows it, if it is complete.
fn first_frame(octets: &[u8]) -> Option<(RawHeader, &[u8], &[u8])> {
    let (head, rest) = octets.split_first_chunk::<HEADER_LEN>()?;
    let header = RawHeader::from_bytes(head);
    let (payload, rest) = rest.split_at_checked(usize::try_from(header.slen).ok()?)?;
    Some((header, payload, rest))
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// Octets in words: the frames in them as far as they can be told apart.
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
    use crate::octets::{n, r};
    use crate::timeline::{Connection, Log};
    use std::sync::Arc;

    fn opened(log: &Log) -> Arc<Connection> {
        let loopback = |port| std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, port);
        log.opened("A", Side::Runner, loopback(4000), loopback(9000))
    }

    fn told(log: &Log) -> Vec<String> {
        let lines = log.finish().lines();
        lines.into_iter().skip(1).map(|line| line.text).collect()
    }

    #[test]
    fn two_frames_in_one_send_are_told_apart() {
        let to = std::net::SocketAddrV4::new(std::net::Ipv4Addr::new(192, 0, 2, 10), 9000);
        let octets = [n("hi"), r(to)].concat();
        assert_eq!(describe(&octets), "N(\"hi\") + R(192.0.2.10:9000)");
    }

    #[test]
    fn a_frame_cut_short_says_how_much_is_there() {
        let octets = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, b'h', b'i'];
        assert_eq!(describe(&octets), "N(\"hi\" ..2 of 9)");
    }

    #[test]
    fn a_frame_in_pieces_is_one_line() {
        let log = Log::begin();
        let a = opened(&log);
        for piece in n("hi").chunks(5) {
            log.octets(&a, Side::Testee, piece);
        }
        assert_eq!(told(&log), ["< N(\"hi\")"]);
    }

    #[test]
    fn a_frame_with_something_in_its_middle_is_told_as_it_came() {
        let log = Log::begin();
        let a = opened(&log);
        let frame = n("hi");
        let (head, tail) = frame.split_at(13);
        log.octets(&a, Side::Runner, head);
        log.ended(&a, Side::Testee, End::Fin);
        log.octets(&a, Side::Runner, tail);
        assert_eq!(
            told(&log),
            ["> N(\"h\" ..1 of 2)", "< FIN", "> .. N(\"hi\")"]
        );
    }

    #[test]
    fn octets_that_were_not_kept_are_counted() {
        let log = Log::begin();
        let a = opened(&log);
        log.octets(&a, Side::Runner, &vec![0; crate::timeline::KEPT + 1]);
        assert_eq!(told(&log), ["> 2097153 octets, not all of them kept"]);
    }
}
