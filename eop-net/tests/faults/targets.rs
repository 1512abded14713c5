//! Targets that are not to be had: the message that was to go there is answered elsewhere, or its end names the target.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use eop_net::client::{Client, Config};
use eop_net::server::{self, Listener};
use eop_net::{Bounds, Cause, End, Fallback, Resending, Service};
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};

use super::account::{Acts, Diary};
use super::descriptors::counted;
use super::stage::{self, scripted, v4};

const QUESTION: &[u8] = b"question";
/// How long an application waits for an answer before it gives up.
const PATIENCE: Duration = Duration::from_secs(1);

/// A session that is moved to `target` before anybody acted on its question. If it comes back home, it is answered there.
fn moved_to(target: SocketAddrV4, acts: &Acts, config: Config) -> Diary {
    let (home, serving) = home(target, config.service, acts.clone());
    let mut client = Client::new(home.into(), config).expect("no contradiction");
    let mut diary = Diary::default();
    let number = client.send(QUESTION).expect("accepted");
    diary.sent(number, QUESTION);
    while diary.ended.is_none() {
        match client.receive_within(PATIENCE) {
            Some(event) => diary.hear(&event, &client),
            None => client.close(),
        }
        if diary.answered() > 0 {
            client.close();
        }
    }
    // Whoever did not come back comes now.
    drop((client, TcpStream::connect(home)));
    serving.join().expect("the server's own expectations hold");
    diary
}

fn home(
    target: SocketAddrV4,
    service: Service,
    acts: Acts,
) -> (SocketAddrV4, thread::JoinHandle<()>) {
    let config = server::Config {
        service,
        ..server::Config::default()
    };
    let listener = Listener::bind(stage::loopback(), config).expect("a port");
    let address = v4(listener.local_addr().expect("its address"));
    let thread = thread::spawn(move || {
        let accept = || {
            let mut connection = listener.accept().expect("a client");
            for _ in 0..service.greetings {
                // A client that is gone already is told nothing.
                let _ = connection.greet(b"hello");
            }
            connection
        };
        let mut first = accept();
        first.receive().expect("no fault").expect("the question");
        drop(first.redirect(target).expect("sent"));
        let mut again = accept();
        while let Ok(Some(request)) = again.receive() {
            let answer = acts.act(&request);
            again.respond(&answer).expect("it is asked for");
        }
    });
    (address, thread)
}

/// How a session with this configuration ends there; with a way home as well as without, what it was told is so.
fn end(target: impl Fn(&Acts) -> Target, config: Config) -> End {
    let counted = counted();
    let resending = Resending::Automatic { budget: 1 << 20 };
    let [_, end] = [Fallback::Home, Fallback::None].map(|fallback| {
        let config = Config {
            fallback,
            resending,
            ..config.clone()
        };
        let acts = Acts::default();
        let target = target(&acts);
        let diary = moved_to(target.address, &acts, config);
        assert_eq!(diary.judge(&acts), Ok(()), "{fallback:?}: {diary:?}");
        diary.ended.expect("it is over").end
    });
    counted.none_is_left();
    end
}

/// An endpoint, and what it holds as long as the story lasts.
pub(crate) struct Target {
    pub(crate) address: SocketAddrV4,
    _socket: Option<OwnedFd>,
    _waiting: Vec<TcpStream>,
}

/// A target that does this with the connection that it is given.
fn target(serve: impl FnOnce(TcpStream, Acts) + Send + Copy + 'static) -> impl Fn(&Acts) -> Target {
    move |acts| {
        let acts = acts.clone();
        Target {
            address: scripted(move |socket| serve(socket, acts)).address,
            _socket: None,
            _waiting: Vec::new(),
        }
    }
}

/// A socket that has an endpoint for itself.
fn bound() -> (OwnedFd, SocketAddrV4) {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &stage::loopback()).expect("a port");
    let address = getsockname(&socket).expect("its address");
    let address = SocketAddr::try_from(address).expect("one of the internet");
    (socket, v4(address))
}

/// A target at which nobody listens.
pub(crate) fn refusing() -> Target {
    let (socket, address) = bound();
    Target {
        address,
        _socket: Some(socket),
        _waiting: Vec::new(),
    }
}

/// A target with so many connections to accept that it answers no further one.
fn full() -> Target {
    let (socket, address) = bound();
    listen(&socket, 0).expect("a backlog");
    // As many as it takes.
    let waiting = std::iter::from_fn(|| {
        TcpStream::connect_timeout(&address.into(), Duration::from_millis(200)).ok()
    });
    Target {
        address,
        _waiting: waiting.take(16).collect(),
        _socket: Some(socket),
    }
}

fn reset(socket: &TcpStream) {
    set_socket_linger(socket, Some(Duration::ZERO)).expect("a flag");
}

/// The cause for which the target, and nobody else, is named.
fn cause(end: End) -> Cause {
    let End::RedirectFailed { cause, .. } = end else {
        panic!("{end}")
    };
    cause
}

/// Shows EOP-FAI-1.
#[test]
fn a_target_that_refuses() {
    assert_eq!(
        cause(end(|_| refusing(), Config::default())),
        Cause::ConnectFailed
    );
}

#[test]
fn a_target_that_resets_what_it_accepts() {
    let target = target(|socket, _| reset(&socket));
    // Whether the connection counts as made depends on whether the client looked in between.
    let cause = cause(end(target, Config::default()));
    let lost = matches!(cause, Cause::ConnectFailed | Cause::Uncertain);
    assert!(lost, "{cause}");
}

#[test]
fn a_target_that_closes_what_it_accepts() {
    let target = target(|socket, _| drop(socket));
    assert_eq!(cause(end(target, Config::default())), Cause::Uncertain);
}

#[test]
fn a_target_that_dies_with_the_message() {
    let target = target(|mut socket, acts| {
        stage::expect(&mut socket, &stage::normal(QUESTION));
        acts.act(QUESTION);
        reset(&socket);
    });
    assert_eq!(cause(end(target, Config::default())), Cause::Uncertain);
}

#[test]
fn a_target_that_dies_in_the_middle_of_its_answer() {
    let target = target(|mut socket, acts| {
        stage::expect(&mut socket, &stage::normal(QUESTION));
        acts.act(QUESTION);
        let answer = stage::normal(b"answer");
        socket.write_all(&answer[..15]).expect("room");
        reset(&socket);
    });
    assert_eq!(cause(end(target, Config::default())), Cause::Uncertain);
}

/// Whether it works on the message is not known, so the application bounds that (EOP-EPI-6).
#[test]
fn a_target_that_is_silent() {
    let target = target(|mut socket, _| {
        let _ = socket.read_to_end(&mut Vec::new());
    });
    assert_eq!(end(target, Config::default()), End::Closed);
}

/// Shows EOP-EPI-5.
#[test]
fn a_target_that_owes_a_greeting_and_is_silent() {
    let target = target(|mut socket, _| {
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let service = Service {
        greetings: 1,
        ..Service::default()
    };
    let config = Config {
        service,
        ..impatient()
    };
    let end = end(target, config);
    assert!(matches!(end, End::RedirectDeadline { .. }), "{end}");
}

/// Shows EOP-EPI-5.
#[test]
fn a_target_that_does_not_answer_the_attempt_to_connect() {
    let end = end(|_| full(), impatient());
    assert!(matches!(end, End::RedirectDeadline { .. }), "{end}");
}

fn impatient() -> Config {
    let bounds = Bounds {
        deadline: 300,
        ..Bounds::default()
    };
    Config {
        bounds,
        ..Config::default()
    }
}
