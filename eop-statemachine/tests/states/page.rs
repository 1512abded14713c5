//! A machine as a Markdown page: the diagram, the states, the events, the table, and a sentence for every cell.

use std::fmt::Write as _;

use eop_statemachine::table::{Cell, Vocabulary};

use crate::machine::{Effect, Machine, names};

const LEGEND: &str = "\
Printed from the tables of `eop-statemachine` by `spec/render-states`; a test fails when this file has drifted. In the
diagram, what lies within a state's box keeps it there, an arrow that leaves a frame stands for every state within, and
a dashed one is blame. What is refused or dropped is left out; the table has it.
";

const CELLS: &str = "\
A cell names the state that follows. *refuse*: the caller's mistake, nothing moved. **blame**: the peer's fault, for
good. skip: a legal race, dropped; nothing moved.
";

const SENTENCES: &str = "\
One for every cell. A sentence names the requirements that ask for it; *API* says that none does, and that it is a
matter of how the machine is called.
";

pub(crate) fn print<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) -> String {
    let Machine {
        file, title, about, ..
    } = machine;
    let mut page = format!(
        "# {title}\n\n{about}\n\n![{title}: states and transitions]({file}.svg)\n\n{LEGEND}"
    );
    page.push_str("\n## States\n\n| State | |\n|---|---|\n");
    for state in S::ALL {
        let _ = writeln!(page, "| **{state:?}** | {} |", state.meaning());
    }
    page.push_str("\n## Events\n\n| Event | |\n|---|---|\n");
    for event in E::ALL {
        let _ = writeln!(page, "| {event:?} | {} |", event.meaning());
    }
    let _ = write!(page, "\n## Transitions\n\n{CELLS}\n| event \\ state |");
    for state in S::ALL {
        let _ = write!(page, " **{state:?}** |");
    }
    let _ = writeln!(page, "\n|---|{}", "---|".repeat(S::ALL.len()));
    for (event, row) in &machine.rows {
        let _ = write!(page, "| {event:?} |");
        for cell in *row {
            let _ = match cell {
                Cell::Go(state) => write!(page, " {state:?} |"),
                Cell::Refuse => write!(page, " *refuse* |"),
                Cell::Blame => write!(page, " **blame** |"),
                Cell::Skip => write!(page, " skip |"),
            };
        }
        page.push('\n');
    }
    let _ = writeln!(page, "\n## Sentences\n\n{SENTENCES}");
    page.push_str("| Event | State | What follows | | Asked for by |\n|---|---|---|---|---|\n");
    for sentence in machine.sentences {
        let effect = match machine.effect_of(sentence) {
            Effect::Moves(to) => format!("{to:?}"),
            Effect::Stays => "stays".to_owned(),
            Effect::Blames(_) => "**blame**".to_owned(),
            Effect::Refuses => "*refuse*".to_owned(),
            Effect::Drops => "skip".to_owned(),
        };
        let _ = writeln!(
            page,
            "| {} | {} | {effect} | {} | {} |",
            names(sentence.on),
            names(sentence.states),
            sentence.says,
            sentence.ground
        );
    }
    page
}
