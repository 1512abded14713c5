//! The traces of `spec/traces.md`: histories that a plausible rule gets wrong. Each is told twice: with the rule
//! kept, when it must end well, and with the rule taken out, when it must not. The rule is taken out where an
//! adapter, an application or a server would break it; the machines stay the product's own.
//!
//! 8 and 9 are about sockets and are tested in `eop-net` and by the conformance suite; here is the machine's
//! part of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and says what matters to it"
)]

use std::net::SocketAddrV4;

use eop_statemachine::policy::{Home, Refusal};
use eop_statemachine::session::{
    Bounds, Cause, Config, ConnectError, Counts, End, Event, Fallback, Judged, Loss, Place, Resend,
    Session, State, Want,
};
use eop_statemachine::{Discipline, Server, Service, Why, server};
use eop_wire::Frame;

/// Whether the rule that a trace is about is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Kept,
    Out,
}
use Rule::{Kept, Out};

/// How a trace ended: well, or with the harm that the rule prevents.
type Outcome = Result<(), &'static str>;

fn unless(harm: bool, what: &'static str) -> Outcome {
    if harm { Err(what) } else { Ok(()) }
}

/// The rule decides: with it the trace ends well, without it with this harm.
fn decides(trace: fn(Rule) -> Outcome, harm: &'static str) {
    assert_eq!(trace(Kept), Ok(()));
    assert_eq!(trace(Out), Err(harm));
}

fn endpoint(name: char) -> SocketAddrV4 {
    let port = 4000 + u16::try_from(u32::from(name) - u32::from('A')).unwrap();
    SocketAddrV4::new([127, 0, 0, 1].into(), port)
}

