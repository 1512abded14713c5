//! A stream of frames that arrives in chunks: who finds the frames, and what that costs beside copying the octets once.

use std::hint::black_box;
use std::io::{self, Read, Write};

use bytes::BytesMut;
use eop_wire::{Deframer, Frame, HEADER_LEN, Item};
use tokio_util::codec::{Decoder, LengthDelimitedCodec};
use tungstenite::protocol::{Role, WebSocket};

use super::{Contender, Round};

/// Octets of payload in each frame.
pub const PAYLOADS: [usize; 3] = [0, 64, 16 * 1024];
/// Octets that arrive at a time: one, a segment of Ethernet, a large read.
pub const CHUNKS: [usize; 3] = [1, 1448, 64 * 1024];
/// Octets of a stream, about.
const STREAM: usize = 256 * 1024;
/// The longest payload that is accepted.
const LIMIT: u32 = 1 << 20;

pub(super) fn contenders() -> Vec<Contender> {
    let shapes = PAYLOADS
        .into_iter()
        .flat_map(|payload| CHUNKS.map(|chunk| (payload, chunk)));
    shapes
        .flat_map(|(payload, chunk)| of_shape(payload, chunk))
        .collect()
}

/// The task's name.
#[must_use]
pub fn task(payload: usize, chunk: usize) -> String {
    format!("deframe {payload} B in {chunk} B")
}

fn of_shape(payload: usize, chunk: usize) -> Vec<Contender> {
    // Octet by octet a short stream says as much.
    let stream = if chunk == 1 { STREAM / 16 } else { STREAM };
    let frames = u32::try_from((stream / (payload + HEADER_LEN)).max(1)).unwrap_or(1);
    let contender = |name, round: fn(Vec<u8>, usize) -> Round| {
        let prepare = move || round(frames_of(payload, frames), chunk);
        Contender::new(task(payload, chunk), name, (frames, "frame"), prepare)
    };
    let mut contenders = vec![
        contender("eop-wire", |octets, chunk| {
            let mut deframer = Deframer::new(LIMIT);
            Box::new(move || {
                let mut sum = 0;
                for mut input in black_box(&octets[..]).chunks(chunk) {
                    while let Ok(Some(item)) = deframer.next(&mut input) {
                        match item {
                            Item::Head(_) => {}
                            Item::Chunk(chunk) => sum += chunk.len() as u64,
                            Item::End => sum += 1,
                        }
                    }
                }
                sum
            })
        }),
        contender("by hand", |octets, chunk| {
            let mut by_hand = ByHand::default();
            Box::new(move || {
                let mut sum = 0;
                for input in black_box(&octets[..]).chunks(chunk) {
                    sum += by_hand.read(input);
                }
                sum
            })
        }),
        contender("tokio-util length-delimited", |octets, chunk| {
            let mut codec = LengthDelimitedCodec::builder()
                .length_field_offset(8)
                .length_field_length(4)
                .length_adjustment(12)
                .num_skip(0)
                .max_frame_length(1 << 20)
                .new_codec();
            let mut buffer = BytesMut::with_capacity(128 * 1024);
            Box::new(move || {
                let mut sum = 0;
                for input in black_box(&octets[..]).chunks(chunk) {
                    buffer.extend_from_slice(input);
                    while let Ok(Some(frame)) = codec.decode(&mut buffer) {
                        sum += frame.len() as u64;
                    }
                }
                sum
            })
        }),
        contender("memcpy of the same octets", |octets, chunk| {
            let mut buffer = vec![0; chunk];
            Box::new(move || {
                for input in black_box(&octets[..]).chunks(chunk) {
                    if let Some(place) = buffer.get_mut(..input.len()) {
                        place.copy_from_slice(input);
                    }
                    black_box(&mut buffer);
                }
                octets.len() as u64
            })
        }),
    ];
    // Octet by octet it takes most of a minute.
    if chunk > 1 {
        let prepare = move || web_socket(payload, frames, chunk);
        contenders.push(Contender::new(
            task(payload, chunk),
            "tungstenite (WebSocket)",
            (frames, "frame"),
            prepare,
        ));
    }
    contenders
}

