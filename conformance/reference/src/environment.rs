//! What the suite says through the environment.

use std::env::{self, VarError};
use std::io;

/// The value of a variable, if it is set.
pub(crate) fn variable(name: &str) -> io::Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name} is not text"),
        )),
    }
}
