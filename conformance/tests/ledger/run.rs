//! Which cases were executed: both roles of the built-in peer are played to, once for all tests.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use eop_conformance::authority::Authority;
use eop_conformance::case::{Case, Role};
use eop_conformance::schedule::{self, Settings, Testee, Timelines};
use eop_conformance::segmentation::Cut;
use eop_conformance::testee::{DriverTestee, ServerTestee};
use eop_conformance::verdict::Verdict;

use crate::tested;

/// How long the peer may take to say that it is there.
const START: Duration = Duration::from_secs(10);

/// Every case that was executed with verdict pass. What did not run, or ran otherwise, does not count.
pub(crate) static EXECUTED: LazyLock<Vec<Case>> = LazyLock::new(|| {
    // Cargo may have to build something, which makes a machine too busy to judge on.
    LazyLock::force(&tested::TESTS);
    let roles = [Role::Server, Role::Client];
    let played = roles.map(|role| [play(role, None), play(role, Some(authority()))].concat());
    played.concat()
});

fn authority() -> Arc<Authority> {
    Arc::new(Authority::new().expect("keys, and a folder"))
}

/// The executed cases of a role that speak for a requirement.
pub(crate) fn executed(role: Role, id: &str) -> impl Iterator<Item = &'static Case> {
    let speaks = move |case: &&Case| case.role() == role && case.requirements.contains(&id);
    EXECUTED.iter().filter(speaks)
}

/// What passes in cleartext, or, with an authority, of those cases that are played over TLS alone.
fn play(role: Role, authority: Option<Arc<Authority>>) -> Vec<Case> {
    let cleartext = authority.is_none();
    let peer = env!("CARGO_BIN_EXE_eop-conformance");
    let command = format!("exec '{peer}' peer {role}");
    let testee = match role {
        Role::Server => Testee::Server(
            ServerTestee::start(&command, None, START, authority)
                .expect("the built-in server starts"),
        ),
        Role::Client => Testee::Client(
            DriverTestee::start(&command, START, authority).expect("the built-in client starts"),
        ),
    };
    let mut left: Vec<_> = eop_conformance::cases::all()
        .into_iter()
        .filter(|case| case.role() == role && case.applies(false) == cleartext)
        .collect();
    let mut passed = Vec::new();
    // What a busy machine failed is played again, alone and with more patience.
    for (patience, serial) in [(1, false), (5, true)] {
        let settings = Settings {
            patience,
            serial,
            // Whether a case is executed does not depend on how its octets are cut.
            cut: Some(Cut::Whole),
            deadline: None,
            timelines: Timelines::Failing,
            seed: None,
        };
        let gate = eop_conformance::cases::gate(role);
        let outcomes = schedule::run(&testee, &gate, &left, &settings, &|_| ());
        let (good, bad): (Vec<_>, Vec<_>) = outcomes
            .iter()
            .partition(|outcome| outcome.verdict == Verdict::Pass);
        passed.extend(good.iter().map(|outcome| outcome.case.id));
        left.retain(|case| bad.iter().any(|outcome| outcome.case.id == case.id));
    }
    let mut cases = eop_conformance::cases::all();
    cases.retain(|case| case.role() == role && passed.contains(&case.id));
    cases
}
