//! Frames, out and in: the one place where octets become frames and frames octets.
//!
//! A framing of its own on purpose, so that it can be wrong: most faults of sections 3 and 9 stand here.
//! Nothing here knows what a frame means to a session.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use crate::payload::Payload;
use crate::socket::Arrived;
use crate::stream::Stream;
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
    TlsFailed,
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
            Self::TlsFailed => "TlsFailed",
        }
    }
}

/// A frame on its way out, resumable wherever the transport stopped taking octets.
pub(crate) struct Outgoing {
    head: Vec<u8>,
    payload: Payload,
    tail: Vec<u8>,
    /// Whether the head goes out by itself.
    apart: bool,
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
        let port = if fault.has(Fault::NonzeroPort) { 9 } else { 0 };
        let addr = if fault.has(Fault::NonzeroAddress) {
            [127, 0, 0, 1]
        } else {
            [0; 4]
        };
        Self::new(NORMAL, port, addr, payload, fault)
    }

    pub(crate) fn redirect(target: SocketAddrV4, payload: Payload, fault: Fault) -> Self {
        let port = if fault.has(Fault::SwappedPort) {
            target.port().swap_bytes()
        } else {
            target.port()
        };
        let mut addr = target.ip().octets();
        if fault.has(Fault::ReversedAddress) {
            addr.reverse();
        }
        Self::new(REDIRECT, port, addr, payload, fault)
    }

    fn new(opcode: u16, port: u16, addr: [u8; 4], payload: Payload, fault: Fault) -> Self {
        let opcode = if fault.has(Fault::LittleEndianOpcode) {
            opcode.swap_bytes()
        } else {
            opcode
        };
        let slen = payload.length();
        let slen = if fault.has(Fault::LittleEndianLength) {
            slen.swap_bytes()
        } else {
            slen
        };
        let mut head = Vec::with_capacity(HEADER);
        if fault.has(Fault::ExtensionUnasked) {
            head.extend([0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        head.extend(opcode.to_be_bytes());
        head.extend(port.to_be_bytes());
        head.extend(addr);
        head.extend(slen.to_be_bytes());
        let tail = if fault.has(Fault::PaddedFrame) {
            vec![0]
        } else {
            Vec::new()
        };
        Self {
            head,
            payload,
            tail,
            apart: fault.has(Fault::HeaderApart)
                || opcode == REDIRECT && fault.has(Fault::RedirectApart),
            taken: 0,
        }
    }

    /// Octets that are no frame.
    pub(crate) fn raw(octets: Vec<u8>) -> Self {
        Self {
            head: octets,
            payload: Payload::empty(),
            tail: Vec::new(),
            apart: false,
            taken: 0,
        }
    }

    /// Hands the transport a piece in one write: all of the frame, if it is not longer than a chunk.
    pub(crate) fn write(&mut self, stream: &Stream) -> io::Result<Taken> {
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

    /// What the next write hands over.
    pub(crate) fn chunk(&self) -> Vec<u8> {
        let mut chunk = Vec::new();
        let (head, payload) = (octets(self.head.len()), u64::from(self.payload.length()));
        append(&self.head, self.taken, &mut chunk);
        if !chunk.is_empty() && self.apart {
            return chunk;
        }
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
    /// Not decided yet; after the end of the stream: nothing.
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
    /// When it was made, or the last frame taken.
    resting_since: Instant,
    /// The octets of all payloads taken.
    total: u32,
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
            resting_since: Instant::now(),
            total: 0,
        }
    }

    pub(crate) fn fill(&mut self, stream: &Stream) -> Arrived {
        if self.fault.has(Fault::HeaderTimerRestarts) {
            self.header_since = None;
        }
        stream.read(&mut self.octets)
    }

    /// Puts octets in front of everything that is here.
    pub(crate) fn prepend(&mut self, octets: Vec<u8>) {
        self.octets.splice(..0, octets);
    }

    /// Whether there is room for more before what is here was handled.
    pub(crate) fn has_room(&self) -> bool {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        self.octets.len() <= most.saturating_add(CHUNK)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Takes all octets, whatever they mean.
    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        self.header_since = None;
        std::mem::take(&mut self.octets)
    }

    /// What has arrived of a payload that is incomplete.
    pub(crate) fn partial(&self) -> &[u8] {
        self.octets.get(HEADER..).unwrap_or(&[])
    }

    /// When the header that is incomplete here began.
    pub(crate) fn header_since(&self) -> Option<Instant> {
        let resting = Some(self.resting_since);
        self.header_since
            .or(resting.filter(|_| self.fault.has(Fault::HeaderTimerIdle)))
            .filter(|_| !self.fault.has(Fault::HeaderTimerMissing))
            .filter(|_| self.first || !self.fault.has(Fault::HeaderTimerFirstOnly))
    }

    /// Takes the next frame (EOP-FRM-1 to EOP-FRM-9, EOP-OPC-2 to EOP-OPC-6, EOP-LIM-2).
    pub(crate) fn next(&mut self) -> Next {
        loop {
            match self.attempt() {
                // No frame after all, but there may be one behind.
                Some(Next::Frame(Frame::Message(payload)))
                    if payload.is_empty() && self.fault.has(Fault::EmptyMessageIgnored) => {}
                Some(Next::Frame(Frame::Message(payload)))
                    if payload.is_empty()
                        && !self.octets.is_empty()
                        && self.fault.has(Fault::EmptyAmongOthersLost) => {}
                Some(Next::Broken(_)) if self.fault.has(Fault::Resync) => self.resync(),
                Some(next) => return next,
                None => {}
            }
        }
    }

    /// One attempt at a frame; `None` if a frame was skipped.
    fn attempt(&mut self) -> Option<Next> {
        let Some(opcode) = self.number16(0) else {
            return Some(self.more());
        };
        let verdict = self.judge(opcode);
        let present = self.octets.len();
        let length = self.length();
        let end = length.map(|slen| {
            usize::try_from(slen)
                .unwrap_or(usize::MAX)
                .saturating_add(HEADER)
        });
        if self.fault.has(Fault::LateOpcode) && present < HEADER
            || self.fault.has(Fault::OpcodeAfterPayload) && end.is_none_or(|end| present < end)
        {
            return Some(self.more());
        }
        // A REDIRECT is none before its header is complete (EOP-RED-2).
        if let Verdict::Broken(kind) = verdict
            && (kind != Kind::UnexpectedRedirect || present >= HEADER)
        {
            return Some(Next::Broken(kind));
        }
        if let (Verdict::Redirect, Some(port), Some(addr), None) =
            (&verdict, self.number16(2), self.number32(4), length)
            && self.fault.has(Fault::RedirectBeforeLength)
        {
            self.octets.clear();
            let target = self.target(addr, port);
            let payload = Vec::new();
            return Some(Next::Frame(Frame::Redirect { target, payload }));
        }
        let (Some(end), Some(port), Some(addr), Some(slen)) =
            (end, self.number16(2), self.number32(4), length)
        else {
            return Some(self.more());
        };
        self.header_since = if self.fault.has(Fault::HeaderTimerOnPayload) {
            self.header_since.or(Some(Instant::now()))
        } else {
            None
        };
        let redirects = matches!(verdict, Verdict::Redirect);
        if self.is_too_long(slen, redirects)
            && !(self.fault.has(Fault::LimitAfterPayload) && present < end)
        {
            let named = !self.fault.has(Fault::TooLargeMisnamed);
            return Some(Next::Broken(if named {
                Kind::MessageTooLarge
            } else {
                Kind::TruncatedFrame
            }));
        }
        let foreign = self.fault.has(Fault::NormalPortRefused) && port != 0
            || self.fault.has(Fault::NormalAddressRefused) && addr != 0;
        if foreign && !redirects {
            return Some(Next::Broken(Kind::UnknownOpcode));
        }
        let end = self.cut(end, redirects);
        if self.fault.has(Fault::AnnouncedHeld) {
            self.octets.reserve(end.saturating_sub(present));
        }
        if present < end {
            return Some(Next::More);
        }
        let payload = self.take(end);
        match verdict {
            Verdict::Message if payload.is_empty() && self.fault.has(Fault::EmptyMessageAsEnd) => {
                Some(Next::Broken(Kind::Eof))
            }
            Verdict::Message => Some(Next::Frame(Frame::Message(payload))),
            Verdict::Redirect => {
                let target = self.target(addr, port);
                Some(Next::Frame(Frame::Redirect { target, payload }))
            }
            Verdict::Skip | Verdict::Broken(_) => None,
        }
    }

    /// What the end of the stream makes of the octets that are left (EOP-FRM-5).
    pub(crate) fn end(&mut self) -> Next {
        let forgiven = match self.octets.len() {
            1 => self.fault.has(Fault::TruncatedOctetForgiven),
            HEADER => self.fault.has(Fault::TruncatedAfterHeader),
            _ => false,
        };
        if forgiven {
            self.octets.clear();
        }
        if self.octets.is_empty() {
            return Next::More;
        }
        let missing = self.length().map_or(usize::MAX, |slen| {
            let slen = usize::try_from(slen).unwrap_or(usize::MAX);
            slen.saturating_sub(self.partial().len())
        });
        if missing == 1 && self.fault.has(Fault::TruncatedByOneTaken) {
            return Next::Frame(Frame::Message(self.take(usize::MAX)));
        }
        let opcode = self.number16(0);
        if let (Some(REDIRECT), Some(port), Some(addr)) =
            (opcode, self.number16(2), self.number32(4))
            && self.fault.has(Fault::TruncatedRedirectFollowed)
        {
            let target = SocketAddrV4::new(Ipv4Addr::from(addr), port);
            let payload = self.take(usize::MAX);
            return Next::Frame(Frame::Redirect { target, payload });
        }
        if opcode != Some(REDIRECT) && self.fault.has(Fault::TruncatedDelivered) {
            return Next::Frame(Frame::Message(self.take(usize::MAX)));
        }
        if self.fault.has(Fault::TruncatedAsEnd) {
            self.octets.clear();
            return Next::More;
        }
        Next::Broken(Kind::TruncatedFrame)
    }

    fn more(&mut self) -> Next {
        if self.fault.has(Fault::SplitHeaderLost) {
            self.octets.clear();
        }
        let begun = if self.fault.has(Fault::HeaderTimerLate) {
            self.octets.len() > 1
        } else {
            !self.octets.is_empty()
        };
        self.header_since = if !begun {
            None
        } else {
            self.header_since.or(Some(Instant::now()))
        };
        Next::More
    }

    fn judge(&self, opcode: u16) -> Verdict {
        let opcode = if self.fault.has(Fault::OpcodeLowOctet) {
            opcode & 0xFF
        } else if opcode & 0xFF == REDIRECT && self.fault.has(Fault::RedirectLowOctet) {
            REDIRECT
        } else {
            opcode
        };
        let taken = match opcode {
            0x0000 => Some(Fault::ZeroOpcodeTaken),
            0x0003..=0x00FF => Some(Fault::FutureOpcodeTaken),
            0x0100 | 0x0200 => Some(Fault::SwappedOpcodeTaken),
            0x1001..=0x13FF => Some(Fault::ExtensionOpcodeTaken),
            0x8000..=0xFEFF => Some(Fault::PrivateOpcodeTaken),
            _ => None,
        };
        match (opcode, self.role) {
            (NORMAL, _) => Verdict::Message,
            (REDIRECT, Role::Client) => Verdict::Redirect,
            (REDIRECT, Role::Server) if self.fault.has(Fault::ClientRedirectTaken) => {
                Verdict::Message
            }
            (REDIRECT, Role::Server) if self.fault.has(Fault::ClientRedirectSkipped) => {
                Verdict::Skip
            }
            (REDIRECT, Role::Server) if self.fault.has(Fault::ClientRedirectFollowed) => {
                Verdict::Redirect
            }
            (REDIRECT, Role::Server) => Verdict::Broken(Kind::UnexpectedRedirect),
            _ if taken == Some(self.fault)
                || self.fault.has(Fault::UnknownOpcodeTaken)
                || !self.first && self.fault.has(Fault::OpcodeCheckedFirst) =>
            {
                Verdict::Message
            }
            _ if self.fault.has(Fault::UnknownOpcodeSkipped) => Verdict::Skip,
            (0x0200, _) if self.fault.has(Fault::ByteOrderOfNormalOnly) && self.first => {
                Verdict::Broken(Kind::NotEop)
            }
            (0x0100 | 0x0200, _)
                if !self.fault.has(Fault::ByteOrderUnnamed)
                    && (self.first || !self.fault.has(Fault::ByteOrderFirstOnly)) =>
            {
                Verdict::Broken(Kind::ByteOrderMismatch)
            }
            _ if self.first && !self.fault.has(Fault::NotEopUnnamed) => {
                Verdict::Broken(Kind::NotEop)
            }
            _ if self.fault.has(Fault::NotEopEverywhere) => Verdict::Broken(Kind::NotEop),
            _ => Verdict::Broken(Kind::UnknownOpcode),
        }
    }

    fn length(&self) -> Option<u32> {
        let slen = self.number32(8)?;
        let slen = if self.fault.has(Fault::LittleEndianLengthRead) {
            slen.swap_bytes()
        } else {
            slen
        };
        let slen = if self.fault.has(Fault::SixteenBitLength) {
            slen & 0xFFFF
        } else if self.fault.has(Fault::LengthOfThreeOctets) {
            slen & 0x00FF_FFFF
        } else {
            slen
        };
        Some(slen)
    }

    fn is_too_long(&self, slen: u32, redirect: bool) -> bool {
        let own = self.limit == 1_048_576 && self.fault.has(Fault::LimitOfItsOwn);
        let limit = if own {
            1_000_000
        } else if self.fault.has(Fault::LimitCapped) {
            self.limit.min(1_048_576)
        } else {
            self.limit
        };
        let slen = if self.fault.has(Fault::LimitOverAll) {
            slen.saturating_add(self.total)
        } else {
            slen
        };
        if self.fault.has(Fault::LimitMissing)
            || self.fault.has(Fault::RedirectUnlimited) && redirect
            || self.fault.has(Fault::SignedLength) && slen > 0x7FFF_FFFF
            || self.fault.has(Fault::LimitCheckedFirst) && !self.first
            || self.fault.has(Fault::LimitRaised) && slen <= 0x1_0000
            || self.fault.has(Fault::RedirectLimitOneMore)
                && redirect
                && slen == limit.saturating_add(1)
        {
            return false;
        }
        slen > limit.saturating_add(u32::from(self.fault.has(Fault::LimitOneMore)))
            || slen == limit && self.fault.has(Fault::LimitOneLess)
            || slen == limit && redirect && self.fault.has(Fault::RedirectLimitOneLess)
            || slen > 0xFFFF && self.fault.has(Fault::SmallLimit)
    }

    /// Where a faulty reader believes that the frame ends.
    fn cut(&self, end: usize, redirect: bool) -> usize {
        let payload = self.partial();
        if self.fault.has(Fault::RedirectOnHeader) && redirect
            || self.fault.has(Fault::SplitPayloadCut) && !payload.is_empty()
        {
            return end.min(self.octets.len());
        }
        let core = |octets: &[u8]| {
            let [0, opcode, fields @ ..] = octets else {
                return false;
            };
            let zero = |fields: Option<&[u8]>| {
                fields.is_some_and(|fields| fields.iter().all(|octet| *octet == 0))
            };
            *opcode == 1 && zero(fields.get(..6)) || *opcode == 2 && zero(fields.get(6..))
        };
        if (self.fault.has(Fault::PayloadScanned)
            || redirect && self.fault.has(Fault::RedirectPayloadScanned))
            && let Some(place) = payload.windows(HEADER).position(core)
        {
            return end.min(HEADER + place);
        }
        end
    }

    fn target(&self, addr: u32, port: u16) -> SocketAddrV4 {
        let addr = if self.fault.has(Fault::ReversedAddressRead) {
            addr.swap_bytes()
        } else {
            addr
        };
        let port = if self.fault.has(Fault::SwappedPortRead) {
            port.swap_bytes()
        } else {
            port
        };
        SocketAddrV4::new(Ipv4Addr::from(addr), port)
    }

    fn resync(&mut self) {
        let next = self
            .octets
            .windows(2)
            .skip(1)
            .position(|pair| pair == NORMAL.to_be_bytes());
        self.octets
            .drain(..next.map_or(self.octets.len(), |place| place + 1));
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        let mut frame: Vec<u8> = self.octets.drain(..end.min(self.octets.len())).collect();
        if self.fault.has(Fault::ReadTailDropped) {
            self.octets.clear();
        }
        self.first = false;
        self.header_since = None;
        self.resting_since = Instant::now();
        let payload = frame.split_off(HEADER.min(frame.len()));
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.total = self.total.saturating_add(length);
        payload
    }

    fn number16(&self, at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(*self.octets.get(at..)?.first_chunk()?))
    }

    fn number32(&self, at: usize) -> Option<u32> {
        Some(u32::from_be_bytes(*self.octets.get(at..)?.first_chunk()?))
    }
}
