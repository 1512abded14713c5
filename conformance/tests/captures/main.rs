//! Captures that the suite writes, read by tshark with the dissector of `spec/wireshark/`.
//!
//! What tshark decodes is compared with what the suite logged as sent and received, never with a list written by hand.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod decoded;
mod foreign;
mod golden;
mod logged;
mod sniffed;
mod timeline;
mod tshark;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use eop_conformance::octets::{n, r};
use eop_conformance::timeline::{Log, Side};
use eop_conformance::verdict::End;
use tshark::Tshark;

/// The ports of a play are any; with this every connection is read as EOP from its first octet on.
const EVERY_PORT: &[&str] = &["-o", "eop.ports:1-65535"];

/// Cases of each kind of session, and of each violation that is visible on the wire; `red.*` names exist in both roles.
const CASES: &[&str] = &[
    "frm.request-is-answered",
    "frm.message-is-sent",
    "frm.two-answers",
    "frm.empty-answer",
    "frm.normal-port-addr-ignored",
    "frm.truncated-*",
    "opc.*",
    "red.early",
    "red.late",
    "red.late-empty",
    "red.idle",
    "red.chain",
    "red.from-client*",
    "red.garbage-after",
    "red.second-redirect",
    "red.cut-*",
    "pol.port-zero",
    "pol.this-network",
    "pol.multicast",
    // All but `lim.raised`: the dissector judges by the default limit.
    "lim.65536",
    "lim.a*",
    "lim.default",
    "lim.e*",
    "lim.header-suffices",
    "lim.limit",
    "lim.memory",
    "lim.redirect*",
    "lim.small",
];

/// What the suite wrote of one run: its log and its capture.
struct Written {
    log: PathBuf,
    capture: PathBuf,
}

/// All cases with every cut, played once for every test that reads them.
static KINDS: LazyLock<Written> = LazyLock::new(|| play("kinds", CASES, &[]));

