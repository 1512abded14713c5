//! A client that never waits: [`Turn::turn`] does what can be done, and says what to wait for. Whose sockets they are, and how
//! one waits for them, is the program's. Start here for an event loop of your own.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use eop_statemachine::policy::{Home, Policy};
use eop_statemachine::session::{
    Config, ConnectError, End, Event, Loss, Resend, Resending, Session, Want,
};
use eop_wire::Frame;

/// How long a header may stay incomplete (EOP-TIM-1), and how long the server may take no octet (EOP-CLS-12).
const LIMIT: Duration = Duration::from_secs(30);

/// What the program does next.
pub(crate) enum Next {
    /// Closes the connection that it has, connects there, and says [`Turn::connected`].
    Connect(SocketAddrV4),
    /// Waits until the socket can be read, or written to if that is wanted; at most until then.
    Wait { write: bool, until: Option<Instant> },
    /// Has an answer.
    Answer(Vec<u8>),
    /// Closes the connection: the session is over.
    End(End),
}

/// A session, and what the machine leaves to its caller: the frames, the clock and the limits.
pub(crate) struct Turn {
    session: Session,
    /// Frames by the numbers of their messages, until they are answered.
    frames: VecDeque<(u64, Vec<u8>)>,
    inbox: Vec<u8>,
    began: Instant,
    /// Whether everything was read since the program waited last.
    drained: bool,
    blocked_since: Option<Instant>,
    header_since: Option<Instant>,
}

impl Turn {
    pub(crate) fn new(home: SocketAddrV4) -> Result<Self, Box<dyn std::error::Error>> {
        let config = Config {
            resending: Resending::Automatic { budget: 1 << 20 },
            ..Config::default()
        };
        Ok(Self {
            session: Session::new(Home::v4(home), config, 0)?,
            frames: VecDeque::new(),
            inbox: Vec::new(),
            began: Instant::now(),
            drained: false,
            blocked_since: None,
            header_since: None,
        })
    }

    pub(crate) fn ask(&mut self, question: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
        let frame = Frame::normal(question)?.encode().chunks().concat();
        let now = self.now();
        let number = self
            .session
            .send(u32::try_from(question.len())?, Resend::Allowed, now)?;
        self.frames.push_back((number, frame));
        Ok(())
    }

    /// What came of connecting.
    pub(crate) fn connected(&mut self, made: bool) {
        let now = self.now();
        (self.drained, self.blocked_since, self.header_since) = (false, None, None);
        // Refused only if nobody asked for a connection.
        let _ = match made {
            true => self.session.connected(now),
            false => self.session.connect_failed(ConnectError::Failed, now),
        };
    }

    /// Something can be read or written, or it is time.
    pub(crate) fn woken(&mut self) {
        self.drained = false;
    }

    /// Does what can be done on the socket.
    pub(crate) fn turn(&mut self, socket: &mut (impl Read + Write)) -> Next {
        loop {
            let want = self.session.want();
            // Read first: whoever is to write may have been redirected (EOP-CLS-11), and nobody only writes (EOP-RED-12).
            if self.session.is_connected() && !self.drained {
                match self.read(socket) {
                    Some(answer) => return Next::Answer(answer),
                    None => continue,
                }
            }
            if self.heed_limits() {
                continue;
            }
            let now = self.now();
            match want {
                Want::Connect(_) => match self.session.endpoint() {
                    Some(endpoint) => return Next::Connect(endpoint),
                    None => self.connected(false),
                },
                // Wanted, and so not refused.
                Want::Judge(to) => drop(self.session.judged(Policy::default().judge(&to), now)),
                Want::Decide { hop } => drop(self.session.resend(hop, now)),
                Want::HalfClose => drop(self.session.half_closed()),
                Want::Settle => drop(self.session.settle()),
                Want::Write { message, from } if self.blocked_since.is_none() => {
                    self.write(socket, message, from);
                }
                Want::Write { .. } | Want::Read => {
                    let write = self.blocked_since.is_some();
                    // The next turn may write again.
                    return Next::Wait {
                        write,
                        until: self.until(),
                    };
                }
                Want::Done => return Next::End(self.session.end().unwrap_or(End::Closed)),
            }
        }
    }

    /// Reads once. An answer, if one is complete.
    fn read(&mut self, socket: &mut impl Read) -> Option<Vec<u8>> {
        let (mut buffer, now) = ([0; 16 * 1024], self.now());
        match socket.read(&mut buffer) {
            // A fault, too: `want` says what follows.
            Ok(0) => drop(self.session.end_of_stream(now)),
            Ok(count) => {
                let mut input = buffer.get(..count).unwrap_or_default();
                return self.receive(&mut input);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.drained = true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.session.lost(Loss::Reset, now),
        }
        None
    }

    /// This example has one question outstanding at a time; one with more keeps what is left of the input for the next turn.
    fn receive(&mut self, input: &mut &[u8]) -> Option<Vec<u8>> {
        let now = self.now();
        let mut answer = None;
        loop {
            let more = !input.is_empty();
            match self.session.receive(input, now) {
                Ok(Some(Event::Head { .. })) => self.header_since = None,
                Ok(Some(Event::Chunk(octets))) => self.inbox.extend_from_slice(octets),
                Ok(Some(Event::Message(_) | Event::Redirect(Some(_)))) => {
                    self.frames.pop_front();
                    answer = Some(std::mem::take(&mut self.inbox));
                }
                Ok(Some(Event::Redirect(None))) => self.header_since = None,
                Ok(None) => {
                    if more {
                        // A part of a header: of a payload there would have been a chunk.
                        self.header_since.get_or_insert_with(Instant::now);
                    }
                    return answer;
                }
                // The peer's fault: `want` says what follows.
                Err(_) => return answer,
            }
        }
    }

    /// Offers the rest of a message, and takes back what the socket does not take.
    fn write(&mut self, socket: &mut impl Write, message: u64, from: u64) {
        let frame = self.frames.iter().find(|(number, _)| *number == message);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let Some(rest) = frame.and_then(|(_, frame)| frame.get(from..)) else {
            return self.session.lost(Loss::Reset, self.now());
        };
        let octets = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        if self.session.offer(octets(rest.len())).is_err() {
            return;
        }
        let taken = match socket.write(rest) {
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.blocked_since = Some(Instant::now());
                0
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(_) => {
                // What was received, or still is, counts first (EOP-CLS-10).
                let _ = self.session.write_failed();
                0
            }
        };
        let _ = self
            .session
            .take_back(octets(rest.len().saturating_sub(taken)));
    }

    /// The socket takes octets again.
    pub(crate) fn writable(&mut self) {
        self.blocked_since = None;
    }

    fn heed_limits(&mut self) -> bool {
        let (at, now) = (Instant::now(), self.now());
        let passed = |since: Option<Instant>| since.is_some_and(|since| at >= since + LIMIT);
        if self
            .session
            .deadline()
            .is_some_and(|deadline| now >= deadline)
        {
            self.session.expire(now);
        } else if passed(self.header_since) {
            self.session.lost(Loss::Timeout, now);
        } else if passed(self.blocked_since) {
            self.session.lost(Loss::Stall, now);
        } else {
            return false;
        }
        (self.header_since, self.blocked_since) = (None, None);
        true
    }

    fn until(&self) -> Option<Instant> {
        let deadline = self.session.deadline().map(Duration::from_millis);
        let deadline = deadline.and_then(|deadline| self.began.checked_add(deadline));
        let limits = [self.header_since, self.blocked_since]
            .into_iter()
            .flatten();
        limits.map(|since| since + LIMIT).chain(deadline).min()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
