//! `client_ops`: an application, a transport and a server do anything at all to a client's session. A naive model
//! keeps a list of messages and, for each, what was offered of it on which connection; whatever the session says about
//! its messages has to follow from that.
//!
//! Input: an octet for the terms; then operations, an octet each with what they need.

use core::net::SocketAddrV4;
use std::collections::BTreeMap;

use eop_statemachine::client::Kind;
use eop_statemachine::policy::{Home, Policy};
use eop_statemachine::session::{
    Config, ConnectError, End, Event, Judged, Loss, Message, Resend, Resending, Status, Want,
};
use eop_statemachine::{Discipline, Service, Session};

use crate::by_hand::{self, Frame};
use crate::plan::Plan;

type Client = Session<6>;

const HOME: ([u8; 4], u16) = ([10, 0, 0, 1], 4000);
const TARGETS: [([u8; 4], u16); 8] = [
    HOME,
    ([10, 0, 0, 2], 4000),
    ([10, 0, 0, 3], 4000),
    ([10, 0, 0, 4], 4000),
    ([10, 0, 0, 5], 4000),
    ([10, 0, 0, 6], 4000),
    ([10, 0, 0, 7], 4000),
    ([10, 0, 0, 2], 0),
];
const LIMIT: u32 = 64;
const QUIET: u64 = 10_000;

fn endpoint((addr, port): ([u8; 4], u16)) -> SocketAddrV4 {
    SocketAddrV4::new(addr.into(), port)
}

/// A message that is neither answered nor dropped.
struct Live {
    number: u64,
    len: u32,
    /// A redirect came while it was outstanding.
    owed: bool,
    /// The current connection may have it: it is new, or the decision to resend it was made.
    decided: bool,
    never: bool,
    /// Octets offered of it, by connection.
    offered: BTreeMap<usize, u64>,
}

impl Live {
    fn frame_len(&self) -> u64 {
        12 + u64::from(self.len)
    }
}

struct World {
    session: Client,
    paired: bool,
    automatic: bool,
    greetings: usize,
    now: u64,
    live: Vec<Live>,
    /// For each connection so far, whether a redirect ended it.
    moved: Vec<bool>,
    connected: bool,
    /// What arrived on the current connection, and the messages that were delivered of it.
    received: Vec<u8>,
    delivered: Vec<Vec<u8>>,
    arriving: Vec<u8>,
    /// The episode: the endpoints followed in it, and its first redirector if that answered nothing.
    followed: Vec<SocketAddrV4>,
    redirector: Option<SocketAddrV4>,
    /// Whether a message was answered on the current connection.
    answered: bool,
    /// Since when there was a connection with the greetings there and nothing outstanding.
    quiet_since: Option<u64>,
    end: Option<End>,
}

/// # Panics
/// On a finding.
pub fn check(data: &[u8]) {
    let mut plan = Plan::new(data);
    let mut world = World::new(plan.octet());
    while !plan.is_over() {
        world.step(&mut plan);
        world.check_messages();
        world.check_want();
        world.check_end();
    }
}

impl World {
    fn new(terms: u8) -> Self {
        let paired = terms & 1 == 0;
        let automatic = paired && terms & 2 == 2;
        let greetings = terms >> 2 & 1;
        let config = Config {
            service: Service {
                discipline: if paired {
                    Discipline::Paired
                } else {
                    Discipline::Manual
                },
                greetings: u32::from(greetings),
                max_payload: LIMIT,
            },
            resending: if automatic {
                Resending::Automatic { budget: 20 }
            } else {
                Resending::Explicit
            },
            ..Config::default()
        };
        Self {
            session: Session::new(Home::v4(endpoint(HOME)), config, 0)
                .expect("a sound configuration"),
            paired,
            automatic,
            greetings: usize::from(greetings),
            now: 0,
            live: Vec::new(),
            moved: Vec::new(),
            connected: false,
            received: Vec::new(),
            delivered: Vec::new(),
            arriving: Vec::new(),
            followed: Vec::new(),
            redirector: None,
            answered: false,
            quiet_since: None,
            end: None,
        }
    }

