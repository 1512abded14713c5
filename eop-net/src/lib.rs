//! Redirectable sockets: EOP over TCP, for callers that wait for what they ask for.
//!
//! A [`Client`] is a session. It begins at *home*, and when a server redirects it, it goes there, by default without
//! sending again what the old server left unanswered: that is the application's to decide.
//!
//! ```
//! use std::net::{SocketAddr, SocketAddrV4};
//! use std::thread;
//! use eop_net::{Client, Connection, Event, Listener, client, server};
//!
//! /// Answers every request with its own octets in upper case.
//! fn shout(mut connection: Connection) -> Result<(), eop_net::Error> {
//!     while let Some(request) = connection.receive()? {
//!         connection.respond(&request.to_ascii_uppercase())?;
//!     }
//!     Ok(())
//! }
//!
//! let loopback = "127.0.0.1:0".parse()?;
//! let busy = Listener::bind(loopback, server::Config::default())?;
//! let idle = Listener::bind(loopback, server::Config::default())?;
//! let (home, SocketAddr::V4(target)) = (busy.local_addr()?, idle.local_addr()?) else { unreachable!() };
//! # let servers = [
//! thread::spawn(move || {
//!     // The busy server moves its client without looking at what it asks, and sees it off.
//!     let lingering = busy.accept()?.redirect(target).map_err(eop_net::Error::from);
//!     lingering.map(|lingering| drop(lingering.linger())).map_err(std::io::Error::other)
//! # }), thread::spawn(move || {
//! # /*
//! });
//! thread::spawn(move || {
//! # */
//!     shout(idle.accept()?).map_err(std::io::Error::other)
//! })
//! # ];
//! # ;
//!
//! let mut client = Client::connect(home, client::Config::default())?;
//! client.send(b"hello")?;
//! let answer = loop {
//!     match client.receive() {
//!         Event::Message(message) => break message.payload,
//!         // EREDO: the busy server has not acted on the message, and the next one is to have it.
//!         Event::Redirected(redirected) if redirected.decide => client.resend(redirected.hop)?,
//!         Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
//!         Event::Ended(ended) => return Err(ended.into()),
//!     }
//! };
//! assert_eq!(answer, b"HELLO");
//! # client.close();
//! # for server in servers { server.join().expect("no panic")?; }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod inbox;
mod socket;
mod unacknowledged;

pub mod client;
pub mod server;

pub use client::{Client, Event};
pub use error::Error;
pub use server::{Connection, Listener};

pub use eop_statemachine::client::Kind;
pub use eop_statemachine::policy;
pub use eop_statemachine::session::{
    Bounds, Cause, ConfigError, Counts, End, Fallback, Misuse, Redirected, Resending,
    State as SessionState, Status,
};
pub use eop_statemachine::{Discipline, PeerError, Service, Why};
