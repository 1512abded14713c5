//! The account of a story with faults: what servers acted on, what a client was told, and whether the two agree. No socket, no
//! fault and no clock may come in.

#![allow(
    clippy::expect_used,
    dead_code,
    unreachable_pub,
    reason = "a test may stop at what it did not expect, and no story uses everything"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use eop_net::client::{ClientOver, Ended, Message, Network};
use eop_net::{Event, Status};

/// What the servers of a story acted on. Every message of a story has a payload of its own.
#[derive(Clone, Default)]
pub struct Acts(Arc<Mutex<BTreeMap<Vec<u8>, u32>>>);

impl Acts {
    /// A server acts on a message, and this is the answer.
    pub fn act(&self, message: &[u8]) -> Vec<u8> {
        let mut acts = self.0.lock().expect("no panic");
        *acts.entry(message.to_vec()).or_default() += 1;
        answer_to(message)
    }

    /// How often servers acted on it.
    pub fn on(&self, message: &[u8]) -> u32 {
        let acts = self.0.lock().expect("no panic");
        acts.get(message).copied().unwrap_or(0)
    }

    /// How many acts there were in all.
    pub fn total(&self) -> u32 {
        self.0.lock().expect("no panic").values().sum()
    }
}

/// The answer to a message: nobody confuses it with another's.
pub fn answer_to(message: &[u8]) -> Vec<u8> {
    [b"answer to ", message].concat()
}

/// What a client was told of one of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered.
    Answered,
    /// The application dropped it when it was owed.
    Dropped,
    /// The session ended before, and this is known of it.
    Left(Status),
}

/// What was promised and did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// Servers acted on it more than once.
    RanTwice(String),
    /// Nobody acted on it, and yet it was answered.
    AnsweredByNobody(String),
    /// Somebody acted on it, and the client was told that nobody had.
    RanAfterAll(String, Fate),
    /// It was answered with another message's answer.
    WrongAnswer(String),
    /// It was neither answered nor reported.
    Lost(String),
    /// It was answered more than once.
    AnsweredTwice(String),
    /// The session did not end.
    Endless,
}

/// What a client sent and heard.
#[derive(Default)]
pub struct Diary {
    sent: BTreeMap<u64, Vec<u8>>,
    fates: BTreeMap<u64, Fate>,
    breach: Option<Breach>,
    /// How the session ended.
    pub ended: Option<Ended>,
    /// Moves that it made.
    pub moves: u32,
}

impl Diary {
    /// The client handed over a message and was given its number.
    pub fn sent(&mut self, number: u64, message: &[u8]) {
        self.sent.insert(number, message.to_vec());
    }

    /// The client dropped what was owed: whatever is outstanding no more is what it dropped.
    pub fn dropped(&mut self, client: &ClientOver<impl Network>) {
        let left: Vec<u64> = client.outstanding().map(|(number, ..)| number).collect();
        for number in self.sent.keys() {
            if !left.contains(number) {
                self.fates.entry(*number).or_insert(Fate::Dropped);
            }
        }
    }

    /// The client heard something.
    pub fn hear(&mut self, event: &Event, client: &ClientOver<impl Network>) {
        match event {
            Event::Message(message) => self.hear_message(message),
            Event::Redirected(_) => self.moves += 1,
            Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => {
                self.ended = Some(*ended);
                for (number, status, _) in client.outstanding() {
                    self.fates.entry(number).or_insert(Fate::Left(status));
                }
            }
        }
    }

    fn hear_message(&mut self, message: &Message) {
        let Some(number) = message.answers else {
            return;
        };
        let sent = self.sent.get(&number).expect("it answers what was sent");
        if message.payload != answer_to(sent) {
            self.breach = Some(Breach::WrongAnswer(name(sent)));
        }
        if self.fates.insert(number, Fate::Answered).is_some() {
            self.breach = Some(Breach::AnsweredTwice(name(sent)));
        }
    }

    /// Every message, and what the client was told of it.
    pub fn fates(&self) -> impl Iterator<Item = (&[u8], Option<Fate>)> {
        self.sent
            .iter()
            .map(|(number, message)| (message.as_slice(), self.fates.get(number).copied()))
    }

    /// What an answer broke by itself.
    pub const fn breach(&self) -> Option<&Breach> {
        self.breach.as_ref()
    }

    /// Messages that were handed over.
    pub fn count(&self) -> usize {
        self.sent.len()
    }

    /// Messages that were answered.
    pub fn answered(&self) -> usize {
        let answered = |fate: &&Fate| **fate == Fate::Answered;
        self.fates.values().filter(answered).count()
    }

    /// Messages of which it is not known whether a server acted on them.
    pub fn uncertain(&self) -> usize {
        let uncertain = |fate: &&Fate| **fate == Fate::Left(Status::Uncertain);
        self.fates.values().filter(uncertain).count()
    }

    /// Whether every message was answered, or ended in a named error; nothing ran twice, and what the client was told is so.
    pub fn judge(&self, acts: &Acts) -> Result<(), Breach> {
        if let Some(breach) = &self.breach {
            return Err(breach.clone());
        }
        if self.ended.is_none() {
            return Err(Breach::Endless);
        }
        for (number, message) in &self.sent {
            let fate = self.fates.get(number).copied();
            judge(message, fate, acts)?;
        }
        Ok(())
    }
}

/// Whether what a client was told of a message is so.
pub fn judge(message: &[u8], fate: Option<Fate>, acts: &Acts) -> Result<(), Breach> {
    let (message, times) = (name(message), acts.on(message));
    match (fate, times) {
        (None, _) => Err(Breach::Lost(message)),
        (Some(_), 2..) => Err(Breach::RanTwice(message)),
        (Some(Fate::Answered), 0) => Err(Breach::AnsweredByNobody(message)),
        (Some(fate @ (Fate::Dropped | Fate::Left(Status::Owed | Status::Unsent))), 1) => {
            Err(Breach::RanAfterAll(message, fate))
        }
        (Some(Fate::Dropped | Fate::Left(Status::Owed | Status::Unsent)), 0)
        | (Some(Fate::Answered), 1)
        | (Some(Fate::Left(Status::Uncertain)), 0 | 1) => Ok(()),
    }
}

fn name(message: &[u8]) -> String {
    String::from_utf8_lossy(message).into_owned()
}

impl fmt::Debug for Diary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fates = |(number, message): (&u64, &Vec<u8>)| {
            let fate = self.fates.get(number);
            format!("{}: {fate:?}", name(message))
        };
        f.debug_struct("Diary")
            .field("ended", &self.ended.map(|it| it.to_string()))
            .field("moves", &self.moves)
            .field("messages", &self.sent.iter().map(fates).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
