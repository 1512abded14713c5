//! Reads a stream in given pieces, and keeps what the deframer made of it.

use eop_wire::{DeframeError, Deframer, Header, HeaderError, Item};

/// A frame as far as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    pub(crate) complete: bool,
}

/// All that came of a stream. Where payloads were cut is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) frames: Vec<Got>,
    pub(crate) fault: Option<DeframeError>,
    pub(crate) at_boundary: bool,
}

pub(crate) fn read(max_payload: u32, pieces: &[&[u8]]) -> Reading {
    let mut deframer = Deframer::new(max_payload);
    let mut frames: Vec<Got> = Vec::new();
    let mut fault = None;
    'stream: for piece in pieces {
        let mut input = *piece;
        loop {
            match deframer.next(&mut input) {
                Ok(Some(Item::Head(header))) => frames.push(Got {
                    header,
                    payload: Vec::new(),
                    complete: false,
                }),
                Ok(Some(Item::Chunk(chunk))) => {
                    assert!(!chunk.is_empty(), "a chunk is never empty");
                    frames.last_mut().unwrap().payload.extend(chunk);
                }
                Ok(Some(Item::End)) => frames.last_mut().unwrap().complete = true,
                Ok(None) => {
                    assert!(input.is_empty(), "`None` takes all of the input");
                    break;
                }
                Err(error) => {
                    fault = Some(error);
                    break 'stream;
                }
            }
        }
    }
    Reading {
        frames,
        fault,
        at_boundary: deframer.at_boundary(),
    }
}

/// Two errors that are the same fault, one found when only the first octet of the opcode was there.
#[allow(dead_code, reason = "not every test file compares faults")]
pub(crate) fn as_early(fault: Option<DeframeError>) -> Option<DeframeError> {
    match fault {
        Some(DeframeError::Header(HeaderError::UnknownOpcode(opcode))) if opcode >= 0x0300 => {
            let [first, _] = opcode.to_be_bytes();
            Some(DeframeError::Header(HeaderError::UnknownPrefix(first)))
        }
        other => other,
    }
}
