//! [`Lent`]: memory that a thread lends to who reads or writes, so that a crowd of connections that wait holds none. What is in
//! it is the borrower's.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Octets there is room for.
const CAPACITY: usize = 64 * 1024;
/// A thread keeps so many: one to read into, one to put frames together in while what was read is not all seen.
const KEPT: usize = 2;

thread_local! {
    /// What is not lent.
    static KEEP: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Empty at first, and with room. Dropping it gives it back, to whichever thread that happens on.
#[derive(Debug)]
pub(crate) struct Lent(Vec<u8>);

impl Lent {
    /// A thread that has lent everything asks for more.
    pub(crate) fn new() -> Self {
        let kept = KEEP.try_with(|keep| keep.borrow_mut().pop());
        let memory = kept.ok().flatten();
        Self(memory.unwrap_or_else(|| Vec::with_capacity(CAPACITY)))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut memory = std::mem::take(&mut self.0);
        memory.clear();
        // A thread that ends keeps none.
        let _ = KEEP.try_with(|keep| {
            let mut keep = keep.borrow_mut();
            if keep.len() < KEPT {
                keep.push(memory);
            }
        });
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
