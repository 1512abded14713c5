//! What a session says to its caller: what it wants, what arrived, what became of redirects and messages.

use core::net::SocketAddrV4;

use crate::client::Kind;
use crate::policy::Proposal;

/// Where a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// To home, however the application named it.
    Home,
    /// To the target of a redirect.
    Target(SocketAddrV4),
}

/// What the machine wants of its caller. Asking changes nothing, and the answer stays the same until
/// something happens. Wherever there is a connection, read from it, whatever else is wanted (EOP-RED-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Want {
    /// Connect, then say [`connected`](super::Session::connected) or [`connect_failed`](super::Session::connect_failed). The
    /// connection before, if there was one, is over: close it, by default before this one is made (EOP-CLS-9).
    Connect(Place),
    /// Judge the target of a redirect and say [`judged`](super::Session::judged).
    Judge(Proposal),
    /// [`offer`](super::Session::offer), then write, octets of this message; read meanwhile.
    Write {
        /// The message's number, as [`send`](super::Session::send) returned it.
        message: u64,
        /// Octets of its frame, header included, that were offered before.
        from: u64,
    },
    /// Say [`half_closed`](super::Session::half_closed), then half-close; read meanwhile.
    HalfClose,
    /// Read.
    Read,
    /// The application decides: [`resend`](super::Session::resend) or [`drop_owed`](super::Session::drop_owed), for this hop.
    /// Read meanwhile, if [connected](super::Session::is_connected).
    Decide {
        /// The hop that a decision has to name.
        hop: u32,
    },
    /// The connection is over: close it. The application retires what was answered by what it received, then
    /// [`settle`](super::Session::settle) (manual).
    Settle,
    /// Close the connection if there is one; [`end`](super::Session::end) says how the session ended.
    Done,
}

/// What the octets from the server amounted to. It borrows from the input alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A message begins.
    Head {
        /// What it is.
        kind: Kind,
        /// Octets of payload.
        len: u32,
    },
    /// Payload of the message that began last; never empty.
    Chunk(&'a [u8]),
    /// The message is complete.
    Message(Message),
    /// A redirect is complete, and with it the message that was its payload, if it had one: deliver that first.
    /// Then ask [`want`](super::Session::want).
    Redirect(Option<Message>),
}

/// A message from the server, complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The number of the client's message that it answers (paired).
    pub answers: Option<u64>,
}

/// A redirect that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The target.
    pub target: SocketAddrV4,
    /// Messages that are owed. In manual it is provisional: `retire` lowers it.
    pub owed: u32,
    /// Whether the redirect had a payload.
    pub late: bool,
    /// The number of this hop, which a decision has to name.
    pub hop: u32,
    /// Whether the application has to decide before everything owed is resent.
    pub decide: bool,
}

/// What became of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Judged {
    /// The target is followed.
    Followed(Redirected),
    /// It is not: see [`Session::want`](super::Session::want).
    NotFollowed,
}

/// What is known of a message that was neither answered nor dropped (EOP-RSD-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// No server acted on it: a redirect says so.
    Owed,
    /// No octet of it was offered to any server that could act on it.
    Unsent,
    /// An octet of it was offered, and nothing says what became of it.
    Uncertain,
}

/// How many messages are what (EOP-FAI-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// [`Status::Owed`].
    pub owed: u32,
    /// [`Status::Unsent`].
    pub unsent: u32,
    /// [`Status::Uncertain`].
    pub uncertain: u32,
}
