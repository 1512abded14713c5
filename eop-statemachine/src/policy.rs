//! Whether a redirect's target may be followed. It looks at numbers alone: no name is resolved, nothing is
//! contacted, and nothing is remembered.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};

/// How far an address reaches, from narrow to wide (EOP-POL-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// This host: `127.0.0.0/8`.
    Loopback,
    /// This link: `169.254.0.0/16`.
    LinkLocal,
    /// This site: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `100.64.0.0/10`.
    Private,
    /// Everything else.
    Global,
}

impl Scope {
    /// The scope of an address.
    #[must_use]
    pub const fn of(addr: Ipv4Addr) -> Self {
        if addr.is_loopback() {
            Self::Loopback
        } else if addr.is_link_local() {
            Self::LinkLocal
        } else if addr.is_private() || matches!(addr.octets(), [100, 64..=127, _, _]) {
            Self::Private
        } else {
            Self::Global
        }
    }
}

/// Home, as far as the machine has to know it. The application named it in whatever way: IPv6 and names are
/// legal, only targets are IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Home {
    endpoint: Option<SocketAddrV4>,
    scope: Scope,
    port: u16,
}

impl Home {
    /// An IPv4 endpoint.
    #[must_use]
    pub const fn v4(endpoint: SocketAddrV4) -> Self {
        Self {
            endpoint: Some(endpoint),
            scope: Scope::of(*endpoint.ip()),
            port: endpoint.port(),
        }
    }

    /// An endpoint that is not IPv4: only its scope and its port count.
    #[must_use]
    pub const fn other(scope: Scope, port: u16) -> Self {
        Self {
            endpoint: None,
            scope,
            port,
        }
    }

    /// The endpoint, if it is IPv4.
    #[must_use]
    pub const fn endpoint(&self) -> Option<SocketAddrV4> {
        self.endpoint
    }

    /// How far home reaches.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Home's port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// A target to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proposal {
    /// The endpoint the application asked for.
    pub home: Home,
    /// The endpoint the redirect came from; `None` for a home that is not IPv4.
    pub current: Option<SocketAddrV4>,
    /// The endpoint it names.
    pub target: SocketAddrV4,
    /// The number of the hop that following it would be, counted from 1 over the whole session.
    pub hop: u32,
    /// Whether the session's connections are authenticated and encrypted (EOP-SEC-1).
    pub secured: bool,
}

impl Proposal {
    fn current_scope(&self) -> Scope {
        self.current
            .map_or(self.home.scope, |current| Scope::of(*current.ip()))
    }
}

/// Why a target is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Port 0 (EOP-POL-1).
    PortZero,
    /// `0.0.0.0/8`, which reaches the host itself (EOP-POL-1).
    ThisNetwork,
    /// `224.0.0.0/4` (EOP-POL-1).
    Multicast,
    /// `240.0.0.0/4`, broadcast included (EOP-POL-1).
    Reserved,
    /// Narrower in scope than both the connection that the redirect came on and home (EOP-POL-2).
    Scope,
    /// A port below 1024 that is not home's (EOP-POL-3).
    LowPort,
    /// A range for documentation, benchmarks or protocol assignments (EOP-POL-4).
    Special,
    /// Without TLS, and not within one site or one host (EOP-POL-6).
    Insecure,
    /// The application said no.
    Denied,
}

impl Refusal {
    /// The word by which test drivers and reports know it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PortZero | Self::ThisNetwork | Self::Multicast | Self::Reserved => "forbidden",
            Self::Scope => "scope",
            Self::LowPort => "port",
            Self::Special => "special",
            Self::Insecure => "insecure",
            Self::Denied => "denied",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PortZero => "port 0 (EOP-POL-1)",
            Self::ThisNetwork => "0.0.0.0/8 (EOP-POL-1)",
            Self::Multicast => "multicast (EOP-POL-1)",
            Self::Reserved => "240.0.0.0/4 (EOP-POL-1)",
            Self::Scope => "narrower in scope than the connection and home (EOP-POL-2)",
            Self::LowPort => "a port below 1024 that is not home's (EOP-POL-3)",
            Self::Special => "reserved for documentation, benchmarks or protocols (EOP-POL-4)",
            Self::Insecure => "without TLS, and not within one host or site (EOP-POL-6)",
            Self::Denied => "the application said no (EOP-POL-5)",
        })
    }
}

