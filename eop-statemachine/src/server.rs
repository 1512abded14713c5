//! The server's side of a connection: what may be answered, when it may be redirected, and what becomes of
//! octets that arrive after that. Time limits of the drain, and which requests were acted on, are the
//! caller's and may never come in.

use core::net::SocketAddrV4;

use eop_wire::{Deframer, Encoded, Frame as WireFrame, Header, Item};

use crate::fault::{self, PeerError, Why};
use crate::policy;
use crate::service::{Discipline, Service};
use crate::table::{Cell, Table, look_up, vocabulary};

vocabulary! {
    /// Where a connection stands, seen from the server.
    pub enum State {
        /// Requests arrive and are answered.
        Open = 0,
        /// The client's stream ended; what it asked is still to be answered, or redirected.
        PeerDone = 1,
        /// A redirect was sent; whatever arrives is discarded unparsed.
        Draining = 2,
        /// As Draining, and the server half-closed.
        DrainingDone = 3,
        /// The server half-closed without a redirect; whatever arrives is discarded unparsed.
        HalfClosed = 4,
        /// Both streams ended, or nothing is left to say.
        Finished = 5,
        /// The connection was lost.
        Lost = 6,
        /// The client broke the protocol.
        Failed = 7,
        /// The application closed.
        Closed = 8,
    }
}

vocabulary! {
    /// What happens to a connection, seen from the server.
    pub enum On {
        /// The application sends a greeting.
        Greet = 0,
        /// The application answers, and more requests wait or may come; or (manual) it sends a message.
        Respond = 1,
        /// The application answers the last request that waits (paired).
        RespondLast = 2,
        /// The application redirects the client, with a response or a greeting or without.
        Redirect = 3,
        /// The application sends nothing more.
        HalfClose = 4,
        /// The application closes.
        Close = 5,
        /// Octets arrive; what they turn out to be is one of the next three.
        Octets = 6,
        /// A request.
        Request = 7,
        /// A redirect, which no client may send.
        ClientRedirect = 8,
        /// No frame of EOP, or one beyond the limit.
        BadFrame = 9,
        /// The stream ends inside a frame.
        Cut = 10,
        /// The stream ends between two frames, and something may still be answered.
        Fin = 11,
        /// The stream ends between two frames, and no request waits (paired).
        FinIdle = 12,
        /// The connection is lost: a reset, a limit of the caller's.
        Reset = 13,
    }
}

/// Every transition of the machine: rows are events, columns states.
#[rustfmt::skip]
pub const TABLE: Table<State, On, 9, 14> = {
    use Cell::{Blame, Go, Refuse, Skip};
    const O: Cell<State> = Go(State::Open);
    const P: Cell<State> = Go(State::PeerDone);
    const D: Cell<State> = Go(State::Draining);
    const DD: Cell<State> = Go(State::DrainingDone);
    const H: Cell<State> = Go(State::HalfClosed);
    const F: Cell<State> = Go(State::Finished);
    const L: Cell<State> = Go(State::Lost);
    const C: Cell<State> = Go(State::Closed);
    [
    //                     Open    PeerDone Draining Draining- Half-   Finished Lost    Failed  Closed
    //                                               Done      Closed
    (On::Greet,          [O,      P,       Refuse,  Refuse,  Refuse,  Refuse,  Refuse, Refuse, Refuse]),
    (On::Respond,        [O,      P,       Refuse,  Refuse,  Refuse,  Refuse,  Refuse, Refuse, Refuse]),
    (On::RespondLast,    [O,      F,       Refuse,  Refuse,  Refuse,  Refuse,  Refuse, Refuse, Refuse]),
    (On::Redirect,       [D,      D,       Refuse,  Refuse,  Refuse,  Refuse,  Refuse, Refuse, Refuse]),
    (On::HalfClose,      [H,      F,       DD,      Refuse,  Refuse,  Refuse,  Refuse, Refuse, Refuse]),
    (On::Close,          [C,      C,       C,       C,       C,       C,       Skip,   Skip,   Skip  ]),
    (On::Octets,         [O,      Skip,    Skip,    Skip,    Skip,    Skip,    Skip,   Blame,  Skip  ]),
    (On::Request,        [O,      Skip,    Skip,    Skip,    Skip,    Skip,    Skip,   Blame,  Skip  ]),
    (On::ClientRedirect, [Blame,  Skip,    Skip,    Skip,    Skip,    Skip,    Skip,   Blame,  Skip  ]),
    (On::BadFrame,       [Blame,  Skip,    Skip,    Skip,    Skip,    Skip,    Skip,   Blame,  Skip  ]),
    (On::Cut,            [Blame,  Skip,    F,       F,       F,       Skip,    Skip,   Blame,  Skip  ]),
    (On::Fin,            [P,      Skip,    F,       F,       F,       Skip,    Skip,   Blame,  Skip  ]),
    (On::FinIdle,        [F,      Skip,    F,       F,       F,       Skip,    Skip,   Blame,  Skip  ]),
    (On::Reset,          [L,      L,       L,       L,       L,       L,       Skip,   Skip,   Skip  ]),
    ]
};

