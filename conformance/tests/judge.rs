//! The judge asks nobody what is right: of the project's crates it knows the codec alone.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it did not expect"
)]

use std::fs;
use std::path::Path;

/// Where the built-in peers are started and the mutants named: the command, which judges nothing.
const COMMAND: [&str; 2] = ["src/command.rs", "src/command"];

fn sources(folder: &Path, act: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, act);
        } else {
            act(&path, &fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn no_source_of_the_judge_names_the_machines_or_a_peer() {
    let mut read = 0;
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut |path, text| {
            read += 1;
            let here = path.strip_prefix(env!("CARGO_MANIFEST_DIR"));
            let starter =
                here.is_ok_and(|path| COMMAND.iter().any(|place| path.starts_with(place)));
            let known = ["eop_statemachine", "eop_net"].iter().chain(
                ["eop_reference_peer", "eop_mutants"]
                    .iter()
                    .filter(|_| !starter),
            );
            for name in known {
                assert!(!text.contains(name), "{} names {name}", path.display());
            }
        },
    );
    assert!(read > 20, "only {read} sources were read");
}

#[test]
fn no_case_sleeps() {
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases"),
        &mut |path, text| {
            assert!(!text.contains("sleep"), "{} sleeps", path.display());
        },
    );
}
