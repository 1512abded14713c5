//! [`Signals`]: what the operator says to a running command.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// What the operator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// SIGTERM, or SIGINT: end, and see to your clients before.
    Stop,
    /// SIGUSR1: move the clients elsewhere, and go on.
    Move,
    /// SIGUSR2: keep the clients again.
    Keep,
}

/// The signals that a command heeds.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    move_clients: Signal,
    keep_clients: Signal,
}

impl Signals {
    /// From now on no signal of these ends the process.
    pub(crate) fn heed() -> Result<Self, Failure> {
        let heed = |kind| signal(kind).map_err(|error| Failure::Io("signals".to_owned(), error));
        Ok(Self {
            interrupt: heed(SignalKind::interrupt())?,
            terminate: heed(SignalKind::terminate())?,
            move_clients: heed(SignalKind::user_defined1())?,
            keep_clients: heed(SignalKind::user_defined2())?,
        })
    }

    /// The next thing that the operator says. May be dropped at any time.
    pub(crate) async fn next(&mut self) -> Said {
        tokio::select! {
            _ = self.interrupt.recv() => Said::Stop,
            _ = self.terminate.recv() => Said::Stop,
            _ = self.move_clients.recv() => Said::Move,
            _ = self.keep_clients.recv() => Said::Keep,
        }
    }
}
