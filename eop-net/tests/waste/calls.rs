//! What a client and a server ask of the system for each message, as strace sees it.

use std::process::Command;

use eop_net::server::Config;
use eop_net::tokio::Client;

use super::exchange::{answer, answer_async, ask, ask_async, connected, listener, runtime};
use super::stage::serving;

const MESSAGES: usize = 200;
/// Calls that it takes to connect.
const FEW: usize = 8;

/// The process that strace looks at.
const TRACED: &str = "EOP_TRACED";

#[test]
#[ignore = "what strace looks at, which the story below starts"]
fn an_exchange_to_be_traced() {
    match std::env::var(TRACED).as_deref() {
        Ok("blocking") => blocking(),
        Ok(_) => runtime().block_on(over_tokio()),
        Err(_) => {}
    }
}

fn blocking() {
    let server = serving(Config::default(), |mut connection| {
        answer(&mut connection, MESSAGES);
    });
    ask(&mut connected(server.address), b"question", MESSAGES);
    server.join();
}

async fn over_tokio() {
    let (listener, home) = listener();
    let asking = async {
        let client = Client::connect(home, eop_net::client::Config::default());
        ask_async(&mut client.await.expect("home"), b"question", MESSAGES).await;
    };
    let answering = async {
        let mut connection = listener.accept().await.expect("a client");
        answer_async(&mut connection, MESSAGES).await;
    };
    tokio::join!(asking, answering);
}

/// Calls of a process.
#[derive(Debug, Default, PartialEq, Eq)]
struct Calls {
    writes: usize,
    reads: usize,
    waits: usize,
}

/// The calls of an exchange; `None` without strace, which in CI is a failure.
fn traced(sockets: &str) -> Option<Calls> {
    let this = std::env::current_exe().expect("this test");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none"])
        .args(["-e", "trace=sendto,sendmsg,recvfrom,recvmsg,poll,ppoll"])
        .arg(this)
        .args(["--exact", "calls::an_exchange_to_be_traced", "--ignored"])
        .env(TRACED, sockets)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if std::env::var_os("CI").is_some() => panic!("strace: {error}"),
        Err(error) => {
            eprintln!("SKIPPED: no strace here: {error}");
            return None;
        }
    };
    assert!(output.status.success(), "{output:?}");
    let mut calls = Calls::default();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        // "[pid 7] sendmsg(3, …) = 20"; a call that was interrupted ends in a line of its own, which begins otherwise.
        let call = line.split_once("] ").map_or(line, |(_, call)| call);
        match call.split_once('(').map(|(name, _)| name) {
            Some("sendto" | "sendmsg") => calls.writes += 1,
            Some("recvfrom" | "recvmsg") => calls.reads += 1,
            Some("poll" | "ppoll") => calls.waits += 1,
            Some(_) | None => {}
        }
    }
    Some(calls)
}

/// Shows EOP-FRM-4. Each frame is one write, and one read that brings it. Besides, the client looks before it begins to write on
/// an idle connection (EOP-CLS-11), and waits for the answer.
#[test]
fn blocking_a_message_is_one_write_and_one_read() {
    let Some(calls) = traced("blocking") else {
        return;
    };
    // The request and the answer.
    assert_eq!(calls.writes, 2 * MESSAGES, "{calls:?}");
    // Both are read, and the client looked.
    assert!(calls.reads <= 3 * MESSAGES + FEW, "{calls:?}");
    assert!(calls.waits <= MESSAGES + FEW, "{calls:?}");
}

/// Shows EOP-FRM-4. The runtime waits for all sockets at once.
#[test]
fn over_tokio_a_message_is_one_write_and_one_read() {
    let Some(calls) = traced("tokio") else { return };
    assert_eq!(calls.writes, 2 * MESSAGES, "{calls:?}");
    assert!(calls.reads <= 3 * MESSAGES + FEW, "{calls:?}");
}
