//! Futures that are dropped at every point at which they wait: nothing is lost, and nothing is done twice.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use eop_net::client::Config;
use eop_net::server;
use eop_net::tokio::Client;
use eop_net::{Event, Resending, Service};

use super::serving;

/// Polls a future once. Then it is dropped.
async fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx)));
    match polled.await {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Makes futures and polls each once, until one is ready.
macro_rules! dropping {
    ($future:expr) => {
        loop {
            match once($future).await {
                Some(output) => break output,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
}

/// Longer than what the sockets of a connection hold, so that sending waits as well.
const LONG: usize = 8 << 20;

#[tokio::test]
async fn every_message_is_answered_once_across_a_move_whatever_is_dropped() {
    let service = Service {
        max_payload: u32::MAX,
        ..Service::default()
    };
    let config = server::Config {
        service,
        ..server::Config::default()
    };
    let (to, target) = serving(config, |mut connection| async move {
        let mut acted_on = Vec::new();
        while let Some(request) = dropping!(connection.receive()).expect("no fault") {
            // Handed over by the call: what is dropped is only the waiting.
            once(connection.respond(&request)).await;
            acted_on.push(request.first().copied());
        }
        acted_on
    });
    let (home, _) = serving(config, move |mut connection| async move {
        let first = dropping!(connection.receive())
            .expect("no fault")
            .expect("one");
        drop(connection.redirect_with(&first, to).expect("sent"));
    });

    let config = Config {
        service,
        resending: Resending::Automatic { budget: u64::MAX },
        ..Config::default()
    };
    let mut client = Client::new(home.into(), config).expect("a configuration");
    let messages = [1, 2, 3, 4].map(|first| [vec![first], vec![0; LONG]].concat());
    for message in &messages {
        client.send(message).expect("accepted");
    }
    client.half_close().expect("once");
    let (mut answers, mut moves) = (Vec::new(), 0);
    loop {
        match dropping!(client.receive()) {
            Event::Message(message) => answers.push(message.payload),
            Event::Redirected(_) => moves += 1,
            Event::Connected(_) | Event::Settling => {}
            Event::Ended(ended) => {
                assert_eq!(ended.end, eop_net::End::Eof);
                break;
            }
        }
    }
    assert!(answers == messages, "each answer once, in order, whole");
    assert_eq!(moves, 1);
    let acted_on = target.await.expect("no panic");
    assert_eq!(acted_on, [Some(2), Some(3), Some(4)]);
}

#[tokio::test]
async fn an_event_that_nobody_took_comes_next_time() {
    let (home, _) = serving(server::Config::default(), super::echo);
    let mut client = Client::new(home.into(), Config::default()).expect("a configuration");
    client.send(b"question").expect("accepted");
    // A timeout that wins at once, again and again, as in a `select!` that is always busy elsewhere.
    let answer = loop {
        let nothing = Duration::ZERO;
        match tokio::time::timeout(nothing, client.receive()).await {
            Ok(Event::Message(message)) => break message.payload,
            Ok(_) | Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(answer, b"question");
}
