//! What comes from the servers: frames, redirects, ends, and what a client makes of each. What the application says stands
//! in `model`.

use std::net::SocketAddrV4;

use eop_wire::{HEADER_LEN, RawHeader, opcode};

use super::{BUDGET, Episode, MAX_REDIRECTS, MOVES, Session, State, Wire};
use crate::fuzz::client::plan::{REFUSING, place};
use crate::octets::body;

impl Session {
    /// Octets come from the server; whether the connection still stands then.
    pub(in crate::fuzz::client) fn serve(&mut self, octets: &[u8]) -> bool {
        let before = self.connections;
        self.input.extend_from_slice(octets);
        while !self.ended
            && let Some((header, payload)) = self.frame()
        {
            match header.opcode {
                opcode::REDIRECT => {
                    // EOP-RED-9: whatever stands behind it.
                    self.input.clear();
                    self.redirect(SocketAddrV4::new(header.addr, header.port), &payload);
                    break;
                }
                _ => {
                    if self.message(&payload) {
                        self.write();
                        self.open |= self.wrote() && !self.input.is_empty();
                    }
                }
            }
        }
        !self.ended && self.connections == before
    }

    /// Whether something came of which nobody can say what it leads to: the header of a message that would answer nothing,
    /// without its payload, which may be blamed at once or when it is there; a REDIRECT to where no plan leads, made of a broken
    /// frame; or octets that stand behind the greeting that lets messages go.
    pub(in crate::fuzz::client) fn is_open(&self) -> bool {
        let head = self
            .input
            .first_chunk::<HEADER_LEN>()
            .map(RawHeader::from_bytes);
        let message = head.is_some_and(|head| head.opcode == opcode::NORMAL || head.slen > 0);
        let unanswering = !self.settings.manual && self.greetings == 0 && self.answerable() == 0;
        !self.ended && message && unanswering || self.open
    }

    /// The next complete frame; what is none fails the connection.
    fn frame(&mut self) -> Option<(RawHeader, Vec<u8>)> {
        let word = u16::from_be_bytes(self.input.first_chunk::<2>().copied()?);
        if ![opcode::NORMAL, opcode::REDIRECT].contains(&word) {
            let (kind, requirement) = match (word, self.spoken) {
                (0x0100 | 0x0200, _) => ("ByteOrderMismatch~UnknownOpcode", "EOP-OPC-6"),
                (_, false) => ("NotEop~UnknownOpcode", "EOP-OPC-5"),
                (_, true) => ("UnknownOpcode", "EOP-OPC-2"),
            };
            self.fail(kind, requirement);
            return None;
        }
        let (head, rest) = self.input.split_first_chunk::<HEADER_LEN>()?;
        let header = RawHeader::from_bytes(head);
        if header.slen > self.settings.limit() {
            self.fail("MessageTooLarge", "EOP-LIM-2");
            return None;
        }
        let payload = rest.get(..usize::try_from(header.slen).ok()?)?.to_vec();
        self.input.drain(..HEADER_LEN.saturating_add(payload.len()));
        self.spoken = true;
        Some((header, payload))
    }

    /// A message comes; whether it is delivered.
    fn message(&mut self, payload: &[u8]) -> bool {
        let told = body(payload);
        if self.greetings > 0 {
            self.greetings = self.greetings.saturating_sub(1);
            let outstanding = self.outstanding();
            self.tell(
                format!("message {told} outstanding={outstanding} greeting=1"),
                "EOP-ACC-6",
            );
            return true;
        }
        let requirement = if self.settings.manual {
            "EOP-ACC-13"
        } else if self.answerable() > 0 {
            self.queue.pop_front();
            self.answered = true;
            self.episode = None;
            "EOP-ACC-1"
        } else {
            self.fail("Unsolicited", "EOP-ACC-9");
            return false;
        };
        let outstanding = self.outstanding();
        self.tell(
            format!("message {told} outstanding={outstanding} greeting=0"),
            requirement,
        );
        true
    }

    /// What section 4.1 lists, in its order.
    fn redirect(&mut self, to: SocketAddrV4, payload: &[u8]) {
        let late = !payload.is_empty();
        if late && !self.message(payload) {
            return;
        }
        for message in &mut self.queue {
            message.state = match message.state {
                State::Offered => State::Owed(Some(self.hop)),
                State::Owed(offered) => State::Owed(offered),
                State::Unsent | State::Resent => State::Owed(None),
            };
        }
        if self.half_closed && self.queue.is_empty() {
            self.tell(format!("?redirected {to}"), "EOP-HCL-3");
            return self.end("eof", "", "EOP-HCL-3");
        }
        let elsewhere = !self.places.values().any(|place| *place == to);
        let reason = refusal(to);
        self.open |= elsewhere && reason.is_none();
        if let Some(reason) = reason {
            let detail = format!("target={to} reason={reason}");
            return self.end("RedirectRefused", &detail, "EOP-POL-5");
        }
        let mut episode = self.episode.take().unwrap_or_else(|| Episode {
            redirector: (!self.answered).then_some(self.here),
            ..Episode::default()
        });
        let most = self.settings.max_redirects.unwrap_or(MAX_REDIRECTS);
        let refused = if most == 0 {
            Some(("NotFollowed", "EOP-EPI-8"))
        } else if episode.has_visited(to) {
            Some(("RedirectLoop", "EOP-EPI-2"))
        } else if episode.redirects() >= most {
            Some(("TooManyRedirects", "EOP-EPI-1"))
        } else if self.moves >= self.settings.moves.unwrap_or(MOVES) {
            Some(("TooManyRedirects", "EOP-EPI-7"))
        } else {
            None
        };
        if let Some((kind, requirement)) = refused {
            return self.end(kind, &format!("target={to}"), requirement);
        }
        episode.moves.push((to, false));
        self.episode = Some(episode);
        self.depart();
        let (owed, late, hop) = (self.outstanding(), u8::from(late), self.hop);
        let resend = if self.awaited() {
            "explicit"
        } else {
            "automatic"
        };
        self.tell(
            format!("redirected {to} owed={owed} late={late} hop={hop} resend={resend}"),
            "EOP-RED-7",
        );
        self.show(Wire::Left, "EOP-CLS-8");
        self.here = to;
        self.at_target = true;
        self.answered = false;
        if to == place(&self.places, REFUSING) {
            return self.target_failed("ConnectFailed", "EOP-FAI-1", true);
        }
        self.arrive("EOP-RED-7");
    }

