//! What stands between a client and a server: tokens, pipes, and the server at the other end.

use std::fmt::Debug;

use eop_statemachine::{Server, Service};
use eop_wire::Frame;

use crate::world::{MESSAGES, Message, Place, endpoint};

/// What stands on the wire, as the sender meant it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    /// A message, whole.
    Request(Message),
    /// A message's first octets.
    RequestStart(Message),
    /// Its other octets.
    RequestRest(Message),
    Greeting,
    /// A message that answers this one.
    Answer(Message),
    /// The same, and empty.
    EmptyAnswer(Message),
    /// A server's message that answers nothing (manual).
    Note,
    Redirect(Place),
    /// A redirect with the answer to this message.
    Late(Place, Message),
    /// A redirect with a greeting.
    LateGreeting(Place),
    /// A redirect with a message that answers nothing (manual).
    LateNote(Place),
    /// The first octets of a redirect that never became whole.
    Torn,
    Fin,
    Reset,
}

impl Token {
    /// The octets, if it is any.
    pub(crate) fn octets(self) -> Vec<u8> {
        let normal = |payload: &[u8]| {
            Frame::normal(payload)
                .expect("short")
                .encode()
                .chunks()
                .concat()
        };
        let redirect = |to, payload: &[u8]| {
            Frame::redirect(endpoint(to), payload)
                .expect("short")
                .encode()
                .chunks()
                .concat()
        };
        match self {
            Self::Request(message) => normal(&[message]),
            Self::RequestStart(message) => normal(&[message])[..REQUEST_START].to_vec(),
            Self::RequestRest(message) => normal(&[message])[REQUEST_START..].to_vec(),
            Self::Greeting => normal(b"g"),
            Self::Answer(message) => normal(&[b'0' + message]),
            Self::EmptyAnswer(_) => normal(&[]),
            Self::Note => normal(b"n"),
            Self::Redirect(to) => redirect(to, &[]),
            Self::Late(to, message) => redirect(to, &[b'0' + message]),
            Self::LateGreeting(to) => redirect(to, b"g"),
            Self::LateNote(to) => redirect(to, b"n"),
            Self::Torn => redirect(0, b"torn")[..5].to_vec(),
            Self::Fin | Self::Reset => Vec::new(),
        }
    }

    pub(crate) const fn is_redirect(self) -> bool {
        matches!(
            self,
            Self::Redirect(_) | Self::Late(..) | Self::LateGreeting(_) | Self::LateNote(_)
        )
    }
}

/// Octets of a message that is offered in two parts: all of its header but the last.
pub(crate) const REQUEST_START: usize = 11;

/// One direction of a connection. Fixed, so that a world is copied without the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pipe {
    tokens: [Option<Token>; 12],
    /// Whether the header of the first token has arrived and its payload has not.
    pub opened: bool,
}

impl Pipe {
    pub(crate) const EMPTY: Self = Self {
        tokens: [None; 12],
        opened: false,
    };

    pub(crate) fn first(&self) -> Option<Token> {
        self.tokens[0]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Token> + '_ {
        self.tokens.iter().map_while(|token| *token)
    }

    pub(crate) fn push(&mut self, token: Token) {
        let free = self.tokens.iter_mut().find(|place| place.is_none());
        *free.expect("the pipe holds whatever a walk can put in it") = Some(token);
    }

    pub(crate) fn pop(&mut self) -> Option<Token> {
        let first = self.tokens[0].take();
        self.tokens.rotate_left(1);
        self.opened = false;
        first
    }

    pub(crate) fn holds(&self, message: Message) -> bool {
        self.iter().any(|token| {
            matches!(token, Token::Request(m) | Token::RequestStart(m) | Token::RequestRest(m) if m == message)
        })
    }
}

/// One connection, and the server at its other end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    pub server: Server,
    pub to_server: Pipe,
    pub to_client: Pipe,
    /// Requests that the server received and has not answered, oldest first.
    pub waiting: [Option<Message>; MESSAGES],
    /// Whether it acted on the oldest of them.
    pub acted: bool,
    /// Whether it sent a redirect.
    pub redirected: bool,
    /// Greetings that reached the client.
    pub greeted: u32,
    /// Whether it sent a message that answers nothing (manual).
    pub noted: bool,
    /// Whether octets go nowhere any more.
    pub broken: bool,
    /// Whether the server died in the middle of a frame.
    pub torn: bool,
    /// Whether the client has left.
    pub left: bool,
    /// Whether the client half-closed it.
    pub half_closed: bool,
    /// The message that the client offered last.
    pub offered: Option<Message>,
}

impl Link {
    pub(crate) fn new(service: &Service) -> Self {
        Self {
            server: Server::new(service),
            to_server: Pipe::EMPTY,
            to_client: Pipe::EMPTY,
            waiting: [None; MESSAGES],
            acted: false,
            redirected: false,
            greeted: 0,
            noted: false,
            broken: false,
            torn: false,
            left: false,
            half_closed: false,
            offered: None,
        }
    }

    /// The server received a request.
    pub(crate) fn wait(&mut self, message: Message) {
        let free = self.waiting.iter_mut().find(|place| place.is_none());
        *free.expect("no message is received twice on a connection") = Some(message);
    }

    /// The server answered the oldest request.
    pub(crate) fn answer(&mut self) -> Message {
        let first = self.waiting[0].take().expect("a request waits");
        self.waiting.rotate_left(1);
        self.acted = false;
        first
    }

    /// Whether the server may yet act on this message.
    pub(crate) fn may_act_on(&self, message: Message) -> bool {
        !self.redirected && (self.to_server.holds(message) || self.waiting.contains(&Some(message)))
    }

    /// Whether nothing that happens here matters any more.
    pub(crate) fn is_over(&self) -> bool {
        let silent = self.to_server.first().is_none() && self.waiting[0].is_none();
        self.left && (self.redirected || silent)
    }
}
