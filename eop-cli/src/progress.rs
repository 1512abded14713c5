//! [`Progress`]: how far a transfer is, as a bar on standard error, if that is a terminal.

use std::io::{self, IsTerminal as _};
use std::sync::LazyLock;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where bars stand: nowhere but on a terminal.
pub(crate) static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));

/// How far a transfer is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Shows how much of `total` octets is done, or, if nobody knows how many there are, how many are done. There is no
    /// bar where input is typed, which is its own progress, or where `quiet` was asked for.
    pub(crate) fn begin(total: Option<u64>, typed: bool) -> Self {
        if typed || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let (bar, style) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{percent:>3}% {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            ),
            None => (
                ProgressBar::no_length(),
                "{spinner} {bytes}, {bytes_per_sec}, {elapsed}",
            ),
        };
        let bar = BARS.add(bar);
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many octets more were answered.
    pub(crate) fn advance(&self, octets: u64) {
        self.0.inc(octets);
    }

    /// The bar stays as it is: the transfer is over, or came to no end.
    pub(crate) fn end(&self) {
        self.0.abandon();
    }
}
