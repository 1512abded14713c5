//! A failure as a file: the plan with the number that it was drawn from, in JSON, to be played again anywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::case::Role;

/// The version of the form. Another one may hold other plans.
const VERSION: u32 = 1;

/// A plan that failed, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay<P> {
    /// The seed of the hunt that found it.
    pub seed: u64,
    /// The session of that hunt, from 0.
    pub session: u64,
    /// The plan, shrunk.
    pub plan: P,
}

/// What a file cannot be read for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// What stands before the plan.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "eop-fuzz")]
    version: u32,
    role: String,
    seed: u64,
    session: u64,
}

#[derive(Serialize, Deserialize)]
struct Whole<P> {
    #[serde(flatten)]
    head: Head,
    plan: P,
}

impl<P: Plan> Replay<P> {
    /// The text of the file.
    #[must_use]
    pub fn text(&self, role: Role) -> String {
        let head = Head {
            version: VERSION,
            role: role.to_string(),
            seed: self.seed,
            session: self.session,
        };
        let plan = self.plan.clone();
        // A plan holds nothing that JSON does not have.
        serde_json::to_string_pretty(&Whole { head, plan }).unwrap_or_default() + "\n"
    }

    /// Reads the text of a file for this role.
    pub fn parse(text: &str, role: Role) -> Result<Self, Malformed> {
        let malformed = |error: serde_json::Error| Malformed(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(malformed)?;
        if head.version != VERSION {
            let version = head.version;
            return Err(Malformed(format!("eop-fuzz is {version}, not {VERSION}")));
        }
        if head.role != role.to_string() {
            return Err(Malformed(format!(
                "it is for a {}, not a {role}",
                head.role
            )));
        }
        let Whole { head, plan } = serde_json::from_str(text).map_err(malformed)?;
        Ok(Self {
            seed: head.seed,
            session: head.session,
            plan,
        })
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;
    use crate::fuzz::{client, server};

    fn survives<P: Plan + PartialEq + fmt::Debug>(role: Role) {
        for seed in 0..200 {
            let plan = P::draw(&mut Rng::with_seed(seed));
            let replay = Replay {
                seed,
                session: 7,
                plan,
            };
            assert_eq!(Replay::parse(&replay.text(role), role), Ok(replay));
        }
    }

    #[test]
    fn every_plan_survives_its_file() {
        survives::<server::Plan>(Role::Server);
        survives::<client::Plan>(Role::Client);
    }

    #[test]
    fn a_file_for_the_other_role_or_of_another_version_is_refused() {
        let plan = server::Plan::draw(&mut Rng::with_seed(1));
        let replay = Replay {
            seed: 1,
            session: 0,
            plan,
        };
        let text = replay.text(Role::Server);
        let why = |text: &str, role| {
            Replay::<server::Plan>::parse(text, role)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(why(&text, Role::Client), "it is for a server, not a client");
        let later = text.replace("\"eop-fuzz\": 1", "\"eop-fuzz\": 2");
        assert_eq!(why(&later, Role::Server), "eop-fuzz is 2, not 1");
    }

    #[test]
    fn the_same_seed_draws_the_same_plan() {
        let draw = || client::Plan::draw(&mut Rng::with_seed(5));
        assert_eq!(draw(), draw());
    }
}
