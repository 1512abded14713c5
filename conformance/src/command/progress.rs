//! How far a run is, on a terminal. In a pipe or a log there is nothing of it.

use std::io::IsTerminal as _;

use eop_conformance::case::{Case, Role};
use eop_conformance::schedule::{Played, Settings};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on standard error that says how many plays are done, and how many were not as required.
pub(super) struct Progress {
    bar: ProgressBar,
    failing: std::sync::atomic::AtomicUsize,
}

impl Progress {
    /// A line for the plays that `cases` may come to.
    pub(super) fn begin(role: Role, cases: &[Case], settings: &Settings, round: u32) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let plays = |case: &Case| {
            settings
                .cut
                .map_or_else(|| case.played_with().count(), |_| 1)
        };
        let most = u64::try_from(cases.iter().map(plays).sum::<usize>()).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(most), target);
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix} {bar:30} {pos} of at most {len} plays{msg}, {elapsed}",
        ) {
            bar.set_style(style);
        }
        let nth = if round > 1 {
            format!(" round {round}")
        } else {
            String::new()
        };
        bar.set_prefix(format!("{role}{nth}"));
        Self {
            bar,
            failing: 0.into(),
        }
    }

    /// One play is done.
    pub(super) fn played(&self, played: &Played) {
        if played.stop.is_some() {
            let before = self
                .failing
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.bar
                .set_message(format!(", {} not as required", before.saturating_add(1)));
        }
        self.bar.inc(1);
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}
