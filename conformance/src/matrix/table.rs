//! The matrix for a person: a table of clients and servers, then what went wrong, the summary in the last line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Played, Verdict};
use crate::report::{printable, timeline};
use crate::requirement;

/// Failures told in full; the rest gets a line each.
const IN_FULL: usize = 5;

/// The whole report. `again` is the command that plays everything again.
#[must_use]
pub fn table(played: &[Played], again: &str, took: Duration) -> String {
    let mut said = cells(played);
    let bad: Vec<_> = played
        .iter()
        .filter(|one| one.verdict != Verdict::Pass)
        .collect();
    for (index, one) in bad.iter().enumerate() {
        if index == 0 {
            said.push('\n');
        }
        said += &if index < IN_FULL {
            failure(one, again) + "\n"
        } else {
            format!("{}\n", headline(one))
        };
    }
    let (pairs, passed) = (
        grouped(played).len(),
        played.len().saturating_sub(bad.len()),
    );
    let end = if bad.is_empty() {
        "ALL WORK TOGETHER"
    } else {
        "NOT ALL WORK TOGETHER"
    };
    let (seconds, millis) = (took.as_secs(), took.subsec_millis());
    let _ = writeln!(
        said,
        "matrix: {passed} of {} plays pass ({pairs} pairs, {seconds}.{millis:03} s): {end}",
        played.len(),
    );
    printable(&said)
}

fn grouped(played: &[Played]) -> BTreeMap<(&str, &str), Vec<&Played>> {
    let mut pairs = BTreeMap::<_, Vec<_>>::new();
    for one in played {
        let pair = (one.client.as_str(), one.server.as_str());
        pairs.entry(pair).or_default().push(one);
    }
    pairs
}

fn names(played: &[Played], name: fn(&Played) -> &String) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for one in played {
        if !names.contains(&name(one).as_str()) {
            names.push(name(one));
        }
    }
    names
}

fn cells(played: &[Played]) -> String {
    let (clients, servers) = (
        names(played, |one| &one.client),
        names(played, |one| &one.server),
    );
    let pairs = grouped(played);
    let corner = "client \\ server".to_owned();
    let mut rows = vec![
        [
            vec![corner],
            servers.iter().map(|name| (*name).to_owned()).collect(),
        ]
        .concat(),
    ];
    for client in clients {
        let cells = servers.iter().map(|server| {
            pairs
                .get(&(client, server))
                .map_or_else(String::new, |cell| word(cell))
        });
        rows.push([vec![client.to_owned()], cells.collect()].concat());
    }
    let columns = servers.len().saturating_add(1);
    let widest = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(widest).collect();
    let mut said = String::new();
    for row in &rows {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let _ = writeln!(said, "{}", cells.join("  ").trim_end());
    }
    said
}

/// What a cell says: `pass`, or who is guilty, in how many plays.
fn word(cell: &[&Played]) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for one in cell {
        let word = match &one.verdict {
            Verdict::Pass => continue,
            Verdict::Guilty(guilt) => guilt.role.to_string(),
            Verdict::Nobody { .. } => "either".to_owned(),
            Verdict::Lacking(_) => "lacks".to_owned(),
            Verdict::Error(_) => "error".to_owned(),
            Verdict::NotRun => "not-run".to_owned(),
        };
        let count = counts.entry(word).or_default();
        *count = count.saturating_add(1);
    }
    if counts.is_empty() {
        return "pass".to_owned();
    }
    let words = counts
        .into_iter()
        .map(|(word, count)| format!("{word}:{count}"));
    words.collect::<Vec<_>>().join(" ")
}

fn headline(one: &Played) -> String {
    let (client, server, scenario) = (&one.client, &one.server, one.scenario.name);
    let verdict = match &one.verdict {
        Verdict::Pass => "as it should".to_owned(),
        Verdict::Guilty(guilt) => {
            let name = match guilt.role {
                crate::case::Role::Client => client,
                crate::case::Role::Server => server,
            };
            format!("guilty: the {} ({name}), {}", guilt.role, guilt.requirement)
        }
        Verdict::Nobody { .. } => {
            format!("guilty: nobody provably; the client ({client}) or the server ({server})")
        }
        Verdict::Lacking(what) => format!("unsupported: {what}"),
        Verdict::Error(what) => format!("the runner failed: {what}"),
        Verdict::NotRun => "not run: the deadline passed".to_owned(),
    };
    format!("{client} with {server}, {scenario}: {verdict}")
}

fn failure(one: &Played, again: &str) -> String {
    let mut said = format!("{}\n", headline(one));
    let _ = writeln!(said, "  scenario   {}", one.scenario.title);
    match &one.verdict {
        Verdict::Guilty(guilt) => {
            if let Some(requirement) = requirement::find(guilt.requirement) {
                let _ = writeln!(said, "  {}  {}", requirement.id, requirement.sentence);
            }
            said += &found(&guilt.expected, &guilt.observed);
        }
        Verdict::Nobody { expected, observed } => said += &found(expected, observed),
        Verdict::Pass | Verdict::Lacking(_) | Verdict::Error(_) | Verdict::NotRun => {}
    }
    if let Some(lines) = &one.timeline {
        said += "  (< is the client; > is the server, or the runner to the driver)\n";
        said += &timeline(lines);
    }
    let _ = writeln!(
        said,
        "  again      {again} --only {}:{} --scenario {}",
        one.client, one.server, one.scenario.name
    );
    said
}

fn found(expected: &str, observed: &str) -> String {
    format!("  expected   {expected}\n  observed   {observed}\n")
}
