//! [`Bell`]: rung once, and heard by everybody who waits for a socket at the same time. What it rings for is its owner's.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

/// A pipe whose writing end is closed to ring: from then on its reading end is readable, for every thread, for good.
#[derive(Debug)]
pub(crate) struct Bell {
    reader: PipeReader,
    writer: Mutex<Option<PipeWriter>>,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self {
            reader,
            writer: Mutex::new(Some(writer)),
        })
    }

    pub(crate) fn ring(&self) {
        drop(self.lock().take());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<PipeWriter>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}
