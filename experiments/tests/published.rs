//! What is published of the experiments, the report and the README's claims, says what the records say.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};

use eop_experiments::experiment::ALL;
use eop_experiments::record::Record;
use eop_experiments::report::page;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn record(experiment: &str) -> Record {
    let file = folder().join("results").join(format!("{experiment}.json"));
    serde_json::from_str(&text(&file)).expect("a record")
}

fn budget(experiment: &str, what: &str) -> f64 {
    let budgets = record(experiment).findings.budgets;
    let budget = budgets.iter().find(|it| it.what == what);
    budget
        .unwrap_or_else(|| panic!("no budget {what}"))
        .measured
}

fn cell(experiment: &str, row: &str, column: usize) -> f64 {
    let tables = record(experiment).findings.tables;
    let mut rows = tables.iter().flat_map(|table| &table.rows);
    let (_, numbers) = rows
        .find(|(name, _)| name == row)
        .unwrap_or_else(|| panic!("no row {row}"));
    let number = numbers.get(column).copied().flatten();
    number.unwrap_or_else(|| panic!("no number {column} in {row}"))
}

#[test]
fn the_report_is_made_of_the_records() {
    let records: Vec<_> = ALL.iter().map(|it| record(it.name)).collect();
    assert_eq!(
        text(&folder().join("REPORT.md")),
        page::write(&records).unwrap(),
        "`cargo run --release -p eop-experiments -- report` writes it"
    );
}

#[test]
fn no_record_is_of_a_quick_run() {
    let names = ALL.iter().map(|it| it.name);
    let quick: Vec<_> = names.filter(|name| record(name).quick).collect();
    assert!(quick.is_empty(), "{quick:?}");
}

#[test]
fn the_figures_of_the_readme_are_those_of_the_records() {
    let claims = [
        format!(
            "a header is decoded in {:.0} instructions, as by hand, and a frame of 64 octets is found in {:.0}, without a copy",
            budget("micro", "decode a header").round(),
            budget("micro", "a frame of 64 octets, in chunks of 1448"),
        ),
        format!(
            "a request and its answer take {:.1} % longer than over TCP alone",
            100.0
                * (budget(
                    "overhead",
                    "a request and its answer, one thread, Nagle off, codec"
                ) - 1.0),
        ),
        format!(
            "costs its server {:.0} system calls, where nginx's 302 costs {:.0}; its processor time is {:.2} of nginx's, and that of both ends together {:.2}",
            cell("rate", "EOP", 8),
            cell("rate", "nginx", 8),
            cell("rate", "EOP", 5),
            cell("rate", "EOP", 7),
        ),
        format!(
            "over a link that loses 5 % of the packets, {} of 10,000 redirects got lost; closing at once lost {:.0}",
            match cell("loss", "wait for the client, 5 % of packets lost", 1) {
                0.0 => "none".to_owned(),
                lost => lost.to_string(),
            },
            cell("loss", "close at once, 5 % of packets lost", 1),
        ),
    ];
    let readme = text(&folder().join("../README.md"));
    let missing: Vec<_> = claims.iter().filter(|it| !readme.contains(*it)).collect();
    assert!(missing.is_empty(), "not in the README: {missing:#?}");
}
