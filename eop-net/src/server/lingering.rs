//! The last of a connection: what the client still sends is read and thrown away until it ends its stream or a limit
//! passes, so that closing does not destroy what is on its way to it (EOP-CLS-1 to EOP-CLS-7). Who does that for many
//! clients at once is `crowd.rs`.

use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::Config;
use super::drain::Serving;
use super::limits::{Acknowledging, Limits, Passed};
use super::linger_list::LingerList;
use crate::socket::{self, Heard, Ready};
use crate::transport::{Read, Transport, Written};

/// Octets thrown away at a time.
pub(crate) const CAPACITY: usize = 64 * 1024;
/// Reads before another client has its turn.
const READS: usize = 16;

/// A client to which everything was said: a redirect, or the end of the stream. Somebody has to see it off, or the system
/// resets the connection and the last octets may be lost (EOP-CLS-7).
///
/// Dropping it hands the client to the server's [`LingerList`], which does that in the background.
/// [`linger`](Self::linger) does it here, and says how the client went.
#[derive(Debug)]
pub struct Lingering {
    client: Whereabouts,
    list: LingerList,
}

/// How a client that lingered went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Departure {
    /// It ended its stream.
    Ended,
    /// It, or the way to it, was lost.
    Lost,
    /// It sent nothing for as long as it may (EOP-CLS-3).
    IdleLimit,
    /// It went on sending for longer than it may (EOP-CLS-3).
    TotalLimit,
    /// It took no octet of what was sent for as long as it may (EOP-CLS-12).
    Stall,
    /// A [`Drain`](super::Drain) had moved it before, and the linger list sees it off.
    HandedOver,
}

#[derive(Debug)]
enum Whereabouts {
    Here(Leaving<TcpStream>),
    Gone(Departure),
}

/// What there is still to say to a client, and who waits for it to go.
#[derive(Debug)]
pub struct Farewell {
    /// What the transport has not taken yet.
    pub(super) octets: Vec<u8>,
    /// Whether our stream ends behind that.
    pub(super) end: bool,
    pub(super) config: Config,
    pub(super) serving: Option<Serving>,
    pub(super) list: LingerList,
}

/// A client that is waited for, and nothing else.
#[derive(Debug)]
pub(crate) struct Leaving<S> {
    socket: S,
    /// What has to go out first.
    rest: Option<Rest>,
    limits: Limits,
    began: Instant,
    /// Whether the client has ended its stream.
    ended: bool,
    /// Whether others came first when it was read last.
    pub(super) has_more: bool,
    /// It counts as served until it is gone.
    _serving: Option<Serving>,
}

/// What the transport has not taken yet.
#[derive(Debug)]
struct Rest {
    octets: Vec<u8>,
    /// Octets at the front that it has taken.
    taken: usize,
    /// Whether our stream ends behind them.
    end: bool,
    /// When it took some last.
    since: Instant,
}

/// What came of throwing away what is there.
pub(crate) enum Turn {
    Gone(Departure),
    /// There is more; others come first.
    More,
    /// Nothing is there now.
    Quiet,
}

impl Farewell {
    /// The client of a socket is waited for by whoever asks for that, or by the list.
    pub(crate) fn over(self, socket: TcpStream) -> Lingering {
        let list = self.list.clone();
        match self.leaving(socket) {
            Some(leaving) => Lingering {
                client: Whereabouts::Here(leaving),
                list,
            },
            None => Lingering::gone(Departure::Lost, list),
        }
    }

    /// The connection is lost before anything could be said.
    #[cfg(feature = "tokio")]
    pub(crate) fn lost(self) -> Lingering {
        Lingering::gone(Departure::Lost, self.list)
    }

    /// Somebody else waits: the client, if it is not lost already, and the list, which wants to know.
    #[cfg(feature = "tokio")]
    pub(crate) fn elsewhere<S: Transport + Acknowledging>(
        self,
        socket: S,
    ) -> (Option<Leaving<S>>, LingerList) {
        let list = self.list.clone();
        (self.leaving(socket), list)
    }

    /// Says what there is to say, as far as that goes.
    fn leaving<S: Transport + Acknowledging>(self, socket: S) -> Option<Leaving<S>> {
        let Self {
            octets,
            end,
            config,
            serving,
            ..
        } = self;
        let now = S::now();
        let rest = (end || !octets.is_empty()).then_some(Rest {
            octets,
            taken: 0,
            end,
            since: now,
        });
        let mut leaving = Leaving {
            socket,
            rest,
            limits: Limits::new(&config, now),
            began: now,
            ended: false,
            has_more: false,
            _serving: serving,
        };
        let said = leaving.write_rest(&mut Context::from_waker(Waker::noop()));
        said.is_ok().then_some(leaving)
    }
}

impl Lingering {
    pub(crate) const fn gone(departure: Departure, list: LingerList) -> Self {
        Self {
            client: Whereabouts::Gone(departure),
            list,
        }
    }