impl core::error::Error for Refusal {}

/// Why no client may ever be sent to `target`, whatever the policy; `None` if one may (EOP-POL-1).
#[must_use]
pub const fn never(target: SocketAddrV4) -> Option<Refusal> {
    match target.ip().octets() {
        [0, ..] => Some(Refusal::ThisNetwork),
        [224..=239, ..] => Some(Refusal::Multicast),
        [240..=255, ..] => Some(Refusal::Reserved),
        _ if target.port() == 0 => Some(Refusal::PortZero),
        _ => None,
    }
}

/// What is followed without being asked twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Without TLS only within one site or within one host (EOP-POL-6).
    #[default]
    Secure,
    /// Also across the open network without TLS, as in the paper's own set-up (EOP-POL-6).
    Paper,
}

/// An exception: targets with this prefix and these ports are followed. It lifts everything but EOP-POL-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Allow {
    /// An address with that prefix; its other bits do not matter.
    pub prefix: Ipv4Addr,
    /// Bits of the prefix, 0 to 32; more count as 32.
    pub bits: u8,
    /// The lowest port.
    pub first_port: u16,
    /// The highest port.
    pub last_port: u16,
}

impl Allow {
    /// Whether `target` is among them.
    #[must_use]
    pub fn covers(&self, target: SocketAddrV4) -> bool {
        let host_bits = 32_u32.saturating_sub(u32::from(self.bits));
        let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
        let differs = (self.prefix.to_bits() ^ target.ip().to_bits()) & mask;
        differs == 0 && (self.first_port..=self.last_port).contains(&target.port())
    }
}

/// A rule and its exceptions. An application with other wishes judges a [`Proposal`] itself, and may ask
/// this first.
///
/// ```
/// use core::net::{Ipv4Addr, SocketAddrV4};
/// use eop_statemachine::policy::{Home, Policy, Proposal, Refusal};
///
/// let home = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 9000);
/// let proposal = |target| Proposal {
///     home: Home::v4(home), current: Some(home), target, hop: 1, secured: false,
/// };
/// let neighbour = SocketAddrV4::new(Ipv4Addr::new(10, 9, 9, 9), 9000);
/// assert_eq!(Policy::default().judge(&proposal(neighbour)), Ok(()));
/// let own_host = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9000);
/// assert_eq!(Policy::default().judge(&proposal(own_host)), Err(Refusal::Scope));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy<'a> {
    /// What is followed in general.
    pub rule: Rule,
    /// What is followed besides.
    pub allow: &'a [Allow],
}

impl Policy<'_> {
    /// Whether the target may be followed.
    ///
    /// An address of one of the client's own interfaces is not told apart here: a caller that knows them
    /// refuses those itself.
    ///
    /// # Errors
    /// [`Refusal`]: the first of the reasons that apply, in the order of the requirements.
    pub fn judge(&self, proposal: &Proposal) -> Result<(), Refusal> {
        let target = proposal.target;
        if let Some(refusal) = never(target) {
            return Err(refusal);
        }
        if self.allow.iter().any(|allow| allow.covers(target)) {
            return Ok(());
        }
        let scope = Scope::of(*target.ip());
        let current = proposal.current_scope();
        if scope < current && scope < proposal.home.scope {
            return Err(Refusal::Scope);
        }
        if target.port() < 1024 && target.port() != proposal.home.port {
            return Err(Refusal::LowPort);
        }
        if is_special(*target.ip()) {
            return Err(Refusal::Special);
        }
        match self.rule {
            Rule::Paper => Ok(()),
            Rule::Secure if proposal.secured => Ok(()),
            Rule::Secure => match (current, scope) {
                (Scope::Loopback, Scope::Loopback) | (Scope::Private, Scope::Private) => Ok(()),
                (
                    Scope::Loopback | Scope::LinkLocal | Scope::Private | Scope::Global,
                    Scope::Loopback | Scope::LinkLocal | Scope::Private | Scope::Global,
                ) => Err(Refusal::Insecure),
            },
        }
    }
}

/// Global by its number, but nobody's server: documentation, benchmarks, protocol assignments (EOP-POL-4).
const fn is_special(addr: Ipv4Addr) -> bool {
    addr.is_documentation() || matches!(addr.octets(), [192, 0, 0, _] | [198, 18..=19, _, _])
}
