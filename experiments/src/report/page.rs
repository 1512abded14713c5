//! Writes the page: the budgets first, then each experiment: what was asked, what the paper said, what was found, what it
//! means.

use std::fmt::Write as _;

use anyhow::Result;

use crate::experiment::{ALL, Experiment};
use crate::measure::system::{COMMIT, Machine};
use crate::record::{Budget, Fared, Record, Table};

/// The page for these records. Experiments without a record are named as not run.
///
/// # Errors
/// None that happens.
pub fn write(records: &[Record]) -> Result<String> {
    let mut page = String::new();
    let of = |experiment: &Experiment| records.iter().find(|it| it.experiment == experiment.name);
    writeln!(
        page,
        "# What EOP costs, and what it wins

The experiments of the paper's section 4, made again, and a few more. This page is written by

```
cargo run --release -p eop-experiments -- all
```

out of the records in [`results/`](results/), which hold the figures as they were measured. One experiment alone:
`cargo run --release -p eop-experiments -- NAME`. Ratios are of one run, in which everything that is compared took turns in
random order; beside them stands the A/A ratio, of a thing to itself: how far it is from one and, where it is a mean over sizes,
twice its standard error. A difference that is smaller than that says nothing, and is called *not resolvable*. Absolute times are those of this machine on that day.
"
    )?;
    if records.iter().any(|it| it.quick) {
        writeln!(
            page,
            "**A quick run: it shows that the experiments run. Its figures mean nothing.**\n"
        )?;
    }
    budgets(&mut page, records)?;
    if let Some(record) = records.first() {
        machine(&mut page, &record.machine)?;
    }
    for experiment in &ALL {
        writeln!(page, "## {}\n", experiment.title)?;
        let name = experiment.name;
        let Some(record) = of(experiment) else {
            writeln!(
                page,
                "Not run: `cargo run --release -p eop-experiments -- {name}`.\n"
            )?;
            continue;
        };
        writeln!(page, "{}\n", experiment.asks)?;
        writeln!(page, "*The paper:* {}\n", experiment.paper)?;
        for table in &record.findings.tables {
            show(&mut page, table)?;
        }
        for graph in &record.findings.graphs {
            writeln!(page, "![{}](results/{}.svg)\n", graph.title, graph.name)?;
        }
        for note in &record.findings.notes {
            writeln!(page, "{note}\n")?;
        }
        writeln!(page, "*What it means:* {}\n", experiment.meaning)?;
        let Record {
            began,
            seconds,
            machine,
            ..
        } = record;
        let load = machine.load_before;
        let commit = machine.versions.get(COMMIT).map_or("unknown", |it| it);
        writeln!(
            page,
            "`cargo run --release -p eop-experiments -- {name}`: {began} UTC, {seconds:.0} s, commit {commit}, load before {load:.2}; [record](results/{name}.json).\n"
        )?;
    }
    Ok(page)
}

fn budgets(page: &mut String, records: &[Record]) -> Result<()> {
    writeln!(
        page,
        "## Budgets\n\n| What | At most | Measured | | Experiment |\n|---|---|---|---|---|"
    )?;
    for record in records {
        for budget in &record.findings.budgets {
            let Budget {
                what,
                limit,
                measured,
                unit,
                spread,
            } = budget;
            let fared = match budget.fared() {
                Fared::Met => "met",
                Fared::Missed => "**missed**",
                Fared::NotResolvable => "not resolvable",
            };
            let (limit, measured) = (number(*limit), number(*measured));
            let spread = match *spread > 0.0 {
                true => format!(" (A/A apart by {})", number(*spread)),
                false => String::new(),
            };
            let name = &record.experiment;
            writeln!(
                page,
                "| {what} | {limit} {unit} | {measured} {unit}{spread} | {fared} | `{name}` |"
            )?;
        }
    }
    writeln!(
        page,
        "\nWhere the reason for a missed budget is known, it stands with its experiment.\n"
    )?;
    Ok(())
}

fn machine(page: &mut String, machine: &Machine) -> Result<()> {
    let Machine {
        processor,
        processors,
        memory_mib,
        kernel,
        congestion_control,
        versions,
        ..
    } = machine;
    let versions: Vec<String> = versions
        .iter()
        .filter(|(what, _)| *what != COMMIT)
        .map(|(what, version)| format!("{what} {version}"))
        .collect();
    writeln!(
        page,
        "## Machine\n\n{processors} x {processor}, {} GiB, Linux {kernel}, TCP with {congestion_control}. {}.\n",
        memory_mib / 1024,
        versions.join("; ")
    )?;
    Ok(())
}

fn show(page: &mut String, table: &Table) -> Result<()> {
    let Table {
        title,
        columns,
        rows,
    } = table;
    writeln!(page, "{title}:\n\n| {} |", columns.join(" | "))?;
    writeln!(
        page,
        "|---|{}",
        "---:|".repeat(columns.len().saturating_sub(1))
    )?;
    for (name, numbers) in rows {
        let numbers: Vec<String> = numbers
            .iter()
            .map(|it| it.map_or_else(|| "-".to_owned(), number))
            .collect();
        writeln!(page, "| {name} | {} |", numbers.join(" | "))?;
    }
    writeln!(page)?;
    Ok(())
}

/// Four digits, or as many as an integer has.
fn number(number: f64) -> String {
    let size = number.abs();
    if number.fract() == 0.0 || size >= 1000.0 {
        format!("{number:.0}")
    } else if size >= 100.0 {
        format!("{number:.1}")
    } else if size >= 10.0 {
        format!("{number:.2}")
    } else if size >= 0.01 {
        format!("{number:.3}")
    } else {
        format!("{number:.5}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Findings;

    #[test]
    fn a_budget_shows_how_it_fared() {
        let budget = |limit, measured, spread| Budget {
            what: "a thing".to_owned(),
            limit,
            measured,
            unit: "s".to_owned(),
            spread,
        };
        let budgets = vec![
            budget(2.0, 1.0, 0.0),
            budget(2.0, 3.5, 0.0),
            budget(2.0, 2.01, 0.1),
        ];
        let record = Record {
            experiment: "micro".to_owned(),
            began: String::new(),
            seconds: 0.0,
            quick: false,
            machine: Machine::default(),
            findings: Findings {
                budgets,
                ..Findings::default()
            },
        };
        let page = write(&[record]).expect("it is written");
        assert!(
            page.contains("| a thing | 2 s | 1 s | met | `micro` |"),
            "{page}"
        );
        assert!(
            page.contains("| a thing | 2 s | 3.500 s | **missed** |"),
            "{page}"
        );
        assert!(
            page.contains("| a thing | 2 s | 2.010 s (A/A apart by 0.100) | not resolvable |"),
            "{page}"
        );
        assert!(
            page.contains("Not run: `cargo run --release -p eop-experiments -- wan`"),
            "{page}"
        );
    }
}
