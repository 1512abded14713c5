//! One TCP connection between the runner and the testee: cut sending, whole reading, and how it ended.
//!
//! What a frame must be is said by the scripts; only what can be no frame at all is a breach here.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use eop_wire::{HEADER_LEN, RawHeader, opcode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

use crate::pace::{self, Queue};
use crate::segmentation::Cut;
use crate::sock_diag;
use crate::timeline::{Timeline, describe, frame, hex};
use crate::verdict::{Axis, Breach, End, Step, Stop};

/// The largest payload that the runner takes from a testee; a larger one breaks the script, not the runner.
const LARGEST: usize = 32 << 20;
/// Octets of one connection held at most: more than any script needs.
const MOST_HELD: usize = 2 * LARGEST;
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
    pub timeline: Timeline,
    /// What [`Cut::Joined`] holds back until the script waits for something.
    pub held: Held,
}

impl Manner {
    /// Octets of a play that begins now.
    #[must_use]
    pub fn new(cut: Cut, wait: Duration) -> Self {
        Self {
            cut,
            wait,
            timeline: Timeline::begin(),
            held: Held::default(),
        }
    }

    /// Sends what joining held back, on every connection of the play.
    pub fn flush(&self) -> Step {
        for pending in self.held.0.take() {
            self.timeline
                .note(&pending.label, format!("> {}", describe(&pending.octets)));
            push(
                &pending.stream,
                &pending.octets,
                self,
                &pending.label,
                || {},
            )?;
        }
        Ok(())
    }
}

/// Octets sent by the script and not yet by the runner.
#[derive(Debug, Clone, Default)]
pub struct Held(Rc<RefCell<Vec<Pending>>>);

#[derive(Debug)]
struct Pending {
    here: SocketAddrV4,
    label: String,
    stream: TcpStream,
    octets: Vec<u8>,
}

impl Held {
    fn add(&self, link: &Link, octets: &[u8]) -> io::Result<()> {
        let mut held = self.0.borrow_mut();
        match held.iter_mut().find(|pending| pending.here == link.here) {
            Some(pending) => pending.octets.extend_from_slice(octets),
            None => held.push(Pending {
                here: link.here,
                label: link.label.clone(),
                stream: link.stream.try_clone()?,
                octets: octets.to_vec(),
            }),
        }
        Ok(())
    }
}

