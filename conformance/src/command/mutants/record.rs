//! What is published of the mutants: requirement by requirement, which mutant breaks it and which case finds that out.
//!
//! `render` writes it and `read` reads it back. Everything in it but the mutants' rows follows from them, so a file that
//! is rendered again without a change says nothing that its rows do not.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use eop_conformance::case::{Case, Cuts, Role};
use eop_conformance::cases;
use eop_conformance::requirement::{self, Bound, Requirement};
use eop_conformance::segmentation::Cut;
use eop_mutants::{MUTANTS, Mutant};
use serde_json::Value;

use super::fate::{Fate, start_requirement};

/// How many cases are named that a fault does not disturb.
const BESIDE: usize = 3;

/// Who breaks one of these holds up other connections or sessions, or ends them.
const DISTURBS: [&str; 3] = ["EOP-TST-4", "EOP-DRV-3", "EOP-ERR-3"];

/// What finds a mutant out.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// Nothing does, for this requirement.
    Nobody,
    /// It does not start as the contract wants.
    Start,
    /// A case, with a cut.
    Case(Case, Cut),
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Start => f.write_str("start"),
            Self::Case(case, Cut::Whole) => write!(f, "`{}`", case.id),
            Self::Case(case, cut) => write!(f, "`{}/{cut}`", case.id),
        }
    }
}

/// A requirement that a mutant breaks, and what shows that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    /// The requirement.
    pub(super) requirement: &'static str,
    /// What finds it broken.
    pub(super) by: By,
    /// Whether that is the requirement which is blamed then; else it is claimed only.
    pub(super) blamed: bool,
}

impl Kill {
    /// Whether something finds the requirement broken, and blames it.
    const fn blames(&self) -> bool {
        self.blamed && !matches!(self.by, By::Nobody)
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requirement,
            by,
            blamed,
        } = self;
        if *blamed {
            write!(f, "{requirement} {by}")
        } else {
            write!(f, "{requirement} ({by})")
        }
    }
}

/// What is published of one mutant.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// Which one.
    pub(super) mutant: &'static Mutant,
    /// Every requirement that it breaks; of a trivial one, only how it is found out first.
    pub(super) kills: Vec<Kill>,
    /// Cases that pass: nothing that they ask is broken.
    pub(super) beside: Vec<Case>,
}

impl Record {
    /// What is to be published; nothing of the honest peer.
    pub(super) fn of(fate: &Fate) -> Option<Self> {
        let mutant = fate.mutant;
        if mutant.breaks.is_empty() {
            return None;
        }
        let role = fate.role();
        let kills = if mutant.trivial {
            let gate = fate.found.iter().find(|_| fate.fails_the_gate());
            let first = gate.or_else(|| fate.killers().next());
            vec![first.map_or_else(
                || kill(fate, start_requirement(role)),
                |found| Kill {
                    requirement: found.blamed,
                    by: By::Case(found.case, found.cut),
                    blamed: true,
                },
            )]
        } else {
            mutant.breaks.iter().map(|id| kill(fate, id)).collect()
        };
        Some(Self {
            mutant,
            kills,
            beside: beside(fate),
        })
    }

    /// The role that it plays.
    pub(super) const fn role(&self) -> Role {
        super::role(self.mutant)
    }

    /// The cases that find it out with this cut.
    pub(super) fn cases_at(&self, cut: Cut) -> Vec<Case> {
        let mut cases = Vec::new();
        for kill in &self.kills {
            match kill.by {
                By::Case(case, at)
                    if at == cut && !cases.iter().any(|one: &Case| one.id == case.id) =>
                {
                    cases.push(case);
                }
                By::Case(..) | By::Nobody | By::Start => {}
            }
        }
        cases
    }

    /// Whether nothing blames one of the requirements that it breaks.
    pub(super) fn lacks_blame(&self) -> bool {
        !self.kills.iter().all(Kill::blames)
    }

    fn is_killed(&self) -> bool {
        self.kills.iter().any(|kill| !matches!(kill.by, By::Nobody))
    }

    fn is_blamed(&self) -> bool {
        self.kills.iter().any(Kill::blames)
    }
}

