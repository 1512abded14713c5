//! A machine as lists that the Internet-Draft includes: kramdown, without a heading, readable in a column of text. What
//! is refused is left out, since nothing of it can be seen from the other side.

use std::fmt::Write as _;

use eop_statemachine::table::Vocabulary;

use crate::machine::{Effect, Machine, names};

const LEGEND: &str = "\
Transitions follow. In \"stays\" and \"to\" the event moves the machine, which may keep it in its state; \"blame\" is
the peer's fault, for good; \"skip\" drops a legal race. An event that is not listed for a state is the caller's
mistake: it is refused, and nothing moves. Requirements stand in parentheses; API says that none asks for it.
";

/// A term stands on a line of its own: those of several states are too long for anything beside them.
const OWN_LINE: &str = "{: newline=\"true\"}";

pub(crate) fn print<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) -> String {
    let mut list = format!("{}\n\nStates:\n", machine.about);
    for state in S::ALL {
        let _ = write!(list, "\n{state:?}:\n: {}\n", state.meaning());
    }
    list.push_str("\nEvents:\n");
    for event in E::ALL {
        let _ = write!(list, "\n{event:?}:\n: {}\n", event.meaning());
    }
    let _ = write!(list, "\n{LEGEND}\n{OWN_LINE}");
    for sentence in machine.sentences {
        let effect = match machine.effect_of(sentence) {
            Effect::Moves(to) => format!("to {to:?}"),
            Effect::Stays => "stays".to_owned(),
            Effect::Blames(to) => format!("blame, to {to:?}"),
            Effect::Drops => "skip".to_owned(),
            Effect::Refuses => continue,
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
