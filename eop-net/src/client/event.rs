//! What a client tells its application.

use std::fmt;
use std::net::SocketAddr;

use eop_statemachine::client::Kind;
use eop_statemachine::session::{Counts, End, Redirected};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection was made: to home, or to where the last redirect led.
    Connected(Connected),
    /// A message arrived.
    Message(Message),
    /// The session moves. If [`decide`](Redirected::decide) is set, the server acted on none of the messages that are
    /// [owed](Redirected::owed), and the application now says what becomes of them: the paper's *EREDO*.
    Redirected(Redirected),
    /// The connection is over and so, as it stands, is the session (manual). This is the application's last chance to retire
    /// what was answered by what it received (EOP-ACC-14).
    Settling,
    /// The session is over.
    Ended(Ended),
}

/// A connection that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The other end, as the session knows it.
    pub endpoint: SocketAddr,
    /// Our own end.
    pub local: SocketAddr,
    /// Moves so far.
    pub hop: u32,
}

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its octets; possibly none (EOP-FRM-8).
    pub payload: Vec<u8>,
    /// What it is to the session's account.
    pub kind: Kind,
    /// The number of the message that it answers, as [`send`](crate::Client::send) returned it (paired).
    pub answers: Option<u64>,
    /// Messages that were still outstanding then.
    pub outstanding: u32,
}

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How it came.
    pub end: End,
    /// What is known of the messages that were not answered (EOP-FAI-2). Which they are:
    /// [`outstanding`](crate::Client::outstanding).
    pub left: Counts,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            owed,
            unsent,
            uncertain,
        } = self.left;
        write!(f, "{}", self.end)?;
        if owed.saturating_add(unsent).saturating_add(uncertain) > 0 {
            write!(
                f,
                "; messages left: {owed} owed, {unsent} unsent, {uncertain} uncertain"
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Ended {}
