//! What a server has to do, as stories: what came, and what is due then.

use super::*;
use crate::octets::{cut, normal_header, raw};

fn at(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new([127, 0, 0, 1].into(), port)
}

/// A connection that got these octets, and what it owes then.
fn given(octets: &[&[u8]]) -> (Connection, Shared) {
    let (mut connection, mut shared) = (Connection::accepted(at(1), 100, &[]), Shared::default());
    for octets in octets {
        connection.take(octets);
        connection.run(&mut shared);
    }
    (connection, shared)
}

fn frames(connection: &Connection) -> Vec<String> {
    connection.due.iter().map(Due::shown).collect()
}

#[test]
fn requests_are_answered_in_order_however_they_are_cut() {
    let octets = [
        n("mark a"),
        n("do answer 6f6b"),
        n("marked a"),
        n("nothing"),
    ]
    .concat();
    let (whole, _) = given(&[&octets]);
    let single: Vec<_> = octets.chunks(1).collect();
    let (cut, _) = given(&single);
    assert_eq!(
        frames(&whole),
        [
            "a mark of a",
            "N(\"1\")",
            "N(\"ok\")",
            "N(\"1\")",
            "N(\"unknown\")"
        ]
    );
    assert_eq!(frames(&cut), frames(&whole));
}

#[test]
fn nothing_is_done_behind_a_redirect() {
    let requests = [n("do redirect 127.0.0.1:2 6f"), n("mark a")].concat();
    let (connection, shared) = given(&[&requests]);
    assert_eq!(frames(&connection), ["R(127.0.0.1:2, \"o\")"]);
    assert_eq!(shared.counts.get("a"), None);
}

#[test]
fn the_last_endpoint_of_a_list_says_here_unless_it_has_answered() {
    let (asked, _) = given(&[&n("do redirect 127.0.0.1:1")]);
    let (answered, _) = given(&[&n("do answer 61;redirect 127.0.0.1:1")]);
    assert_eq!(
        (frames(&asked), frames(&answered)),
        (vec!["N(\"here\")".to_owned()], vec!["N(\"a\")".to_owned()])
    );
}

#[test]
fn two_octets_of_an_opcode_a_length_and_a_redirect_are_errors_and_what_is_incomplete_is_none_yet() {
    let failed = |octets: &[u8]| given(&[octets]).0.failed;
    assert!(failed(&[0, 3]) && failed(&r(at(2))) && failed(&raw(normal_header(101), b"")));
    assert!(
        !failed(&[0]) && !failed(&cut(n("hello"), 14)) && !failed(&raw(normal_header(100), b""))
    );
}

#[test]
fn an_end_of_stream_inside_a_frame_is_an_error_and_behind_one_is_none() {
    let ended = |octets: &[u8]| {
        let (mut connection, _) = given(&[octets]);
        connection.end_of_stream();
        connection.failed
    };
    assert!(ended(&cut(n("hello"), 16)) && !ended(&n("hello")));
}

#[test]
fn an_await_holds_up_what_stands_behind_it_until_the_signal() {
    let (mut connection, mut shared) =
        given(&[&[n("do await s;mark a;answer 61"), n("hello")].concat()]);
    assert_eq!(
        (connection.blocked(&shared), connection.due.len()),
        (Some("s"), 0)
    );
    shared.signals.insert("s".to_owned());
    connection.run(&mut shared);
    assert_eq!(connection.due.len(), 3);
}

#[test]
fn a_mark_is_certain_once_something_behind_it_was_seen() {
    let (mut connection, mut shared) = given(&[&n("do mark a;answer 61;mark a")]);
    let due = connection.next().unwrap();
    connection.saw(&due, &mut shared);
    assert_eq!(shared.counts.get("a"), Some(&Count { least: 1, most: 2 }));
}