/// What shows that the requirement is broken: a case that blames it, else one that only claims it.
fn kill(fate: &Fate, requirement: &'static str) -> Kill {
    let found = |by: By, blamed: bool| Kill {
        requirement,
        by,
        blamed,
    };
    if fate.not_started.is_some() && requirement == start_requirement(fate.role()) {
        return found(By::Start, true);
    }
    let blames = fate.found.iter().find(|found| found.blamed == requirement);
    let claims = || fate.found.iter().find(|found| found.claims(requirement));
    match (blames, claims()) {
        (Some(one), _) => found(By::Case(one.case, one.cut), true),
        (None, Some(one)) => found(By::Case(one.case, one.cut), false),
        (None, None) => found(By::Nobody, true),
    }
}

/// Quick cases from all over that ask nothing which the mutant breaks, and passed.
fn beside(fate: &Fate) -> Vec<Case> {
    let mutant = fate.mutant;
    // It disturbs whatever is played at the same time.
    if DISTURBS.iter().any(|id| mutant.breaks.contains(id)) {
        return Vec::new();
    }
    let unrelated = |case: &&Case| {
        case.cuts == Cuts::Every
            && !case
                .requirements
                .iter()
                .any(|id| mutant.breaks.contains(id))
            && !mutant.trivial
    };
    let passed: Vec<_> = fate.passed.iter().filter(unrelated).copied().collect();
    let step = (passed.len() / BESIDE).max(1);
    passed.into_iter().step_by(step).take(BESIDE).collect()
}

/// A row of the first table: a requirement for a role that it binds.
struct Row<'r> {
    requirement: &'r Requirement,
    role: Role,
}

fn rows(requirements: &[Requirement]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for requirement in requirements {
        let roles: &[Role] = match requirement.bound {
            Bound::Server => &[Role::Server],
            Bound::Client => &[Role::Client],
            Bound::Both => &[Role::Server, Role::Client],
        };
        rows.extend(roles.iter().map(|role| Row {
            requirement,
            role: *role,
        }));
    }
    rows
}

/// The word for why the ledger says that no case can judge the requirement in this role; then no mutant can show it.
fn reason(row: &Row<'_>) -> Option<String> {
    static DISPOSITIONS: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../../spec/dispositions.json")).unwrap_or_default()
    });
    let entries = DISPOSITIONS.get("untestable")?.as_array()?;
    let word = |entry: &Value, key: &str| Some(entry.get(key)?.as_str()?.to_owned());
    let role = row.role.to_string();
    let here = |entry: &&Value| {
        word(entry, "id").is_some_and(|id| id == row.requirement.id)
            && word(entry, "role").is_some_and(|bound| bound == role)
    };
    word(entries.iter().find(here)?, "reason")
}

/// The whole document.
pub(super) fn render(records: &[Record]) -> String {
    let requirements = requirement::all();
    let rows = rows(&requirements);
    let mut text = String::from(HEAD);
    let _ = writeln!(text, "{}", score(records, &rows));
    text += "\n## Requirements\n\n| Requirement | Level | Role | Mutants, and the case that finds each |\n|---|---|---|---|\n";
    for row in &rows {
        let Requirement { id, level, .. } = row.requirement;
        let _ = writeln!(
            text,
            "| {id} | {level} | {} | {} |",
            row.role,
            told(row, records)
        );
    }
    text += MUTANTS_HEAD;
    for record in records.iter().filter(|record| !record.mutant.trivial) {
        text += &line(record);
    }
    text += TRIVIAL_HEAD;
    for record in records.iter().filter(|record| record.mutant.trivial) {
        text += &line(record);
    }
    text
}

const HEAD: &str = "# The mutation score

The suite is played to faulty peers, each with one fault, and each has to be found out by a case that claims a requirement
which the fault breaks. This file is written by `eop-conformance mutants --write conformance/MUTANTS.md`;
`eop-conformance mutants --check conformance/MUTANTS.md` plays every mutant to the cases that are named here. The reasons
for which a requirement has no mutant are those for which no case can judge it; `spec/dispositions.json` explains them.

";

const MUTANTS_HEAD: &str = "
## Mutants

