//! Standard input, cut into lines. What they say is `command.rs`'s.

use std::io;
use std::os::fd::AsFd;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read};

/// Octets read at a time.
const CAPACITY: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Lines {
    octets: Vec<u8>,
    /// Octets at the front that were handed out as lines.
    taken: usize,
    /// Octets from there on that hold no end of line.
    searched: usize,
}

impl Lines {
    /// Reads once; `false` at the end. What is no whole line then is no command.
    pub(super) fn read(&mut self, input: impl AsFd) -> io::Result<bool> {
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.reserve(CAPACITY);
        match read(input, spare_capacity(&mut self.octets)) {
            Ok(0) => Ok(false),
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// The next whole line, without its end.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let rest = self.octets.get(self.taken..)?;
        let fresh = rest.get(self.searched..)?;
        let Some(end) = fresh.iter().position(|octet| *octet == b'\n') else {
            self.searched = rest.len();
            return None;
        };
        let end = self.searched.saturating_add(end);
        let line = rest.get(..end)?.to_vec();
        self.taken = self.taken.saturating_add(end).saturating_add(1);
        self.searched = 0;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_come_whole_however_they_arrive() {
        let (input, mut output) = io::pipe().unwrap();
        let mut lines = Lines::default();
        let mut heard = Vec::new();
        for part in ["1 sy", "nc a\n\n2 s", "ync b\n3 cut"] {
            output.write_all(part.as_bytes()).unwrap();
            assert!(lines.read(&input).unwrap());
            heard.extend(std::iter::from_fn(|| lines.next()));
        }
        drop(output);
        assert!(!lines.read(&input).unwrap());
        assert_eq!(heard, [&b"1 sync a"[..], b"", b"2 sync b"]);
    }
}
