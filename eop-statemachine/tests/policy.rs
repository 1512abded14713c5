//! Which targets are followed: every rule of section 8, from both sides.

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

use eop_statemachine::policy::{Allow, Home, Policy, Proposal, Refusal, Rule, Scope, never};

fn endpoint(text: &str) -> SocketAddrV4 {
    text.parse().unwrap()
}

/// What a policy says of a redirect from home to `target`.
fn from_home(policy: Policy<'_>, home: &str, target: &str) -> Result<(), Refusal> {
    from_target(policy, home, home, target)
}

/// What a policy says of a redirect from `current`, where an earlier one led.
fn from_target(policy: Policy<'_>, home: &str, current: &str, target: &str) -> Result<(), Refusal> {
    policy.judge(&Proposal {
        home: Home::v4(endpoint(home)),
        current: Some(endpoint(current)),
        target: endpoint(target),
        hop: 1,
        secured: false,
    })
}

const PAPER: Policy<'static> = Policy {
    rule: Rule::Paper,
    allow: &[],
};
const SECURE: Policy<'static> = Policy {
    rule: Rule::Secure,
    allow: &[],
};

const GLOBAL: &str = "8.8.8.8:9000";
const PRIVATE: &str = "10.0.0.1:9000";
const LOOPBACK: &str = "127.0.0.1:9000";

fn everything() -> [Allow; 1] {
    [Allow {
        prefix: [0, 0, 0, 0].into(),
        bits: 0,
        first_port: 0,
        last_port: u16::MAX,
    }]
}

/// Shows EOP-POL-1.
#[test]
fn some_endpoints_are_forbidden_in_every_configuration() {
    let allow = everything();
    let lenient = Policy {
        rule: Rule::Paper,
        allow: &allow,
    };
    for (target, refusal) in [
        ("10.0.0.2:0", Refusal::PortZero),
        ("0.0.0.0:9000", Refusal::ThisNetwork),
        ("0.1.2.3:9000", Refusal::ThisNetwork),
        ("224.0.0.1:9000", Refusal::Multicast),
        ("239.255.255.255:9000", Refusal::Multicast),
        ("240.0.0.1:9000", Refusal::Reserved),
        ("255.255.255.255:9000", Refusal::Reserved),
    ] {
        assert_eq!(never(endpoint(target)), Some(refusal), "{target}");
        assert_eq!(
            from_home(lenient, LOOPBACK, target),
            Err(refusal),
            "{target}"
        );
        assert_eq!(refusal.word(), "forbidden");
    }
    assert_eq!(never(endpoint("223.255.255.255:1")), None);
    assert_eq!(never(endpoint("1.0.0.0:1")), None);
}

/// Shows EOP-POL-2.
#[test]
fn a_target_narrower_than_the_connection_and_home_is_refused() {
    for target in [
        "10.0.0.9:9000",
        "172.16.0.1:9000",
        "172.31.255.255:9000",
        "192.168.0.1:9000",
        "100.64.0.1:9000",
        "169.254.169.254:9000",
        LOOPBACK,
    ] {
        assert_eq!(
            from_home(PAPER, GLOBAL, target),
            Err(Refusal::Scope),
            "{target}"
        );
    }
    assert_eq!(from_home(PAPER, PRIVATE, LOOPBACK), Err(Refusal::Scope));
    assert_eq!(
        from_home(PAPER, PRIVATE, "169.254.1.1:9000"),
        Err(Refusal::Scope)
    );
    assert_eq!(
        from_target(PAPER, GLOBAL, "9.9.9.9:9000", PRIVATE),
        Err(Refusal::Scope)
    );
}

/// Shows EOP-POL-2.
#[test]
fn a_target_as_wide_as_one_of_them_is_not_too_narrow() {
    for (home, target) in [
        (LOOPBACK, "127.0.0.2:9001"),
        (PRIVATE, "10.9.9.9:9000"),
        (PRIVATE, GLOBAL),
        (GLOBAL, "9.9.9.9:9000"),
    ] {
        assert_eq!(from_home(PAPER, home, target), Ok(()), "{home} to {target}");
    }
    // Within a site that an exception led to.
    assert_eq!(from_target(PAPER, GLOBAL, PRIVATE, "10.9.9.9:9000"), Ok(()));
    // Back to the site that the session came from.
    assert_eq!(from_target(PAPER, PRIVATE, GLOBAL, "10.9.9.9:9000"), Ok(()));
}

/// Shows EOP-POL-2.
#[test]
fn neighbours_of_the_private_ranges_are_global() {
    for global in [
        "9.255.255.255",
        "11.0.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.0.1",
        "100.128.0.1",
    ] {
        assert_eq!(
            Scope::of(global.parse().unwrap()),
            Scope::Global,
            "{global}"
        );
    }
}

/// Shows EOP-POL-3.
#[test]
fn a_low_port_is_homes_or_refused() {
    for port in [22, 25, 443, 1023] {
        let target = format!("127.0.0.1:{port}");
        assert_eq!(
            from_home(PAPER, LOOPBACK, &target),
            Err(Refusal::LowPort),
            "{target}"
        );
    }
    assert_eq!(from_home(PAPER, "127.0.0.1:443", "127.0.0.2:443"), Ok(()));
    assert_eq!(from_home(PAPER, LOOPBACK, "127.0.0.1:1024"), Ok(()));
}

