//! Which option makes sense with which command. One that would be ignored is refused instead.

use super::exit::Refusal;
use crate::arguments::{Arguments, Command, Out};

/// What a command does with the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Judges a testee by them.
    Judges,
    /// Plays them to the suite's own mutants.
    Measures,
    /// Plays scenarios of its own to several testees.
    Pairs,
    /// Draws sessions of its own.
    Fuzzes,
    /// Lists them.
    Lists,
    /// Shows one.
    Explains,
    /// Is a testee itself.
    Acts,
}

/// Refuses an option that the command does nothing with, and options that contradict each other.
pub(super) fn check(arguments: &Arguments) -> Result<(), Refusal> {
    let (name, verb) = match &arguments.command {
        None => ("no command", Use::Judges),
        Some(Command::Server { .. }) => ("server", Use::Judges),
        Some(Command::Client { .. }) => ("client", Use::Judges),
        Some(Command::List) => ("list", Use::Lists),
        Some(Command::Explain { .. }) => ("explain", Use::Explains),
        Some(Command::Mutants { .. }) => ("mutants", Use::Measures),
        Some(Command::Matrix(_)) => ("matrix", Use::Pairs),
        Some(Command::Fuzz { .. }) => ("fuzz", Use::Fuzzes),
        Some(Command::Peer { .. }) => ("peer", Use::Acts),
    };
    let (selection, manner) = (&arguments.selection, &arguments.manner);
    let selecting = &[Use::Judges, Use::Measures, Use::Lists][..];
    let playing = &[Use::Judges, Use::Measures][..];
    let any_play = &[Use::Judges, Use::Measures, Use::Pairs][..];
    let judging = &[Use::Judges][..];
    let given = [
        ("--case", !selection.case.is_empty(), selecting),
        ("--req", !selection.req.is_empty(), selecting),
        ("--level", selection.level.is_some(), selecting),
        ("--shard", selection.shard.is_some(), selecting),
        ("--cut", manner.cut.is_some(), playing),
        ("--deadline", manner.deadline.is_some(), any_play),
        (
            "--serial",
            manner.serial,
            &[Use::Judges, Use::Measures, Use::Pairs, Use::Fuzzes],
        ),
        ("--tls", manner.tls, judging),
        (
            "--seed",
            manner.seed.is_some(),
            &[Use::Judges, Use::Measures, Use::Fuzzes],
        ),
        (
            "--patience",
            manner.patience != 1,
            &[
                Use::Judges,
                Use::Measures,
                Use::Pairs,
                Use::Fuzzes,
                Use::Explains,
            ],
        ),
        (
            "--repeat-until-fail",
            manner.repeat_until_fail.is_some(),
            judging,
        ),
        ("--hold", manner.hold.is_some(), judging),
        ("--out", !manner.out.is_empty(), judging),
        ("--timelines", manner.timelines, judging),
        ("--baseline", manner.baseline.is_some(), judging),
    ];
    for (option, given, makes_sense) in given {
        if given && !makes_sense.contains(&verb) {
            return Err(Refusal::usage(format!(
                "{option} means nothing to `{name}`"
            )));
        }
    }
    if manner.timelines
        && !manner
            .out
            .iter()
            .any(|out| matches!(out, Out::JsonLines(_)))
    {
        return Err(Refusal::usage(
            "--timelines is about the JSON lines; --out jsonl=FILE tells them",
        ));
    }
    if manner.update_baseline && manner.repeat_until_fail.is_some() {
        return Err(Refusal::usage(
            "--update-baseline writes what one run shows; it cannot be given with --repeat-until-fail",
        ));
    }
    Ok(())
}
