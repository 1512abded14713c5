//! `eop-experiments`: runs experiments, and writes the report.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use eop_experiments::contenders;
use eop_experiments::experiment::{ALL, Experiment};
use eop_experiments::record::{Fared, Record};
use eop_experiments::report::{graph, page};
use eop_experiments::runs::micro;
use eop_experiments::servers;

/// The paper's section 4, run again.
#[derive(Parser)]
#[command(version, subcommand_negates_reqs = true)]
struct Arguments {
    /// Which experiments: names, or `all`.
    #[arg(required = true)]
    experiments: Vec<String>,
    /// Only see that they run, in seconds. Figures and report go to the folder of `--to`, which has to be given.
    #[arg(long, requires = "to")]
    quick: bool,
    /// Where results and report go, instead of the repository's own.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Names the experiments.
    List,
    /// Writes the report again, out of the results that are there.
    Report,
    /// Checks the budgets that are exact: instructions, and octets of state. Fails if one is missed.
    Check,
    /// Runs a server of the experiments.
    #[command(hide = true)]
    Serve {
        /// Which kind.
        kind: String,
        /// What it is told.
        #[arg(default_value = "")]
        argument: String,
    },
    /// Runs rounds of a contender, to be counted.
    #[command(hide = true)]
    Count {
        /// Which contender.
        id: String,
        /// How many rounds.
        rounds: u32,
    },
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = arguments.to.as_deref().unwrap_or(own);
    match arguments.command {
        Some(Command::List) => {
            for Experiment { name, title, .. } in &ALL {
                println!("{name:12} {title}");
            }
        }
        Some(Command::Report) => report(folder)?,
        Some(Command::Check) => return check(),
        Some(Command::Serve { kind, argument }) => servers::serve(&kind, &argument)?,
        Some(Command::Count { id, rounds }) => count(&id, rounds)?,
        None => {
            for experiment in chosen(&arguments.experiments)? {
                run(experiment, arguments.quick, folder)?;
            }
            report(folder)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Experiment>> {
    if names.iter().any(|it| it == "all") {
        return Ok(ALL.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        match ALL.iter().find(|it| it.name == *name) {
            Some(experiment) => chosen.push(experiment),
            None => bail!("no experiment is called {name}: `list` names them"),
        }
    }
    Ok(chosen)
}

fn run(experiment: &Experiment, quick: bool, folder: &Path) -> Result<()> {
    eprintln!("{}: {}", experiment.name, experiment.title);
    let record = experiment.record(quick)?;
    eprintln!("{}: {:.1} s", experiment.name, record.seconds);
    let results = folder.join("results");
    fs::create_dir_all(&results)?;
    for it in &record.findings.graphs {
        fs::write(results.join(format!("{}.svg", it.name)), graph::draw(it)?)?;
    }
    let json = serde_json::to_string_pretty(&record)?;
    let file = results.join(format!("{}.json", experiment.name));
    fs::write(&file, json + "\n").with_context(|| file.display().to_string())
}

fn report(folder: &Path) -> Result<()> {
    let mut records = Vec::new();
    for experiment in &ALL {
        let file = folder
            .join("results")
            .join(format!("{}.json", experiment.name));
        let Ok(json) = fs::read_to_string(&file) else {
            continue;
        };
        let record: Record =
            serde_json::from_str(&json).with_context(|| file.display().to_string())?;
        records.push(record);
    }
    let file = folder.join("REPORT.md");
    fs::write(&file, page::write(&records)?)?;
    eprintln!("{}", file.display());
    Ok(())
}

fn check() -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for budget in micro::exact_budgets()? {
        let fared = match budget.fared() {
            Fared::Met => "met",
            Fared::Missed | Fared::NotResolvable => {
                code = ExitCode::FAILURE;
                "MISSED"
            }
        };
        println!(
            "{fared:7} {}: {} {}, at most {}",
            budget.what, budget.measured, budget.unit, budget.limit
        );
    }
    Ok(code)
}

fn count(id: &str, rounds: u32) -> Result<()> {
    let contenders = contenders::all();
    let contender = contenders
        .iter()
        .find(|it| it.id() == id)
        .context("no such contender")?;
    let mut round = (contender.prepare)();
    for _ in 0..rounds {
        black_box(round());
    }
    Ok(())
}
