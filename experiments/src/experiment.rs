//! [`Experiment`]: what is asked, how it is found out, and what the paper said. Which ones there are is the list below.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::measure::system::Machine;
use crate::record::{Findings, Record};
use crate::runs;

/// One experiment.
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its heading in the report.
    pub title: &'static str,
    /// What is asked, and how it is measured.
    pub asks: &'static str,
    /// The paper's own numbers; empty if it has none.
    pub paper: &'static str,
    /// How what was found is to be read.
    pub meaning: &'static str,
    /// Finds it out.
    pub run: fn(&mut Setting) -> Result<Findings>,
}

/// Every experiment, in the order of the report.
pub const ALL: [Experiment; 10] = [
    runs::micro::EXPERIMENT,
    runs::overhead::EXPERIMENT,
    runs::transaction::EXPERIMENT,
    runs::latency::EXPERIMENT,
    runs::rate::EXPERIMENT,
    runs::idle::EXPERIMENT,
    runs::loss::EXPERIMENT,
    runs::wan::EXPERIMENT,
    runs::beyond::EXPERIMENT,
    runs::suite::EXPERIMENT,
];

/// What an experiment is given.
pub struct Setting {
    /// Only see that it runs, in seconds.
    pub quick: bool,
    /// Seeded.
    pub random: fastrand::Rng,
    name: &'static str,
}

impl Setting {
    /// So much, or so little if it is only to be seen that it runs.
    #[must_use]
    pub const fn pick<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Shows how far it is: of `steps`, as far as the bar is moved.
    #[must_use]
    pub fn progress(&self, what: &str, steps: usize) -> ProgressBar {
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>12} {bar:30} {pos}/{len} {msg} ({eta})")
        {
            bar.set_style(style);
        }
        bar.set_prefix(self.name);
        bar.set_message(what.to_owned());
        bar
    }
}

impl Experiment {
    /// Runs it.
    ///
    /// # Errors
    /// It could not be made: a server is missing, or said what it must not say.
    pub fn record(&self, quick: bool) -> Result<Record> {
        let machine = Machine::here();
        let began = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string();
        let started = Instant::now();
        let mut setting = Setting {
            quick,
            random: fastrand::Rng::with_seed(7),
            name: self.name,
        };
        let findings = (self.run)(&mut setting).with_context(|| self.name)?;
        let seconds = Duration::as_secs_f64(&started.elapsed());
        let experiment = self.name.to_owned();
        Ok(Record {
            experiment,
            began,
            seconds,
            quick,
            machine,
            findings,
        })
    }
}
