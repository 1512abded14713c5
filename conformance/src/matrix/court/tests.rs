//! Timelines that no honest pair makes, and one that it does.

use super::*;
use crate::octets::{n, r, r_with};
use crate::timeline::Log;

const B: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 2);

/// A client that was given `request`, has connected to home and has sent it.
struct Asked {
    log: Log,
    home: Arc<Connection>,
}

impl Asked {
    fn with(request: &str) -> Self {
        let log = Log::begin();
        log.line(Side::Runner, "connect 127.0.0.1:1");
        let home = connection(&log, "home", 1);
        log.line(
            Side::Testee,
            "connected 127.0.0.1:1 local=127.0.0.1:9 hop=0",
        );
        let asked = Self { log, home };
        asked.given(request);
        asked.client(&n(request));
        asked
    }

    fn given(&self, message: &str) {
        let payload = crate::octets::payload(message.as_bytes());
        self.log.line(Side::Runner, &format!("send {payload}"));
    }

    fn client(&self, octets: &[u8]) {
        self.log.octets(&self.home, Side::Testee, octets);
    }

    fn server(&self, octets: &[u8]) {
        self.log.octets(&self.home, Side::Runner, octets);
    }

    fn tells(&self, event: &str) {
        self.log.line(Side::Testee, event);
    }

    /// The guilty side and what it broke.
    fn guilty(&self) -> Option<(Role, &'static str)> {
        let place = |label, endpoint| Place {
            label,
            endpoint,
            steps: String::new(),
        };
        let home = SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 1);
        let places = [place("home", home), place("B", B)];
        let timeline = self.log.finish();
        let guilt = Court::hears(&timeline, &places, "").err();
        guilt.map(|guilt| (guilt.role, guilt.requirement))
    }
}

fn connection(log: &Log, label: &str, port: u16) -> Arc<Connection> {
    let at = |port| SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, port);
    log.opened(label, Side::Testee, at(port), at(9))
}

#[test]
fn nobody_is_guilty_of_an_answer_and_an_early_redirect() {
    let asked = Asked::with("do answer 6f6b");
    asked.server(&n("ok"));
    asked.tells("message 6f6b outstanding=0 greeting=0");
    let redirect = format!("do redirect {B}");
    asked.given(&redirect);
    asked.client(&n(&redirect));
    asked.server(&r(B));
    let b = connection(&asked.log, "B", 2);
    asked.log.octets(&b, Side::Testee, &n(&redirect));
    asked.log.octets(&b, Side::Runner, &n("here"));
    assert_eq!(asked.guilty(), None);
}

#[test]
fn what_was_in_flight_when_the_redirect_came_is_no_breach_and_what_was_given_afterwards_is() {
    let redirect = format!("do redirect {B}");
    let asked = Asked::with(&redirect);
    asked.given("do answer 61");
    asked.server(&r(B));
    asked.client(&n("do answer 61"));
    assert_eq!(asked.guilty(), None);
    let asked = Asked::with(&redirect);
    asked.server(&r(B));
    asked.tells("redirected 127.0.0.1:2 owed=1 late=0 hop=1 resend=automatic");
    asked.given("do answer 61");
    asked.client(&n("do answer 61"));
    assert_eq!(asked.guilty(), Some((Role::Client, "EOP-RED-13")));
}

#[test]
fn the_first_breach_counts_whatever_it_leads_to() {
    let asked = Asked::with("do answer 6f6b");
    asked.server(&n("ko"));
    asked.client(&n("never given"));
    assert_eq!(asked.guilty(), Some((Role::Server, "EOP-TST-23")));
}

#[test]
fn a_server_that_answers_before_the_request_is_complete_is_guilty() {
    let asked = Asked::with("do answer 6f6b");
    asked.server(&n("ok"));
    asked.given("do answer 61");
    asked.client(n("do answer 61").get(..20).unwrap());
    asked.server(&n("a"));
    assert_eq!(asked.guilty(), Some((Role::Server, "EOP-ACC-2")));
}

#[test]
fn a_client_that_moves_before_the_redirect_is_complete_is_guilty() {
    let asked = Asked::with("do redirect 127.0.0.1:2 6f6b");
    asked.server(r_with(B, "ok").get(..13).unwrap());
    connection(&asked.log, "B", 2);
    assert_eq!(asked.guilty(), Some((Role::Client, "EOP-RED-6")));
}

#[test]
fn a_message_that_nobody_sent_is_of_the_client_s_making() {
    let asked = Asked::with("do answer 6f6b");
    asked.tells("message 6f6b outstanding=0 greeting=0");
    assert_eq!(asked.guilty(), Some((Role::Client, "EOP-DRV-19")));
}
