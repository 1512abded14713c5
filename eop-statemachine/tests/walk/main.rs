//! The exhaustive walk: a client session, a server for every connection it makes, the wire between them, and
//! everybody free to do whatever the protocol lets them, at every moment. Breadth first, over the real machines.
//!
//! `world.rs` says what there is, `steps.rs` what can happen, `properties.rs` what must hold, `defect.rs` which
//! rules can be taken out, `races.rs` what crossed, `search.rs` how all of it is gone through.
//!
//! `cargo test` walks every configuration in brief. The long form, millions of worlds each, is
//! `cargo test --release -p eop-statemachine --test walk -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and says what matters to it"
)]

mod defect;
mod properties;
mod races;
mod search;
mod setting;
mod steps;
mod wire;
mod world;

use std::path::Path;

use defect::Defect;
use eop_statemachine::Discipline::{self, Manual, Paired};
use properties::Property;
use races::Races;
use search::walk;
use setting::Setting;

/// Every main configuration: discipline, who resends, greetings, fallback.
fn configurations() -> impl Iterator<Item = (Discipline, bool, u32, bool)> {
    let disciplines = [(Paired, false), (Paired, true), (Manual, false)];
    disciplines.into_iter().flat_map(|(discipline, automatic)| {
        [(0, false), (0, true), (1, false), (1, true)]
            .map(|(greetings, fallback)| (discipline, automatic, greetings, fallback))
    })
}

/// A configuration with two messages, two servers, two redirects and one failure.
fn small((discipline, automatic, greetings, fallback): (Discipline, bool, u32, bool)) -> Setting {
    Setting {
        discipline,
        automatic,
        greetings,
        fallback,
        messages: 2,
        half_close: true,
        places: 2,
        episode: 2,
        redirects: 2,
        failures: 1,
        parts: false,
        waits: 0,
        defect: None,
        watched: None,
    }
}

/// What `cargo test` walks.
fn brief() -> Vec<Setting> {
    let mut settings: Vec<Setting> = configurations().map(small).collect();
    for setting in settings
        .iter_mut()
        .filter(|setting| setting.discipline == Manual)
    {
        // Manual worlds are many: notes, and retiring at any time.
        setting.half_close = !setting.fallback;
        if setting.fallback || setting.greetings > 0 {
            setting.messages = 1;
        }
    }
    for configuration in configurations().filter(|(.., fallback)| !fallback) {
        let base = small(configuration);
        // Manual worlds are many, again.
        let failures = u8::from(base.discipline == Paired);
        settings.push(Setting {
            parts: true,
            half_close: false,
            failures,
            ..base
        });
        settings.push(Setting {
            waits: 1,
            places: 3,
            redirects: 3,
            messages: 1,
            failures,
            ..base
        });
    }
    settings
}

/// What the long form walks: at least two million worlds each.
fn long() -> Vec<Setting> {
    let enlarge = |configuration: (Discipline, bool, u32, bool)| {
        let base = Setting {
            parts: true,
            messages: 3,
            ..small(configuration)
        };
        match (base.discipline, base.fallback) {
            (Paired, false) => Setting {
                places: 3,
                redirects: 3,
                episode: 3,
                ..base
            },
            (Paired, true) if base.greetings == 0 => Setting { places: 3, ..base },
            (Paired, true) | (Manual, false) => base,
            (Manual, true) => Setting {
                messages: 2,
                ..base
            },
        }
    };
    configurations().map(enlarge).collect()
}

/// Walks all of them; returns what crossed, and what was seen as a table and as a number of worlds.
fn walk_all(settings: &[Setting]) -> (Races, String, usize) {
    let mut races = Races::default();
    let mut table = String::from(
        "| Terms | Worlds | Steps between them | Over | Longest history | How far |\n|---|---|---|---|---|---|\n",
    );
    let (mut states, mut transitions) = (0, 0);
    for setting in settings {
        let found =
            walk(setting).unwrap_or_else(|counterexample| panic!("{setting:?}\n{counterexample}"));
        table += &format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            setting.name(),
            found.states,
            found.transitions,
            found.ended,
            found.depth,
            setting.extent(),
        );
        states += found.states;
        transitions += found.transitions;
        races.absorb(found.races);
    }
    table += &format!("| **all** | **{states}** | **{transitions}** | | | |\n");
    (races, table, states)
}

