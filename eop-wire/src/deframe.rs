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
/// Memory is one header, however long a frame says it is (EOP-LIM-3); the limit is checked on the header,
/// before any payload (EOP-LIM-2). A wrong opcode is found at its second octet at the latest (EOP-OPC-4).
///
/// A redirect is the last frame of its connection: after its `End` a caller asks for no further item. Whatever
/// followed it is then still in the caller's slice, and none of it was looked at (EOP-RED-6).
#[derive(Clone, Debug)]
pub struct Deframer {
    max_payload: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In a header, of which `have` octets are in `start`: fewer than a whole one.
    Header { start: [u8; HEADER_LEN], have: u8 },
    /// In a payload, of which `left` octets are to come. At zero only the `End` is.
    Payload { left: u32 },
    /// Failed for good.
    Failed(DeframeError),
}

impl State {
    const BOUNDARY: Self = Self::Header {
        start: [0; HEADER_LEN],
        have: 0,
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
            state: State::BOUNDARY,
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
    #[inline]
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Item<'a>>, DeframeError> {
        match self.state {
            State::Header { have: 0, .. } => match RawHeader::split_from(input) {
                Some((raw, rest)) => {
                    let head = self.head(raw)?;
                    *input = rest;
                    Ok(Some(head))
                }
                None => self.gather([0; HEADER_LEN], 0, input),
            },
            State::Header { start, have } => self.gather(start, have, input),
            State::Payload { left: 0 } => {
                self.state = State::BOUNDARY;
                Ok(Some(Item::End))
            }
            State::Payload { left } => Ok(self.chunk(left, input)),
            State::Failed(error) => Err(error),
        }
    }

    /// Whether the stream is between two frames, where it may end (EOP-FRM-5). While an item is still to be
    /// had from [`next`](Self::next) without input, it is not.
    #[inline]
    #[must_use]
    pub const fn at_boundary(&self) -> bool {
        matches!(self.state, State::Header { have: 0, .. })
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
        let header = match Header::try_from(raw) {
            Ok(header) => header,
            Err(error) => return Err(self.fail(DeframeError::Header(error))),
        };
        let len = header.len();
        if len > self.max_payload {
            return Err(self.fail(DeframeError::TooLong {
                len,
                max: self.max_payload,
            }));
        }
        self.state = State::Payload { left: len };
        Ok(Item::Head(header))
    }

    /// A header arrives in pieces: keep them, and judge its opcode as soon as that is there.
    fn gather<'a>(
        &mut self,
        mut start: [u8; HEADER_LEN],
        mut have: u8,
        input: &mut &'a [u8],
    ) -> Result<Option<Item<'a>>, DeframeError> {
        let mut rest = input.iter();
        // `zip` asks the places first, so no octet is taken that has none.
        for (place, octet) in start.iter_mut().skip(usize::from(have)).zip(rest.by_ref()) {
            *place = *octet;
            have = have.saturating_add(1);
        }
        let gathered = start.get(..usize::from(have)).unwrap_or_default();
        if let Err(error) = HeaderError::of_start(gathered) {
            return Err(self.fail(DeframeError::Header(error)));
        }
        let head = if gathered.len() == HEADER_LEN {
            Some(self.head(RawHeader::from_bytes(&start))?)
        } else {
            self.state = State::Header { start, have };
            None
        };
        *input = rest.as_slice();
        Ok(head)
    }

    /// Payload that is there, of the `left` octets that are to come.
    #[inline]
    fn chunk<'a>(&mut self, left: u32, input: &mut &'a [u8]) -> Option<Item<'a>> {
        let end = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (chunk, rest) = input.split_at_checked(end)?;
        if chunk.is_empty() {
            return None;
        }
        let taken = u32::try_from(end).unwrap_or(left);
        self.state = State::Payload {
            left: left.saturating_sub(taken),
        };
        *input = rest;
        Some(Item::Chunk(chunk))
    }

    #[cold]
    fn fail(&mut self, error: DeframeError) -> DeframeError {
        self.state = State::Failed(error);
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
