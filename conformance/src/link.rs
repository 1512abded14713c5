//! One TCP connection between the runner and the testee: cut sending, whole reading, and how it ended.
//!
//! What a frame must be is said by the scripts; only what can be no frame at all is a breach here.

mod secured;
mod socket;
mod transport;

pub use secured::{Security, Shown, Unsecured};

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use eop_wire::{HEADER_LEN, RawHeader, opcode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

use self::socket::Socket;
use crate::pace::{self, Queue};
use crate::segmentation::Cut;
use crate::sock_diag;
use crate::timeline::{Log, Side, describe, frame, hex};
use crate::verdict::{Axis, Breach, End, Step, Stop};

/// The largest payload that the runner takes from a testee; a larger one breaks the script, not the runner.
const LARGEST: usize = 16 << 20;
/// Octets of one connection held at most: a frame of that size, and more than any script needs behind it.
const MOST_HELD: usize = LARGEST + (1 << 20);
/// How long a piece waits for the application to take it before the next follows anyway.
const PACE_LIMIT: Duration = Duration::from_millis(30);
/// How long between two questions after the testee's queue: asking without a pause would starve the testee.
const PACE_STEP: Duration = Duration::from_micros(30);
/// The gap between pieces where the testee's queue cannot be seen.
const PACE_GAP: Duration = Duration::from_millis(2);

/// How a connection behaves towards the testee.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How sends are cut.
    pub cut: Cut,
    /// How long a step waits for the testee.
    pub wait: Duration,
    /// Where everything is noted.
    pub log: Log,
    /// What [`Cut::Joined`] holds back until the script waits for something.
    pub held: Held,
    /// Where sockets stay open that the script lets go of, if a failure is to be looked at.
    pub kept: Option<Kept>,
    /// How connections are secured; `None` in cleartext.
    pub security: Option<Security>,
}

impl Manner {
    /// Octets of a play that begins now.
    #[must_use]
    pub fn new(cut: Cut, wait: Duration) -> Self {
        Self {
            cut,
            wait,
            log: Log::begin(),
            held: Held::default(),
            kept: None,
            security: None,
        }
    }

    /// Keeps a socket open, if they are kept.
    pub(crate) fn keep(&self, socket: impl AsFd) {
        if let Some(Kept(kept)) = &self.kept
            && let Ok(socket) = socket.as_fd().try_clone_to_owned()
        {
            kept.borrow_mut().push(socket);
        }
    }

    /// Sends what joining held back, on every connection of the play.
    pub fn flush(&self) -> Step {
        for (socket, octets) in self.held.0.take() {
            socket.push(&octets, self.wait, || {})?;
        }
        Ok(())
    }
}

/// Sockets that outlive their script.
#[derive(Debug, Clone, Default)]
pub struct Kept(Rc<RefCell<Vec<OwnedFd>>>);

/// Octets sent by the script and not yet by the runner, by connection.
#[derive(Debug, Clone, Default)]
pub struct Held(Rc<RefCell<Vec<Pending>>>);

type Pending = (Rc<Socket>, Vec<u8>);

impl Held {
    fn add(&self, socket: &Rc<Socket>, octets: &[u8]) {
        let mut held = self.0.borrow_mut();
        match held.iter_mut().find(|(other, _)| Rc::ptr_eq(other, socket)) {
            Some((_, before)) => before.extend_from_slice(octets),
            None => held.push((Rc::clone(socket), octets.to_vec())),
        }
    }
}

/// What the testee did next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A complete frame.
    Frame(RawHeader, Vec<u8>),
    /// The end, at a frame boundary.
    End(End),
}

/// A connection to or from the testee.
#[derive(Debug)]
pub struct Link {
    socket: Rc<Socket>,
    manner: Manner,
    input: Vec<u8>,
    ended: Option<End>,
    /// Whether the script has taken a REDIRECT.
    redirected: bool,
}

/// The address of an IPv4 socket.
pub fn v4(address: io::Result<SocketAddr>) -> Step<SocketAddrV4> {
    match address {
        Ok(SocketAddr::V4(address)) => Ok(address),
        Ok(SocketAddr::V6(address)) => Err(Stop::Harness(format!("{address} is not IPv4"))),
        Err(error) => Err(Stop::Harness(format!("a socket has no address: {error}"))),
    }
}

