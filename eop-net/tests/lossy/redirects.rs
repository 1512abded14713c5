//! How many redirects get lost with the packets: none, with the default limits. A server that closes behind its redirect loses
//! about as many as the link does packets.
//!
//! ```text
//! EOP_REDIRECTS=10000 cargo test -p eop-net --test lossy redirects -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddrV4, TcpListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use eop_link_emulator::Path;
use eop_net::Resending;
use eop_net::client::{Client, Config};
use eop_net::server::{self, Connection, LingerList, Listener, Redirector};

use super::account::{Acts, Diary};
use super::place::Place;
use super::stage::{redirect, v4};

/// Redirects, if nobody says otherwise.
const REDIRECTS: usize = 200;
/// How long a client waits for anything at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// Clients at a time.
const AT_A_TIME: usize = 100;

fn redirects() -> usize {
    let redirects = std::env::var("EOP_REDIRECTS").ok();
    redirects.map_or(REDIRECTS, |it| it.parse().expect("a number of redirects"))
}

/// 10 ms to the server and back.
fn losing(loss: f64) -> Option<Place> {
    let path = Path {
        delay: Duration::from_millis(5),
        loss,
        ..Path::default()
    };
    Place::lossy(1, path)
}

/// What came of sessions whose first server redirects them.
#[derive(Debug, Default)]
struct Tally {
    sessions: usize,
    answered: usize,
    /// Sessions that ended where they began, although they were redirected.
    lost: usize,
    /// How those ended that were not answered.
    ends: BTreeMap<String, usize>,
}

/// Clients ask as soon as they are connected. Every message is answered at the target, or reported; none runs twice.
fn tally(place: &Place, home: SocketAddrV4, acts: &Acts, patience: Duration) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let work = || {
        while let Some(number) =
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|it| *it < redirects())
        {
            let diary = ask(home, number, patience);
            assert_eq!(diary.judge(acts), Ok(()), "{diary:?}");
            let mut tally = tally.lock().expect("no panic");
            tally.sessions += 1;
            tally.answered += diary.answered();
            tally.lost += usize::from(diary.moves == 0);
            if diary.answered() == 0 {
                let end = diary.ended.expect("it is over").end.kind();
                *tally.ends.entry(end.to_owned()).or_default() += 1;
            }
        }
    };
    place.at_clients(|| {
        thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(work);
            }
        });
    });
    tally.into_inner().expect("no panic")
}

fn ask(home: SocketAddrV4, number: usize, patience: Duration) -> Diary {
    let config = Config {
        resending: Resending::Automatic { budget: 1 << 20 },
        ..Config::default()
    };
    let mut client = Client::new(home.into(), config).expect("no contradiction");
    let (mut diary, message) = (Diary::default(), number.to_string());
    let number = client.send(message.as_bytes()).expect("accepted");
    diary.sent(number, message.as_bytes());
    while diary.ended.is_none() {
        match client.receive_within(patience) {
            Some(event) => diary.hear(&event, &client),
            None => client.close(),
        }
        if diary.answered() > 0 {
            client.close();
        }
    }
    diary
}

/// A target that acts on every message, where the servers are.
fn target(place: &Place, acts: &Acts) -> SocketAddrV4 {
    let (listener, address) = place.listening();
    let acts = acts.clone();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (connection, acts) = (socket.expect("a client"), acts.clone());
            thread::spawn(move || {
                answer(
                    Connection::over(connection, server::Config::default()),
                    &acts,
                )
            });
        }
    });
    address
}

fn answer(mut connection: Connection, acts: &Acts) {
    while let Ok(Some(request)) = connection.receive() {
        if connection.respond(&acts.act(&request)).is_err() {
            return;
        }
    }
    connection.close().linger();
}

/// A redirector of this crate. Its linger list belongs to its host, which is asked what was acknowledged.
fn redirector(place: &Place, to: SocketAddrV4) -> (SocketAddrV4, Redirector) {
    place.at_servers(|address| {
        let listener = Listener::bind((address, 0).into(), server::Config::default());
        let listener = listener
            .expect("a port")
            .linger_in(&LingerList::new(LingerList::LIMIT));
        let address = v4(listener.local_addr().expect("its address"));
        let redirector = Redirector::start([listener], to).expect("a thread");
        (address, redirector)
    })
}

/// A server that sends its redirect and closes.
fn hasty(place: &Place, to: SocketAddrV4) -> SocketAddrV4 {
    let (listener, address): (TcpListener, _) = place.listening();
    thread::spawn(move || {
        for socket in listener.incoming() {
            // A client that is gone already is told nothing.
            let _ = socket.expect("a client").write_all(&redirect(to, b""));
        }
    });
    address
}

/// Shows EOP-CLS-1 to EOP-CLS-7.
#[test]
fn at_5_percent_no_redirect_is_lost() {
    let Some(place) = losing(0.05) else { return };
    let acts = Acts::default();
    let (home, _redirector) = redirector(&place, target(&place, &acts));
    let tally = tally(&place, home, &acts, PATIENCE);
    println!("5 % of the packets lost: {tally:?}");
    assert_eq!((tally.sessions, tally.lost), (redirects(), 0));
}

/// Shows EOP-CLS-1 to EOP-CLS-7.
#[test]
fn at_20_percent_no_redirect_is_lost_either() {
    let Some(place) = losing(0.2) else { return };
    let acts = Acts::default();
    let (home, _redirector) = redirector(&place, target(&place, &acts));
    let tally = tally(&place, home, &acts, PATIENCE);
    println!("20 % of the packets lost: {tally:?}");
    assert_eq!(tally.sessions, redirects());
    // Whoever never reached home at all was not redirected.
    let unreached = tally.ends.get("ConnectFailed").copied().unwrap_or_default()
        + tally.ends.get("Timeout").copied().unwrap_or_default();
    assert!(tally.lost <= unreached, "{tally:?}");
}

/// What the two above are worth: the same link does lose redirects.
#[test]
fn at_5_percent_a_server_that_closes_at_once_loses_redirects() {
    let Some(place) = losing(0.05) else { return };
    let acts = Acts::default();
    let home = hasty(&place, target(&place, &acts));
    // Its reset can get lost as well, and then nothing tells the client.
    let tally = tally(&place, home, &acts, PATIENCE / 6);
    println!("5 % of the packets lost, closing at once: {tally:?}");
    assert!(tally.lost > redirects() / 200, "{tally:?}");
}
