//! The client's session: connections that follow one another, the messages that outlive them, where to
//! connect next, and how far all of that may go. One connection's frames are `client.rs`'s; sockets, clocks
//! and payloads are the caller's, and may never come in. Time is an argument, `now`: milliseconds since any
//! moment the caller likes, never running backwards.

use core::net::SocketAddrV4;

use crate::client::{self, Client, Kind};
use crate::fault::{self, Why};
use crate::policy::{self, Home, Proposal};
use crate::service::{Discipline, Service};
use crate::table::{Cell, Table, look_up, vocabulary};

mod application;
mod end;
mod episode;
mod moves;
mod network;
mod outbox;

pub use end::{Cause, ConnectError, End, Loss};
pub use episode::{MAX_MOVES, MAX_REDIRECTS};
pub use outbox::Resend;

use episode::{Clock, Episode, Pace};
use outbox::Outbox;

vocabulary! {
    /// Where a session stands.
    pub enum State {
        /// Home is being connected to, for the first time.
        Dialing = 0,
        /// Connected: the connection's own machine has the rest.
        Open = 1,
        /// A redirect is complete; whether its target is followed is being judged.
        Judging = 2,
        /// The next endpoint is being connected to: a target, or home as the fallback.
        Moving = 3,
        /// Half-closed, and the application says first whether anything is left to resend (manual).
        Holding = 4,
        /// Over; the application may still retire what was delivered (manual).
        Settling = 5,
        /// Over.
        Ended = 6,
    }
}

vocabulary! {
    /// What happens to a session.
    pub enum On {
        /// The application hands over a message.
        Send = 0,
        /// The application resends what is owed.
        Resend = 1,
        /// The application drops what is owed.
        Drop = 2,
        /// The same, half-closed, and nothing is left.
        DropClears = 3,
        /// The application says that its oldest messages are answered (manual).
        Retire = 4,
        /// The same, and nothing is left that a further connection, or waiting, would be for.
        RetireClears = 5,
        /// The same, and what ended the session does not hold any more: an answer had ended the episode.
        RetireReopens = 6,
        /// The application says that no further message follows.
        HalfClose = 7,
        /// The same, and nothing is left that a further connection would be for.
        HalfCloseClears = 8,
        /// The application had its chance to retire.
        Settle = 9,
        /// The application closes.
        Close = 10,
        /// The connection was made.
        Connected = 11,
        /// The connection could not be made.
        ConnectFailed = 12,
        /// The same, and the session falls back to home.
        ConnectFailedFallBack = 13,
        /// The same, and the application may still retire (manual).
        ConnectFailedProvisional = 14,
        /// Octets of a message are about to be handed to the transport.
        Offer = 15,
        /// Octets that were offered provably did not leave.
        TakeBack = 16,
        /// The transport takes no octets any more.
        WriteFailed = 17,
        /// The half-close is about to be handed to the transport.
        HalfClosed = 18,
        /// Octets arrive.
        Octets = 19,
        /// A redirect is complete.
        Redirect = 20,
        /// The same, half-closed, and nothing is left to resend.
        RedirectClears = 21,
        /// The connection is over without a redirect.
        Over = 22,
        /// The same, and the session falls back to home.
        OverFallBack = 23,
        /// The same, and the application may still retire (manual).
        OverProvisional = 24,
        /// The target is followed.
        Follow = 25,
        /// The target is followed once the application said that there is something to resend (manual).
        FollowHeld = 26,
        /// The target is not followed.
        Reject = 27,
        /// The same, and the application may still retire (manual).
        RejectProvisional = 28,
        /// A deadline passed.
        Expire = 29,
        /// The same, and the application may still retire (manual).
        ExpireProvisional = 30,
    }
}

