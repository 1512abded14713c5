//! The codec and the machines in memory: instructions, which are exact, and times, which are not.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::mem::size_of;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result};
use eop_statemachine::{Client, Server, Session};
use eop_wire::Deframer;

use super::{counted, resolved};
use crate::contenders::{self, Contender, deframing, machines};
use crate::experiment::{Experiment, Setting};
use crate::measure::instructions;
use crate::measure::statistics::Summary;
use crate::measure::turns::take_turns;
use crate::record::{Budget, Findings, Table};

/// The experiment.
pub const EXPERIMENT: Experiment = Experiment {
    name: "micro",
    title: "Codec and machines",
    asks: "What does it cost to read and to write a header, to find the frames in a stream, and to keep account of a request? \
Instructions are counted by callgrind: what four rounds of the same work take more than two, for each unit. Times are medians \
of rounds in which all contenders of a task take turns, in another order each time; the first contender runs twice, and how \
far it is from itself is the A/A ratio. The opcode and the limits are checked by EOP, by hand and by zerocopy alike.",
    paper: "The paper gives none. Its header had to be built in the kernel.",
    meaning: "A header of EOP is read and written at the cost of a parser written by hand. A stream is deframed without \
copying an octet of payload (an item borrows from what was read), so long frames cost less than copying them once would; \
whoever hands out frames of his own copies at least once. These are costs of nanoseconds beside system calls of microseconds: \
what they show is that nothing is wasted, not that anybody would notice.",
    run,
};

/// What is asked of instructions, and at most how many it may be: what CI checks.
const INSTRUCTIONS: [(&str, &str, f64); 3] = [
    ("decode a header", "decode/eop-wire", 28.0),
    ("encode a header", "encode/eop-wire", 15.0),
    (
        "a frame of 64 octets, in chunks of 1448",
        "deframe 64 B in 1448 B/eop-wire",
        42.0,
    ),
];

/// The budgets that are exact: instructions, and what the machines take.
///
/// # Errors
/// valgrind is not installed.
pub fn exact_budgets() -> Result<Vec<Budget>> {
    let contenders = contenders::all();
    let wanted = |it: &&Contender| INSTRUCTIONS.iter().any(|(_, id, _)| *id == it.id());
    budgets_of(&count(contenders.iter().filter(wanted), |_| {})?)
}

fn budgets_of(instructions: &BTreeMap<String, f64>) -> Result<Vec<Budget>> {
    let mut budgets = Vec::new();
    for (what, id, limit) in INSTRUCTIONS {
        let instructions = instructions.get(id).context(id)?;
        // A round itself takes some for thousands of units.
        let instructions = (instructions * 10.0).round() / 10.0;
        budgets.push(counted(what, limit, instructions, "instructions"));
    }
    let states = [
        ("state of a server's connection", 64.0, size_of::<Server>()),
        ("state of a client's connection", 96.0, size_of::<Client>()),
    ];
    let states = states.map(|(what, limit, size)| counted(what, limit, size as f64, "octets"));
    budgets.extend(states);
    Ok(budgets)
}

/// Instructions for a unit, by the contender's name. What is counted does not mind company, so all processors count.
fn count<'a>(
    contenders: impl Iterator<Item = &'a Contender>,
    counted: impl Fn(&str) + Sync,
) -> Result<BTreeMap<String, f64>> {
    let contenders = Mutex::new(contenders.map(|it| (it.id(), it.units)).collect::<Vec<_>>());
    let counts = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        loop {
            let next = contenders.lock().ok().and_then(|mut it| it.pop());
            let Some((id, units)) = next else {
                return Ok(());
            };
            let instructions = instructions::per_unit(&id, units)?;
            counted(&id);
            if let Ok(mut counts) = counts.lock() {
                counts.insert(id, instructions);
            }
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        let mut worked = working
            .into_iter()
            .map(|it| it.join().ok().context("a counter panicked")?);
        worked.try_for_each(|it| it)
    })?;
    counts.into_inner().ok().context("a counter panicked")
}

