//! The client's side of *one* connection. It keeps account of messages by counting them, checks what the
//! server sends against that account, and says when the connection is over. What comes before and after the
//! connection - homes, targets, resending, time - is `session.rs`'s and may never come in.

use core::net::SocketAddrV4;

use eop_wire::{Deframer, HEADER_LEN, Header, Item};

use crate::fault::{self, PeerError, Why};
use crate::service::{Discipline, Service};
use crate::table::{Cell, Table, look_up, vocabulary};

vocabulary! {
    /// Where a connection stands, seen from the client.
    pub enum State {
        /// Greetings are still to come; no octet is offered before them.
        Greeting = 0,
        /// As Greeting, and the application said that no further message follows.
        GreetingEnding = 1,
        /// Messages go both ways.
        Open = 2,
        /// No further message follows; those accepted, and then the half-close, are still to go out.
        Ending = 3,
        /// The half-close was handed to the transport; answers are read.
        HalfClosed = 4,
        /// A write failed; whatever the server sent before is read.
        Unwritable = 5,
        /// A redirect is complete; no octet after it is looked at.
        Redirected = 6,
        /// The server ended the stream between two frames.
        Finished = 7,
        /// The connection was lost otherwise.
        Lost = 8,
        /// The server broke the protocol.
        Failed = 9,
        /// The application closed.
        Closed = 10,
    }
}

vocabulary! {
    /// What happens to a connection, seen from the client.
    pub enum On {
        /// The application hands over a message.
        Accept = 0,
        /// Octets of a message are about to be handed to the transport.
        Offer = 1,
        /// Octets that were offered provably did not leave.
        TakeBack = 2,
        /// The transport takes no octets any more.
        WriteFailed = 3,
        /// The application says that no further message follows.
        HalfClose = 4,
        /// The half-close is about to be handed to the transport.
        HalfClosed = 5,
        /// The application says that its oldest messages are answered (manual).
        Retire = 6,
        /// The application closes.
        Close = 7,
        /// Octets arrive; what they turn out to be is one of the next six.
        Octets = 8,
        /// A message: a greeting with more to come, an answer, or (manual) any message after the greetings.
        Message = 9,
        /// The last of the greetings.
        LastGreeting = 10,
        /// A redirect, with a payload if that is a greeting, an answer, or (manual) anything.
        Redirect = 11,
        /// A message, or a redirect's payload, that answers no completely offered message (paired).
        Unsolicited = 12,
        /// No frame of EOP, or one beyond the limit.
        BadFrame = 13,
        /// The stream ends inside a frame.
        Cut = 14,
        /// The stream ends between two frames.
        Fin = 15,
        /// The connection is lost: a reset, a limit of the caller's.
        Reset = 16,
    }
}

