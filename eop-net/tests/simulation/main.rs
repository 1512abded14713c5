//! Clients and servers over tokio in worlds that follow from a seed: networks in memory that cut, delay, reset and lose,
//! servers that die, refuse, are silent or take their time, and futures that are dropped while they wait. In every world every
//! message is answered or ends in a named error, none runs twice, and nothing is left behind.
//!
//! ```text
//! cargo test -p eop-net --test simulation                         # the first few hundred worlds
//! EOP_SEEDS=0..20000 cargo test -p eop-net --test simulation      # so many
//! EOP_SEED=123 cargo test -p eop-net --test simulation -- --nocapture one_world    # one of them again, told
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "../account/mod.rs"]
mod account;
mod chance;
mod client;
mod connection;
mod fickle;
mod network;
mod server;
mod story;
mod world;

use std::ops::Range;

use account::Diary;
use world::{Nature, World};

/// Worlds that are played if nobody says otherwise.
const SEEDS: Range<u64> = 0..250;

const WORLD: World = World {
    nature: Nature::Faulty,
};

fn seeds() -> Range<u64> {
    let Ok(seeds) = std::env::var("EOP_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = seeds.split_once("..").expect("EOP_SEEDS=FROM..TO");
    let number = |text: &str| text.parse().expect("EOP_SEEDS=FROM..TO");
    number(from)..number(to)
}

#[test]
fn in_every_world_messages_are_answered_or_reported_and_none_runs_twice() {
    let (mut answered, mut moves, mut uncertain) = (0, 0, 0);
    for seed in seeds() {
        let outcome = WORLD.play(seed);
        if let Some(breach) = outcome.breach {
            panic!(
                "{breach}\n{}\nEOP_SEED={seed} cargo test -p eop-net --test simulation -- --nocapture one_world",
                outcome.story.join("\n")
            );
        }
        for diary in outcome.diaries {
            answered += diary.answered();
            uncertain += diary.uncertain();
            moves += diary.moves;
        }
    }
    println!("{answered} answered, {uncertain} uncertain, {moves} moves");
    let eventful = answered > 0 && uncertain > 0 && moves > 0;
    assert!(eventful, "in these worlds nothing happens");
}

/// Shows EOP-CLS-1 and EOP-CLS-7: no redirect is lost to a reset, and so no message becomes uncertain.
#[test]
fn in_a_kind_world_nothing_is_uncertain() {
    let kind = World {
        nature: Nature::Kind,
    };
    for seed in seeds() {
        let outcome = kind.play(seed);
        let uncertain: usize = outcome.diaries.iter().map(Diary::uncertain).sum();
        let story = || outcome.story.join("\n");
        assert_eq!(
            (outcome.breach.as_deref(), uncertain),
            (None, 0),
            "seed {seed}\n{}",
            story()
        );
    }
}

#[test]
fn one_world() {
    let seed = std::env::var("EOP_SEED").map_or(0, |seed| seed.parse().expect("EOP_SEED=N"));
    let outcome = WORLD.play(seed);
    println!("{}", outcome.story.join("\n"));
    assert_eq!(outcome.breach, None);
}

#[test]
fn a_seed_makes_the_same_world_again() {
    for seed in 0..20 {
        assert_eq!(WORLD.play(seed).story, WORLD.play(seed).story, "{seed}");
    }
}

#[test]
fn servers_that_move_what_they_acted_on_are_found() {
    let dishonest = World {
        nature: Nature::Dishonest,
    };
    let found = (0..50).find_map(|seed| dishonest.play(seed).breach);
    let breach = found.expect("nothing is wrong with them");
    assert!(
        breach.starts_with("RanTwice") || breach.starts_with("RanAfterAll"),
        "{breach}"
    );
}
