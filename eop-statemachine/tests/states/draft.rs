//! The machines as lists that the Internet-Draft includes: kramdown, readable in a column of text. What is refused or
//! dropped is left out, since nothing of it can be seen from the other side.

use std::fmt::Write as _;

use eop_statemachine::table::Vocabulary;

use crate::machine::{Effect, Machine, names};

/// What the lists begin with.
pub(crate) const LEGEND: &str = "\
An item is an event, the states in which it moves the machine, and, in parentheses, where to: `stays` keeps the state, and
`blame` is the peer's fault, for good. Behind each sentence stand the requirements that ask for it; `API` says that none
does, and that it is a matter of how the machine is called.
";

/// A term stands on a line of its own: those of several states are too long for anything beside them.
const OWN_LINE: &str = "{: newline=\"true\"}";

pub(crate) fn print<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) -> String {
    let Machine {
        file, title, about, ..
    } = machine;
    let mut list = format!("\n## {title} {{#states-{file}}}\n\n{about} Its states:\n");
    for state in S::ALL {
        let _ = write!(list, "\n{state:?}:\n: {}\n", state.meaning());
    }
    list.push_str("\nIts events:\n");
    for event in E::ALL {
        let _ = write!(list, "\n{event:?}:\n: {}\n", event.meaning());
    }
    let _ = write!(list, "\nIts transitions:\n\n{OWN_LINE}");
    for sentence in machine.sentences {
        let effect = match machine.effect_of(sentence) {
            Effect::Moves(to) => format!("to {to:?}"),
            Effect::Stays => "stays".to_owned(),
            Effect::Blames(to) => format!("blame, to {to:?}"),
            Effect::Refuses | Effect::Drops => continue,
        };
        let _ = write!(
            list,
            "\n{} in {} ({effect}):\n: {} ({})\n",
            names(sentence.on),
            names(sentence.states),
            sentence.says,
            sentence.ground
        );
    }
    list
}
