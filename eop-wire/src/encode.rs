//! [`Encoded`]: a frame on its way out, as two slices and a cursor. No buffer of its own, no I/O.

use core::fmt;

use crate::header::{HEADER_LEN, Header, RawHeader};

/// The octets of one frame that are still to be sent.
///
/// Hand [`chunks`](Self::chunks) to a gathering write, tell [`advance`](Self::advance) how many octets the
/// transport took, and repeat until [`is_done`](Self::is_done). A frame is sent contiguously, so nothing else
/// goes out in between (EOP-FRM-3).
///
/// A message is bound to its connection once its first octet was *offered* to the transport (EOP-RSD-7), which
/// is before the write, whatever the write then reports: tell the state machine before each write how much
/// of [`remaining`](Self::remaining) is about to be handed over.
///
/// ```
/// use eop_wire::Frame;
/// let mut out = Frame::normal(b"hello")?.encode();
/// assert_eq!((out.taken(), out.remaining()), (0, 17));
/// out.advance(14)?; // a short write: the header and two octets
/// assert_eq!(out.chunks(), [&b""[..], b"llo"]);
/// out.advance(3)?;
/// assert!(out.is_done());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is sent until the chunks are written"]
pub struct Encoded<'a> {
    header: [u8; HEADER_LEN],
    payload: &'a [u8],
    /// Octets of the header that were taken.
    header_taken: usize,
    /// Octets of the payload that were taken; none before the whole header was.
    payload_taken: usize,
}

impl<'a> Encoded<'a> {
    /// `payload` is as long as `header` says: `Frame` sees to that.
    #[inline]
    pub(crate) fn new(header: Header, payload: &'a [u8]) -> Self {
        Self {
            header: RawHeader::from(header).to_bytes(),
            payload,
            header_taken: 0,
            payload_taken: 0,
        }
    }

    /// What is still to be sent of the header and of the payload. Either may be empty.
    #[inline]
    #[must_use]
    pub fn chunks(&self) -> [&[u8]; 2] {
        [
            self.header.get(self.header_taken..).unwrap_or_default(),
            self.payload.get(self.payload_taken..).unwrap_or_default(),
        ]
    }

    /// Notes that the transport took `taken` more octets.
    ///
    /// # Errors
    /// [`AdvancePastEnd`] if fewer remain. It is the caller's mistake, and nothing was noted.
    #[inline]
    pub fn advance(&mut self, taken: usize) -> Result<(), AdvancePastEnd> {
        let [header, payload] = self.chunks();
        let of_header = taken.min(header.len());
        let of_payload = taken.saturating_sub(of_header);
        if of_payload > payload.len() {
            return Err(AdvancePastEnd {
                by: taken,
                remaining: self.remaining(),
            });
        }
        self.header_taken = self.header_taken.saturating_add(of_header);
        self.payload_taken = self.payload_taken.saturating_add(of_payload);
        Ok(())
    }

    /// Octets that the transport took so far.
    #[inline]
    #[must_use]
    pub fn taken(&self) -> u64 {
        sum(self.header_taken, self.payload_taken)
    }

    /// Octets still to be sent.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> u64 {
        let [header, payload] = self.chunks();
        sum(header.len(), payload.len())
    }

    /// Whether the transport took the whole frame.
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.remaining() == 0
    }
}

/// Of two parts of one frame, so at most 12 + 2^32 - 1: it needs 64 bits, and never saturates.
#[inline]
fn sum(header: usize, payload: usize) -> u64 {
    let wide = |octets| u64::try_from(octets).unwrap_or(u64::MAX);
    wide(header).saturating_add(wide(payload))
}

/// The transport is said to have taken more octets than it was given. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdvancePastEnd {
    /// Octets said to be taken.
    pub by: usize,
    /// Octets that remained.
    pub remaining: u64,
}

impl fmt::Display for AdvancePastEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "advance by {} octets where {} remain to be sent",
            self.by, self.remaining
        )
    }
}

impl core::error::Error for AdvancePastEnd {}
