//! The sockets over tokio. What is the same as over blocking sockets, because it is the same code, is told by the other
//! stories.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "../stage/mod.rs"]
mod stage;

mod clock;
mod dropped;
mod memory;
mod moves;
mod servers;

use std::net::{SocketAddr, SocketAddrV4};

use eop_net::server::Config;
use eop_net::tokio::{Client, Connection, Dial, Listener};
use eop_net::{Error, Event};
use tokio::task::JoinHandle;

/// A server that serves one client, as a task.
fn serving<F: Future + Send + 'static>(
    config: Config,
    serve: impl FnOnce(Connection) -> F + Send + 'static,
) -> (SocketAddrV4, JoinHandle<F::Output>)
where
    F::Output: Send,
{
    let listener = Listener::bind(stage::loopback(), config).expect("a port");
    let SocketAddr::V4(address) = listener.local_addr().expect("its address") else {
        panic!("loopback here is IPv4")
    };
    let task = async move { serve(listener.accept().await.expect("a client")).await };
    (address, tokio::spawn(task))
}

/// Answers every request with its own octets, to the end.
async fn echo(mut connection: Connection) -> Result<(), Error> {
    while let Some(request) = connection.receive().await? {
        connection.respond(&request).await?;
    }
    Ok(())
}

/// The payload of the next message; what is owed on the way is sent again.
async fn answer<D: Dial>(client: &mut Client<D>) -> Vec<u8> {
    loop {
        match client.receive().await {
            Event::Message(message) => return message.payload,
            Event::Redirected(redirected) if redirected.decide => {
                client.resend(redirected.hop).expect("it is awaited");
            }
            Event::Redirected(_) | Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => panic!("{ended}"),
        }
    }
}
