//! A server with many clients is drained, and a third of the targets refuse. The clients are a process of their own, so that
//! there can be many.
//!
//! `EOP_CLIENTS=10000 cargo test -p eop-net --test faults crowd -- --nocapture` is the large form.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddrV4;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use eop_net::client::Config;
use eop_net::server::{self, Drain, LingerList, RoundRobin};
use eop_net::tokio::{Client, Connection, Listener};
use eop_net::{End, Error, Event, Resending, Status};
use tokio::sync::Barrier;

use super::account::{Acts, Diary, Fate, judge};
use super::descriptors::counted;
use super::stage::{self, v4};
use super::targets::refusing;

/// Where the clients' home is, for the process that is them.
const HOME: &str = "EOP_CROWD_HOME";

/// How many there are, if nobody says otherwise.
const CLIENTS: usize = 300;

fn clients() -> usize {
    let clients = std::env::var("EOP_CLIENTS").ok();
    clients.map_or(CLIENTS, |it| it.parse().expect("a number of clients"))
}

/// How a client ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    answered: usize,
    at_a_target_that_refuses: usize,
    otherwise: usize,
}

#[test]
fn a_crowd_is_moved_while_a_third_of_the_targets_refuse() {
    let counted = counted();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build();
    let runtime = runtime.expect("descriptors");
    let (acts, drain) = (Acts::default(), Drain::new().expect("descriptors"));
    let list = LingerList::new(clients());
    let refusing = refusing();
    let home = {
        let _here = runtime.enter();
        let listen = |drain: Option<&Drain>| {
            let listener = Listener::bind(stage::loopback(), server::Config::default());
            let listener = listener.expect("a port").linger_in(&list);
            let address = v4(listener.local_addr().expect("its address"));
            let listener = match drain {
                Some(drain) => listener.drained_by(drain),
                None => listener,
            };
            runtime.spawn(accept(listener, acts.clone()));
            address
        };
        (listen(Some(&drain)), [listen(None), listen(None)])
    };
    let (home, [one, other]) = home;

    let mut crowd = crowd(home);
    let mut told = BufReader::new(crowd.stdout.take().expect("it is piped")).lines();
    let mut line = || told.next().map(|line| line.expect("text"));
    while line().expect("they are all answered once") != "everybody is here" {}
    drain.begin(RoundRobin::new([one, refusing.address, other]));

    let (mut messages, mut ends) = (0, Ends::default());
    while let Some(line) = line() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["message", message, fate] => {
                messages += 1;
                assert_eq!(judge(message.as_bytes(), told_as(fate), &acts), Ok(()));
            }
            ["end", "eof"] => ends.answered += 1,
            ["end", "RedirectFailed"] => ends.at_a_target_that_refuses += 1,
            ["end", ..] => ends.otherwise += 1,
            _ => {}
        }
    }
    assert!(crowd.wait().expect("a process").success());
    println!("{} clients, {messages} messages: {ends:?}", clients());
    let third = clients() / 3;
    let expected = Ends {
        answered: clients() - third,
        at_a_target_that_refuses: third,
        otherwise: 0,
    };
    assert_eq!(ends, expected);
    drop((runtime, list, drain, refusing, told));
    counted.none_is_left();
}

async fn accept(listener: Listener, acts: Acts) {
    loop {
        if let Ok(connection) = listener.accept().await {
            tokio::spawn(serve(connection, acts.clone()));
        }
    }
}

async fn serve(mut connection: Connection, acts: Acts) -> Result<(), Error> {
    while let Some(request) = connection.receive().await? {
        connection.respond(&acts.act(&request)).await?;
    }
    drop(connection.close());
    Ok(())
}

/// The process of the clients.
fn crowd(home: SocketAddrV4) -> Child {
    let mut this = Command::new(std::env::current_exe().expect("this test"));
    this.args([
        "--exact",
        "crowd::clients_of_the_crowd",
        "--ignored",
        "--nocapture",
    ])
    .env(HOME, home.to_string())
    .stdout(Stdio::piped());
    this.spawn().expect("a process")
}

#[test]
#[ignore = "the process of the clients, which the story of the crowd starts"]
fn clients_of_the_crowd() {
    let Ok(home) = std::env::var(HOME) else {
        return;
    };
    let home: SocketAddrV4 = home.parse().expect("an endpoint");
    let counted = counted();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build();
    runtime.expect("descriptors").block_on(async {
        let everybody = Arc::new(Barrier::new(clients()));
        let tasks: Vec<_> = (0..clients())
            .map(|number| tokio::spawn(ask(number, home, Arc::clone(&everybody))))
            .collect();
        for task in tasks {
            tell(&task.await.expect("no panic"));
        }
    });
    counted.none_is_left();
}

/// A client that asks until it is moved, or waits for that; and asks twice more.
async fn ask(number: usize, home: SocketAddrV4, everybody: Arc<Barrier>) -> Diary {
    let config = Config {
        resending: Resending::Automatic { budget: 1 << 20 },
        ..Config::default()
    };
    let mut client = Client::new(home.into(), config).expect("no contradiction");
    let (mut diary, mut asked) = (Diary::default(), 0);
    let mut say = |client: &mut Client, diary: &mut Diary| {
        let message = format!("{number}/{asked}");
        asked += 1;
        if let Ok(number) = client.send(message.as_bytes()) {
            diary.sent(number, message.as_bytes());
        }
    };
    say(&mut client, &mut diary);
    let mut goes_on = number.is_multiple_of(2);
    while diary.ended.is_none() {
        let event = client.receive().await;
        diary.hear(&event, &client);
        match event {
            Event::Message(_) => {
                if diary.answered() == 1 && everybody.wait().await.is_leader() {
                    println!("everybody is here");
                }
                if goes_on {
                    say(&mut client, &mut diary);
                }
            }
            Event::Redirected(_) => {
                goes_on = false;
                say(&mut client, &mut diary);
                say(&mut client, &mut diary);
                let _ = client.half_close();
            }
            Event::Connected(_) | Event::Settling | Event::Ended(_) => {}
        }
    }
    diary
}

/// What a client was told, for the process of the servers.
fn tell(diary: &Diary) {
    assert_eq!(diary.breach(), None);
    let mut out = std::io::stdout().lock();
    for (message, fate) in diary.fates() {
        let message = String::from_utf8_lossy(message);
        let fate = match fate {
            Some(Fate::Answered) => "answered",
            Some(Fate::Dropped) => "dropped",
            Some(Fate::Left(Status::Owed)) => "owed",
            Some(Fate::Left(Status::Unsent)) => "unsent",
            Some(Fate::Left(Status::Uncertain)) => "uncertain",
            None => "lost",
        };
        writeln!(out, "message {message} {fate}").expect("it is read");
    }
    let end = diary.ended.map_or(End::Closed, |it| it.end);
    writeln!(out, "end {}", end.kind()).expect("it is read");
}

fn told_as(fate: &str) -> Option<Fate> {
    match fate {
        "answered" => Some(Fate::Answered),
        "dropped" => Some(Fate::Dropped),
        "owed" => Some(Fate::Left(Status::Owed)),
        "unsent" => Some(Fate::Left(Status::Unsent)),
        "uncertain" => Some(Fate::Left(Status::Uncertain)),
        _ => None,
    }
}
