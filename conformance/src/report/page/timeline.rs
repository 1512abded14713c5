//! What happened in one play, as a table.

use maud::{Markup, html};

use crate::report::printable;
use crate::timeline::{Line, Timeline};

/// A row a line: when, where, what. What the runner did and what the testee did stand apart.
pub(super) fn timeline(timeline: &Timeline) -> Markup {
    html! {
        div.scroll {
            table.timeline {
                thead { tr { th { "ms" } th { "where" } th { "what (> runner, < testee)" } } }
                tbody { @for line in timeline.lines() { (row(&line)) } }
            }
        }
    }
}

fn row(line: &Line) -> Markup {
    let by = match line.text.get(..2) {
        Some("> ") => "runner",
        Some("< ") => "testee",
        Some(_) | None => "note",
    };
    html! {
        tr.(by) {
            td { (line.at_us / 1000) "." (format!("{:03}", line.at_us % 1000)) }
            td { (line.place) }
            td { code { (printable(&line.text)) } }
        }
    }
}
