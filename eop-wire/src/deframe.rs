//! [`Deframer`]: frames out of a stream that arrives in any pieces. It keeps at most one incomplete header;
//! payload goes by and is not kept. What the frames mean may never come in.

use core::fmt;

use crate::header::{HEADER_LEN, Header, HeaderError, RawHeader};

/// One step of a frame: `Head`, any number of `Chunk`s that add up to the header's length, `End`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A header, and its payload is within the limit.
    Head(Header),
    /// Payload, as much of it as the input held; never empty. How it is cut says nothing (EOP-FRM-2).
    Chunk(&'a [u8]),
    /// The frame is complete. Also after the head of an empty one.
    End,
}

/// Turns a stream into [`Item`]s, whatever pieces it arrives in.
///
/// Memory is one header, however long a frame says it is (EOP-LIM-4); the limit is checked on the header,
/// before any payload (EOP-LIM-3). A wrong opcode is found at its second octet at the latest (EOP-OPC-3).
///
/// A redirect is the last frame of its connection: after its `End` a caller asks for no further item. Whatever
/// followed it is then still in the caller's slice, and none of it was looked at (EOP-RED-9).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deframer {
    max_payload: u32,
    /// What is due next, as one number, because what is asked of it is what every item costs.
    due: u64,
    /// What hinders, where [`HINDERED`] is due; nothing otherwise, so that equal states compare equal.
    hindrance: Hindrance,
}

/// A header is due, and none of it is there.
const HEADER: u64 = 0;
/// The `End` of a frame is due. So many more are its octets that are due before.
const END: u64 = 1;
/// No frame has so many octets: there is a hindrance.
const HINDERED: u64 = u64::MAX;

/// Why there is no header, though one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
enum Hindrance {
    /// Of its octets `have` are in `start`, and not all. Zeros beyond that.
    Incomplete { have: u8, start: [u8; HEADER_LEN] },
    /// There will be none: failed for good.
    Failed(DeframeError),
}

impl Hindrance {
    /// None, while no octet is there.
    const NONE: Self = Self::Incomplete {
        have: 0,
        start: [0; HEADER_LEN],
    };
}

impl Deframer {
    /// A deframer at the start of a stream that refuses payloads of more than `max_payload` octets.
    /// `u32::MAX` refuses none.
    #[inline]
    #[must_use]
    pub const fn new(max_payload: u32) -> Self {
        Self {
            max_payload,
            due: HEADER,
            hindrance: Hindrance::NONE,
        }
    }

    /// The next item, whose octets are taken off the front of `input`; no octet beyond it is looked at.
    /// `None`: more input is needed, and all of this one was taken.
    ///
    /// Call it until it returns `None`: an `End`, and the items of an empty frame, need no further octet.
    ///
    /// # Errors
    /// [`DeframeError`]: the peer's fault, found on this header. It takes nothing off `input`, and every later
    /// call returns it again.
    // Three times as expensive where the compiler, left to itself, makes a call of it.
    #[inline(always)]
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Item<'a>>, DeframeError> {
        let header = if self.due > END {
            let left = usize::try_from(self.due.saturating_sub(END)).ok();
            if let Some((chunk, rest)) = left.and_then(|left| input.split_at_checked(left)) {
                self.due = END;
                *input = rest;
                return Ok(Some(Item::Chunk(chunk)));
            }
            if self.due < HINDERED {
                return Ok(self.part(input));
            }
            self.gather(input)?
        } else if self.due == END {
            self.due = HEADER;
            return Ok(Some(Item::End));
        } else {
            match RawHeader::split_from(input) {
                whole @ Some(_) => whole,
                None => self.gather(input)?,
            }
        };
        let Some((raw, rest)) = header else {
            *input = &[];
            return Ok(None);
        };
        let head = self.head(raw)?;
        *input = rest;
        Ok(Some(head))
    }

    /// Whether the stream is between two frames, where it may end (EOP-FRM-5). While an item is still to be
    /// had from [`next`](Self::next) without input, it is not.
    #[inline]
    #[must_use]
    pub const fn at_boundary(&self) -> bool {
        self.due == HEADER
    }

    /// The longest payload that is accepted, in octets.
    #[inline]
    #[must_use]
    pub const fn max_payload(&self) -> u32 {
        self.max_payload
    }

    /// A whole header is there.
    #[inline]
    fn head(&mut self, raw: RawHeader) -> Result<Item<'static>, DeframeError> {
        let Some(header) = Header::of(raw) else {
            return Err(self.fail(DeframeError::Header(HeaderError::of(raw.opcode))));
        };
        if raw.slen > self.max_payload {
            return Err(self.too_long(raw.slen));
        }
        self.due = u64::from(raw.slen).saturating_add(END);
        Ok(Item::Head(header))
    }

    /// More is due than `input` has.
    #[inline]
    fn part<'a>(&mut self, input: &mut &'a [u8]) -> Option<Item<'a>> {
        let chunk = core::mem::take(input);
        let here = u64::try_from(chunk.len()).unwrap_or_default();
        self.due = self.due.saturating_sub(here);
        (!chunk.is_empty()).then_some(Item::Chunk(chunk))
    }

    /// A header arrives in pieces: keep them, and judge its opcode as soon as that is there. The whole header
    /// with what follows it; `None` if all of `input` was taken and more is needed.
    fn gather<'a>(
        &mut self,
        input: &'a [u8],
    ) -> Result<Option<(RawHeader, &'a [u8])>, DeframeError> {
        let (mut have, mut start) = match self.hindrance {
            Hindrance::Incomplete { have, start } => (have, start),
            Hindrance::Failed(error) => return Err(error),
        };
        let mut rest = input.iter();
        // `zip` asks the places first, so no octet is taken that has none.
        for (place, octet) in start.iter_mut().skip(usize::from(have)).zip(rest.by_ref()) {
            *place = *octet;
            have = have.saturating_add(1);
        }
        match have {
            0 => return Ok(None),
            12.. => {
                self.hindrance = Hindrance::NONE;
                return Ok(Some((RawHeader::from_bytes(&start), rest.as_slice())));
            }
            _ => {}
        }
        let gathered = start.get(..usize::from(have)).unwrap_or_default();
        if let Err(error) = HeaderError::of_start(gathered) {
            return Err(self.fail(DeframeError::Header(error)));
        }
        self.hindrance = Hindrance::Incomplete { have, start };
        self.due = HINDERED;
        Ok(None)
    }

    #[cold]
    fn too_long(&mut self, len: u32) -> DeframeError {
        let max = self.max_payload;
        self.fail(DeframeError::TooLong { len, max })
    }

    #[cold]
    fn fail(&mut self, error: DeframeError) -> DeframeError {
        self.hindrance = Hindrance::Failed(error);
        self.due = HINDERED;
        error
    }
}

/// Why a stream cannot go on. Always the sender's fault, and final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeframeError {
    /// Not a header of the core.
    Header(HeaderError),
    /// The payload would be longer than the limit (EOP-LIM-2).
    TooLong {
        /// The payload's length by its header, in octets.
        len: u32,
        /// The limit, in octets.
        max: u32,
    },
}

impl fmt::Display for DeframeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::TooLong { len, max } => {
                write!(
                    f,
                    "message too large: {len} octets where the limit is {max}"
                )
            }
        }
    }
}

impl core::error::Error for DeframeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Header(error) => Some(error),
            Self::TooLong { .. } => None,
        }
    }
}
