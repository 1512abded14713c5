//! How far a session has been moved, and how long that took: a list of all its moves, and time that is spent drop by
//! drop. What the messages are may never come in.

use core::net::SocketAddrV4;

use eop_statemachine::session::Bounds;

/// A redirect that was followed, or a fallback.
struct Move {
    /// `None` is a home that is not IPv4.
    to: Option<SocketAddrV4>,
    fallback: bool,
    at: u64,
}

pub(super) struct Course {
    bounds: Bounds,
    /// Every move of the session; the first is hop 1.
    moves: Vec<Move>,
    /// Hops that were before the episode.
    before: usize,
    /// The redirector of the episode's first redirect, if it counts as visited.
    redirector: Option<SocketAddrV4>,
    /// When the connection at each hop was over; 0 where it never was.
    left_at: Vec<u64>,
    /// What the deadline allows, and what of it is spent.
    limit: u64,
    spent: u64,
    quiet: u64,
}

impl Course {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            moves: Vec::new(),
            before: 0,
            redirector: None,
            left_at: vec![0],
            limit: bounds.home_deadline,
            spent: 0,
            quiet: 0,
        }
    }

    pub(super) fn hop(&self) -> usize {
        self.moves.len()
    }

    /// The moves of the episode.
    fn episode(&self) -> &[Move] {
        &self.moves[self.before..]
    }

    pub(super) fn is_running(&self) -> bool {
        !self.episode().is_empty()
    }

    /// A redirect arrived, from a connection on which something was `answered` or not.
    pub(super) fn redirected(&mut self, by: Option<SocketAddrV4>, answered: bool) {
        if !self.is_running() {
            self.redirector = by.filter(|_| !answered);
            (self.limit, self.spent) = (self.bounds.deadline, 0);
        }
    }

    /// The connection of this hop is over.
    pub(super) fn leave(&mut self, now: u64) {
        let hop = self.hop();
        self.left_at[hop] = now;
    }

    pub(super) fn note(&mut self, to: Option<SocketAddrV4>, fallback: bool, at: u64) {
        self.moves.push(Move { to, fallback, at });
        self.left_at.push(0);
    }

    /// The episode ended now.
    pub(super) fn end_episode(&mut self) {
        self.before = self.hop();
        self.redirector = None;
    }

    /// It turns out that it ended at an earlier hop: then the REDIRECT behind that hop began the one that is.
    pub(super) fn ended_at(&mut self, hop: usize, now: u64) {
        self.before = self.before.max(hop);
        self.redirector = None;
        (self.limit, self.spent) = (self.bounds.deadline, now - self.left_at[hop]);
    }

    /// Why a redirect to `target` is one too many.
    pub(super) fn refusal(&self, target: SocketAddrV4, now: u64) -> Option<&'static str> {
        let seen = self.redirector == Some(target)
            || self.episode().iter().any(|there| there.to == Some(target));
        match () {
            () if self.bounds.redirects == 0 => Some("NotFollowed"),
            () if seen => Some("RedirectLoop"),
            () if self.is_full(now) => Some("TooManyRedirects"),
            () if self.has_run_out() => Some("RedirectDeadline"),
            () => None,
        }
    }

    /// Whether one more move would be too many, for the episode or for the window.
    fn is_full(&self, now: u64) -> bool {
        let recent = |there: &&Move| now - there.at < self.bounds.moves_window;
        self.episode().len() >= self.bounds.redirects as usize
            || self.moves.iter().filter(recent).count() >= self.bounds.moves as usize
    }

    pub(super) fn may_fall_back(&self, now: u64) -> bool {
        self.is_running()
            && !self.episode().iter().any(|there| there.fallback)
            && !self.is_full(now)
            && !self.has_run_out()
    }

    pub(super) fn has_run_out(&self) -> bool {
        self.spent >= self.limit
    }

    /// Milliseconds until then.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent)
    }

    /// Time passes, while the deadline runs or stands still, and while the session is quiet or not.
    pub(super) fn pass(&mut self, time: u64, runs: bool, quiet: bool) {
        if runs {
            self.spent += time;
        }
        if quiet {
            self.quiet += time;
            if self.quiet >= self.bounds.quiet {
                self.end_episode();
            }
        }
    }

    pub(super) fn disturb(&mut self) {
        self.quiet = 0;
    }
}
