//! [`Alarm`]: the moment at which a future has to look again although nothing came.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use ::tokio::time::{Sleep, sleep_until};

/// A sleep whose moment changes. It is made when there is a moment: most futures never have one, and are small without it.
#[derive(Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready at that moment; never, if there is none.
    pub(super) fn poll(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(moment) = at.map(Into::into) else {
            return Poll::Pending;
        };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(moment)));
        if sleep.deadline() != moment {
            sleep.as_mut().reset(moment);
        }
        sleep.as_mut().poll(cx)
    }
}
