//! EOP's state machines: what a client and a server do with frames, without doing any I/O.
//!
//! A server on a blocking socket: it answers, or moves the client, and then reads until the client has gone. A read timeout
//! bounds that (EOP-CLS-3).
//!
//! ```
//! use std::{error::Error, io::{Read, Write}, net::{SocketAddrV4, TcpStream}};
//! use eop_statemachine::{Server, Service, server::Event};
//!
//! fn serve(mut socket: TcpStream, elsewhere: Option<SocketAddrV4>) -> Result<(), Box<dyn Error>> {
//!     let (mut server, mut request, mut buffer) = (Server::new(&Service::default()), Vec::new(), [0; 4096]);
//!     loop {
//!         let count = socket.read(&mut buffer)?;
//!         if count == 0 {
//!             return Ok(server.end_of_stream()?); // and the socket is closed
//!         }
//!         let mut input = &buffer[..count];
//!         while let Some(event) = server.receive(&mut input)? {
//!             match (event, elsewhere) {
//!                 (Event::Head { .. }, _) => request.clear(),
//!                 (Event::Chunk(octets), _) => request.extend_from_slice(octets),
//!                 (Event::Request, None) => socket.write_all(&server.respond(&request)?.chunks().concat())?,
//!                 (Event::Request, Some(to)) => socket.write_all(&server.redirect(to)?.chunks().concat())?,
//!             }
//!         }
//!     }
//! }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # for (to, expected) in [(None, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]), (Some("127.0.0.1:9".parse()?), [0, 2, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0])] {
//! #     let mut client = TcpStream::connect(listener.local_addr()?)?;
//! #     client.write_all(b"\0\x01\0\0\0\0\0\0\0\0\0\x02hi")?;
//! #     client.shutdown(std::net::Shutdown::Write)?;
//! #     serve(listener.accept()?.0, to)?;
//! #     let mut header = [0; 12];
//! #     client.read_exact(&mut header)?;
//! #     assert_eq!(header, expected);
//! # }
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! | Machine | is | knows |
//! |---|---|---|
//! | [`Server`] | one accepted connection | what may be answered, when it may be redirected |
//! | [`Client`] | the client's side of one connection | how many messages are offered, answered, bound |
//! | [`Session`] | a client's session over any number of moves | where to connect next, what is owed, how far it goes |
//!
//! `no_std`, no heap, no `unsafe`, no clock and no sockets. Each machine is a table, printed into `spec/states/`:
//! [`client::TABLE`], [`server::TABLE`], [`session::TABLE`].
//!
//! Ask [`want`](Session::want) what to do, do it, say what came of it. Asking is harmless and nothing has to be
//! drained; what is wanted stays wanted until something happens. Payloads stay with the caller, who hears
//! message numbers. [`embedding`] shows it, with a client and a server that run, and what else an adapter has to do.
//!
//! # Four kinds of methods
//!
//! *Looking* changes nothing. What *the application says* can be [`Misuse`]: the machine is then exactly what it
//! was before. What *the network says* can be the peer's fault, a [`PeerError`]: the machine has failed for
//! good, and says so again. Races that are legal are dropped in silence. Each cell of the tables says which.
//!
//! Requirement ids such as EOP-RSD-7 name sentences of `spec/eop.md`.

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod client;
#[doc = include_str!("../EMBEDDING.md")]
pub mod embedding {}
mod fault;
pub mod policy;
pub mod server;
mod service;
pub mod session;
pub mod table;

pub use client::Client;
pub use fault::{Misuse, PeerError, Why};
pub use server::Server;
pub use service::{Discipline, Service};
pub use session::Session;
