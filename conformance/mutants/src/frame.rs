//! Frames, out and in: the one place where octets become frames and frames octets.
//!
//! A framing of its own on purpose, so that it can be wrong: most faults of sections 3 and 9 stand here.
//! Nothing here knows what a frame means to a session.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Instant;

use crate::payload::Payload;
use crate::socket::{Arrived, read};
use crate::table::{Fault, Role};

const HEADER: usize = 12;
const NORMAL: u16 = 1;
const REDIRECT: u16 = 2;

/// How many octets are made and handed over at a time: a frame below that goes out in one write.
const CHUNK: usize = 262_144;

/// What went wrong, in the words of the specification and of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Eof,
    Closed,
    NotEop,
    UnknownOpcode,
    ByteOrderMismatch,
    MessageTooLarge,
    TruncatedFrame,
    UnexpectedRedirect,
    Unsolicited,
    Uncertain,
    Stall,
    Timeout,
    ConnectFailed,
    NotFollowed,
    RedirectRefused,
    RedirectFailed,
    RedirectLoop,
    TooManyRedirects,
    RedirectDeadline,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::Closed => "closed",
            Self::NotEop => "NotEop",
            Self::UnknownOpcode => "UnknownOpcode",
            Self::ByteOrderMismatch => "ByteOrderMismatch",
            Self::MessageTooLarge => "MessageTooLarge",
            Self::TruncatedFrame => "TruncatedFrame",
            Self::UnexpectedRedirect => "UnexpectedRedirect",
            Self::Unsolicited => "Unsolicited",
            Self::Uncertain => "Uncertain",
            Self::Stall => "Stall",
            Self::Timeout => "Timeout",
            Self::ConnectFailed => "ConnectFailed",
            Self::NotFollowed => "NotFollowed",
            Self::RedirectRefused => "RedirectRefused",
            Self::RedirectFailed => "RedirectFailed",
            Self::RedirectLoop => "RedirectLoop",
            Self::TooManyRedirects => "TooManyRedirects",
            Self::RedirectDeadline => "RedirectDeadline",
        }
    }
}

/// A frame on its way out, resumable wherever the transport stopped taking octets.
pub(crate) struct Outgoing {
    head: Vec<u8>,
    payload: Payload,
    tail: Vec<u8>,
    /// How many octets of head, payload and tail the transport has taken.
    pub(crate) taken: u64,
}

/// Whether the transport took the whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Whole,
    Part,
}

impl Outgoing {
    pub(crate) fn message(payload: Payload, fault: Fault) -> Self {
        let port = if fault == Fault::NonzeroPort { 9 } else { 0 };
        let addr = if fault == Fault::NonzeroAddress {
            [127, 0, 0, 1]
        } else {
            [0; 4]
        };
        Self::new(NORMAL, port, addr, payload, fault)
    }

    pub(crate) fn redirect(target: SocketAddrV4, payload: Payload, fault: Fault) -> Self {
        let port = if fault == Fault::SwappedPort {
            target.port().swap_bytes()
        } else {
            target.port()
        };
        let mut addr = target.ip().octets();
        if fault == Fault::ReversedAddress {
            addr.reverse();
        }
        Self::new(REDIRECT, port, addr, payload, fault)
    }

