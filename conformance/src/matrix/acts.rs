//! What a scenario makes the application do, and what has to come of it.

use super::court::Guilt;
use super::relay::Relay;
use super::scenario::Act;
use super::service;
use super::stage::{Failed, PLACES, Stage, server_fails};
use crate::case::Role;
use crate::octets::{self, n};
use crate::testee::Report;
use crate::timeline::Side;
use crate::verdict::Axis;

impl Stage {
    /// Plays the whole scenario.
    pub(super) fn play(&mut self) -> Result<(), Failed> {
        let mut dial = Vec::new();
        for place in &self.places {
            let front = self.relay.front(place.label, place.endpoint)?;
            dial.push(format!("{}>{front}", place.endpoint));
        }
        let home = self.filled("{home}");
        let settings = self.scenario.settings;
        self.say(&format!(
            "connect {home} {settings} dial={}",
            dial.join(",")
        ));
        self.expect(&format!("connected {home} hop=0"))?;
        for act in self.scenario.acts {
            self.act(*act)?;
        }
        if !self
            .scenario
            .acts
            .iter()
            .any(|act| matches!(act, Act::Ends(_)))
        {
            self.say("close");
            self.expect("ended closed")?;
        }
        self.until(
            "both sides end every connection",
            Axis::End,
            Relay::all_over,
        )?;
        // Whatever it tells behind its end, the court hears.
        while let Ok(Report::Line(line)) = self.reports.try_recv() {
            self.log.line(Side::Testee, &line);
        }
        for (index, expected) in self.scenario.marked.into_iter().enumerate() {
            self.marked(index, expected)?;
        }
        Ok(())
    }

    fn act(&mut self, act: Act) -> Result<(), Failed> {
        match act {
            Act::Sends(request) => {
                let body = if request.starts_with('@') {
                    request.to_owned()
                } else {
                    octets::payload(self.filled(request).as_bytes())
                };
                self.given = self.given.saturating_add(n(service::payload(&body)).len());
                self.say(&format!("send {body}"));
            }
            Act::Hears(answer) => {
                let answer = match answer.strip_prefix('@') {
                    Some(_) => service::payload(answer),
                    None => answer.as_bytes().to_vec(),
                };
                self.expect(&format!("message {}", octets::body(&answer)))?;
            }
            Act::MovesTo(place) => {
                self.hop = self.hop.saturating_add(1);
                let (to, hop) = (self.filled(&format!("{{{place}}}")), self.hop);
                self.expect(&format!("redirected {to} hop={hop}"))?;
                self.expect(&format!("connected {to} hop={hop}"))?;
            }
            Act::Resends => self.say(&format!("resend {}", self.hop)),
            Act::HalfCloses => {
                self.half_closed = true;
                self.say("half-close");
            }
            Act::Signals => {
                let (given, ends) = (self.given, self.half_closed);
                let all = |relay: &Relay| {
                    relay.taken_by_the_server() >= given
                        && (!ends || relay.client_s_end_is_handed_on())
                };
                self.until("everything sent comes to the server", Axis::Messages, all)?;
                // The others first: what waits at home may be moved to them.
                for index in (0..self.instances.len()).rev() {
                    let answer = self.ask(index, &format!("signal {}", self.token))?;
                    if answer != "ok" {
                        let expected = "`ok` in answer to `signal`";
                        return Err(server_fails(expected, &answer, "EOP-TST-18"));
                    }
                }
            }
            Act::Ends(kind) => self.expect(&format!("ended {kind}"))?,
        }
        Ok(())
    }

    fn marked(&self, index: usize, expected: u32) -> Result<(), Failed> {
        let answer = self.ask(index, &format!("marked {}", self.token))?;
        if answer == expected.to_string() {
            return Ok(());
        }
        let place = PLACES.get(index).copied().unwrap_or_default();
        let expected = format!("{place} acted on {expected} marked message(s)");
        let observed = format!("it acted on {answer}");
        let guilt = Guilt::of(Role::Server, "EOP-RSD-1", expected, observed);
        Err(Failed::Unless(guilt))
    }
}
