//! Where reports go. Every file is opened before anything is played, so that a run is never lost to a mistyped name.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use eop_conformance::report::{self, Run};

use super::exit::Refusal;
use super::say;
use crate::arguments::Out;

/// The reports that were asked for.
pub(super) struct Outputs(Vec<Output>);

enum Output {
    Human,
    File(PathBuf, BufWriter<File>, Form),
}

/// What writes a form of report.
type Form = fn(&[Run], &mut BufWriter<File>) -> io::Result<()>;

impl Outputs {
    /// Opens every report; the one for people if none was asked for.
    pub(super) fn open(asked: &[Out]) -> Result<Self, Refusal> {
        let mut outputs = Vec::new();
        for out in asked {
            let (path, form): (_, Form) = match out {
                Out::Human => {
                    outputs.push(Output::Human);
                    continue;
                }
                Out::JsonLines(path) => (path, report::json_lines),
                Out::Junit(path) => (path, report::junit),
                Out::Capture(path) => (path, report::capture),
                Out::Html(path) => (path, report::page),
            };
            let taken =
                |output: &Output| matches!(output, Output::File(other, ..) if other == path);
            if outputs.iter().any(taken) {
                return Err(Refusal::usage(format!(
                    "two reports cannot both be {}",
                    path.display()
                )));
            }
            let file = File::create(path).map_err(|error| unwritten(path, &error))?;
            outputs.push(Output::File(path.clone(), BufWriter::new(file), form));
        }
        if outputs.is_empty() {
            outputs.push(Output::Human);
        }
        Ok(Self(outputs))
    }

    /// Tells the runs in every form.
    pub(super) fn tell(&mut self, runs: &[Run]) -> Result<(), Refusal> {
        for output in &mut self.0 {
            match output {
                Output::Human => say(&runs.iter().map(report::human).collect::<String>()),
                Output::File(path, to, form) => {
                    form(runs, to)
                        .and_then(|()| to.flush())
                        .map_err(|error| unwritten(path, &error))?;
                }
            }
        }
        Ok(())
    }
}

/// The refusal of a file that cannot be written.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> Refusal {
    Refusal::usage(format!("cannot write {}: {error}", path.display()))
}