fn frames_of(payload: usize, frames: u32) -> Vec<u8> {
    let payload = vec![7; payload];
    let frame = Frame::normal(&payload).map(|frame| frame.encode().chunks().concat());
    frame.unwrap_or_default().repeat(frames as usize)
}

/// The same machine without nom and without a latch for errors, as one writes it for one's own program.
#[derive(Default)]
struct ByHand {
    start: [u8; HEADER_LEN],
    have: usize,
    left: usize,
}

impl ByHand {
    fn read(&mut self, mut input: &[u8]) -> u64 {
        let mut sum = 0;
        loop {
            if self.left > 0 {
                let (chunk, rest) = input.split_at(self.left.min(input.len()));
                self.left -= chunk.len();
                sum += chunk.len() as u64;
                input = rest;
                if self.left > 0 {
                    return sum;
                }
                sum += 1;
            }
            let header = match input.split_first_chunk::<HEADER_LEN>() {
                Some((header, rest)) if self.have == 0 => {
                    input = rest;
                    *header
                }
                _ => {
                    let (part, rest) = input.split_at((HEADER_LEN - self.have).min(input.len()));
                    if let Some(place) = self.start.get_mut(self.have..self.have + part.len()) {
                        place.copy_from_slice(part);
                    }
                    self.have += part.len();
                    input = rest;
                    if self.have < HEADER_LEN {
                        return sum;
                    }
                    self.have = 0;
                    self.start
                }
            };
            let [0, 1 | 2, .., s0, s1, s2, s3] = header else {
                return 0;
            };
            let slen = u32::from_be_bytes([s0, s1, s2, s3]);
            if slen > LIMIT {
                return 0;
            }
            self.left = slen as usize;
            if slen == 0 {
                sum += 1;
            }
        }
    }
}

fn web_socket(payload: usize, frames: u32, chunk: usize) -> Round {
    let mut octets = vec![0x82];
    match u16::try_from(payload) {
        Ok(short @ ..126) => octets.extend(short.to_be_bytes().get(1..).unwrap_or_default()),
        Ok(long) => {
            octets.push(126);
            octets.extend(long.to_be_bytes());
        }
        Err(_) => octets.push(127),
    }
    octets.extend(vec![7; payload]);
    let mut octets = octets.repeat(frames as usize);
    let mut socket = WebSocket::from_raw_socket(Chunks::default(), Role::Client, None);
    Box::new(move || {
        let chunks = socket.get_mut();
        chunks.octets = std::mem::take(&mut octets);
        (chunks.at, chunks.chunk) = (0, chunk);
        let mut sum = 0;
        while let Ok(message) = socket.read() {
            sum += message.len() as u64;
        }
        octets = std::mem::take(&mut socket.get_mut().octets);
        sum
    })
}

/// A transport that brings a chunk at every read.
#[derive(Default)]
struct Chunks {
    octets: Vec<u8>,
    at: usize,
    chunk: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let count = rest.len().min(self.chunk).min(buffer.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for (place, octets) in buffer.chunks_mut(count).zip(rest.chunks(count)).take(1) {
            place.copy_from_slice(octets);
        }
        self.at += count;
        Ok(count)
    }
}

impl Write for Chunks {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads the same stream finds the same octets in it.
    #[test]
    fn all_find_the_same_frames() {
        for payload in PAYLOADS {
            for chunk in CHUNKS {
                let found = |name| {
                    let contenders = of_shape(payload, chunk);
                    let contender = contenders
                        .iter()
                        .find(|it| it.name == name)
                        .expect("it is there");
                    let mut round = (contender.prepare)();
                    assert_eq!(round(), round(), "{name} ends where it began");
                    (round(), u64::from(contender.units))
                };
                let (sum, frames) = found("eop-wire");
                assert_eq!(sum, frames * (payload as u64 + 1));
                assert_eq!(found("by hand"), (sum, frames));
                let (delimited, _) = found("tokio-util length-delimited");
                assert_eq!(delimited, frames * (payload as u64 + 12));
                if chunk > 1 {
                    assert_eq!(found("tungstenite (WebSocket)").0, frames * payload as u64);
                }
            }
        }
    }
}
