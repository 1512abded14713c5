//! How a client behaves. Every limit is configurable; none can be switched off.

use std::time::Duration;

use eop_statemachine::Service;
use eop_statemachine::policy::{Allow, Rule};
use eop_statemachine::session::{self, Bounds, Fallback, Resending};

/// Which of two connections comes first when the session moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The old one is closed, then the new one is made (EOP-CLS-9).
    #[default]
    OldFirst,
    /// The new one is made, then the old one is closed.
    NewFirst,
}

/// How a client behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The terms of the service.
    pub service: Service,
    /// Who decides that owed messages are resent.
    pub resending: Resending,
    /// What follows when a target failed.
    pub fallback: Fallback,
    /// How far the session may be moved.
    pub bounds: Bounds,
    /// Which targets are followed in general (EOP-POL-6, EOP-POL-7).
    pub rule: Rule,
    /// Which targets are followed besides.
    pub allow: Vec<Allow>,
    /// Which of two connections comes first.
    pub order: Order,
    /// How long a header may take from its first octet to its last (EOP-TIM-1).
    pub header: Duration,
    /// How long the server may take no octet while there are some for it (EOP-CLS-12).
    pub stall: Duration,
    /// How every connection of the session is secured; `None` for cleartext.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::tls::ClientTls>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service: Service::default(),
            resending: Resending::default(),
            fallback: Fallback::default(),
            bounds: Bounds::default(),
            rule: Rule::default(),
            allow: Vec::new(),
            order: Order::default(),
            header: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Config {
    /// Whether every connection of the session is secured (EOP-SEC-2).
    const fn secured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        return false;
    }

    /// The machine's part.
    pub(super) const fn machine(&self) -> session::Config {
        session::Config {
            service: self.service,
            resending: self.resending,
            fallback: self.fallback,
            bounds: self.bounds,
            secured: self.secured(),
        }
    }
}
