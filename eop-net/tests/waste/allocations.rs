//! Once a connection is in its stride, no message allocates: who gives payloads back has them in memory that was there.

use std::sync::mpsc::channel;
use std::thread;

use allocation_counter::measure;
use eop_net::client::Config;
use eop_net::server;
use eop_net::tokio::Client;

use super::exchange::{answer, answer_async, ask, ask_async, connected, listener, runtime};
use super::stage::serving;

/// Until everything has the memory that it needs.
const BEFORE: usize = 64;
const MESSAGES: usize = 1_000;

/// Requests of these lengths: empty, short, and longer than what a server copies together.
const LENGTHS: [usize; 3] = [0, 100, 20_000];

/// Allocations of so many exchanges, at the server and at the client.
fn blocking(length: usize) -> (u64, u64) {
    let server = serving(server::Config::default(), |mut connection| {
        answer(&mut connection, BEFORE);
        measure(|| answer(&mut connection, MESSAGES)).count_total
    });
    let mut client = connected(server.address);
    let request = vec![7; length];
    ask(&mut client, &request, BEFORE);
    let at_client = measure(|| ask(&mut client, &request, MESSAGES)).count_total;
    (server.join(), at_client)
}

fn over_tokio(length: usize) -> (u64, u64) {
    let (told, address) = channel();
    let server = thread::spawn(move || {
        let runtime = runtime();
        let (listener, home) = runtime.block_on(async { listener() });
        told.send(home).expect("it is awaited");
        let mut connection = runtime.block_on(listener.accept()).expect("a client");
        runtime.block_on(answer_async(&mut connection, BEFORE));
        let measured = measure(|| runtime.block_on(answer_async(&mut connection, MESSAGES)));
        measured.count_total
    });
    let home = address.recv().expect("it listens");
    let runtime = runtime();
    let connecting = Client::connect(home, Config::default());
    let mut client = runtime.block_on(connecting).expect("home");
    let request = vec![7; length];
    runtime.block_on(ask_async(&mut client, &request, BEFORE));
    let measured = measure(|| runtime.block_on(ask_async(&mut client, &request, MESSAGES)));
    (server.join().expect("no panic"), measured.count_total)
}

#[test]
fn blocking_no_message_allocates() {
    assert_eq!(LENGTHS.map(blocking), [(0, 0); 3]);
}

#[test]
fn over_tokio_no_message_allocates() {
    assert_eq!(LENGTHS.map(over_tokio), [(0, 0); 3]);
}
