//! The twelve octets: any of them as [`RawHeader`], meaningful ones as [`Header`]. The only call of nom is
//! here, in one private function, and nothing of it shows outside. No payload, no stream.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};

use crate::opcode::{self, Class};

/// Octets in a header (EOP-FRM-1).
pub const HEADER_LEN: usize = 12;
/// [`HEADER_LEN`] where lengths of the wire are reckoned, which have 32 bits.
pub(crate) const HEADER_LEN_U32: u32 = 12;

/// Any twelve octets, field by field. Nothing is checked and nothing is lost either way.
///
/// Tools that must say wrong things or show what a peer really sent use it; everybody else uses [`Header`].
/// [`Display`](fmt::Display) decodes it for a timeline:
///
/// ```
/// use eop_wire::RawHeader;
/// let raw = RawHeader::from_bytes(b"GET / HTTP/1");
/// assert_eq!(raw.to_string(), "opcode 0x4745 (text \"GE\") port=21536 addr=47.32.72.84 slen=1414541105");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawHeader {
    /// Octets 0 and 1; see [`opcode`].
    pub opcode: u16,
    /// Octets 2 and 3: the target's port in a redirect.
    pub port: u16,
    /// Octets 4 to 7: the target's address in a redirect, most significant octet first.
    pub addr: Ipv4Addr,
    /// Octets 8 to 11: octets of payload that follow the header.
    pub slen: u32,
}

impl RawHeader {
    /// Reads the fields, all in network byte order (EOP-FRM-1).
    #[inline]
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Self {
        let [o0, o1, p0, p1, a0, a1, a2, a3, s0, s1, s2, s3] = *bytes;
        Self {
            opcode: u16::from_be_bytes([o0, o1]),
            port: u16::from_be_bytes([p0, p1]),
            addr: Ipv4Addr::new(a0, a1, a2, a3),
            slen: u32::from_be_bytes([s0, s1, s2, s3]),
        }
    }

    /// The inverse of [`from_bytes`](Self::from_bytes).
    #[inline]
    #[must_use]
    pub const fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [o0, o1] = self.opcode.to_be_bytes();
        let [p0, p1] = self.port.to_be_bytes();
        let [a0, a1, a2, a3] = self.addr.octets();
        let [s0, s1, s2, s3] = self.slen.to_be_bytes();
        [o0, o1, p0, p1, a0, a1, a2, a3, s0, s1, s2, s3]
    }

    /// Takes a header off the front of `input` and returns it with what follows; `None` if there are fewer
    /// than [`HEADER_LEN`] octets.
    #[inline]
    #[must_use]
    pub fn split_from(input: &[u8]) -> Option<(Self, &[u8])> {
        take_header(input).ok().map(|(rest, raw)| (raw, rest))
    }
}

/// nom's part: its streaming input answers "is it all there?" once; the fields then cannot be short. (nom's `take` and
/// its number parsers ask again, in functions that no other crate inlines: without LTO they made this six times slower.)
#[inline]
fn take_header(input: &[u8]) -> nom::IResult<&[u8], RawHeader, ()> {
    use nom::{Err, Input as _, Needed};

    let end = input.slice_index(HEADER_LEN).map_err(Err::Incomplete)?;
    let (rest, twelve) = input.take_split(end);
    let twelve = twelve.first_chunk();
    let twelve = twelve.ok_or(Err::Incomplete(Needed::Unknown))?;
    Ok((rest, RawHeader::from_bytes(twelve)))
}

impl fmt::Display for RawHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            opcode,
            port,
            addr,
            slen,
        } = *self;
        match Header::try_from(*self) {
            Ok(header @ Header::Normal { .. }) if port == 0 && addr.is_unspecified() => {
                header.fmt(f)
            }
            Ok(header @ Header::Normal { .. }) => {
                write!(f, "{header} (ignored: port={port} addr={addr})")
            }
            Ok(header @ Header::Redirect { .. }) => header.fmt(f),
            Err(_) => {
                write!(f, "opcode {opcode:#06x}{} ", Looks(opcode))?;
                write!(f, "port={port} addr={addr} slen={slen}")
            }
        }
    }
}

/// A header that means something. Making one is the validation.
///
/// A redirect's target is *not* judged here: port 0 or a forbidden address is a matter of target policy, and
/// its frame's payload is delivered all the same (EOP-RED-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
// `len` lies at the same place in every variant, so that asking for it asks for no variant.
#[repr(u8)]
pub enum Header {
    /// A message. `port` and `addr` of the wire were ignored, and are sent as zero (EOP-FRM-6,
    /// EOP-FRM-7).
    Normal {
        /// Octets of payload.
        len: u32,
    },
    /// The server's last frame: deliver the payload if there is one, then go on at `to`.
    Redirect {
        /// Octets of payload; zero says that there is no response.
        len: u32,
        /// The target, as the server named it.
        to: SocketAddrV4,
    },
}