    /// Waits until the client ends its stream or a limit passes; then closes.
    pub fn linger(mut self) -> Departure {
        match self.take() {
            Whereabouts::Here(leaving) => leaving.linger(),
            Whereabouts::Gone(departure) => departure,
        }
    }

    const fn take(&mut self) -> Whereabouts {
        std::mem::replace(&mut self.client, Whereabouts::Gone(Departure::HandedOver))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let Whereabouts::Here(leaving) = self.take() {
            self.list.hand_over(leaving);
        }
    }
}

impl Leaving<TcpStream> {
    /// Sees the client off, and waits for that.
    pub(super) fn linger(mut self) -> Departure {
        let mut octets = Vec::with_capacity(CAPACITY);
        loop {
            let turn = self.heed(Heard::Something, &mut octets);
            let left = match (turn, self.left(Instant::now())) {
                (Turn::Gone(departure), _) | (_, Err(departure)) => return departure,
                (Turn::More, Ok(_)) => continue,
                (Turn::Quiet, Ok(left)) => left,
            };
            let wanted = Ready {
                read: !self.ended,
                write: self.has_rest(),
            };
            if socket::wait(&self.socket, wanted, Some(left)).is_err() {
                return Departure::Lost;
            }
        }
    }
}

impl Leaving<TcpStream> {
    /// Writes what is left and throws away what is there, for a socket that is watched: whatever comes later is heard of again,
    /// so a read that leaves room has had everything, and nobody need ask a second time. `octets` has capacity.
    pub(super) fn heed(&mut self, heard: Heard, octets: &mut Vec<u8>) -> Turn {
        let mut cx = Context::from_waker(Waker::noop());
        self.turn_until(octets, &mut cx, |octets| {
            (octets.len() < octets.capacity()).then_some(heard)
        })
    }
}

impl<S: Transport + Acknowledging> Leaving<S> {
    /// How long it has been waited for.
    pub(crate) fn waited(&self) -> Duration {
        S::now().saturating_duration_since(self.began)
    }

    /// Whether it waits for the transport to take octets.
    pub(super) const fn has_rest(&self) -> bool {
        self.rest.is_some()
    }

    /// Writes what is left and throws away what is there, `octets` at a time, which has capacity. It never waits.
    #[cfg(feature = "tokio")]
    pub(crate) fn turn(&mut self, octets: &mut Vec<u8>, cx: &mut Context<'_>) -> Turn {
        self.turn_until(octets, cx, |_| None)
    }

    /// Reads until nothing is there, or `last` says of what was read that it was all.
    fn turn_until(
        &mut self,
        octets: &mut Vec<u8>,
        cx: &mut Context<'_>,
        last: impl Fn(&Vec<u8>) -> Option<Heard>,
    ) -> Turn {
        self.has_more = false;
        if self.write_rest(cx).is_err() {
            return Turn::Gone(Departure::Lost);
        }
        for _ in 0..READS {
            octets.clear();
            match self.socket.read(cx, octets) {
                Read::Octets => {
                    self.limits.note_octets(S::now());
                    match last(octets) {
                        Some(Heard::Something) => return Turn::Quiet,
                        Some(Heard::TheEnd) => return self.end(),
                        None => {}
                    }
                }
                Read::End => return self.end(),
                Read::Lost(_) => return Turn::Gone(Departure::Lost),
                Read::Nothing => return Turn::Quiet,
            }
        }
        self.has_more = true;
        Turn::More
    }

    /// The client has ended its stream, which is over once it was told everything (EOP-CLS-5).
    const fn end(&mut self) -> Turn {
        if self.has_rest() {
            self.ended = true;
            Turn::Quiet
        } else {
            Turn::Gone(Departure::Ended)
        }
    }

    fn write_rest(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(rest) = &mut self.rest else {
            return Ok(());
        };
        while let Some(octets) = rest.octets.get(rest.taken..).filter(|it| !it.is_empty()) {
            match self.socket.write(cx, &[IoSlice::new(octets)]) {
                Written::Octets(taken) => {
                    rest.taken = rest.taken.saturating_add(taken);
                    rest.since = S::now();
                }
                Written::Blocked => return Ok(()),
                Written::Failed(error) => return Err(error),
            }
        }
        if rest.end && self.socket.end_stream(cx)?.is_pending() {
            return Ok(());
        }
        self.rest = None;
        self.limits.begin_at(S::now());
        Ok(())
    }

    /// How long it may still be silent before this is to be asked again; or how it went, if a limit passed.
    pub(crate) fn left(&mut self, now: Instant) -> Result<Duration, Departure> {
        if let Some(rest) = &self.rest {
            let waited = now.saturating_duration_since(rest.since);
            return match self.limits.stall().saturating_sub(waited) {
                Duration::ZERO => Err(Departure::Stall),
                left => Ok(left),
            };
        }
        self.limits
            .left(&self.socket, now)
            .map_err(|passed| match passed {
                Passed::Idle => Departure::IdleLimit,
                Passed::Total => Departure::TotalLimit,
                Passed::Stall => Departure::Stall,
            })
    }
}

impl AsFd for Leaving<TcpStream> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
