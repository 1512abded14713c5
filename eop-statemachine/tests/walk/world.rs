//! The world that is walked: one real client session, a real server machine for every connection it ever made,
//! what is on the wire between them, and what the application and the servers know. Steps are in `steps.rs`,
//! what must hold in `properties.rs`.

use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddrV4};

use eop_statemachine::Session;

use crate::setting::Setting;
use crate::wire::Link;

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
