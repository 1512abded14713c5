//! The baseline as a file: TOML, one `[[expected]]` an entry. Errors name the line; comments and order survive an update.

use std::fmt;

use chrono::NaiveDate;
use toml_edit::{ArrayOfTables, Document, DocumentMut, Item, Table, value};

use super::Entry;
use crate::case::Role;
use crate::requirement;
use crate::schedule::Outcome;
use crate::verdict::Verdict;

/// The keys of an entry; only the last may be left out.
const KEYS: [&str; 6] = ["case", "role", "verdict", "broken", "reason", "expires"];

/// A file that is no baseline: where, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// A baseline file, read.
#[derive(Debug, Clone)]
pub struct Baseline {
    entries: Vec<Entry>,
    document: DocumentMut,
}

impl Baseline {
    /// Reads the text of a file. An entry without a reason is refused, unless the file is read to be updated.
    pub fn read(text: &str, to_update: bool) -> Result<Self, Malformed> {
        let document =
            Document::parse(text.to_owned()).map_err(|error| Malformed(error.to_string()))?;
        let mut entries = Vec::new();
        for (key, item) in document.as_table() {
            let tables = item.as_array_of_tables().filter(|_| key == "expected");
            let tables = tables.ok_or_else(|| {
                Malformed(format!(
                    "line {}: `{key}`; a baseline holds [[expected]] alone",
                    line(text, item.span())
                ))
            })?;
            for (index, table) in tables.iter().enumerate() {
                let line = line(text, table.span());
                let malformed = |why| {
                    Malformed(format!(
                        "line {line}: entry {}: {why}",
                        index.saturating_add(1)
                    ))
                };
                let entry = entry(table, line).map_err(malformed)?;
                if entry.reason.trim().is_empty() && !to_update {
                    return Err(malformed(
                        "`reason` is empty: say why this failure is expected".to_owned(),
                    ));
                }
                if let Some(twice) = find(&entries, entry.role, &entry.case) {
                    return Err(malformed(format!(
                        "`{}` stands in line {} already",
                        entry.case, twice.line
                    )));
                }
                entries.push(entry);
            }
        }
        Ok(Self {
            entries,
            document: document.into_mut(),
        })
    }

    /// What it holds.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many failures are expected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The cases for whose failure no reason is given yet.
    #[must_use]
    pub fn unreasoned(&self) -> Vec<&str> {
        let unreasoned = self
            .entries
            .iter()
            .filter(|entry| entry.reason.trim().is_empty());
        unreasoned.map(|entry| entry.case.as_str()).collect()
    }

    /// Makes the entries for a role what its outcomes are. What was not selected stays; so do reasons and expiry dates.
    pub fn update(&mut self, role: Role, outcomes: &[Outcome]) {
        let known = crate::cases::all();
        let exists = |name: &str| {
            known
                .iter()
                .any(|case| case.role() == role && case.id == name)
        };
        let outcome = |name: &str| outcomes.iter().find(|outcome| outcome.case.id == name);
        let stays = |entry: &Entry| match outcome(&entry.case) {
            _ if entry.role != role => true,
            Some(outcome) => !outcome.conforms(),
            None => exists(&entry.case),
        };
        let stay: Vec<_> = self.entries.iter().map(stays).collect();
        let tables = self
            .document
            .entry("expected")
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let Some(tables) = tables.as_array_of_tables_mut() else {
            return;
        };
        let mut keep = stay.iter();
        tables.retain(|_| *keep.next().unwrap_or(&true));
        let mut keep = stay.iter();
        self.entries.retain(|_| *keep.next().unwrap_or(&true));
        for outcome in outcomes.iter().filter(|outcome| !outcome.conforms()) {
            let at = self
                .entries
                .iter()
                .position(|entry| entry.role == role && entry.case == outcome.case.id);
            let index = at.unwrap_or_else(|| {
                let entry = new(role, outcome);
                tables.push(table(&entry));
                self.entries.push(entry);
                self.entries.len().saturating_sub(1)
            });
            if let (Some(entry), Some(table)) = (self.entries.get_mut(index), tables.get_mut(index))
            {
                entry.verdict = outcome.verdict;
                outcome.broken().clone_into(&mut entry.broken);
                replace(table, "verdict", outcome.verdict.word());
                replace(table, "broken", outcome.broken());
            }
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

fn find<'e>(entries: &'e [Entry], role: Role, case: &str) -> Option<&'e Entry> {
    entries
        .iter()
        .find(|entry| entry.role == role && entry.case == case)
}

fn new(role: Role, outcome: &Outcome) -> Entry {
    Entry {
        case: outcome.case.id.to_owned(),
        role,
        verdict: outcome.verdict,
        broken: outcome.broken().to_owned(),
        reason: String::new(),
        expires: None,
        line: 0,
    }
}

fn table(entry: &Entry) -> Table {
    let mut table = Table::new();
    let values = [
        entry.case.clone(),
        entry.role.to_string(),
        entry.verdict.word().to_owned(),
        entry.broken.clone(),
        entry.reason.clone(),
    ];
    for (key, text) in KEYS.into_iter().zip(values) {
        table.insert(key, value(text));
    }
    table
}

/// Changes a value and leaves what is written around it.
fn replace(table: &mut Table, key: &str, text: &str) {
    if let Some(old) = table.get_mut(key).and_then(Item::as_value_mut) {
        let around = old.decor().clone();
        *old = text.into();
        *old.decor_mut() = around;
    }
}

fn entry(table: &Table, line: usize) -> Result<Entry, String> {
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(format!(
            "`{key}` is no key of an entry ({})",
            KEYS.join(", ")
        ));
    }
    let text = |key: &str| match table.get(key) {
        Some(item) => item.as_str().ok_or_else(|| format!("`{key}` is no text")),
        None => Err(format!("`{key}` is missing")),
    };
    let broken = text("broken")?;
    if requirement::find(broken).is_none() {
        return Err(format!("`broken`: there is no requirement {broken}"));
    }
    Ok(Entry {
        case: text("case")?.to_owned(),
        role: role(text("role")?)?,
        verdict: verdict(text("verdict")?)?,
        broken: broken.to_owned(),
        reason: text("reason")?.to_owned(),
        expires: table.get("expires").map(date).transpose()?,
        line,
    })
}

fn role(word: &str) -> Result<Role, String> {
    let role = [Role::Server, Role::Client]
        .into_iter()
        .find(|role| role.to_string() == word);
    role.ok_or_else(|| format!("`role` is server or client, not `{word}`"))
}

/// A verdict of the testee's own making; a fault of the runner, or a case that was not run, cannot be expected.
fn verdict(word: &str) -> Result<Verdict, String> {
    [Verdict::Fail, Verdict::Inconclusive, Verdict::Unsupported]
        .into_iter()
        .find(|verdict| verdict.word() == word)
        .ok_or_else(|| format!("`verdict` is fail, inconclusive or unsupported, not `{word}`"))
}

fn date(item: &Item) -> Result<NaiveDate, String> {
    item.as_datetime()
        .filter(|datetime| datetime.time.is_none())
        .and_then(|datetime| datetime.date)
        .and_then(|date| {
            NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        })
        .ok_or_else(|| "`expires` is a date without quotes: 2030-12-31".to_owned())
}

/// The line in which a span begins, from 1.
fn line(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = text
        .get(..span.map_or(0, |span| span.start))
        .unwrap_or_default();
    before.matches('\n').count().saturating_add(1)
}
