//! The suite's own measure: it is played to its own faulty peers, each of which it has to find out.
//!
//! Here stands what the command does. What becomes of one mutant stands in `fate`, what is published in `record`.

mod fate;
mod record;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use eop_conformance::case::{Case, Role};
use eop_conformance::schedule::{self, Outcome, Settings, Testee};
use eop_conformance::segmentation::Cut;
use eop_conformance::testee::{DriverTestee, NotStarted, ServerTestee};
use eop_mutants::{MUTANTS, Mutant};

use self::fate::Fate;
use self::record::Record;
use super::exit::{Exit, Refusal};
use super::judge::{authority, settings};
use super::outputs::unwritten;
use super::select::{all_of, matches, select, unknown};
use super::{own, say, start};
use crate::arguments::{Manner, Published, Selection};

/// Mutants that are played to at the same time: most of a play is waiting.
const SIDE_BY_SIDE: usize = 4;

/// Plays the cases to every mutant whose name matches, and does with what is published as asked.
pub(super) fn run(
    pattern: &str,
    published: &Published,
    selection: &Selection,
    manner: &Manner,
) -> Result<Exit, Refusal> {
    let chosen: Vec<_> = MUTANTS
        .iter()
        .filter(|mutant| matches(pattern, mutant.name))
        .collect();
    if chosen.is_empty() {
        return Err(unknown(
            "mutant",
            pattern,
            MUTANTS.iter().map(|mutant| mutant.name),
        ));
    }
    match (&published.write, &published.check) {
        (_, Some(file)) => check(file, &chosen, manner),
        (Some(file), None) => write(file, &chosen, manner),
        (None, None) => play(&chosen, selection, manner).map(|fates| exit(&fates)),
    }
}

