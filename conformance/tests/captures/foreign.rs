//! Other protocols, which the heuristic must leave to their own dissectors.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};

use eop_conformance::octets::{n, normal_header, r, raw};
use eop_conformance::timeline::{Log, Side};
use eop_conformance::verdict::End;
use eop_wire::RawHeader;

use crate::timeline;
use crate::tshark::{Tshark, requirements};

const HTTP: (&[u8], &[u8]) = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
);
const SSH: (&[u8], &[u8]) = (b"SSH-2.0-OpenSSH_9.6\r\n", b"SSH-2.0-OpenSSH_9.2\r\n");
/// A handshake record with a ClientHello for TLS 1.2, and the alert that refuses it.
const TLS: (&[u8], &[u8]) = (
    b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03\
      \x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
      \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\
      \x00\x00\x02\x00\x2f\x01\x00",
    b"\x15\x03\x03\x00\x02\x02\x28",
);
/// Transaction 1 of protocol 0, which begins like a NORMAL header: read three registers.
const MODBUS: (&[u8], &[u8]) = (
    b"\x00\x01\x00\x00\x00\x06\x11\x03\x00\x6b\x00\x03",
    b"\x00\x01\x00\x00\x00\x09\x11\x03\x06\xae\x41\x56\x52\x43\x40",
);
/// A query for the root's name servers, behind its length.
const DNS: (&[u8], &[u8]) = (
    b"\x00\x11\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01",
    b"\x00\x11\x00\x01\x81\x82\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01",
);

/// Adds a connection to a port on which both sides say something.
fn talk(log: &Log, port: u16, client: &[u8], server: &[u8], number: u16) {
    let loopback = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let connection = log.opened("A", Side::Runner, loopback(20_000 + number), loopback(port));
    log.octets(&connection, Side::Runner, client);
    log.octets(&connection, Side::Testee, server);
    log.ended(&connection, Side::Runner, End::Fin);
    log.ended(&connection, Side::Testee, End::Fin);
}

fn capture(name: &str, connections: &[(u16, &[u8], &[u8])]) -> PathBuf {
    let log = Log::begin();
    for (number, (port, client, server)) in (0..).zip(connections) {
        talk(&log, *port, client, server, number);
    }
    timeline::file(name, log.finish())
}

/// The streams in which the dissector found something.
fn claimed(tshark: &Tshark, capture: &Path, options: &[&str]) -> Vec<String> {
    let options = [options, &["-Y", "eop || eop_edges"]].concat();
    let mut streams = tshark.fields(capture, &options, &["tcp.stream"]).concat();
    streams.dedup();
    streams
}

#[test]
fn known_protocols_stay_with_their_dissectors() {
    let Some(tshark) = Tshark::here() else { return };
    let all = [(80, HTTP), (22, SSH), (443, TLS), (502, MODBUS), (53, DNS)];
    let capture = capture(
        "known",
        &all.map(|(port, (client, server))| (port, client, server)),
    );
    let protocols = |options: &[&str]| {
        let options = [options, &["-Y", "tcp.len > 0"]].concat();
        tshark
            .fields(&capture, &options, &["_ws.col.Protocol"])
            .concat()
    };
    let without = protocols(&[
        "--disable-protocol",
        "eop",
        "--disable-protocol",
        "eop_edges",
    ]);
    assert!(
        !without.contains(&"TCP".to_owned()),
        "each has its dissector: {without:?}"
    );
    assert_eq!(protocols(&[]), without);
}

#[test]
fn the_same_protocols_at_ports_that_say_nothing_are_not_claimed() {
    let Some(tshark) = Tshark::here() else { return };
    let all = [HTTP, SSH, TLS, MODBUS, DNS];
    let capture = capture(
        "elsewhere",
        &all.map(|(client, server)| (30_000, client, server)),
    );
    assert_eq!(claimed(&tshark, &capture, &[]), [""; 0]);
}

#[test]
fn octets_at_random_are_not_claimed() {
    let Some(tshark) = Tshark::here() else { return };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let log = Log::begin();
    for number in 0..3000 {
        let mut octets = || (0..16).flat_map(|_| random()).collect::<Vec<u8>>();
        talk(&log, 30_000, &octets(), &octets(), number);
    }
    let capture = timeline::file("random", log.finish());
    assert_eq!(claimed(&tshark, &capture, &[]), [""; 0]);
}

#[test]
fn what_is_almost_a_frame_is_not_claimed() {
    let Some(tshark) = Tshark::here() else { return };
    let redirect = |port, addr: [u8; 4], slen| {
        let addr = addr.into();
        raw(
            RawHeader {
                opcode: 2,
                port,
                addr,
                slen,
            },
            b"",
        )
    };
    let port = RawHeader {
        port: 1,
        ..normal_header(2)
    };
    let addr = RawHeader {
        addr: Ipv4Addr::LOCALHOST,
        ..normal_header(2)
    };
    let almost = [
        vec![0; 64],
        raw(normal_header(2), b"hi!"),
        raw(normal_header(2), b"hi and more than twelve octets"),
        raw(normal_header(u32::MAX), b"hi"),
        raw(port, b"hi"),
        raw(addr, b"hi"),
        redirect(0, [127, 0, 0, 1], 0),
        redirect(9000, [0, 0, 0, 1], 0),
        redirect(9000, [224, 0, 0, 1], 0),
        redirect(9000, [127, 0, 0, 1], 2),
        n("hi")[..11].to_vec(),
    ];
    let connections: Vec<(u16, &[u8], &[u8])> = almost
        .iter()
        .map(|octets| (30_000, &octets[..], &b""[..]))
        .collect();
    assert_eq!(
        claimed(&tshark, &capture("almost", &connections), &[]),
        [""; 0]
    );
}

#[test]
fn at_one_port_only_the_connections_that_are_eop_are_claimed() {
    let Some(tshark) = Tshark::here() else { return };
    let target = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 9001);
    let (ask, answer) = (n("hi"), r(target));
    let all: [(u16, &[u8], &[u8]); 3] = [
        (9000, HTTP.0, HTTP.1),
        (9000, &ask, &answer),
        (9000, SSH.0, SSH.1),
    ];
    assert_eq!(claimed(&tshark, &capture("shared-port", &all), &[]), ["1"]);
}

#[test]
fn at_a_port_that_the_user_calls_eops_another_protocol_is_not_eop() {
    let Some(tshark) = Tshark::here() else { return };
    let capture = capture("users-port", &[(9000, HTTP.0, HTTP.1)]);
    let options = ["-o", "eop.ports:9000", "-Y", "eop"];
    let rows = tshark.fields(&capture, &options, &["_ws.col.Info", "_ws.expert.message"]);
    for row in &rows {
        assert_eq!(
            (row[0].as_str(), requirements(&row[1])),
            ("NotEop", vec!["EOP-OPC-5".to_owned()])
        );
    }
    assert_eq!(rows.len(), 2);
}
