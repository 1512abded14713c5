//! The ledger as a page to read: counts first, then each section's requirements.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::dispositions::{self, DISPOSITIONS};
use crate::rows::{Judged, Ledger, Row};
use crate::run;
use eop_conformance::case::Polarity;

const HEAD: &str = "# Requirement ledger

What judges each numbered sentence of `eop.md` and `testee.md`. Written by `EOP_BLESS=1 cargo test -p eop-conformance --test
ledger` from the texts, from a run of every case against both roles of the built-in peer, from the golden vectors, from the
tests that cargo lists, and from the table of mutants; the same command without `EOP_BLESS` fails when this page has
drifted. `ledger.json` holds the same with every name. A case marked (-) is negative: it demands a refusal, and is played
first as a twin that has to be accepted.
";

/// The page.
pub(crate) fn page(ledger: &Ledger) -> String {
    let mut page = HEAD.to_owned();
    page += &counts(ledger);
    page += &reasons(ledger);
    let mut section = String::new();
    for row in &ledger.requirements {
        let here = format!(
            "`{}` section {}: {}",
            row.document, row.section.number, row.section.title
        );
        if here != section {
            write!(
                page,
                "\n## {here}\n\n| Requirement | Cases | Vectors | Tests | Mutants |\n|---|---|--:|--:|--:|\n"
            )
            .expect("a string");
            section = here;
        }
        page += &line(row);
    }
    page
}

fn line(row: &Row) -> String {
    let judged = row.judged.iter().map(|(role, judged)| {
        let by = match judged {
            None => "**nothing**".to_owned(),
            Some(Judged::Untestable { untestable, why }) => {
                format!("*untestable: {untestable}*, {why}")
            }
            Some(Judged::Cases { positive, negative }) => {
                let marked = negative.iter().map(|case| format!("{case} (-)"));
                let cases: Vec<_> = positive.iter().cloned().chain(marked).collect();
                cases.join(", ")
            }
        };
        format!("{role}: {by}")
    });
    format!(
        "| **{}** ({}, {}) {} | {} | {} | {} | {} |\n",
        row.id,
        row.role,
        row.level,
        row.sentence,
        judged.collect::<Vec<_>>().join("<br>"),
        row.vectors.len(),
        row.tests.len(),
        row.mutants.len()
    )
}

/// How many requirements, and how many of them are judged by what.
fn counts(ledger: &Ledger) -> String {
    let rows = &ledger.requirements;
    let of = |role: &str, level: &str| {
        let matching = |row: &&Row| row.role == role && row.level == level;
        rows.iter().filter(matching).count()
    };
    let mut table = format!(
        "\n## Counts\n\n{} requirements:\n\n| | MUST | SHOULD | MAY |\n|---|--:|--:|--:|\n",
        rows.len()
    );
    for role in ["client", "server", "both"] {
        let [must, should, may] = ["must", "should", "may"].map(|level| of(role, level));
        writeln!(table, "| {role} | {must} | {should} | {may} |").expect("a string");
    }
    let judged: Vec<_> = rows.iter().flat_map(|row| row.judged.values()).collect();
    let by_case = |judged: &&&Option<Judged>| matches!(judged, Some(Judged::Cases { .. }));
    let executed = |polarity| {
        let cases = run::EXECUTED.iter();
        cases.filter(|case| case.polarity == polarity).count()
    };
    write!(
        table,
        "\nA requirement on both roles is judged in each: {} judgements, {} by executed cases ({} cases: {} positive, {} \
         negative), {} untestable.\n{} requirements stand in golden vectors, {} in tests, {} are broken by mutants.\n",
        judged.len(),
        judged.iter().filter(by_case).count(),
        run::EXECUTED.len(),
        executed(Polarity::Positive),
        executed(Polarity::Negative),
        judged.len() - judged.iter().filter(by_case).count(),
        rows.iter().filter(|row| !row.vectors.is_empty()).count(),
        rows.iter().filter(|row| !row.tests.is_empty()).count(),
        rows.iter().filter(|row| !row.mutants.is_empty()).count(),
    )
    .expect("a string");
    table
}

/// The reasons for which a requirement goes without a case, and how often each is given.
fn reasons(ledger: &Ledger) -> String {
    let mut given = BTreeMap::<&str, usize>::new();
    for judged in ledger
        .requirements
        .iter()
        .flat_map(|row| row.judged.values())
    {
        if let Some(Judged::Untestable { untestable, .. }) = judged {
            *given.entry(untestable).or_default() += 1;
        }
    }
    let mut table = format!(
        "\n## Untestable\n\nThe list of reasons is `{}`.\n\n| Reason | Judgements | |\n|---|--:|---|\n",
        dispositions::FILE
    );
    for (reason, said) in &DISPOSITIONS.reasons {
        let count = given.get(reason.as_str()).copied().unwrap_or_default();
        writeln!(table, "| {reason} | {count} | {} |", said.means).expect("a string");
    }
    table
}
