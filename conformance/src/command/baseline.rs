//! The baseline file of a run: read before it, held against its outcomes, written after it if that was asked for.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use eop_conformance::baseline::{Baseline, Judged};
use eop_conformance::case::Role;
use eop_conformance::report::Run;
use eop_conformance::schedule::Outcome;

use super::exit::{Exit, Refusal};
use super::say;
use crate::arguments::Manner;

/// What is expected of a run: nothing but passes without a baseline.
pub(super) struct Expectations {
    file: Option<(PathBuf, Baseline)>,
    update: bool,
    today: NaiveDate,
}

impl Expectations {
    /// Reads the baseline, if one was named. One that is to be written need not be there.
    pub(super) fn read(manner: &Manner) -> Result<Self, Refusal> {
        let read = |path: &PathBuf| -> Result<_, Refusal> {
            let said = |why: String| Refusal::usage(format!("{}: {why}", path.display()));
            let text = match fs::read_to_string(path) {
                Err(error) if error.kind() == ErrorKind::NotFound && manner.update_baseline => {
                    String::new()
                }
                text => text.map_err(|error| said(error.to_string()))?,
            };
            let baseline = Baseline::read(&text, manner.update_baseline)
                .map_err(|why| said(why.to_string()))?;
            Ok((path.clone(), baseline))
        };
        Ok(Self {
            file: manner.baseline.as_ref().map(read).transpose()?,
            update: manner.update_baseline,
            today: Utc::now().date_naive(),
        })
    }

    /// Holds outcomes of a role against what was expected.
    pub(super) fn judge(&self, role: Role, outcomes: &[Outcome]) -> Judged {
        match &self.file {
            Some((_, baseline)) if !self.update => baseline.judge(role, outcomes, self.today),
            Some(_) | None => Judged::default(),
        }
    }

    /// Writes what fails now, if that was asked for; how the command then ends.
    pub(super) fn update(&mut self, runs: &[Run], exit: Exit) -> Result<Exit, Refusal> {
        let Some((path, baseline)) = self.file.as_mut().filter(|_| self.update) else {
            return Ok(exit);
        };
        if exit > Exit::DoesNot {
            eprintln!(
                "eop-conformance: {} was left as it is, for not everything was judged",
                path.display()
            );
            return Ok(exit);
        }
        for run in runs {
            baseline.update(run.role, &run.outcomes);
        }
        fs::write(&*path, baseline.to_string())
            .map_err(|error| Refusal::usage(format!("cannot write {}: {error}", path.display())))?;
        say(&format!(
            "{} holds {} expected failure(s)\n",
            path.display(),
            baseline.len()
        ));
        let unreasoned = baseline.unreasoned();
        if !unreasoned.is_empty() {
            say(&format!(
                "a reason has to be given for: {}\n",
                unreasoned.join(" ")
            ));
        }
        Ok(Exit::Conforms)
    }
}
