//! What the network says to a session: connections, octets, the end of streams. Which redirects are followed
//! is in `moves.rs`.

use super::{
    Cause, Client, ConnectError, End, Event, Loss, Message, Misuse, On, Place, Reason, Redirect,
    Session, State,
};
use crate::client::{self, Kind};
use crate::fault::PeerError;
use crate::service::Discipline;

impl<const N: usize> Session<N> {
    /// The connection that [`want`](Self::want) asked for was made. It begins anew: no octet of an earlier one
    /// may reach [`receive`](Self::receive) any more (EOP-RED-9).
    ///
    /// # Errors
    /// [`Misuse`] if none was asked for.
    pub fn connected(&mut self, now: u64) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::Connected)? else {
            return Ok(());
        };
        self.client = Client::new(&self.config.service);
        self.state = state;
        self.feed_connection();
        self.settle_clocks(now);
        Ok(())
    }

    /// The connection that [`want`](Self::want) asked for could not be made.
    ///
    /// # Errors
    /// [`Misuse`] if none was asked for.
    pub fn connect_failed(&mut self, error: ConnectError, now: u64) -> Result<(), Misuse> {
        let cause = Cause::from(error);
        let on = if self.may_fall_back(cause, now) {
            On::ConnectFailedFallBack
        } else if self.provisional > 0 {
            On::ConnectFailedProvisional
        } else {
            On::ConnectFailed
        };
        let Some(state) = self.permit(on)? else {
            return Ok(());
        };
        if on == On::ConnectFailedFallBack {
            self.fall_back(state, now);
        } else {
            self.finish(state, Reason::Failed(cause), now);
        }
        Ok(())
    }

    /// `octets` of the message that [`Want::Write`](super::Want::Write) names are about to be handed to the
    /// transport. From its first octet on the message is bound to this connection, so this is said *before*
    /// the write (EOP-RSD-7).
    ///
    /// # Errors
    /// [`Misuse`] if no message is to be written, or it has fewer octets left.
    pub fn offer(&mut self, octets: u64) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::Offer)? else {
            return Ok(());
        };
        let (_, len) = self
            .outbox
            .at(self.client.completely_offered())
            .unwrap_or_default();
        self.client
            .offer(octets, len)
            .map_err(|misuse| self.refused(On::Offer, misuse.why))?;
        self.state = state;
        Ok(())
    }

    /// The last `octets` that were offered, all of one message, provably did not leave: a short write, a buffer
    /// that was never handed over.
    ///
    /// # Errors
    /// [`Misuse`] if fewer were offered of that message, or its answer has begun to arrive.
    pub fn take_back(&mut self, octets: u64) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::TakeBack)? else {
            return Ok(());
        };
        let last = match self.client.partly_offered() {
            0 => self.client.completely_offered().saturating_sub(1),
            _ => self.client.completely_offered(),
        };
        let (_, len) = self.outbox.at(last).unwrap_or_default();
        self.client
            .take_back(octets, len)
            .map_err(|misuse| self.refused(On::TakeBack, misuse.why))?;
        self.state = state;
        Ok(())
    }

    /// The transport takes no octets any more. Go on reading: a redirect, or answers, may be on their way
    /// (EOP-CLS-10).
    ///
    /// # Errors
    /// [`Misuse`] if nothing can have been written.
    pub fn write_failed(&mut self) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::WriteFailed)? else {
            return Ok(());
        };
        self.client
            .write_failed()
            .map_err(|misuse| self.refused(On::WriteFailed, misuse.why))?;
        self.state = state;
        Ok(())
    }

    /// The half-close is about to be handed to the transport.
    ///
    /// # Errors
    /// [`Misuse`] unless [`want`](Self::want) asks for it.
    pub fn half_closed(&mut self) -> Result<(), Misuse> {
        let Some(state) = self.permit(On::HalfClosed)? else {
            return Ok(());
        };
        self.client
            .half_closed()
            .map_err(|misuse| self.refused(On::HalfClosed, misuse.why))?;
        self.state = state;
        Ok(())
    }

    /// Octets arrived. Takes them off the front of `input` up to the end of one event; `None` when all were
    /// taken and there is none. Call it until then, with the same slice.
    ///
    /// # Errors
    /// [`PeerError`]: the server broke the protocol, and the connection is over. [`want`](Self::want) says what
    /// follows.
    pub fn receive<'a>(
        &mut self,
        input: &mut &'a [u8],
        now: u64,
    ) -> Result<Option<Event<'a>>, PeerError> {
        if let Ok(None) | Err(_) = self.permit(On::Octets) {
            *input = &[];
            return Ok(None);
        }
        let event = match self.client.receive(input) {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.over(Reason::Failed(Cause::Peer(error)), now);
                return Err(error);
            }
        };
        Ok(Some(match event {
            client::Event::Head { kind, len } => Event::Head { kind, len },
            client::Event::Chunk(chunk) => Event::Chunk(chunk),
            client::Event::Message { kind } => {
                let message = self.note_message(kind);
                self.settle_clocks(now);
                Event::Message(message)
            }
            client::Event::Redirect { to, message } => {
                self.end_quiet_episode(now);
                let message = message.map(|kind| self.note_message(kind));
                self.note_redirect(
                    Redirect {
                        to,
                        late: message.is_some(),
                    },
                    now,
                );
                Event::Redirect(message)
            }
        }))
    }

    /// The server ended its stream. Say it once everything before was received.
    ///
    /// # Errors
    /// [`PeerError::TruncatedFrame`] inside a frame (EOP-FRM-5).
    pub fn end_of_stream(&mut self, now: u64) -> Result<(), PeerError> {
        if !self.is_connected() {
            return Ok(());
        }
        match self.client.end_of_stream() {
            Ok(()) => {
                self.over(Reason::Fin, now);
                Ok(())
            }
            Err(error) => {
                self.over(Reason::Failed(Cause::Peer(error)), now);
                Err(error)
            }
        }
    }

    /// The connection is lost: a reset, or a limit of the caller's.
    pub fn lost(&mut self, loss: Loss, now: u64) {
        if self.is_connected() {
            self.client.lost();
            self.over(Reason::Failed(Cause::from(loss)), now);
        }
    }

    /// A message was delivered whole.
    fn note_message(&mut self, kind: Kind) -> Message {
        let answers = match kind {
            Kind::Answer => {
                let answered = self.outbox.pop();
                self.note_answer();
                answered
            }
            Kind::Greeting | Kind::Plain => None,
        };
        Message { kind, answers }
    }

    /// A redirect is complete, and what it carried was delivered.
    fn note_redirect(&mut self, redirect: Redirect, now: u64) {
        self.note_provisional(now);
        self.outbox.owe_all();
        self.outbox.begin_hop(self.replay_budget());
        self.redirect = Some(redirect);
        let on = if self.is_cleared() {
            On::RedirectClears
        } else {
            On::Redirect
        };
        if let Ok(Some(state)) = self.permit(on) {
            if on == On::RedirectClears {
                self.finish(state, Reason::Known(End::Eof), now);
            } else {
                self.state = state;
                self.begin_episode();
                self.settle_clocks(now);
            }
        }
    }

    /// The connection is over, and what was completely offered on it may yet be retired (manual); if nothing was
    /// offered on it, what was before.
    pub(super) fn note_provisional(&mut self, now: u64) {
        if self.config.service.discipline == Discipline::Manual && !self.outbox.undecided() {
            self.provisional = self.client.completely_offered();
            self.provisional_hop = self.hop;
            self.provisional_since = now;
        }
    }

    /// The connection is over without a redirect.
    fn over(&mut self, reason: Reason, now: u64) {
        self.end_quiet_episode(now);
        self.note_provisional(now);
        let falls_back = match reason {
            Reason::Failed(cause) => self.may_fall_back(cause, now),
            Reason::Fin => !self.outbox.is_empty() && self.may_fall_back(Cause::Uncertain, now),
            Reason::Known(_) => false,
        };
        let on = if falls_back {
            On::OverFallBack
        } else if self.provisional > 0 {
            On::OverProvisional
        } else {
            On::Over
        };
        match self.permit(on) {
            Ok(Some(state)) if falls_back => self.fall_back(state, now),
            Ok(Some(state)) => self.finish(state, reason, now),
            Ok(None) | Err(_) => {}
        }
    }

    /// Whether the session goes home now that its target failed (EOP-FAI-4, EOP-FAI-5).
    fn may_fall_back(&self, cause: Cause, now: u64) -> bool {
        let bounds = &self.config.bounds;
        let at_target = matches!(self.place, Place::Target(_));
        let untouched = self.state == State::Moving || (!self.answered && self.client.bound() == 0);
        self.config.fallback == super::Fallback::Home
            && at_target
            && untouched
            && cause != Cause::TlsFailed
            && !self.is_cleared()
            && self.episode.is_running()
            && !self.episode.fell_back()
            && self.episode.hops() < bounds.redirects
            && self.pace.allows(bounds.moves, bounds.moves_window, now)
            && !self.clock.has_run_out(now)
    }

    fn fall_back(&mut self, state: State, now: u64) {
        self.episode.fall_back(self.home.endpoint());
        self.place = Place::Home;
        self.move_on(state, now);
    }
}