/// Writes all octets; `blocked` runs whenever the testee does not take them. A testee that has closed is no error here:
/// the script sees the end.
fn push(
    mut stream: &TcpStream,
    mut octets: &[u8],
    manner: &Manner,
    label: &str,
    mut blocked: impl FnMut(),
) -> Step {
    let until = Instant::now() + manner.wait;
    while !octets.is_empty() {
        match stream.write(octets) {
            Ok(taken) => octets = octets.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if Instant::now() > until {
                    return Err(Stop::silence(
                        Axis::Messages,
                        "the testee reads what it is sent",
                        manner.wait,
                    ));
                }
                ready(
                    stream,
                    PollFlags::OUT | PollFlags::IN,
                    Duration::from_millis(20),
                );
                blocked();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                manner.timeline.note(
                    label,
                    format!("  {} octets not sent: {error}", octets.len()),
                );
                return Ok(());
            }
        }
    }
    Ok(())
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
    stream: TcpStream,
    label: String,
    here: SocketAddrV4,
    there: SocketAddrV4,
    manner: Manner,
    input: Vec<u8>,
    ended: Option<End>,
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
        Self::over(label, TcpStream::from(socket), manner, "connects")
    }

    /// Takes over a connection that the testee opened.
    pub fn accepted(label: &str, stream: TcpStream, manner: Manner) -> Step<Self> {
        Self::over(label, stream, manner, "accepts")
    }

    fn over(label: &str, stream: TcpStream, manner: Manner, verb: &str) -> Step<Self> {
        let set = stream
            .set_nonblocking(true)
            .and_then(|()| stream.set_nodelay(true));
        set.map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        // What a script lets go of is reset: thousands of ports in TIME-WAIT would slow down every `listen` of this host.
        sockopt::set_socket_linger(&stream, Some(Duration::ZERO))
            .map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        let (here, there) = (v4(stream.local_addr())?, v4(stream.peer_addr())?);
        manner
            .timeline
            .note(label, format!("runner {verb}: {here} - {there}"));
        let label = label.to_owned();
        Ok(Self {
            stream,
            label,
            here,
            there,
            manner,
            input: Vec::new(),
            ended: None,
        })
    }

    /// The testee's end.
    #[must_use]
    pub const fn peer(&self) -> SocketAddrV4 {
        self.there
    }

    /// Sends octets, cut as the run has it. A testee that has closed meanwhile is no error here: the script sees the end.
    pub fn send(&mut self, octets: impl AsRef<[u8]>) -> Step {
        if self.manner.cut == Cut::Joined {
            let held = self.manner.held.add(self, octets.as_ref());
            return held
                .map_err(|error| Stop::Harness(format!("cannot hold octets back: {error}")));
        }
        self.note(format!("> {}", describe(octets.as_ref())));
        let mut pieces = self
            .manner
            .cut
            .pieces(octets.as_ref())
            .into_iter()
            .peekable();
        while let Some(piece) = pieces.next() {
            self.write(piece)?;
            if pieces.peek().is_some() {
                self.pace();
            }
        }
        Ok(())
    }

    /// Sends octets in one piece, whatever the run's cut.
    pub fn send_whole(&mut self, octets: impl AsRef<[u8]>) -> Step {
        self.manner.flush()?;
        self.note(format!("> {}", describe(octets.as_ref())));
        self.write(octets.as_ref())
    }

    /// Sends what was held and waits until the testee's application has taken every octet, as far as that can be seen.
    pub fn settle(&mut self) -> Step {
        self.manner.flush()?;
        let until = self.deadline();
        while let Queue::Holds(1..) = pace::queue(self.there, self.here) {
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

    /// How many octets wait unread at the testee; `None` where the system does not tell.
    #[must_use]
    pub fn unread(&self) -> Option<u32> {
        match pace::queue(self.there, self.here) {
            Queue::Holds(octets) => Some(octets),
            Queue::Unknown => None,
        }
    }

    /// Lets the system acknowledge what comes next as late as it may, where it can be told to.
    pub fn acknowledge_late(&self) -> Step {
        #[cfg(target_os = "linux")]
        sockopt::set_tcp_quickack(&self.stream, false)
            .map_err(|error| Stop::Harness(format!("cannot set up a socket: {error}")))?;
        Ok(())
    }

    /// How many segments with octets have come from the testee; `None` where the system does not tell.
    #[must_use]
    pub fn data_segments(&self) -> Option<u32> {
        sock_diag::data_segments(self.here, self.there)
    }

    fn write(&mut self, octets: &[u8]) -> Step {
        let Self {
            stream,
            input,
            ended,
            manner,
            label,
            ..
        } = self;
        push(stream, octets, manner, label, || {
            take(stream, input, ended, MOST_HELD);
        })
    }

    fn pace(&self) {
        let until = Instant::now() + PACE_LIMIT;
        loop {
            match pace::queue(self.there, self.here) {
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
            ready(&self.stream, PollFlags::IN, left);
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

    /// An orderly end with no octet before it.
    pub fn expect_fin(&mut self) -> Step {
        let expected = "the testee ends the connection with FIN";
        match self.end_or_silence(expected)? {
            Seen::End(End::Fin) => Ok(()),
            Seen::End(End::Reset) => Err(Stop::end(expected, "RST")),
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
            ready(&self.stream, PollFlags::IN, left);
            take(&self.stream, &mut self.input, &mut self.ended, count);
        }
        Ok(())
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
            Seen::Frame(header, payload) => Err(Stop::messages(expected, frame(header, &payload))),
        }
    }

    fn end_or_silence(&mut self, expected: &str) -> Step<Seen> {
        match self.next(expected) {
            Err(Stop::Breach(breach)) if breach.timed_out => Err(self.silence(Axis::End, expected)),
            seen => seen,
        }
    }

    /// Whether the connection was reset by now, found out without taking an octet from the system.
    #[must_use]
    pub fn reset_unread(&self) -> bool {
        let mut polled = [PollFd::new(&self.stream, PollFlags::empty())];
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
        self.note("> FIN");
        // A connection that the testee has already ended cannot be shut down; the script sees its end.
        let _ = self.stream.shutdown(Shutdown::Write);
        Ok(())
    }

    /// Ends the connection with RST.
    pub fn reset(self) -> Step {
        self.manner.flush()?;
        self.note("> RST");
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
        self.note(format!("< {}", frame(header, &payload)));
        Ok(Some(Seen::Frame(header, payload)))
    }

    /// Takes what the system has received.
    fn fill(&mut self) {
        if let Some(end) = take(&self.stream, &mut self.input, &mut self.ended, MOST_HELD) {
            let partial = if self.input.is_empty() {
                ""
            } else {
                ", with octets before it"
            };
            self.note(format!(
                "< {}{partial}",
                if end == End::Fin { "FIN" } else { "RST" }
            ));
        }
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
        Stop::Breach(Breach {
            axis,
            requirement: None,
            expected: expected.to_owned(),
            observed,
            timed_out: true,
        })
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.manner.wait
    }

    /// Reads nothing for so long, as a slow peer does.
    pub fn idle(&self, time: Duration) {
        self.note(format!(
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
            ready(&self.stream, PollFlags::IN, left);
        }
    }

    /// Lets the steps that follow wait this long.
    pub const fn patience(&mut self, wait: Duration) {
        self.manner.wait = wait;
    }

    fn note(&self, text: impl Into<String>) {
        self.manner.timeline.note(&self.label, text);
    }
}

/// Takes what the system has received until there is `enough`; the end, if it came just now.
fn take(
    mut stream: &TcpStream,
    input: &mut Vec<u8>,
    ended: &mut Option<End>,
    enough: usize,
) -> Option<End> {
    let mut buffer = [0; 16 * 1024];
    while ended.is_none() && input.len() < enough {
        match stream.read(&mut buffer) {
            Ok(0) => *ended = Some(End::Fin),
            Ok(count) => {
                input.extend_from_slice(buffer.get(..count).unwrap_or_default());
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => *ended = Some(End::Reset),
        }
        return *ended;
    }
    None
}

/// Waits until the socket is ready for one of `flags`, or the time is over.
pub(crate) fn ready(socket: &impl std::os::fd::AsFd, flags: PollFlags, wait: Duration) -> bool {
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
