//! The ledger's rows: each requirement with everything that judges or shows it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use eop_conformance::case::{Polarity, Role};
use eop_conformance::requirement::{self, Requirement};
use eop_mutants::MUTANTS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dispositions::{DISPOSITIONS, bound_roles};
use crate::{repository, run, tested};

/// The ledger as text and run say.
pub(crate) static LEDGER: LazyLock<Ledger> = LazyLock::new(Ledger::new);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    #[serde(rename = "$schema")]
    schema: String,
    version: u32,
    pub(crate) requirements: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) role: String,
    pub(crate) level: String,
    pub(crate) document: String,
    pub(crate) section: Place,
    pub(crate) sentence: String,
    /// What judges it in each role that it binds; nothing is a hole.
    pub(crate) judged: BTreeMap<String, Option<Judged>>,
    /// The golden vectors that name it: `file/id`.
    pub(crate) vectors: Vec<String>,
    /// The tests that cite it: `file::test`.
    pub(crate) tests: Vec<String>,
    /// The faulty peers that break it, which the suite has to find out: `role/name`.
    pub(crate) mutants: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) number: String,
    pub(crate) title: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Judged {
    /// By cases that were executed and passed; the negative ones have a twin.
    Cases {
        positive: Vec<String>,
        negative: Vec<String>,
    },
    /// By no case, for a reason of the list.
    Untestable { untestable: String, why: String },
}

impl Ledger {
    fn new() -> Self {
        let vectors = vectors();
        let row = |requirement: Requirement| Row::new(&requirement, &vectors);
        Self {
            schema: "ledger.schema.json".to_owned(),
            version: 1,
            requirements: requirement::all().into_iter().map(row).collect(),
        }
    }

    /// The row of a requirement that exists.
    pub(crate) fn row(&self, id: &str) -> &Row {
        let mut rows = self.requirements.iter();
        rows.find(|row| row.id == id).expect("a requirement")
    }

    /// The ledger as the file holds it.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("JSON") + "\n"
    }
}

impl Row {
    fn new(requirement: &Requirement, vectors: &BTreeMap<String, Vec<String>>) -> Self {
        let id = requirement.id;
        let roles = bound_roles(requirement.bound);
        let cited = |by: &BTreeMap<String, Vec<String>>| by.get(id).cloned().unwrap_or_default();
        let breaks = MUTANTS.iter().filter(|mutant| mutant.breaks.contains(&id));
        let role = match roles {
            [role] => role.to_string(),
            _ => "both".to_owned(),
        };
        Self {
            id: id.to_owned(),
            role,
            level: requirement.level.to_string(),
            document: requirement.document.to_owned(),
            section: Place {
                number: requirement.section.number.clone(),
                title: requirement.section.title.to_owned(),
            },
            sentence: requirement.sentence.to_owned(),
            judged: roles
                .iter()
                .map(|role| (role.to_string(), Judged::by(id, *role)))
                .collect(),
            vectors: cited(vectors),
            tests: cited(&tested::TESTS),
            mutants: breaks
                .map(|mutant| format!("{}/{}", role_of(mutant.role), mutant.name))
                .collect(),
        }
    }
}

impl Judged {
    fn by(id: &str, role: Role) -> Option<Self> {
        let named = |polarity| -> Vec<String> {
            run::executed(role, id)
                .filter(|case| case.polarity == polarity)
                .map(|case| case.id.to_owned())
                .collect()
        };
        let (positive, negative) = (named(Polarity::Positive), named(Polarity::Negative));
        if positive.is_empty() && negative.is_empty() {
            let entry = DISPOSITIONS.untestable(id, role)?;
            return Some(Self::Untestable {
                untestable: entry.reason.clone(),
                why: entry.why.clone(),
            });
        }
        Some(Self::Cases { positive, negative })
    }
}

fn role_of(role: eop_mutants::Role) -> Role {
    match role {
        eop_mutants::Role::Server => Role::Server,
        eop_mutants::Role::Client => Role::Client,
    }
}

/// For each requirement the golden vectors that name it.
fn vectors() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::<String, Vec<String>>::new();
    for file in ["frames", "rejects", "streams", "sessions"] {
        let text = repository::read(&format!("vectors/{file}.json"));
        let vectors: Value = serde_json::from_str(&text).expect("JSON");
        for vector in vectors["vectors"].as_array().expect("vectors") {
            let name = vector["id"].as_str().expect("an id");
            for id in vector["requirements"].as_array().expect("requirements") {
                let id = id.as_str().expect("an identifier").to_owned();
                found.entry(id).or_default().push(format!("{file}/{name}"));
            }
        }
    }
    found
}
