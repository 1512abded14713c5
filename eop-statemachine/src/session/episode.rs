//! What bounds a run of moves: its count, the endpoints it has seen, its clock, and the pace of moves over
//! all episodes. Which redirect is followed is decided elsewhere.

use core::net::{Ipv4Addr, SocketAddrV4};

/// The most redirects that an episode can be configured to have (EOP-EPI-1).
pub const MAX_REDIRECTS: u32 = 16;

/// The most moves that the pace can be configured to allow within its window (EOP-EPI-7).
pub const MAX_MOVES: u32 = 32;

/// Endpoints that an episode sees at most: its redirector and its targets.
const SEEN: usize = 17;

const NOWHERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

/// A run of moves, as the specification defines it. With no redirect in it there is no episode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Episode {
    /// Hops: redirects followed, and the fallback.
    hops: u32,
    /// Which of the hops was the fallback, counted from 1; 0 if none was.
    fallback: u32,
    /// The first `seen` endpoints are in use, oldest first.
    endpoints: [SocketAddrV4; SEEN],
    seen: usize,
}

impl Episode {
    pub(super) const NONE: Self = Self {
        hops: 0,
        fallback: 0,
        endpoints: [NOWHERE; SEEN],
        seen: 0,
    };

    pub(super) const fn is_running(&self) -> bool {
        self.hops > 0
    }

    pub(super) const fn hops(&self) -> u32 {
        self.hops
    }

    pub(super) const fn fell_back(&self) -> bool {
        self.fallback > 0
    }

    pub(super) fn has_seen(&self, endpoint: SocketAddrV4) -> bool {
        self.endpoints
            .get(..self.seen)
            .unwrap_or_default()
            .contains(&endpoint)
    }

    pub(super) fn see(&mut self, endpoint: SocketAddrV4) {
        if let Some(place) = self.endpoints.get_mut(self.seen) {
            *place = endpoint;
            self.seen = self.seen.saturating_add(1);
        }
    }

    /// A redirect to `target` is followed.
    pub(super) fn follow(&mut self, target: SocketAddrV4) {
        self.hops = self.hops.saturating_add(1);
        self.see(target);
    }

    /// The session falls back to home, which may have been seen before, this once (EOP-FAI-4).
    pub(super) fn fall_back(&mut self, home: Option<SocketAddrV4>) {
        self.hops = self.hops.saturating_add(1);
        self.fallback = self.hops;
        // Each hop has its place, also to a home that no redirect can name.
        self.see(home.unwrap_or(NOWHERE));
    }

    /// It turned out that an answer came before the last `hops` hops: they are an episode of their own, which
    /// did not see the redirector.
    pub(super) fn keep_last(&mut self, hops: u32) {
        if hops == 0 {
            *self = Self::NONE;
            return;
        }
        let keep = usize::try_from(hops).unwrap_or(usize::MAX);
        let old = self.seen.saturating_sub(keep);
        if let Some(seen) = self.endpoints.get_mut(..self.seen) {
            seen.rotate_left(old);
        }
        self.seen = self.seen.saturating_sub(old);
        for place in self.endpoints.iter_mut().skip(self.seen) {
            *place = NOWHERE;
        }
        let kept = hops.min(self.hops);
        self.fallback = self.fallback.saturating_sub(self.hops.saturating_sub(kept));
        self.hops = kept;
    }
}

/// A limit on time that can stand still. All in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Clock {
    left: u64,
    since: Option<u64>,
}

impl Clock {
    pub(super) const fn new(limit: u64) -> Self {
        Self {
            left: limit,
            since: None,
        }
    }

    /// Lets it run, or stand still, from `now` on.
    pub(super) fn set_running(&mut self, running: bool, now: u64) {
        match (self.since, running) {
            (None, true) => self.since = Some(now),
            (Some(since), false) => {
                self.left = self.left.saturating_sub(now.saturating_sub(since));
                self.since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// When it will have run out; `None` while it stands still.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.since.map(|since| since.saturating_add(self.left))
    }

    pub(super) fn has_run_out(&self, now: u64) -> bool {
        self.left == 0 || self.deadline().is_some_and(|deadline| deadline <= now)
    }
}

/// When the last moves were made (EOP-EPI-7).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    /// Milliseconds from each move to the one after it, newest first; the first is unused. Longer ones than
    /// fit are as good as for ever.
    gaps: [u32; 32],
    moves: u32,
    last: u64,
}

impl Pace {
    pub(super) const NONE: Self = Self {
        gaps: [0; 32],
        moves: 0,
        last: 0,
    };

    /// Whether one more move keeps to `limit` moves within `window` milliseconds.
    pub(super) fn allows(&self, limit: u32, window: u64, now: u64) -> bool {
        let mut age = now.saturating_sub(self.last);
        let mut recent: u32 = 0;
        let moves = usize::try_from(self.moves).unwrap_or(usize::MAX);
        for gap in self.gaps.iter().take(moves) {
            age = age.saturating_add(u64::from(*gap));
            if age >= window {
                break;
            }
            recent = recent.saturating_add(1);
        }
        recent < limit
    }

    pub(super) fn note(&mut self, now: u64) {
        let gap = u32::try_from(now.saturating_sub(self.last)).unwrap_or(u32::MAX);
        if let Some(first) = self.gaps.first_mut() {
            *first = if self.moves == 0 { 0 } else { gap };
        }
        self.gaps.rotate_right(1);
        if let Some(first) = self.gaps.first_mut() {
            *first = 0;
        }
        self.moves = self.moves.saturating_add(1).min(MAX_MOVES);
        self.last = now;
    }
}
