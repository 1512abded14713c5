//! The three blocks of a pcap-ng file that a capture needs, in little-endian order. What is in a packet is not known here.
//!
//! Written by hand: the crates for it have had no stable release for years.

use std::io::{self, Write};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// Packets begin with an IPv4 header.
const LINKTYPE_IPV4: u16 = 228;
const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;

/// A packet as it was captured, which may be less than there was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    /// Microseconds since 1970.
    pub(super) at_us: u64,
    /// The captured octets.
    pub(super) captured: Vec<u8>,
    /// The length of the whole packet.
    pub(super) len: usize,
    /// What is to be said about it.
    pub(super) comments: Vec<String>,
}

/// Begins a file: one section with one interface.
pub(super) fn begin(to: &mut impl Write) -> io::Result<()> {
    let mut section = Vec::new();
    section.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
    section.extend_from_slice(&1_u16.to_le_bytes());
    section.extend_from_slice(&0_u16.to_le_bytes());
    // The section's length is not known beforehand.
    section.extend_from_slice(&(-1_i64).to_le_bytes());
    options(&mut section, [(APPLICATION, "eop-conformance")])?;
    block(to, SECTION, &section)?;
    let mut interface = Vec::new();
    interface.extend_from_slice(&LINKTYPE_IPV4.to_le_bytes());
    interface.extend_from_slice(&0_u16.to_le_bytes());
    // No limit that holds for every packet.
    interface.extend_from_slice(&0_u32.to_le_bytes());
    block(to, INTERFACE, &interface)
}

/// Adds a packet.
pub(super) fn packet(to: &mut impl Write, packet: &Packet) -> io::Result<()> {
    let mut body = Vec::new();
    body.extend_from_slice(&0_u32.to_le_bytes());
    let [a, b, c, d, e, f, g, h] = packet.at_us.to_le_bytes();
    body.extend_from_slice(&[e, f, g, h, a, b, c, d]);
    body.extend_from_slice(&length(packet.captured.len())?.to_le_bytes());
    body.extend_from_slice(&length(packet.len)?.to_le_bytes());
    padded(&mut body, &packet.captured);
    let comments = packet.comments.iter();
    options(&mut body, comments.map(|text| (COMMENT, text.as_str())))?;
    block(to, PACKET, &body)
}

fn block(to: &mut impl Write, kind: u32, body: &[u8]) -> io::Result<()> {
    // Type and length before the body, the length again behind it.
    let whole = length(body.len().saturating_add(12))?.to_le_bytes();
    to.write_all(&kind.to_le_bytes())?;
    to.write_all(&whole)?;
    to.write_all(body)?;
    to.write_all(&whole)
}

fn options<'t>(
    body: &mut Vec<u8>,
    options: impl IntoIterator<Item = (u16, &'t str)>,
) -> io::Result<()> {
    let before = body.len();
    for (code, text) in options {
        let length = u16::try_from(text.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        body.extend_from_slice(&code.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        padded(body, text.as_bytes());
    }
    if body.len() > before {
        body.extend_from_slice(&[0; 4]);
    }
    Ok(())
}

/// Adds octets, and zeros up to the next multiple of four.
fn padded(body: &mut Vec<u8>, octets: &[u8]) {
    body.extend_from_slice(octets);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn length(octets: usize) -> io::Result<u32> {
    u32::try_from(octets).map_err(|_| io::ErrorKind::InvalidInput.into())
}