    fn connection(&self) -> usize {
        self.moved.len().wrapping_sub(1)
    }

    fn step(&mut self, plan: &mut Plan<'_>) {
        let before = self.session.clone();
        let now = self.now;
        let accepted = match plan.below(21) {
            0 => {
                let len = u32::from(plan.below(20));
                let never = plan.octet() & 1 == 1;
                let resend = if never {
                    Resend::Never
                } else {
                    Resend::Allowed
                };
                let undecided = !self.automatic && self.live.iter().any(|live| !live.decided);
                let sent = self.session.send(len, resend, now);
                assert!(
                    !(undecided && sent.is_ok()),
                    "new, before the decision (EOP-RSD-13)"
                );
                if let Ok(number) = sent {
                    let live = Live {
                        number,
                        len,
                        never,
                        owed: false,
                        decided: true,
                        offered: BTreeMap::new(),
                    };
                    self.live.push(live);
                }
                sent.is_ok()
            }
            1 => self.retire(plan.below(4)),
            2 | 3 if self.session.want() == Want::Done => true,
            2 => {
                let hop = self.session.hop().wrapping_add(u32::from(plan.below(2)));
                let done = self.session.resend(hop, now).is_ok();
                assert!(
                    !done || hop == before.hop(),
                    "a decision for another hop is refused"
                );
                if done {
                    self.live.iter_mut().for_each(|live| live.decided = true);
                }
                done
            }
            3 => {
                let hop = self.session.hop().wrapping_add(u32::from(plan.below(2)));
                let done = self.session.drop_owed(hop, now).is_ok();
                assert!(
                    !done || hop == before.hop(),
                    "a decision for another hop is refused"
                );
                if done {
                    self.live.retain(|live| live.decided);
                }
                done
            }
            4 => self.session.half_close(now).is_ok(),
            5 => {
                if plan.below(8) == 0 {
                    self.session.close(now);
                }
                true
            }
            6 => self.session.settle().is_ok(),
            7 => {
                let done = self.session.connected(now).is_ok();
                if done && matches!(before.want(), Want::Connect(_)) {
                    self.moved.push(false);
                    self.connected = true;
                    self.answered = false;
                    self.received.clear();
                    self.delivered.clear();
                    self.arriving.clear();
                }
                done
            }
            8 => self
                .session
                .connect_failed(ConnectError::Failed, now)
                .is_ok(),
            9 => self.offer(u64::from(plan.octet())),
            10 => self.take_back(u64::from(plan.below(40))),
            11 => {
                let count = usize::from(plan.below(70));
                let payload = plan.octets(count).to_vec();
                self.receive(&by_hand::write(&Frame {
                    target: None,
                    payload,
                }));
                true
            }
            12 => {
                let target = Some(TARGETS[usize::from(plan.below(8))]);
                let count = usize::from(plan.below(5));
                let payload = plan.octets(count).to_vec();
                self.receive(&by_hand::write(&Frame { target, payload }));
                true
            }
            13 => {
                let count = usize::from(plan.octet());
                self.receive(plan.octets(count));
                true
            }
            14 => {
                let truncated = self.session.end_of_stream(now);
                if self.connected {
                    let whole = by_hand::read(&self.received, LIMIT, true);
                    assert_eq!(truncated.is_err(), whole.taken != self.received.len());
                }
                self.connected = false;
                true
            }
            15 => {
                self.session.lost(Loss::Reset, now);
                self.connected = false;
                true
            }
            16 => self.session.write_failed().is_ok(),
            17 => self.session.half_closed().is_ok(),
            18 => {
                self.now += u64::from(plan.below(16)) * 1000;
                self.session.expire(self.now);
                true
            }
            _ => self.judge(),
        };
        if !accepted {
            assert_eq!(self.session, before, "a refused act leaves no trace");
        }
        self.connected &= self.session.is_connected();
        let quiet =
            self.connected && self.delivered.len() >= self.greetings && self.live.is_empty();
        self.quiet_since = quiet.then(|| self.quiet_since.unwrap_or(now));
        if self
            .quiet_since
            .is_some_and(|since| self.now - since >= QUIET)
        {
            self.end_episode();
        }
    }

