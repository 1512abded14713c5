//! Limits on time, on a clock that nobody waits for.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use eop_net::client::Config;
use eop_net::tokio::Client;
use eop_net::{Cause, End, Event, Service};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::memory::Memory;
use super::stage::redirect;

const HOME: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4000);
const TARGET: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4001);

/// How a session ends, and when, if nothing is sent.
async fn end(memory: Memory, config: Config) -> (End, Duration) {
    let began = Instant::now();
    let mut client = Client::dialed_by(memory, HOME.into(), config).expect("a configuration");
    loop {
        if let Event::Ended(ended) = client.receive().await {
            return (ended.end, began.elapsed());
        }
    }
}

fn greeted() -> Config {
    let service = Service {
        greetings: 1,
        ..Service::default()
    };
    Config {
        service,
        ..Config::default()
    }
}

#[tokio::test(start_paused = true)]
async fn home_that_does_not_greet_runs_into_its_deadline() {
    let memory = Memory::default();
    let _silent = memory.listen(HOME);
    let ended = end(memory, greeted()).await;
    let timeout = End::Failed(Cause::Timeout);
    assert_eq!(ended, (timeout, Duration::from_secs(30))); // EOP-EPI-9
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_greet_runs_into_the_deadline_of_the_episode() {
    let memory = Memory::default();
    let (mut home, _silent) = (memory.listen(HOME), memory.listen(TARGET));
    tokio::spawn(async move {
        let mut client = home.recv().await.expect("a client");
        tokio::time::sleep(Duration::from_secs(7)).await;
        let octets = redirect(TARGET, b"");
        client.write_all(&octets).await.expect("room");
    });
    let ended = end(memory, greeted()).await;
    let deadline = End::RedirectDeadline { target: TARGET };
    assert_eq!(ended, (deadline, Duration::from_secs(37))); // EOP-EPI-5
}

#[tokio::test(start_paused = true)]
async fn a_header_that_does_not_go_on_is_not_waited_for_for_ever() {
    let memory = Memory::default();
    let mut home = memory.listen(HOME);
    tokio::spawn(async move {
        let mut client = home.recv().await.expect("a client");
        client.write_all(&[0]).await.expect("room");
        std::future::pending::<()>().await;
    });
    let ended = end(memory, Config::default()).await;
    let timeout = End::Failed(Cause::Timeout);
    assert_eq!(ended, (timeout, Duration::from_secs(10))); // EOP-TIM-1
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_nothing_is_given_up() {
    let memory = Memory::default();
    let _silent = memory.listen(HOME);
    let began = Instant::now();
    let config = Config::default();
    let mut client = Client::dialed_by(memory, HOME.into(), config).expect("a configuration");
    client.send(&[7; 4096]).expect("accepted");
    let end = loop {
        if let Event::Ended(ended) = client.receive().await {
            break ended.end;
        }
    };
    let stalled = (End::Failed(Cause::Stall), Duration::from_secs(30));
    assert_eq!((end, began.elapsed()), stalled); // EOP-CLS-12
}
