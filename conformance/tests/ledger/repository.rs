//! The files of the repository, as the guards read and write them.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing that anybody wrote.
const MADE: [&str; 7] = [
    ".git",
    "target",
    "build",
    "corpus",
    "artifacts",
    "coverage",
    "__pycache__",
];

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file's text, by its path in the repository.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text of a file that may not be there.
pub(crate) fn committed(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Every text of the repository, with its path there.
pub(crate) fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let here = format!("{prefix}{name}");
        if path.is_dir() {
            if !MADE.contains(&name.as_ref()) {
                collect(&path, &format!("{here}/"), found);
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((here, text));
        }
    }
}

/// `text` stands in the file, or is written there with `EOP_BLESS=1`.
pub(crate) fn assert_written(path: &str, text: &str) {
    if std::env::var_os("EOP_BLESS").is_some() {
        fs::write(root().join(path), text).expect("a writable file");
    }
    let written = committed(path).unwrap_or_default();
    let differs = text
        .lines()
        .zip(written.lines().chain(std::iter::repeat("")));
    let first = differs.into_iter().find(|(made, written)| made != written);
    assert!(
        written == text,
        "{path} has drifted: {first:?}; EOP_BLESS=1 cargo test -p eop-conformance --test ledger writes it anew"
    );
}
