//! The table keeps its word: names that are unique, and requirements that exist and bind the role.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{HashMap, HashSet};

use eop_mutants::{MUTANTS, Role, client, server};

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

#[test]
fn only_the_honest_peer_breaks_nothing() {
    for mutant in MUTANTS {
        assert_eq!(
            mutant.breaks.is_empty(),
            mutant.name == "none",
            "{}",
            mutant.name
        );
    }
}

#[test]
fn a_fault_is_asked_for_at_one_place() {
    let mut asked: HashMap<String, usize> = HashMap::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for rest in text.split("Fault::").skip(1) {
            let name: String = rest
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            *asked.entry(name).or_default() += 1;
        }
    }
    let often: Vec<_> = asked.iter().filter(|entry| *entry.1 > 2).collect();
    assert!(often.iter().all(|entry| entry.0 == "YesMan"), "{often:?}");
}

#[test]
fn a_name_of_the_other_role_is_unknown() {
    assert!(server("owed-dropped").is_err() && client("accept-and-close").is_err());
}