/// Every transition of the machine: rows are events, columns states.
#[rustfmt::skip]
pub const TABLE: Table<State, On, 7, 31> = {
    use Cell::{Go, Refuse, Skip};
    const D: Cell<State> = Go(State::Dialing);
    const O: Cell<State> = Go(State::Open);
    const J: Cell<State> = Go(State::Judging);
    const M: Cell<State> = Go(State::Moving);
    const H: Cell<State> = Go(State::Holding);
    const S: Cell<State> = Go(State::Settling);
    const E: Cell<State> = Go(State::Ended);
    [
    //                               Dialing Open    Judging Moving  Holding Settl.  Ended
    (On::Send,                     [D,      O,      J,      M,      Refuse, Refuse, Refuse]),
    (On::Resend,                   [Refuse, O,      Refuse, M,      M,      Refuse, Refuse]),
    (On::Drop,                     [Refuse, O,      Refuse, M,      Refuse, Refuse, Refuse]),
    (On::DropClears,               [Refuse, Refuse, Refuse, E,      E,      Refuse, Refuse]),
    (On::Retire,                   [Refuse, O,      J,      M,      H,      S,      Refuse]),
    (On::RetireClears,             [Refuse, Refuse, E,      E,      E,      E,      Refuse]),
    (On::RetireReopens,            [Refuse, Refuse, Refuse, Refuse, Refuse, J,      Refuse]),
    (On::HalfClose,                [D,      O,      J,      M,      Refuse, Refuse, Refuse]),
    (On::HalfCloseClears,          [Refuse, Refuse, E,      E,      Refuse, Refuse, Refuse]),
    (On::Settle,                   [Refuse, Refuse, Refuse, Refuse, Refuse, E,      Skip  ]),
    (On::Close,                    [E,      E,      E,      E,      E,      E,      Skip  ]),
    (On::Connected,                [O,      Refuse, Refuse, O,      Refuse, Skip,   Skip  ]),
    (On::ConnectFailed,            [E,      Refuse, Refuse, E,      Refuse, Skip,   Skip  ]),
    (On::ConnectFailedFallBack,    [Refuse, Refuse, Refuse, M,      Refuse, Skip,   Skip  ]),
    (On::ConnectFailedProvisional, [Refuse, Refuse, Refuse, S,      Refuse, Skip,   Skip  ]),
    (On::Offer,                    [Refuse, O,      Refuse, Refuse, Refuse, Refuse, Refuse]),
    (On::TakeBack,                 [Refuse, O,      Skip,   Skip,   Skip,   Refuse, Refuse]),
    (On::WriteFailed,              [Refuse, O,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::HalfClosed,               [Refuse, O,      Refuse, Refuse, Refuse, Refuse, Refuse]),
    (On::Octets,                   [Skip,   O,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::Redirect,                 [Skip,   J,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::RedirectClears,           [Skip,   E,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::Over,                     [Skip,   E,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::OverFallBack,             [Skip,   M,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::OverProvisional,          [Skip,   S,      Skip,   Skip,   Skip,   Skip,   Skip  ]),
    (On::Follow,                   [Refuse, Refuse, M,      Refuse, Refuse, Refuse, Skip  ]),
    (On::FollowHeld,               [Refuse, Refuse, H,      Refuse, Refuse, Refuse, Skip  ]),
    (On::Reject,                   [Refuse, Refuse, E,      Refuse, Refuse, Refuse, Skip  ]),
    (On::RejectProvisional,        [Refuse, Refuse, S,      Refuse, Refuse, Refuse, Skip  ]),
    (On::Expire,                   [E,      E,      E,      E,      Skip,   Skip,   Skip  ]),
    (On::ExpireProvisional,        [Skip,   S,      S,      S,      Skip,   Skip,   Skip  ]),
    ]
};

/// A call that the machine refused.
pub type Misuse = fault::Misuse<State, On>;

/// Who decides that owed messages are resent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Resending {
    /// The application, at every hop (EOP-RSD-11).
    #[default]
    Explicit,
    /// The session, as far as these octets of outstanding payload reach (EOP-RSD-14, EOP-RSD-15). Paired only.
    Automatic {
        /// The replay budget.
        budget: u64,
    },
}

/// Whether the session may go home when a target failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// It ends.
    #[default]
    None,
    /// Once an episode, if the target was offered no octet of an unanswered message (EOP-FAI-4, EOP-FAI-5).
    Home,
}

/// How far a session may be moved (section 7 of the specification). Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Redirects in an episode, at most [`MAX_REDIRECTS`]; 0 follows none (EOP-EPI-1, EOP-EPI-8).
    pub redirects: u32,
    /// How long an idle connected session needs for its episode to end.
    pub quiet: u64,
    /// How long the connecting, the greetings and the redirects of an episode may take together (EOP-EPI-5).
    pub deadline: u64,
    /// How long connecting home and its greetings may take (EOP-EPI-9).
    pub home_deadline: u64,
    /// Moves within the window, at most [`MAX_MOVES`] (EOP-EPI-7).
    pub moves: u32,
    /// The window of `moves`.
    pub moves_window: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            redirects: 5,
            quiet: 10_000,
            deadline: 30_000,
            home_deadline: 30_000,
            moves: 30,
            moves_window: 60_000,
        }
    }
}

/// How a session behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// The terms of the service.
    pub service: Service,
    /// Who decides that owed messages are resent.
    pub resending: Resending,
    /// What follows when a target failed.
    pub fallback: Fallback,
    /// How far the session may be moved.
    pub bounds: Bounds,
    /// Whether all its connections are authenticated and encrypted (EOP-SEC-2). The policy sees it.
    pub secured: bool,
}

