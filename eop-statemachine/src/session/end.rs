//! How a session ends: the names that applications, drivers and reports share. What leads there may never
//! come in.

use core::fmt;
use core::net::SocketAddrV4;

use crate::fault::PeerError;
use crate::policy::Refusal;

/// Why a connection could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectError {
    /// Refused, unreachable, or otherwise not to be had.
    Failed,
    /// It took longer than the caller waits for one connection.
    Timeout,
    /// The peer's identity, or its security, is not the required one (EOP-SEC-1).
    Tls,
}

/// Why a connection was lost, other than by the server ending its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// A reset, or any other error of the transport.
    Reset,
    /// The peer took no octets for as long as the caller waits (EOP-CLS-12).
    Stall,
    /// The peer left a header or a payload incomplete for as long as the caller waits (EOP-TIM-1).
    Timeout,
    /// The secure channel failed.
    Tls,
}

/// Why a target failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// No connection to it could be made.
    ConnectFailed,
    /// It took too long to connect, or left a frame incomplete for too long.
    Timeout,
    /// Its identity, or its security, is not the required one.
    TlsFailed,
    /// It took no octets for too long.
    Stall,
    /// It ended with messages outstanding, or was reset.
    Uncertain,
    /// It broke the protocol.
    Peer(PeerError),
}

impl Cause {
    /// The name by which test drivers and reports know it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ConnectFailed => "ConnectFailed",
            Self::Timeout => "Timeout",
            Self::TlsFailed => "TlsFailed",
            Self::Stall => "Stall",
            Self::Uncertain => "Uncertain",
            Self::Peer(error) => error.kind(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectFailed => f.write_str("it cannot be connected to"),
            Self::Timeout => f.write_str("it took too long"),
            Self::TlsFailed => f.write_str("it is not authenticated as the service (EOP-SEC-1)"),
            Self::Stall => f.write_str("it takes no octets (EOP-CLS-12)"),
            Self::Uncertain => f.write_str("the connection was lost (EOP-RSD-8)"),
            Self::Peer(error) => error.fmt(f),
        }
    }
}

impl From<ConnectError> for Cause {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Failed => Self::ConnectFailed,
            ConnectError::Timeout => Self::Timeout,
            ConnectError::Tls => Self::TlsFailed,
        }
    }
}

impl From<Loss> for Cause {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Reset => Self::Uncertain,
            Loss::Stall => Self::Stall,
            Loss::Timeout => Self::Timeout,
            Loss::Tls => Self::TlsFailed,
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// The server ended its stream between two frames, and no message was outstanding; or the session was
    /// half-closed and a redirect left nothing to resend (EOP-HCL-3).
    Eof,
    /// The application closed.
    Closed,
    /// The connection failed: home could not be reached, or a connection that had answered was lost.
    /// [`Cause::Uncertain`]: whatever its messages are, nobody knows whether they were acted on.
    Failed(Cause),
    /// A redirect was not followed, because the application wants none to be (EOP-EPI-8).
    NotFollowed {
        /// Its target.
        target: SocketAddrV4,
    },
    /// The policy refused a target. Whatever the redirect's payload was, it was delivered (EOP-RED-10).
    RedirectRefused {
        /// The target.
        target: SocketAddrV4,
        /// Why.
        reason: Refusal,
    },
    /// A target failed before it answered a message (EOP-FAI-1).
    RedirectFailed {
        /// The target, not the server that named it.
        target: SocketAddrV4,
        /// Why.
        cause: Cause,
    },
    /// A redirect to an endpoint that this episode has seen (EOP-EPI-2).
    RedirectLoop {
        /// The endpoint.
        target: SocketAddrV4,
    },
    /// One redirect more than an episode may have, or one move more than a minute (EOP-EPI-1, EOP-EPI-7).
    TooManyRedirects {
        /// The target that was not followed.
        target: SocketAddrV4,
    },
    /// The episode took too long (EOP-EPI-5).
    RedirectDeadline {
        /// The target that was being connected to, greeted by, or named.
        target: SocketAddrV4,
    },
}

impl End {
    /// The name by which test drivers and reports know it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::Closed => "closed",
            Self::Failed(cause) => cause.kind(),
            Self::NotFollowed { .. } => "NotFollowed",
            Self::RedirectRefused { .. } => "RedirectRefused",
            Self::RedirectFailed { .. } => "RedirectFailed",
            Self::RedirectLoop { .. } => "RedirectLoop",
            Self::TooManyRedirects { .. } => "TooManyRedirects",
            Self::RedirectDeadline { .. } => "RedirectDeadline",
        }
    }

    /// The target that it is about, if it is about one.
    #[must_use]
    pub const fn target(&self) -> Option<SocketAddrV4> {
        match self {
            Self::Eof | Self::Closed | Self::Failed(_) => None,
            Self::NotFollowed { target }
            | Self::RedirectRefused { target, .. }
            | Self::RedirectFailed { target, .. }
            | Self::RedirectLoop { target }
            | Self::TooManyRedirects { target }
            | Self::RedirectDeadline { target } => Some(*target),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("the session ended"),
            Self::Closed => f.write_str("the session was closed"),
            Self::Failed(cause) => write!(f, "the server failed: {cause}"),
            Self::NotFollowed { target } => {
                write!(f, "redirected to {target}, and no redirect is followed")
            }
            Self::RedirectRefused { target, reason } => {
                write!(
                    f,
                    "redirected to {target}, which is refused: {reason} (EOP-POL-5)"
                )
            }
            Self::RedirectFailed { target, cause } => {
                write!(
                    f,
                    "redirected to {target}, which failed: {cause} (EOP-FAI-1)"
                )
            }
            Self::RedirectLoop { target } => {
                write!(f, "redirected to {target} once more (EOP-EPI-2)")
            }
            Self::TooManyRedirects { target } => {
                write!(
                    f,
                    "redirected to {target}, too many times (EOP-EPI-1, EOP-EPI-7)"
                )
            }
            Self::RedirectDeadline { target } => {
                write!(
                    f,
                    "redirected to {target}, and it took too long (EOP-EPI-5)"
                )
            }
        }
    }
}

impl core::error::Error for End {}
