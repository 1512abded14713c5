//! A client that asks and a server that answers, over blocking sockets and over tokio's, each in a thread.

use std::net::SocketAddrV4;

use eop_net::client::Config;
use eop_net::server;
use eop_net::tokio as over_tokio;
use eop_net::{Client, Connection, Event};

/// Answers so many requests with their own octets.
pub(crate) fn answer(connection: &mut Connection, count: usize) {
    for _ in 0..count {
        let request = connection.receive().expect("no fault").expect("a request");
        connection.respond(&request).expect("it is asked for");
        connection.reuse(request);
    }
}

/// Asks so many times, one request after the other.
pub(crate) fn ask(client: &mut Client, request: &[u8], count: usize) {
    for _ in 0..count {
        client.send(request).expect("accepted");
        loop {
            if let Event::Message(message) = client.receive() {
                assert_eq!(message.payload, request);
                client.reuse(message.payload);
                break;
            }
        }
    }
}

pub(crate) fn connected(home: SocketAddrV4) -> Client {
    Client::connect(home, Config::default()).expect("home")
}

/// The same over tokio.
pub(crate) async fn answer_async(connection: &mut over_tokio::Connection, count: usize) {
    for _ in 0..count {
        let request = connection.receive().await.expect("no fault");
        let request = request.expect("a request");
        connection.respond(&request).await.expect("it is asked for");
        connection.reuse(request);
    }
}

/// The same over tokio.
pub(crate) async fn ask_async(client: &mut over_tokio::Client, request: &[u8], count: usize) {
    for _ in 0..count {
        client.send(request).expect("accepted");
        loop {
            if let Event::Message(message) = client.receive().await {
                assert_eq!(message.payload, request);
                client.reuse(message.payload);
                break;
            }
        }
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("descriptors")
}

pub(crate) fn listener() -> (over_tokio::Listener, SocketAddrV4) {
    let config = server::Config::default();
    let listener = over_tokio::Listener::bind(super::stage::loopback(), config).expect("a port");
    let address = super::stage::v4(listener.local_addr().expect("its address"));
    (listener, address)
}