/// Shows EOP-POL-4.
#[test]
fn addresses_of_nobody_are_refused() {
    for address in [
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "198.19.255.255",
        "192.0.0.1",
    ] {
        let target = format!("{address}:9000");
        assert_eq!(
            from_home(PAPER, GLOBAL, &target),
            Err(Refusal::Special),
            "{target}"
        );
    }
    assert_eq!(from_home(PAPER, GLOBAL, "198.20.0.1:9000"), Ok(()));
    assert_eq!(from_home(PAPER, GLOBAL, "192.0.3.1:9000"), Ok(()));
}

/// Shows EOP-POL-6.
#[test]
fn secure_moves_without_tls_within_one_host_or_one_site() {
    assert_eq!(from_home(SECURE, LOOPBACK, "127.0.0.1:9001"), Ok(()));
    assert_eq!(from_home(SECURE, PRIVATE, "192.168.7.7:9000"), Ok(()));
    assert_eq!(from_home(SECURE, PRIVATE, GLOBAL), Err(Refusal::Insecure));
    assert_eq!(
        from_home(SECURE, GLOBAL, "9.9.9.9:9000"),
        Err(Refusal::Insecure)
    );
    assert_eq!(
        from_home(SECURE, "169.254.0.1:9000", "169.254.0.2:9000"),
        Err(Refusal::Insecure)
    );
    assert_eq!(
        from_target(SECURE, PRIVATE, GLOBAL, "10.9.9.9:9000"),
        Err(Refusal::Insecure)
    );
    assert_eq!(SECURE, Policy::default());
}

/// Shows EOP-POL-6 and EOP-POL-7.
#[test]
fn secure_moves_with_tls_as_paper_does_without() {
    let proposal = |target| Proposal {
        home: Home::v4(endpoint(GLOBAL)),
        current: Some(endpoint(GLOBAL)),
        target: endpoint(target),
        hop: 1,
        secured: true,
    };
    assert_eq!(SECURE.judge(&proposal("9.9.9.9:9000")), Ok(()));
    assert_eq!(SECURE.judge(&proposal(LOOPBACK)), Err(Refusal::Scope));
}

/// Shows EOP-POL-1.
#[test]
fn an_allow_list_entry_lifts_everything_but_the_forbidden() {
    let allow = [Allow {
        prefix: [10, 1, 0, 0].into(),
        bits: 16,
        first_port: 20,
        last_port: 30,
    }];
    let policy = Policy {
        rule: Rule::Secure,
        allow: &allow,
    };
    assert_eq!(from_home(policy, GLOBAL, "10.1.255.255:25"), Ok(()));
    assert_eq!(
        from_home(policy, GLOBAL, "10.2.0.0:25"),
        Err(Refusal::Scope)
    );
    assert_eq!(
        from_home(policy, GLOBAL, "10.1.0.1:31"),
        Err(Refusal::Scope)
    );
    assert_eq!(
        from_home(policy, GLOBAL, "10.1.0.1:19"),
        Err(Refusal::Scope)
    );
}

#[test]
fn a_prefix_reaches_from_everything_to_one_address() {
    let covers = |bits, target| {
        let prefix = [10, 1, 2, 3].into();
        Allow {
            prefix,
            bits,
            first_port: 1,
            last_port: 9,
        }
        .covers(endpoint(target))
    };
    assert!(covers(0, "200.0.0.1:5"));
    assert!(covers(32, "10.1.2.3:5"));
    assert!(!covers(32, "10.1.2.4:5"));
    assert!(covers(255, "10.1.2.3:5"), "more than 32 bits count as 32");
    assert!(!covers(255, "10.1.2.2:5"));
}

#[test]
fn the_first_check_that_refuses_gives_the_reason() {
    // All of them would: scope, port, insecure.
    assert_eq!(
        from_home(SECURE, GLOBAL, "127.0.0.1:25"),
        Err(Refusal::Scope)
    );
    // Port, special, insecure.
    assert_eq!(
        from_home(SECURE, GLOBAL, "192.0.2.1:25"),
        Err(Refusal::LowPort)
    );
    // Special, insecure.
    assert_eq!(
        from_home(SECURE, GLOBAL, "192.0.2.1:9000"),
        Err(Refusal::Special)
    );
    let words = [
        Refusal::Scope,
        Refusal::LowPort,
        Refusal::Special,
        Refusal::Insecure,
    ]
    .map(Refusal::word);
    assert_eq!(words, ["scope", "port", "special", "insecure"]);
}

#[test]
fn a_home_that_is_not_ipv4_counts_by_its_scope_and_port() {
    let home = Home::other(Scope::Private, 443);
    assert_eq!(
        (home.endpoint(), home.scope(), home.port()),
        (None, Scope::Private, 443)
    );
    let proposal = |target| Proposal {
        home,
        current: None,
        target: endpoint(target),
        hop: 1,
        secured: false,
    };
    assert_eq!(SECURE.judge(&proposal("10.0.0.1:443")), Ok(()));
    assert_eq!(
        SECURE.judge(&proposal("127.0.0.1:443")),
        Err(Refusal::Scope)
    );
    assert_eq!(
        SECURE.judge(&proposal("8.8.8.8:443")),
        Err(Refusal::Insecure)
    );
    assert_eq!(
        SECURE.judge(&proposal("10.0.0.1:444")),
        Err(Refusal::LowPort)
    );
}
