//! Episodes: how many moves, to where, for how long (section 7). Time comes as an argument.

use std::collections::VecDeque;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::command::Settings;
use crate::frame::Kind;
use crate::table::Fault;

/// The window of EOP-EPI-7.
const WINDOW: Duration = Duration::from_secs(60);

/// A run of moves.
struct Episode {
    begun: Instant,
    redirects: u32,
    visited: Vec<SocketAddrV4>,
    /// Which of its moves was the fallback.
    fell_back: Option<usize>,
    spent: Duration,
    running: Option<Instant>,
    /// How much of the deadline had passed at each move.
    spent_before: Vec<Duration>,
}

/// The moves of a session, and the episode that is under way.
pub(crate) struct Moves {
    fault: Fault,
    recent: VecDeque<Instant>,
    episode: Option<Episode>,
    hurried: bool,
    /// What only a fault remembers of an episode that is over.
    past: Option<Episode>,
    /// What only a fault takes for visited.
    inherited: Vec<SocketAddrV4>,
    /// It fell back to home in some episode; only a fault minds.
    fell_back: bool,
}

impl Moves {
    /// No moves yet, whatever `earlier` sessions did.
    pub(crate) fn new<'s>(fault: Fault, earlier: impl Iterator<Item = &'s Self>) -> Self {
        let mut moves = Self {
            fault,
            recent: VecDeque::new(),
            episode: None,
            hurried: false,
            past: None,
            inherited: Vec::new(),
            fell_back: false,
        };
        for one in earlier {
            if fault.has(Fault::MovesInherited) {
                moves.recent.extend(&one.recent);
            }
            if fault.has(Fault::VisitedInherited) {
                let episode = one.episode.iter();
                let visited = episode.flat_map(|episode| &episode.visited);
                moves.inherited.extend(visited);
            }
        }
        moves
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
        if settings.max_redirects == 0 && !self.fault.has(Fault::ZeroFollowed) {
            if from == target && self.fault.has(Fault::LoopBeforeNone) {
                return Err(Kind::RedirectLoop);
            }
            let named = !self.fault.has(Fault::ZeroMisnamed);
            return Err(if named {
                Kind::NotFollowed
            } else {
                Kind::TooManyRedirects
            });
        }
        let bound = self.bound(settings);
        let allowed = self.most_redirects(settings);
        let crowded = self.is_crowded(settings, now);
        // A connection that did its work may be returned to (EOP-EPI-3).
        let visited = !answered && !self.fault.has(Fault::FirstRedirectorUnvisited)
            || answered && self.fault.has(Fault::AnsweredRedirectorVisited);
        let from = Some(from).filter(|_| visited);
        let visited = from.into_iter().chain(self.inherited.drain(..)).collect();
        let (fault, past) = (self.fault, self.past.take());
        let episode = self
            .episode
            .get_or_insert_with(|| Episode::begin(visited, now).burdened(fault, past));
        let same = |visited: &SocketAddrV4| {
            *visited == target
                || self.fault.has(Fault::VisitedByPort) && visited.port() == target.port()
        };
        let looped = episode.visited.iter().any(same) && !self.fault.has(Fault::LoopUndetected);
        let spent = episode.redirects >= allowed || crowded;
        if spent && self.fault.has(Fault::CountBeforeLoop)
            || crowded && self.fault.has(Fault::MovesBeforeLoop)
        {
            return Err(Kind::TooManyRedirects);
        }
        if self.fault.has(Fault::DeadlinePerHop) {
            (episode.spent, episode.running) = (Duration::ZERO, Some(now));
        }
        if looped {
            return Err(Kind::RedirectLoop);
        }
        let hurried = self.fault.has(Fault::DeadlineBeforeCount)
            || episode.redirects < allowed && self.fault.has(Fault::DeadlineBeforeMoves);
        if episode.elapsed(now) >= bound && hurried {
            return Err(Kind::RedirectDeadline);
        }
        if spent {
            return Err(Kind::TooManyRedirects);
        }
        if episode.elapsed(now) >= bound && !self.fault.has(Fault::DeadlineForgotten) {
            return Err(Kind::RedirectDeadline);
        }
        episode.redirects += 1;
        episode.visited.push(target);
        episode.spent_before.push(episode.elapsed(now));
        if self.fault.has(Fault::VisitedLastTwo) {
            let old = episode.visited.len().saturating_sub(2);
            episode.visited.drain(..old);
        }
        self.recent.push_back(now);
        Ok(())
    }

    /// Whether as many moves as are allowed began within the window (EOP-EPI-7).
    fn is_crowded(&mut self, settings: &Settings, now: Instant) -> bool {
        self.recent
            .retain(|moved| now.duration_since(*moved) < WINDOW);
        let told = settings.moves != Settings::default().moves;
        let allowed = if told || !self.fault.has(Fault::MovesDefaultMore) {
            settings.moves
        } else {
            60
        };
        self.recent.len() >= most(allowed) && !self.fault.has(Fault::MovesUnbounded)
    }

    /// Takes back that the last REDIRECT counted.
    pub(crate) fn uncount(&mut self) {
        if let Some(episode) = &mut self.episode {
            episode.redirects -= 1;
        }
    }

    fn most_redirects(&self, settings: &Settings) -> u32 {
        let most = settings.max_redirects;
        if self.fault.has(Fault::RedirectsUnbounded) || most == 0 {
            u32::MAX
        } else if self.fault.has(Fault::RedirectsOneMore) {
            most.saturating_add(1)
        } else if self.fault.has(Fault::RedirectsOneLess) {
            most - 1
        } else if self.fault.has(Fault::RedirectsCapped) {
            most.min(8)
        } else {
            most
        }
    }

    /// Counts a fallback to home, once in an episode and within its bound (EOP-FAI-4): whether there is one.
    pub(crate) fn fall_back(
        &mut self,
        home: SocketAddrV4,
        settings: &Settings,
        now: Instant,
    ) -> Result<bool, Kind> {
        let most = self.most_redirects(settings);
        let crowded = self.is_crowded(settings, now) && !self.fault.has(Fault::FallbackUnmoved);
        let Some(episode) = &mut self.episode else {
            return Ok(false);
        };
        let spent = episode.fell_back.is_some() && !self.fault.has(Fault::FallbackRepeated)
            || self.fell_back && self.fault.has(Fault::FallbackOnceEver);
        let bounded = episode.redirects >= most && !self.fault.has(Fault::FallbackTooMany);
        if spent || bounded || crowded {
            return Ok(false);
        }
        if episode.visited.contains(&home) && self.fault.has(Fault::FallbackVisited) {
            return Err(Kind::RedirectLoop);
        }
        episode.fell_back = Some(episode.spent_before.len());
        episode.spent_before.push(episode.elapsed(now));
        self.fell_back = true;
        if !self.fault.has(Fault::FallbackNoMove) {
            self.recent.push_back(now);
        }
        if !self.fault.has(Fault::FallbackUnvisited) {
            episode.visited.push(home);
        }
        if !self.fault.has(Fault::FallbackUncounted) {
            episode.redirects += 1;
        }
        Ok(true)
    }

    /// A message was answered.
    pub(crate) fn end_episode(&mut self) {
        self.past = self.episode.take().or(self.past.take());
        if self.fault.has(Fault::MovesPerEpisode) {
            self.recent.clear();
        }
    }

    /// A message was answered so many moves ago: the first of them began the episode (EOP-ACC-16).
    pub(crate) fn end_episode_before(&mut self, moves: u32, now: Instant) {
        if self.fault.has(Fault::LateRetireForgotten) {
            return;
        }
        let moves = if self.fault.has(Fault::LateRetireBeforeLast) {
            moves.min(1)
        } else {
            moves
        };
        if moves == 0 {
            return self.end_episode();
        }
        let Some(episode) = &mut self.episode else {
            return;
        };
        let old = |kept: usize| kept.saturating_sub(most(moves));
        let older = old(episode.spent_before.len());
        episode.redirects = episode.redirects.min(moves);
        episode.visited.drain(..old(episode.visited.len()));
        episode.spent_before.drain(..older);
        episode.fell_back = episode.fell_back.and_then(|at| at.checked_sub(older));
        let before = episode.spent_before.first().copied().unwrap_or_default();
        episode.spent = episode.elapsed(now).saturating_sub(before);
        episode.running = episode.running.map(|_| now);
        for spent in &mut episode.spent_before {
            *spent = spent.saturating_sub(before);
        }
    }

    /// The connected client was idle for long enough.
    pub(crate) fn pause(&mut self) {
        if !self.fault.has(Fault::IdleKeepsEpisode) {
            self.end_episode();
        }
    }

    /// Stops the clock of the deadline while a message awaits its answer (EOP-EPI-6), and starts it again.
    pub(crate) fn hold_clock(&mut self, hold: bool, now: Instant) {
        let Some(episode) = &mut self.episode else {
            self.hurried = false;
            return;
        };
        if self.fault.has(Fault::DeadlineWhileAnswering) {
            self.hurried = hold;
        } else if hold {
            let anew = self.fault.has(Fault::ClockBeginsAnew);
            episode.spent = if anew {
                Duration::ZERO
            } else {
                episode.elapsed(now)
            };
            episode.running = None;
        } else if episode.running.is_none() && !self.fault.has(Fault::ClockStopped) {
            episode.running = Some(now);
        }
    }

    /// Whether the deadline also ends a session that awaits an answer.
    pub(crate) fn is_hurried(&self) -> bool {
        self.hurried
    }

    /// When the deadline passes; `None` outside an episode or while its clock stands still.
    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Instant> {
        let episode = self.episode.as_ref()?;
        Some(episode.running? + self.bound(settings).saturating_sub(episode.spent))
    }

    fn bound(&self, settings: &Settings) -> Duration {
        if self.fault.has(Fault::DeadlineMissing) {
            WINDOW
        } else {
            settings.deadline
        }
    }

    /// Whether the deadline of the episode has passed.
    pub(crate) fn is_late(&self, settings: &Settings, now: Instant) -> bool {
        let episode = self.episode.as_ref();
        episode.is_some_and(|episode| episode.elapsed(now) >= settings.deadline)
    }

    pub(crate) fn in_episode(&self) -> bool {
        self.episode.is_some()
    }
}

impl Episode {
    fn begin(visited: Vec<SocketAddrV4>, now: Instant) -> Self {
        Self {
            begun: now,
            redirects: 0,
            visited,
            fell_back: None,
            spent: Duration::ZERO,
            running: Some(now),
            spent_before: Vec::new(),
        }
    }

    /// What a faulty client takes over from an episode that is over, or another session's.
    fn burdened(mut self, fault: Fault, past: Option<Self>) -> Self {
        let Some(past) = past else { return self };
        if fault.has(Fault::VisitedKept) {
            self.visited.extend(past.visited);
        }
        if fault.has(Fault::RedirectsKept) {
            self.redirects = past.redirects;
        }
        if fault.has(Fault::DeadlineKept) {
            self.spent = self.begun.saturating_duration_since(past.begun);
        }
        self
    }

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
