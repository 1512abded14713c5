//! What a secured server takes and refuses.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use eop_net::server::{Config, Listener, Redirector};
use eop_net::tls::ServerTls;
use eop_net::tls::rustls::{ClientConfig, ClientConnection, StreamOwned};
use eop_net::{End, Error};
use eop_wire::HEADER_LEN;

use super::authority::{Authority, NAME};
use super::stage::{PATIENCE, Server, answer, end, loopback, normal, nowhere, redirect, rest, v4};
use super::{ALPN, connect, serving};

/// A client that is rustls by hand.
fn by_hand(
    server: &Server<impl Sized>,
    mut tls: ClientConfig,
    alpn: &[&[u8]],
) -> StreamOwned<ClientConnection, TcpStream> {
    tls.alpn_protocols = alpn.iter().map(|it| it.to_vec()).collect();
    let name = NAME.try_into().expect("a name");
    let tls = ClientConnection::new(Arc::new(tls), name).expect("a configuration");
    let socket = TcpStream::connect(server.address).expect("the server");
    socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
    StreamOwned::new(tls, socket)
}

/// Shows EOP-SEC-3.
#[test]
fn a_client_that_does_not_say_that_it_speaks_eop_is_not_served() {
    let authority = Authority::new();
    for alpn in [&[][..], &[&b"http/1.1"[..]]] {
        let server = serving(authority.server(NAME), |mut connection| {
            connection.receive()
        });
        let mut client = by_hand(&server, authority.client(), alpn);
        let _ = client.write_all(&normal(b"question"));
        let mut heard = Vec::new();
        let _ = client.read_to_end(&mut heard);
        assert_eq!(heard, b"");
        assert!(matches!(server.join(), Err(Error::Lost(_))));
    }
}

/// Shows EOP-SEC-6.
#[test]
fn a_client_that_is_cut_off_did_not_end_its_stream() {
    let authority = Authority::new();
    let received = [true, false].map(|polite| {
        let server = serving(authority.server(NAME), |mut connection| {
            connection.receive().expect("no fault").expect("a request");
            connection.receive()
        });
        let mut client = by_hand(&server, authority.client(), &[ALPN]);
        client.write_all(&normal(b"question")).expect("room");
        if polite {
            client.conn.send_close_notify();
        }
        client.flush().expect("room");
        client
            .sock
            .shutdown(std::net::Shutdown::Write)
            .expect("a half-close");
        server.join()
    });
    let [polite, cut_off] = received;
    assert!(matches!(polite, Ok(None)), "{polite:?}");
    assert!(matches!(cut_off, Err(Error::Lost(_))), "{cut_off:?}");
}

#[test]
fn a_handshake_that_does_not_go_on_is_not_waited_for_for_ever() {
    let config = Config {
        header: Duration::from_millis(100),
        ..Config::default()
    };
    let tls = ServerTls::new(Authority::new().server(NAME));
    let listener = Listener::bind(loopback(), config)
        .expect("a port")
        .secured_by(&tls);
    let _client = TcpStream::connect(listener.local_addr().expect("its address"));
    let received = listener.accept().expect("a client").receive();
    assert!(matches!(received, Err(Error::Timeout)), "{received:?}");
}

/// A redirector to `target`, with a client that has said nothing yet.
fn redirecting(
    authority: &Authority,
    config: Config,
    target: SocketAddrV4,
) -> (Redirector, Server<()>, TcpStream) {
    let listener = Listener::bind(loopback(), config)
        .expect("a port")
        .secured_by(&ServerTls::new(authority.server(NAME)));
    let address = v4(listener.local_addr().expect("its address"));
    let redirector = Redirector::start([listener], target).expect("a thread");
    let silent = TcpStream::connect(address).expect("the redirector");
    let thread = std::thread::spawn(|| ());
    (redirector, Server { address, thread }, silent)
}

#[test]
fn a_redirector_does_not_let_one_client_wait_for_the_handshake_of_another() {
    let (authority, target) = (Authority::new(), nowhere());
    let (_redirector, server, _silent) = redirecting(&authority, Config::default(), target);
    let mut client = by_hand(&server, authority.client(), &[ALPN]);
    let mut header = [0; HEADER_LEN];
    client.read_exact(&mut header).expect("a redirect");
    assert_eq!(header[..], redirect(target, b""));
}

#[test]
fn a_redirector_gives_up_a_handshake_that_does_not_go_on() {
    let config = Config {
        header: Duration::from_millis(100),
        ..Config::default()
    };
    let (_redirector, _server, mut silent) = redirecting(&Authority::new(), config, nowhere());
    assert_eq!(rest(&mut silent), b"");
}

/// Shows EOP-SEC-6.
#[test]
fn a_server_that_closes_says_that_its_stream_ends_whoever_ended_first() {
    let authority = Authority::new();
    for client_first in [true, false] {
        let server = serving(authority.server(NAME), move |mut connection| {
            connection.receive().expect("no fault").expect("a request");
            connection.respond(b"answer").expect("it is asked for");
            if client_first {
                assert_eq!(connection.receive().expect("no fault"), None);
            }
            drop(connection.close());
        });
        let mut client = connect(&server, authority.client());
        client.send(b"question").expect("accepted");
        assert_eq!(answer(&mut client), b"answer");
        if client_first {
            client.half_close().expect("once");
        }
        assert_eq!(end(&mut client), End::Eof);
    }
}

#[test]
fn a_client_that_resets_says_no_farewell() {
    let authority = Authority::new();
    let server = serving(authority.server(NAME), |mut connection| {
        connection.receive().expect("no fault").expect("a request");
        connection.respond(b"answer").expect("it is asked for");
        connection.receive()
    });
    let mut client = connect(&server, authority.client());
    client.send(b"question").expect("accepted");
    assert_eq!(answer(&mut client), b"answer");
    client.reset();
    assert!(matches!(server.join(), Err(Error::Lost(_))));
}
