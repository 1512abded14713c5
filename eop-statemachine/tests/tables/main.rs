//! Every cell of every table, one by one: an honest machine is brought into the state, the event happens, and
//! what the machine does is what the cell says. How the tables are printed may never come in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and says what matters to it"
)]

mod client;
mod server;
mod session;

use std::fmt::Debug;

use eop_statemachine::table::{Cell, Table, Vocabulary};

/// What a machine did with an event.
#[derive(Debug, PartialEq)]
enum Did<E> {
    /// It took it.
    Took,
    /// It refused it, as this event.
    Refused(E),
    /// It blamed the peer.
    Blamed,
}

/// A machine, as far as a table is about it.
trait Machine: Clone + PartialEq + Debug {
    type State: Vocabulary;
    fn state(&self) -> Self::State;
}

/// Holds a machine against one cell. `provoke` returns a machine in the state and makes the event happen to it.
fn check<M: Machine, E: Vocabulary>(
    cell: Cell<M::State>,
    state: M::State,
    event: E,
    before: &M,
    after: &M,
    did: &Did<E>,
) {
    let pair = format!("{event:?} in {state:?}");
    assert_eq!(
        before.state(),
        state,
        "{pair}: the arrangement is in another state"
    );
    match cell {
        Cell::Go(to) => {
            assert_eq!(*did, Did::Took, "{pair}");
            assert_eq!(after.state(), to, "{pair}");
        }
        Cell::Refuse => {
            assert_eq!(*did, Did::Refused(event), "{pair}");
            assert_eq!(after, before, "{pair}: misuse left a trace");
        }
        Cell::Skip => {
            assert_eq!(*did, Did::Took, "{pair}");
            assert_eq!(after, before, "{pair}: a race moved something");
        }
        Cell::Blame => assert_eq!(*did, Did::Blamed, "{pair}"),
    }
}

/// The vocabularies number themselves as the table is laid out.
fn assert_laid_out<S: Vocabulary, E: Vocabulary, const STATES: usize, const EVENTS: usize>(
    table: &Table<S, E, STATES, EVENTS>,
) {
    assert_eq!((S::ALL.len(), E::ALL.len()), (STATES, EVENTS));
    for (index, state) in S::ALL.iter().enumerate() {
        assert_eq!(state.index(), index, "{state:?}");
    }
    for (index, (event, _)) in table.iter().enumerate() {
        assert_eq!((event.index(), *event), (index, E::ALL[index]), "{event:?}");
    }
}

/// Every state can be reached from the first ones: by moves of the table, and by blame, which leads to `failed`.
fn assert_reachable<S: Vocabulary, E, const STATES: usize, const EVENTS: usize>(
    table: &Table<S, E, STATES, EVENTS>,
    first: &[S],
    failed: Option<S>,
) {
    let mut reached = first.to_vec();
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        for (_, row) in table {
            let to = match row[state.index()] {
                Cell::Go(to) => Some(to),
                Cell::Blame => failed,
                Cell::Refuse | Cell::Skip => None,
            };
            reached.extend(to.filter(|to| !reached.contains(to)));
        }
        at += 1;
    }
    for state in S::ALL {
        assert!(reached.contains(state), "nothing leads to {state:?}");
    }
}