/// Every transition of the machine: rows are events, columns states.
#[rustfmt::skip]
pub const TABLE: Table<State, On, 11, 17> = {
    use Cell::{Blame, Go, Refuse, Skip};
    const G: Cell<State> = Go(State::Greeting);
    const GE: Cell<State> = Go(State::GreetingEnding);
    const O: Cell<State> = Go(State::Open);
    const E: Cell<State> = Go(State::Ending);
    const H: Cell<State> = Go(State::HalfClosed);
    const U: Cell<State> = Go(State::Unwritable);
    const R: Cell<State> = Go(State::Redirected);
    const FIN: Cell<State> = Go(State::Finished);
    const L: Cell<State> = Go(State::Lost);
    const FAIL: Cell<State> = Go(State::Failed);
    const C: Cell<State> = Go(State::Closed);
    [
    //                   Greeting Greeting-  Open    Ending   Half-   Unwrit- Redir-  Finished  Lost   Failed  Closed
    //                            Ending                      Closed  able    ected
    (On::Accept,       [G,       Refuse,   O,      Refuse,  Refuse, U,      Refuse, Refuse, Refuse, Refuse, Refuse]),
    (On::Offer,        [Refuse,  Refuse,   O,      E,       Refuse, Refuse, Refuse, Refuse, Refuse, Refuse, Refuse]),
    (On::TakeBack,     [Refuse,  Refuse,   O,      E,       Refuse, U,      Skip,   FIN,    L,      FAIL,   Skip  ]),
    (On::WriteFailed,  [Refuse,  Refuse,   U,      U,       Skip,   Skip,   Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::HalfClose,    [GE,      Refuse,   E,      Refuse,  Refuse, Skip,   Refuse, Refuse, Refuse, Refuse, Refuse]),
    (On::HalfClosed,   [Refuse,  Refuse,   Refuse, H,       Refuse, Refuse, Refuse, Refuse, Refuse, Refuse, Refuse]),
    (On::Retire,       [G,       GE,       O,      E,       H,      U,      R,      FIN,    L,      FAIL,   Refuse]),
    (On::Close,        [C,       C,        C,      C,       C,      C,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::Octets,       [G,       GE,       O,      E,       H,      U,      Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::Message,      [G,       GE,       O,      E,       H,      U,      Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::LastGreeting, [O,       E,        Blame,  Blame,   Blame,  Blame,  Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::Redirect,     [R,       R,        R,      R,       R,      R,      Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::Unsolicited,  [Blame,   Blame,    Blame,  Blame,   Blame,  Blame,  Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::BadFrame,     [Blame,   Blame,    Blame,  Blame,   Blame,  Blame,  Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::Cut,          [Blame,   Blame,    Blame,  Blame,   Blame,  Blame,  Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::Fin,          [FIN,     FIN,      FIN,    FIN,     FIN,    FIN,    Skip,   Skip,   Skip,   Blame,  Skip  ]),
    (On::Reset,        [L,       L,        L,      L,       L,      L,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    ]
};

/// A call that the machine refused.
pub type Misuse = fault::Misuse<State, On>;

/// What a message from the server is to the client's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One of the greetings at the start of the connection. It answers nothing (EOP-ACC-6).
    Greeting,
    /// It answers the oldest outstanding message (paired).
    Answer,
    /// What it answers is the application's to say, with `retire` (manual).
    Plain,
}

/// What the octets from the server amounted to. It borrows from the input alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A message begins, and may be delivered: the account has a place for it.
    Head {
        /// What it is.
        kind: Kind,
        /// Octets of payload.
        len: u32,
    },
    /// Payload of the message that began last; never empty.
    Chunk(&'a [u8]),
    /// The message is complete.
    Message {
        /// What it is, as at its head.
        kind: Kind,
    },
    /// A redirect is complete, and with it the message that was its payload, if it had one. The rest of the
    /// input was discarded: nothing after a redirect means anything (EOP-RED-9).
    Redirect {
        /// The target, as the server named it.
        to: SocketAddrV4,
        /// What the payload is; `None` where there is none (EOP-ACC-7).
        message: Option<Kind>,
    },
}

/// What the machine wants of its caller. Asking changes nothing; the answer stays the same until something
/// happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Want {
    /// Offer octets of the oldest message that is not completely offered; read meanwhile.
    Write,
    /// Half-close; read meanwhile.
    HalfClose,
    /// Read.
    Read,
    /// The connection is over: close the transport.
    Close,
}

/// Where in the stream the machine reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Frame {
    /// Before or in the very first header.
    First,
    /// Before or in another header.
    Next,
    /// In the payload of a message.
    Message(Kind),
    /// In a redirect, whose payload is a message if there is one.
    Redirect {
        to: SocketAddrV4,
        message: Option<Kind>,
    },
}

/// The client's side of one connection, from the moment the transport is connected.
///
/// Messages are a queue of which the machine knows only the lengths of three parts: completely offered, at
/// most one partly offered, not offered. The caller keeps the octets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    deframer: Deframer,
    frame: Frame,
    state: State,
    discipline: Discipline,
    /// Greetings still to come.
    greetings: u32,
    /// Messages accepted and not answered.
    outstanding: u32,
    /// Those of them, the oldest, that were completely offered.
    complete: u32,
    /// Octets offered of the next one; zero if none.
    partly: u64,
    fault: Option<PeerError>,
}

/// Looking.
impl Client {
    /// A connection that has just been made, for a service with these terms.
    #[must_use]
    pub const fn new(service: &Service) -> Self {
        Self {
            deframer: Deframer::new(service.max_payload),
            frame: Frame::First,
            state: if service.greetings == 0 {
                State::Open
            } else {
                State::Greeting
            },
            discipline: service.discipline,
            greetings: service.greetings,
            outstanding: 0,
            complete: 0,
            partly: 0,
            fault: None,
        }
    }

    /// Where the connection stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What to do next.
    pub const fn want(&self) -> Want {
        match self.state {
            State::Open if self.complete < self.outstanding => Want::Write,
            State::Ending if self.complete < self.outstanding => Want::Write,
            State::Ending => Want::HalfClose,
            State::Greeting
            | State::GreetingEnding
            | State::Open
            | State::HalfClosed
            | State::Unwritable => Want::Read,
            State::Redirected | State::Finished | State::Lost | State::Failed | State::Closed => {
                Want::Close
            }
        }
    }

    /// Greetings that are still to come.
    #[must_use]
    pub const fn greetings(&self) -> u32 {
        self.greetings
    }

    /// Messages accepted and not answered, whatever became of the connection.
    #[must_use]
    pub const fn outstanding(&self) -> u32 {
        self.outstanding
    }

    /// The oldest of the outstanding messages, those of which every octet was offered.
    #[must_use]
    pub const fn completely_offered(&self) -> u32 {
        self.complete
    }

    /// Octets offered of the oldest message that was not completely offered. Where the next octet to write
    /// stands, header included.
    #[must_use]
    pub const fn partly_offered(&self) -> u64 {
        self.partly
    }

    /// The outstanding messages that are bound to this connection: an octet of each was offered (EOP-RSD-7).
    #[must_use]
    pub const fn bound(&self) -> u32 {
        if self.partly == 0 {
            self.complete
        } else {
            self.complete.saturating_add(1)
        }
    }

    /// The server's fault, if the connection failed with one.
    #[must_use]
    pub const fn fault(&self) -> Option<PeerError> {
        self.fault
    }

    const fn refused(&self, on: On, why: Why) -> Misuse {
        Misuse {
            state: self.state,
            on,
            why,
        }
    }

    /// The state that `on` leads to; `None` for a race that is dropped.
    fn permit(&self, on: On) -> Result<Option<State>, Misuse> {
        match look_up(&TABLE, self.state, on) {
            Cell::Go(state) => Ok(Some(state)),
            Cell::Skip => Ok(None),
            Cell::Refuse | Cell::Blame => Err(self.refused(on, Why::State)),
        }
    }
}

/// The application says.
impl Client {
    /// A message is handed over. From now on it is outstanding.
    ///
    /// # Errors
    /// [`Misuse`] if no further message may follow, or there are too many.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::Accept)? else {
            return Ok(());
        };
        let outstanding = self
            .outstanding
            .checked_add(1)
            .ok_or(self.refused(On::Accept, Why::Full))?;
        self.outstanding = outstanding;
        self.state = state;
        Ok(())
    }

    /// No further message follows (EOP-HCL-2).
    ///
    /// # Errors
    /// [`Misuse`] if that was said before, or the connection is over.
    pub fn half_close(&mut self) -> Result<(), Misuse> {
        if let Some(state) = self.permit(On::HalfClose)? {
            self.state = state;
        }
        Ok(())
    }

    /// The `count` oldest messages are answered (manual). Possible, too, after the connection ended: what was
    /// delivered before may have been their answer (EOP-ACC-14).
    ///
    /// # Errors
    /// [`Misuse`] in the paired discipline, or if fewer are outstanding and completely offered.
    pub fn retire(&mut self, count: u32) -> Result<(), Misuse> {
        if self.discipline == Discipline::Paired {
            return Err(self.refused(On::Retire, Why::Paired));
        }
        let Some(state) = self.permit(On::Retire)? else {
            return Ok(());
        };
        let Some(complete) = self.complete.checked_sub(count) else {
            return Err(self.refused(On::Retire, Why::NotOffered));
        };
        self.complete = complete;
        self.outstanding = self.outstanding.saturating_sub(count);
        self.state = state;
        Ok(())
    }

    /// The application closes. After the end it means nothing.
    pub fn close(&mut self) {
        if let Cell::Go(state) = look_up(&TABLE, self.state, On::Close) {
            self.state = state;
        }
    }
}

/// The transport says.
impl Client {
    /// `octets` of the oldest message that is not completely offered, whose payload has `len` octets, are about
    /// to be handed to the transport. From its first octet on the message is bound to this connection, so this
    /// is said *before* the write (EOP-RSD-7).
    ///
    /// # Errors
    /// [`Misuse`] if there is no such message, it has fewer octets left, or the connection takes none.
    pub fn offer(&mut self, octets: u64, len: u32) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::Offer)? else {
            return Ok(());
        };
        if self.complete >= self.outstanding {
            return Err(self.refused(On::Offer, Why::NothingToOffer));
        }
        let frame = frame_len(len);
        match self.partly.checked_add(octets) {
            Some(partly) if partly < frame => self.partly = partly,
            Some(partly) if partly == frame => {
                self.partly = 0;
                self.complete = self.complete.saturating_add(1);
            }
            Some(_) | None => return Err(self.refused(On::Offer, Why::PastEnd)),
        }
        self.state = state;
        Ok(())
    }

    /// The last `octets` that were offered, all of one message whose payload has `len` octets, provably did
    /// not leave: a short write, a buffer that was never handed over.
    ///
    /// # Errors
    /// [`Misuse`] if fewer were offered of that message, or its answer has begun to arrive.
    pub fn take_back(&mut self, octets: u64, len: u32) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::TakeBack)? else {
            return Ok(());
        };
        if octets == 0 {
            return Ok(());
        }
        if self.partly > 0 {
            let left = self.partly.checked_sub(octets);
            self.partly = left.ok_or(self.refused(On::TakeBack, Why::PastEnd))?;
        } else {
            let Some(complete) = self.complete.checked_sub(1) else {
                return Err(self.refused(On::TakeBack, Why::NothingToOffer));
            };
            if complete == 0 && self.being_answered() {
                return Err(self.refused(On::TakeBack, Why::BeingAnswered));
            }
            let left = frame_len(len).checked_sub(octets);
            self.partly = left.ok_or(self.refused(On::TakeBack, Why::PastEnd))?;
            self.complete = complete;
        }
        self.state = state;
        Ok(())
    }

    /// The half-close is about to be handed to the transport.
    ///
    /// # Errors
    /// [`Misuse`] unless [`want`](Self::want) asks for it.
    pub fn half_closed(&mut self) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::HalfClosed)? else {
            return Ok(());
        };
        if self.complete < self.outstanding {
            return Err(self.refused(On::HalfClosed, Why::MessagesToOffer));
        }
        self.state = state;
        Ok(())
    }

    /// The transport takes no octets any more. What it already received is still read: a redirect may be
    /// among it (EOP-CLS-10).
    ///
    /// # Errors
    /// [`Misuse`] if nothing can have been written.
    pub fn write_failed(&mut self) -> Result<(), Misuse> {
        if let Some(state) = self.permit(On::WriteFailed)? {
            self.state = state;
        }
        Ok(())
    }

    /// Octets arrived. Takes them off the front of `input` up to the end of one event; `None` when all were
    /// taken and there is none. Call it until then, with the same slice.
    ///
    /// # Errors
    /// [`PeerError`]: the server broke the protocol. Nothing of the frame that did was delivered. Every later
    /// call returns it again.
    pub fn receive<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, PeerError> {
        match look_up(&TABLE, self.state, On::Octets) {
            Cell::Go(_) => {}
            Cell::Skip | Cell::Refuse => {
                *input = &[];
                return Ok(None);
            }
            Cell::Blame => return self.fault.map_or(Ok(None), Err),
        }
        loop {
            let item = match self.deframer.next(input) {
                Ok(Some(item)) => item,
                Ok(None) => return Ok(None),
                Err(error) => {
                    let fault = PeerError::of(error, self.frame == Frame::First);
                    return self.peer(On::BadFrame, fault).map(|()| None);
                }
            };
            match item {
                Item::Head(header) => {
                    if let Some(kind) = self.begin(header)? {
                        return Ok(Some(Event::Head {
                            kind,
                            len: header.len(),
                        }));
                    } // Nothing is told of a redirect without payload before its end, which is next.
                }
                Item::Chunk(chunk) => return Ok(Some(Event::Chunk(chunk))),
                Item::End => return Ok(self.end(input)),
            }
        }
    }

    /// The server ended its stream. Say it once everything before was received.
    ///
    /// # Errors
    /// [`PeerError::TruncatedFrame`] inside a frame (EOP-FRM-5).
    pub fn end_of_stream(&mut self) -> Result<(), PeerError> {
        let on = if self.deframer.at_boundary() {
            On::Fin
        } else {
            On::Cut
        };
        self.peer(on, PeerError::TruncatedFrame)
    }

    /// The connection is lost: a reset, or a limit of the caller's.
    pub fn lost(&mut self) {
        if let Cell::Go(state) = look_up(&TABLE, self.state, On::Reset) {
            self.state = state;
        }
    }
}