    fn new(opcode: u16, port: u16, addr: [u8; 4], payload: Payload, fault: Fault) -> Self {
        let opcode = if fault == Fault::LittleEndianOpcode {
            opcode.swap_bytes()
        } else {
            opcode
        };
        let slen = payload.length();
        let slen = if fault == Fault::LittleEndianLength {
            slen.swap_bytes()
        } else {
            slen
        };
        let mut head = Vec::with_capacity(HEADER);
        if fault == Fault::ExtensionUnasked {
            head.extend([0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        head.extend(opcode.to_be_bytes());
        head.extend(port.to_be_bytes());
        head.extend(addr);
        head.extend(slen.to_be_bytes());
        let tail = if fault == Fault::PaddedFrame {
            vec![0]
        } else {
            Vec::new()
        };
        Self {
            head,
            payload,
            tail,
            taken: 0,
        }
    }

    /// Octets that are no frame.
    pub(crate) fn raw(octets: Vec<u8>) -> Self {
        Self {
            head: octets,
            payload: Payload::empty(),
            tail: Vec::new(),
            taken: 0,
        }
    }

    /// Hands the transport a piece in one write: all of the frame, if it is not longer than a chunk.
    pub(crate) fn write(&mut self, mut stream: &TcpStream) -> io::Result<Taken> {
        match stream.write(&self.chunk()) {
            Ok(count) => self.taken += octets(count),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        Ok(if self.taken == self.length() {
            Taken::Whole
        } else {
            Taken::Part
        })
    }

    fn chunk(&self) -> Vec<u8> {
        let mut chunk = Vec::new();
        let (head, payload) = (octets(self.head.len()), u64::from(self.payload.length()));
        append(&self.head, self.taken, &mut chunk);
        self.payload
            .append(self.taken.saturating_sub(head), CHUNK, &mut chunk);
        if chunk.len() < CHUNK {
            append(
                &self.tail,
                self.taken.saturating_sub(head + payload),
                &mut chunk,
            );
        }
        chunk
    }

    pub(crate) fn length(&self) -> u64 {
        octets(self.head.len()) + u64::from(self.payload.length()) + octets(self.tail.len())
    }
}

fn append(from: &[u8], at: u64, to: &mut Vec<u8>) {
    to.extend(from.iter().skip(usize::try_from(at).unwrap_or(usize::MAX)));
}

fn octets(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A complete frame that arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Message(Vec<u8>),
    Redirect {
        target: SocketAddrV4,
        payload: Vec<u8>,
    },
}

/// What stands next in the octets that arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Not decided yet.
    More,
    Frame(Frame),
    Broken(Kind),
}

enum Verdict {
    Message,
    Redirect,
    Skip,
    Broken(Kind),
}

/// The octets of one connection that arrived and are not consumed.
pub(crate) struct Inbox {
    fault: Fault,
    role: Role,
    limit: u32,
    octets: Vec<u8>,
    first: bool,
    header_since: Option<Instant>,
}

impl Inbox {
    pub(crate) fn new(role: Role, limit: u32, fault: Fault) -> Self {
        Self {
            fault,
            role,
            limit,
            octets: Vec::new(),
            first: true,
            header_since: None,
        }
    }

    pub(crate) fn fill(&mut self, stream: &TcpStream) -> Arrived {
        read(stream, &mut self.octets)
    }

    /// Whether there is room for more before what is here was handled.
    pub(crate) fn has_room(&self) -> bool {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        self.octets.len() <= most.saturating_add(CHUNK)
    }

    pub(crate) fn at_boundary(&self) -> bool {
        self.octets.is_empty()
    }

    /// Takes all octets, whatever they mean.
    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.octets)
    }

    /// Takes the next frame (EOP-FRM-1 to EOP-FRM-9, EOP-OPC-2 to EOP-OPC-6, EOP-LIM-2).
    pub(crate) fn next(&mut self) -> Next {
        loop {
            let present = self.octets.len();
            let Some(opcode) = self.number16(0) else {
                return self.more();
            };
            let verdict = self.judge(opcode);
            if self.fault == Fault::LateOpcode && present < HEADER {
                return self.more();
            }
            if let Verdict::Broken(kind) = verdict {
                return Next::Broken(kind);
            }
            let (Some(port), Some(addr), Some(slen)) =
                (self.number16(2), self.number32(4), self.number32(8))
            else {
                return self.more();
            };
            if slen > self.limit && self.fault != Fault::YesMan {
                return Next::Broken(Kind::MessageTooLarge);
            }
            let end = usize::try_from(slen)
                .unwrap_or(usize::MAX)
                .saturating_add(HEADER);
            let early =
                self.fault == Fault::RedirectOnHeader && matches!(verdict, Verdict::Redirect);
            let end = if early { end.min(present) } else { end };
            if present < end {
                self.header_since = None;
                return Next::More;
            }
            let payload = self.take(end);
            match verdict {
                Verdict::Message => return Next::Frame(Frame::Message(payload)),
                Verdict::Redirect => {
                    let target = SocketAddrV4::new(Ipv4Addr::from(addr), port);
                    return Next::Frame(Frame::Redirect { target, payload });
                }
                Verdict::Skip | Verdict::Broken(_) => {}
            }
        }
    }

    /// When the header that is incomplete here began.
    pub(crate) fn header_since(&self) -> Option<Instant> {
        self.header_since
    }

    fn more(&mut self) -> Next {
        self.header_since = if self.octets.is_empty() {
            None
        } else {
            self.header_since.or(Some(Instant::now()))
        };
        Next::More
    }

    fn judge(&self, opcode: u16) -> Verdict {
        match (opcode, self.role) {
            (NORMAL, _) => Verdict::Message,
            (REDIRECT, Role::Client) => Verdict::Redirect,
            _ if self.fault == Fault::YesMan => Verdict::Message,
            (REDIRECT, Role::Server) => Verdict::Broken(Kind::UnexpectedRedirect),
            (0x0100 | 0x0200, _) => Verdict::Broken(Kind::ByteOrderMismatch),
            _ if self.fault == Fault::UnknownOpcodeSkipped => Verdict::Skip,
            _ if self.first => Verdict::Broken(Kind::NotEop),
            _ => Verdict::Broken(Kind::UnknownOpcode),
        }
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        let mut frame: Vec<u8> = self.octets.drain(..end.min(self.octets.len())).collect();
        self.first = false;
        self.header_since = None;
        frame.split_off(HEADER.min(frame.len()))
    }

    fn number16(&self, at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(*self.octets.get(at..)?.first_chunk()?))
    }

    fn number32(&self, at: usize) -> Option<u32> {
        Some(u32::from_be_bytes(*self.octets.get(at..)?.first_chunk()?))
    }
}
