//! The world that is walked: one real client session, a real server machine for every connection it ever made,
//! what is on the wire between them, and what the application and the servers know. Steps are in `steps.rs`,
//! what must hold in `properties.rs`.

use std::net::{Ipv4Addr, SocketAddrV4};

use eop_statemachine::policy::Home;
use eop_statemachine::session::{Bounds, Config, Fallback, Resending};
use eop_statemachine::{Discipline, Server, Service, Session};
use eop_wire::Frame;

use crate::defect::Defect;
use crate::properties::Property;

/// Messages that the application sends at most.
pub(crate) const MESSAGES: usize = 3;

/// A message of the application, counted from 0.
pub(crate) type Message = u8;

/// A server, counted from 0; 0 is home.
pub(crate) type Place = u8;

pub(crate) fn endpoint(place: Place) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4000 + u16::from(place))
}

pub(crate) fn place(endpoint: SocketAddrV4) -> Place {
    u8::try_from(endpoint.port() - 4000).expect("only the walk's endpoints occur")
}

/// What is walked, and how far the environment may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Setting {
    pub discipline: Discipline,
    pub automatic: bool,
    pub greetings: u32,
    pub fallback: bool,
    /// Messages that the application sends.
    pub messages: u8,
    /// Whether it half-closes at some time.
    pub half_close: bool,
    /// Servers, home included.
    pub places: u8,
    /// Redirects in an episode, by the client's bound.
    pub episode: u32,
    /// Redirects that the servers send altogether.
    pub redirects: u8,
    /// Connections that fail to be made, are lost, or end inside a frame.
    pub failures: u8,
    /// Whether frames and messages arrive in two parts.
    pub parts: bool,
    /// Times that everybody waits for a quiet episode's end, or for a deadline.
    pub waits: u8,
    pub defect: Option<Defect>,
    /// The one property that is asked for; all of them if `None`.
    pub watched: Option<Property>,
}

impl Setting {
    pub(crate) fn name(&self) -> String {
        let discipline = match (self.discipline, self.automatic) {
            (Discipline::Paired, true) => "paired automatic",
            (Discipline::Paired, false) => "paired explicit",
            (Discipline::Manual, _) => "manual explicit",
        };
        let fallback = if self.fallback { "home" } else { "none" };
        format!(
            "{discipline}, greetings {}, fallback {fallback}",
            self.greetings
        )
    }

    /// How far the environment may go, in words.
    pub(crate) fn extent(&self) -> String {
        format!(
            "{} messages, {} servers, {} redirects, {} failures, {} waits, half-close {}, parts {}",
            self.messages,
            self.places,
            self.redirects,
            self.failures,
            self.waits,
            self.half_close,
            self.parts
        )
    }

    pub(crate) fn service(&self) -> Service {
        Service {
            discipline: self.discipline,
            greetings: self.greetings,
            max_payload: 1,
        }
    }

    fn config(&self) -> Config {
        let mut service = self.service();
        if self.defect == Some(Defect::GreetingsNotCounted) {
            service.greetings = 0;
        }
        Config {
            service,
            resending: match self.automatic {
                true => Resending::Automatic { budget: 100 },
                false => Resending::Explicit,
            },
            fallback: if self.fallback {
                Fallback::Home
            } else {
                Fallback::None
            },
            bounds: Bounds {
                redirects: self.episode,
                ..Bounds::default()
            },
            secured: false,
        }
    }

    pub(crate) fn session(&self, now: u64) -> Session<MESSAGES> {
        Session::new(Home::v4(endpoint(0)), self.config(), now)
            .expect("the configuration is possible")
    }
}

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

/// One stop of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stop {
    pub place: Place,
    /// Whether a message was answered there (in manual: retired).
    pub answered: bool,
    /// Whether it is home, to which the session fell back.
    pub fallback: bool,
}

/// What became of a message, as the application knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    NotSent,
    Outstanding,
    Answered,
    Dropped,
    /// Given up as uncertain by a session that was begun again.
    GivenUp,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub session: Session<MESSAGES>,
    /// Where the session was sent, home first, and the connection there while it matters.
    pub path: Vec<Stop>,
    pub links: Vec<Option<Link>>,
    pub now: u64,

    // What the application knows.
    pub fates: [Fate; MESSAGES],
    pub half_closed: bool,
    /// Messages whose answers were delivered and that it did not retire yet (manual), and at which stop.
    pub to_retire: u32,
    pub to_retire_at: usize,
    /// The hop for which it decided to resend, and did not say so yet.
    pub deciding: Option<u32>,
    /// The hop for which it said so last.
    pub decided: Option<u32>,

    // What is true.
    /// The messages that a server acted on.
    pub acted: [bool; MESSAGES],
    /// The stop whose connection each message is bound to.
    pub bound: [Option<usize>; MESSAGES],
    /// The messages that a redirect made owed.
    pub owed: [bool; MESSAGES],
    /// The stop at which this episode began.
    pub episode_from: usize,

    // What a defective adapter carries along.
    /// Octets that were written and not reported as offered yet.
    pub unreported: Option<u64>,
    /// Whether octets after a redirect were kept for the next connection.
    pub leaked: bool,
    /// Whether the session was begun again at home.
    pub begun_again: bool,
    /// Which message each number of the session is: not its own, if the session was begun again.
    pub numbers: [Message; MESSAGES],

    // What the environment may still do.
    pub redirects: u8,
    pub failures: u8,
    pub waits: u8,
}

impl World {
    pub(crate) fn new(setting: &Setting) -> Self {
        Self {
            session: setting.session(0),
            path: vec![Stop {
                place: 0,
                answered: false,
                fallback: false,
            }],
            links: vec![None],
            now: 0,
            fates: [Fate::NotSent; MESSAGES],
            half_closed: false,
            to_retire: 0,
            to_retire_at: 0,
            deciding: None,
            decided: None,
            acted: [false; MESSAGES],
            bound: [None; MESSAGES],
            owed: [false; MESSAGES],
            episode_from: 0,
            unreported: None,
            leaked: false,
            begun_again: false,
            numbers: [0, 1, 2],
            redirects: setting.redirects,
            failures: setting.failures,
            waits: setting.waits,
        }
    }

    /// The stop where the session is, or is about to be.
    pub(crate) fn stop(&self) -> usize {
        self.path.len() - 1
    }

    /// The connection that the client has.
    pub(crate) fn current(&self) -> Option<&Link> {
        self.links[self.stop()].as_ref().filter(|link| !link.left)
    }

    pub(crate) fn current_mut(&mut self) -> Option<&mut Link> {
        let stop = self.stop();
        self.links[stop].as_mut().filter(|link| !link.left)
    }

    /// The outstanding messages, oldest first.
    pub(crate) fn outstanding(&self) -> impl Iterator<Item = usize> + '_ {
        (0..MESSAGES).filter(|message| self.fates[*message] == Fate::Outstanding)
    }

    /// Drops connections that do not matter any more.
    pub(crate) fn forget(&mut self) {
        for link in &mut self.links {
            if link.as_ref().is_some_and(Link::is_over) {
                *link = None;
            }
        }
    }
}