/// A call that the machine refused.
pub type Misuse = fault::Misuse<State, On>;

/// What the octets from the client amounted to. It borrows from the input alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A request begins.
    Head {
        /// Octets of payload.
        len: u32,
    },
    /// Payload of the request that began last; never empty.
    Chunk(&'a [u8]),
    /// The request is complete. Only now may it be acted on.
    Request,
}

/// What the machine wants of its caller. Asking changes nothing; the answer stays the same until something
/// happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Want {
    /// Read; answer when there is something to answer.
    Read,
    /// Nothing more will arrive; the application is to answer, redirect or close.
    Answer,
    /// Write what was handed out; then read and discard until the stream ends or the caller's drain limits do,
    /// and close only then (EOP-CLS-1).
    Drain,
    /// Write what was handed out, then close the transport.
    Close,
}

/// Where in the stream the machine reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Frame {
    /// Before or in the very first header.
    First,
    /// After it.
    Next,
}

/// The server's side of one connection, from the moment it was accepted.
///
/// It hands out frames as [`Encoded`]: the caller writes them, whole and in the order in which they were
/// handed out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    deframer: Deframer,
    frame: Frame,
    state: State,
    discipline: Discipline,
    /// Greetings still to be sent.
    greetings: u32,
    /// Requests that are complete and wait for their answer (paired; in manual, that arrived).
    waiting: u32,
    fault: Option<PeerError>,
}

/// Frames to write, in one go where the transport can: a late redirect, which takes two where the response is
/// empty (EOP-RED-4).
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is sent until the chunks are written"]
pub struct LateRedirect<'a> {
    /// The empty response as a message of its own.
    empty: Option<Encoded<'static>>,
    redirect: Encoded<'a>,
}

impl<'a> LateRedirect<'a> {
    /// The frames, in the order in which they are to be written.
    pub fn into_frames(self) -> (Option<Encoded<'static>>, Encoded<'a>) {
        (self.empty, self.redirect)
    }

    /// The octets to write, in order; any slice may be empty.
    #[must_use]
    pub fn chunks(&self) -> [&[u8]; 3] {
        let [header, payload] = self.redirect.chunks();
        match &self.empty {
            Some(empty) => {
                let [first, _] = empty.chunks();
                [first, header, payload]
            }
            None => [header, payload, &[]],
        }
    }
}

/// Looking.
impl Server {
    /// A connection that has just been accepted, for a service with these terms.
    #[must_use]
    pub const fn new(service: &Service) -> Self {
        Self {
            deframer: Deframer::new(service.max_payload),
            frame: Frame::First,
            state: State::Open,
            discipline: service.discipline,
            greetings: service.greetings,
            waiting: 0,
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
            State::Open => Want::Read,
            State::PeerDone => Want::Answer,
            State::Draining | State::DrainingDone | State::HalfClosed => Want::Drain,
            State::Finished | State::Lost | State::Failed | State::Closed => Want::Close,
        }
    }

    /// Greetings that are still to be sent.
    #[must_use]
    pub const fn greetings(&self) -> u32 {
        self.greetings
    }

    /// Requests that are complete and not answered (paired); in manual, all that arrived.
    #[must_use]
    pub const fn waiting(&self) -> u32 {
        self.waiting
    }

    /// The client's fault, if the connection failed with one.
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

    /// The state that `on` leads to.
    fn permit(&self, on: On) -> Result<State, Misuse> {
        match look_up(&TABLE, self.state, on) {
            Cell::Go(state) => Ok(state),
            Cell::Refuse | Cell::Blame | Cell::Skip => Err(self.refused(on, Why::State)),
        }
    }
}

