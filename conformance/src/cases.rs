//! All cases, one file for each section of the specification and role.

mod client;
mod measures;
mod server;

use crate::case::{Case, Role};

/// Every case, servers' first, in the order of the specification.
#[must_use]
pub fn all() -> Vec<Case> {
    [server::all(), client::all()].concat()
}

/// The case that every other of a role rests on: a message is answered.
#[must_use]
pub const fn gate(role: Role) -> Case {
    match role {
        Role::Server => server::GATE,
        Role::Client => client::GATE,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::requirement::{self, Bound};

    #[test]
    fn names_are_unique_within_a_role() {
        let mut seen = BTreeSet::new();
        for case in all() {
            assert!(
                seen.insert((case.role(), case.id)),
                "{} stands twice",
                case.id
            );
        }
    }

    #[test]
    fn every_case_cites_requirements_that_exist_and_bind_its_role() {
        for case in all() {
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

    #[test]
    fn half_of_the_cases_are_for_clients() {
        let clients = all()
            .iter()
            .filter(|case| case.role() == Role::Client)
            .count();
        assert!(clients * 2 >= all().len(), "{clients} of {}", all().len());
    }
}