impl Header {
    /// What `raw` means, if it is a header of the core.
    #[inline]
    pub(crate) fn of(raw: RawHeader) -> Option<Self> {
        let len = raw.slen;
        match raw.opcode {
            opcode::NORMAL => Some(Self::Normal { len }),
            opcode::REDIRECT => {
                let to = SocketAddrV4::new(raw.addr, raw.port);
                Some(Self::Redirect { len, to })
            }
            _ => None,
        }
    }

    /// Octets of payload that follow the header.
    #[inline]
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "it is a field of the header, not a collection's size"
    )]
    pub const fn len(self) -> u32 {
        match self {
            Self::Normal { len } | Self::Redirect { len, .. } => len,
        }
    }
}

impl TryFrom<RawHeader> for Header {
    type Error = HeaderError;

    #[inline]
    fn try_from(raw: RawHeader) -> Result<Self, HeaderError> {
        Self::of(raw).ok_or_else(|| HeaderError::of(raw.opcode))
    }
}

impl From<Header> for RawHeader {
    #[inline]
    fn from(header: Header) -> Self {
        match header {
            Header::Normal { len } => Self {
                opcode: opcode::NORMAL,
                port: 0,
                addr: Ipv4Addr::UNSPECIFIED,
                slen: len,
            },
            Header::Redirect { to, len } => Self {
                opcode: opcode::REDIRECT,
                port: to.port(),
                addr: *to.ip(),
                slen: len,
            },
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal { len } => write!(f, "NORMAL slen={len}"),
            Self::Redirect { to, len } => write!(f, "REDIRECT to {to} slen={len}"),
        }
    }
}

/// Why twelve octets, or the first of them, are no header of the core (EOP-OPC-2).
///
/// The codec does not know where in a connection it is. That a *first* opcode makes the peer "not EOP"
/// (EOP-OPC-5) is for the caller to say, who does know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderError {
    /// The opcode is not of the core.
    UnknownOpcode(u16),
    /// The first octet arrived alone, and no opcode begins with it: the same fault as
    /// [`UnknownOpcode`](Self::UnknownOpcode), found one octet earlier.
    UnknownPrefix(u8),
    /// The opcode is one of the core with its octets swapped: `0x0100` or `0x0200` (EOP-OPC-6).
    ByteOrderMismatch(u16),
}

impl HeaderError {
    /// The error for an opcode that is known not to be of the core.
    #[cold]
    pub(crate) fn of(opcode: u16) -> Self {
        match Class::of(opcode) {
            Class::ByteSwapped => Self::ByteOrderMismatch(opcode),
            Class::Normal
            | Class::Redirect
            | Class::Zeros
            | Class::Ones
            | Class::TlsRecord
            | Class::Text
            | Class::Unassigned => Self::UnknownOpcode(opcode),
        }
    }

    /// What the first octets of a header already tell: an error as soon as no header of the core can begin
    /// with them, which is at the second octet at the latest.
    pub(crate) fn of_start(start: &[u8]) -> Result<(), Self> {
        match *start {
            [first] if opcode::is_unknown_prefix(first) => Err(Self::UnknownPrefix(first)),
            [] | [_] => Ok(()),
            [first, second, ..] => match u16::from_be_bytes([first, second]) {
                opcode::NORMAL | opcode::REDIRECT => Ok(()),
                other => Err(Self::of(other)),
            },
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOpcode(opcode) => {
                write!(f, "unknown opcode {opcode:#06x}{}", Looks(*opcode))
            }
            Self::UnknownPrefix(first) => write!(f, "no opcode begins with {first:#04x}"),
            Self::ByteOrderMismatch(opcode) => {
                let meant = opcode.swap_bytes();
                write!(
                    f,
                    "byte order mismatch: opcode {opcode:#06x}, which is {meant:#06x} swapped"
                )
            }
        }
    }
}

impl core::error::Error for HeaderError {}

/// Says in brackets what an opcode that is not of the core looks like; nothing if like nothing known.
struct Looks(u16);

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Class::of(self.0) {
            Class::Normal | Class::Redirect | Class::Unassigned => Ok(()),
            Class::Zeros => f.write_str(" (zeros)"),
            Class::Ones => f.write_str(" (all ones)"),
            Class::ByteSwapped => f.write_str(" (octets swapped)"),
            Class::TlsRecord => f.write_str(" (a TLS record)"),
            Class::Text => {
                let [first, second] = self.0.to_be_bytes().map(char::from);
                write!(f, " (text \"{first}{second}\")")
            }
        }
    }
}