    fn end_episode(&mut self) {
        self.followed.clear();
        self.redirector = None;
    }

    fn retire(&mut self, count: u8) -> bool {
        let done = self.session.retire(u32::from(count), self.now).is_ok();
        if done {
            assert!(!self.paired, "in paired the application retires nothing");
            let retired = usize::from(count).min(self.live.len());
            for live in self.live.drain(..retired) {
                let complete = |octets: &u64| *octets == live.frame_len();
                assert!(
                    live.offered.values().any(complete),
                    "retired, and never completely offered"
                );
            }
            if count > 0 {
                self.answered |= self.connected;
                self.end_episode();
            }
        }
        done
    }

    fn offer(&mut self, octets: u64) -> bool {
        let Want::Write { message, from } = self.session.want() else {
            return self.session.offer(octets).is_ok_and(|()| octets == 0);
        };
        let connection = self.connection();
        let live = self
            .live
            .iter_mut()
            .find(|live| live.number == message)
            .expect("it is live");
        let fits = octets <= live.frame_len() - from;
        let done = self.session.offer(octets).is_ok();
        assert_eq!(done, fits, "as many octets as the message has left");
        if done && octets > 0 {
            *live.offered.entry(connection).or_default() += octets;
            for (earlier, _) in live
                .offered
                .iter()
                .filter(|(earlier, _)| **earlier < connection)
            {
                assert!(
                    self.moved[*earlier],
                    "offered twice, and no redirect between (EOP-RSD-7)"
                );
            }
        }
        done
    }

    /// Octets of the message that was offered last.
    fn take_back(&mut self, octets: u64) -> bool {
        let done = self.session.take_back(octets).is_ok();
        let connection = self.connection();
        if done && self.connected && octets > 0 {
            let of_it = |live: &&mut Live| live.offered.contains_key(&connection);
            let live = self
                .live
                .iter_mut()
                .rev()
                .find(of_it)
                .expect("something was offered");
            let offered = live.offered.get_mut(&connection).expect("of it");
            *offered = offered
                .checked_sub(octets)
                .expect("no more than was offered");
            if *offered == 0 {
                live.offered.remove(&connection);
            }
        }
        done
    }

