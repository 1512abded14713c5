//! [`Alarm`]: the moment at which a future has to look again although nothing came.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use ::tokio::time::Sleep;

/// A sleep whose moment changes.
pub(super) struct Alarm<'a> {
    sleep: Pin<&'a mut Sleep>,
    at: Option<Instant>,
}

impl<'a> Alarm<'a> {
    pub(super) const fn new(sleep: Pin<&'a mut Sleep>) -> Self {
        Self { sleep, at: None }
    }

    /// Ready at that moment; never, if there is none.
    pub(super) fn poll(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(moment) = at else {
            return Poll::Pending;
        };
        if self.at != at {
            self.sleep.as_mut().reset(moment.into());
            self.at = at;
        }
        self.sleep.as_mut().poll(cx)
    }
}
