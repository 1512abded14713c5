//! A session is reset behind every octet of it, in each direction, at home and at the target.

use std::net::{SocketAddrV4, TcpStream};
use std::thread;

use eop_net::client::{Client, ClientOver, Config, Network};
use eop_net::server::{self, Connection, Listener};
use eop_net::{Error, Resending, tokio as over_tokio};

use super::account::{Acts, Diary, answer_to};
use super::cutter::{Carried, Cut, Cutter, Way};
use super::descriptors::counted;
use super::stage::{self, PATIENCE, Server, v4};

/// Which connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    Home,
    Target,
}

/// The messages of a session: one is answered at home, one comes back with the redirect, and the others go to the target.
const MESSAGES: [&[u8]; 5] = [b"zero", b"one", b"two", b"", b"four"];

/// What came of a session.
struct Played {
    diary: Diary,
    acts: Acts,
    home: Carried,
    target: Carried,
}

impl Played {
    const fn carried(&self, leg: Leg) -> Carried {
        match leg {
            Leg::Home => self.home,
            Leg::Target => self.target,
        }
    }
}

/// Plays a session through cutters, of which one may cut.
fn play(stack: Stack, cut: Option<(Leg, Cut)>) -> Played {
    let at = |leg| cut.filter(|(cut, _)| *cut == leg).map(|(_, cut)| cut);
    let acts = Acts::default();
    let target = (stack.serve)(Role::Target(acts.clone()));
    let to_target = Cutter::before(target.address, at(Leg::Target));
    let home = (stack.serve)(Role::Home(acts.clone(), to_target.address));
    let to_home = Cutter::before(home.address, at(Leg::Home));
    let diary = (stack.ask)(to_home.address);
    let carried = [to_home.join(), to_target.join()];
    for server in [home, target] {
        // If nobody came, somebody comes now.
        drop(TcpStream::connect(server.address));
        server.join();
    }
    let [home, target] = carried;
    Played {
        diary,
        acts,
        home,
        target,
    }
}

/// For what the process keeps of a first session.
pub(crate) fn play_once() {
    play(BLOCKING, None);
    play(TOKIO, None);
}

/// What a server does.
enum Role {
    /// Answers the first message, and moves its client with the answer to the second.
    Home(Acts, SocketAddrV4),
    /// Answers every message.
    Target(Acts),
}

/// Sockets under test.
#[derive(Clone, Copy)]
struct Stack {
    serve: fn(Role) -> Server,
    ask: fn(SocketAddrV4) -> Diary,
}

const BLOCKING: Stack = Stack {
    serve: |role| {
        let listener =
            Listener::bind(stage::loopback(), server::Config::default()).expect("a port");
        let address = v4(listener.local_addr().expect("its address"));
        let thread = thread::spawn(move || {
            // A fault is the story's.
            let _ = serve(listener.accept().expect("a client"), role);
        });
        Server { address, thread }
    },
    ask: |home| {
        let mut client = Client::new(home.into(), automatic()).expect("no contradiction");
        let mut diary = begin(&mut client);
        while diary.ended.is_none() {
            let event = client.receive_within(PATIENCE).expect("an event");
            diary.hear(&event, &client);
        }
        diary
    },
};

const TOKIO: Stack = Stack {
    serve: |role| {
        let (told, address) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            runtime().block_on(async {
                let config = server::Config::default();
                let listener =
                    over_tokio::Listener::bind(stage::loopback(), config).expect("a port");
                let address = v4(listener.local_addr().expect("its address"));
                told.send(address).expect("it is awaited");
                let _ = serve_async(listener.accept().await.expect("a client"), role).await;
            });
        });
        let address = address.recv().expect("it listens");
        Server { address, thread }
    },
    ask: |home| {
        runtime().block_on(async {
            let mut client =
                over_tokio::Client::new(home.into(), automatic()).expect("no contradiction");
            let mut diary = begin(&mut client);
            while diary.ended.is_none() {
                let event = tokio::time::timeout(PATIENCE, client.receive()).await;
                diary.hear(&event.expect("an event"), &client);
            }
            diary
        })
    },
};

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("descriptors")
}

fn automatic() -> Config {
    Config {
        resending: Resending::Automatic { budget: 1 << 20 },
        ..Config::default()
    }
}