/// Plays the cases to the built-in peer, in both roles.
fn play(name: &str, cases: &[&str], more: &[&str]) -> Written {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let written = Written {
        log: folder.join(format!("{name}.jsonl")),
        capture: folder.join(format!("{name}.pcapng")),
    };
    let status = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args(cases.iter().flat_map(|case| ["--case", case]))
        .args(["--timelines", "--out"])
        .arg(format!("jsonl={}", written.log.display()))
        .arg("--out")
        .arg(format!("pcap={}", written.capture.display()))
        .args(more)
        .stdout(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{name} passes");
    written
}

#[test]
fn every_frame_of_every_kind_of_session_is_decoded_as_it_was_logged() {
    let Some(tshark) = Tshark::here() else { return };
    let logged = logged::connections(&KINDS.log);
    let decoded = decoded::connections(&tshark, &KINDS.capture, EVERY_PORT);
    assert!(logged.len() > 500, "{} connections", logged.len());
    assert_eq!(decoded.len(), logged.len());
    for (logged, decoded) in logged.iter().zip(&decoded) {
        assert_eq!(decoded, logged);
    }
}

#[test]
fn the_cases_show_every_violation_that_the_dissector_knows() {
    let Some(_) = Tshark::here() else { return };
    let known = std::fs::read_to_string(Tshark::dissector()).expect("the dissector is there");
    let shown: std::collections::BTreeSet<_> = logged::connections(&KINDS.log)
        .into_iter()
        .flat_map(|connection| connection.directions)
        .flat_map(|direction| direction.broken)
        .collect();
    let infos = known
        .lines()
        .filter(|line| line.contains("= violation(") || line.contains("= remark("));
    for id in infos.flat_map(tshark::requirements) {
        assert!(shown.contains(&id), "{id} is in no capture: {shown:?}");
    }
}

#[test]
fn a_packet_reads_as_the_suites_own_timeline_does() {
    let Some(tshark) = Tshark::here() else { return };
    let cases = [
        "frm.request-is-answered",
        "red.late",
        "red.early",
        "red.idle",
    ];
    let written = play("words", &cases, &["--cut", "whole"]);
    assert_eq!(
        decoded::words(&tshark, &written.capture, EVERY_PORT),
        logged::words(&written.log)
    );
}

#[test]
fn without_a_port_the_heuristic_finds_the_same_sessions() {
    let Some(tshark) = Tshark::here() else { return };
    let cases = [
        "red.early",
        "red.late",
        "red.idle",
        "red.chain",
        "lim.limit",
    ];
    let written = play("heuristic", &cases, &["--cut", "whole"]);
    assert_eq!(
        decoded::connections(&tshark, &written.capture, &[]),
        logged::connections(&written.log)
    );
}

#[test]
fn a_client_may_stop_within_a_message_behind_the_servers_redirect() {
    let Some(tshark) = Tshark::here() else { return };
    let loopback = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let log = Log::begin();
    let connection = log.opened("A", Side::Runner, loopback(4000), loopback(9000));
    log.octets(&connection, Side::Testee, &r(loopback(9001)));
    log.octets(&connection, Side::Runner, &n("begun")[..14]);
    log.ended(&connection, Side::Runner, End::Fin);
    let capture = timeline::file("stopped", log.finish());
    let [client, server] = &decoded::connections(&tshark, &capture, EVERY_PORT)[0].directions;
    assert!(
        client.broken.is_empty() && server.frames.len() == 1,
        "{client:?}"
    );
}

#[test]
fn what_is_read_twice_is_shown_the_same() {
    let Some(tshark) = Tshark::here() else { return };
    let once = decoded::connections(&tshark, &KINDS.capture, EVERY_PORT);
    let twice = decoded::connections(&tshark, &KINDS.capture, &[EVERY_PORT, &["-2"]].concat());
    assert_eq!(twice, once);
}

#[test]
fn every_checksum_is_right_and_no_packet_is_malformed() {
    let Some(tshark) = Tshark::here() else { return };
    let checked = [
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
    ];
    let fields = ["tcp.checksum.status", "ip.checksum.status"];
    let rows = tshark.fields(&KINDS.capture, &[EVERY_PORT, &checked].concat(), &fields);
    assert!(rows.len() > 5000, "{} packets", rows.len());
    assert!(rows.iter().all(|row| row == &["1", "1"]), "1 means good");
    let odd =
        "_ws.malformed || _ws.lua.error || (tcp.analysis.flags && !tcp.analysis.reused_ports)";
    let odd = tshark.fields(
        &KINDS.capture,
        &[EVERY_PORT, &["-Y", odd]].concat(),
        &["frame.number"],
    );
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn the_syn_of_each_connection_names_its_play_and_a_failing_play_ends_with_what_it_broke() {
    let Some(tshark) = Tshark::here() else { return };
    let capture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.pcapng");
    let peer = format!(
        "'{}' peer mutant-client redirect-on-header",
        env!("CARGO_BIN_EXE_eop-conformance")
    );
    let output = Command::new(env!("CARGO_BIN_EXE_eop-conformance"))
        .args([
            "client",
            "--exec",
            &peer,
            "--case",
            "red.cut-payload",
            "--cut",
            "whole",
            "--out",
        ])
        .arg(format!("pcap={}", capture.display()))
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let comments: Vec<String> = tshark
        .fields(
            &capture,
            &["-Y", "frame.comment"],
            &["tcp.flags.syn", "frame.comment"],
        )
        .into_iter()
        .map(|row| row.join(" "))
        .collect();
    let name = "case=red.cut-payload role=client cut=whole twin";
    assert!(
        comments[0].starts_with(&format!("1 {name}=control connection=home")),
        "{comments:?}"
    );
    assert!(
        comments
            .iter()
            .any(|comment| comment.starts_with(&format!("1 {name}=defect")))
    );
    assert!(
        comments.last().is_some_and(|last| last.starts_with("0 fail EOP-RED-6: expected ended TruncatedFrame")),
        "{comments:?}"
    );
}