/// Why a session cannot be configured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigError {
    /// In manual nothing is resent automatically (EOP-ACC-14).
    AutomaticManual,
    /// More than [`MAX_REDIRECTS`] in an episode.
    Redirects(u32),
    /// No move, or more than [`MAX_MOVES`], within the window.
    Moves(u32),
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::AutomaticManual => f.write_str("automatic resending needs the paired discipline"),
            Self::Redirects(redirects) => {
                write!(
                    f,
                    "{redirects} redirects an episode, where {MAX_REDIRECTS} is the most (EOP-EPI-1)"
                )
            }
            Self::Moves(moves) => {
                write!(
                    f,
                    "{moves} moves in the window, where 1 to {MAX_MOVES} are possible (EOP-EPI-7)"
                )
            }
        }
    }
}

impl core::error::Error for ConfigError {}

/// Where a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// To home, however the application named it.
    Home,
    /// To the target of a redirect.
    Target(SocketAddrV4),
}

/// What the machine wants of its caller. Asking changes nothing, and the answer stays the same until
/// something happens. Wherever there is a connection, read from it, whatever else is wanted (EOP-RED-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Want {
    /// Connect, then say [`connected`](Session::connected) or [`connect_failed`](Session::connect_failed). The
    /// connection before, if there was one, is over: close it, by default before this one is made (EOP-CLS-9).
    Connect(Place),
    /// Judge the target of a redirect and say [`judged`](Session::judged).
    Judge(Proposal),
    /// [`offer`](Session::offer), then write, octets of this message; read meanwhile.
    Write {
        /// The message's number, as [`send`](Session::send) returned it.
        message: u64,
        /// Octets of its frame, header included, that were offered before.
        from: u64,
    },
    /// Say [`half_closed`](Session::half_closed), then half-close; read meanwhile.
    HalfClose,
    /// Read.
    Read,
    /// The application decides: [`resend`](Session::resend) or [`drop_owed`](Session::drop_owed), for this hop.
    /// Read meanwhile, if [connected](Session::is_connected).
    Decide {
        /// The hop that a decision has to name.
        hop: u32,
    },
    /// The connection is over: close it. The application retires what was answered by what it received, then
    /// [`settle`](Session::settle) (manual).
    Settle,
    /// Close the connection if there is one; [`end`](Session::end) says how the session ended.
    Done,
}

