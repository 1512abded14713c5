//! Which tests of cargo's cite a requirement, in the test itself or the comment that stands on it.
//!
//! Cargo says which tests there are: a test that is not built, or that is ignored, does not count. rustfmt says where a
//! test ends: at the brace below its first letter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::citations::citations;
use crate::repository;

/// The crates whose tests are evidence: the product. Those of the suite show that the suite judges.
const CRATES: [&str; 3] = ["eop-wire", "eop-statemachine", "eop-net"];

/// For each requirement the tests that cite it: `eop-wire/tests/cuts.rs::name`.
pub(crate) static TESTS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut found = BTreeMap::<String, Vec<String>>::new();
    for target in targets() {
        for test in listed(&target.program) {
            let (file, text) = function(&target.source, &test);
            for id in citations(&text) {
                let tests = found.entry(id.to_owned()).or_default();
                let name = format!("{}::{test}", shown(&file));
                if !tests.contains(&name) {
                    tests.push(name);
                }
            }
        }
    }
    found.values_mut().for_each(|tests| tests.sort());
    found
});

/// A built test program, and the source that it is made from.
struct Target {
    source: PathBuf,
    program: PathBuf,
}

/// The test programs of the product's crates, built as `cargo test --workspace` builds them.
fn targets() -> Vec<Target> {
    // Where this very test was built: nothing is built twice.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--no-run", "--message-format=json"])
        .arg("--target-dir")
        .arg(place)
        .current_dir(repository::root())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the tests do not build: {said}");
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let program = message["executable"].as_str()?.into();
        let source = PathBuf::from(message["target"]["src_path"].as_str()?);
        let ours = CRATES
            .iter()
            .any(|name| shown(&source).starts_with(&format!("{name}/")));
        let test = message["profile"]["test"] == true;
        (ours && test).then_some(Target { source, program })
    });
    built.collect()
}

/// The tests of a program that are run without being asked for.
fn listed(program: &Path) -> Vec<String> {
    let list = |options: &[&str]| -> Vec<String> {
        let output = Command::new(program)
            .args(options)
            .output()
            .expect("a test program runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        names.map(str::to_owned).collect()
    };
    let ignored = list(&["--list", "--ignored"]);
    let mut all = list(&["--list"]);
    all.retain(|test| !ignored.contains(test));
    all
}

/// The file in which a test stands, and its text with the comments and attributes on top.
fn function(source: &Path, test: &str) -> (PathBuf, String) {
    let (mut file, mut folder) = (source.to_owned(), source.with_file_name(""));
    let modules: Vec<_> = test.split("::").collect();
    let (name, modules) = modules.split_last().expect("a test has a name");
    for module in modules {
        let (beside, inside) = (
            folder.join(format!("{module}.rs")),
            folder.join(module).join("mod.rs"),
        );
        // A module that is no file of its own stands in the one that was found last.
        for place in [beside, inside].into_iter().filter(|place| place.is_file()) {
            file = place;
        }
        folder.push(module);
    }
    let text = std::fs::read_to_string(&file).expect("a source");
    let lines: Vec<_> = text.lines().collect();
    let head = format!("fn {name}(");
    let at: Vec<_> = (0..lines.len())
        .filter(|at| {
            let line = lines[*at].trim_start();
            line.strip_prefix("async ")
                .unwrap_or(line)
                .starts_with(&head)
        })
        .collect();
    assert_eq!(at.len(), 1, "{name} in {}", file.display());
    let indent = &lines[at[0]][..lines[at[0]].len() - lines[at[0]].trim_start().len()];
    let on_top = lines[..at[0]].iter().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("#[")
    });
    let end = lines[at[0]..]
        .iter()
        .position(|line| line.strip_prefix(indent) == Some("}"));
    let end = end.expect("rustfmt puts the last brace below the first letter") + at[0];
    (file.clone(), lines[at[0] - on_top.count()..end].join("\n"))
}

/// A file's path in the repository.
fn shown(file: &Path) -> String {
    let root = repository::root().canonicalize().expect("the repository");
    let path = file.strip_prefix(&root).unwrap_or(file);
    path.display().to_string()
}
