//! What `eop` tells its user, on standard error, one line each: that a progress bar stands there too is seen to here.

use std::io::{self, IsTerminal as _, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::progress::BARS;

/// How much a command says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// A program that is waited for: what went wrong.
    OfFailures,
    /// A service: also what happens, and when.
    OfEvents,
}

/// Begins to log, `verbose` levels more than the command does by itself and `quiet` levels less. From the second on, the
/// sockets speak for themselves, too: what they say at less is what the command says in its own words.
pub(crate) fn begin(speaks: Speaks, verbose: u8, quiet: u8) {
    const LEVELS: [LevelFilter; 6] = [
        LevelFilter::OFF,
        LevelFilter::ERROR,
        LevelFilter::WARN,
        LevelFilter::INFO,
        LevelFilter::DEBUG,
        LevelFilter::TRACE,
    ];
    let by_itself: u8 = match speaks {
        Speaks::OfFailures => 2,
        Speaks::OfEvents => 3,
    };
    let level = by_itself.saturating_add(verbose).saturating_sub(quiet);
    let level = LEVELS.get(usize::from(level)).copied();
    let level = level.unwrap_or(LevelFilter::TRACE);
    let of_sockets = match verbose {
        0 | 1 => LevelFilter::OFF,
        2.. => level,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(AroundBars)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    let lines = match speaks {
        Speaks::OfFailures => lines.without_time().boxed(),
        Speaks::OfEvents => lines.boxed(),
    };
    let levels = Targets::new()
        .with_default(level)
        .with_targets([("eop::client", of_sockets), ("eop::server", of_sockets)]);
    tracing_subscriber::registry()
        .with(lines.with_filter(levels))
        .init();
}

/// Standard error, with the bar taken away as long as a line is written.
struct AroundBars;

impl Write for AroundBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for AroundBars {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
