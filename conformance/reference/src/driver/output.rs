//! Standard output, line by line: each is written whole and flushed (EOP-DRV-1).

use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};

#[derive(Debug, Default)]
pub(super) struct Output {
    line: String,
}

impl Output {
    pub(super) fn print(&mut self, line: impl Display) -> io::Result<()> {
        self.line.clear();
        writeln!(self.line, "{line}").map_err(io::Error::other)?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(self.line.as_bytes())?;
        stdout.flush()
    }
}
