//! A plan: the octets that a fuzzer varies, read from the front, zeros when they run out.

use arbitrary::Unstructured;

/// Octets that say what to do next.
pub struct Plan<'a>(Unstructured<'a>);

impl<'a> Plan<'a> {
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        Self(Unstructured::new(data))
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next octet.
    pub fn octet(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: u8) -> u8 {
        self.octet() % bound
    }

    /// At most `count` octets as they are.
    pub fn octets(&mut self, count: usize) -> &'a [u8] {
        let count = count.min(self.0.len());
        self.0.bytes(count).unwrap_or_default()
    }

    /// All that is left.
    #[must_use]
    pub fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }
}