/// What a payload that the server sends is to its account.
#[derive(Clone, Copy)]
enum Part {
    Greeting,
    Answer,
}

/// The application says.
impl Server {
    /// Sends a greeting: one of the messages that every connection of the service begins with (EOP-ACC-4).
    ///
    /// # Errors
    /// [`Misuse`] if none is due, the payload is too long, or nothing may be sent any more.
    pub fn greet<'a>(&mut self, payload: &'a [u8]) -> Result<Encoded<'a>, Misuse> {
        self.message(Part::Greeting, payload)
    }

    /// Answers the oldest request that waits (paired), or sends any message (manual).
    ///
    /// # Errors
    /// [`Misuse`] if a greeting is still due, no request waits (paired), the payload is too long, or nothing
    /// may be sent any more.
    pub fn respond<'a>(&mut self, payload: &'a [u8]) -> Result<Encoded<'a>, Misuse> {
        self.message(Part::Answer, payload)
    }

    /// Sends the client to `to`, with *no response*: it resends there whatever was not answered. The server has
    /// acted on none of that, and will not (EOP-RSD-1). Legal at any time, in place of greetings too.
    ///
    /// # Errors
    /// [`Misuse`] if no client may be sent to `to`, or nothing may be sent any more.
    pub fn redirect(&mut self, to: SocketAddrV4) -> Result<Encoded<'static>, Misuse> {
        let state = self.permit(On::Redirect)?;
        self.usable(to)?;
        let frame = self.frame(On::Redirect, WireFrame::redirect(to, &[]))?;
        self.state = state;
        Ok(frame)
    }

    /// Answers the oldest request that waits and sends the client to `to`, in one frame; two if the response is
    /// empty, since a redirect without payload says *no response* (EOP-RED-4). In manual, `payload` is any
    /// message.
    ///
    /// # Errors
    /// As [`respond`](Self::respond) and [`redirect`](Self::redirect).
    pub fn respond_and_redirect<'a>(
        &mut self,
        payload: &'a [u8],
        to: SocketAddrV4,
    ) -> Result<LateRedirect<'a>, Misuse> {
        self.late(Part::Answer, payload, to)
    }

    /// Sends a greeting and, in the same frame, the client to `to`.
    ///
    /// # Errors
    /// As [`greet`](Self::greet) and [`redirect`](Self::redirect).
    pub fn greet_and_redirect<'a>(
        &mut self,
        payload: &'a [u8],
        to: SocketAddrV4,
    ) -> Result<LateRedirect<'a>, Misuse> {
        self.late(Part::Greeting, payload, to)
    }

    /// Nothing more will be sent: the half-close is about to be handed to the transport. After a redirect a
    /// server may do so, and need not (EOP-CLS-1).
    ///
    /// # Errors
    /// [`Misuse`] if that was said before, or the connection is over.
    pub fn half_close(&mut self) -> Result<(), Misuse> {
        self.state = self.permit(On::HalfClose)?;
        Ok(())
    }

    /// The application closes, or a limit of the drain was reached. After the end it means nothing.
    pub fn close(&mut self) {
        if let Cell::Go(state) = look_up(&TABLE, self.state, On::Close) {
            self.state = state;
        }
    }

    fn message<'a>(&mut self, part: Part, payload: &'a [u8]) -> Result<Encoded<'a>, Misuse> {
        let on = match part {
            Part::Greeting => On::Greet,
            Part::Answer if self.discipline == Discipline::Paired && self.waiting <= 1 => {
                On::RespondLast
            }
            Part::Answer => On::Respond,
        };
        let state = self.permit(on)?;
        self.due(on, part)?;
        let frame = self.frame(on, WireFrame::normal(payload))?;
        self.count(part);
        self.state = state;
        Ok(frame)
    }

    fn late<'a>(
        &mut self,
        part: Part,
        payload: &'a [u8],
        to: SocketAddrV4,
    ) -> Result<LateRedirect<'a>, Misuse> {
        let state = self.permit(On::Redirect)?;
        self.usable(to)?;
        self.due(On::Redirect, part)?;
        let empty = match payload {
            [] => Some(self.frame(On::Redirect, WireFrame::normal(&[]))?),
            [..] => None,
        };
        let redirect = self.frame(On::Redirect, WireFrame::redirect(to, payload))?;
        self.count(part);
        self.state = state;
        Ok(LateRedirect { empty, redirect })
    }

    /// Whether the account has a place for it.
    fn due(&self, on: On, part: Part) -> Result<(), Misuse> {
        match (part, self.discipline) {
            (Part::Greeting, _) if self.greetings == 0 => Err(self.refused(on, Why::Greetings)),
            (Part::Answer, _) if self.greetings > 0 => Err(self.refused(on, Why::Greetings)),
            (Part::Answer, Discipline::Paired) if self.waiting == 0 => {
                Err(self.refused(on, Why::NothingToAnswer))
            }
            (Part::Greeting | Part::Answer, _) => Ok(()),
        }
    }

    const fn count(&mut self, part: Part) {
        match (part, self.discipline) {
            (Part::Greeting, _) => self.greetings = self.greetings.saturating_sub(1),
            (Part::Answer, Discipline::Paired) => self.waiting = self.waiting.saturating_sub(1),
            (Part::Answer, Discipline::Manual) => {}
        }
    }

    fn usable(&self, to: SocketAddrV4) -> Result<(), Misuse> {
        match policy::never(to) {
            Some(_) => Err(self.refused(On::Redirect, Why::UnusableTarget(to))),
            None => Ok(()),
        }
    }

    fn frame<'a>(
        &self,
        on: On,
        frame: Result<WireFrame<'a>, eop_wire::PayloadTooLong>,
    ) -> Result<Encoded<'a>, Misuse> {
        frame
            .map(WireFrame::encode)
            .map_err(|_| self.refused(on, Why::PayloadTooLong))
    }
}

