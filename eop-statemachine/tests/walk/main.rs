//! The exhaustive walk: a client session, a server for every connection, the wire between them, and everybody
//! free to do what the protocol lets them, at every moment. See `world.rs`, `steps.rs`, `properties.rs`.

mod defect;
mod properties;
mod races;
mod search;
mod steps;
mod world;

use eop_statemachine::Discipline;
use world::Setting;

fn setting(discipline: Discipline, automatic: bool, greetings: u32, fallback: bool) -> Setting {
    Setting {
        discipline,
        automatic,
        greetings,
        fallback,
        messages: env("M", 2),
        half_close: env("H", 1) == 1,
        places: env("P", 2),
        episode: u32::from(env("E", 2)),
        redirects: env("R", 2),
        failures: env("F", 1),
        parts: env("C", 0) == 1,
        waits: env("W", 0),
        defect: None,
        watched: None,
    }
}

fn env(name: &str, default: u8) -> u8 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(default)
}
#[test]
fn probe() {
    for (d, a) in [
        (Discipline::Paired, false),
        (Discipline::Paired, true),
        (Discipline::Manual, false),
    ] {
        for g in [env("G", 0).into()] {
            for f in [env("B", 0) == 1] {
                let s = setting(d, a, g, f);
                let t = std::time::Instant::now();
                match search::walk(&s) {
                    Ok(w) => println!(
                        "{}: {} states {} transitions depth {} ended {} {:?}",
                        s.name(),
                        w.states,
                        w.transitions,
                        w.depth,
                        w.ended,
                        t.elapsed()
                    ),
                    Err(c) => println!("{}: {:?} {:?}", s.name(), c.verdict, c.history),
                }
            }
        }
    }
}

#[test]
fn defects() {
    use defect::Defect::*;
    use properties::Property::*;
    for (d, p, disc) in [
        (
            GreetingsNotCounted,
            GreetingsAnswerNothing,
            Discipline::Paired,
        ),
        (
            FallbackResendsEverything,
            ActedOnOnceInOrder,
            Discipline::Paired,
        ),
        (
            FallbackResendsUnsent,
            ActedOnOnceInOrder,
            Discipline::Paired,
        ),
        (
            ResendBeforeRetire,
            AnsweredStaysAnswered,
            Discipline::Manual,
        ),
        (ResendBeforeRetire, ActedOnOnceInOrder, Discipline::Manual),
        (
            SettleBeforeRetire,
            ProvisionalUntilRetired,
            Discipline::Manual,
        ),
        (EmptyMessageSkipped, ActedOnOnceInOrder, Discipline::Paired),
        (AnyMessageIsProgress, HopsAreBounded, Discipline::Paired),
        (AnyMessageIsProgress, HopsAreBounded, Discipline::Manual),
        (
            OfferedAfterTheWrite,
            NoConformingPeerBlamed,
            Discipline::Paired,
        ),
        (OfferedAfterTheWrite, ReportsAreTrue, Discipline::Paired),
        (StaleDecision, DecidedAtItsHop, Discipline::Paired),
        (
            ServerActsAfterRedirect,
            ActedOnOnceInOrder,
            Discipline::Paired,
        ),
        (
            ServerRedirectsWhatItActedOn,
            ActedOnOnceInOrder,
            Discipline::Paired,
        ),
        (
            ServerParsesWhileDraining,
            NoConformingPeerBlamed,
            Discipline::Paired,
        ),
        (OctetsLeak, ParsersApart, Discipline::Paired),
        (
            HalfCloseForgotten,
            HalfClosedEndsCleanly,
            Discipline::Paired,
        ),
    ] {
        let mut s = setting(
            disc,
            false,
            u32::from(matches!(d, GreetingsNotCounted | AnyMessageIsProgress)),
            false,
        );
        s.defect = Some(d);
        s.watched = Some(p);
        s.parts = true;
        s.redirects = 3;
        s.half_close = d == HalfCloseForgotten;
        match search::walk(&s) {
            Ok(w) => println!("{d:?} {disc:?}: GREEN {} ", w.states),
            Err(c) => println!("{d:?} {disc:?}: {:?} {:?}", c.verdict, c.history),
        }
    }
}
