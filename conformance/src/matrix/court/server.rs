//! What the server's octets and ends prove of it.

use std::net::{Ipv4Addr, SocketAddrV4};

use eop_wire::{RawHeader, opcode};

use super::{Court, Guilt, News, Plea, Trial, padded};
use crate::case::Role;
use crate::matrix::service::Due;
use crate::octets::{n, r_with};
use crate::timeline::{describe, frame, hex};
use crate::verdict::End;

fn guilty(
    requirement: &'static str,
    expected: impl Into<String>,
    observed: impl Into<String>,
) -> Guilt {
    Guilt::of(Role::Server, requirement, expected.into(), observed.into())
}

impl Due {
    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Message(payload) => n(payload),
            Self::Count => n("1"),
            Self::Redirect(to, payload) => r_with(*to, payload),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Message(_) | Self::Redirect(..) => describe(&self.octets()),
            Self::Count => "N(a count)".to_owned(),
        }
    }

    /// Whether a payload of so many octets can be its.
    fn has_length(&self, octets: usize) -> bool {
        match self {
            Self::Message(payload) | Self::Redirect(_, payload) => payload.len() == octets,
            Self::Count => (1..=10).contains(&octets),
        }
    }
}

impl Court<'_> {
    pub(super) fn server_sends(&mut self, number: usize, octets: &[u8]) -> Plea {
        let Some(trial) = self
            .connections
            .iter_mut()
            .find(|trial| trial.on.number == number)
        else {
            return Ok(());
        };
        if trial.redirect.is_some() {
            return Err(guilty(
                "EOP-RED-8",
                "nothing behind a REDIRECT",
                describe(octets),
            ));
        }
        trial.server.rest.extend_from_slice(octets);
        while let Some(header) = trial.server.header() {
            check_header(trial, header)?;
            let Some((header, payload)) = trial.server.take() else {
                return Ok(());
            };
            check_payload(trial, header, &payload)?;
            let greets = trial.greetings > 0;
            let mut answers = true;
            match trial.due.pop_front() {
                Some(Due::Message(_) | Due::Count) => {
                    self.unheard.push_back(News::Message(payload))
                }
                Some(Due::Redirect(to, _)) => {
                    trial.redirect = Some(to);
                    trial.due.clear();
                    answers = !payload.is_empty();
                    if answers {
                        self.unheard.push_back(News::LateAnswer(payload));
                    }
                    self.unheard.push_back(News::Move(to));
                }
                None => {}
            }
            if greets && answers {
                trial.greetings = trial.greetings.saturating_sub(1);
            } else if answers {
                self.answered = self.answered.saturating_add(1);
            }
            if trial.redirect.is_some() && !trial.server.rest.is_empty() {
                let observed = describe(&trial.server.rest);
                return Err(guilty("EOP-RED-8", "nothing behind a REDIRECT", observed));
            }
        }
        Ok(())
    }

    pub(super) fn server_ends(&mut self, number: usize, end: End) -> Plea {
        let closed = self.closed;
        let Some(trial) = self
            .connections
            .iter_mut()
            .find(|trial| trial.on.number == number)
        else {
            return Ok(());
        };
        trial.server.ended = Some(end);
        let label = &trial.on.label;
        if trial.client.ended == Some(End::Reset) || closed && trial.client.ended.is_some() {
            return Ok(());
        }
        if !trial.server.rest.is_empty() {
            let observed = format!("the end inside {}", describe(&trial.server.rest));
            return Err(guilty("EOP-FRM-1", "the whole of a frame", observed));
        }
        match (trial.redirect, trial.client.ended, end) {
            (Some(_), None, End::Reset) => Err(guilty(
                "EOP-CLS-7",
                format!("no reset at {label} behind the REDIRECT"),
                "RST",
            )),
            (Some(_), None, End::Fin | End::Cut) => Err(guilty(
                "EOP-TST-11",
                format!("no FIN at {label} before the client's"),
                "FIN",
            )),
            (None, None, _) => Err(guilty(
                "EOP-TST-14",
                format!("the connection to {label} goes on"),
                format!("it ends ({end})"),
            )),
            (None, Some(_), _) => match trial.due.front() {
                Some(due) => Err(guilty("EOP-HCL-1", due.shown(), format!("the end ({end})"))),
                None => Ok(()),
            },
            (Some(_), Some(_), _) => Ok(()),
        }
    }

    /// What the server has not done, though everything that it waits for was there.
    pub(super) fn server_owes(&self) -> Option<Guilt> {
        for trial in &self.connections {
            let label = &trial.on.label;
            if trial.client.ended == Some(End::Reset) || trial.server.ended.is_some() {
                continue;
            }
            if !trial.server.rest.is_empty() {
                let rest = hex(&trial.server.rest);
                return Some(guilty(
                    "EOP-FRM-1",
                    format!("the rest of a frame at {label}"),
                    format!("only {rest}"),
                ));
            }
            if let Some(due) = trial.due.front().filter(|_| !self.closed) {
                let expected = format!("{} at {label}", due.shown());
                return Some(guilty("EOP-TST-14", expected, "nothing in time"));
            }
            if trial.client.ended.is_some() {
                let requirement = if trial.redirect.is_some() {
                    "EOP-CLS-5"
                } else {
                    "EOP-HCL-5"
                };
                let expected = format!("the server ends the connection to {label}");
                return Some(guilty(requirement, expected, "nothing in time"));
            }
        }
        None
    }
}

