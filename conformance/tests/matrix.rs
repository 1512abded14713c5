//! The interop matrix: honest pairs work together, and of a pair with one faulty side that side is named.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use common::{Scratch, code, eop, said};

/// The built-in peer, and a peer of the suite's own in one role.
fn with(role: &str, peer: &str) -> Scratch {
    let file = Scratch::new("toml");
    file.write(&format!(
        "[[implementation]]\nname = \"honest\"\n\
         server = \"{{suite}} peer server\"\nclient = \"{{suite}} peer client\"\n\
         [[implementation]]\nname = \"other\"\n{role} = \"{{suite}} peer {peer}\"\n"
    ));
    file
}

#[test]
fn honest_peers_work_together_in_every_scenario() {
    let file = with("server", "server");
    let output = eop(&["matrix", file.path()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let all = "matrix: 36 of 36 plays pass (2 pairs";
    assert!(said(&output).contains(all), "{}", said(&output));
}

/// A faulty peer, a scenario in which its fault shows, and the requirement that it breaks there.
type Faulty = (&'static str, &'static str, &'static str);

const SERVERS: [Faulty; 10] = [
    ("nonzero-port", "answers", "EOP-FRM-6"),
    ("goodbye", "answers", "EOP-ACC-2"),
    ("swapped-port", "early", "EOP-FRM-1"),
    ("late-response-apart", "late", "EOP-RED-3"),
    ("empty-response-dropped", "late-empty", "EOP-RED-4"),
    ("frame-after-redirect", "idle", "EOP-RED-8"),
    ("acts-after-redirect", "in-stream", "EOP-RSD-1"),
    ("half-close-kept", "answers", "EOP-HCL-5"),
    ("acts-ahead", "in-stream-early", "EOP-RSD-1"),
    (
        "half-close-forgets-pipelined",
        "half-close-pipelined",
        "EOP-HCL-1",
    ),
];

const CLIENTS: [Faulty; 10] = [
    ("little-endian-length", "answers", "EOP-FRM-1"),
    ("redirect-echoed", "early", "EOP-RED-1"),
    ("redirect-payload-dropped", "late", "EOP-RED-5"),
    ("waits-for-fin", "early", "EOP-RED-7"),
    ("send-before-greeting", "greeting", "EOP-ACC-5"),
    ("answered-resent", "late", "EOP-RSD-4"),
    ("resend-reversed", "in-stream", "EOP-RSD-5"),
    ("old-connection-kept", "idle", "EOP-CLS-8"),
    ("resend-reversed", "upload", "EOP-RSD-5"),
    ("half-close-first", "half-close-in-stream", "EOP-RSD-8"),
];

fn named(role: &str, (fault, scenario, requirement): Faulty) {
    let file = with(role, &format!("mutant-{role} {fault}"));
    let only = if role == "server" {
        "honest:other"
    } else {
        "other:honest"
    };
    let output = eop(&[
        "matrix",
        file.path(),
        "--only",
        only,
        "--scenario",
        scenario,
    ]);
    assert_eq!(code(&output), 1, "{fault}: {}", said(&output));
    let guilty = format!("{scenario}: guilty: the {role} (other), {requirement}\n");
    assert!(
        said(&output).contains(&guilty),
        "{fault}: {}",
        said(&output)
    );
}

#[test]
fn the_faulty_server_of_a_pair_is_named_with_what_it_broke() {
    for faulty in SERVERS {
        named("server", faulty);
    }
}

#[test]
fn the_faulty_client_of_a_pair_is_named_with_what_it_broke() {
    for faulty in CLIENTS {
        named("client", faulty);
    }
}

#[test]
fn a_failure_says_how_to_play_it_again() {
    let file = with("server", "mutant-server nonzero-port");
    let output = eop(&[
        "matrix",
        file.path(),
        "--only",
        "*:other",
        "--scenario",
        "early",
    ]);
    let again = format!(
        "matrix '{}' --only honest:other --scenario early\n",
        file.path()
    );
    assert!(said(&output).contains(&again), "{}", said(&output));
}

#[test]
fn what_cannot_be_played_is_refused_with_the_reason() {
    let file = with("server", "server");
    for (arguments, why) in [
        (
            ["--scenario", "erly"],
            "there is no scenario `erly`; `early`?",
        ),
        (
            ["--only", "honest"],
            "--only is CLIENT:SERVER, not `honest`",
        ),
        (["--only", "other:honest"], "there is no client `other`"),
        (["--case", "frm.*"], "--case means nothing to `matrix`"),
    ] {
        let output = eop(&[&["matrix", file.path()][..], &arguments].concat());
        assert_eq!(code(&output), 2, "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}

#[test]
fn an_implementation_that_does_not_start_is_named() {
    let file = with("server", "mutant-server exit-at-once");
    let output = eop(&["matrix", file.path()]);
    assert_eq!(code(&output), 4, "{}", said(&output));
    assert!(
        said(&output).contains("eop-conformance: other: "),
        "{}",
        said(&output)
    );
}

#[test]
fn what_the_deadline_leaves_is_not_run() {
    let file = with("server", "server");
    let output = eop(&["matrix", file.path(), "--deadline", "0"]);
    assert_eq!(code(&output), 5, "{}", said(&output));
    assert!(
        said(&output).contains("matrix: 0 of 36 plays pass"),
        "{}",
        said(&output)
    );
}
