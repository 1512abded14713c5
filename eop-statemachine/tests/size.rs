//! What a connection and a session cost in memory.
use core::mem::size_of;
use eop_statemachine::{Client, Server, Session};

#[test]
fn sizes() {
    println!(
        "{} {} {} {}",
        size_of::<Server>(),
        size_of::<Client>(),
        size_of::<Session<4>>(),
        size_of::<Session>()
    );
}
