//! The client's side: a [`ClientOver`] is one session, over any number of moves. What it answers to the server, to its
//! application and to time is the machine's; here are the calls that do not wait. Those that do are `blocking.rs`'s, and
//! those that make futures `tokio/client.rs`'s.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use eop_statemachine::Why;
use eop_statemachine::policy::{Home, Policy, Proposal, Refusal, Scope};
use eop_statemachine::session::{ConfigError, Misuse, On, Place, Resend, Session, Status};

use crate::transport::Transport;

mod blocking;
mod config;
mod counters;
mod dial;
mod event;
mod link;
mod network;
mod observer;
mod outbox;
mod step;

pub use blocking::{Blocking, Client, Waits};
pub use config::{Config, Order};
pub use counters::{ClientCounts, Counters};
pub use dial::{Dial, Direct, begin_to_connect};
pub use event::{Connected, Ended, Event, Message, Redirected};

use link::Link;
pub use network::Network;
use observer::Observer;
use outbox::Outbox;

/// A client's session, over the connections of a network: [`Client`]'s are sockets that are waited for, those of
/// `tokio::Client` are tokio's.
pub struct ClientOver<N: Network> {
    /// Large, because it keeps account of [`OUTSTANDING`](Self::OUTSTANDING) messages.
    session: Box<Session<OUTSTANDING>>,
    outbox: Outbox,
    link: Link<N>,
    /// What happened while the application did something else.
    pending: Option<Event>,
    /// Whether the end was told.
    over: Over,
    began: Instant,
    home: SocketAddr,
    network: N,
    judge: Box<Judge>,
    /// Who takes payloads as they come, if anybody does.
    take: Option<Box<Take>>,
    observer: Observer,
    config: Config,
}

/// The most messages that can be outstanding at a time.
const OUTSTANDING: usize = 1024;

/// Says whether the target of a redirect may be followed; see [`ClientOver::judge_with`].
pub type Judge = dyn FnMut(&Proposal) -> Result<(), Refusal> + Send;

/// Takes payloads piece by piece; see [`ClientOver::received_by`].
pub type Take = dyn FnMut(&[u8]) + Send;

/// How far the end of the session has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Not,
    /// The application may still retire.
    Settling,
    Told,
}

impl<N: Network> ClientOver<N> {
    /// The most messages that can be outstanding at a time.
    pub const OUTSTANDING: usize = OUTSTANDING;

    /// A session that begins at `home`, over connections of `network`. Nothing is asked of it yet.
    pub(crate) fn begin(home: SocketAddr, config: Config, network: N) -> Result<Self, ConfigError> {
        let endpoint = match home {
            SocketAddr::V4(home) => Home::v4(home),
            SocketAddr::V6(home) => Home::other(scope_v6(*home.ip()), home.port()),
        };
        let session = Box::new(Session::new(endpoint, config.machine(), 0)?);
        let (rule, allow) = (config.rule, config.allow.clone());
        Ok(Self {
            session,
            outbox: Outbox::default(),
            link: Link::None,
            pending: None,
            over: Over::Not,
            began: N::Socket::now(),
            home,
            network,
            take: None,
            observer: Observer::new(home, Counters::default()),
            judge: Box::new(move |proposal| {
                Policy {
                    rule,
                    allow: &allow,
                }
                .judge(proposal)
            }),
            config,
        })
    }

    /// Asks `judge` instead of the policy in the configuration. Whatever it says, a target of EOP-POL-1 is refused, and the
    /// bounds of the configuration hold.
    #[must_use]
    pub fn judge_with(
        mut self,
        judge: impl FnMut(&Proposal) -> Result<(), Refusal> + Send + 'static,
    ) -> Self {
        self.judge = Box::new(judge);
        self
    }

    /// For messages that need not be in memory as a whole: `take` is given their payloads piece by piece, as they come, without
    /// a copy. The [`Message`] follows when it is complete, and its own payload is empty. What was taken of a message that does
    /// not follow, because the connection was lost, is none.
    #[must_use]
    pub fn received_by(mut self, take: impl FnMut(&[u8]) + Send + 'static) -> Self {
        self.take = Some(Box::new(take));
        self
    }

    /// Counts this session by `counters` instead of the process's own.
    #[must_use]
    pub fn counted_by(mut self, counters: &Counters) -> Self {
        self.observer.count_by(counters);
        self
    }

    /// Gives back the payload of a message that is done with: its memory serves a later one. Who always does that has no
    /// allocation for each message.
    pub fn reuse(&mut self, payload: Vec<u8>) {
        if let Link::Up(connection) = &mut self.link {
            connection.inbox.reuse(payload);
        }
    }
}

/// Looking.
impl<N: Network> ClientOver<N> {
    /// Where the session began, and begins anew.
    #[must_use]
    pub const fn home(&self) -> SocketAddr {
        self.home
    }

    /// Where the connection is, is being made, or was last.
    #[must_use]
    pub fn endpoint(&self) -> SocketAddr {
        match self.session.place() {
            Place::Home => self.home,
            Place::Target(target) => SocketAddr::V4(target),
        }
    }

    /// The machine that keeps the session's account.
    #[must_use]
    pub fn session(&self) -> &Session<OUTSTANDING> {
        &self.session
    }

    /// The outstanding messages, oldest first: the number of each, what would be known of it if the session ended now, and
    /// its payload. After the end, what became of those that were not answered (EOP-RSD-8, EOP-FAI-2).
    pub fn outstanding(&self) -> impl Iterator<Item = (u64, Status, &[u8])> + '_ {
        self.session
            .messages()
            .filter_map(|(message, status)| Some((message, status, self.outbox.payload(message)?)))
    }
}