/// What the octets from the server amounted to. It borrows from the input alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A message begins.
    Head {
        /// What it is.
        kind: Kind,
        /// Octets of payload.
        len: u32,
    },
    /// Payload of the message that began last; never empty.
    Chunk(&'a [u8]),
    /// The message is complete.
    Message(Message),
    /// A redirect is complete, and with it the message that was its payload, if it had one: deliver that first.
    /// Then ask [`want`](Session::want).
    Redirect(Option<Message>),
}

/// A message from the server, complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The number of the client's message that it answers (paired).
    pub answers: Option<u64>,
}

/// A redirect that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The target.
    pub target: SocketAddrV4,
    /// Messages that are owed. In manual it is provisional: `retire` lowers it.
    pub owed: u32,
    /// Whether the redirect had a payload.
    pub late: bool,
    /// The number of this hop, which a decision has to name.
    pub hop: u32,
    /// Whether the application has to decide before everything owed is resent.
    pub decide: bool,
}

/// What became of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Judged {
    /// The target is followed.
    Followed(Redirected),
    /// It is not: see [`Session::want`].
    NotFollowed,
}

/// What is known of a message that was neither answered nor dropped (EOP-RSD-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// No server acted on it: a redirect says so.
    Owed,
    /// No octet of it was offered to any server that could act on it.
    Unsent,
    /// An octet of it was offered, and nothing says what became of it.
    Uncertain,
}

/// How many messages are what (EOP-FAI-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// [`Status::Owed`].
    pub owed: u32,
    /// [`Status::Unsent`].
    pub unsent: u32,
    /// [`Status::Uncertain`].
    pub uncertain: u32,
}

/// Why a session is over. What that is called may depend on what the application still retires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reason {
    /// The server ended its stream between two frames.
    Fin,
    /// The connection failed, or could not be made.
    Failed(Cause),
    /// Anything else, which nothing can change.
    Known(End),
}

/// The redirect that is being judged, followed, or was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Redirect {
    to: SocketAddrV4,
    late: bool,
}

/// A client's session over any number of moves, with at most `N` messages outstanding at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session<const N: usize = 64> {
    config: Config,
    home: Home,
    state: State,
    /// The connection, or the one that was last.
    client: Client,
    outbox: Outbox<N>,
    half_close_asked: bool,
    /// Where the connection is, or is being made.
    place: Place,
    /// Moves so far.
    hop: u32,
    /// Whether a message was answered on the connection.
    answered: bool,
    /// Of the messages that are owed or uncertain, those that may yet be retired (manual): the oldest.
    provisional: u32,
    /// The hop of the connection on which they were offered.
    provisional_hop: u32,
    episode: Episode,
    pace: Pace,
    /// Home's deadline until the first redirect, then the episode's.
    clock: Clock,
    /// Since when the session has been connected with nothing to do.
    quiet_since: Option<u64>,
    redirect: Option<Redirect>,
    reason: Option<Reason>,
}

/// Looking.
impl<const N: usize> Session<N> {
    /// A session that begins at `home`.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration contradicts itself or knows no bound.
    pub fn new(home: Home, config: Config, now: u64) -> Result<Self, ConfigError> {
        match (config.service.discipline, config.resending) {
            (Discipline::Manual, Resending::Automatic { .. }) => {
                return Err(ConfigError::AutomaticManual);
            }
            (Discipline::Paired | Discipline::Manual, _) => {}
        }
        if config.bounds.redirects > MAX_REDIRECTS {
            return Err(ConfigError::Redirects(config.bounds.redirects));
        }
        if !(1..=MAX_MOVES).contains(&config.bounds.moves) {
            return Err(ConfigError::Moves(config.bounds.moves));
        }
        let mut session = Self {
            config,
            home,
            state: State::Dialing,
            client: Client::new(&config.service),
            outbox: Outbox::new(),
            half_close_asked: false,
            place: Place::Home,
            hop: 0,
            answered: false,
            provisional: 0,
            provisional_hop: 0,
            episode: Episode::NONE,
            pace: Pace::NONE,
            clock: Clock::new(config.bounds.home_deadline),
            quiet_since: None,
            redirect: None,
            reason: None,
        };
        session.settle_clocks(now);
        Ok(session)
    }

