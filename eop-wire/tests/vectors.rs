//! The golden vectors: they match their published schema, cite requirements that exist, and hold for the codec.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic"
)]

use core::net::SocketAddrV4;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eop_wire::{
    Decoded, DeframeError, Deframer, Frame, HEADER_LEN, Header, HeaderError, Item, RawHeader,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[path = "../../vectors/notation.rs"]
mod notation;

const FILES: [&str; 4] = ["frames", "rejects", "streams", "sessions"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn json(path: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

fn vectors<V: DeserializeOwned>(file: &str) -> Vec<V> {
    let document = json(&format!("vectors/{file}.json"));
    serde_json::from_value(document["vectors"].clone()).unwrap()
}

fn octets(notation: &str) -> Vec<u8> {
    notation::octets(notation).unwrap_or_else(|| panic!("{notation}: not the notation"))
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Meaning {
    Normal {
        payload: String,
    },
    Redirect {
        target: SocketAddrV4,
        payload: String,
    },
}

impl Meaning {
    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Normal { payload } | Self::Redirect { payload, .. } => octets(payload),
        }
    }

    fn frame<'a>(&self, payload: &'a [u8]) -> Frame<'a> {
        match self {
            Self::Normal { .. } => Frame::normal(payload).unwrap(),
            Self::Redirect { target, .. } => Frame::redirect(*target, payload).unwrap(),
        }
    }
}

/// The error's name by the specification, for a fault found in the first frame or a later one.
fn name(error: DeframeError, first: bool) -> &'static str {
    match error {
        DeframeError::Header(HeaderError::ByteOrderMismatch(_)) => "ByteOrderMismatch",
        DeframeError::Header(_) if first => "NotEop",
        DeframeError::Header(_) => "UnknownOpcode",
        DeframeError::TooLong { .. } => "MessageTooLarge",
    }
}

// --- The files themselves ---

