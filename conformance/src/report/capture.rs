//! The report for Wireshark: a capture of every play, made from its timeline as if it had been sniffed.
//!
//! Addresses, octets, their cuts and their order are those of the play. Handshakes and acknowledgements are supplied, since
//! the runner does not see them. The SYN of every connection has a comment that names its play, and the last packet of a
//! play that was not as required has one that says what was broken.
//!
//! [`KEPT`](crate::timeline::KEPT) octets of each direction of a connection are there. Behind them a packet has its
//! headers and its true length, as with a snapshot length; its TCP checksum is over zeros.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use etherparse::{PacketBuilder, TcpOptionElement};

use super::Run;
use super::pcapng::{self, Packet};
use crate::case::Twin;
use crate::schedule::{Outcome, Played};
use crate::timeline::{Connection, Kept, Side, Timeline, What};
use crate::verdict::{End, Stop};

/// Octets of a segment at most.
const SEGMENT: u16 = 1448;
/// Both sides announce the largest window there is, so that no reader finds one overrun.
const WINDOW: u16 = u16::MAX;
const WINDOW_SCALE: u8 = 14;
const TTL: u8 = 64;

/// Writes all runs as one capture.
///
/// # Errors
/// What writing reports.
pub fn capture(runs: &[Run], to: &mut impl Write) -> io::Result<()> {
    let mut capture = Capture::begin(to)?;
    runs.iter().try_for_each(|run| capture.tell(run))
}

/// A pcap-ng file that is being written.
#[derive(Debug)]
pub struct Capture<W> {
    to: W,
    /// How many connections are in it.
    connections: u32,
}

impl<W: Write> Capture<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What writing reports.
    pub fn begin(mut to: W) -> io::Result<Self> {
        pcapng::begin(&mut to)?;
        Ok(Self { to, connections: 0 })
    }

    /// Adds every play whose timeline was kept, one after the other, each with its own times.
    ///
    /// # Errors
    /// What writing reports.
    pub fn tell(&mut self, run: &Run) -> io::Result<()> {
        for outcome in &run.outcomes {
            for played in &outcome.plays {
                for (twin, timeline) in &played.timelines {
                    let stop = played.stop.as_ref().filter(|_| *twin == played.twin);
                    let broken = stop.map(|stop| why(outcome, played, stop));
                    self.play(&name(outcome, played, *twin), timeline, broken)?;
                }
            }
        }
        self.to.flush()
    }

    /// Adds one play.
    fn play(&mut self, name: &str, timeline: &Timeline, broken: Option<String>) -> io::Result<()> {
        let begun = timeline
            .begun
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut flows = BTreeMap::new();
        let mut packets = Vec::new();
        for entry in &timeline.entries {
            let at = begun.saturating_add(entry.at).as_micros();
            let mut wire = Wire {
                at_us: u64::try_from(at).unwrap_or(u64::MAX),
                packets: &mut packets,
            };
            match &entry.what {
                What::Opened(on) => {
                    let flow = Flow::new(on, self.connections);
                    self.connections = self.connections.wrapping_add(1);
                    flows
                        .entry(on.number)
                        .or_insert(flow)
                        .open(&mut wire, format!("{name} connection={}", on.label))?;
                }
                What::Octets { on, by, octets } => {
                    if let Some(flow) = flows.get_mut(&on.number) {
                        flow.octets(&mut wire, *by, octets)?;
                    }
                }
                What::Ended { on, by, end } => {
                    if let Some(flow) = flows.get_mut(&on.number) {
                        flow.end(&mut wire, *by, *end)?;
                    }
                }
                What::Left(on) => {
                    if let Some(flow) = flows.get_mut(&on.number) {
                        flow.leave(&mut wire)?;
                    }
                }
                What::Line { .. } | What::Note { .. } => {}
            }
        }
        if let Some(last) = packets.last_mut() {
            last.comments.extend(broken);
        }
        packets
            .iter()
            .try_for_each(|packet| pcapng::packet(&mut self.to, packet))
    }
}

fn name(outcome: &Outcome, played: &Played, twin: Twin) -> String {
    let case = &outcome.case;
    format!(
        "case={} role={} cut={} twin={twin}",
        case.id,
        case.role(),
        played.cut
    )
}

fn why(outcome: &Outcome, played: &Played, stop: &Stop) -> String {
    let what = match stop {
        Stop::Breach(breach) => format!(
            "expected {}; observed {} [{}]",
            breach.expected, breach.observed, breach.axis
        ),
        Stop::Lacking(what) => format!("lacking: {what}"),
        Stop::Gone(what) => format!("gone: {what}"),
        Stop::Harness(what) => format!("runner: {what}"),
    };
    let broken = played.broken(&outcome.case);
    format!("{} {broken}: {what}", outcome.verdict.word())
}

/// Where the packets of one moment go.
struct Wire<'p> {
    at_us: u64,
    packets: &'p mut Vec<Packet>,
}

