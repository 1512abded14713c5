//! Seeing off a client whose connection is no socket: a task does what a linger list's thread does for sockets. How, and for
//! how long, is `server/lingering.rs`'s.

use std::future::poll_fn;
use std::task::Poll;

use ::tokio::runtime::Handle;

use super::alarm::Alarm;
use super::stream::{Accepted, Async};
use crate::server::{Departure, Farewell, LINGER_CAPACITY, Leaving, Lingering, Turn};
use crate::transport::Transport as _;

/// Lets a task of the runtime see off a client.
pub(super) fn see_off<S: Accepted>(stream: Async<S>, farewell: Farewell) -> Lingering {
    let (leaving, list) = farewell.elsewhere(stream);
    let (Some(leaving), Ok(runtime)) = (leaving, Handle::try_current()) else {
        return Lingering::gone(Departure::Lost, list);
    };
    list.begin_elsewhere();
    let told = list.clone();
    runtime.spawn(async move {
        let mut leaving = leaving;
        let departure = gone(&mut leaving).await;
        told.end_elsewhere(departure, leaving.waited());
    });
    Lingering::gone(Departure::HandedOver, list)
}

async fn gone<S: Accepted>(leaving: &mut Leaving<Async<S>>) -> Departure {
    let mut alarm = Alarm::default();
    let mut octets = Vec::with_capacity(LINGER_CAPACITY);
    poll_fn(|cx| {
        loop {
            let turn = leaving.turn(&mut octets, cx);
            let now = Async::<S>::now();
            let left = match (turn, leaving.left(now)) {
                (Turn::Gone(departure), _) | (_, Err(departure)) => return Poll::Ready(departure),
                (Turn::More, Ok(_)) => {
                    // Others come first.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                (Turn::Quiet, Ok(left)) => left,
            };
            if alarm.poll(now.checked_add(left), cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}
