//! `session`: an application, a transport, a server and a clock do anything at all to a client's session, under any
//! policy and any bounds. It is compared with a naive model that is made of the specification's sentences: every answer
//! is foretold, and so are every refusal, every want, every deadline and the end.
//!
//! Input: four octets for the terms; then operations, an octet each with what they need.

mod bounds;
mod model;
mod policy;
mod terms;

use eop_statemachine::policy::Proposal;
use eop_statemachine::session::{
    ConnectError, Event, Judged, Loss, Message, Redirected, Resend, Want,
};
use eop_statemachine::{PeerError, Session};

use crate::by_hand::{self, Frame};
use crate::plan::Plan;
use model::{Model, Told};
use terms::{ENDPOINTS, ROOM, Terms};

struct Pair {
    real: Session<ROOM>,
    model: Model,
    arriving: Vec<u8>,
}

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let terms = Terms::new(&mut plan);
    let mut pair = Pair {
        real: Session::new(terms.home(), terms.config(), 0).expect("a sound configuration"),
        model: Model::new(terms),
        arriving: Vec::new(),
    };
    while !plan.is_over() {
        pair.step(&mut plan);
        if !pair.model.is_quiet() {
            pair.model.course.disturb();
        }
        pair.compare();
    }
}

impl Pair {
    fn step(&mut self, plan: &mut Plan<'_>) {
        let before = self.real.clone();
        let now = self.model.now;
        let (real, model) = (&mut self.real, &mut self.model);
        let (done, expected) = match plan.below(24) {
            0 | 1 => {
                let (len, never) = (u32::from(plan.below(20)), plan.below(8) == 0);
                let resend = if never {
                    Resend::Never
                } else {
                    Resend::Allowed
                };
                let number = real.send(len, resend, now).ok();
                let expected = model.send(len, never);
                assert_eq!(number, expected);
                (number.is_some(), expected.is_some())
            }
            2 => {
                let count = u32::from(plan.below(4));
                (
                    real.retire(count, now).is_ok(),
                    model.retire(count as usize),
                )
            }
            3 => {
                let hop = real.hop().wrapping_sub(u32::from(plan.below(4) == 3));
                (real.resend(hop, now).is_ok(), model.resend(hop))
            }
            4 => {
                let hop = real.hop().wrapping_sub(u32::from(plan.below(4) == 3));
                (real.drop_owed(hop, now).is_ok(), model.drop_owed(hop))
            }
            5 => (real.half_close(now).is_ok(), model.half_close()),
            6 => (real.settle().is_ok(), model.settle()),
            7 if plan.below(8) == 0 => {
                real.close(now);
                model.close();
                return;
            }
            8 | 9 => (real.connected(now).is_ok(), model.connected()),
            10 => {
                let (error, cause) = [
                    (ConnectError::Failed, "ConnectFailed"),
                    (ConnectError::Timeout, "Timeout"),
                    (ConnectError::Tls, "TlsFailed"),
                ][usize::from(plan.below(3))];
                let done = real.connect_failed(error, now).is_ok();
                (done, model.connect_failed(cause))
            }
            11 | 12 => {
                let octets = match plan.octet() {
                    most @ 128.. => wanted(real).unwrap_or(u64::from(most)),
                    few => u64::from(few),
                };
                (real.offer(octets).is_ok(), model.offer(octets))
            }
            13 => {
                let octets = u64::from(plan.below(40));
                (real.take_back(octets).is_ok(), model.take_back(octets))
            }
            14 => (real.write_failed().is_ok(), model.write_failed()),
            15 => (real.half_closed().is_ok(), model.half_closed()),
            16 => {
                let result = real.end_of_stream(now);
                let fault = model.end_of_stream();
                assert_eq!(result.err().as_ref().map(PeerError::kind), fault);
                return;
            }
            17 => {
                let (loss, cause) = [
                    (Loss::Reset, "Uncertain"),
                    (Loss::Stall, "Stall"),
                    (Loss::Timeout, "Timeout"),
                    (Loss::Tls, "TlsFailed"),
                ][usize::from(plan.below(4))];
                real.lost(loss, now);
                model.lost(cause);
                return;
            }
            18 => {
                model.pass(u64::from(plan.below(16)) * 1000);
                return;
            }
            19 => {
                real.expire(now);
                model.expire();
                return;
            }
            op => {
                let octets = server_says(op, plan);
                let (told, fault) = self.receive(&octets);
                let expected = self.model.receive(&octets);
                assert_eq!((told, fault), expected);
                self.judge();
                return;
            }
        };
        assert_eq!(done, expected, "in {:?}", before.state());
        if !done {
            assert_eq!(*real, before, "a refused act leaves no trace");
        }
        self.judge();
    }

