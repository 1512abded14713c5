//! Stories of the server.

use crate::harness::{Ending, Service, frame, normal, redirect};

fn honest() -> Service {
    Service::start("none", "")
}

fn elsewhere() -> std::net::SocketAddrV4 {
    "127.0.0.1:4001".parse().unwrap()
}

#[test]
fn it_states_the_options_in_force() {
    let service = Service::start("none", "limit=70000 stall=900 colour=red");
    let hello = "eop-test 1 limit=70000 linger-idle=5000 linger-total=30000 header=10000 stall=900";
    assert_eq!(service.ask("hello"), hello);
}

#[test]
fn it_leaves_when_its_input_ends() {
    assert_eq!(honest().process.leave(), Some(0));
}

#[test]
fn it_counts_marks_over_all_connections() {
    let service = honest();
    assert_eq!(
        [
            service.ask("marked a"),
            service.ask("mark a"),
            service.ask("mark a"),
            service.ask("marked a")
        ],
        ["0", "1", "2", "2"]
    );
}

#[test]
fn it_answers_pipelined_requests_in_order() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(
        &[
            normal(b"do answer 61"),
            normal(b"mark x"),
            normal(b""),
            normal(b"do answer -"),
        ]
        .concat(),
    );
    wire.expect(&[normal(b"a"), normal(b"1"), normal(b"unknown"), normal(b"")].concat());
}

#[test]
fn it_refuses_every_unlawful_request_without_an_effect() {
    let service = honest();
    let unlawful = [
        "do",
        "do ",
        "do mark a",
        "do answer 61;answer 62",
        "do fin;answer 61",
        "do redirect 127.0.0.1:1;mark a",
        "do answer 6",
        "do answer 6A",
        "do answer 61;redirect 127.0.0.1:1 61",
        "do  answer 61",
        "do answer 61;",
        "do answer @01",
        "do answer @4294967296",
        "mark A",
        "mark ",
        "listen ",
        "do redirect 127.0.0.1",
        "do redirect 127.0.0.256:1",
        "do redirect 127.0.0.1:65536",
        "listen fin;answer 61",
        "HELLO",
        "hello ",
        "do mark a;bogus",
    ];
    let mut wire = service.connect();
    for request in unlawful {
        assert_eq!(wire.ask(request), "unknown", "{request:?}");
    }
    assert_eq!(wire.ask("marked a"), "0");
}

#[test]
fn a_late_redirect_carries_the_answer_and_the_end_of_the_client_ends_the_discarding() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(
        &[
            normal(b"do mark m;redirect 127.0.0.1:4001 6f6b"),
            normal(b"mark m"),
            b"rubbish that is no frame".to_vec(),
        ]
        .concat(),
    );
    wire.expect(&redirect(elsewhere(), b"ok"));
    wire.send(b"more rubbish");
    wire.finish();
    wire.ends_cleanly();
    assert_eq!(service.ask("marked m"), "1");
}

#[test]
fn an_empty_answer_travels_before_the_redirect() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(&normal(b"do redirect 127.0.0.1:4001 -"));
    wire.expect(&[normal(b""), redirect(elsewhere(), b"")].concat());
}

#[test]
fn one_list_leads_through_a_chain_and_ends_here() {
    let service = honest();
    let (first, last) = (
        service.listen("mark greeted"),
        service.listen("mark greeted"),
    );
    let request = format!("do redirect {first},{last}");
    let hop = |from: std::net::SocketAddrV4, to: &[u8]| {
        let mut wire = crate::harness::Wire(std::net::TcpStream::connect(from).unwrap());
        wire.send(&normal(request.as_bytes()));
        wire.expect(to);
    };
    hop(service.address, &redirect(first, b""));
    hop(first, &redirect(last, b""));
    hop(last, &normal(b"here"));
}

#[test]
fn a_forbidden_target_is_refused() {
    let service = honest();
    let mut wire = service.connect();
    for target in [
        "127.0.0.1:0",
        "0.1.2.3:9",
        "224.0.0.1:9",
        "240.0.0.1:9",
        "255.255.255.255:9",
    ] {
        assert_eq!(wire.ask(&format!("do redirect {target}")), "refused");
    }
}

#[test]
fn nothing_is_said_after_an_answer_that_was_given() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(
        &[
            normal(b"do answer 61;redirect 127.0.0.1:0"),
            normal(b"do answer 62"),
        ]
        .concat(),
    );
    wire.expect(&[normal(b"a"), normal(b"b")].concat());
}

#[test]
fn an_await_holds_one_connection_and_no_other() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(
        &[
            normal(b"do mark begun;await go;answer 61"),
            normal(b"mark later"),
        ]
        .concat(),
    );
    while service.ask("marked begun") == "0" {}
    assert_eq!(
        (service.ask("marked later"), service.ask("signal go")),
        ("0".into(), "ok".into())
    );
    wire.expect(&[normal(b"a"), normal(b"1")].concat());
}

#[test]
fn a_half_closed_client_is_answered() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(
        &[
            normal(b"do await go;answer 61"),
            normal(b"do redirect 127.0.0.1:4001 62"),
        ]
        .concat(),
    );
    wire.finish();
    assert_eq!(service.ask("signal go"), "ok");
    assert_eq!(
        wire.ending(),
        (
            [normal(b"a"), redirect(elsewhere(), b"b")].concat(),
            Ending::Fin
        )
    );
}

