//! Hosts on one machine with slow and lossy links between them, for experiments and tests that need a network with a delay,
//! a loss or a rate that they choose.
//!
//! Each host is a network namespace of Linux, so it has a TCP of its own; its only link is a TUN device, whose packets this
//! process carries. No module of the kernel is needed. It takes root, `ip` of iproute2 and `/dev/net/tun`.
//!
//! ```no_run
//! use std::net::{TcpListener, TcpStream};
//! use std::time::Duration;
//! use eop_link_emulator::{Access, Network, Path};
//!
//! let far = Path { delay: Duration::from_millis(25), loss: 0.05, ..Path::default() };
//! let network = Network::start(7, [Access::both(far), Access::default()])?;
//! let [client, server] = network.hosts();
//!
//! // A socket stays in the namespace in which it was made, whoever uses it; so does a process, and a thread.
//! let listener = server.within(|| TcpListener::bind((server.address(), 4000)))??;
//! let socket = client.within(|| TcpStream::connect((server.address(), 4000)))??; // takes 50 ms
//! # let _ = (listener, socket);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The middle of the star costs nothing: a packet from one host to another goes up the first one's [`Access`] and down the
//! second one's. Which packets a path loses follows from the seed and their order alone. Nothing outlives the process,
//! however it ends: the namespaces have no names.
//!
//! What a path does to a packet is decided in `path.rs`, without a socket or a clock; `host.rs` and `forwarding.rs` are all that
//! touches the system. No EOP may come in.

mod path;

#[cfg(target_os = "linux")]
mod forwarding;
#[cfg(target_os = "linux")]
mod host;

pub use path::{Access, Counts, Path};

#[cfg(target_os = "linux")]
pub use forwarding::Network;
#[cfg(target_os = "linux")]
pub use host::Host;
