//! Futures that are dropped before they are ready, at any point at which they wait.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::time::sleep;

use super::chance::Chance;

/// Polls a future as often as chance has it, for as long as chance has it. If it is not ready by then, it is dropped.
pub(crate) async fn tried<F: Future>(chance: &Chance, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let (mut polls, patience) = (chance.of_range(1..=4), chance.millis(0..=60));
    let mut patience = pin!(sleep(patience));
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        polls -= 1;
        match polls {
            0 => Poll::Ready(None),
            _ => patience.as_mut().poll(cx).map(|()| None),
        }
    })
    .await
}

/// Makes futures, of which each is dropped or ready, until one is ready. By chance the first is waited for.
macro_rules! insisted {
    ($chance:expr, $future:expr) => {
        if $chance.percent(60) {
            $future.await
        } else {
            loop {
                match $crate::fickle::tried($chance, $future).await {
                    Some(output) => break output,
                    None => tokio::time::sleep($chance.millis(0..=5)).await,
                }
            }
        }
    };
}
pub(crate) use insisted;
