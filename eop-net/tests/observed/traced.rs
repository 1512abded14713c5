//! Spans and events, as a subscriber writes them down.

use std::io;
use std::sync::{Arc, Mutex};

use eop_net::client::Config;
use eop_net::server;
use tracing_subscriber::fmt::MakeWriter;

use super::stage::{answer, connect, ended, expect, normal, redirect, scripted, serving};

/// What was written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What is told while that happens, on this thread.
    fn of(happens: impl FnOnce()) -> String {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .without_time()
            .with_max_level(tracing::Level::TRACE)
            .finish();
        tracing::subscriber::with_default(subscriber, happens);
        let octets = log.0.lock().expect("no panic").clone();
        String::from_utf8(octets).expect("text")
    }
}

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// That these stand in the log, in this order, and the secret does not.
fn assert_told(log: &str, told: &[String]) {
    let mut rest = log;
    for line in told {
        let found = rest.find(line.as_str());
        let at = found.unwrap_or_else(|| panic!("\"{line}\" is not told in\n{log}"));
        rest = rest.get(at..).unwrap_or_default();
    }
    assert!(
        !log.contains("secret"),
        "payloads are nobody's business:\n{log}"
    );
}

#[test]
fn a_session_tells_where_it_goes_and_how_it_ends() {
    let target = serving(server::Config::default(), |mut connection| {
        let request = connection.receive().expect("no fault").expect("one");
        connection.respond(&request).expect("it is asked for");
    });
    let to = target.address;
    let home = scripted(move |mut socket| {
        use std::io::Write as _;
        expect(&mut socket, &normal(b"secret"));
        socket.write_all(&redirect(to, b"")).expect("room");
    });
    let from = home.address;
    let log = Log::of(|| {
        let mut client = connect(from, Config::default());
        client.send(b"secret").expect("accepted");
        assert_eq!(answer(&mut client), b"secret");
        client.close();
        ended(&mut client);
    });
    let told = [
        format!("session{{home={from}}}: eop::client: connected endpoint={from} hop=0"),
        format!("redirected from={from} to={to} kind=\"early\" owed=1 hop=1 decide=true"),
        format!("connected endpoint={to} hop=1"),
        "sending again number=0".to_owned(),
        "received kind=Answer answers=0 outstanding=0".to_owned(),
        "the session was closed".to_owned(),
    ];
    assert_told(&log, &told);
}

#[test]
fn a_connection_tells_where_it_sends_its_client_and_how_it_fails() {
    let (listener, to) = super::stage::listening();
    let server = eop_net::Listener::bind(super::stage::loopback(), server::Config::default());
    let server = server.expect("a port");
    let address = server.local_addr().expect("its address");
    let log = Log::of(|| {
        let moved = std::net::TcpStream::connect(address).expect("the server");
        drop(server.accept().expect("a client").redirect(to));
        let mut wrong = std::net::TcpStream::connect(address).expect("the server");
        io::Write::write_all(&mut wrong, b"secret").expect("room");
        let mut connection = server.accept().expect("a client");
        connection.receive().expect_err("that is not EOP");
        drop((moved, listener.local_addr()));
    });
    let told = [
        "eop::server: accepted".to_owned(),
        format!("eop::server: redirecting to={to} kind=\"early\""),
        "WARN connection{peer=127.0.0.1:".to_owned(),
        "kind=\"NotEop\"".to_owned(),
    ];
    assert_told(&log, &told);
}
