//! The same sockets for tokio: a [`Client`] or a [`Connection`] makes futures where its blocking twin waits.
//!
//! ```
//! use eop_net::tokio::{Client, Connection, Listener};
//! use eop_net::{Error, Event, client, server};
//!
//! async fn answer(mut connection: Connection) -> Result<(), Error> {
//!     while let Some(request) = connection.receive().await? {
//!         connection.respond(&request.to_ascii_uppercase()).await?;
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let busy = Listener::bind("127.0.0.1:0".parse()?, server::Config::default())?;
//! let idle = Listener::bind("127.0.0.1:0".parse()?, server::Config::default())?;
//! let home = busy.local_addr()?;
//! let std::net::SocketAddr::V4(target) = idle.local_addr()? else { unreachable!() };
//! tokio::spawn(async move { answer(idle.accept().await.unwrap()).await });
//! // Nobody waits for the client to go: the linger list sees it off.
//! tokio::spawn(async move { busy.accept().await.unwrap().redirect(target).map(drop) });
//!
//! let mut client = Client::connect(home, client::Config::default()).await?;
//! client.send(b"hello")?;
//! let answer = loop {
//!     match client.receive().await {
//!         Event::Message(message) => break message.payload,
//!         Event::Redirected(redirected) if redirected.decide => client.resend(redirected.hop)?,
//!         Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
//!         Event::Ended(ended) => return Err(ended.into()),
//!     }
//! };
//! assert_eq!(answer, b"HELLO");
//! # Ok(())
//! # }
//! ```
//!
//! Every future here can be dropped at any time, in a `select!` or under a timeout: nothing is lost, nothing is done twice.
//! What was read stays with the socket, what was handed over goes out during later calls. A message counts as handed over
//! when [`respond`](Connection::respond) or [`send`](Client::send) was *called*, whether or not what it returned is
//! awaited.
//!
//! Everything here is called within a runtime of tokio whose time and I/O are enabled. A [`Drain`](crate::server::Drain)
//! and a [`LingerList`](crate::server::LingerList) serve these sockets as well, and a
//! [`Redirector`](crate::server::Redirector) needs no runtime.

mod alarm;
mod client;
mod linger;
mod server;
mod stream;

pub use client::{Client, Dial, Dialing, Direct, Tokio};
pub use server::{Connection, Listener, Refused};
pub use stream::{Accepted, Async, Stream};