The case that is named behind a requirement fails, whole or with the cut behind `/`, and blames that requirement; in
parentheses it claims the requirement and blames another. The cases of the last column pass.

| Mutant | Role | What is wrong | Found out | Not disturbed |
|---|---|---|---|---|
";

const TRIVIAL_HEAD: &str = "
## Trivial mutants

These hold next to no protocol logic. None passes a negative case, nor one whose first requirement it breaks.

| Mutant | Role | What is wrong | Found out first | Not disturbed |
|---|---|---|---|---|
";

/// The score: the mutants that are found out, and the requirements of which one is broken by such a mutant.
fn score(records: &[Record], rows: &[Row<'_>]) -> String {
    let mut said = String::from("| | Server | Client |\n|---|---|---|\n");
    let each = |count: &dyn Fn(Role) -> String| [Role::Server, Role::Client].map(count).join(" | ");
    let count = |trivial: bool, good: fn(&Record) -> bool| {
        move |role: Role| {
            let all = records
                .iter()
                .filter(|record| record.role() == role && record.mutant.trivial == trivial);
            let good = all.clone().filter(|record| good(record));
            format!("{} of {}", good.count(), all.count())
        }
    };
    for (what, counted) in [
        ("mutants killed", count(false, Record::is_killed)),
        (
            "of these, blamed for what they break",
            count(false, Record::is_blamed),
        ),
        ("trivial mutants killed", count(true, Record::is_killed)),
    ] {
        let _ = writeln!(said, "| {what} | {} |", each(&counted));
    }
    let _ = writeln!(
        said,
        "| requirements broken by a mutant that is killed for it | {} |",
        each(&|role| {
            let all = rows.iter().filter(|row| row.role == role);
            let broken = all
                .clone()
                .filter(|row| cells(row, records).any(|(_, by)| !matches!(by, By::Nobody)));
            format!("{} of {}", broken.count(), all.count())
        })
    );
    let _ = write!(
        said,
        "| requirements without a mutant, for a stated reason | {} |",
        each(&|role| {
            let without = |row: &&Row<'_>| row.role == role && reason(row).is_some();
            rows.iter().filter(without).count().to_string()
        })
    );
    said
}

/// The mutants that break a requirement, and what finds that out.
fn cells<'r>(
    row: &'r Row<'_>,
    records: &'r [Record],
) -> impl Iterator<Item = (&'static Mutant, By)> + use<'r> {
    let here = records
        .iter()
        .filter(|record| record.role() == row.role && !record.mutant.trivial);
    here.flat_map(|record| record.kills.iter().map(move |kill| (record, kill)))
        .filter(|(_, kill)| kill.requirement == row.requirement.id)
        .map(|(record, kill)| (record.mutant, kill.by))
}

fn told(row: &Row<'_>, records: &[Record]) -> String {
    let mut by_case: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (mutant, by) in cells(row, records) {
        by_case
            .entry(by.to_string())
            .or_default()
            .push(mutant.name.to_owned());
    }
    if by_case.is_empty() {
        return reason(row).map_or_else(|| "NONE".to_owned(), |reason| format!("none: {reason}"));
    }
    let told: Vec<_> = by_case
        .iter()
        .map(|(by, mutants)| format!("{by}: {}", mutants.join(", ")))
        .collect();
    told.join("; ")
}

fn line(record: &Record) -> String {
    let kills: Vec<_> = record.kills.iter().map(Kill::to_string).collect();
    let beside: Vec<_> = record
        .beside
        .iter()
        .map(|case| format!("`{}`", case.id))
        .collect();
    let Mutant { name, fault, .. } = record.mutant;
    format!(
        "| {name} | {} | {fault} | {} | {} |\n",
        record.role(),
        kills.join(", "),
        beside.join(", ")
    )
}

/// Reads the mutants' rows back; why they cannot be what was published of the present suite, if so.
pub(super) fn read(text: &str) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    let known = |name: &str, role: &str| {
        MUTANTS
            .iter()
            .find(|mutant| mutant.name == name && super::role(mutant).to_string() == role)
    };
    for line in text.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, role, _, kills, beside, _] = cells.as_slice() else {
            continue;
        };
        if *name == "Mutant" || name.starts_with("---") {
            continue;
        }
        let mutant =
            known(name, role).ok_or_else(|| format!("there is no {role} mutant `{name}`"))?;
        let kills = kills
            .split(", ")
            .map(|kill| read_kill(kill, super::role(mutant)));
        let beside = beside.split(", ").filter(|name| !name.is_empty());
        let beside = beside.map(|name| case(name, super::role(mutant)).map(|(case, _)| case));
        records.push(Record {
            mutant,
            kills: kills.collect::<Result<_, _>>()?,
            beside: beside.collect::<Result<_, _>>()?,
        });
    }
    Ok(records)
}

