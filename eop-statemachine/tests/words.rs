//! What errors say, and the names under which reports know them: each says what was wrong, and which requirement.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and says what matters to it"
)]

use core::net::SocketAddrV4;

use eop_statemachine::policy::{Home, Refusal};
use eop_statemachine::session::{
    Bounds, Cause, Config, ConfigError, ConnectError, End, Loss, Resending,
};
use eop_statemachine::{Client, Discipline, PeerError, Server, Service, Session, Why};
use eop_wire::HeaderError;

fn target() -> SocketAddrV4 {
    "192.0.2.10:9000".parse().unwrap()
}

#[test]
fn a_misuse_says_what_was_attempted_where_and_what_is_wrong_with_it() {
    let mut client = Client::new(&Service::default());
    let misuse = client.offer(1, 1).unwrap_err();
    assert_eq!(
        misuse.to_string(),
        "Offer is not possible in Open: no message is on its way out"
    );
    let mut server = Server::new(&Service::default());
    let misuse = server.redirect("0.0.0.0:0".parse().unwrap()).unwrap_err();
    assert_eq!(
        misuse.to_string(),
        "Redirect is not possible in Open: no client may be sent to 0.0.0.0:0"
    );
}

#[test]
fn every_reason_of_a_misuse_is_told_apart() {
    let reasons = [
        Why::State,
        Why::NothingToOffer,
        Why::PastEnd,
        Why::BeingAnswered,
        Why::MessagesToOffer,
        Why::Paired,
        Why::NotOffered,
        Why::DecisionPending,
        Why::NothingOwed,
        Why::StaleDecision,
        Why::HalfClosed,
        Why::Full,
        Why::NothingToAnswer,
        Why::Greetings,
        Why::UnusableTarget(target()),
        Why::PayloadTooLong,
    ];
    let mut said: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    said.sort();
    said.dedup();
    assert_eq!(said.len(), reasons.len(), "{said:#?}");
    assert!(said.iter().all(|words| words.len() > 10), "{said:#?}");
}

#[test]
fn a_fault_of_the_peer_says_its_requirement() {
    for (fault, kind, words) in [
        (
            PeerError::NotEop(HeaderError::UnknownOpcode(0x4745)),
            "NotEop",
            "the peer does not speak EOP: unknown opcode 0x4745 (text \"GE\") (EOP-OPC-5)",
        ),
        (
            PeerError::UnknownOpcode(HeaderError::UnknownPrefix(3)),
            "UnknownOpcode",
            "no opcode begins with 0x03 (EOP-OPC-2)",
        ),
        (
            PeerError::ByteOrderMismatch(0x0100),
            "ByteOrderMismatch",
            "byte order mismatch: opcode 0x0100, which is 0x0001 swapped (EOP-OPC-6)",
        ),
        (
            PeerError::MessageTooLarge { len: 9, max: 8 },
            "MessageTooLarge",
            "message too large: 9 octets where the limit is 8 (EOP-LIM-2)",
        ),
        (
            PeerError::TruncatedFrame,
            "TruncatedFrame",
            "the stream ended inside a frame (EOP-FRM-5)",
        ),
        (
            PeerError::Unsolicited,
            "Unsolicited",
            "a message that answers nothing (EOP-ACC-9)",
        ),
        (
            PeerError::UnexpectedRedirect,
            "UnexpectedRedirect",
            "a redirect from a client (EOP-RED-2)",
        ),
    ] {
        assert_eq!((fault.kind(), fault.to_string().as_str()), (kind, words));
        let cause = Cause::Peer(fault);
        assert_eq!((cause.kind(), cause.to_string().as_str()), (kind, words));
    }
}

#[test]
fn a_cause_is_named_for_what_the_network_said() {
    for (cause, kind) in [
        (Cause::from(ConnectError::Failed), "ConnectFailed"),
        (Cause::from(ConnectError::Timeout), "Timeout"),
        (Cause::from(ConnectError::Tls), "TlsFailed"),
        (Cause::from(Loss::Reset), "Uncertain"),
        (Cause::from(Loss::Stall), "Stall"),
        (Cause::from(Loss::Timeout), "Timeout"),
        (Cause::from(Loss::Tls), "TlsFailed"),
    ] {
        assert_eq!(cause.kind(), kind);
    }
    for (cause, words) in [
        (Cause::ConnectFailed, "it cannot be connected to"),
        (Cause::Timeout, "it took too long"),
        (
            Cause::TlsFailed,
            "it is not authenticated as the service (EOP-SEC-1)",
        ),
        (Cause::Stall, "it takes no octets (EOP-CLS-12)"),
        (Cause::Uncertain, "the connection was lost (EOP-RSD-8)"),
    ] {
        assert_eq!(cause.to_string(), words);
    }
}

