//! What is demanded of a machine's sentences: one, and no more, for every cell of its table; each about cells that do
//! the same; each with its ground in the specification.

use eop_statemachine::table::Vocabulary;

use crate::machine::{Ground, Machine};

/// What is wrong with the sentences of a machine, one complaint a line.
pub(crate) fn complaints<S: Vocabulary, E: Vocabulary>(
    machine: &Machine<S, E>,
    specification: &str,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for (on, _) in &machine.rows {
        for state in S::ALL {
            let about = machine
                .sentences
                .iter()
                .filter(|sentence| sentence.on.contains(on) && sentence.states.contains(state));
            match about.count() {
                1 => {}
                count => complaints.push(format!("{on:?} in {state:?} has {count} sentences")),
            }
        }
    }
    for sentence in machine.sentences {
        let says = sentence.says;
        if sentence.on.is_empty() || sentence.states.is_empty() {
            complaints.push(format!("about no cell: {says}"));
            continue;
        }
        let effect = machine.effect_of(sentence);
        for (on, state) in pairs(sentence.on, sentence.states) {
            let other = machine.effect(on, state);
            if other != effect {
                complaints.push(format!(
                    "{on:?} in {state:?} is {other:?}, not {effect:?}: {says}"
                ));
            }
        }
        let whole = says.ends_with('.') && says.starts_with(|first: char| first.is_uppercase());
        if !whole || says.trim_end_matches('.').contains(". ") {
            complaints.push(format!("no one sentence: {says}"));
        }
        match sentence.ground {
            Ground::Api => {}
            Ground::Requirements([]) => complaints.push(format!("without a ground: {says}")),
            Ground::Requirements(ids) => complaints.extend(
                ids.iter()
                    .filter(|id| !specification.contains(&format!("- **{id}** (")))
                    .map(|id| format!("{id} is no requirement of spec/eop.md: {says}")),
            ),
        }
    }
    complaints
}

fn pairs<A: Copy, B: Copy>(these: &[A], those: &[B]) -> impl Iterator<Item = (A, B)> {
    these
        .iter()
        .flat_map(|this| those.iter().map(|that| (*this, *that)))
}