impl Link {
    /// Connects to the testee. A small `receive_buffer` (octets) makes the runner a slow reader.
    pub fn connect(
        label: &str,
        to: SocketAddrV4,
        manner: Manner,
        receive_buffer: Option<usize>,
    ) -> Step<Self> {
        let link = Self::attempt(label, to, manner, receive_buffer)?;
        link.map_err(Unsecured::stop)?.speaking()
    }

    /// The same, where a handshake may fail, or end without a word of EOP.
    pub fn attempt(
        label: &str,
        to: SocketAddrV4,
        manner: Manner,
        receive_buffer: Option<usize>,
    ) -> Step<Result<Self, Unsecured>> {
        let harness =
            |error: rustix::io::Errno| Stop::Harness(format!("cannot make a socket: {error}"));
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).map_err(harness)?;
        if let Some(octets) = receive_buffer {
            sockopt::set_socket_recv_buffer_size(&socket, octets).map_err(harness)?;
        }
        let gone =
            |error: rustix::io::Errno| Stop::Gone(format!("cannot connect to {to}: {error}"));
        match connect(&socket, &to) {
            Ok(()) => {}
            Err(error) if error == rustix::io::Errno::INPROGRESS => {
                if !ready(&socket, PollFlags::OUT, manner.wait) {
                    return Err(Stop::Gone(format!("cannot connect to {to}: no answer")));
                }
                sockopt::socket_error(&socket)
                    .map_err(harness)?
                    .map_err(gone)?;
            }
            Err(error) => return Err(gone(error)),
        }
        Self::over(label, TcpStream::from(socket), to, manner, Side::Runner)
    }

    /// Takes over a connection that the testee opened, from this end of its own.
    pub fn accepted(
        label: &str,
        stream: TcpStream,
        testee: SocketAddrV4,
        manner: Manner,
    ) -> Step<Result<Self, Unsecured>> {
        Self::over(label, stream, testee, manner, Side::Testee)
    }

    fn over(
        label: &str,
        stream: TcpStream,
        testee: SocketAddrV4,
        manner: Manner,
        opener: Side,
    ) -> Step<Result<Self, Unsecured>> {
        let socket = Socket::over(label, stream, testee, opener, &manner)?;
        Ok(socket.map(|socket| Self {
            socket: Rc::new(socket),
            manner,
            input: Vec::new(),
            ended: None,
            redirected: false,
        }))
    }

    /// The link, if both sides said over TLS that they speak EOP.
    pub fn speaking(self) -> Step<Self> {
        match self.socket.speaks_eop() {
            Some(false) => Err(Stop::messages(
                "the ALPN identifier `eop/1`",
                "a handshake without it",
            )
            .against("EOP-SEC-3")),
            Some(true) | None => Ok(self),
        }
    }

    /// What the testee showed in the handshake; nothing in cleartext.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.socket.shown().cloned().unwrap_or_default()
    }

    /// The testee's end.
    #[must_use]
    pub fn peer(&self) -> SocketAddrV4 {
        self.socket.testee()
    }

    /// Sends octets, cut as the run has it. A testee that has closed meanwhile is no error here: the script sees the end.
    pub fn send(&mut self, octets: impl AsRef<[u8]>) -> Step {
        if self.manner.cut == Cut::Joined {
            self.manner.held.add(&self.socket, octets.as_ref());
            return Ok(());
        }
        let cut = self.manner.cut;
        self.send_pieces(&cut.pieces(octets.as_ref()))
    }

    /// Sends octets in these pieces, each an arrival of its own as far as that can be had, whatever the run's cut.
    pub fn send_pieces(&mut self, pieces: &[&[u8]]) -> Step {
        let mut pieces = pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            self.write(piece)?;
            if self.write_failed() {
                break;
            }
            if pieces.peek().is_some() {
                self.pace();
            }
        }
        Ok(())
    }

    /// Sends octets in one piece, whatever the run's cut.
    pub fn send_whole(&mut self, octets: impl AsRef<[u8]>) -> Step {
        self.manner.flush()?;
        self.write(octets.as_ref())
    }

    /// Sends what was held and waits until the testee's application has taken every octet, as far as that can be seen.
    pub fn settle(&mut self) -> Step {
        self.manner.flush()?;
        let until = self.deadline();
        while let Queue::Holds(1..) = self.queue() {
            if Instant::now() > until {
                return Err(Stop::silence(
                    Axis::Messages,
                    "the testee reads what it was sent",
                    self.manner.wait,
                ));
            }
            std::thread::sleep(PACE_STEP);
        }
        Ok(())
    }

    /// Whether a write has failed: the testee has reset the connection, and whether it ended it with FIN before cannot be
    /// told any more.
    #[must_use]
    pub fn write_failed(&self) -> bool {
        self.socket.lost()
    }

    /// How many octets wait unread at the testee; `None` where the system does not tell.
    #[must_use]
    pub fn unread(&self) -> Option<u32> {
        match self.queue() {
            Queue::Holds(octets) => Some(octets),
            Queue::Unknown => None,
        }
    }

    /// Lets the system acknowledge what comes next as late as it may, where it can be told to.
    pub fn acknowledge_late(&self) -> Step {
        #[cfg(target_os = "linux")]
        sockopt::set_tcp_quickack(&*self.socket, false)
            .map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        Ok(())
    }

    /// How many segments with octets have come from the testee; `None` where the system does not tell.
    #[must_use]
    pub fn data_segments(&self) -> Option<u32> {
        sock_diag::data_segments(self.socket.runner(), self.socket.testee())
    }

    fn write(&mut self, octets: &[u8]) -> Step {
        let Self {
            socket,
            input,
            ended,
            manner,
            ..
        } = self;
        socket.push(octets, manner.wait, || {
            socket.take(input, ended, MOST_HELD);
        })
    }

    fn queue(&self) -> Queue {
        pace::queue(self.socket.testee(), self.socket.runner())
    }

    fn pace(&self) {
        let until = Instant::now() + PACE_LIMIT;
        loop {
            match self.queue() {
                Queue::Holds(0) => return,
                Queue::Holds(_) if Instant::now() > until => return,
                Queue::Holds(_) => std::thread::sleep(PACE_STEP),
                Queue::Unknown => return std::thread::sleep(PACE_GAP),
            }
        }
    }

    /// The next frame or the end.
    pub fn next(&mut self, expected: &str) -> Step<Seen> {
        self.manner.flush()?;
        let until = self.deadline();
        loop {
            if let Some(seen) = self.take_frame()? {
                return Ok(seen);
            }
            if let Some(end) = self.ended {
                if self.input.is_empty() {
                    return Ok(Seen::End(end));
                }
                let observed = format!("{end} inside a frame, after {}", hex(&self.input));
                return Err(Stop::messages(expected, observed));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.silence(Axis::Messages, expected));
            }
            ready(&*self.socket, PollFlags::IN, left);
            self.fill();
        }
    }

    /// A NORMAL frame's payload.
    pub fn message(&mut self, expected: &str) -> Step<Vec<u8>> {
        match self.next(expected)? {
            Seen::Frame(header, payload) if header.opcode == opcode::NORMAL => Ok(payload),
            Seen::Frame(header, payload) => Err(Stop::messages(expected, frame(header, &payload))),
            Seen::End(end) => Err(Stop::messages(
                expected,
                format!("the connection ended ({end})"),
            )),
        }
    }

    /// N(payload), and nothing else.
    pub fn expect_n(&mut self, payload: impl AsRef<[u8]>) -> Step {
        let expected = describe(&crate::octets::n(payload.as_ref()));
        let got = self.message(&expected)?;
        if got == payload.as_ref() {
            return Ok(());
        }
        let header = crate::octets::normal_header(u32::try_from(got.len()).unwrap_or(u32::MAX));
        Err(Stop::messages(expected, frame(header, &got)))
    }

    /// R(to) for an empty payload, else R(to, payload).
    pub fn expect_r(&mut self, to: SocketAddrV4, payload: impl AsRef<[u8]>) -> Step {
        let wanted = crate::octets::r_with(to, payload.as_ref());
        let expected = describe(&wanted);
        match self.next(&expected)? {
            Seen::Frame(header, payload) if crate::octets::raw(header, &payload) == wanted => {
                Ok(())
            }
            Seen::Frame(header, payload) => Err(Stop::messages(expected, frame(header, &payload))),
            Seen::End(end) => Err(Stop::messages(
                expected,
                format!("the connection ended ({end})"),
            )),
        }
    }

    /// The end of the connection, FIN or RST, with no octet before it.
    pub fn expect_end(&mut self) -> Step {
        let expected = "the testee ends the connection, with no further octet";
        match self.end_or_silence(expected)? {
            Seen::End(_) => Ok(()),
            Seen::Frame(header, payload) => Err(Stop::messages(expected, frame(header, &payload))),
        }
    }

    /// An orderly end with no octet before it. Over TLS close_notify belongs to it, but not behind a REDIRECT: nothing that
    /// happens there matters (EOP-SEC-6, EOP-RED-7).
    pub fn expect_fin(&mut self) -> Step {
        let expected = "the testee ends the connection with FIN";
        match self.end_or_silence(expected)? {
            Seen::End(End::Fin) => Ok(()),
            Seen::End(End::Cut) if self.redirected => Ok(()),
            Seen::End(End::Reset) => Err(Stop::end(expected, "RST")),
            Seen::End(End::Cut) => Err(Stop::end(expected, "an end without close_notify")),
            Seen::Frame(header, payload) => Err(Stop::messages(expected, frame(header, &payload))),
        }
    }

    /// At least `count` octets have come; they stay to be read.
    pub fn expect_octets(&mut self, count: usize) -> Step {
        self.manner.flush()?;
        let expected = format!("{count} octet(s)");
        let until = self.deadline();
        while self.input.len() < count {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.ended.is_some() {
                return Err(self.silence(Axis::Messages, &expected));
            }
            ready(&*self.socket, PollFlags::IN, left);
            self.socket.take(&mut self.input, &mut self.ended, count);
        }
        Ok(())
    }

    /// The octets that have come and that the script has not taken, at least `count` of them; they stay to be read.
    pub fn look(&mut self, count: usize) -> Step<Vec<u8>> {
        self.expect_octets(count)?;
        Ok(self.input.clone())
    }

    /// Reads to the end of the connection, and there is no frame of EOP in front of it.
    pub fn expect_no_frame(&mut self) -> Step {
        self.drain()?;
        match self.take_frame() {
            Ok(Some(Seen::Frame(header, payload))) => {
                Err(Stop::messages("no frame of EOP", frame(header, &payload)))
            }
            Ok(Some(Seen::End(_)) | None) | Err(_) => Ok(()),
        }
    }

    /// Reads to the end of the connection, whatever comes; how many octets came that the script had not taken.
    pub fn drain(&mut self) -> Step<usize> {
        if self.ended_within(self.manner.wait) {
            return Ok(self.input.len());
        }
        Err(self.silence(Axis::End, "the testee ends the connection"))
    }

    /// A reset with no octet before it.
    pub fn expect_reset(&mut self) -> Step {
        let expected = "the testee ends the connection with RST";
        match self.end_or_silence(expected)? {
            Seen::End(End::Reset) => Ok(()),
            Seen::End(End::Fin) => Err(Stop::end(expected, "FIN")),
            Seen::End(End::Cut) => Err(Stop::end(expected, "an end without close_notify")),
            Seen::Frame(header, payload) => Err(Stop::messages(expected, frame(header, &payload))),
        }
    }

    fn end_or_silence(&mut self, expected: &str) -> Step<Seen> {
        match self.next(expected) {
            Err(Stop::Breach(breach)) if breach.timed_out() => {
                Err(self.silence(Axis::End, expected))
            }
            seen => seen,
        }
    }

    /// Whether the connection was reset by now, found out without taking an octet from the system.
    #[must_use]
    pub fn reset_unread(&self) -> bool {
        let mut polled = [PollFd::new(&*self.socket, PollFlags::empty())];
        // Errors and hang-ups are told without being asked for.
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|count| count > 0)
    }

    /// How the connection has ended by now, if it has, without waiting for it.
    pub fn ended_by_now(&mut self) -> Option<End> {
        self.fill();
        self.ended
    }

    /// Whether anything, octets or an end, has come by now that the script has not taken.
    pub fn anything_by_now(&mut self) -> Option<String> {
        self.fill();
        match (self.input.is_empty(), self.ended) {
            (false, _) => Some(format!("octets {}", hex(&self.input))),
            (true, Some(end)) => Some(format!("the end ({end})")),
            (true, None) => None,
        }
    }

    /// No more octets from the runner.
    pub fn half_close(&mut self) -> Step {
        self.manner.flush()?;
        self.socket.half_close(self.manner.wait)
    }

    /// No more octets from the runner, and over TLS no close_notify either.
    pub fn cut_off(&mut self) -> Step {
        self.manner.flush()?;
        self.socket.cut_off();
        Ok(())
    }

    /// Ends the connection with RST.
    pub fn reset(mut self) -> Step {
        self.manner.flush()?;
        self.socket.resetting();
        self.manner.kept = None;
        drop(self);
        Ok(())
    }

    fn take_frame(&mut self) -> Step<Option<Seen>> {
        let Some((head, rest)) = self.input.split_first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let header = RawHeader::from_bytes(head);
        if ![opcode::NORMAL, opcode::REDIRECT].contains(&header.opcode) {
            let observed = format!("octets that are no frame: {}", hex(&self.input));
            let extension = (0x1001..=0x13ff).contains(&header.opcode);
            let broken = if extension { "EOP-EXT-1" } else { "EOP-OPC-1" };
            return Err(
                Stop::messages("a frame with opcode 0x0001 or 0x0002", observed).against(broken),
            );
        }
        let length = usize::try_from(header.slen).unwrap_or(usize::MAX);
        if length > LARGEST {
            let observed = format!("a header that announces {length} octets: {}", hex(head));
            return Err(
                Stop::messages("a frame whose slen is its payload's length", observed)
                    .against("EOP-FRM-1"),
            );
        }
        let Some(payload) = rest.get(..length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.input.drain(..HEADER_LEN.saturating_add(length));
        self.redirected |= header.opcode == opcode::REDIRECT;
        Ok(Some(Seen::Frame(header, payload)))
    }

    /// Takes what the system has received.
    fn fill(&mut self) {
        self.socket
            .take(&mut self.input, &mut self.ended, MOST_HELD);
    }

    fn silence(&self, axis: Axis, expected: &str) -> Stop {
        if self.input.is_empty() {
            return Stop::silence(axis, expected, self.manner.wait);
        }
        let observed = format!(
            "only {} in {} ms",
            hex(&self.input),
            self.manner.wait.as_millis()
        );
        Stop::Breach(Box::new(Breach {
            axis,
            requirement: None,
            expected: expected.to_owned(),
            observed,
            waited: Some(self.manner.wait),
        }))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.manner.wait
    }

    /// Reads nothing for a share of a limit (see [`share`]), as a slow peer does.
    pub fn idle(&self, limit: u32, tenths: u32) {
        let time = share(limit, tenths);
        self.socket.note(format!(
            "  runner reads nothing for {} ms",
            time.as_millis()
        ));
        std::thread::sleep(time);
    }

    /// Waits up to so long for the end of the connection; whether it came.
    pub fn ended_within(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            self.fill();
            let left = until.saturating_duration_since(Instant::now());
            if self.ended.is_some() || left.is_zero() {
                return self.ended.is_some();
            }
            ready(&*self.socket, PollFlags::IN, left);
        }
    }

    /// Lets the steps that follow wait this long.
    pub const fn patience(&mut self, wait: Duration) {
        self.manner.wait = wait;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.manner.keep(&self.socket);
    }
}

