//! What every transition table is made of: cells, and the two vocabularies that name its rows and columns. What a
//! particular machine does, and how `spec/states/` prints it, may never come in.

use core::fmt;

/// What one event does in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<S> {
    /// The machine moves to this state, which may be the one it is in.
    Go(S),
    /// The caller's mistake: an error is returned and nothing moved.
    Refuse,
    /// The peer's fault: the machine fails with it, for good.
    Blame,
    /// A legal race: the event is dropped and nothing moved.
    Skip,
}

/// A fixed, ordered set of names: a machine's states, or its events.
pub trait Vocabulary: Copy + Eq + fmt::Debug + 'static {
    /// Every name, in the order of the table.
    const ALL: &'static [Self];
    /// The position in [`ALL`](Self::ALL).
    fn index(self) -> usize;
    /// What it means, in one line.
    fn meaning(self) -> &'static str;
}

/// Declares a [`Vocabulary`]: the first line of each name's documentation is its meaning in `spec/states/`.
macro_rules! vocabulary {
    (
        $(#[$outer:meta])*
        pub enum $Name:ident {
            $( #[doc = $meaning:literal] $(#[doc = $more:literal])* $Variant:ident = $index:literal, )+
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Name {
            $( #[doc = $meaning] $(#[doc = $more])* $Variant, )+
        }

        impl $crate::table::Vocabulary for $Name {
            const ALL: &'static [Self] = &[$( Self::$Variant, )+];

            #[inline]
            fn index(self) -> usize {
                match self {
                    $( Self::$Variant => $index, )+
                }
            }

            fn meaning(self) -> &'static str {
                match self {
                    $( Self::$Variant => $meaning.trim_ascii(), )+
                }
            }
        }
    };
}
pub(crate) use vocabulary;

/// A machine's transitions: one row an event, in it one cell a state, both in the order of their vocabulary.
pub type Table<S, E, const STATES: usize, const EVENTS: usize> = [(E, [Cell<S>; STATES]); EVENTS];

/// The cell for `event` in `state`.
#[inline]
pub(crate) fn look_up<S: Vocabulary, E: Vocabulary, const STATES: usize, const EVENTS: usize>(
    table: &Table<S, E, STATES, EVENTS>,
    state: S,
    event: E,
) -> Cell<S> {
    table
        .get(event.index())
        .and_then(|(_, row)| row.get(state.index()))
        .copied()
        .unwrap_or(Cell::Refuse) // Never: the table has a cell for every pair, which a test asserts.
}