    /// Where the session stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What to do next.
    pub fn want(&self) -> Want {
        match self.state {
            State::Dialing | State::Moving => Want::Connect(self.place),
            State::Judging => self.proposal().map_or(Want::Done, Want::Judge),
            State::Holding => Want::Decide { hop: self.hop },
            State::Settling => Want::Settle,
            State::Ended => Want::Done,
            State::Open => match self.client.want() {
                client::Want::Write => {
                    let (message, _) = self
                        .outbox
                        .at(self.client.completely_offered())
                        .unwrap_or_default();
                    Want::Write {
                        message,
                        from: self.client.partly_offered(),
                    }
                }
                client::Want::HalfClose => Want::HalfClose,
                client::Want::Read | client::Want::Close if self.outbox.undecided() => {
                    Want::Decide { hop: self.hop }
                }
                client::Want::Read | client::Want::Close => Want::Read,
            },
        }
    }

    /// When [`expire`](Self::expire) is to be called, if nothing happens before; `None` if no deadline runs.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.clock.deadline()
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state == State::Open
    }

    /// Where the connection is, or is being made.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The same as an endpoint; `None` for a home that is not IPv4.
    #[must_use]
    pub const fn endpoint(&self) -> Option<SocketAddrV4> {
        match self.place {
            Place::Home => self.home.endpoint(),
            Place::Target(target) => Some(target),
        }
    }

    /// Moves so far.
    #[must_use]
    pub const fn hop(&self) -> u32 {
        self.hop
    }

    /// Whether owed messages wait for [`resend`](Self::resend) or [`drop_owed`](Self::drop_owed).
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        self.outbox.undecided()
    }

    /// The current connection, or the one that was last.
    #[must_use]
    pub const fn connection(&self) -> &Client {
        &self.client
    }

    /// Messages that are neither answered nor dropped.
    #[must_use]
    pub fn outstanding(&self) -> u32 {
        self.outbox.len()
    }

    /// The outstanding messages, oldest first: the number of each, and what would be known of it if the session
    /// ended now.
    pub fn messages(&self) -> impl Iterator<Item = (u64, Status)> + '_ {
        let uncertain = self.uncertain();
        let owed = self.outbox.owed();
        (0..self.outbox.len()).filter_map(move |index| {
            let (message, _) = self.outbox.at(index)?;
            let status = match index {
                _ if index < uncertain => Status::Uncertain,
                _ if index < owed => Status::Owed,
                _ => Status::Unsent,
            };
            Some((message, status))
        })
    }

    /// The same, counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let uncertain = self.uncertain();
        let known = self.outbox.owed().max(uncertain);
        Counts {
            owed: known.saturating_sub(uncertain),
            unsent: self.outbox.len().saturating_sub(known),
            uncertain,
        }
    }

    /// How the session ended; `None` as long as it has not. While it is [`Settling`](State::Settling), how it
    /// would end now.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.reason.map(|reason| self.end_by(reason))
    }

    /// What a reason amounts to, by where the connection is and what it did.
    fn end_by(&self, reason: Reason) -> End {
        match reason {
            Reason::Fin if self.outbox.is_empty() => End::Eof,
            Reason::Fin => self.failure(Cause::Uncertain),
            Reason::Failed(cause) => self.failure(cause),
            Reason::Known(end) => end,
        }
    }

    /// At a target, before its first answer, every failure is the redirect's (EOP-FAI-1).
    fn failure(&self, cause: Cause) -> End {
        match self.place {
            Place::Target(target) if !self.answered => End::RedirectFailed { target, cause },
            Place::Home | Place::Target(_) => End::Failed(cause),
        }
    }

    /// Messages, the oldest, that are bound to a connection which no redirect ended (EOP-RSD-7).
    fn uncertain(&self) -> u32 {
        match self.client.state() {
            client::State::Redirected => 0,
            client::State::Greeting
            | client::State::GreetingEnding
            | client::State::Open
            | client::State::Ending
            | client::State::HalfClosed
            | client::State::Unwritable
            | client::State::Finished
            | client::State::Lost
            | client::State::Failed
            | client::State::Closed => self.client.bound(),
        }
    }

    fn proposal(&self) -> Option<Proposal> {
        let redirect = self.redirect?;
        Some(Proposal {
            home: self.home,
            current: self.endpoint(),
            target: redirect.to,
            hop: self.hop.saturating_add(1),
            secured: self.config.secured,
        })
    }

    const fn refused(&self, on: On, why: Why) -> Misuse {
        Misuse {
            state: self.state,
            on,
            why,
        }
    }

    /// The state that `on` leads to; `None` for a race that is dropped.
    fn permit(&self, on: On) -> Result<Option<State>, Misuse> {
        match look_up(&TABLE, self.state, on) {
            Cell::Go(state) => Ok(Some(state)),
            Cell::Skip => Ok(None),
            Cell::Refuse | Cell::Blame => Err(self.refused(on, Why::State)),
        }
    }

    /// Whether the half-closed session has nothing left to resend (EOP-HCL-3).
    fn is_cleared(&self) -> bool {
        self.half_close_asked && self.outbox.is_empty()
    }
}

