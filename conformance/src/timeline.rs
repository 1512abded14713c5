//! What happened in one play of a script: every octet, line and end, with its time and connection.
//!
//! Data only. How it reads is said in `words`, once for all reports; nothing is judged here.

mod words;

use std::cell::RefCell;
use std::net::SocketAddrV4;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

pub use words::{Line, describe, frame, hex};

use crate::verdict::End;

/// Octets kept of each direction of a connection: twice the default limit of a message. What follows is only counted.
pub const KEPT: usize = 2 << 20;
/// Octets kept of each direction if only what failed will be told: thousands of failing plays fit in memory.
pub const KEPT_IN_BRIEF: usize = 256 << 10;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The suite.
    Runner,
    /// What is judged.
    Testee,
}

impl Side {
    /// The side that it talks to.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Runner => Self::Testee,
            Self::Testee => Self::Runner,
        }
    }

    /// `>` for what the runner does, `<` for what the testee does.
    #[must_use]
    pub const fn arrow(self) -> char {
        match self {
            Self::Runner => '>',
            Self::Testee => '<',
        }
    }
}

/// A TCP connection of a play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its number in the play, from 0 on.
    pub number: usize,
    /// What the script calls it, or the endpoint at which it came: `A`, `home`.
    pub label: String,
    /// Who opened it.
    pub opener: Side,
    /// The runner's end.
    pub runner: SocketAddrV4,
    /// The testee's end.
    pub testee: SocketAddrV4,
}

/// Octets as far as they were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The first of them, at most [`KEPT`], or [`KEPT_IN_BRIEF`], in one direction of a connection.
    pub octets: Vec<u8>,
    /// How many there were.
    pub len: usize,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A connection stands.
    Opened(Arc<Connection>),
    /// Octets that one call gave to the system or took from it.
    Octets {
        /// The connection.
        on: Arc<Connection>,
        /// Who sent them.
        by: Side,
        /// The octets.
        octets: Kept,
    },
    /// One side ended its stream.
    Ended {
        /// The connection.
        on: Arc<Connection>,
        /// Who ended it.
        by: Side,
        /// How.
        end: End,
    },
    /// The runner let go of a connection, which resets it unless both sides had ended it.
    Left(Arc<Connection>),
    /// A line to the testee's driver, or from it.
    Line {
        /// Who said it.
        by: Side,
        /// The line, without the session's number.
        text: String,
    },
    /// A remark of the runner's.
    Note {
        /// Which connection, endpoint or channel it is about.
        place: String,
        /// What.
        text: String,
    },
}

/// One thing that happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Since the play began.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// One play, from its first entry to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// When the play began.
    pub begun: SystemTime,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

/// The log that every connection and channel of one play writes to.
#[derive(Debug, Clone)]
pub struct Log {
    begun: (SystemTime, Instant),
    /// Octets that it keeps of each direction of a connection.
    keeps: usize,
    written: Rc<RefCell<Written>>,
}

#[derive(Debug, Default)]
struct Written {
    entries: Vec<Entry>,
    /// How many octets may still be kept, by connection: the runner's, the testee's.
    room: Vec<[usize; 2]>,
    /// What the testee chose first where the specification recommends something else.
    alternative: Option<String>,
}

impl Log {
    /// An empty log that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self::keeping(KEPT)
    }

    /// An empty log that begins now and keeps so many octets of each direction of a connection.
    #[must_use]
    pub fn keeping(keeps: usize) -> Self {
        Self {
            begun: (SystemTime::now(), Instant::now()),
            keeps,
            written: Rc::default(),
        }
    }

    /// A connection stands.
    pub fn opened(
        &self,
        label: &str,
        opener: Side,
        runner: SocketAddrV4,
        testee: SocketAddrV4,
    ) -> Arc<Connection> {
        let number = {
            let room = &mut self.written.borrow_mut().room;
            room.push([self.keeps; 2]);
            room.len().saturating_sub(1)
        };
        let connection = Arc::new(Connection {
            number,
            label: label.to_owned(),
            opener,
            runner,
            testee,
        });
        self.add(What::Opened(Arc::clone(&connection)));
        connection
    }

    /// Octets went over a connection.
    pub fn octets(&self, on: &Arc<Connection>, by: Side, octets: &[u8]) {
        let kept = {
            let room = &mut self.written.borrow_mut().room;
            let Some([runner, testee]) = room.get_mut(on.number) else {
                return;
            };
            let room = match by {
                Side::Runner => runner,
                Side::Testee => testee,
            };
            let kept = octets.get(..*room).unwrap_or(octets);
            *room = room.saturating_sub(kept.len());
            kept.to_vec()
        };
        self.add(What::Octets {
            on: Arc::clone(on),
            by,
            octets: Kept {
                octets: kept,
                len: octets.len(),
            },
        });
    }

    /// A side ended its stream.
    pub fn ended(&self, on: &Arc<Connection>, by: Side, end: End) {
        let on = Arc::clone(on);
        self.add(What::Ended { on, by, end });
    }

    /// The runner let go of a connection.
    pub fn left(&self, on: &Arc<Connection>) {
        self.add(What::Left(Arc::clone(on)));
    }

    /// A line went to the driver or came from it.
    pub fn line(&self, by: Side, text: &str) {
        let text = text.to_owned();
        self.add(What::Line { by, text });
    }

    /// Something that the runner has to remark.
    pub fn note(&self, place: &str, text: impl Into<String>) {
        self.add(What::Note {
            place: place.to_owned(),
            text: text.into(),
        });
    }

    /// The testee did something that the specification allows, where it recommends something else.
    pub fn chosen(&self, what: String) {
        self.note("runner", format!("allowed: {what}"));
        self.written.borrow_mut().alternative.get_or_insert(what);
    }

    /// The first thing of that kind, if there was any.
    #[must_use]
    pub fn alternative(&self) -> Option<String> {
        self.written.borrow().alternative.clone()
    }

    /// Everything that was written; the log is empty then.
    #[must_use]
    pub fn finish(&self) -> Timeline {
        Timeline {
            begun: self.begun.0,
            entries: std::mem::take(&mut self.written.borrow_mut().entries),
        }
    }

    fn add(&self, what: What) {
        let at = self.begun.1.elapsed();
        self.written.borrow_mut().entries.push(Entry { at, what });
    }
}
