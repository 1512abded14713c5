//! Buffers that lie elsewhere each time: how fast octets are copied depends on where in a page they begin, which an allocator
//! decides once for a whole run. Drawn anew, it meets everything that is compared alike.

/// What gives out buffers.
pub struct Scattered<'a> {
    random: &'a mut fastrand::Rng,
    /// Lies between the buffers.
    between: Vec<Vec<u8>>,
}

impl<'a> Scattered<'a> {
    /// Draws from `random` where buffers lie.
    pub const fn by(random: &'a mut fastrand::Rng) -> Self {
        let between = Vec::new();
        Self { random, between }
    }

    /// A buffer of `length` zeros, up to a page behind where it would lie otherwise.
    pub fn buffer(&mut self, length: usize) -> Vec<u8> {
        self.between.push(vec![0; self.random.usize(..4096)]);
        vec![0; length]
    }
}