fn read_kill(text: &str, role: Role) -> Result<Kill, String> {
    let (id, by) = text.split_once(' ').unwrap_or((text, ""));
    let requirement = requirement::find(id)
        .ok_or_else(|| format!("there is no requirement `{id}`"))?
        .id;
    let claimed = by.strip_prefix('(').and_then(|by| by.strip_suffix(')'));
    let by = match claimed.unwrap_or(by) {
        "nobody" => By::Nobody,
        "start" => By::Start,
        name => case(name, role).map(|(case, cut)| By::Case(case, cut))?,
    };
    Ok(Kill {
        requirement,
        by,
        blamed: claimed.is_none(),
    })
}

fn case(text: &str, role: Role) -> Result<(Case, Cut), String> {
    let plain = text.trim_matches('`');
    let (id, cut) = plain.split_once('/').unwrap_or((plain, "whole"));
    let case = cases::all()
        .into_iter()
        .find(|case| case.role() == role && case.id == id);
    let case = case.ok_or_else(|| format!("there is no case {text} for a {role}"))?;
    let cut = Cut::named(cut).ok_or_else(|| format!("there is no cut `{cut}`"))?;
    Ok((case, cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = include_str!("../../../MUTANTS.md");

    fn published() -> Vec<Record> {
        read(PUBLISHED).expect("it tells of the present suite")
    }

    #[test]
    fn what_is_published_is_of_the_present_mutants_and_requirements() {
        assert_eq!(
            render(&published()),
            PUBLISHED,
            "`eop-conformance mutants --write conformance/MUTANTS.md` writes it anew"
        );
        let names = |role: Role| -> Vec<_> {
            let published = published();
            published
                .iter()
                .filter(|record| record.role() == role)
                .map(|record| record.mutant.name)
                .collect()
        };
        for role in [Role::Server, Role::Client] {
            for mutant in MUTANTS
                .iter()
                .filter(|mutant| super::super::role(mutant) == role && !mutant.breaks.is_empty())
            {
                assert!(
                    names(role).contains(&mutant.name),
                    "{role} {} is not published",
                    mutant.name
                );
            }
        }
    }

    #[test]
    fn every_requirement_that_a_mutant_breaks_has_its_place_and_no_other() {
        for record in published().iter().filter(|record| !record.mutant.trivial) {
            let told: Vec<_> = record.kills.iter().map(|kill| kill.requirement).collect();
            assert_eq!(told, record.mutant.breaks, "{}", record.mutant.name);
        }
    }

    #[test]
    fn every_mutant_is_killed() {
        for record in published() {
            assert!(
                record.is_killed(),
                "{} {}",
                record.role(),
                record.mutant.name
            );
        }
    }

    #[test]
    fn every_requirement_is_broken_by_a_mutant_that_is_killed_for_it_or_has_a_reason() {
        let (requirements, records) = (requirement::all(), published());
        for row in rows(&requirements) {
            let id = row.requirement.id;
            let killed = cells(&row, &records).any(|(_, by)| !matches!(by, By::Nobody));
            let reason = reason(&row);
            assert!(
                killed != reason.is_some(),
                "{id} {}: killed {killed}, reason {reason:?}",
                row.role
            );
        }
    }

    #[test]
    fn a_row_that_names_no_case_is_refused() {
        let row = "| owed-dropped | client | x | EOP-RSD-3 `red.no-such` | |";
        assert!(read(row).is_err_and(|why| why.contains("red.no-such")));
    }
}
