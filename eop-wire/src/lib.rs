//! The EOP codec: twelve-octet headers, frames, and an incremental deframer.
//!
//! `no_std`, no heap, no `unsafe`. Nothing here copies a payload: decoding borrows from the input, encoding
//! is a header beside a payload that stays where it is. There is no state of a session here, no I/O and
//! no clock; what frames *mean* to a connection is the business of `eop-statemachine`.
//!
//! | To | take |
//! |---|---|
//! | say or read any twelve octets, wrong ones too | [`RawHeader`] |
//! | have a header that means something | [`Header`] (making one is the validation) |
//! | handle a whole frame that is in memory | [`Frame`] |
//! | write a frame in as many pieces as the transport likes | [`Encoded`] |
//! | read a stream in whatever pieces it arrives | [`Deframer`] |
//!
//! ```
//! use core::net::{Ipv4Addr, SocketAddrV4};
//! use eop_wire::{Deframer, Frame, Header, Item};
//!
//! // A late redirect: the answer "done", and where the session goes on.
//! let target = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 4000);
//! let frame = Frame::redirect(target, b"done")?;
//! let encoded = frame.encode();
//! let [header, payload] = encoded.chunks();
//! assert_eq!(header, [0, 2, 0x0f, 0xa0, 192, 0, 2, 7, 0, 0, 0, 4]);
//! assert_eq!(payload, b"done");
//!
//! // The other end reads it in two pieces, cut where no field ends.
//! let stream = [header, payload].concat();
//! let (mut first, mut second) = stream.split_at(13);
//! let mut deframer = Deframer::new(65_536);
//! assert_eq!(deframer.next(&mut first)?, Some(Item::Head(Header::Redirect { to: target, len: 4 })));
//! assert_eq!(deframer.next(&mut first)?, Some(Item::Chunk(b"d")));
//! assert_eq!(deframer.next(&mut first)?, None); // more octets are needed
//! assert_eq!(deframer.next(&mut second)?, Some(Item::Chunk(b"one")));
//! assert_eq!(deframer.next(&mut second)?, Some(Item::End));
//! assert!(deframer.at_boundary());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Requirement ids such as EOP-FRM-1 name sentences of `spec/eop.md`.

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod deframe;
mod encode;
mod frame;
mod header;
pub mod opcode;

pub use deframe::{DeframeError, Deframer, Item};
pub use encode::{AdvancePastEnd, Encoded};
pub use frame::{Decoded, Frame, PayloadTooLong};
pub use header::{HEADER_LEN, Header, HeaderError, RawHeader};
