//! Whole frames that are in memory: [`Frame`], made from a payload or decoded from octets, borrowing either
//! way. Streams that arrive in pieces are `deframe.rs`'s.

use core::fmt;
use core::net::SocketAddrV4;
use core::num::NonZeroU64;

use crate::encode::Encoded;
use crate::header::{HEADER_LEN_U32, Header, HeaderError, RawHeader};

/// A header and its payload, which it borrows. The payload is exactly as long as the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame<'a> {
    header: Header,
    payload: &'a [u8],
}

/// What the front of some octets is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole frame.
    Frame {
        /// The frame.
        frame: Frame<'a>,
        /// The octets after it.
        rest: &'a [u8],
    },
    /// The start of a frame. That is an answer, not an error.
    Incomplete {
        /// How many octets are missing: to the end of the header as long as that is not there, then to the
        /// end of the frame. 64 bits, since a frame can be longer than a 32-bit address space.
        needed: NonZeroU64,
    },
}

impl<'a> Frame<'a> {
    /// A message.
    ///
    /// # Errors
    /// [`PayloadTooLong`] if `slen` cannot say the payload's length (EOP-LIM-5).
    #[inline]
    pub fn normal(payload: &'a [u8]) -> Result<Self, PayloadTooLong> {
        let len = length_of(payload)?;
        Ok(Self {
            header: Header::Normal { len },
            payload,
        })
    }

    /// A redirect to `to`. With an empty `payload` there is *no response*; an empty response is an empty
    /// message of its own, sent before the redirect (EOP-RED-4).
    ///
    /// The target is written as it is: whether it may be followed is the receiver's policy.
    ///
    /// # Errors
    /// [`PayloadTooLong`] if `slen` cannot say the payload's length (EOP-LIM-5).
    #[inline]
    pub fn redirect(to: SocketAddrV4, payload: &'a [u8]) -> Result<Self, PayloadTooLong> {
        let len = length_of(payload)?;
        Ok(Self {
            header: Header::Redirect { to, len },
            payload,
        })
    }

    /// Decodes the frame at the front of `input`. No limit applies to its length but `input`'s own: whoever
    /// gathers the octets decides how many to gather. To read a stream, use [`Deframer`](crate::Deframer).
    ///
    /// # Errors
    /// [`HeaderError`] if the opcode is not of the core, as soon as its octets show that.
    ///
    /// ```
    /// use eop_wire::{Decoded, Frame};
    /// let octets = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, b'h', b'i', 0, 1];
    /// let Decoded::Frame { frame, rest } = Frame::decode(&octets)? else { unreachable!() };
    /// assert_eq!(frame, Frame::normal(b"hi")?);
    ///
    /// let Decoded::Incomplete { needed } = Frame::decode(rest)? else { unreachable!() };
    /// assert_eq!(needed.get(), 10); // ten more for a header
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn decode(input: &'a [u8]) -> Result<Decoded<'a>, HeaderError> {
        let Some((raw, body)) = RawHeader::split_from(input) else {
            HeaderError::of_start(input)?;
            return Ok(incomplete(HEADER_LEN_U32, input));
        };
        let header = Header::try_from(raw)?;
        let split = usize::try_from(header.len())
            .ok()
            .and_then(|len| body.split_at_checked(len));
        Ok(match split {
            Some((payload, rest)) => Decoded::Frame {
                frame: Self { header, payload },
                rest,
            },
            None => incomplete(header.len(), body),
        })
    }

    /// The frame's header.
    #[inline]
    #[must_use]
    pub const fn header(self) -> Header {
        self.header
    }

    /// The frame's payload.
    #[inline]
    #[must_use]
    pub const fn payload(self) -> &'a [u8] {
        self.payload
    }

    /// The octets to send: the header, and the payload where it lies.
    #[inline]
    pub fn encode(self) -> Encoded<'a> {
        Encoded::new(self.header, self.payload)
    }
}

impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)
    }
}

fn length_of(payload: &[u8]) -> Result<u32, PayloadTooLong> {
    u32::try_from(payload.len()).map_err(|_| PayloadTooLong { len: payload.len() })
}

/// The answer for `have`, which is shorter than `wanted` octets.
fn incomplete<'a>(wanted: u32, have: &[u8]) -> Decoded<'a> {
    let have = u64::try_from(have.len()).unwrap_or(u64::MAX);
    let needed = NonZeroU64::new(u64::from(wanted).saturating_sub(have));
    Decoded::Incomplete {
        needed: needed.unwrap_or(NonZeroU64::MIN),
    }
}

/// The payload is longer than 2^32 - 1 octets, so `slen` cannot say its length (EOP-LIM-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PayloadTooLong {
    /// The payload's length in octets.
    pub len: usize,
}

impl fmt::Display for PayloadTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "payload of {} octets: a frame carries at most {}",
            self.len,
            u32::MAX
        )
    }
}

impl core::error::Error for PayloadTooLong {}
