//! The table keeps its word: names that are unique, and requirements that exist and bind the role.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use eop_mutants::{MUTANTS, Mutant, Role, client, server};

/// Every requirement of both documents with the role in parentheses behind it.
fn requirements() -> HashMap<String, String> {
    let mut found = HashMap::new();
    for document in ["eop.md", "testee.md"] {
        let path = format!("{}/../../spec/{document}", env!("CARGO_MANIFEST_DIR"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let Some(rest) = line.strip_prefix("- **EOP-") else {
                continue;
            };
            let (number, rest) = rest.split_once("** (").unwrap();
            let (role, _) = rest.split_once(')').unwrap();
            found.insert(format!("EOP-{number}"), role.to_owned());
        }
    }
    found
}

/// What no case can judge, in which role, says the ledger.
fn untestable() -> HashSet<(String, String)> {
    let path = format!(
        "{}/../../spec/dispositions.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let dispositions: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let word =
        |entry: &serde_json::Value, key: &str| entry.get(key).unwrap().as_str().unwrap().to_owned();
    let entries = dispositions.get("untestable").unwrap().as_array().unwrap();
    entries
        .iter()
        .map(|entry| (word(entry, "id"), word(entry, "role")))
        .collect()
}

#[test]
fn every_broken_requirement_exists_and_binds_the_role() {
    let requirements = requirements();
    for mutant in MUTANTS {
        let role = match mutant.role {
            Role::Server => "server",
            Role::Client => "client",
        };
        for id in mutant.breaks {
            let bound = requirements.get(*id).map(String::as_str);
            assert!(
                bound == Some(role) || bound == Some("both"),
                "{role} {}: {id}",
                mutant.name
            );
        }
    }
}

#[test]
fn every_requirement_is_broken_by_a_mutant_or_cannot_be_judged() {
    let untestable = untestable();
    let breaks = |mutant: &Mutant, id: &str, role: Role| {
        mutant.role == role && !mutant.trivial && mutant.breaks.contains(&id)
    };
    for (id, bound) in requirements() {
        for (role, name) in [(Role::Server, "server"), (Role::Client, "client")] {
            if bound != name && bound != "both" {
                continue;
            }
            let mutants = MUTANTS.iter().filter(|mutant| breaks(mutant, &id, role));
            let (mutants, untestable) = (
                mutants.count(),
                untestable.contains(&(id.clone(), name.to_owned())),
            );
            assert!(
                (mutants > 0) != untestable,
                "{id} {name}: {mutants} mutants, untestable: {untestable}"
            );
        }
    }
}

#[test]
fn names_are_unique_within_a_role_and_well_formed() {
    let mut seen = HashSet::new();
    for mutant in MUTANTS {
        let legal =
            |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        assert!(mutant.name.bytes().all(legal), "{}", mutant.name);
        assert!(
            seen.insert((mutant.role, mutant.name)),
            "{:?} {}",
            mutant.role,
            mutant.name
        );
    }
}

/// The peers that break nothing.
const HONEST: [&str; 2] = ["none", "without-options"];

#[test]
fn only_the_honest_peers_break_nothing() {
    for mutant in MUTANTS {
        assert_eq!(
            mutant.breaks.is_empty(),
            HONEST.contains(&mutant.name),
            "{}",
            mutant.name
        );
    }
}

#[test]
fn a_fault_is_asked_for_at_one_place_a_role() {
    let mut asked: HashMap<String, usize> = HashMap::new();
    for text in sources(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        // The table itself does not ask.
        if text.contains("macro_rules! faults") {
            continue;
        }
        for rest in text.split("Fault::").skip(1) {
            let name = rest.split(|letter: char| !letter.is_ascii_alphanumeric());
            *asked
                .entry(kebab(name.into_iter().next().unwrap()))
                .or_default() += 1;
        }
    }
    // The plain honest peer has nothing to ask for.
    for mutant in MUTANTS.iter().filter(|mutant| mutant.name != "none") {
        let roles = MUTANTS
            .iter()
            .filter(|other| other.name == mutant.name)
            .count();
        let places = asked.get(mutant.name).copied().unwrap_or(0);
        assert!(
            (1..=roles).contains(&places),
            "{}: {places} places",
            mutant.name
        );
    }
}

fn sources(folder: PathBuf) -> Vec<String> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(path)
            } else {
                vec![std::fs::read_to_string(path).unwrap()]
            }
        })
        .collect()
}

fn kebab(camel: &str) -> String {
    let mut kebab = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[test]
fn a_name_of_the_other_role_is_unknown() {
    assert!(server("owed-dropped").is_err() && client("accept-and-close").is_err());
}
