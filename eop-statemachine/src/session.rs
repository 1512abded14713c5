//! The client's session: connections that follow one another, the messages that outlive them, where to
//! connect next, and how far all of that may go. One connection's frames are `client.rs`'s; sockets, clocks
//! and payloads are the caller's, and may never come in. Time is an argument, `now`: milliseconds since any
//! moment the caller likes, never running backwards.

use core::net::SocketAddrV4;

use crate::client::Client;
use crate::fault::{self, Why};
use crate::policy::Home;
use crate::service::Discipline;
use crate::table::{Cell, Table, look_up, vocabulary};

mod application;
mod config;
mod end;
mod episode;
mod looking;
mod moves;
mod network;
mod outbox;
mod speech;

pub use config::{Bounds, Config, ConfigError, Fallback, Resending};
pub use end::{Cause, ConnectError, End, Loss};
pub use episode::{MAX_MOVES, MAX_REDIRECTS};
pub use outbox::Resend;
pub use speech::{Counts, Event, Judged, Message, Place, Redirected, Status, Want};

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
    (On::Retire,                   [D,      O,      J,      M,      H,      S,      Refuse]),
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
    /// When that connection was over.
    provisional_since: u64,
    episode: Episode,
    pace: Pace,
    /// Home's deadline until the first redirect, then the episode's.
    clock: Clock,
    /// Since when the session has been connected with nothing to do.
    quiet_since: Option<u64>,
    redirect: Option<Redirect>,
    reason: Option<Reason>,
}

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
            provisional_since: 0,
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

    /// Whether the deadline can strike: connecting, or waiting for greetings (EOP-EPI-5, EOP-EPI-9). When it
    /// passes at any other time, the next redirect of the episode shows it.
    const fn is_timed(&self) -> bool {
        match self.state {
            State::Dialing | State::Judging | State::Moving => true,
            State::Open => self.client.greetings() > 0,
            State::Holding | State::Settling | State::Ended => false,
        }
    }

    /// Lets clocks run or stand still, as the state now demands.
    fn settle_clocks(&mut self, now: u64) {
        // A message on its way stops the deadline; the application's thinking does not (EOP-EPI-6).
        let thinking = match self.state {
            State::Holding => true,
            State::Open => self.episode.is_running() && self.client.outstanding() == 0,
            State::Dialing | State::Judging | State::Moving | State::Settling | State::Ended => {
                false
            }
        };
        self.clock.set_running(self.is_timed() || thinking, now);
        let greeted = self.client.greetings() == 0;
        let quiet = self.is_connected() && greeted && self.outbox.is_empty();
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