    /// A move begins: what is owed is decided, as far as it can be without the application (EOP-RSD-14, EOP-RSD-15).
    fn depart(&mut self) {
        self.hop = self.hop.saturating_add(1);
        self.moves = self.moves.saturating_add(1);
        let mut left =
            usize::try_from(self.settings.budget.unwrap_or(BUDGET)).unwrap_or(usize::MAX);
        let mut goes = self.settings.automatic;
        for message in &mut self.queue {
            let owed = match message.state {
                State::Owed(_) | State::Resent => true,
                State::Unsent | State::Offered => false,
            };
            goes &= !message.never && message.payload.len() <= left;
            left = left.saturating_sub(message.payload.len());
            match (owed, goes) {
                (true, true) => message.state = State::Resent,
                (true, false) if message.state == State::Resent => {
                    message.state = State::Owed(None)
                }
                (true, false) | (false, _) => {}
            }
        }
    }

    /// It is connected to where it moved.
    fn arrive(&mut self, requirement: &'static str) {
        self.tell(
            format!("connected {} hop={}", self.here, self.hop),
            requirement,
        );
        self.show(Wire::Arrived(self.here), requirement);
        self.connections = self.connections.saturating_add(1);
        self.answered = false;
        self.greetings = self.settings.greeting.unwrap_or(0);
        self.input.clear();
        self.spoken = false;
        self.fin = false;
        self.write();
    }

    /// The server ends its stream.
    pub(in crate::fuzz::client) fn end_of_stream(&mut self) {
        if self.ended {
            return;
        }
        if !self.input.is_empty() {
            self.fail("TruncatedFrame", "EOP-FRM-5");
        } else if self.queue.is_empty() {
            let requirement = if self.at_target && !self.answered {
                "EOP-FAI-6"
            } else {
                "EOP-HCL-4"
            };
            self.end("eof", "", requirement);
        } else {
            self.fail("Uncertain", "EOP-RSD-8");
        }
    }

    /// The server resets the connection.
    pub(in crate::fuzz::client) fn reset(&mut self) {
        if !self.ended {
            self.fail("Uncertain", "EOP-RSD-8");
        }
    }

    /// The connection fails.
    fn fail(&mut self, kind: &str, requirement: &'static str) {
        self.input.clear();
        if self.at_target && !self.answered {
            self.target_failed(kind, requirement, false);
        } else {
            self.end(kind, "", requirement);
        }
    }

    /// A target fails before it answered: the session goes back home, if that may be (EOP-FAI-4, EOP-FAI-5, EOP-FAI-8), or
    /// ends.
    fn target_failed(&mut self, cause: &str, requirement: &'static str, unconnected: bool) {
        let target = self.here;
        let moves = self.settings.moves.unwrap_or(MOVES);
        let most = self.settings.max_redirects.unwrap_or(MAX_REDIRECTS);
        let offered = self
            .queue
            .iter()
            .any(|message| message.state == State::Offered);
        let home = place(&self.places, "home");
        let cleared = self.half_closed && self.queue.is_empty();
        let may = self.settings.fallback && !offered && !cleared && self.moves < moves;
        match &mut self.episode {
            Some(episode) if may && !episode.fell_back() && episode.redirects() < most => {
                episode.moves.push((home, true));
            }
            Some(_) | None => {
                let detail = format!("target={target} cause={cause}");
                return self.finish("RedirectFailed", &detail, requirement, !unconnected);
            }
        }
        if !unconnected {
            self.show(Wire::Left, requirement);
        }
        for message in &mut self.queue {
            if message.state == State::Resent {
                message.state = State::Owed(None);
            }
        }
        self.depart();
        self.here = home;
        self.at_target = false;
        self.arrive("EOP-FAI-4");
    }
}

/// Why a client that is on loopback refuses a target under the default policy (section 8), for the targets that plans name;
/// nothing for a place of the runner's.
fn refusal(to: SocketAddrV4) -> Option<&'static str> {
    match to.ip().octets() {
        [0 | 224.., ..] => Some("forbidden"),
        _ if to.port() == 0 => Some("forbidden"),
        [10, ..] if to.port() >= 1024 => Some("insecure"),
        _ => None,
    }
}
