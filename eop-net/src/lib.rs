//! Redirectable sockets: EOP over TCP, for callers that wait for what they ask for.
//!
//! A [`Client`] is a session. It begins at *home*, and when a server redirects it, it goes where the redirect leads. What
//! the old server left unanswered is then *owed*: whether the new one is to have it is, by default, the application's to
//! say.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::thread;
//! use eop_net::{Client, Connection, Error, Event, Listener, client, server};
//!
//! let loopback = "127.0.0.1:0".parse()?;
//! let busy = Listener::bind(loopback, server::Config::default())?;
//! let idle = Listener::bind(loopback, server::Config::default())?;
//! let home = busy.local_addr()?;
//! let SocketAddr::V4(target) = idle.local_addr()? else { unreachable!() };
//!
//! // The idle server answers, in upper case.
//! fn answer(mut connection: Connection) -> Result<(), Error> {
//!     while let Some(request) = connection.receive()? {
//!         connection.respond(&request.to_ascii_uppercase())?;
//!     }
//!     Ok(())
//! }
//! let answering = thread::spawn(move || answer(idle.accept()?).map_err(std::io::Error::other));
//!
//! // The busy server moves its client whatever it asks, and sees it off.
//! let moving = thread::spawn(move || {
//!     let lingering = busy.accept()?.redirect(target).map_err(std::io::Error::other)?;
//!     std::io::Result::Ok(lingering.linger())
//! });
//!
//! let mut client = Client::connect(home, client::Config::default())?;
//! client.send(b"hello")?;
//! let answer = loop {
//!     match client.receive() {
//!         Event::Message(message) => break message.payload,
//!         // EREDO: the busy server did not act on the message, so the idle one may.
//!         Event::Redirected(redirected) if redirected.decide => client.resend(redirected.hop)?,
//!         Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
//!         Event::Ended(ended) => return Err(ended.into()),
//!     }
//! };
//! assert_eq!(answer, b"HELLO");
//!
//! client.close();
//! assert_eq!(moving.join().expect("no panic")?, server::Departure::Ended);
//! answering.join().expect("no panic")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing of the protocol is decided here: `eop-statemachine` keeps the account, and this crate reads, writes, connects
//! and watches the clock for it. A few things follow from the sockets and are worth knowing:
//!
//! * A redirected client may still be sending. Closing on it resets the connection, and a reset can overtake the redirect.
//!   So a redirect leaves a [`Lingering`](server::Lingering), which waits for the client to go, within limits that begin
//!   when the client has acknowledged everything (EOP-CLS-1 to EOP-CLS-7). Drop it, and a
//!   [`LingerList`](server::LingerList) does that in the background: one thread for the whole process.
//! * [`Client::send`] never waits. What the transport does not take at once goes out while the client waits in
//!   [`receive`](Client::receive), which reads meanwhile, so that no two peers wait for each other for good (EOP-RED-12,
//!   EOP-CLS-12).
//! * A server that is to stop moves its clients with a [`Drain`](server::Drain), and one that only spreads them is a
//!   [`Redirector`](server::Redirector).
//! * A caller with an event loop waits itself: [`Client::waits_for`] says for what, and [`Client::step`] does the rest.
//! * Whoever gives payloads back ([`Client::reuse`], [`Connection::reuse`](server::ConnectionOver::reuse)) has no allocation
//!   for each message. What need not be in memory as a whole is taken as it comes: [`Client::received_by`],
//!   [`Connection::receive_by`].
//! * What happened is counted, for export: [`client::Counters`], [`server::Counters`],
//!   [`LingerList::counts`](server::LingerList::counts).
//!
//! ```
//! println!("{}{}", eop_net::client::Counters::default().counts(), eop_net::server::Counters::default().counts());
//! ```
//!
//! Three features: `tokio` has the same sockets for tokio, `tls` secures both, and `tracing` tells spans and events: moves and
//! ends at the levels `INFO` and `WARN`, connections at `DEBUG`, messages at `TRACE`, and never a payload.
//!
//! Linux and other Unix systems whose sockets can be told one by one not to wait and not to signal. On Linux the kernel
//! says what a client has acknowledged; elsewhere a lingering server reckons with 16 KiB a second at least (EOP-CLS-4).

mod bell;
mod counters;
mod error;
mod inbox;
mod lent;
mod socket;
mod stream;
mod transport;
mod unacknowledged;

pub mod client;
pub mod server;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use client::{Client, Event};
pub use error::Error;
pub use server::{Connection, Listener};

pub use eop_statemachine::client::Kind;
pub use eop_statemachine::policy;
pub use eop_statemachine::session::{
    Bounds, Cause, ConfigError, Counts, End, Fallback, Misuse, Resending, State as SessionState,
    Status,
};
pub use eop_statemachine::{Discipline, PeerError, Service, Why};