/// Fails when the file is not as the walk has it; with `EOP_BLESS` writes it.
fn check_written(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("EOP_BLESS").is_some() {
        std::fs::write(&path, text).expect("it can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{} has drifted from the walk; EOP_BLESS=1 writes it anew",
        path.display()
    );
}

const FIGURES: &str = "# The walk in brief

<!-- Generated by eop-statemachine/tests/walk, which fails when this file has drifted.
     EOP_BLESS=1 before that test writes it anew. -->

Every world that a client, its servers, the wire and the network can get into, and every property in each of them.

";

#[test]
fn every_property_holds_in_every_world_and_the_races_are_written_down() {
    let (races, table, _) = walk_all(&brief());
    check_written("spec/races.md", &races.markdown());
    check_written("proof/walk.md", &(FIGURES.to_owned() + &table));
}

#[test]
#[ignore = "the long form takes some minutes in release, see the top of this file"]
fn every_property_holds_in_the_long_form() {
    for setting in long() {
        let (_, table, worlds) = walk_all(&[setting]);
        println!("{table}");
        assert!(worlds >= 2_000_000, "{setting:?} has but {worlds} worlds");
    }
}

/// Walks with a rule taken out, watching for the harm that the rule prevents.
fn harm(defect: Defect, property: Property, setting: Setting) {
    let sound = Setting {
        watched: Some(property),
        ..setting
    };
    assert!(
        walk(&sound).is_ok(),
        "{property:?} does not hold to begin with"
    );
    let defective = Setting {
        defect: Some(defect),
        ..sound
    };
    let counterexample = walk(&defective).expect_err("the rule is out, and nothing came of it");
    assert_eq!(counterexample.verdict.property, property);
    println!("{defect:?}: {counterexample}");
}

fn paired() -> Setting {
    Setting {
        parts: true,
        half_close: false,
        ..small((Paired, false, 0, false))
    }
}

fn manual() -> Setting {
    Setting {
        parts: true,
        half_close: false,
        ..small((Manual, false, 0, false))
    }
}

/// Shows EOP-ACC-6.
#[test]
fn without_counting_greetings_one_answers_a_message() {
    let setting = Setting {
        greetings: 1,
        ..paired()
    };
    harm(
        Defect::GreetingsNotCounted,
        Property::GreetingsAnswerNothing,
        setting,
    );
}

/// Shows EOP-FAI-5.
#[test]
fn a_fallback_with_what_was_offered_has_it_acted_on_twice() {
    harm(
        Defect::FallbackResendsEverything,
        Property::ActedOnOnceInOrder,
        paired(),
    );
}

#[test]
fn a_fallback_with_what_was_not_offered_has_it_acted_on_too_early() {
    harm(
        Defect::FallbackResendsUnsent,
        Property::ActedOnOnceInOrder,
        paired(),
    );
}

/// Shows EOP-ACC-14 and EOP-RSD-4.
#[test]
fn resending_before_retiring_sends_what_was_answered() {
    harm(
        Defect::ResendBeforeRetire,
        Property::AnsweredStaysAnswered,
        manual(),
    );
    harm(
        Defect::ResendBeforeRetire,
        Property::ActedOnOnceInOrder,
        manual(),
    );
}

/// Shows EOP-ACC-14.
#[test]
fn settling_before_retiring_reports_what_was_answered() {
    harm(
        Defect::SettleBeforeRetire,
        Property::ProvisionalUntilRetired,
        manual(),
    );
}

#[test]
fn skipping_an_empty_answer_has_its_message_acted_on_twice() {
    harm(
        Defect::EmptyMessageSkipped,
        Property::ActedOnOnceInOrder,
        paired(),
    );
}

#[test]
fn taking_any_message_for_progress_moves_for_ever() {
    let greeting = Setting {
        redirects: 3,
        greetings: 1,
        ..paired()
    };
    harm(
        Defect::AnyMessageIsProgress,
        Property::HopsAreBounded,
        greeting,
    );
    let note = Setting {
        redirects: 3,
        messages: 0,
        ..manual()
    };
    harm(Defect::AnyMessageIsProgress, Property::HopsAreBounded, note);
}

#[test]
fn reporting_offers_after_the_write_blames_an_answer_and_forgets_what_left() {
    harm(
        Defect::OfferedAfterTheWrite,
        Property::NoConformingPeerBlamed,
        paired(),
    );
    harm(
        Defect::OfferedAfterTheWrite,
        Property::ReportsAreTrue,
        paired(),
    );
}

/// Shows EOP-RSD-12.
#[test]
fn a_stale_decision_resends_where_nobody_decided() {
    harm(Defect::StaleDecision, Property::DecidedAtItsHop, paired());
}

/// Shows EOP-RSD-1.
#[test]
fn a_server_that_acts_after_its_redirect_has_a_message_acted_on_twice() {
    harm(
        Defect::ServerActsAfterRedirect,
        Property::ActedOnOnceInOrder,
        paired(),
    );
}

/// Shows EOP-RSD-2.
#[test]
fn a_server_that_redirects_what_it_acted_on_has_it_acted_on_twice() {
    harm(
        Defect::ServerRedirectsWhatItActedOn,
        Property::ActedOnOnceInOrder,
        paired(),
    );
}

/// Shows EOP-CLS-2.
#[test]
fn a_server_that_parses_while_it_drains_blames_its_client() {
    harm(
        Defect::ServerParsesWhileDraining,
        Property::NoConformingPeerBlamed,
        paired(),
    );
}

/// Shows EOP-RED-9.
#[test]
fn octets_kept_for_the_next_connection_are_parsed_there() {
    harm(Defect::OctetsLeak, Property::ParsersApart, paired());
}

#[test]
fn without_counting_greetings_a_message_comes_before_one() {
    let setting = Setting {
        greetings: 1,
        ..paired()
    };
    harm(
        Defect::GreetingsNotCounted,
        Property::GreetingsComeFirst,
        setting,
    );
}

#[test]
fn resending_what_was_to_be_dropped_sends_it_again() {
    harm(
        Defect::DropIsResend,
        Property::DroppedStaysDropped,
        paired(),
    );
}

#[test]
fn taking_back_what_may_have_left_lets_it_go_elsewhere() {
    let setting = Setting {
        fallback: true,
        ..paired()
    };
    harm(
        Defect::TakenBackWithoutProof,
        Property::BoundOnceOffered,
        setting,
    );
}

#[test]
fn a_server_that_answers_out_of_order_answers_another_message() {
    harm(
        Defect::ServerAnswersOutOfOrder,
        Property::AnswersMatch,
        paired(),
    );
}

#[test]
fn a_server_that_forgets_its_greeting_is_waited_for_in_vain() {
    let setting = Setting {
        greetings: 1,
        failures: 0,
        redirects: 0,
        ..paired()
    };
    harm(Defect::ServerForgetsGreeting, Property::NoDeadlock, setting);
}

#[test]
fn an_empty_response_left_out_is_not_what_was_meant() {
    harm(
        Defect::ServerDropsEmptyResponse,
        Property::WhatWasSent,
        paired(),
    );
}

#[test]
fn a_message_that_is_not_handed_on_is_lost_and_the_end_is_called_clean() {
    harm(Defect::MessageNotHandedOn, Property::NothingLost, paired());
    harm(
        Defect::MessageNotHandedOn,
        Property::CleanMeansNothingLeft,
        paired(),
    );
}

#[test]
fn sending_before_a_decision_is_refused() {
    harm(Defect::SendsBeforeDeciding, Property::NoMisuse, paired());
}

#[test]
fn taking_any_message_for_progress_visits_an_endpoint_twice() {
    let greeting = Setting {
        redirects: 3,
        greetings: 1,
        ..paired()
    };
    harm(
        Defect::AnyMessageIsProgress,
        Property::NoEndpointTwice,
        greeting,
    );
}

#[test]
fn connecting_home_whatever_is_said_is_elsewhere() {
    harm(Defect::ConnectsHome, Property::WhereItWasSent, paired());
}

#[test]
fn trying_again_for_ever_comes_back_to_the_same_world() {
    harm(Defect::RetriesForEver, Property::NoLivelock, paired());
}

#[test]
fn a_half_close_that_the_session_does_not_know_of_makes_it_connect_for_nothing() {
    let setting = Setting {
        half_close: true,
        ..paired()
    };
    harm(
        Defect::HalfCloseForgotten,
        Property::HalfClosedEndsCleanly,
        setting,
    );
}