fn run(setting: &mut Setting) -> Result<Findings> {
    let contenders: Vec<Contender> = contenders::all();
    let mut tasks: Vec<&str> = Vec::new();
    for contender in &contenders {
        if !tasks.contains(&contender.task.as_str()) {
            tasks.push(&contender.task);
        }
    }
    let wanted =
        |it: &&Contender| !setting.quick || INSTRUCTIONS.iter().any(|(_, id, _)| *id == it.id());
    let progress = setting.progress(
        "contenders are counted",
        contenders.iter().filter(wanted).count(),
    );
    let instructions = count(contenders.iter().filter(wanted), |_| progress.inc(1))?;
    progress.finish_and_clear();

    let rounds = setting.pick(61, 3);
    let columns = [
        "",
        "instructions",
        "nanoseconds",
        "p10",
        "p90",
        "time / EOP's",
        "a second, in millions",
    ];
    let mut findings = Findings {
        budgets: budgets_of(&instructions)?,
        ..Findings::default()
    };
    let progress = setting.progress("tasks are timed", tasks.len());
    for task in tasks {
        let of_task: Vec<&Contender> = contenders.iter().filter(|it| it.task == task).collect();
        let Some(first) = of_task.first() else {
            continue;
        };
        let times = times_of(&of_task, rounds, setting)?;
        let summaries: Vec<Summary> = times.into_iter().map(Summary::of).collect();
        let again = summaries.last().map_or(f64::NAN, |it| it.median);
        let base = summaries.first().map_or(f64::NAN, |it| it.median);
        let title = format!("{task}: for each {} (A/A {:.3})", first.unit, again / base);
        let mut table = Table::new(title, &columns);
        for (contender, summary) in of_task.iter().zip(&summaries) {
            let instructions = instructions
                .get(&contender.id())
                .copied()
                .unwrap_or(f64::NAN);
            let Summary {
                median, p10, p90, ..
            } = *summary;
            table.row(
                contender.name,
                [instructions, median, p10, p90, median / base, 1e3 / median],
            );
            if contender.name.starts_with("memcpy") && task == deframing::task(16 * 1024, 64 * 1024)
            {
                let what = "frames of 16 KiB in chunks of 64 KiB, beside copying them";
                let (percent, spread) =
                    (100.0 * base / median, 100.0 * (again - base).abs() / median);
                findings
                    .budgets
                    .push(resolved(what, 2.0, percent, "% of memcpy's time", spread));
            }
        }
        findings.tables.push(table);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let mut sizes = Table::new("Octets of state", &["", "octets"]);
    sizes.row("Deframer", [size_of::<Deframer>() as f64]);
    sizes.row("Server", [size_of::<Server>() as f64]);
    sizes.row("Client", [size_of::<Client>() as f64]);
    sizes.row(
        "Session for 64 outstanding messages",
        [size_of::<Session<64>>() as f64],
    );
    findings.tables.push(sizes);
    let events = machines::TASKS.map(|(task, events)| format!("{task} takes {events}"));
    findings
        .notes
        .push(format!("Of calls and events, {}.", events.join(", ")));
    Ok(findings)
}

/// Nanoseconds for a unit, contender by contender; the first one a second time at the end.
fn times_of(
    contenders: &[&Contender],
    rounds: usize,
    setting: &mut Setting,
) -> Result<Vec<Vec<f64>>> {
    let twice = contenders.iter().chain(contenders.first());
    let mut ready: Vec<_> = twice.map(|it| (it.units, (it.prepare)(), 1_u32)).collect();
    for (_, round, times) in &mut ready {
        // Long enough that the clock does not matter.
        let began = Instant::now();
        black_box(round());
        let once = began.elapsed().as_nanos().max(1);
        *times = u32::try_from(500_000 / once).unwrap_or(1).max(1);
    }
    take_turns(ready.len(), rounds, &mut setting.random, |turn| {
        let (units, round, times) = ready.get_mut(turn).context("no such turn")?;
        let began = Instant::now();
        for _ in 0..*times {
            black_box(round());
        }
        Ok(began.elapsed().as_secs_f64() * 1e9 / f64::from(*times) / f64::from(*units))
    })
}
