//! What a client may declare that it lacks, by the names in its driver's `lacks=`.
//!
//! Which of it the specification leaves to the client stands here; what a case needs of it stands in the case.

use std::fmt;

/// A feature of a client that a driver may name in `lacks=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// The discipline manual.
    Manual,
    /// Automatic resending.
    Automatic,
    /// Greetings.
    Greeting,
    /// The order in which the new connection comes before the old one is closed.
    NewFirst,
    /// The fallback to home.
    Fallback,
    /// An allow-list.
    Policy,
    /// A half-close by the application.
    HalfClose,
}

impl Feature {
    /// All of them, in the order of the contract.
    pub const ALL: [Self; 7] = [
        Self::Manual,
        Self::Automatic,
        Self::Greeting,
        Self::NewFirst,
        Self::Fallback,
        Self::Policy,
        Self::HalfClose,
    ];

    /// Its name in `lacks=`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automatic => "automatic",
            Self::Greeting => "greeting",
            Self::NewFirst => "new-first",
            Self::Fallback => "fallback",
            Self::Policy => "policy",
            Self::HalfClose => "half-close",
        }
    }

    /// Whether a client without it conforms: the specification only allows it (EOP-CLS-9, EOP-FAI-4).
    #[must_use]
    pub const fn is_optional(self) -> bool {
        match self {
            Self::NewFirst | Self::Fallback => true,
            Self::Manual | Self::Automatic | Self::Greeting | Self::Policy | Self::HalfClose => {
                false
            }
        }
    }

    /// Whether a setting of `connect` asks for it.
    #[must_use]
    pub fn asked_by(self, setting: &str) -> bool {
        match self {
            Self::Greeting => setting.starts_with("greeting=") && setting != "greeting=0",
            Self::Policy => setting.starts_with("allow="),
            Self::Manual | Self::Automatic | Self::NewFirst | Self::Fallback | Self::HalfClose => {
                self.setting() == Some(setting)
            }
        }
    }

    /// A setting of `connect` that asks for it, if it is a setting.
    #[must_use]
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::Manual => Some("discipline=manual"),
            Self::Automatic => Some("resend=automatic"),
            Self::Greeting => Some("greeting=1"),
            Self::NewFirst => Some("order=new-first"),
            Self::Fallback => Some("fallback=home"),
            Self::Policy => Some("allow=127.0.0.0/8:*"),
            Self::HalfClose => None,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