#[test]
fn every_file_matches_the_schema() {
    let schema = json("vectors/schema.json");
    assert!(
        jsonschema::meta::is_valid(&schema),
        "the schema is one of draft 2020-12"
    );
    let validator = jsonschema::validator_for(&schema).unwrap();
    for file in FILES {
        let document = json(&format!("vectors/{file}.json"));
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{file}.json: {errors:#?}");
    }
}

#[test]
fn the_schema_rejects_what_no_vector_may_be() {
    let validator = jsonschema::validator_for(&json("vectors/schema.json")).unwrap();
    for (file, field, wrong) in [
        ("frames", "octets", "0001 000"),
        ("frames", "id", "Not An Id"),
        ("rejects", "twin", "@0"),
        ("streams", "end", "nowhere"),
        ("sessions", "role", "proxy"),
    ] {
        let mut document = json(&format!("vectors/{file}.json"));
        document["vectors"][0][field] = wrong.into();
        assert!(
            !validator.is_valid(&document),
            "{file}.json with {field} = {wrong}"
        );
    }
}

#[test]
fn there_are_enough_vectors_and_no_id_stands_twice() {
    for (file, enough) in [
        ("frames", 25),
        ("rejects", 30),
        ("streams", 20),
        ("sessions", 25),
    ] {
        let ids: Vec<String> = vectors::<serde_json::Value>(file)
            .iter()
            .map(|vector| vector["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(ids.len() >= enough, "{file}.json has {}", ids.len());
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "{file}.json"
        );
    }
}

// --- frames.json ---

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameVector {
    id: String,
    #[serde(rename = "note")]
    _note: String,
    #[serde(rename = "requirements")]
    _requirements: Vec<String>,
    octets: String,
    fields: Fields,
    meaning: Meaning,
    canonical: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    opcode: u16,
    port: u16,
    addr: core::net::Ipv4Addr,
    slen: u32,
}

#[test]
fn frames_have_their_fields_and_their_meaning() {
    for FrameVector {
        id,
        octets: notation,
        fields,
        meaning,
        canonical,
        ..
    } in vectors("frames")
    {
        let whole = octets(&notation);
        let header: [u8; HEADER_LEN] = whole[..HEADER_LEN].try_into().unwrap();
        let raw = RawHeader {
            opcode: fields.opcode,
            port: fields.port,
            addr: fields.addr,
            slen: fields.slen,
        };
        assert_eq!(RawHeader::from_bytes(&header), raw, "{id}");
        assert_eq!(raw.to_bytes(), header, "{id}");

        let payload = meaning.payload();
        let frame = meaning.frame(&payload);
        assert_eq!(
            Frame::decode(&whole),
            Ok(Decoded::Frame { frame, rest: &[] }),
            "{id}"
        );
        assert_eq!(frame.encode().chunks().concat() == whole, canonical, "{id}");
    }
}

// --- rejects.json ---

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reject {
    id: String,
    #[serde(rename = "note")]
    _note: String,
    #[serde(rename = "requirements")]
    _requirements: Vec<String>,
    octets: String,
    limit: Option<u32>,
    error: ErrorNames,
    suffice: usize,
    possible: usize,
    twin: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorNames {
    first: String,
    later: String,
}

#[test]
fn rejects_fail_in_time_and_by_their_name() {
    for Reject {
        id,
        octets: notation,
        limit,
        error: names,
        suffice,
        possible,
        ..
    } in vectors("rejects")
    {
        let whole = octets(&notation);
        let mut deframer = Deframer::new(limit.unwrap_or(u32::MAX));
        let fault = whole.iter().enumerate().find_map(|(at, octet)| {
            let mut piece = core::slice::from_ref(octet);
            deframer.next(&mut piece).err().map(|error| (at + 1, error))
        });
        let (after, error) = fault.unwrap_or_else(|| panic!("{id} was accepted"));
        assert!(
            (possible..=suffice).contains(&after),
            "{id}: after {after} octets"
        );
        assert_eq!(name(error, true), names.first, "{id}");
        assert_eq!(name(error, false), names.later, "{id}");
        assert!(
            Deframer::new(limit.unwrap_or(u32::MAX))
                .next(&mut &whole[..])
                .is_err(),
            "{id} in one piece"
        );
    }
}

#[test]
fn twins_of_rejects_are_accepted() {
    for Reject {
        id, limit, twin, ..
    } in vectors("rejects")
    {
        let whole = octets(&twin);
        let mut input = whole.as_slice();
        let mut deframer = Deframer::new(limit.unwrap_or(u32::MAX));
        let mut complete = 0;
        while let Some(item) = deframer
            .next(&mut input)
            .unwrap_or_else(|error| panic!("{id}: {error}"))
        {
            complete += usize::from(item == Item::End);
        }
        assert!(complete >= 1, "{id}");
    }
}

// --- streams.json ---

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    id: String,
    #[serde(rename = "note")]
    _note: String,
    #[serde(rename = "requirements")]
    _requirements: Vec<String>,
    octets: String,
    limit: u32,
    items: Vec<Meaning>,
    partial: Option<Partial>,
    error: Option<String>,
    end: String,
    rest: String,
    cuts: Vec<Cuts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Partial {
    #[serde(rename = "type")]
    kind: String,
    target: Option<SocketAddrV4>,
    announced: u32,
    received: String,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Cuts {
    At(Vec<usize>),
    /// The word `octets`.
    Octets(String),
}

impl Cuts {
    fn pieces<'a>(&self, whole: &'a [u8]) -> Vec<&'a [u8]> {
        let ends = match self {
            Self::At(offsets) => [&offsets[..], &[whole.len()]].concat(),
            Self::Octets(word) => {
                assert_eq!(word, "octets");
                (1..=whole.len()).collect()
            }
        };
        let starts = core::iter::once(0).chain(ends.iter().copied());
        starts
            .zip(&ends)
            .map(|(start, end)| &whole[start..*end])
            .collect()
    }
}

/// What a client makes of a stream.
#[derive(Debug, PartialEq)]
struct Outcome {
    complete: Vec<(Header, Vec<u8>)>,
    partial: Option<(Header, Vec<u8>)>,
    error: Option<&'static str>,
    end: &'static str,
    rest: Vec<u8>,
}

/// Reads until the end or an error; after a redirect it asks for nothing more.
fn read(limit: u32, pieces: &[&[u8]]) -> Outcome {
    let mut deframer = Deframer::new(limit);
    let mut outcome = Outcome {
        complete: Vec::new(),
        partial: None,
        error: None,
        end: "inside",
        rest: Vec::new(),
    };
    let mut redirected = false;
    for piece in pieces {
        let mut input = *piece;
        while !redirected && outcome.error.is_none() {
            match deframer.next(&mut input) {
                Ok(Some(Item::Head(header))) => outcome.partial = Some((header, Vec::new())),
                Ok(Some(Item::Chunk(chunk))) => outcome.partial.as_mut().unwrap().1.extend(chunk),
                Ok(Some(Item::End)) => {
                    let (header, payload) = outcome.partial.take().unwrap();
                    redirected = matches!(header, Header::Redirect { .. });
                    outcome.complete.push((header, payload));
                }
                Ok(None) => break,
                Err(error) => {
                    outcome.error = Some(name(error, outcome.complete.is_empty()));
                    outcome.end = "error";
                }
            }
        }
        if redirected {
            outcome.rest.extend(input);
        }
    }
    if deframer.at_boundary() {
        outcome.end = "boundary";
    }
    outcome
}

#[test]
fn streams_give_their_items_however_they_are_cut() {
    for vector in vectors::<Stream>("streams") {
        let whole = octets(&vector.octets);
        for cuts in &vector.cuts {
            let Outcome {
                complete,
                partial,
                error,
                end,
                rest,
            } = read(vector.limit, &cuts.pieces(&whole));
            let id = &vector.id;
            let payloads: Vec<Vec<u8>> = vector.items.iter().map(Meaning::payload).collect();
            let expected: Vec<(Header, Vec<u8>)> = vector
                .items
                .iter()
                .zip(&payloads)
                .map(|(item, payload)| (item.frame(payload).header(), payload.clone()))
                .collect();
            assert_eq!(complete, expected, "{id}");
            assert_eq!(error, vector.error.as_deref(), "{id}");
            assert_eq!(end, vector.end, "{id}");
            assert_eq!(rest, octets(&vector.rest), "{id}");
            let expected = vector.partial.as_ref().map(|partial| {
                let len = partial.announced;
                let header = match partial.target {
                    None => Header::try_from(RawHeader {
                        opcode: 1,
                        port: 0,
                        addr: core::net::Ipv4Addr::UNSPECIFIED,
                        slen: len,
                    }),
                    Some(to) => Header::try_from(RawHeader {
                        opcode: 2,
                        port: to.port(),
                        addr: *to.ip(),
                        slen: len,
                    }),
                };
                assert_eq!(
                    partial.kind,
                    if partial.target.is_some() {
                        "redirect"
                    } else {
                        "normal"
                    },
                    "{id}"
                );
                (header.unwrap(), octets(&partial.received))
            });
            assert_eq!(partial, expected, "{id}");
        }
    }
}

#[test]
fn streams_give_their_items_for_every_pair_of_cuts() {
    for vector in vectors::<Stream>("streams") {
        let whole = octets(&vector.octets);
        let uncut = read(vector.limit, &[&whole]);
        let offsets = whole.len().min(200); // the long ones have their interesting cuts in `cuts`
        for second in 0..=offsets {
            for first in 0..=second {
                let pieces = [&whole[..first], &whole[first..second], &whole[second..]];
                assert_eq!(
                    read(vector.limit, &pieces),
                    uncut,
                    "{}, cut at {first} and {second}",
                    vector.id
                );
            }
        }
    }
}