/// A header that no frame can have which the server has to send here.
fn check_header(trial: &Trial, header: RawHeader) -> Plea {
    let rest = &trial.server.rest;
    let due = trial.due.front();
    let wanted = due.map_or_else(|| "nothing: no request waits".to_owned(), Due::shown);
    let broken = match (header.opcode, due) {
        (opcode::NORMAL, _) if header.port != 0 || !header.addr.is_unspecified() => {
            Some("EOP-FRM-6")
        }
        (opcode::NORMAL | opcode::REDIRECT, None) => Some("EOP-ACC-2"),
        (opcode::NORMAL, Some(Due::Message(_) | Due::Count)) => None,
        (opcode::NORMAL, Some(Due::Redirect(_, payload))) if payload.is_empty() => {
            Some("EOP-TST-24")
        }
        (opcode::NORMAL, Some(Due::Redirect(..))) => Some("EOP-RED-3"),
        (opcode::REDIRECT, Some(Due::Redirect(to, _))) => wrong_target(header, *to),
        (opcode::REDIRECT, Some(Due::Message(payload)))
            if payload.is_empty() && trial.due.len() > 1 =>
        {
            Some("EOP-RED-4")
        }
        (opcode::REDIRECT, Some(Due::Message(_) | Due::Count)) => Some("EOP-TST-14"),
        (0x1001..=0x13ff, _) => Some("EOP-EXT-1"),
        (_, Some(due)) if padded(rest, &due.octets()) => Some("EOP-FRM-3"),
        _ => Some("EOP-OPC-1"),
    };
    if let Some(broken) = broken {
        return Err(guilty(broken, wanted, describe(rest)));
    }
    let announced = usize::try_from(header.slen).unwrap_or(usize::MAX);
    if !trial.due.iter().any(|due| due.has_length(announced)) {
        return Err(guilty("EOP-FRM-1", wanted, describe(rest)));
    }
    Ok(())
}

fn wrong_target(header: RawHeader, to: SocketAddrV4) -> Option<&'static str> {
    let named = SocketAddrV4::new(header.addr, header.port);
    if named == to {
        return None;
    }
    let mut turned = to.ip().octets();
    turned.reverse();
    let turned = Ipv4Addr::from(turned);
    let misread = named.ip() == &turned || named.port() == to.port().swap_bytes();
    Some(if misread { "EOP-FRM-1" } else { "EOP-TST-9" })
}

fn check_payload(trial: &Trial, header: RawHeader, payload: &[u8]) -> Plea {
    let Some(due) = trial.due.front() else {
        return Ok(());
    };
    let right = match due {
        Due::Message(expected) | Due::Redirect(_, expected) => expected == payload,
        Due::Count => payload.iter().all(u8::is_ascii_digit),
    };
    if right {
        return Ok(());
    }
    let later = trial
        .due
        .iter()
        .any(|due| *due == Due::Message(payload.to_vec()));
    let broken = match due {
        Due::Redirect(..) => "EOP-TST-25",
        Due::Message(_) | Due::Count if later => "EOP-ACC-3",
        Due::Message(_) => "EOP-TST-23",
        Due::Count => "EOP-TST-16",
    };
    Err(guilty(broken, due.shown(), frame(header, payload)))
}
