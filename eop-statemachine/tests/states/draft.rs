//! A machine as lists that the Internet-Draft includes: kramdown, without a heading, readable in a column of text. What
//! is refused is left out, since nothing of it can be seen from the other side.

use std::fmt::Write as _;

use eop_statemachine::table::Vocabulary;

use crate::machine::{Effect, Machine, names};

pub(crate) fn print<S: Vocabulary, E: Vocabulary>(machine: &Machine<S, E>) -> String {
    let mut list = format!("{}\n\nStates:\n", machine.about);
    for state in S::ALL {
        let _ = write!(list, "\n{state:?}:\n: {}\n", state.meaning());
    }
    list.push_str("\nEvents:\n");
    for event in E::ALL {
        let _ = write!(list, "\n{event:?}:\n: {}\n", event.meaning());
    }
    list.push_str(
        "\nTransitions (an event that is not listed for a state is refused, and nothing moves):\n",
    );
    for sentence in machine.sentences {
        let effect = machine.effect_of(sentence);
        if effect == Effect::Refuses {
            continue;
        }
        let _ = write!(
            list,
            "\n{} in {} ({effect}):\n: {} ({})\n",
            names(sentence.on, ", "),
            names(sentence.states, ", "),
            sentence.says,
            sentence.ground
        );
    }
    list
}
