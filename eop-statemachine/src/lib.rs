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
//! Ask [`want`](Session::want) what to do, do it, say what came of it. Asking is harmless and nothing has to be
//! drained; what is wanted stays wanted until something happens. Payloads stay with the caller, who hears
//! message numbers. [`embedding`] shows it, with a client and a server that run.
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