/// What a segment says beside its octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    SynAck,
    Ack,
    Push,
    Fin,
    Reset,
}

/// A connection as TCP sees it.
#[derive(Debug)]
struct Flow<'c> {
    on: &'c Connection,
    runner: Stream,
    testee: Stream,
    reset: bool,
}

/// One direction of it.
#[derive(Debug)]
struct Stream {
    /// The sequence number of the next octet.
    next: u32,
    ended: bool,
}

impl<'c> Flow<'c> {
    fn new(on: &'c Connection, number: u32) -> Self {
        // Readers tell two connections between the same ports apart by where their numbers begin.
        let begin = |next| Stream { next, ended: false };
        Self {
            on,
            runner: begin(number.wrapping_mul(0x9e37_79b9)),
            testee: begin(number.wrapping_mul(0x85eb_ca6b)),
            reset: false,
        }
    }

    fn open(&mut self, wire: &mut Wire<'_>, comment: String) -> io::Result<()> {
        let (opener, other) = (self.on.opener, self.on.opener.other());
        self.send(wire, opener, Flag::Syn, &[], 0)?;
        if let Some(syn) = wire.packets.last_mut() {
            syn.comments.push(comment);
        }
        self.advance(opener, 1);
        self.send(wire, other, Flag::SynAck, &[], 0)?;
        self.advance(other, 1);
        self.send(wire, opener, Flag::Ack, &[], 0)
    }

    fn octets(&mut self, wire: &mut Wire<'_>, by: Side, octets: &Kept) -> io::Result<()> {
        let (mut kept, mut left) = (octets.octets.as_slice(), octets.len);
        while left > 0 {
            let segment = left.min(SEGMENT.into());
            let there = kept.get(..segment).unwrap_or(kept);
            self.send(wire, by, Flag::Push, there, segment)?;
            self.advance(by, segment);
            kept = kept.get(segment..).unwrap_or_default();
            left = left.saturating_sub(segment);
        }
        self.send(wire, by.other(), Flag::Ack, &[], 0)
    }

    fn end(&mut self, wire: &mut Wire<'_>, by: Side, end: End) -> io::Result<()> {
        match end {
            End::Fin | End::Cut => {
                self.send(wire, by, Flag::Fin, &[], 0)?;
                self.advance(by, 1);
                self.stream(by).ended = true;
                self.send(wire, by.other(), Flag::Ack, &[], 0)?;
            }
            End::Reset => {
                self.send(wire, by, Flag::Reset, &[], 0)?;
                self.reset = true;
            }
        }
        Ok(())
    }

    fn leave(&mut self, wire: &mut Wire<'_>) -> io::Result<()> {
        if self.reset || (self.runner.ended && self.testee.ended) {
            return Ok(());
        }
        self.end(wire, Side::Runner, End::Reset)
    }

    fn stream(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::Runner => &mut self.runner,
            Side::Testee => &mut self.testee,
        }
    }

    fn advance(&mut self, side: Side, octets: usize) {
        // Sequence numbers are counted modulo 2^32.
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        let stream = self.stream(side);
        stream.next = stream.next.wrapping_add(octets);
    }

    /// One packet whose payload is `len` octets, of which those of `there` were kept.
    fn send(
        &self,
        wire: &mut Wire<'_>,
        by: Side,
        flag: Flag,
        there: &[u8],
        len: usize,
    ) -> io::Result<()> {
        let Connection { runner, testee, .. } = self.on;
        let (from, to, seq, ack) = match by {
            Side::Runner => (runner, testee, self.runner.next, self.testee.next),
            Side::Testee => (testee, runner, self.testee.next, self.runner.next),
        };
        let tcp = PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), TTL).tcp(
            from.port(),
            to.port(),
            seq,
            WINDOW,
        );
        let opening = [
            TcpOptionElement::MaximumSegmentSize(SEGMENT),
            TcpOptionElement::WindowScale(WINDOW_SCALE),
        ];
        let tcp = match flag {
            Flag::Syn => tcp.syn().options(&opening),
            Flag::SynAck => tcp.syn().ack(ack).options(&opening),
            Flag::Ack => Ok(tcp.ack(ack)),
            Flag::Push => Ok(tcp.psh().ack(ack)),
            Flag::Fin => Ok(tcp.fin().ack(ack)),
            Flag::Reset => Ok(tcp.rst().ack(ack)),
        };
        let mut payload = there.to_vec();
        payload.resize(len, 0);
        let mut captured = Vec::new();
        let tcp = tcp.map_err(io::Error::other)?;
        tcp.write(&mut captured, &payload)
            .map_err(io::Error::other)?;
        let whole = captured.len();
        captured.truncate(whole.saturating_sub(len.saturating_sub(there.len())));
        wire.packets.push(Packet {
            at_us: wire.at_us,
            captured,
            len: whole,
            comments: Vec::new(),
        });
        Ok(())
    }
}
