//! Every case in a row; what did not pass opens to why, and to what happened.

use maud::{Markup, html};

use super::{Run, badge, timeline};
use crate::case::{Polarity, Twin};
use crate::report::human::allowed;
use crate::report::printable;
use crate::requirement;
use crate::schedule::{Outcome, Played};
use crate::verdict::{Stop, Verdict};

/// The rows of all runs, what did not pass first, and what filters them.
pub(super) fn cases(runs: &[Run]) -> Markup {
    let rows = runs
        .iter()
        .flat_map(|run| run.outcomes.iter().map(move |outcome| (run, outcome)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(_, outcome)| outcome.verdict.passes());
    let counts = |verdict| runs.iter().map(|run| run.count(verdict)).sum::<usize>();
    html! {
        h2 { "Cases" }
        form.filter {
            input type="search" placeholder="name or requirement" aria-label="name or requirement";
            @for verdict in Verdict::ALL {
                @if counts(verdict) > 0 {
                    label {
                        input type="checkbox" value=(verdict.word()) checked;
                        " " (badge(verdict.word(), Some(counts(verdict))))
                    }
                }
            }
            output { (rows.len()) " of " (rows.len()) }
        }
        ol.cases { @for (run, outcome) in rows { (row(run, outcome)) } }
    }
}

fn row(run: &Run, outcome: &Outcome) -> Markup {
    let case = &outcome.case;
    let head = html! {
        (badge(outcome.verdict.word(), None)) " "
        b { (case.id) } " "
        span.meta {
            (run.role) ", " (case.level())
            @if case.polarity == Polarity::Negative { ", with a twin" }
            ", " (outcome.plays.len()) " plays, " (outcome.took.as_millis()) " ms"
        }
        @if let Some(reason) = run.expected.get(case.id) { " " span.reason { "expected: " (reason) } }
        @if let Some(allowed) = allowed(outcome) { " " span.reason { (allowed) } }
        div.title { (case.title) }
        div.meta { (case.requirements.join(" ")) }
    };
    html! {
        li.case data-case=(case.id) data-role=(run.role) data-verdict=(outcome.verdict.word()) {
            @match outcome.failing() {
                None => (head),
                Some(played) => details { summary { (head) } (failure(run, outcome, played)) },
            }
        }
    }
}

fn failure(run: &Run, outcome: &Outcome, played: &Played) -> Markup {
    let failed: Vec<_> = outcome
        .plays
        .iter()
        .filter(|played| played.stop.is_some())
        .map(|played| played.cut.to_string())
        .collect();
    html! {
        @if let Some(broken) = requirement::find(outcome.broken()) {
            blockquote { b { (broken.id) } " " (broken.sentence) }
        }
        dl {
            (why(played))
            dt { "played" }
            dd {
                @if outcome.case.polarity == Polarity::Negative { (played.twin) " twin, " }
                "cut " (failed.join(" ")) "; " (outcome.plays.len().saturating_sub(failed.len())) " other cut(s) passed"
            }
            dt { "again" }
            dd { code { (run.command) " --case " (outcome.case.id) " --cut " (played.cut) } }
        }
        @if let Some(timeline) = played.timeline() { (timeline::timeline(timeline)) }
    }
}

fn why(played: &Played) -> Markup {
    let one = |word: &str, what: &str| html! { dt { (word) } dd { (printable(what)) } };
    match &played.stop {
        None => html! {},
        Some(Stop::Breach(breach)) => html! {
            dt { "expected" }
            dd { (printable(&breach.expected)) @if played.twin == Twin::Defect { " (defect refused)" } }
            (one("observed", &format!("{} [{}]", breach.observed, breach.axis)))
        },
        Some(Stop::Lacking(what)) => one("lacking", what),
        Some(Stop::Gone(what)) => one("gone", what),
        Some(Stop::Harness(what)) => one("runner", what),
    }
}
