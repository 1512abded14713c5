//! What arrives at a server, and what it does in a step.

use eop_statemachine::server;

use crate::defect::Defect;
use crate::properties::{Property, Verdict, broken, no_misuse, require};
use crate::races::{Races, Side};
use crate::setting::Setting;
use crate::wire::{Link, Pipe, Token};
use crate::world::{Fate, World, endpoint};

use super::Step;

impl World {
    pub(super) fn arrive_at_server(
        &mut self,
        setting: &Setting,
        stop: usize,
        races: &mut Races,
    ) -> Result<(), Verdict> {
        let before = self.clone();
        let Some(link) = self.links[stop].as_mut() else {
            return Ok(());
        };
        let Some(token) = link.to_server.pop() else {
            return Ok(());
        };
        if link.redirected {
            require(
                setting,
                discard(link, token),
                Property::NoConformingPeerBlamed,
                "by a server that drained",
            )?;
        } else if token == Token::Fin {
            // Who leaves in the middle of a message, other than after a redirect, is rightly blamed.
            let ended = link.server.end_of_stream();
            require(
                setting,
                ended.is_ok() || link.left,
                Property::NoConformingPeerBlamed,
                "by a server at FIN",
            )?;
            if link.server.state() == server::State::Finished && !link.left {
                link.to_client.push(Token::Fin);
            }
        } else {
            let octets = token.octets();
            let mut input = &octets[..];
            while let Some(event) = link
                .server
                .receive(&mut input)
                .map_err(|error| broken(Property::NoConformingPeerBlamed, &error))?
            {
                if let (
                    server::Event::Request,
                    Token::Request(message) | Token::RequestRest(message),
                ) = (event, token)
                {
                    link.wait(message);
                    let late = link.waiting[1].is_some() && !link.acted;
                    if late && setting.defect == Some(Defect::ServerAnswersOutOfOrder) {
                        link.waiting.swap(0, 1);
                    }
                }
            }
        }
        races.note(setting, &before, self, Side::Server(stop), token);
        Ok(())
    }

    pub(super) fn serve(
        &mut self,
        setting: &Setting,
        stop: usize,
        step: Step,
    ) -> Result<(), Verdict> {
        if matches!(
            step,
            Step::Act(_)
                | Step::Answer(_)
                | Step::AnswerEmpty(_)
                | Step::Late(..)
                | Step::LateEmpty(..)
        ) {
            self.act(setting, stop)?;
        }
        if matches!(step, Step::Break(_) | Step::BreakAtOnce(_) | Step::Tear(_)) {
            self.failures -= 1;
        }
        let Some(link) = self.links[stop].as_mut() else {
            return Ok(());
        };
        let parses = setting.defect == Some(Defect::ServerParsesWhileDraining);
        let (server, out) = (&mut link.server, &mut link.to_client);
        let mut sent = Vec::new();
        let mut say = |token: Token| {
            sent.extend(token.octets());
            out.push(token);
        };
        let said: Vec<u8> = match step {
            Step::Greet(_) => {
                say(Token::Greeting);
                no_misuse(server.greet(b"g"))?.chunks().concat()
            }
            Step::Answer(_) => {
                let message = link.waiting[0].unwrap_or_default();
                say(Token::Answer(message));
                no_misuse(server.respond(&[b'0' + message]))?
                    .chunks()
                    .concat()
            }
            Step::AnswerEmpty(_) => {
                say(Token::EmptyAnswer(link.waiting[0].unwrap_or_default()));
                no_misuse(server.respond(&[]))?.chunks().concat()
            }
            Step::Note(_) => {
                say(Token::Note);
                no_misuse(server.respond(b"n"))?.chunks().concat()
            }
            Step::Redirect(_, to) if parses => {
                say(Token::Redirect(to));
                Token::Redirect(to).octets()
            }
            Step::Redirect(_, to) => {
                say(Token::Redirect(to));
                no_misuse(server.redirect(endpoint(to)))?.chunks().concat()
            }
            Step::Late(_, to) => {
                let message = link.waiting[0].unwrap_or_default();
                say(Token::Late(to, message));
                no_misuse(server.respond_and_redirect(&[b'0' + message], endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::LateEmpty(_, to) => {
                say(Token::EmptyAnswer(link.waiting[0].unwrap_or_default()));
                say(Token::Redirect(to));
                if setting.defect == Some(Defect::ServerDropsEmptyResponse) {
                    no_misuse(server.redirect(endpoint(to)))?.chunks().concat()
                } else {
                    no_misuse(server.respond_and_redirect(&[], endpoint(to)))?
                        .chunks()
                        .concat()
                }
            }
            Step::LateGreeting(_, to) => {
                say(Token::LateGreeting(to));
                no_misuse(server.greet_and_redirect(b"g", endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::LateNote(_, to) => {
                say(Token::LateNote(to));
                no_misuse(server.respond_and_redirect(b"n", endpoint(to)))?
                    .chunks()
                    .concat()
            }
            Step::Fin(_) => {
                no_misuse(server.half_close())?;
                out.push(Token::Fin);
                Vec::new()
            }
            Step::Break(_) => {
                out.push(Token::Reset);
                link.broken = true;
                Vec::new()
            }
            Step::BreakAtOnce(_) => {
                *out = Pipe::EMPTY;
                out.push(Token::Reset);
                link.broken = true;
                Vec::new()
            }
            Step::Tear(_) => {
                say(Token::Torn);
                out.push(Token::Fin);
                link.torn = true;
                link.broken = true;
                Token::Torn.octets()
            }
            _ => Vec::new(),
        };
        require(
            setting,
            said == sent,
            Property::WhatWasSent,
            "the server's frames are others than meant",
        )?;
        match step {
            Step::Answer(_) | Step::AnswerEmpty(_) => {
                link.answer();
                if link.server.state() == server::State::Finished {
                    link.to_client.push(Token::Fin);
                }
            }
            Step::Late(..) | Step::LateEmpty(..) => {
                link.answer();
                link.redirected = true;
                self.redirects -= 1;
            }
            Step::Note(_) => link.noted = true,
            Step::LateNote(..) => {
                link.noted = true;
                link.redirected = true;
                self.redirects -= 1;
            }
            Step::Redirect(..) | Step::LateGreeting(..) => {
                link.redirected = true;
                self.redirects -= 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// The server at `stop` acts on the oldest request that waits there.
    pub(super) fn act(&mut self, setting: &Setting, stop: usize) -> Result<(), Verdict> {
        let Some(link) = self.links[stop].as_mut() else {
            return Ok(());
        };
        let Some(message) = link.waiting[0].filter(|_| !link.acted) else {
            return Ok(());
        };
        link.acted = true;
        let message = usize::from(message);
        let later = self.acted[message..].iter().any(|acted| *acted);
        require(
            setting,
            !later,
            Property::ActedOnOnceInOrder,
            "on one again, or after a later one",
        )?;
        require(
            setting,
            self.fates[message] != Fate::Dropped,
            Property::DroppedStaysDropped,
            "",
        )?;
        self.acted[message] = true;
        Ok(())
    }
}

/// A token arrives at a server that redirected. Returns whether nobody is blamed for it.
pub(super) fn discard(link: &mut Link, token: Token) -> bool {
    if token == Token::Fin {
        return link.server.end_of_stream().is_ok();
    }
    let octets = token.octets();
    let mut input = &octets[..];
    loop {
        match link.server.receive(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