/// The server's frames.
impl Client {
    /// Whether the payload that arrives answers a message.
    const fn being_answered(&self) -> bool {
        matches!(
            self.frame,
            Frame::Message(Kind::Answer)
                | Frame::Redirect {
                    message: Some(Kind::Answer),
                    ..
                }
        )
    }

    /// What a message that begins now is; `None` if it is nothing that the server may send.
    const fn kind(&self) -> Option<Kind> {
        match self.discipline {
            _ if self.greetings > 0 => Some(Kind::Greeting),
            Discipline::Manual => Some(Kind::Plain),
            Discipline::Paired if self.complete > 0 => Some(Kind::Answer),
            Discipline::Paired => None,
        }
    }

    /// The event that a whole message of this kind is.
    const fn message(&self, kind: Kind) -> On {
        match kind {
            Kind::Greeting if self.greetings == 1 => On::LastGreeting,
            Kind::Greeting | Kind::Answer | Kind::Plain => On::Message,
        }
    }

    /// A header: judged here, before any of its payload is delivered, and acted on at the end of the frame.
    /// Returns what the message is that begins, if one does.
    fn begin(&mut self, header: Header) -> Result<Option<Kind>, PeerError> {
        let kind = self.kind();
        let (on, frame) = match (header, kind) {
            (Header::Redirect { to, len: 0 }, _) => {
                (On::Redirect, Frame::Redirect { to, message: None })
            }
            (Header::Redirect { to, .. }, Some(_)) => {
                (On::Redirect, Frame::Redirect { to, message: kind })
            }
            (Header::Normal { .. }, Some(kind)) => (self.message(kind), Frame::Message(kind)),
            _ => (On::Unsolicited, Frame::Next),
        };
        if let Cell::Blame = look_up(&TABLE, self.state, on) {
            return Err(self.fail(PeerError::Unsolicited));
        }
        self.frame = frame;
        Ok(match frame {
            Frame::Message(kind) => Some(kind),
            Frame::Redirect { message, .. } => message,
            Frame::First | Frame::Next => None,
        })
    }

