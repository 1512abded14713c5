//! What can be seen of a session from outside. Nothing here changes it.

use core::net::SocketAddrV4;

use super::{Cause, Counts, End, Place, Reason, Session, State, Status, Want};
use crate::client::{self, Client};
use crate::policy::Proposal;

impl<const N: usize> Session<N> {
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

    /// When [`expire`](Self::expire) is to be called, if nothing happens before; `None` if no deadline can
    /// strike.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.clock.deadline().filter(|_| self.is_timed())
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
        if self.client.state() == client::State::Redirected {
            0
        } else {
            self.client.bound()
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
}
