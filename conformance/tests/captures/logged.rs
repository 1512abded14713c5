//! What the suite says that it sent and received, read from its JSON lines, and what of it breaks a rule that shows on the
//! wire. Frames are told apart here anew: neither the suite's code nor the dissector's is asked.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use serde_json::Value;

const HEADER: usize = 12;
const DEFAULT_LIMIT: u32 = 1 << 20;

/// A frame as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) opcode: u16,
    pub(crate) port: u16,
    pub(crate) addr: Ipv4Addr,
    pub(crate) slen: u32,
    /// In hex.
    pub(crate) payload: String,
}

/// What one side of a connection sent, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) from: SocketAddrV4,
    pub(crate) frames: Vec<Frame>,
    /// The requirements that an onlooker sees broken.
    pub(crate) broken: BTreeSet<String>,
}

/// Both directions, the opener's first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) directions: [Direction; 2],
}

/// Every connection of a run, in the order of its plays.
pub(crate) fn connections(log: &Path) -> Vec<Connection> {
    plays(log).iter().flat_map(of_play).collect()
}

/// What the timelines say of octets, in words, connections in their order.
pub(crate) fn words(log: &Path) -> Vec<String> {
    let said = |line: &Value| {
        let text = line["text"].as_str()?;
        let words = text
            .strip_prefix("> ")
            .or_else(|| text.strip_prefix("< "))?;
        let end = ["FIN", "RST"].contains(&words);
        (line["place"] != "driver" && !end).then(|| words.to_owned())
    };
    let of_play =
        |play: &Value| -> Vec<String> { list(&play["lines"]).iter().filter_map(said).collect() };
    plays(log).iter().flat_map(of_play).collect()
}

fn plays(log: &Path) -> Vec<Value> {
    let lines = std::fs::read_to_string(log).expect("the log was written");
    let rows = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    rows.filter(|row: &Value| row["row"] == "play").collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn of_play(play: &Value) -> Vec<Connection> {
    let mut read: Vec<Reading> = Vec::new();
    for entry in list(&play["entries"]) {
        let what = entry["what"].as_str().expect("what happened");
        if what == "opened" {
            read.push(Reading::opened(entry));
            continue;
        }
        let Some(number) = entry["on"].as_u64() else {
            continue;
        };
        let connection = &mut read[usize::try_from(number).expect("a small number")];
        match what {
            "octets" => connection.octets(entry),
            "fin" => connection.fin(entry),
            "rst" | "left" => {}
            other => panic!("{other} on a connection"),
        }
    }
    let finished = read
        .into_iter()
        .map(|Reading { opener, other, .. }| Connection {
            directions: [opener.told, other.told],
        });
    finished.collect()
}

/// A connection that is being read.
struct Reading {
    opened_by: String,
    opener: Side,
    other: Side,
}

struct Side {
    told: Direction,
    begun: Vec<u8>,
    /// Octets of a payload over the default limit that are still to come.
    skip: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Redirected,
    Broken,
}

impl Reading {
    fn opened(entry: &Value) -> Self {
        let by = entry["by"].as_str().expect("who");
        let side = |who: &str| Side {
            told: Direction {
                from: entry[who]
                    .as_str()
                    .expect("an address")
                    .parse()
                    .expect("an address"),
                frames: Vec::new(),
                broken: BTreeSet::new(),
            },
            begun: Vec::new(),
            skip: 0,
            state: State::Open,
        };
        let other = if by == "runner" { "testee" } else { "runner" };
        Self {
            opened_by: by.to_owned(),
            opener: side(by),
            other: side(other),
        }
    }

    fn octets(&mut self, entry: &Value) {
        let octets = unhex(entry["octets"].as_str().expect("hex"));
        assert_eq!(
            entry["len"],
            octets.len(),
            "these cases stay below what is kept"
        );
        if entry["by"] == self.opened_by.as_str() {
            let discarded = self.other.state == State::Redirected;
            self.opener.take(&octets, true, discarded);
        } else {
            self.other.take(&octets, false, false);
        }
    }

    fn fin(&mut self, entry: &Value) {
        if entry["by"] != self.opened_by.as_str() {
            self.other.fin();
        } else if self.other.state != State::Redirected {
            self.opener.fin();
        }
    }
}

impl Side {
    fn breaks(&mut self, id: &str) {
        self.told.broken.insert(id.to_owned());
    }

    fn fin(&mut self) {
        if self.state == State::Open && (self.skip > 0 || !self.begun.is_empty()) {
            self.breaks("EOP-FRM-5");
        }
    }

    fn take(&mut self, octets: &[u8], opener: bool, discarded: bool) {
        let skipped = self.skip.min(octets.len());
        self.skip -= skipped;
        self.begun.extend_from_slice(&octets[skipped..]);
        while self.state == State::Open && self.begun.len() >= 2 {
            let opcode = u16::from_be_bytes([self.begun[0], self.begun[1]]);
            if ![1, 2].contains(&opcode) {
                self.state = State::Broken;
                match opcode {
                    _ if discarded => {}
                    0x0100 | 0x0200 => self.breaks("EOP-OPC-6"),
                    _ if self.told.frames.is_empty() => self.breaks("EOP-OPC-5"),
                    _ => self.breaks("EOP-OPC-2"),
                }
                return;
            }
            let Some(frame) = self.frame(opcode) else {
                return;
            };
            self.judge(&frame, opener);
            self.told.frames.push(frame);
        }
        if self.state == State::Redirected && !self.begun.is_empty() && !opener {
            self.breaks("EOP-RED-8");
        }
    }

    /// Takes the frame that the octets begin with, if it is there; of one over the default limit, its header.
    fn frame(&mut self, opcode: u16) -> Option<Frame> {
        let head: [u8; HEADER] = self.begun.get(..HEADER)?.try_into().expect("twelve");
        let slen = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let announced = usize::try_from(slen).expect("it fits");
        let there = self.begun.len() - HEADER;
        let large = slen > DEFAULT_LIMIT;
        if there < announced && !large {
            return None;
        }
        let taken = announced.min(there);
        self.skip = announced - taken;
        let payload = if there < announced {
            &[]
        } else {
            &self.begun[HEADER..HEADER + taken]
        };
        let frame = Frame {
            opcode,
            port: u16::from_be_bytes([head[2], head[3]]),
            addr: Ipv4Addr::new(head[4], head[5], head[6], head[7]),
            slen,
            payload: payload.iter().map(|octet| format!("{octet:02x}")).collect(),
        };
        self.begun.drain(..HEADER + taken);
        Some(frame)
    }

    fn judge(&mut self, frame: &Frame, opener: bool) {
        let [first, ..] = frame.addr.octets();
        if frame.slen > DEFAULT_LIMIT {
            self.breaks("EOP-LIM-2");
        }
        if frame.opcode == 2 {
            self.state = State::Redirected;
            if opener {
                self.breaks("EOP-RED-1");
            }
            if frame.port == 0 || first == 0 || first >= 224 {
                self.breaks("EOP-RED-14");
                self.breaks("EOP-POL-1");
            }
        } else if frame.port != 0 || !frame.addr.is_unspecified() {
            self.breaks("EOP-FRM-6");
        }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.trim_start_matches('-').as_bytes();
    let octet = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hex")
    };
    digits.chunks(2).map(octet).collect()
}
