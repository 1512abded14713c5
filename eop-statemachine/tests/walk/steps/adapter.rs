//! What the adapter does in a step: connections, moves, offers.

use eop_statemachine::session::{Judged, State, Want};

use super::AFTER_REDIRECT;
use super::servers::discard;
use crate::defect::Defect;
use crate::properties::{self, Property, Verdict, no_misuse, require};
use crate::setting::Setting;
use crate::wire::{Link, Pipe, Token};
use crate::world::{Place, Stop, World, place};
use eop_statemachine::session::Place as Destination;

impl World {
    pub(super) fn connect(&mut self, setting: &Setting) -> Result<(), Verdict> {
        let to_home = self.session.place() == Destination::Home;
        require(
            setting,
            self.stop() == 0 || to_home == self.path[self.stop()].fallback,
            Property::WhereItWasSent,
            "",
        )?;
        let to = match self.session.place() {
            Destination::Target(target) if setting.defect != Some(Defect::ConnectsHome) => {
                place(target)
            }
            Destination::Target(_) | Destination::Home => 0,
        };
        require(
            setting,
            to == self.path[self.stop()].place,
            Property::WhereItWasSent,
            "it goes elsewhere",
        )?;
        let cleared = self.half_closed && self.outstanding().count() == 0;
        require(
            setting,
            !cleared || self.stop() == 0,
            Property::HalfClosedEndsCleanly,
            "it connects",
        )?;
        no_misuse(self.session.connected(self.now))?;
        let stop = self.stop();
        self.links[stop] = Some(Link::new(&setting.service()));
        if std::mem::take(&mut self.leaked) {
            let mut octets = AFTER_REDIRECT;
            let read = self.session.receive(&mut octets, self.now);
            require(
                setting,
                read == Ok(None),
                Property::ParsersApart,
                "octets of the old connection were parsed",
            )?;
        }
        Ok(())
    }

    pub(super) fn judge(&mut self, setting: &Setting) -> Result<(), Verdict> {
        if let Judged::Followed(redirected) = no_misuse(self.session.judged(Ok(()), self.now))? {
            let outstanding = self.outstanding().count();
            require(
                setting,
                redirected.owed as usize == outstanding,
                Property::NothingLost,
                "owed is not all there is",
            )?;
            self.note_move(place(redirected.target), false);
            properties::episode(self, setting)?;
        }
        self.go_on(setting)
    }

    pub(super) fn note_move(&mut self, place: Place, fallback: bool) {
        self.path.push(Stop {
            place,
            answered: false,
            fallback,
        });
        self.links.push(None);
    }

    pub(super) fn offer(&mut self, setting: &Setting, start: bool) -> Result<(), Verdict> {
        let Want::Write {
            message: number,
            from,
        } = self.session.want()
        else {
            return Ok(());
        };
        let message = self.message(number);
        properties::offer(self, setting, message)?;
        let token = match (start, from) {
            (true, _) => Token::RequestStart(message),
            (false, 0) => Token::Request(message),
            (false, _) => Token::RequestRest(message),
        };
        let octets = token.octets().len() as u64;
        if setting.defect == Some(Defect::OfferedAfterTheWrite) {
            self.unreported = Some(octets);
        } else {
            no_misuse(self.session.offer(octets))?;
        }
        self.bound[usize::from(message)] = Some(self.stop());
        if let Some(link) = self.current_mut() {
            link.offered = Some(message);
            if !link.broken {
                link.to_server.push(token);
            }
        }
        Ok(())
    }

    /// The session may have left its connection, and may be on its way home.
    pub(super) fn go_on(&mut self, setting: &Setting) -> Result<(), Verdict> {
        if self.session.is_connected() {
            return Ok(());
        }
        self.unreported = None;
        if let Some(link) = self.current_mut() {
            link.left = true;
            link.to_client = Pipe::EMPTY;
            if !link.broken && !link.half_closed {
                link.to_server.push(Token::Fin);
            }
            let mut honest = true;
            if link.redirected {
                // The server only discards: how that mixes with anything else makes no difference.
                while let Some(token) = link.to_server.pop() {
                    honest &= discard(link, token);
                }
            }
            require(
                setting,
                honest,
                Property::NoConformingPeerBlamed,
                "by a server that drained",
            )?;
        }
        let resends = matches!(
            setting.defect,
            Some(Defect::FallbackResendsEverything | Defect::FallbackResendsUnsent)
        );
        if resends && self.session.state() == State::Ended && self.stop() > 0 && !self.begun_again {
            self.begin_again(setting)?;
        }
        let at_home = self.session.place() == Destination::Home;
        if self.session.state() == State::Moving && at_home && !self.path[self.stop()].fallback {
            properties::fall_back(self, setting)?;
            self.note_move(0, true);
            properties::episode(self, setting)?;
        }
        Ok(())
    }
}