#[test]
fn a_truncated_request_is_not_acted_on() {
    let service = honest();
    let mut wire = service.connect();
    wire.send(&normal(b"mark token")[..20]);
    wire.finish();
    wire.ends_cleanly();
    assert_eq!(service.ask("marked to"), "0");
}

#[test]
fn what_breaks_the_protocol_ends_the_connection_without_a_word() {
    let service = Service::start("none", "limit=65536 header=200");
    let too_long = [
        &frame(1, "0.0.0.0:0".parse().unwrap(), b"")[..8],
        &[0, 1, 0, 1],
    ]
    .concat();
    let broken = [
        vec![0, 0],
        vec![1, 0],
        redirect(elsewhere(), b"")[..12].to_vec(),
        vec![0x47, 0x45],
        too_long,
        vec![0],
        vec![0, 1, 0, 0],
    ];
    for octets in broken {
        let mut wire = service.connect();
        wire.send(&octets);
        assert_eq!(wire.ending().0, b"", "{octets:?}");
    }
}

#[test]
fn the_limit_itself_and_a_slow_header_pass() {
    let service = Service::start("none", "limit=65536");
    let mut wire = service.connect();
    for octet in normal(&[b'x'; 65_536]).chunks(1).take(40) {
        wire.send(octet);
    }
    wire.send(&normal(&[b'x'; 65_536])[40..]);
    wire.expect(&normal(b"unknown"));
}

#[test]
fn the_discarding_is_limited_by_silence_and_in_all() {
    let service = Service::start("none", "linger-idle=150 linger-total=400");
    let mut wire = service.connect();
    wire.send(&normal(b"do redirect 127.0.0.1:4001"));
    assert_eq!(wire.ending(), (redirect(elsewhere(), b""), Ending::Fin));
    let mut wire = service.connect();
    wire.send(&normal(b"do redirect 127.0.0.1:4001"));
    wire.expect(&redirect(elsewhere(), b""));
    let mut sent = 0;
    while std::io::Write::write_all(&mut wire.0, b"x").is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(20));
        sent += 1;
    }
    assert!(
        sent > 10,
        "it ended after {sent} octets, so at the silence limit although there was none"
    );
}

#[test]
fn the_limits_wait_for_a_reader_that_is_slow() {
    let service = Service::start("none", "linger-idle=50 linger-total=100");
    let mut wire = service.connect();
    wire.send(&normal(b"do redirect 127.0.0.1:4001 @3000000"));
    std::thread::sleep(std::time::Duration::from_millis(400));
    // Would turn a close that came too early into a reset under the redirect.
    wire.send(&normal(b"mark pipelined"));
    std::thread::sleep(std::time::Duration::from_millis(200));
    let (octets, ending) = wire.ending();
    assert_eq!((octets.len(), ending), (3_000_012, Ending::Fin));
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_does_not_read_is_left() {
    let service = Service::start("none", "stall=100");
    let mut wire = service.connect();
    wire.send(&normal(b"do answer @50000000"));
    while is_established(service.address, &wire) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(wire.ending().0.len() < 50_000_000);
}

/// Whether the server's end of a connection is open. A reader would see, but it must not read.
#[cfg(target_os = "linux")]
fn is_established(server: std::net::SocketAddrV4, wire: &crate::harness::Wire) -> bool {
    let ends = format!(
        ":{:04X} 0100007F:{:04X} 01 ",
        server.port(),
        wire.0.local_addr().unwrap().port()
    );
    std::fs::read_to_string("/proc/net/tcp")
        .unwrap()
        .contains(&ends)
}

#[test]
fn fin_and_reset_end_a_connection_as_named() {
    let service = honest();
    for (request, ending) in [
        ("do answer 61;fin", Ending::Fin),
        ("do reset", Ending::Reset),
    ] {
        let mut wire = service.connect();
        wire.send(&normal(request.as_bytes()));
        assert_eq!(wire.ending().1, ending, "{request}");
    }
}

#[test]
fn a_port_greets_or_moves_at_accept_and_then_serves() {
    let service = honest();
    let connect = |steps: &str| {
        crate::harness::Wire(std::net::TcpStream::connect(service.listen(steps)).unwrap())
    };
    let mut greeted = connect("answer 6869;answer -");
    greeted.expect(&[normal(b"hi"), normal(b"")].concat());
    assert_eq!(greeted.ask("mark a"), "1");
    connect("redirect 127.0.0.1:4001").expect(&redirect(elsewhere(), b""));
    connect("redirect 127.0.0.1:4001 6869").expect(&redirect(elsewhere(), b"hi"));
}

#[test]
fn hundreds_of_connections_are_served_at_once() {
    let service = honest();
    let mut wires: Vec<_> = (0..400).map(|_| service.connect()).collect();
    for wire in &mut wires {
        wire.send(&normal(b"do await all;answer 61"));
    }
    assert_eq!(service.ask("signal all"), "ok");
    for wire in &mut wires {
        wire.expect(&normal(b"a"));
    }
}
