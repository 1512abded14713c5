//! EOP's state machines: what a client and a server do with frames, without doing any I/O.
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
//! # Driving a session
//!
//! Ask [`want`](Session::want) what to do, do it, say what came of it. Asking is harmless and nothing has to be
//! drained; what is wanted stays wanted until something happens. Payloads stay with the caller, who hears
//! message numbers. This is the whole of a blocking adapter:
//!
//! ```
//! use std::collections::VecDeque;
//! use std::io::{self, Read, Write};
//! use eop_statemachine::policy::Policy;
//! use eop_statemachine::session::{ConnectError, Event, Judged, Loss, Place, Want};
//! use eop_statemachine::Session;
//! use eop_wire::Frame;
//!
//! /// Runs the session until it has an answer, or ends.
//! fn answer<L: Read + Write>(
//!     session: &mut Session,
//!     sent: &VecDeque<(u64, Vec<u8>)>,
//!     mut dial: impl FnMut(Place) -> io::Result<L>,
//! ) -> io::Result<Option<Vec<u8>>> {
//!     let (mut link, mut inbox, now) = (None, Vec::new(), 0); // `now` from the adapter's clock
//!     loop {
//!         match session.want() {
//!             Want::Connect(place) => {
//!                 drop(link.take()); // close the old connection, then connect
//!                 link = dial(place).ok();
//!                 let known = match &link {
//!                     Some(_) => session.connected(now),
//!                     None => session.connect_failed(ConnectError::Failed, now),
//!                 };
//!                 known.map_err(io::Error::other)?;
//!             }
//!             Want::Judge(proposal) => {
//!                 let verdict = Policy::default().judge(&proposal);
//!                 let judged = session.judged(verdict, now).map_err(io::Error::other)?;
//!                 if let Judged::Followed(redirected) = judged {
//!                     println!("moving to {}, {} owed", redirected.target, redirected.owed);
//!                 }
//!             }
//!             // EREDO. This application always resends.
//!             Want::Decide { hop } => session.resend(hop, now).map_err(io::Error::other)?,
//!             Want::Write { message, .. } => {
//!                 // An adapter that must not block reads meanwhile, and writes as much as the transport takes.
//!                 let (_, payload) = sent.iter().find(|(id, _)| *id == message).expect("kept until answered");
//!                 let frame = Frame::normal(payload).map_err(io::Error::other)?.encode();
//!                 session.offer(frame.remaining()).map_err(io::Error::other)?;
//!                 if link.as_mut().map(|link| link.write_all(&frame.chunks().concat())).transpose().is_err() {
//!                     session.write_failed().map_err(io::Error::other)?;
//!                 }
//!             }
//!             Want::HalfClose => session.half_closed().map_err(io::Error::other)?, // and shut down writing
//!             Want::Read => {
//!                 let mut buffer = [0; 1024];
//!                 let read = link.as_mut().map(|link| link.read(&mut buffer)).transpose();
//!                 let Ok(Some(count)) = read else {
//!                     session.lost(Loss::Reset, now);
//!                     continue;
//!                 };
//!                 if count == 0 {
//!                     let _ = session.end_of_stream(now); // `end` says what that means
//!                 }
//!                 let mut input = &buffer[..count];
//!                 let mut answer = None;
//!                 // A fault of the peer ends the loop, too: `want` says what follows.
//!                 while let Ok(Some(event)) = session.receive(&mut input, now) {
//!                     match event {
//!                         Event::Head { .. } => inbox.clear(),
//!                         Event::Chunk(chunk) => inbox.extend_from_slice(chunk),
//!                         Event::Message(_) | Event::Redirect(Some(_)) => answer = Some(inbox.clone()),
//!                         Event::Redirect(None) => {}
//!                     }
//!                 }
//!                 if answer.is_some() {
//!                     return Ok(answer);
//!                 }
//!             }
//!             Want::Settle => session.settle().map_err(io::Error::other)?,
//!             Want::Done => return Ok(None), // `session.end()`, `session.messages()`
//!         }
//!     }
//! }
//!
//! # use std::net::SocketAddrV4;
//! # use eop_statemachine::{Server, server, session::{Config, Resend}, policy::Home, Service};
//! // Two servers: home moves everybody, the target answers.
//! struct Link { server: Server, moves: Option<SocketAddrV4>, out: Vec<u8> }
//! impl Write for Link {
//!     fn write(&mut self, mut octets: &[u8]) -> io::Result<usize> {
//!         let count = octets.len();
//!         while let Some(event) = self.server.receive(&mut octets).map_err(io::Error::other)? {
//!             if event == server::Event::Request {
//!                 let frame = match self.moves {
//!                     Some(target) => self.server.redirect(target),
//!                     None => self.server.respond(b"answer"),
//!                 };
//!                 self.out.extend(frame.map_err(io::Error::other)?.chunks().concat());
//!             }
//!         }
//!         Ok(count)
//!     }
//!     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! }
//! impl Read for Link {
//!     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
//!         let count = buffer.len().min(self.out.len());
//!         buffer[..count].copy_from_slice(&self.out[..count]);
//!         self.out.drain(..count);
//!         Ok(count)
//!     }
//! }
//!
//! let home = "127.0.0.1:4000".parse()?;
//! let target = "127.0.0.1:4001".parse()?;
//! let mut session: Session = Session::new(Home::v4(home), Config::default(), 0)?;
//! let question = b"question".to_vec();
//! let number = session.send(u32::try_from(question.len())?, Resend::Allowed, 0)?;
//! let answer = answer(&mut session, &VecDeque::from([(number, question)]), |place| {
//!     let moves = (place == Place::Home).then_some(target);
//!     Ok(Link { server: Server::new(&Service::default()), moves, out: Vec::new() })
//! })?;
//! assert_eq!(answer.as_deref(), Some(&b"answer"[..]));
//! assert_eq!((session.hop(), session.place()), (1, Place::Target(target)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Five things the example leaves out, that an adapter must not: read while a write is blocked (EOP-RED-12);
//! process everything readable before the first octet of a message on an idle connection (EOP-CLS-11); after a
//! write error, read on to the end of the stream (EOP-CLS-10); call [`expire`](Session::expire) at
//! [`deadline`](Session::deadline); limit stalls and incomplete headers, and say [`lost`](Session::lost) for
//! them (EOP-CLS-12, EOP-TIM-1).
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