/// So many tenths of a limit that the testee was given, in milliseconds. Cases know time in no other terms: what they wait
/// for is a limit to pass, or not to pass.
#[must_use]
pub const fn share(limit: u32, tenths: u32) -> Duration {
    let micros = (limit as u64)
        .saturating_mul(tenths as u64)
        .saturating_mul(100);
    Duration::from_micros(micros)
}

/// Waits until the socket is ready for one of `flags`, or the time is over.
pub(crate) fn ready(socket: &impl AsFd, flags: PollFlags, wait: Duration) -> bool {
    let mut polled = [PollFd::new(socket, flags)];
    let timeout = Timespec::try_from(wait).ok();
    poll(&mut polled, timeout.as_ref()).is_ok_and(|count| count > 0)
}

/// A listening socket at a fresh loopback port.
pub(crate) fn listening(backlog: i32) -> Step<OwnedFd> {
    let failed = |error: rustix::io::Errno| Stop::Harness(format!("cannot listen: {error}"));
    let socket = bound()?;
    rustix::net::listen(&socket, backlog).map_err(failed)?;
    Ok(socket)
}

/// A socket that holds a fresh loopback port and refuses every connection.
pub(crate) fn bound() -> Step<OwnedFd> {
    let failed = |error: rustix::io::Errno| Stop::Harness(format!("cannot bind a port: {error}"));
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).map_err(failed)?;
    // Else every port that an earlier connection keeps in TIME-WAIT is one less to choose from.
    sockopt::set_socket_reuseaddr(&socket, true).map_err(failed)?;
    let any = SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0);
    rustix::net::bind(&socket, &any).map_err(failed)?;
    Ok(socket)
}
