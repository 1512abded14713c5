//! [`Crowd`]: the clients of a command that serves until it is told to stop. How one of them is served is the command's.

use std::future::pending;
use std::io;
use std::time::Duration;

use eop_net::server::LingerList;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{info, warn};

use crate::arguments;
use crate::failure::Failure;
use crate::signals::{Said, Signals};

/// What the operator wants for the clients that are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// They are served here.
    Keeping,
    /// They are moved elsewhere, as soon as that is safe.
    Moving,
    /// They are left as they are, at once.
    CutOff,
}

/// Tells a client's task of the phase, and of every other one.
pub(crate) type Phases = watch::Receiver<Phase>;

/// Returns when the clients are to be left.
pub(crate) async fn cut_off(phases: &mut Phases) {
    // A crowd that is gone wants nothing any more.
    let _ = phases.wait_for(|phase| *phase == Phase::CutOff).await;
}

/// How long to wait when the system has no more sockets to give.
const SHORTAGE: Duration = Duration::from_millis(20);
/// How long a task may take to leave its client.
const LEAVING: Duration = Duration::from_secs(1);
/// How often clients that are seen off are counted, once nobody else is left.
const TICK: Duration = Duration::from_millis(20);

/// The clients of one command.
pub(crate) struct Crowd {
    /// Clients at a time.
    room: usize,
    /// How long they are waited for at the end.
    grace: Duration,
    /// Whether there is another place for them.
    movable: bool,
    /// Whether there is only one, and nothing to do after it.
    once: bool,
    phase: watch::Sender<Phase>,
    signals: Signals,
    lingering: LingerList,
}

impl Crowd {
    /// From now on the operator's signals are heeded.
    pub(crate) fn gather(limits: arguments::Crowd, movable: bool) -> Result<Self, Failure> {
        Ok(Self {
            room: usize::try_from(limits.max_clients).unwrap_or(usize::MAX),
            grace: limits.grace,
            movable,
            once: false,
            phase: watch::Sender::new(Phase::Keeping),
            signals: Signals::heed()?,
            lingering: LingerList::default(),
        })
    }

    /// Serves the first client and ends with it.
    pub(crate) fn only_one(mut self, once: bool) -> Self {
        self.once = once;
        self
    }

    /// What the operator wants, now and later.
    pub(crate) fn phases(&self) -> Phases {
        self.phase.subscribe()
    }

    /// Serves who is accepted, each by a task of its own that is also told whether there is no room for its client. A task
    /// that fails ends all; what concerns its client alone is no failure.
    pub(crate) async fn serve<T, F>(
        mut self,
        accept: impl AsyncFn() -> io::Result<T>,
        serve: impl Fn(T, Phases, bool) -> F,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let mut accept = Some(accept);
        let mut tasks = JoinSet::new();
        let mut ends_at: Option<Instant> = None;
        loop {
            let full = tasks.len() >= self.room;
            let accepted = async {
                match &accept {
                    Some(accept) if self.movable || !full => accept().await,
                    Some(_) | None => pending().await,
                }
            };
            let grace_over = async {
                match ends_at {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                accepted = accepted => match accepted {
                    Ok(client) => {
                        tasks.spawn(serve(client, self.phases(), full));
                        if self.once {
                            accept = None;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => {
                        warn!("no client can be accepted: {error}");
                        sleep(SHORTAGE).await;
                    }
                },
                Some(served) = tasks.join_next() => {
                    match served {
                        Ok(served) => served?,
                        Err(fault) => warn!("a client's task broke: {fault}"),
                    }
                    if self.once {
                        ends_at = Instant::now().checked_add(self.grace);
                    }
                }
                said = self.signals.next() => match said {
                    Said::Stop if ends_at.is_some() => break,
                    // What is said has been done.
                    Said::Stop => {
                        ends_at = Instant::now().checked_add(self.grace);
                        if self.movable {
                            self.phase.send_replace(Phase::Moving);
                        } else {
                            accept = None;
                        }
                        info!("stopping, {} clients left; once more to end at once", tasks.len());
                    }
                    Said::Move if self.movable => {
                        self.phase.send_replace(Phase::Moving);
                        info!("moving the clients");
                    }
                    Said::Move => warn!("nobody is moved: there is nowhere to move to"),
                    Said::Keep if ends_at.is_none() => {
                        self.phase.send_replace(Phase::Keeping);
                        info!("keeping the clients");
                    }
                    Said::Keep => {}
                },
                () = grace_over => break,
                () = sleep(TICK), if ends_at.is_some() && tasks.is_empty() => {}
            }
            if ends_at.is_some() && tasks.is_empty() && self.lingering.counts().lingering == 0 {
                return Ok(());
            }
        }
        let left = tasks
            .len()
            .saturating_add(self.lingering.counts().lingering);
        self.phase.send_replace(Phase::CutOff);
        let _ = timeout(LEAVING, tasks.join_all()).await;
        Err(Failure::CutOff(left))
    }
}
