//! [`Lent`]: memory to read into that a thread lends, so that a crowd of connections that wait holds none. What is read is the
//! borrower's.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// Octets read at a time.
const CAPACITY: usize = 64 * 1024;

thread_local! {
    /// What is not lent.
    static MEMORY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Empty at first, and with room. Dropping it gives it back, to whichever thread that happens on; one is kept.
#[derive(Debug)]
pub(crate) struct Lent(Vec<u8>);

impl Lent {
    /// A thread that has lent its memory already asks for more.
    pub(crate) fn new() -> Self {
        let mut memory = MEMORY.try_with(Cell::take).unwrap_or_default();
        memory.reserve_exact(CAPACITY);
        Self(memory)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.clear();
        // A thread that ends keeps none.
        let _ = MEMORY.try_with(|it| it.set(std::mem::take(&mut self.0)));
    }
}

impl Deref for Lent {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}