/// The selected cases, played to every chosen mutant.
fn play(
    chosen: &[&'static Mutant],
    selection: &Selection,
    manner: &Manner,
) -> Result<Vec<Fate>, Refusal> {
    let cases = select(selection, &eop_conformance::cases::all())?;
    let of = |mutant: &Mutant| playable(&cases, mutant);
    let chosen: Vec<_> = chosen
        .iter()
        .copied()
        .filter(|mutant| !of(mutant).is_empty())
        .collect();
    let fates = side_by_side(&chosen, |mutant| {
        let fate = fate::whole_suite(mutant, &of(mutant), manner)?;
        say(&format!("{}\n", fate.line()));
        Ok(fate)
    })?;
    Ok(fates)
}

fn exit(fates: &[Fate]) -> Exit {
    let good = fates.iter().filter(|fate| fate.as_it_should_be()).count();
    let slowest = fates.iter().max_by_key(|fate| fate.took);
    let slowest = slowest.map_or_else(String::new, |fate| {
        format!(
            "; the longest, {}, took {} ms",
            fate.mutant.name,
            fate.took.as_millis()
        )
    });
    say(&format!(
        "{good} of {} mutants and honest peers as they should be{slowest}\n",
        fates.len()
    ));
    if good == fates.len() {
        Exit::Conforms
    } else {
        Exit::DoesNot
    }
}

/// Plays the whole suite to the chosen mutants and publishes what finds which fault; what is there of others stays.
fn write(file: &Path, chosen: &[&'static Mutant], manner: &Manner) -> Result<Exit, Refusal> {
    let mut records = if chosen.len() < MUTANTS.len() {
        published(file)?
    } else {
        Vec::new()
    };
    let mut fates = play(chosen, &Selection::default(), manner)?;
    confirm(&mut fates, manner)?;
    let anew = |record: &Record| {
        let here =
            |fate: &Fate| fate.role() == record.role() && fate.mutant.name == record.mutant.name;
        fates.iter().any(here)
    };
    records.retain(|record| !anew(record));
    records.extend(fates.iter().filter_map(Record::of));
    let place = |record: &Record| {
        let here =
            |mutant: &Mutant| role(mutant) == record.role() && mutant.name == record.mutant.name;
        MUTANTS.iter().position(here)
    };
    records.sort_by_key(place);
    std::fs::write(file, record::render(&records)).map_err(|error| unwritten(file, &error))?;
    Ok(exit(&fates))
}

/// Plays again what would be published, until all of it comes out as before: what chance finds is not published.
fn confirm(fates: &mut [Fate], manner: &Manner) -> Result<(), Refusal> {
    let chosen: Vec<_> = fates.iter().map(|fate| fate.mutant).collect();
    let open: Vec<_> = fates
        .iter_mut()
        .map(|fate| Mutex::new(Some(fate)))
        .collect();
    side_by_side(&chosen, |mutant| {
        let here = chosen.iter().position(|one| std::ptr::eq(*one, mutant));
        let fate = here.and_then(|place| open.get(place));
        let fate = fate.and_then(|fate| fate.lock().unwrap_or_else(PoisonError::into_inner).take());
        fate.map_or(Ok(()), |fate| fate.confirm(manner))
    })?;
    Ok(())
}

/// What the file tells of the mutants.
fn published(file: &Path) -> Result<Vec<Record>, Refusal> {
    let usage = |why: String| Refusal(Exit::Usage, format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| usage(error.to_string()))?;
    let again = "`eop-conformance mutants --write FILE` writes it anew";
    record::read(&text).map_err(|why| usage(format!("{why}; {again}")))
}

/// Plays to every chosen mutant what is published as finding it, and what is published as not disturbed by it.
fn check(file: &Path, chosen: &[&'static Mutant], manner: &Manner) -> Result<Exit, Refusal> {
    let records = published(file)?;
    let records: BTreeMap<_, _> = records
        .iter()
        .map(|record| ((record.role(), record.mutant.name), record))
        .collect();
    let fates = side_by_side(chosen, |mutant| {
        let (fate, wrong) = match records.get(&(role(mutant), mutant.name)) {
            Some(record) if !mutant.trivial => fate::published(record, manner)?,
            // The honest peer and the trivial ones meet every case.
            Some(_) | None => {
                let cases = playable(&all_of(role(mutant)), mutant);
                let fate = fate::whole_suite(mutant, &cases, manner)?;
                let wrong = (!fate.as_it_should_be()).then(|| fate.line());
                (fate, wrong)
            }
        };
        if let Some(wrong) = &wrong {
            say(&format!("{} {}: {wrong}\n", fate.role(), mutant.name));
        }
        Ok((fate, wrong.is_none()))
    })?;
    let good = fates.iter().filter(|(_, good)| *good).count();
    let again = |(fate, _): &&(Fate, bool)| fate.again > 0;
    let again: Vec<_> = fates
        .iter()
        .filter(again)
        .map(|(fate, _)| fate.mutant.name)
        .collect();
    let again = if again.is_empty() {
        String::new()
    } else {
        format!("; not at the first play: {}", again.join(", "))
    };
    say(&format!(
        "{good} of {} mutants as published{again}\n",
        fates.len()
    ));
    Ok(if good == fates.len() {
        Exit::Conforms
    } else {
        Exit::DoesNot
    })
}

/// Acts on every mutant, a few at a time; the results are in the mutants' order.
fn side_by_side<T: Send>(
    mutants: &[&'static Mutant],
    act: impl Fn(&'static Mutant) -> Result<T, Refusal> + Sync,
) -> Result<Vec<T>, Refusal> {
    let left = Mutex::new(mutants.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((place, mutant)) = next() {
                    let result = act(mutant);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.insert(place, result);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.into_values().collect()
}

fn launch(mutant: &Mutant, manner: &Manner) -> Result<Result<Testee, NotStarted>, Refusal> {
    let role = role(mutant);
    let command = own(&format!("mutant-{role} {}", mutant.name))?;
    let (wait, authority) = (start(manner), mutant.over_tls.then(authority).transpose()?);
    Ok(match role {
        Role::Server => ServerTestee::start(&command, None, wait, authority).map(Testee::Server),
        Role::Client => DriverTestee::start(&command, wait, authority).map(Testee::Client),
    })
}

/// The cases that a mutant can be played: over TLS, if its fault shows there alone.
fn playable(cases: &[Case], mutant: &Mutant) -> Vec<Case> {
    let plays = |case: &&Case| case.role() == role(mutant) && case.applies(mutant.over_tls);
    cases.iter().filter(plays).copied().collect()
}

/// The role that a mutant plays.
pub(super) const fn role(mutant: &Mutant) -> Role {
    match mutant.role {
        eop_mutants::Role::Server => Role::Server,
        eop_mutants::Role::Client => Role::Client,
    }
}

/// Acts as a mutant.
pub(super) fn act(role: Role, name: &str) -> ExitCode {
    let acted = match role {
        Role::Server => eop_mutants::server(name),
        Role::Client => eop_mutants::client(name),
    };
    acted.unwrap_or_else(|unknown| {
        eprintln!("eop-conformance: {unknown}");
        ExitCode::from(2)
    })
}

/// Plays cases to a mutant that was started.
fn outcomes(
    testee: &Testee,
    role: Role,
    cases: &[Case],
    cut: Option<Cut>,
    manner: &Manner,
) -> Vec<Outcome> {
    let how = Settings {
        cut: manner.cut.or(cut),
        ..settings(manner, Instant::now(), manner.seed)
    };
    schedule::run(
        testee,
        &eop_conformance::cases::gate(role),
        cases,
        &how,
        &|_| (),
    )
}
