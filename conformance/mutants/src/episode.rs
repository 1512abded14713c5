//! Episodes: how many moves, to where, for how long (section 7). Time comes as an argument.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::command::Settings;
use crate::frame::Kind;
use crate::table::Fault;

/// The window of EOP-EPI-7.
const WINDOW: Duration = Duration::from_secs(60);

/// A run of moves.
struct Episode {
    redirects: u32,
    visited: HashSet<SocketAddrV4>,
    fell_back: bool,
    spent: Duration,
    running: Option<Instant>,
}

/// The moves of a session, and the episode that is under way.
pub(crate) struct Moves {
    fault: Fault,
    recent: VecDeque<Instant>,
    episode: Option<Episode>,
}

impl Moves {
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            fault,
            recent: VecDeque::new(),
            episode: None,
        }
    }

    /// Counts a REDIRECT from `from` to `target`, or says which bound it breaks. `answered`: `from` answered a message.
    pub(crate) fn follow(
        &mut self,
        from: SocketAddrV4,
        answered: bool,
        target: SocketAddrV4,
        settings: &Settings,
        now: Instant,
    ) -> Result<(), Kind> {
        if self.fault == Fault::YesMan {
            return Ok(());
        }
        if settings.max_redirects == 0 {
            return Err(Kind::NotFollowed);
        }
        let episode = self.episode.get_or_insert_with(|| Episode {
            redirects: 0,
            // A connection that did its work may be returned to (EOP-EPI-3).
            visited: if answered {
                HashSet::new()
            } else {
                HashSet::from([from])
            },
            fell_back: false,
            spent: Duration::ZERO,
            running: Some(now),
        });
        self.recent
            .retain(|moved| now.duration_since(*moved) < WINDOW);
        if episode.elapsed(now) >= settings.deadline {
            Err(Kind::RedirectDeadline)
        } else if episode.visited.contains(&target) {
            Err(Kind::RedirectLoop)
        } else if episode.redirects >= settings.max_redirects
            || self.recent.len() >= most(settings.moves)
        {
            Err(Kind::TooManyRedirects)
        } else {
            episode.redirects += 1;
            episode.visited.insert(target);
            self.recent.push_back(now);
            Ok(())
        }
    }

    /// Counts a fallback to home, once in an episode (EOP-FAI-4).
    pub(crate) fn fall_back(&mut self, settings: &Settings) -> bool {
        let Some(episode) = &mut self.episode else {
            return false;
        };
        if episode.fell_back || episode.redirects >= settings.max_redirects {
            return false;
        }
        episode.fell_back = true;
        episode.redirects += 1;
        true
    }

    /// A message was answered, or the connected client was idle for long enough.
    pub(crate) fn end_episode(&mut self) {
        self.episode = None;
    }

    /// Stops the clock of the deadline while a message awaits its answer (EOP-EPI-6), and starts it again.
    pub(crate) fn hold_clock(&mut self, hold: bool, now: Instant) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        if hold {
            episode.spent = episode.elapsed(now);
            episode.running = None;
        } else if episode.running.is_none() {
            episode.running = Some(now);
        }
    }

    /// When the deadline passes; `None` outside an episode or while its clock stands still.
    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Instant> {
        let episode = self.episode.as_ref()?;
        Some(episode.running? + settings.deadline.saturating_sub(episode.spent))
    }

    pub(crate) fn in_episode(&self) -> bool {
        self.episode.is_some()
    }
}

impl Episode {
    fn elapsed(&self, now: Instant) -> Duration {
        self.spent
            + self
                .running
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

fn most(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
