//! What a client tells its application.

use std::fmt;
use std::net::{SocketAddr, SocketAddrV4};

use eop_statemachine::client::Kind;
use eop_statemachine::session::{self, Counts, End};

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
    /// Whether the application has still to decide what becomes of what is owed, at this hop. After a fallback to home
    /// ([`Fallback`](crate::Fallback)) nothing else says so: a decision for the failed target does not hold there
    /// (EOP-RSD-12).
    pub decide: bool,
}

/// A move that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The server that redirected.
    pub from: SocketAddr,
    /// Where it leads.
    pub target: SocketAddrV4,
    /// Messages that are owed. In manual it is provisional: [`retire`](crate::Client::retire) lowers it.
    pub owed: u32,
    /// Whether the redirect brought a message, which came before this event.
    pub late: bool,
    /// The number of this hop, which a decision has to name.
    pub hop: u32,
    /// Whether the application has to decide before everything owed is resent.
    pub decide: bool,
}

impl Redirected {
    pub(super) const fn new(from: SocketAddr, redirected: session::Redirected) -> Self {
        let session::Redirected {
            target,
            owed,
            late,
            hop,
            decide,
        } = redirected;
        Self {
            from,
            target,
            owed,
            late,
            hop,
            decide,
        }
    }
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
