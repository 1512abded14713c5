//! What the client's octets, ends and events prove of it.

use eop_wire::opcode;

use super::{Court, Guilt, News, Plea, Stream, Trial, padded};
use crate::case::Role;
use crate::matrix::service::{self, Due};
use crate::octets::n;
use crate::testee::Event;
use crate::timeline::{describe, frame, hex};
use crate::verdict::End;

/// The requirement that a client breaks which ends with this kind though everything that it got was right.
const KINDS: [(&str, &str); 15] = [
    ("eof", "EOP-RSD-3"),
    ("NotEop", "EOP-OPC-2"),
    ("UnknownOpcode", "EOP-OPC-2"),
    ("ByteOrderMismatch", "EOP-OPC-6"),
    ("MessageTooLarge", "EOP-LIM-1"),
    ("TruncatedFrame", "EOP-FRM-2"),
    ("Unsolicited", "EOP-ACC-1"),
    ("Uncertain", "EOP-RSD-8"),
    ("Stall", "EOP-CLS-12"),
    ("Timeout", "EOP-TIM-1"),
    ("NotFollowed", "EOP-EPI-8"),
    ("RedirectRefused", "EOP-POL-10"),
    ("RedirectLoop", "EOP-EPI-2"),
    ("TooManyRedirects", "EOP-EPI-1"),
    ("RedirectDeadline", "EOP-EPI-5"),
];

fn guilty(
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

    /// What the client tells its application.
    pub(super) fn tells(&mut self, line: &str) -> Plea {
        let event = Event::parse(line).map_err(|why| {
            guilty(
                "EOP-DRV-13",
                "an event of the contract",
                format!("{line}: {why}"),
            )
        })?;
        if self.ended.is_some() {
            return Err(guilty("EOP-DRV-8", "nothing behind `ended`", line));
        }
        let word = line.split(' ').nth(1).unwrap_or_default();
        match event.verb() {
            "connected" => self.hears_connected(&event, word, line),
            "message" | "redirected" if self.connected < self.track.len() => {
                let expected = self.next_connected();
                Err(guilty("EOP-DRV-18", expected, line))
            }
            "message" => self.hears_message(line),
            "redirected" => self.hears_redirect(&event, word, line),
            "dial" => Err(guilty(
                "EOP-POL-10",
                "the target that the REDIRECT names is dialled",
                line,
            )),
            "rejected" => Err(guilty(
                "EOP-DRV-14",
                "a command that is no misuse is taken",
                line,
            )),
            "ended" => {
                self.ended = Some(word.to_owned());
                self.judge_end(&event, line)
            }
            _ => Ok(()),
        }
    }

    fn next_connected(&self) -> String {
        let to = self
            .track
            .get(self.connected)
            .map_or_else(|| "nowhere".to_owned(), ToString::to_string);
        format!("connected {to} hop={}", self.connected)
    }

    fn hears_connected(&mut self, event: &Event, to: &str, line: &str) -> Plea {
        let believed = self
            .track
            .get(self.connected)
            .is_some_and(|it| it.to_string() == to);
        if !believed || event.key("hop") != self.connected.to_string() {
            let broken = if believed { "EOP-DRV-18" } else { "EOP-DRV-4" };
            return Err(guilty(broken, self.next_connected(), line));
        }
        self.connected = self.connected.saturating_add(1);
        Ok(())
    }

    fn hears_message(&mut self, line: &str) -> Plea {
        let Some(news) = self.unheard.pop_front() else {
            let cut = self
                .connections
                .iter()
                .any(|trial| !trial.server.rest.is_empty());
            let broken = if cut { "EOP-FRM-5" } else { "EOP-DRV-19" };
            return Err(guilty(broken, "no message: none was sent", line));
        };
        if line.starts_with(&(news.event() + " ")) {
            return Ok(());
        }
        Err(guilty(news.requirement(), news.event(), line))
    }

    fn hears_redirect(&mut self, event: &Event, to: &str, line: &str) -> Plea {
        let given = self.given.len();
        match self.unheard.pop_front() {
            Some(News::Move(target)) if target.to_string() == to => {
                let moved = |trial: &&mut Trial| trial.redirect == Some(target);
                if let Some(trial) = self.connections.iter_mut().find(moved) {
                    trial.barred = Some(given);
                }
                let hop = self.track.len().to_string();
                self.track.push(target);
                if event.key("hop") != hop {
                    return Err(guilty(
                        "EOP-DRV-21",
                        format!("redirected {to} hop={hop}"),
                        line,
                    ));
                }
                Ok(())
            }
            Some(news) => Err(guilty(news.requirement(), news.event(), line)),
            None => Err(guilty(
                "EOP-RED-6",
                "no move without a complete REDIRECT",
                line,
            )),
        }
    }

    fn judge_end(&self, event: &Event, line: &str) -> Plea {
        let clean = self.half_closed && self.answered == self.given.len();
        if self.closed && event.matches("ended closed") || clean && event.matches("ended eof") {
            return Ok(());
        }
        if self
            .connections
            .last()
            .is_some_and(|last| last.redirect.is_some())
            && event.matches("ended Uncertain")
        {
            return Err(guilty(
                "EOP-RSD-16",
                "what a REDIRECT makes owed is no failure",
                line,
            ));
        }
        // What the server did wrong is known by now; a kind that fits no wrong is the client's own.
        let kind = line.split(' ').nth(1).unwrap_or_default();
        let kind = if kind == "RedirectFailed" {
            event.key("cause")
        } else {
            kind
        };
        let broken = KINDS.iter().find(|(known, _)| *known == kind);
        let broken = broken.map_or("EOP-DRV-22", |(_, requirement)| requirement);
        Err(guilty(
            broken,
            "the session goes on: everything that the client got was right",
            line,
        ))
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
