//! What a document about a machine is made of: its table, a sentence for every cell, and what its diagram groups. What
//! a particular machine does is in `machines/`, how it is printed is in `page.rs`, `diagram.rs` and `draft.rs`.

use std::fmt;

use eop_statemachine::table::{Cell, Table, Vocabulary};

/// One machine, as its documents show it.
pub(crate) struct Machine<S: 'static, E: 'static> {
    /// The name of its files in `spec/states/`.
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    /// Its table: see [`rows`].
    pub(crate) rows: Vec<(E, &'static [Cell<S>])>,
    /// The states that it begins in, and when.
    pub(crate) begins: &'static [(S, &'static str)],
    /// The state that blame leads to.
    pub(crate) failed: Option<S>,
    /// States that the diagram draws together.
    pub(crate) groups: &'static [Group<S>],
    pub(crate) sentences: &'static [Sentence<S, E>],
}

/// States that a diagram draws together. What all of them do is drawn once, from their common border.
pub(crate) struct Group<S: 'static> {
    pub(crate) label: &'static str,
    pub(crate) states: &'static [S],
    pub(crate) inner: &'static [Group<S>],
}

/// What some events do in some states: the same effect in every pair of them.
pub(crate) struct Sentence<S: 'static, E: 'static> {
    pub(crate) on: &'static [E],
    pub(crate) states: &'static [S],
    pub(crate) says: &'static str,
    pub(crate) ground: Ground,
}

/// Why it is so.
pub(crate) enum Ground {
    /// Requirements of the specification demand it, or cannot be kept without it.
    Requirements(&'static [&'static str]),
    /// No requirement does: it is how the machine is to be called.
    Api,
}

pub(crate) const fn sentence<S, E>(
    on: &'static [E],
    states: &'static [S],
    says: &'static str,
    ids: &'static [&'static str],
) -> Sentence<S, E> {
    let ground = Ground::Requirements(ids);
    Sentence {
        on,
        states,
        says,
        ground,
    }
}

pub(crate) const fn api<S, E>(
    on: &'static [E],
    states: &'static [S],
    says: &'static str,
) -> Sentence<S, E> {
    let ground = Ground::Api;
    Sentence {
        on,
        states,
        says,
        ground,
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requirements(ids) => f.write_str(&ids.join(", ")),
            Self::Api => f.write_str("API"),
        }
    }
}

/// What a cell does, seen from the state it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect<S> {
    Moves(S),
    Stays,
    /// With the state that blame leads to.
    Blames(S),
    Refuses,
    Drops,
}

/// A table of any size.
pub(crate) fn rows<S: Vocabulary, E: Vocabulary, const STATES: usize, const EVENTS: usize>(
    table: &'static Table<S, E, STATES, EVENTS>,
) -> Vec<(E, &'static [Cell<S>])> {
    table.iter().map(|(on, row)| (*on, &row[..])).collect()
}

impl<S: Vocabulary, E: Vocabulary> Machine<S, E> {
    pub(crate) fn effect(&self, on: E, state: S) -> Effect<S> {
        match self.rows[on.index()].1[state.index()] {
            Cell::Go(to) if to == state => Effect::Stays,
            Cell::Go(to) => Effect::Moves(to),
            Cell::Blame => Effect::Blames(self.failed.expect("blame leads somewhere")),
            Cell::Refuse => Effect::Refuses,
            Cell::Skip => Effect::Drops,
        }
    }

    /// What a sentence is about: the effect that all its pairs have, which a test asserts.
    pub(crate) fn effect_of(&self, sentence: &Sentence<S, E>) -> Effect<S> {
        self.effect(sentence.on[0], sentence.states[0])
    }
}

/// Names, one after the other.
pub(crate) fn names<T: fmt::Debug>(of: &[T]) -> String {
    let names: Vec<_> = of.iter().map(|name| format!("{name:?}")).collect();
    names.join(", ")
}