#[test]
fn a_refusal_says_its_requirement_and_its_word() {
    for (refusal, word, id) in [
        (Refusal::PortZero, "forbidden", "EOP-POL-1"),
        (Refusal::ThisNetwork, "forbidden", "EOP-POL-1"),
        (Refusal::Multicast, "forbidden", "EOP-POL-1"),
        (Refusal::Reserved, "forbidden", "EOP-POL-1"),
        (Refusal::Scope, "scope", "EOP-POL-2"),
        (Refusal::LowPort, "port", "EOP-POL-3"),
        (Refusal::Special, "special", "EOP-POL-4"),
        (Refusal::Insecure, "insecure", "EOP-POL-6"),
        (Refusal::Denied, "denied", "EOP-POL-5"),
    ] {
        assert_eq!(refusal.word(), word);
        assert!(
            refusal.to_string().ends_with(&format!("({id})")),
            "{refusal}"
        );
    }
}

#[test]
fn an_end_names_its_kind_its_target_and_its_cause() {
    let target = target();
    let cause = Cause::Stall;
    for (end, kind, at, words) in [
        (End::Eof, "eof", None, "the session ended"),
        (End::Closed, "closed", None, "the session was closed"),
        (
            End::Failed(cause),
            "Stall",
            None,
            "the server failed: it takes no octets (EOP-CLS-12)",
        ),
        (
            End::NotFollowed { target },
            "NotFollowed",
            Some(target),
            "redirected to 192.0.2.10:9000, and no redirect is followed",
        ),
        (
            End::RedirectRefused {
                target,
                reason: Refusal::LowPort,
            },
            "RedirectRefused",
            Some(target),
            "redirected to 192.0.2.10:9000, which is refused: a port below 1024 that is not home's (EOP-POL-3) (EOP-POL-5)",
        ),
        (
            End::RedirectFailed { target, cause },
            "RedirectFailed",
            Some(target),
            "redirected to 192.0.2.10:9000, which failed: it takes no octets (EOP-CLS-12) (EOP-FAI-1)",
        ),
        (
            End::RedirectLoop { target },
            "RedirectLoop",
            Some(target),
            "redirected to 192.0.2.10:9000 once more (EOP-EPI-2)",
        ),
        (
            End::TooManyRedirects { target },
            "TooManyRedirects",
            Some(target),
            "redirected to 192.0.2.10:9000, too many times (EOP-EPI-1, EOP-EPI-7)",
        ),
        (
            End::RedirectDeadline { target },
            "RedirectDeadline",
            Some(target),
            "redirected to 192.0.2.10:9000, and it took too long (EOP-EPI-5)",
        ),
    ] {
        let said = (end.kind(), end.target(), end.to_string());
        assert_eq!(said, (kind, at, words.to_owned()));
    }
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_in_words() {
    let refused = |config: Config| {
        let home = Home::v4(target());
        Session::<1>::new(home, config, 0).unwrap_err()
    };
    let service = Service {
        discipline: Discipline::Manual,
        ..Service::default()
    };
    let automatic = refused(Config {
        service,
        resending: Resending::Automatic { budget: 1 },
        ..Config::default()
    });
    assert_eq!(automatic, ConfigError::AutomaticManual);
    assert_eq!(
        automatic.to_string(),
        "automatic resending needs the paired discipline"
    );
    let bounded = |bounds| {
        refused(Config {
            bounds,
            ..Config::default()
        })
        .to_string()
    };
    let (redirects, moves) = (17, 33);
    assert_eq!(
        bounded(Bounds {
            redirects,
            ..Bounds::default()
        }),
        "17 redirects an episode, where 16 is the most (EOP-EPI-1)"
    );
    assert_eq!(
        bounded(Bounds {
            moves,
            ..Bounds::default()
        }),
        "33 moves in the window, where 1 to 32 are possible (EOP-EPI-7)"
    );
}