fn n(payload: &str) -> Vec<u8> {
    Frame::normal(payload.as_bytes())
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

fn r(to: char, payload: &str) -> Vec<u8> {
    Frame::redirect(endpoint(to), payload.as_bytes())
        .unwrap()
        .encode()
        .chunks()
        .concat()
}

/// A client at home, which is B, with everything that its application sees.
struct Client {
    session: Session<8>,
    now: u64,
    /// Messages delivered on the present connection.
    inbox: Vec<String>,
    /// The client's messages that they answered.
    answered: Vec<u64>,
}

impl Client {
    fn dialing(config: Config) -> Self {
        let session = Session::new(Home::v4(endpoint('B')), config, 0).unwrap();
        Self {
            session,
            now: 0,
            inbox: Vec::new(),
            answered: Vec::new(),
        }
    }

    fn at_home(config: Config) -> Self {
        let mut client = Self::dialing(config);
        client.connect();
        client
    }

    fn connect(&mut self) {
        self.session.connected(self.now).unwrap();
    }

    fn send(&mut self) -> u64 {
        self.session.send(1, Resend::Allowed, self.now).unwrap()
    }

    /// Offers everything that is to be written, and returns it.
    fn write(&mut self) -> Vec<u64> {
        let mut written = Vec::new();
        while let Want::Write { message, .. } = self.session.want() {
            self.session.offer(13).unwrap();
            written.push(message);
        }
        written
    }

    /// Octets arrive; a redirect among them is judged to be followed.
    fn read(&mut self, octets: &[u8]) {
        let mut input = octets;
        let mut payload = String::new();
        while let Ok(Some(event)) = self.session.receive(&mut input, self.now) {
            let message = match event {
                Event::Head { .. } => {
                    payload.clear();
                    None
                }
                Event::Chunk(chunk) => {
                    payload.push_str(std::str::from_utf8(chunk).unwrap());
                    None
                }
                Event::Message(message) => Some(message),
                Event::Redirect(message) => message,
            };
            if let Some(message) = message {
                self.inbox.push(payload.clone());
                self.answered.extend(message.answers);
            }
        }
        if matches!(self.session.want(), Want::Judge(_)) {
            let _: Judged = self.session.judged(Ok(()), self.now).unwrap();
        }
    }

    /// Follows a redirect and resends what is owed.
    fn move_and_resend(&mut self) -> Vec<u64> {
        self.connect();
        if self.session.is_undecided() {
            self.session.resend(self.session.hop(), self.now).unwrap();
        }
        self.write()
    }

    fn is_moving(&self) -> bool {
        self.session.state() == State::Moving
    }
}

fn paired() -> Config {
    Config::default()
}

fn manual() -> Config {
    let service = Service {
        discipline: Discipline::Manual,
        ..Service::default()
    };
    Config {
        service,
        ..Config::default()
    }
}

fn greeting(greetings: u32) -> Config {
    Config {
        service: Service {
            greetings,
            ..Service::default()
        },
        ..Config::default()
    }
}

fn with_fallback() -> Config {
    Config {
        fallback: Fallback::Home,
        ..Config::default()
    }
}

/// Shows EOP-FAI-5.
#[test]
fn trace_1_a_fallback_after_an_offer_runs_a_message_twice() {
    decides(trace_1, "q was acted on twice");
}

fn trace_1(rule: Rule) -> Outcome {
    let mut client = Client::at_home(with_fallback());
    let q = client.send();
    client.write();
    client.read(&r('C', ""));
    let mut acted_on_at_c = client.move_and_resend();
    client.session.lost(Loss::Reset, client.now);
    let goes_home = client.session.want() == Want::Connect(Place::Home);
    if goes_home || rule == Out {
        acted_on_at_c.extend(client.session.messages().map(|(message, _)| message)); // at home, again
    }
    unless(acted_on_at_c != [q], "q was acted on twice")
}

/// Shows EOP-ACC-6.
#[test]
fn trace_2_a_greeting_that_crosses_a_message_does_not_answer_it() {
    decides(trace_2, "q was lost in silence");
}

fn trace_2(rule: Rule) -> Outcome {
    let mut client = Client::at_home(greeting(u32::from(rule == Kept)));
    let q = client.send();
    client.write();
    client.read(&n("greeting"));
    client.read(&r('C', ""));
    let known = client.session.messages().any(|(message, _)| message == q);
    unless(
        !known && client.inbox != ["answer"],
        "q was lost in silence",
    )
}

/// Shows EOP-ACC-5 and EOP-ACC-6.
#[test]
fn trace_3_a_greeting_of_the_target_does_not_answer_what_was_resent() {
    decides(trace_3, "the greeting answered q");
}

fn trace_3(rule: Rule) -> Outcome {
    let mut client = Client::at_home(greeting(u32::from(rule == Kept)));
    let q = client.send();
    client.read(&r('C', "")); // in place of home's greeting
    client.move_and_resend();
    client.read(&n("greeting"));
    unless(client.answered == [q], "the greeting answered q")?;
    assert_eq!(client.write(), [q]);
    client.read(&n("answer"));
    unless(client.answered != [q], "the answer answered nothing")
}

/// Shows EOP-ACC-14.
#[test]
fn trace_4_what_was_answered_can_be_retired_after_the_redirect() {
    decides(trace_4, "q1 was resent although answered");
}

fn trace_4(rule: Rule) -> Outcome {
    let mut client = Client::at_home(manual());
    client.send();
    client.write();
    client.read(&[n("r1"), r('C', "")].concat());
    if rule == Out {
        client.session.resend(1, client.now).unwrap();
    } else {
        client.session.retire(1, client.now).unwrap();
    }
    client.connect();
    unless(
        !client.write().is_empty(),
        "q1 was resent although answered",
    )
}

/// Shows EOP-EPI-11.
#[test]
fn trace_5_hours_later_the_way_back_is_no_loop() {
    decides(trace_5, "a loop, hours later");
}

fn trace_5(rule: Rule) -> Outcome {
    let quiet = if rule == Kept { 10_000 } else { u64::MAX };
    let bounds = Bounds {
        quiet,
        ..Bounds::default()
    };
    let mut client = Client::at_home(Config { bounds, ..paired() });
    client.read(&r('C', ""));
    client.connect();
    client.now += 3 * 3_600_000;
    client.read(&r('B', ""));
    unless(!client.is_moving(), "a loop, hours later")
}

/// Shows EOP-EPI-6.
#[test]
fn trace_6_a_target_may_take_its_time_for_an_answer() {
    decides(trace_6, "the deadline struck");
}

fn trace_6(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    let q = client.send();
    client.write();
    client.read(&r('C', ""));
    let from_the_first_redirect = client.session.deadline();
    client.move_and_resend();
    let deadline = if rule == Kept {
        client.session.deadline()
    } else {
        from_the_first_redirect
    };
    client.now += 40_000;
    if deadline.is_some_and(|deadline| deadline <= client.now) {
        client.session.expire(client.now);
        client.session.lost(Loss::Timeout, client.now); // whatever the session says
    }
    client.read(&n("answer"));
    unless(client.answered != [q], "the deadline struck")
}

#[test]
fn trace_7_greetings_and_redirects_for_ever_are_bounded() {
    decides(trace_7, "it never ended");
}

fn trace_7(rule: Rule) -> Outcome {
    let mut client = Client::at_home(greeting(1));
    for target in 'C'..='Z' {
        client.read(&n("greeting"));
        if rule == Out {
            client.now += 10_000; // as good as the end of the episode
        }
        client.read(&r(target, ""));
        if let Some(end) = client.session.end() {
            assert_eq!(
                end,
                End::TooManyRedirects {
                    target: endpoint('H')
                }
            );
            return Ok(());
        }
        client.connect();
    }
    Err("it never ended")
}

/// Shows EOP-CLS-1.
#[test]
fn trace_8_a_server_that_redirected_waits_for_the_clients_end() {
    let mut server = Server::new(&Service::default());
    server.receive(&mut &n("q")[..]).unwrap();
    let _ = server.redirect(endpoint('C')).unwrap();
    for _ in 0..3 {
        assert_eq!(
            server.want(),
            server::Want::Drain,
            "it does not close before the client does"
        );
        assert_eq!(server.receive(&mut &n("pipelined")[..]), Ok(None));
    }
    server.end_of_stream().unwrap();
    assert_eq!(server.want(), server::Want::Close, "and then at once");
}

/// Shows EOP-CLS-12.
#[test]
fn trace_9_a_stall_ends_the_session_and_is_named() {
    let mut client = Client::at_home(paired());
    client.send();
    client.session.offer(5).unwrap();
    client.session.lost(Loss::Stall, client.now);
    assert_eq!(client.session.end(), Some(End::Failed(Cause::Stall)));
    assert_eq!(
        client.session.counts(),
        Counts {
            uncertain: 1,
            ..Counts::default()
        }
    );
}

/// Shows EOP-CLS-10.
#[test]
fn trace_10_a_redirect_is_seen_behind_a_write_error() {
    decides(trace_10, "the redirect was not seen");
}

fn trace_10(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    client.send();
    client.session.offer(13).unwrap();
    if rule == Kept {
        client.session.write_failed().unwrap();
    } else {
        client.session.lost(Loss::Reset, client.now);
    }
    client.read(&r('C', ""));
    unless(!client.is_moving(), "the redirect was not seen")
}

/// Shows EOP-CLS-2.
#[test]
fn trace_11_a_server_that_drains_blames_nobody() {
    decides(trace_11, "the client was blamed while the server drained");
}

fn trace_11(rule: Rule) -> Outcome {
    let mut server = Server::new(&Service::default());
    if rule == Kept {
        let _ = server.redirect(endpoint('C')).unwrap();
    } // else it sends the octets of the redirect, and goes on as if nothing had happened
    let garbage = server.receive(&mut &b"\xff\xff\xff"[..]);
    unless(
        garbage.is_err(),
        "the client was blamed while the server drained",
    )
}

/// Shows EOP-FRM-8.
#[test]
fn trace_12_an_empty_answer_is_an_answer() {
    decides(trace_12, "q is resent though it was answered");
}

fn trace_12(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    client.send();
    client.write();
    let mut server = Server::new(&Service::default());
    let mut request = &n("q")[..];
    while server.receive(&mut request).unwrap().is_some() {}
    let (empty, redirect) = server
        .respond_and_redirect(b"", endpoint('C'))
        .unwrap()
        .into_frames();
    if rule == Kept {
        client.read(&empty.unwrap().chunks().concat());
    }
    client.read(&redirect.chunks().concat());
    unless(
        !client.move_and_resend().is_empty(),
        "q is resent though it was answered",
    )
}

#[test]
fn trace_13_a_fallback_does_not_overtake_what_was_offered() {
    decides(trace_13, "m2 was acted on before m1");
}

fn trace_13(rule: Rule) -> Outcome {
    let mut client = Client::at_home(with_fallback());
    client.read(&r('C', ""));
    client.connect();
    let m1 = client.send();
    client.write();
    let m2 = client.send();
    client.session.lost(Loss::Reset, client.now);
    let mut acted = Vec::new();
    if client.session.want() == Want::Connect(Place::Home) || rule == Out {
        acted.push(m2); // at home
    }
    acted.push(m1); // at C, which the reset did not reach
    unless(!acted.is_sorted(), "m2 was acted on before m1")
}

/// Shows EOP-EPI-3.
#[test]
fn trace_14_after_an_answer_the_way_back_is_no_loop() {
    decides(trace_14, "a loop, though a message was answered");
}

fn trace_14(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    client.read(&r('C', ""));
    client.connect();
    client.send();
    client.write();
    client.now += 5_000;
    client.read(&n("answer"));
    if rule == Out {
        // An application that remembers every endpoint of the session.
        let mut input = &r('B', "")[..];
        client.session.receive(&mut input, client.now).unwrap();
        let _ = client
            .session
            .judged(Err(Refusal::Denied), client.now)
            .unwrap();
    } else {
        client.read(&r('B', ""));
    }
    unless(!client.is_moving(), "a loop, though a message was answered")
}

/// Shows EOP-EPI-4.
#[test]
fn trace_15_a_payload_that_answers_nothing_does_not_end_the_episode() {
    decides(trace_15, "it never ended");
}

fn trace_15(rule: Rule) -> Outcome {
    let mut client = Client::at_home(manual());
    for target in ['C', 'B'].into_iter().cycle().take(20) {
        if rule == Out && !client.inbox.is_empty() {
            client.now += 10_000; // as good as the end of the episode
        }
        client.read(&r(target, "note"));
        if let Some(end) = client.session.end() {
            assert_eq!(
                end,
                End::RedirectLoop {
                    target: endpoint('B')
                }
            );
            return Ok(());
        }
        client.connect();
    }
    Err("it never ended")
}

/// Shows EOP-HCL-3.
#[test]
fn trace_16_half_closed_and_answered_is_a_clean_end() {
    decides(trace_16, "it connects to find nothing to do");
}

fn trace_16(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    client.send();
    client.write();
    if rule == Kept {
        client.session.half_close(client.now).unwrap();
        client.session.half_closed().unwrap();
    } // else the adapter half-closes the socket alone
    client.read(&r('C', "answer"));
    assert_eq!(client.inbox, ["answer"]);
    unless(
        client.session.end() != Some(End::Eof),
        "it connects to find nothing to do",
    )
}

#[test]
fn trace_17_octets_are_offered_before_they_are_written() {
    decides(trace_17_answer, "the answer was blamed");
    decides(trace_17_reset, "m1 counts as unsent");
}

fn trace_17_answer(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    let m1 = client.send();
    if rule == Kept {
        client.write();
    } // else it is written, and the report is still on its way
    client.read(&n("answer"));
    unless(client.answered != [m1], "the answer was blamed")
}

fn trace_17_reset(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    client.send();
    if rule == Kept {
        client.write();
    }
    client.session.lost(Loss::Reset, client.now);
    unless(client.session.counts().unsent > 0, "m1 counts as unsent")
}

#[test]
fn trace_18_what_is_uncertain_can_be_retired_at_the_end() {
    decides(trace_18, "q is listed though its answer was delivered");
}

fn trace_18(rule: Rule) -> Outcome {
    let mut client = Client::at_home(manual());
    client.send();
    client.write();
    client.read(&n("answer"));
    client.session.lost(Loss::Reset, client.now);
    if rule == Out {
        client.session.settle().unwrap();
    } else {
        client.session.retire(1, client.now).unwrap();
    }
    assert_eq!(client.session.end(), Some(End::Failed(Cause::Uncertain)));
    let listed = client.session.counts().uncertain;
    unless(listed > 0, "q is listed though its answer was delivered")
}

/// Shows EOP-RSD-12.
#[test]
fn trace_19_a_decision_is_for_its_hop() {
    decides(trace_19, "the decision for C was taken for D");
}

fn trace_19(rule: Rule) -> Outcome {
    let mut client = Client::at_home(paired());
    client.send();
    client.write();
    client.read(&r('C', ""));
    let hop_to_c = client.session.hop();
    client.connect();
    client.read(&r('D', ""));
    client.connect();
    let said_for = if rule == Kept {
        hop_to_c
    } else {
        client.session.hop()
    };
    if let Err(misuse) = client.session.resend(said_for, client.now) {
        assert_eq!(misuse.why, Why::StaleDecision);
    }
    unless(
        !client.write().is_empty(),
        "the decision for C was taken for D",
    )
}

#[test]
fn a_target_that_cannot_be_had_falls_back_home_with_what_was_not_offered() {
    let mut client = Client::at_home(with_fallback());
    let q = client.send();
    client.write();
    client.read(&r('C', ""));
    client
        .session
        .connect_failed(ConnectError::Failed, client.now)
        .unwrap();
    assert_eq!(client.session.want(), Want::Connect(Place::Home));
    assert_eq!(
        (client.session.hop(), client.move_and_resend()),
        (2, vec![q])
    );
}
