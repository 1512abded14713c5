//! All cases, one file for each section of the specification and role.

mod client;
mod measures;
mod plain;
mod server;

use crate::case::{Case, Role};
use crate::requirement;

/// Every case for a server or a driver, servers' first, in the order of the specification.
#[must_use]
pub fn all() -> Vec<Case> {
    [server::all(), client::all()].concat()
}

/// Every case for client programs without a driver.
#[must_use]
pub fn plain() -> Vec<Case> {
    plain::CASES.to_vec()
}

/// The case that every other for client programs without a driver rests on: a request is sent.
#[must_use]
pub const fn plain_gate() -> Case {
    plain::GATE
}

/// The case that every other of a role rests on: a message is answered.
#[must_use]
pub const fn gate(role: Role) -> Case {
    match role {
        Role::Server => server::GATE,
        Role::Client => client::GATE,
    }
}

/// The requirements of the core that some case of `all` speaks for and no case of `playable` does. The contract with a
/// testee binds nobody who does without it.
#[must_use]
pub fn not_judged(all: &[Case], playable: &[Case]) -> Vec<&'static str> {
    let speaks =
        |cases: &[Case], id: &str| cases.iter().any(|case| case.requirements.contains(&id));
    let all_of_them = requirement::all().into_iter();
    let core = all_of_them.filter(|requirement| requirement.document == "eop.md");
    core.map(|requirement| requirement.id)
        .filter(|id| speaks(all, id) && !speaks(playable, id))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::requirement::Bound;

    #[test]
    fn names_are_unique_within_a_role() {
        let mut seen = BTreeSet::new();
        for case in [all(), plain()].concat() {
            assert!(
                seen.insert((case.role(), case.id)),
                "{} stands twice",
                case.id
            );
        }
    }

    #[test]
    fn every_case_cites_requirements_that_exist_and_bind_its_role() {
        for case in [all(), plain()].concat() {
            assert!(!case.requirements.is_empty(), "{} cites nothing", case.id);
            for id in case.requirements {
                let requirement =
                    requirement::find(id).unwrap_or_else(|| panic!("{}: no {id}", case.id));
                let binds = match requirement.bound {
                    Bound::Both => true,
                    Bound::Client => case.role() == Role::Client,
                    Bound::Server => case.role() == Role::Server,
                };
                assert!(binds, "{}: {id} does not bind a {}", case.id, case.role());
            }
        }
    }

    /// What only waits, or waits for a time of its own.
    const SLEEPS: [&str; 4] = ["sleep", "Duration::", "park", "wait_timeout"];

    #[test]
    fn no_case_sleeps_but_for_a_share_of_a_limit() {
        for (file, text) in sources(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases")) {
            for (number, line) in text.lines().enumerate() {
                let asleep = SLEEPS.iter().find(|word| line.contains(**word));
                assert_eq!(
                    asleep,
                    None,
                    "{}:{}: a case waits for events, or lets a share of a limit pass (`Link::idle`)",
                    file.display(),
                    number + 1
                );
            }
        }
    }

    /// Nothing orders these absences: each of them has to be one that nothing else can show.
    const UNORDERED: [&str; 2] = ["acc.manual-end-waits", "acc.manual-clean-end-waits"];

    #[test]
    fn only_the_cases_named_here_watch_an_absence_that_nothing_orders() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
        let watched: Vec<_> = sources(folder)
            .iter()
            .flat_map(|(_, text)| text.split("Case::").map(str::to_owned).collect::<Vec<_>>())
            .filter(|case| case.contains("session.quiet("))
            .filter_map(|case| case.split('"').nth(1).map(str::to_owned))
            .collect();
        assert_eq!(watched, UNORDERED);
    }

    fn sources(folder: PathBuf) -> Vec<(PathBuf, String)> {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| {
                if path.is_dir() {
                    sources(path)
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    vec![(path, text)]
                }
            })
            .collect()
    }

    #[test]
    fn half_of_the_cases_are_for_clients() {
        let clients = all()
            .iter()
            .filter(|case| case.role() == Role::Client)
            .count();
        assert!(clients * 2 >= all().len(), "{clients} of {}", all().len());
    }
}
