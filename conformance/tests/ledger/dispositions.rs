//! What neither the text nor a run can say: what no case can judge and why, and which numbers were given up.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use eop_conformance::case::Role;
use eop_conformance::requirement::Bound;
use serde::{Deserialize, Deserializer};

use crate::repository;

/// The file that says it, reviewed by hand.
pub(crate) const FILE: &str = "spec/dispositions.json";

/// What the file says.
pub(crate) static DISPOSITIONS: LazyLock<Dispositions> =
    LazyLock::new(|| serde_json::from_str(&repository::read(FILE)).expect(FILE));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dispositions {
    /// The only reasons for which a requirement may go without a case.
    pub(crate) reasons: BTreeMap<String, Reason>,
    /// Which requirement goes without a case, in which role.
    pub(crate) untestable: Vec<Untestable>,
    /// Identifiers that are in use no more and never will be again, and why.
    pub(crate) retired: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) means: String,
    /// Whether a test of cargo's has to show what no case can.
    pub(crate) needs_test: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Untestable {
    pub(crate) id: String,
    #[serde(deserialize_with = "role")]
    pub(crate) role: Role,
    pub(crate) reason: String,
    pub(crate) why: String,
}

impl Dispositions {
    /// Why this requirement has no case in this role.
    pub(crate) fn untestable(&self, id: &str, role: Role) -> Option<&Untestable> {
        let mut entries = self.untestable.iter();
        entries.find(|entry| entry.id == id && entry.role == role)
    }
}

/// The roles that a requirement binds.
pub(crate) fn bound_roles(bound: Bound) -> &'static [Role] {
    match bound {
        Bound::Client => &[Role::Client],
        Bound::Server => &[Role::Server],
        Bound::Both => &[Role::Client, Role::Server],
    }
}

fn role<'d, D: Deserializer<'d>>(from: D) -> Result<Role, D::Error> {
    match String::deserialize(from)?.as_str() {
        "client" => Ok(Role::Client),
        "server" => Ok(Role::Server),
        other => Err(serde::de::Error::custom(format!("{other} is no role"))),
    }
}
