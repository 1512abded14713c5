//! What a connection costs in memory while nothing happens on it.

use core::mem::size_of;

use eop_statemachine::{Client, Server, Session};

#[test]
fn an_idle_connection_costs_no_more_than_its_budget() {
    assert!(
        size_of::<Server>() <= 64,
        "a server connection takes {} octets",
        size_of::<Server>()
    );
    assert!(
        size_of::<Client>() <= 96,
        "a client connection takes {} octets",
        size_of::<Client>()
    );
}

#[test]
fn a_session_costs_its_messages_and_little_more() {
    let without = size_of::<Session<0>>();
    assert!(
        without <= 640,
        "a session without messages takes {without} octets"
    );
    assert_eq!(
        size_of::<Session<64>>(),
        without + 64 * 16,
        "a message takes more than 16 octets"
    );
}