    fn receive(&mut self, octets: &[u8]) {
        let mut input = octets;
        if self.connected {
            self.received.extend(octets);
        }
        let fault = loop {
            match self.session.receive(&mut input, self.now) {
                Ok(Some(event)) => {
                    assert!(self.connected, "nothing arrives without a connection");
                    self.event(event);
                }
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            }
        };
        let by_hand = by_hand::read(&self.received, LIMIT, true);
        let messages: Vec<&Vec<u8>> = by_hand
            .frames
            .iter()
            .filter(|frame| frame.target.is_none() || !frame.payload.is_empty())
            .map(|frame| &frame.payload)
            .collect();
        assert!(
            messages
                .iter()
                .zip(&self.delivered)
                .all(|(theirs, ours)| *theirs == ours)
        );
        assert!(self.delivered.len() <= messages.len());
        if fault.is_none() && self.connected {
            assert_eq!(
                self.delivered.len(),
                messages.len(),
                "every message is delivered"
            );
        }
        self.connected &= fault.is_none();
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Head { .. } => self.arriving.clear(),
            Event::Chunk(chunk) => self.arriving.extend(chunk),
            Event::Message(message) => self.message(message),
            Event::Redirect(message) => {
                if let Some(message) = message {
                    self.message(message);
                }
                let connection = self.connection();
                self.moved[connection] = true;
                if self.followed.is_empty() && !self.answered {
                    self.redirector = self.session.endpoint();
                }
                self.connected = false;
                for live in &mut self.live {
                    live.owed = true;
                    live.decided = false;
                }
            }
        }
    }

    fn message(&mut self, message: Message) {
        let greeting = self.delivered.len() < self.greetings;
        self.delivered.push(core::mem::take(&mut self.arriving));
        match message.kind {
            Kind::Greeting => assert!(greeting),
            Kind::Plain => assert!(!greeting && !self.paired),
            Kind::Answer => {
                assert!(!greeting && self.paired);
                let connection = self.connection();
                let oldest = self.live.remove(0);
                assert_eq!(
                    message.answers,
                    Some(oldest.number),
                    "the oldest is answered"
                );
                assert_eq!(
                    oldest.offered.get(&connection),
                    Some(&oldest.frame_len()),
                    "and all of it was offered"
                );
                self.answered = true;
                self.end_episode();
            }
        }
    }

    fn judge(&mut self) -> bool {
        let Want::Judge(proposal) = self.session.want() else {
            return true;
        };
        let verdict = Policy::default().judge(&proposal);
        let judged = self
            .session
            .judged(verdict, self.now)
            .expect("it was asked for");
        if let Judged::Followed(redirected) = judged {
            assert!(verdict.is_ok() && redirected.target.port() != 0);
            let owed = self.live.iter().filter(|live| live.owed).count();
            assert_eq!(
                redirected.owed as usize, owed,
                "what was outstanding at the redirect is owed"
            );
            assert!(
                !self.followed.contains(&redirected.target),
                "no endpoint twice (EOP-EPI-2)"
            );
            assert_ne!(
                self.redirector,
                Some(redirected.target),
                "nor back to the first one (EOP-EPI-3)"
            );
            self.followed.push(redirected.target);
            assert!(self.followed.len() <= 5, "no more than five (EOP-EPI-1)");
            if self.automatic {
                let mut octets = 0;
                for live in self.live.iter_mut().filter(|live| live.owed) {
                    octets += live.len;
                    if live.never || octets > 20 {
                        break;
                    }
                    live.decided = true;
                }
            }
        }
        true
    }

    /// What the session says about its messages follows from what was offered of them, where.
    fn check_messages(&self) {
        let messages: Vec<(u64, Status)> = self.session.messages().collect();
        let expected: Vec<(u64, Status)> = self
            .live
            .iter()
            .map(|live| {
                let uncertain = live
                    .offered
                    .keys()
                    .any(|connection| !self.moved[*connection]);
                let status = match (uncertain, live.owed) {
                    (true, _) => Status::Uncertain,
                    (false, true) => Status::Owed,
                    (false, false) => Status::Unsent,
                };
                (live.number, status)
            })
            .collect();
        assert_eq!(messages, expected);
        let counts = self.session.counts();
        assert_eq!(
            counts.owed + counts.unsent + counts.uncertain,
            self.session.outstanding()
        );
        assert_eq!(self.session.outstanding() as usize, self.live.len());
    }

    /// A message is wanted written only if it may be: the oldest that is not completely offered, after the greetings,
    /// and if it is owed, after the decision.
    fn check_want(&self) {
        let want = self.session.want();
        assert_eq!(want, self.session.want(), "asking changes nothing");
        if let Want::Write { message, from } = want {
            assert!(
                self.connected && self.delivered.len() >= self.greetings,
                "not before the greetings"
            );
            let connection = self.connection();
            let offered = |live: &Live| live.offered.get(&connection).copied().unwrap_or(0);
            let oldest = self
                .live
                .iter()
                .find(|live| offered(live) < live.frame_len());
            let oldest = oldest.expect("something is left to offer");
            assert_eq!((oldest.number, offered(oldest)), (message, from));
            assert!(oldest.decided, "owed, and nobody decided (EOP-RSD-11)");
        }
    }

    /// The end is final.
    fn check_end(&mut self) {
        if self.session.want() != Want::Done {
            assert!(self.end.is_none(), "over is over");
            return;
        }
        let end = self
            .session
            .end()
            .expect("a session that is over says how it ended");
        assert!(
            self.end.is_none_or(|before| before == end),
            "the end does not change"
        );
        if let End::RedirectLoop { target } = end
            && self.paired
        {
            let seen = self.followed.contains(&target) || self.redirector == Some(target);
            assert!(
                seen,
                "an endpoint that this episode has not seen is no loop"
            );
        }
        if end == End::Eof {
            assert!(
                self.live.is_empty(),
                "a clean end leaves nothing behind (EOP-FAI-6)"
            );
        }
        self.end = Some(end);
    }
}
