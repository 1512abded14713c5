//! Judging over TLS: who is told what, who is refused, and what is said of it.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at what it did not expect"
)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use common::{code, eop, own, said};
use eop_conformance::authority::{Authority, NAME};
use eop_conformance::case::Role;

/// The built-in server, started by somebody else than the suite.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    /// With a certificate of this authority's.
    fn over_tls(authority: &Authority) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
            .args(["peer", "server"])
            .envs(authority.environment(Role::Server))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut ready = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        output.read_line(&mut ready).expect("text");
        let address = ready.strip_prefix("ready ").expect("it is ready").trim();
        Self {
            address: address.to_owned(),
            child,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is about TLS, and some of what is not, uncut.
const SOME: [&str; 8] = [
    "--case",
    "tls.*",
    "--case",
    "hcl.*",
    "--cut",
    "whole",
    "--patience",
    "3",
];

fn judge(role: &str, peer: &str, more: &[&str]) -> std::process::Output {
    let exec = own(peer);
    eop(&[&[role, "--tls", "--exec", &exec], more].concat())
}

#[test]
fn the_built_in_peer_conforms_on_both_stacks() {
    for (role, peer) in [
        ("server", "server"),
        ("server", "server-tokio"),
        ("client", "client"),
        ("client", "client-tokio"),
    ] {
        let output = judge(role, peer, &SOME);
        assert_eq!(code(&output), 0, "{peer}: {}", said(&output));
        assert!(said(&output).contains("over TLS"), "{}", said(&output));
    }
}

#[test]
fn the_honest_peer_of_the_mutants_is_not_blamed() {
    for role in ["server", "client"] {
        let output = judge(role, &format!("mutant-{role} none"), &SOME);
        assert_eq!(code(&output), 0, "{role}: {}", said(&output));
    }
}

/// Shows EOP-TST-34 and EOP-DRV-25.
#[test]
fn a_testee_that_speaks_cleartext_is_told_what_it_did_not_do() {
    for (role, broken) in [("server", "EOP-TST-34"), ("client", "EOP-DRV-25")] {
        let exec = format!("unset EOP_TLS_CERTIFICATE; exec {}", own(role));
        let output = eop(&[role, "--tls", "--exec", &exec]);
        let said = said(&output);
        assert_eq!(code(&output), 1, "{said}");
        assert!(
            said.contains(broken) && said.contains("a TLS handshake"),
            "{said}"
        );
    }
}

#[test]
fn what_the_runner_was_told_about_tls_is_no_concern_of_a_testee_in_cleartext() {
    let output = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args(["server", "--exec", &own("server")])
        .args(["--case", "frm.request-is-answered"])
        .env("EOP_TLS_CERTIFICATE", "/nowhere")
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 0, "{}", said(&output));
}

#[test]
fn a_server_that_runs_already_is_judged_by_its_own_anchors_and_name() {
    let authority = Authority::new().expect("keys, and a folder");
    let running = Running::over_tls(&authority);
    let trust = authority.trust();
    let trust = trust.to_str().expect("text");
    let attach = |anchors: &str, name: &str| {
        let way = ["server", "--addr", &running.address, "--tls"];
        let shown = ["--tls-ca", anchors, "--tls-name", name];
        eop(&[&way[..], &shown, &["--case", "tls.alpn-*"]].concat())
    };
    let output = attach(trust, NAME);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let output = attach(trust, "other.example");
    assert_eq!(code(&output), 1, "{}", said(&output));
    let output = attach("/nowhere", NAME);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("/nowhere"), "{}", said(&output));
}

#[test]
fn an_attached_server_has_to_be_known_by_its_certificate() {
    let output = eop(&["server", "--addr", "127.0.0.1:1", "--tls"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("--tls-ca"), "{}", said(&output));
}

/// OpenSSL, by Python: what the runner hands out and shows is good for more than rustls.
#[test]
fn another_stack_shakes_hands_with_the_runner() {
    for (role, cases) in [
        ("server", ["frm.request-is-answered", "tls.alpn-*"]),
        ("client", ["frm.message-is-sent", "tls.home-*"]),
    ] {
        let program = format!(
            "{}/tests/programs/tls_{role}.py",
            env!("CARGO_MANIFEST_DIR")
        );
        let exec = format!("exec python3 '{program}'");
        let [one, other] = cases;
        let output = eop(&[
            role,
            "--tls",
            "--exec",
            &exec,
            "--case",
            one,
            "--case",
            other,
            "--patience",
            "4",
        ]);
        assert_eq!(code(&output), 0, "{role}: {}", said(&output));
    }
}

#[test]
fn a_client_program_finds_anchor_and_name_on_its_command_line() {
    let program = format!(
        "grep -q CERTIFICATE {{ca}} && [ {{name}} = {NAME} ] && exec {} {{addr}}",
        own("program")
    );
    let output = eop(&[
        "client",
        "--tls",
        "--plain",
        &program,
        "--case",
        "plain.request",
    ]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}

#[test]
fn a_case_that_does_not_apply_is_refused_with_the_reason_and_listed_in_a_run() {
    let output = judge("client", "client", &["--case", "pol.secure"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(
        said(&output).contains("does not apply over TLS: `secure`"),
        "{}",
        said(&output)
    );
    let output = judge("client", "client", &["--case", "pol.s*"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let listed = "Not applicable over TLS, `secure` refuses moves in cleartext alone (EOP-POL-6): pol.secure ";
    assert!(said(&output).contains(listed), "{}", said(&output));
    let output = eop(&[
        "client",
        "--exec",
        &own("client"),
        "--case",
        "tls.name-stays",
    ]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(
        said(&output).contains("is played over TLS: --tls"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_files_of_a_run_go_with_it() {
    let authority = Authority::new().expect("keys, and a folder");
    let trust = authority.trust();
    assert!(trust.is_file());
    drop(authority);
    assert!(!trust.exists());
}