/// The application says.
impl<N: Network> ClientOver<N> {
    /// Hands over a message and returns its number. What the transport takes of it goes out at once, the rest during later
    /// calls; before the session is connected, the message waits. The payload is kept until it is answered or dropped.
    ///
    /// # Errors
    /// [`Misuse`] after a half-close, before a decision that is due (EOP-RSD-13), at the session's end, if
    /// [`OUTSTANDING`](Self::OUTSTANDING) messages are outstanding, or if no frame is that long (EOP-LIM-5).
    pub fn send(&mut self, payload: &[u8]) -> Result<u64, Misuse> {
        self.accept(payload, Resend::Allowed)
    }

    /// The same for a message that no other server may see unless the application says so (EOP-RSD-15).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_once(&mut self, payload: &[u8]) -> Result<u64, Misuse> {
        self.accept(payload, Resend::Never)
    }

    fn accept(&mut self, payload: &[u8], resend: Resend) -> Result<u64, Misuse> {
        let Ok(len) = u32::try_from(payload.len()) else {
            let (state, on) = (self.session.state(), On::Send);
            return Err(Misuse {
                state,
                on,
                why: Why::PayloadTooLong,
            });
        };
        let message = self.session.send(len, resend, self.now())?;
        self.outbox.keep(message, payload);
        self.observer.accepts(message, payload.len());
        self.push();
        Ok(message)
    }

    /// Sends the owed messages again, at this hop, which is the current one (EOP-RSD-11).
    ///
    /// # Errors
    /// [`Misuse`] if nothing is owed, or `hop` is not the current one (EOP-RSD-12).
    pub fn resend(&mut self, hop: u32) -> Result<(), Misuse> {
        self.session.resend(hop, self.now())?;
        self.push();
        Ok(())
    }

    /// Drops the owed messages, at this hop. They are never sent again (EOP-RSD-17).
    ///
    /// # Errors
    /// As [`resend`](Self::resend).
    pub fn drop_owed(&mut self, hop: u32) -> Result<(), Misuse> {
        self.session.drop_owed(hop, self.now())?;
        self.outbox
            .retain(self.session.messages().map(|(message, _)| message));
        self.push();
        Ok(())
    }

    /// The `count` oldest messages are answered (manual; EOP-ACC-11).
    ///
    /// # Errors
    /// [`Misuse`] in paired, or if fewer are outstanding and completely offered (EOP-ACC-12).
    pub fn retire(&mut self, count: u32) -> Result<(), Misuse> {
        self.session.retire(count, self.now())?;
        self.outbox.release_oldest(count);
        self.observer.retires(count);
        if self.session.end().is_none() {
            // It may have been over before.
            self.over = Over::Not;
            self.pending.take_if(|event| *event == Event::Settling);
        }
        self.push();
        Ok(())
    }

    /// No further message follows (EOP-HCL-2). Answers are still received.
    ///
    /// # Errors
    /// [`Misuse`] if it was said before, or the session is over.
    pub fn half_close(&mut self) -> Result<(), Misuse> {
        self.session.half_close(self.now())?;
        self.push();
        Ok(())
    }

    /// The application has retired what was delivered (manual), after [`Event::Settling`].
    ///
    /// # Errors
    /// [`Misuse`] if the session is not over.
    pub fn settle(&mut self) -> Result<(), Misuse> {
        self.session.settle()
    }

    /// Ends the session, whatever is outstanding. [`Event::Ended`] is what remains to be received.
    pub fn close(&mut self) {
        self.session.close(self.now());
        self.let_go();
    }

    /// The same, with a reset of the connection: the server cannot take it for the end of what it was sent, and what is on
    /// its way may be lost.
    pub fn reset(&mut self) {
        if let Link::Up(connection) = &mut self.link {
            connection.socket.reset_on_close();
        }
        self.close();
    }
}

/// Before waiting.
impl<N: Network> ClientOver<N> {
    /// The end, if it was told before. After [`Event::Settling`] this settles the session.
    pub(crate) fn end_again(&mut self) -> Option<Event> {
        match self.over {
            Over::Told => return Some(Event::Ended(self.ended())),
            // Refused only if the session is not over, and then there is nothing to settle.
            Over::Settling if self.pending.is_none() => drop(self.session.settle()),
            Over::Not | Over::Settling => {}
        }
        None
    }
}

impl<N: Network> std::fmt::Debug for ClientOver<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("home", &self.home)
            .field("state", &self.session.state())
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}

/// Why a session could not begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The configuration contradicts itself or knows no bound.
    Config(ConfigError),
    /// Home's name leads nowhere.
    Resolve(io::Error),
    /// It ended before it was connected.
    Ended(Ended),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Resolve(error) => write!(f, "home leads nowhere: {error}"),
            Self::Ended(ended) => ended.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// How far an IPv6 home reaches, in the terms of EOP-POL-2.
const fn scope_v6(ip: std::net::Ipv6Addr) -> Scope {
    match ip.to_ipv4_mapped() {
        Some(ip) => Scope::of(ip),
        None if ip.is_loopback() => Scope::Loopback,
        None if ip.is_unicast_link_local() => Scope::LinkLocal,
        None if ip.is_unique_local() => Scope::Private,
        None => Scope::Global,
    }
}
