//! What the client's application hears, and what that proves of the client.

use super::client::guilty;
use super::{Court, News, Plea, Trial};
use crate::testee::Event;

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

impl Court<'_> {
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

    pub(super) fn next_connected(&self) -> String {
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
}
