//! Which option makes sense with which command. One that would be ignored is not shown in the command's help, and refused.

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::{Arguments, Out};

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
    /// Is a testee itself, or tells of the commands.
    Acts,
}

impl Use {
    fn of(command: &str) -> Self {
        match command {
            "server" | "client" => Self::Judges,
            "list" => Self::Lists,
            "explain" => Self::Explains,
            "mutants" => Self::Measures,
            "matrix" => Self::Pairs,
            "fuzz" => Self::Fuzzes,
            _ => Self::Acts,
        }
    }
}

/// The options that every command knows, and what they are of use for.
const SENSE: [(&str, &[Use]); 16] = {
    use Use::{Explains, Fuzzes, Judges, Lists, Measures, Pairs};
    [
        ("case", &[Judges, Measures, Lists]),
        ("req", &[Judges, Measures, Lists]),
        ("level", &[Judges, Measures, Lists]),
        ("shard", &[Judges, Measures, Lists]),
        ("cut", &[Judges, Measures]),
        ("deadline", &[Judges, Measures, Pairs]),
        ("serial", &[Judges, Measures, Pairs, Fuzzes]),
        ("tls", &[Judges]),
        ("seed", &[Judges, Measures, Fuzzes]),
        ("patience", &[Judges, Measures, Pairs, Fuzzes, Explains]),
        ("repeat_until_fail", &[Judges]),
        ("hold", &[Judges]),
        ("out", &[Judges]),
        ("timelines", &[Judges]),
        ("baseline", &[Judges]),
        ("update_baseline", &[Judges]),
    ]
};

/// Leaves out of each command's help what means nothing to it.
pub(super) fn hide(arguments: clap::Command) -> clap::Command {
    let mut arguments = arguments;
    // Now each command has the options that all of them know.
    arguments.build();
    let names: Vec<_> = arguments
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    for name in names {
        arguments = arguments.mut_subcommand(&name, |command| hide_in(command, Use::of(&name)));
    }
    arguments
}

fn hide_in(command: clap::Command, made: Use) -> clap::Command {
    let command = command.mut_args(|argument| {
        let senseless = SENSE
            .iter()
            .any(|(option, uses)| *option == argument.get_id().as_str() && !uses.contains(&made));
        if senseless {
            argument.hide(true)
        } else {
            argument
        }
    });
    command.mut_subcommands(|command| hide_in(command, made))
}

/// Says what is wrong with options that mean nothing to the command, or contradict each other.
pub(super) fn check(matches: &ArgMatches, arguments: &Arguments) -> Result<(), String> {
    if let Some((name, matches)) = matches.subcommand() {
        let made = Use::of(name);
        let given = |option| matches.value_source(option) == Some(ValueSource::CommandLine);
        let senseless = SENSE
            .iter()
            .find(|(option, uses)| given(option) && !uses.contains(&made));
        if let Some((option, _)) = senseless {
            let option = option.replace('_', "-");
            return Err(format!("--{option} means nothing to `{name}`"));
        }
    }
    let manner = &arguments.manner;
    let lines = |out: &Out| matches!(out, Out::JsonLines(_));
    if manner.timelines && !manner.out.iter().any(lines) {
        return Err("--timelines is about the JSON lines; --out jsonl=FILE tells them".to_owned());
    }
    if manner.update_baseline && manner.repeat_until_fail.is_some() {
        return Err("--update-baseline writes what one run shows; it cannot be given with --repeat-until-fail".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_option_that_all_commands_know_has_its_place() {
        let command = Arguments::command();
        let mut known: Vec<_> = command
            .get_arguments()
            .filter(|argument| argument.is_global_set())
            .map(|argument| argument.get_id().as_str())
            .collect();
        let mut told = SENSE.map(|(option, _)| option);
        known.sort_unstable();
        told.sort_unstable();
        assert_eq!(known, told);
    }

    #[test]
    fn a_command_shows_only_what_it_makes_use_of() {
        let mut command = hide(Arguments::command());
        let fuzz = command.find_subcommand_mut("fuzz").unwrap();
        let help = fuzz.find_subcommand_mut("server").unwrap().render_help();
        let help = help.to_string();
        assert!(help.contains("--seed") && !help.contains("--tls"), "{help}");
    }
}