    /// Everything that the machine makes of these octets.
    fn receive(&mut self, octets: &[u8]) -> (Vec<Told>, Option<&'static str>) {
        let (mut input, mut told) = (octets, Vec::new());
        let message = |Message { kind, answers }| (kind, answers);
        if !self.real.is_connected() {
            self.arriving.clear();
        }
        loop {
            match self.real.receive(&mut input, self.model.now) {
                Ok(Some(Event::Head { kind, len })) => {
                    self.arriving.clear();
                    told.push(Told::Head(kind, len));
                }
                Ok(Some(Event::Chunk(chunk))) => self.arriving.extend(chunk),
                Ok(Some(Event::Message(Message { kind, answers }))) => {
                    told.push(Told::Message(kind, answers, self.arriving.clone()));
                }
                Ok(Some(Event::Redirect(with))) => {
                    let payload = with.map(|_| self.arriving.clone());
                    told.push(Told::Redirect(
                        with.map(message),
                        payload.unwrap_or_default(),
                    ));
                }
                Ok(None) => return (told, None),
                Err(fault) => return (told, Some(fault.kind())),
            }
        }
    }

    /// If a target is to be judged, the policy judges it, which is foretold too.
    fn judge(&mut self) {
        let Want::Judge(proposal) = self.real.want() else {
            return;
        };
        let (to, late) = self.model.redirect().expect("there was a redirect");
        let expected = Proposal {
            home: self.model.terms.home(),
            current: self.model.endpoint(),
            target: to,
            hop: self.model.course.hop() as u32 + 1,
            secured: self.model.terms.secured,
        };
        assert_eq!(proposal, expected);
        let verdict = self.model.terms.policy().judge(&proposal);
        let judged = self.real.judged(verdict, self.model.now);
        let owed = self.model.owed() as u32;
        let followed = self.model.judged();
        let expected = if followed {
            Judged::Followed(Redirected {
                target: to,
                owed,
                late,
                hop: self.model.course.hop() as u32,
                decide: self.model.awaits_decision(),
            })
        } else {
            Judged::NotFollowed
        };
        assert_eq!(judged, Ok(expected));
    }

    fn compare(&self) {
        let (real, model) = (&self.real, &self.model);
        if let Some(want) = model.want() {
            assert_eq!(real.want(), want, "{:?}", real.state());
        }
        assert_eq!(real.messages().collect::<Vec<_>>(), model.statuses());
        let counts = real.counts();
        let sum = counts.owed + counts.unsent + counts.uncertain;
        assert_eq!(sum, real.outstanding());
        assert_eq!(real.is_undecided(), model.awaits_decision());
        assert_eq!(real.is_connected(), model.is_connected());
        assert_eq!(real.hop() as usize, model.course.hop());
        assert_eq!(
            (real.place(), real.endpoint()),
            (model.place(), model.endpoint())
        );
        let end = real
            .end()
            .map(|end| (end.kind(), end.target(), detail(&end)));
        assert_eq!(end, model.end());
        let deadline = model.is_timed().then(|| model.now + model.course.left());
        match (real.deadline(), deadline) {
            // Who comes late finds it in the past.
            (Some(at), Some(_)) if model.course.has_run_out() => assert!(at <= model.now),
            (ours, theirs) => assert_eq!(ours, theirs),
        }
    }
}

/// Octets that are left of the message that is to be written: the most that the machine takes. Whether so many are left is
/// for the model to say.
fn wanted(session: &Session<ROOM>) -> Option<u64> {
    let Want::Write { .. } = session.want() else {
        return None;
    };
    (12..40)
        .rev()
        .find(|octets| session.clone().offer(*octets).is_ok())
}

/// A message, a redirect, or anything.
fn server_says(op: u8, plan: &mut Plan<'_>) -> Vec<u8> {
    match op {
        20 => {
            let count = usize::from(plan.below(70));
            let payload = plan.octets(count).to_vec();
            by_hand::write(&Frame {
                target: None,
                payload,
            })
        }
        21 | 22 => {
            let target = Some(ENDPOINTS[usize::from(plan.below(12))]);
            let count = usize::from(plan.below(3));
            let payload = plan.octets(count).to_vec();
            by_hand::write(&Frame { target, payload })
        }
        _ => {
            let count = usize::from(plan.octet());
            plan.octets(count).to_vec()
        }
    }
}

/// The word for a cause or a refusal.
fn detail(end: &eop_statemachine::session::End) -> &'static str {
    use eop_statemachine::session::End;
    match end {
        End::Failed(cause) | End::RedirectFailed { cause, .. } => cause.kind(),
        End::RedirectRefused { reason, .. } => reason.word(),
        _ => "",
    }
}