    /// The end of the frame that began: now the state moves and the account changes.
    fn end<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        let (on, message, event) = match self.frame {
            Frame::Message(kind) => (self.message(kind), Some(kind), Event::Message { kind }),
            Frame::Redirect { to, message } => {
                *input = &[];
                (On::Redirect, message, Event::Redirect { to, message })
            }
            Frame::First | Frame::Next => return None,
        };
        if let Cell::Go(state) = look_up(&TABLE, self.state, on) {
            self.state = state;
        }
        match message {
            Some(Kind::Greeting) => self.greetings = self.greetings.saturating_sub(1),
            Some(Kind::Answer) => {
                self.complete = self.complete.saturating_sub(1);
                self.outstanding = self.outstanding.saturating_sub(1);
            }
            Some(Kind::Plain) | None => {}
        }
        self.frame = Frame::Next;
        Some(event)
    }

    /// The server did what a `Blame` cell answers with `fault`.
    fn peer(&mut self, on: On, fault: PeerError) -> Result<(), PeerError> {
        match look_up(&TABLE, self.state, on) {
            Cell::Go(state) => self.state = state,
            Cell::Blame => return Err(self.fail(fault)),
            Cell::Skip | Cell::Refuse => {}
        }
        Ok(())
    }

    /// Fails with `fault`, unless the machine has failed before.
    #[cold]
    fn fail(&mut self, fault: PeerError) -> PeerError {
        self.state = State::Failed;
        *self.fault.get_or_insert(fault)
    }
}

/// Octets of the frame of a message whose payload has `len`.
fn frame_len(len: u32) -> u64 {
    let header = u64::try_from(HEADER_LEN).unwrap_or(u64::MAX); // 12 on every target
    u64::from(len).saturating_add(header)
}
