//! EOP over TLS. The other end is rustls by hand where it has to do what it should not.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "../stage/mod.rs"]
mod stage;

mod authority;
mod moves;
mod servers;
mod tasks;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use authority::NAME;
use eop_net::client::{Client, Config};
use eop_net::server::{self, Connection, Listener};
use eop_net::tls::rustls::{ClientConfig, ServerConfig, ServerConnection};
use eop_net::tls::{ALPN, ClientTls, ServerTls};
use eop_net::{Bounds, Resending, Service};
use stage::{PATIENCE, Server};

/// Terms that have no room for a limit.
fn service() -> Service {
    Service {
        max_payload: u32::MAX,
        ..Service::default()
    }
}

/// A server over `eop-net` that is secured.
fn serving<T: Send + 'static>(
    tls: ServerConfig,
    serve: impl FnOnce(Connection) -> T + Send + 'static,
) -> Server<T> {
    let config = server::Config {
        service: service(),
        ..server::Config::default()
    };
    let listener = Listener::bind(stage::loopback(), config)
        .expect("a port")
        .secured_by(&ServerTls::new(tls));
    let address = stage::v4(listener.local_addr().expect("its address"));
    let thread = thread::spawn(move || serve(listener.accept().expect("a client")));
    Server { address, thread }
}

/// Answers every request with its own octets, to the end.
fn echo(mut connection: Connection) -> Result<(), eop_net::Error> {
    while let Some(request) = connection.receive()? {
        connection.respond(&request)?;
    }
    Ok(())
}

/// A server that is rustls by hand: what it does once the handshake is over, or failed.
fn by_hand<T: Send + 'static>(
    mut tls: ServerConfig,
    alpn: &[&[u8]],
    serve: impl FnOnce(ServerConnection, TcpStream, bool) -> T + Send + 'static,
) -> Server<T> {
    tls.alpn_protocols = alpn.iter().map(|it| it.to_vec()).collect();
    stage::scripted(move |mut socket| {
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let mut connection = ServerConnection::new(Arc::new(tls)).expect("a configuration");
        let made = loop {
            match connection.complete_io(&mut socket) {
                Ok(_) if connection.is_handshaking() => {}
                Ok(_) => break true,
                Err(_) => break false,
            }
        };
        serve(connection, socket, made)
    })
}

/// Says `octets` over TLS and, if it is polite, that they are all; then ends the stream.
fn say_and_end(mut tls: ServerConnection, mut socket: TcpStream, octets: &[u8], polite: bool) {
    tls.writer().write_all(octets).expect("room");
    if polite {
        tls.send_close_notify();
    }
    while tls.wants_write() {
        tls.write_tls(&mut socket).expect("room");
    }
    socket
        .shutdown(std::net::Shutdown::Write)
        .expect("a half-close");
    let _ = socket.read(&mut [0; 1024]);
}

/// A session whose handshakes have no more time than a story waits.
fn config(tls: ClientConfig) -> Config {
    let deadline = u64::try_from(PATIENCE.as_millis()).expect("a few seconds");
    Config {
        bounds: Bounds {
            deadline,
            home_deadline: deadline,
            ..Bounds::default()
        },
        tls: Some(ClientTls::new(tls, NAME.try_into().expect("a name"))),
        resending: Resending::Automatic { budget: u64::MAX },
        service: service(),
        ..Config::default()
    }
}

fn connect(home: &Server<impl Sized>, tls: ClientConfig) -> Client {
    Client::connect(home.address, config(tls)).expect("home")
}