fn serve(mut connection: Connection, role: Role) -> Result<(), Error> {
    match role {
        Role::Home(acts, to) => {
            if let Some(request) = connection.receive()? {
                connection.respond(&acts.act(&request))?;
            }
            if let Some(request) = connection.receive()? {
                drop(connection.redirect_with(&acts.act(&request), to)?);
            }
        }
        Role::Target(acts) => {
            while let Some(request) = connection.receive()? {
                connection.respond(&acts.act(&request))?;
            }
        }
    }
    Ok(())
}

async fn serve_async(mut connection: over_tokio::Connection, role: Role) -> Result<(), Error> {
    match role {
        Role::Home(acts, to) => {
            if let Some(request) = connection.receive().await? {
                connection.respond(&acts.act(&request)).await?;
            }
            if let Some(request) = connection.receive().await? {
                drop(connection.redirect_with(&acts.act(&request), to)?);
            }
        }
        Role::Target(acts) => {
            while let Some(request) = connection.receive().await? {
                connection.respond(&acts.act(&request)).await?;
            }
        }
    }
    Ok(())
}

/// Sends everything at once: what a client writes down of it.
fn begin(client: &mut ClientOver<impl Network>) -> Diary {
    let mut diary = Diary::default();
    for message in MESSAGES {
        // Refused once the session is over, which it may be already.
        if let Ok(number) = client.send(message) {
            diary.sent(number, message);
        }
    }
    let _ = client.half_close();
    diary
}

/// How many answers are whole within so many octets of those that come from this leg.
fn whole_answers(leg: Leg, octets: usize) -> usize {
    let (at_home, at_target) = MESSAGES.split_at(2);
    let messages = match leg {
        Leg::Home => at_home,
        Leg::Target => at_target,
    };
    let mut ends = messages.iter().scan(0, |end, message| {
        *end += 12 + answer_to(message).len();
        Some(*end)
    });
    ends.by_ref().take_while(|end| *end <= octets).count()
}

/// Cuts a session behind every octet that goes this way on this leg.
fn cut_everywhere(stack: Stack, leg: Leg, way: Way) {
    let counted = counted();
    let whole = play(stack, None);
    assert_eq!(whole.diary.judge(&whole.acts), Ok(()));
    assert_eq!(whole.diary.answered(), MESSAGES.len());
    let octets = whole.carried(leg).way(way);
    assert!(octets > 40, "{octets} octets are no session");

    for octets in 0..=octets {
        let played = play(stack, Some((leg, Cut { way, octets })));
        let what = format!("behind octet {octets}: {:?}", played.diary);
        assert!(played.carried(leg).cut, "nothing was cut {what}");
        assert_eq!(played.diary.judge(&played.acts), Ok(()), "{what}");
        if way == Way::ToClient {
            let before = if leg == Leg::Target { 2 } else { 0 };
            let whole = before + whole_answers(leg, octets);
            assert!(played.diary.answered() >= whole, "an answer is lost {what}"); // EOP-CLS-10
        }
    }
    counted.none_is_left();
}

#[test]
fn blocking_home_is_cut_off_from_its_client() {
    cut_everywhere(BLOCKING, Leg::Home, Way::ToServer);
}

#[test]
fn blocking_the_client_is_cut_off_from_home() {
    cut_everywhere(BLOCKING, Leg::Home, Way::ToClient);
}

#[test]
fn blocking_the_target_is_cut_off_from_its_client() {
    cut_everywhere(BLOCKING, Leg::Target, Way::ToServer);
}

#[test]
fn blocking_the_client_is_cut_off_from_the_target() {
    cut_everywhere(BLOCKING, Leg::Target, Way::ToClient);
}

#[test]
fn tokio_home_is_cut_off_from_its_client() {
    cut_everywhere(TOKIO, Leg::Home, Way::ToServer);
}

#[test]
fn tokio_the_client_is_cut_off_from_home() {
    cut_everywhere(TOKIO, Leg::Home, Way::ToClient);
}

#[test]
fn tokio_the_target_is_cut_off_from_its_client() {
    cut_everywhere(TOKIO, Leg::Target, Way::ToServer);
}

#[test]
fn tokio_the_client_is_cut_off_from_the_target() {
    cut_everywhere(TOKIO, Leg::Target, Way::ToClient);
}
