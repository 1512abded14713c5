//! [`Targets`]: where a server that sheds its clients sends the next one. That a client may be sent there is the machine's
//! to say.

use std::fmt;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Chooses where clients go.
///
/// One target is a [`SocketAddrV4`], several are a [`RoundRobin`], and any function of the client's address will do:
///
/// ```
/// use std::net::{SocketAddr, SocketAddrV4};
/// use eop_net::server::Targets;
///
/// let [even, odd] = ["192.0.2.10:9000", "192.0.2.11:9000"].map(|target| target.parse::<SocketAddrV4>().unwrap());
/// let by_port = move |client: SocketAddr| Some(if client.port() % 2 == 0 { even } else { odd });
/// assert_eq!(by_port.choose("198.51.100.7:4001".parse()?), Some(odd));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub trait Targets: Send + Sync {
    /// The target for a client that is at `client`; `None` if there is none for it.
    ///
    /// The endpoint at which the client arrived is no target (EOP-EPI-10), and neither is one of EOP-RED-14.
    fn choose(&self, client: SocketAddr) -> Option<SocketAddrV4>;
}

impl Targets for SocketAddrV4 {
    fn choose(&self, _: SocketAddr) -> Option<SocketAddrV4> {
        Some(*self)
    }
}

impl<F: Fn(SocketAddr) -> Option<SocketAddrV4> + Send + Sync> Targets for F {
    fn choose(&self, client: SocketAddr) -> Option<SocketAddrV4> {
        self(client)
    }
}

/// A list of targets that take turns.
#[derive(Debug)]
pub struct RoundRobin {
    targets: Vec<SocketAddrV4>,
    next: AtomicUsize,
}

impl RoundRobin {
    /// Begins with the first of `targets`.
    pub fn new(targets: impl Into<Vec<SocketAddrV4>>) -> Self {
        Self {
            targets: targets.into(),
            next: AtomicUsize::new(0),
        }
    }
}

impl Targets for RoundRobin {
    fn choose(&self, _: SocketAddr) -> Option<SocketAddrV4> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.targets
            .get(turn.checked_rem(self.targets.len())?)
            .copied()
    }
}

impl fmt::Debug for dyn Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Targets")
    }
}