/// What every event ends with: the connection gets what it may have, and the clocks run or stand still.
impl<const N: usize> Session<N> {
    /// Hands released messages, and then the half-close, to the connection's machine.
    fn feed_connection(&mut self) {
        if self.state != State::Open {
            return;
        }
        while self.client.outstanding() < self.outbox.released() {
            if self.client.accept().is_err() {
                return;
            }
        }
        if self.half_close_asked && self.client.outstanding() == self.outbox.len() {
            // Refused if it was said before, which is as good.
            let _ = self.client.half_close();
        }
    }

    /// Lets clocks run or stand still, as the state now demands (EOP-EPI-6).
    fn settle_clocks(&mut self, now: u64) {
        let greeted = self.client.greetings() == 0;
        let running = match self.state {
            State::Dialing | State::Judging | State::Moving => true,
            State::Open => !greeted,
            State::Holding | State::Settling | State::Ended => false,
        };
        self.clock.set_running(running, now);
        let quiet = self.state == State::Open && greeted && self.outbox.is_empty();
        self.quiet_since = match (quiet, self.quiet_since) {
            (false, _) => None,
            (true, None) => Some(now),
            (true, since) => since,
        };
    }

    /// Ends the episode if the session has been quiet for long enough. To be asked before anything disturbs it.
    fn end_quiet_episode(&mut self, now: u64) {
        let quiet = self.quiet_since.map(|since| now.saturating_sub(since));
        if quiet.is_some_and(|quiet| quiet >= self.config.bounds.quiet) {
            self.end_episode();
        }
    }

    fn end_episode(&mut self) {
        self.episode = Episode::NONE;
    }

    /// A message of the current connection was answered, or retired.
    fn note_answer(&mut self) {
        self.answered = true;
        self.end_episode();
    }

    fn finish(&mut self, state: State, reason: Reason, now: u64) {
        self.state = state;
        self.reason = Some(reason);
        self.settle_clocks(now);
    }

    const fn replay_budget(&self) -> Option<u64> {
        match self.config.resending {
            Resending::Explicit => None,
            Resending::Automatic { budget } => Some(budget),
        }
    }
}
