//! The report for a browser: one page that needs nothing from outside, with every requirement, every case, and the decoded
//! timeline of what failed. It reads without script; script only filters the cases.

mod cases;
mod matrix;
mod timeline;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Run, inapplicable};
use crate::verdict::Verdict;

/// Nothing is fetched and nothing is sent.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Writes all runs as one page.
///
/// # Errors
/// What writing reports.
pub fn page(runs: &[Run], to: &mut impl Write) -> io::Result<()> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { "EOP conformance" }
                style { (PreEscaped(include_str!("page/page.css"))) }
            }
            body {
                h1 { "EOP conformance" }
                @for run in runs { (summary(run)) }
                (matrix::matrix(runs))
                (cases::cases(runs))
                footer { "eop-conformance " (env!("CARGO_PKG_VERSION")) }
                script { (PreEscaped(include_str!("page/page.js"))) }
            }
        }
    };
    to.write_all(page.into_string().as_bytes())
}

/// One role in a box: who, how many of what, and whether that conforms.
fn summary(run: &Run) -> Markup {
    let end = match (run.conforms(), run.as_expected()) {
        (true, true) => "conforms",
        (true, false) => "conforms, but not as expected",
        (false, true) => "does not conform, as expected",
        (false, false) => "does not conform",
    };
    html! {
        section.run data-role=(run.role) data-as-expected=(run.as_expected()) {
            h2 { (run.role) " " code { (run.testee) } " " strong { (end) } }
            p {
                @for verdict in Verdict::ALL {
                    @if run.count(verdict) > 0 { (badge(verdict.word(), Some(run.count(verdict)))) " " }
                }
                @if !run.expected.is_empty() { (run.expected.len()) " of these expected · " }
                (run.outcomes.len()) " cases, " (run.plays()) " plays, "
                (run.millis / 1000) "." (format!("{:03}", run.millis % 1000)) " s"
                @if let Some(seed) = run.seed { ", seed " (seed) }
            }
            @for (why, cases) in inapplicable(&run.inapplicable) {
                p { "Not applicable over TLS, " (why) ": " code { (cases.join(" ")) } }
            }
            @if !run.amiss.is_empty() {
                p { "The baseline does not fit:" }
                ul.amiss {
                    @for amiss in &run.amiss { li { code { (amiss.case) } " " (amiss.what) } }
                }
            }
        }
    }
}

/// A verdict as a coloured word, with a count if there is one.
fn badge(word: &str, count: Option<usize>) -> Markup {
    html! {
        span.badge.(word) { @if let Some(count) = count { (count) " " } (word) }
    }
}
