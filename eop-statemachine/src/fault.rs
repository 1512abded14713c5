//! Whose fault it was: [`Misuse`] is the caller's and leaves no trace, [`PeerError`] is the peer's and is for
//! good. They are different types, so that nobody can take one for the other.

use core::fmt;
use core::net::SocketAddrV4;

use eop_wire::{DeframeError, HeaderError};

/// The caller's mistake: `on` is not possible in `state`, because of `why`. The machine did not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Misuse<S, E> {
    /// The state the machine is (still) in.
    pub state: S,
    /// What was attempted.
    pub on: E,
    /// What is wrong with it.
    pub why: Why,
}

impl<S: fmt::Debug, E: fmt::Debug> fmt::Display for Misuse<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, on, why } = self;
        write!(f, "{on:?} is not possible in {state:?}: {why}")
    }
}

impl<S: fmt::Debug, E: fmt::Debug> core::error::Error for Misuse<S, E> {}

/// What is wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// The state does not allow it: see the machine's table.
    State,
    /// There is no message whose octets could be offered, or none that was offered so far to take back.
    NothingToOffer,
    /// More octets than the message has, or than were offered of it.
    PastEnd,
    /// The answer to the message has begun to arrive, so its octets did leave.
    BeingAnswered,
    /// Messages are still to be offered before the half-close (EOP-HCL-2).
    MessagesToOffer,
    /// In the paired discipline the server's messages say what is answered, not the application (EOP-ACC-1).
    Paired,
    /// More messages than are outstanding and completely offered (EOP-ACC-12).
    NotOffered,
    /// The application is to say `resend` or `drop` first (EOP-RSD-13).
    DecisionPending,
    /// No message waits for a decision.
    NothingOwed,
    /// The decision was made for another hop (EOP-RSD-12).
    StaleDecision,
    /// The application said that no further message follows (EOP-HCL-2).
    HalfClosed,
    /// As many messages are outstanding as the machine keeps account of.
    Full,
    /// No request waits for an answer (EOP-ACC-2).
    NothingToAnswer,
    /// Greetings are still due; or, for a greeting, none is (EOP-ACC-4).
    Greetings,
    /// No client may ever be sent to this endpoint (EOP-POL-1).
    UnusableTarget(SocketAddrV4),
    /// Longer than the length field can say (EOP-LIM-5).
    PayloadTooLong,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State => f.write_str("not in this state"),
            Self::NothingToOffer => f.write_str("no message is on its way out"),
            Self::PastEnd => f.write_str("more octets than there are"),
            Self::BeingAnswered => f.write_str("the message is being answered, so it did leave"),
            Self::MessagesToOffer => f.write_str("messages are still to be sent"),
            Self::Paired => f.write_str("in the paired discipline answers retire messages"),
            Self::NotOffered => f.write_str("fewer messages are outstanding and completely sent"),
            Self::DecisionPending => {
                f.write_str("say first whether to resend or drop what is owed")
            }
            Self::NothingOwed => f.write_str("nothing waits for a decision"),
            Self::StaleDecision => f.write_str("the decision is for another hop"),
            Self::HalfClosed => f.write_str("the session is half-closed"),
            Self::Full => f.write_str("too many messages are outstanding"),
            Self::NothingToAnswer => f.write_str("no request waits for an answer"),
            Self::Greetings => f.write_str("not the number of greetings that the service has"),
            Self::UnusableTarget(to) => write!(f, "no client may be sent to {to}"),
            Self::PayloadTooLong => f.write_str("the payload is longer than 4294967295 octets"),
        }
    }
}

/// The peer's fault. The connection ends at once, with no octet sent (EOP-ERR-1, EOP-ERR-2); every later call that
/// takes octets returns the same fault again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerError {
    /// The very first opcode of the connection is none of EOP's (EOP-OPC-5).
    NotEop(HeaderError),
    /// A later opcode is none of EOP's (EOP-OPC-2).
    UnknownOpcode(HeaderError),
    /// An opcode of EOP with its octets swapped (EOP-OPC-6).
    ByteOrderMismatch(u16),
    /// A payload beyond the limit, known from its header (EOP-LIM-2).
    MessageTooLarge {
        /// The payload's length by its header, in octets.
        len: u32,
        /// The limit, in octets.
        max: u32,
    },
    /// The stream ended inside a frame (EOP-FRM-5).
    TruncatedFrame,
    /// A server's message, or a redirect's payload, that answers no message (EOP-ACC-9).
    Unsolicited,
    /// A client sent a redirect (EOP-RED-2).
    UnexpectedRedirect,
}

impl PeerError {
    /// The name by which test drivers and reports know this fault.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotEop(_) => "NotEop",
            Self::UnknownOpcode(_) => "UnknownOpcode",
            Self::ByteOrderMismatch(_) => "ByteOrderMismatch",
            Self::MessageTooLarge { .. } => "MessageTooLarge",
            Self::TruncatedFrame => "TruncatedFrame",
            Self::Unsolicited => "Unsolicited",
            Self::UnexpectedRedirect => "UnexpectedRedirect",
        }
    }

    /// What the codec found, named by where in the connection it found it.
    pub(crate) const fn of(error: DeframeError, first_frame: bool) -> Self {
        match error {
            DeframeError::Header(HeaderError::ByteOrderMismatch(opcode)) => {
                Self::ByteOrderMismatch(opcode)
            }
            DeframeError::Header(error) if first_frame => Self::NotEop(error),
            DeframeError::Header(error) => Self::UnknownOpcode(error),
            DeframeError::TooLong { len, max } => Self::MessageTooLarge { len, max },
        }
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEop(error) => write!(f, "the peer does not speak EOP: {error} (EOP-OPC-5)"),
            Self::UnknownOpcode(error) => write!(f, "{error} (EOP-OPC-2)"),
            Self::ByteOrderMismatch(opcode) => {
                write!(f, "{} (EOP-OPC-6)", HeaderError::ByteOrderMismatch(*opcode))
            }
            Self::MessageTooLarge { len, max } => {
                write!(
                    f,
                    "{} (EOP-LIM-2)",
                    DeframeError::TooLong {
                        len: *len,
                        max: *max
                    }
                )
            }
            Self::TruncatedFrame => f.write_str("the stream ended inside a frame (EOP-FRM-5)"),
            Self::Unsolicited => f.write_str("a message that answers nothing (EOP-ACC-9)"),
            Self::UnexpectedRedirect => f.write_str("a redirect from a client (EOP-RED-2)"),
        }
    }
}

impl core::error::Error for PeerError {}