/// The transport says.
impl Server {
    /// Octets arrived. Takes them off the front of `input` up to the end of one event; `None` when all were
    /// taken and there is none. Call it until then, with the same slice.
    ///
    /// After a redirect, or the server's half-close, octets are discarded unparsed and nobody is blamed for
    /// them: the client may not have known (EOP-CLS-1).
    ///
    /// # Errors
    /// [`PeerError`]: the client broke the protocol. Nothing of the frame that did was delivered. Every later
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
        let item = match self.deframer.next(input) {
            Ok(Some(item)) => item,
            Ok(None) => return Ok(None),
            Err(error) => {
                let fault = PeerError::of(error, self.frame == Frame::First);
                return self.peer(On::BadFrame, fault).map(|()| None);
            }
        };
        match item {
            Item::Head(Header::Normal { len }) => Ok(Some(Event::Head { len })),
            Item::Head(_) => self
                .peer(On::ClientRedirect, PeerError::UnexpectedRedirect)
                .map(|()| None),
            Item::Chunk(chunk) => Ok(Some(Event::Chunk(chunk))),
            Item::End => {
                self.peer(On::Request, PeerError::Unsolicited)?;
                self.frame = Frame::Next;
                self.waiting = self.waiting.saturating_add(1);
                Ok(Some(Event::Request))
            }
        }
    }

    /// The client ended its stream. Say it once everything before was received.
    ///
    /// # Errors
    /// [`PeerError::TruncatedFrame`] inside a frame (EOP-FRM-5), unless frames do not matter any more.
    pub fn end_of_stream(&mut self) -> Result<(), PeerError> {
        let idle = self.discipline == Discipline::Paired && self.waiting == 0;
        let on = match (self.deframer.at_boundary(), idle) {
            (false, _) => On::Cut,
            (true, true) => On::FinIdle,
            (true, false) => On::Fin,
        };
        self.peer(on, PeerError::TruncatedFrame)
    }

    /// The connection is lost: a reset, or a limit of the caller's.
    pub fn lost(&mut self) {
        if let Cell::Go(state) = look_up(&TABLE, self.state, On::Reset) {
            self.state = state;
        }
    }

    /// The client did what a `Blame` cell answers with `fault`.
    fn peer(&mut self, on: On, fault: PeerError) -> Result<(), PeerError> {
        match look_up(&TABLE, self.state, on) {
            Cell::Go(state) => self.state = state,
            Cell::Blame => {
                self.state = State::Failed;
                return Err(*self.fault.get_or_insert(fault));
            }
            Cell::Skip | Cell::Refuse => {}
        }
        Ok(())
    }
}
