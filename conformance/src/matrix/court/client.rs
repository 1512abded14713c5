//! What the client's octets, ends and events prove of it.

use eop_wire::opcode;

use super::{Court, Guilt, Plea, Stream, Trial, padded};
use crate::case::Role;
use crate::matrix::service::{self, Due};
use crate::octets::n;
use crate::timeline::{describe, frame, hex};
use crate::verdict::End;

pub(super) fn guilty(
    requirement: &'static str,
    expected: impl Into<String>,
    observed: impl Into<String>,
) -> Guilt {
    Guilt::of(Role::Client, requirement, expected.into(), observed.into())
}

impl Court<'_> {
    pub(super) fn opened(&mut self, on: &std::sync::Arc<crate::timeline::Connection>) -> Plea {
        let place = self.places.iter().find(|place| place.label == on.label);
        let Some(place) = place else { return Ok(()) };
        let observed = format!("a connection to {} ({})", place.label, place.endpoint);
        match self.connections.last() {
            None if place.label == "home" => {}
            None => return Err(guilty("EOP-DRV-16", "a connection to home first", observed)),
            Some(last) => match last.redirect {
                Some(to) if to == place.endpoint => {}
                Some(to) => {
                    return Err(guilty(
                        "EOP-POL-10",
                        format!("a connection to {to}"),
                        observed,
                    ));
                }
                None => {
                    let begun = last
                        .server
                        .header()
                        .is_some_and(|it| it.opcode == opcode::REDIRECT);
                    let broken = if begun { "EOP-RED-6" } else { "EOP-RSD-7" };
                    return Err(guilty(
                        broken,
                        "no further connection without a complete REDIRECT",
                        observed,
                    ));
                }
            },
        }
        if !self.connections.is_empty() && self.half_closed && self.answered == self.given.len() {
            return Err(guilty(
                "EOP-HCL-3",
                "no connection: nothing is left to be sent",
                observed,
            ));
        }
        self.connections.push(Trial {
            on: std::sync::Arc::clone(on),
            here: place.endpoint,
            client: Stream::default(),
            server: Stream::default(),
            next: self.answered,
            barred: None,
            due: service::at_accept(&place.steps, place.endpoint).into(),
            greetings: self.greetings,
            redirect: None,
        });
        Ok(())
    }

    pub(super) fn client_sends(&mut self, number: usize, octets: &[u8]) -> Plea {
        let Some(trial) = self
            .connections
            .iter_mut()
            .find(|trial| trial.on.number == number)
        else {
            return Ok(());
        };
        if trial.greetings > 0 && trial.redirect.is_none() {
            return Err(guilty(
                "EOP-ACC-5",
                "no octet before the greeting",
                describe(octets),
            ));
        }
        trial.client.rest.extend_from_slice(octets);
        while let Some(header) = trial.client.header() {
            let rest = &trial.client.rest;
            let expected = self.given.get(trial.next);
            let wanted =
                expected.map_or_else(|| "nothing more".to_owned(), |next| describe(&n(next)));
            let shown = || describe(rest);
            let broken = match header.opcode {
                opcode::NORMAL if header.port != 0 || !header.addr.is_unspecified() => {
                    Some("EOP-FRM-6")
                }
                opcode::NORMAL => None,
                0x1001..=0x13ff => Some("EOP-EXT-1"),
                _ if expected.is_some_and(|next| padded(rest, &n(next))) => Some("EOP-FRM-3"),
                opcode::REDIRECT => Some("EOP-RED-1"),
                _ => Some("EOP-OPC-1"),
            };
            if let Some(broken) = broken {
                return Err(guilty(broken, wanted, shown()));
            }
            let announced = usize::try_from(header.slen).unwrap_or(usize::MAX);
            if !self.given.iter().any(|message| message.len() == announced) {
                let again = trial.next < self.begun;
                let broken = if again { "EOP-RSD-5" } else { "EOP-FRM-1" };
                return Err(guilty(broken, wanted, shown()));
            }
            if trial.barred.is_some_and(|barred| trial.next >= barred) {
                return Err(guilty(
                    "EOP-RED-13",
                    "no message on a connection that was redirected",
                    shown(),
                ));
            }
            let Some((header, payload)) = trial.client.take() else {
                self.begun = self.begun.max(trial.next.saturating_add(1));
                return Ok(());
            };
            if expected != Some(&payload) {
                let place = self.given.iter().position(|message| *message == payload);
                let broken = match place {
                    Some(place) if place < self.answered => "EOP-RSD-4",
                    Some(place) if place < trial.next => "EOP-RSD-7",
                    Some(_) | None if trial.next < self.begun => "EOP-RSD-5",
                    Some(_) | None => "EOP-ACC-15",
                };
                return Err(guilty(broken, wanted, frame(header, &payload)));
            }
            trial.next = trial.next.saturating_add(1);
            self.begun = self.begun.max(trial.next);
            let silent = trial.due.iter().any(|due| matches!(due, Due::Redirect(..)));
            if !silent && trial.redirect.is_none() {
                trial.due.extend(service::answer(&payload, trial.here));
            }
        }
        Ok(())
    }

    pub(super) fn client_ends(&mut self, number: usize, end: End) -> Plea {
        let (closed, ended) = (self.closed, self.ended.is_some());
        let Some(trial) = self
            .connections
            .iter_mut()
            .find(|trial| trial.on.number == number)
        else {
            return Ok(());
        };
        trial.client.ended = Some(end);
        let free = closed || ended || trial.redirect.is_some() || trial.server.ended.is_some();
        if !free && !trial.client.rest.is_empty() && end == End::Fin {
            let observed = format!("the end inside {}", describe(&trial.client.rest));
            return Err(guilty("EOP-FRM-1", "the whole of a message", observed));
        }
        Ok(())
    }

    /// The client ended a connection, and nothing that it got or was told is a reason.
    pub(super) fn unexplained_end(&self) -> Plea {
        let ended = self.connections.iter().find(|trial| {
            trial.client.ended.is_some()
                && trial.server.ended.is_none()
                && trial.redirect.is_none()
                && !self.half_closed
                && !self.closed
        });
        match ended {
            Some(trial) if self.ended.is_none() => Err(guilty(
                "EOP-DRV-16",
                format!("the connection to {} stays", trial.on.label),
                "the client ends it",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// What the client has not done, though nothing that it waits for is missing.
    pub(super) fn client_owes(&self) -> Option<Guilt> {
        let owes =
            |requirement, expected: String| Some(guilty(requirement, expected, "nothing in time"));
        let Some(last) = self.connections.last() else {
            return owes("EOP-DRV-16", "a connection to home".to_owned());
        };
        if !last.client.rest.is_empty() && last.redirect.is_none() {
            let rest = hex(&last.client.rest);
            return Some(guilty(
                "EOP-FRM-1",
                "the rest of a frame",
                format!("only {rest}"),
            ));
        }
        if let Some(news) = self.unheard.front() {
            return owes(news.requirement(), news.event());
        }
        if self.connected < self.connections.len() {
            return owes("EOP-DRV-18", self.next_connected());
        }
        for trial in &self.connections {
            if trial.redirect.is_some() && trial.client.ended.is_none() {
                let expected = format!("the client closes the connection to {}", trial.on.label);
                return owes("EOP-CLS-8", expected);
            }
        }
        if let Some(to) = last.redirect {
            return owes("EOP-RED-7", format!("a connection to {to}"));
        }
        if let Some(next) = self.given.get(last.next) {
            let requirement = if last.next < self.begun {
                "EOP-RSD-14"
            } else {
                "EOP-ACC-15"
            };
            return owes(
                requirement,
                format!("{} at {}", describe(&n(next)), last.on.label),
            );
        }
        if self.half_closed && last.client.ended.is_none() {
            return owes(
                "EOP-HCL-2",
                format!("the client half-closes at {}", last.on.label),
            );
        }
        if self.closed && self.ended.is_none() {
            return owes("EOP-DRV-17", "ended closed".to_owned());
        }
        if self.closed && last.client.ended.is_none() {
            return owes("EOP-DRV-17", "the client ends its connection".to_owned());
        }
        if self.half_closed && last.server.ended.is_some() {
            return owes("EOP-HCL-4", "ended eof".to_owned());
        }
        None
    }
}
