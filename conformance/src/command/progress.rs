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
        let plays = |case: &Case| {
            settings
                .cut
                .map_or_else(|| case.played_with().count(), |_| 1)
        };
        let most = u64::try_from(cases.iter().map(plays).sum::<usize>()).unwrap_or(u64::MAX);
        let nth = if round > 1 {
            format!(" round {round}")
        } else {
            String::new()
        };
        Self {
            bar: line(&format!("{role}{nth}"), Some(most), "plays"),
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

/// A line that says how many of at most `most` `units` are done; nothing where there is no terminal.
pub(super) fn line(prefix: &str, most: Option<u64>, units: &str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(most, target);
    let template = match most {
        Some(_) => {
            format!("{{prefix}} {{bar:30}} {{pos}} of at most {{len}} {units}{{msg}}, {{elapsed}}")
        }
        None => format!("{{prefix}} {{spinner}} {{pos}} {units}{{msg}}, {{elapsed}}"),
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_prefix(prefix.to_owned());
    bar
}
