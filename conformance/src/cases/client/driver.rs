//! `testee.md` section 3: the driver itself.

use super::scenes::{ask, asked, early, follow};
use crate::case::Case;
use crate::feature::Feature;
use crate::octets::{n, pattern, r, r_with};
use crate::stage::ClientStage;
use crate::verdict::{Axis, Step, Stop};

/// Lines that break the grammar, each behind a session number.
const BAD_LINES: [&str; 22] = [
    "",
    "sned 71",
    "SEND 71",
    "send",
    "send 7",
    "send 7G",
    "send 7A",
    "send  71",
    "send 71 ",
    "send @",
    "send @01",
    "send -1",
    "send 71 never",
    "send 71 never-resend x",
    "retire",
    "retire -1",
    "resend x",
    "drop",
    "sync",
    "sync A_B",
    "half-close now",
    "close 1",
];

/// A `connect` with this home and these settings is rejected.
fn refused(s: &ClientStage<'_>, home: &str, settings: &str) -> Step {
    s.session(home, settings)
        .expect("rejected connect *")
        .map(drop)
        .map_err(|stop| match stop {
            Stop::Breach(mut breach) => {
                breach.expected = format!("`rejected` for `connect {home} {settings}`");
                Stop::Breach(breach)
            }
            Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
        })
}

pub(super) const CASES: &[Case] = &[
    Case::client(
        "drv.hello-and-flush",
        &["EOP-DRV-1"],
        "a fresh driver says hello before it is spoken to, and each event when it happens",
        |s| {
            let fresh = s.afresh()?;
            let home = fresh.endpoint("home")?;
            let (mut session, h) = fresh.begin(&home, "")?;
            h.reset()?;
            session.expect("ended Uncertain").map(drop)
        },
    )
    .whole(),
    Case::client(
        "drv.nothing-but-events",
        &["EOP-DRV-13", "EOP-DRV-8"],
        "a fresh driver prints the events of its one session, each in the form of the contract, and nothing else",
        |s| {
            let fresh = s.afresh()?;
            let (home, target) = (fresh.endpoint("home")?, fresh.endpoint("target")?);
            let (mut session, mut h) = asked(&fresh, &home, "")?;
            let mut t = early(&mut session, &mut h, &target, 1)?;
            session.say("resend 1");
            t.expect_n("q")?;
            t.send(n("r"))?;
            t.settle()?;
            let events = session.sync_taking()?;
            let told: Vec<_> = events.iter().map(ToString::to_string).collect();
            if told != ["message 72 outstanding=0 greeting=0"] {
                return Err(Stop::messages("one message, then `synced`", told.join("; ")));
            }
            session.close().map(drop)
        },
    )
    .whole(),
    Case::client(
        "drv.lacks-honestly",
        &["EOP-DRV-24"],
        "what the driver says that it lacks is rejected when it is asked for",
        |s| {
            let home = s.endpoint("home")?;
            for feature in s.lacking() {
                let mut session = match feature.setting() {
                    Some(setting) => s.session(&home.address().to_string(), setting),
                    None => s.begin(&home, "")?.0,
                };
                let verb = feature.setting().map_or("half-close", |_| "connect");
                if verb == "half-close" {
                    session.say("half-close");
                }
                session.expect(&format!("rejected {verb} *"))?;
            }
            home.nobody()
        },
    )
    .whole(),
    Case::client(
        "drv.bad-line",
        &["EOP-DRV-12"],
        "lines that break the grammar are rejected and change nothing",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            for line in BAD_LINES {
                session.say_exactly(line);
                session.expect("rejected * *").map_err(|stop| match stop {
                    Stop::Breach(mut breach) => {
                        breach.expected = format!("`rejected` for the line \"{line}\"");
                        Stop::Breach(breach)
                    }
                    Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
                })?;
            }
            ask(&mut session, &mut h)?;
            h.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    )
    .whole(),
    Case::client(
        "drv.bad-settings",
        &["EOP-DRV-12", "EOP-DRV-14"],
        "a `connect` that breaks the grammar, or is misuse, opens nothing",
        |s| {
            let home = s.endpoint("home")?;
            let good = home.address().to_string();
            for bad in [
                "discipline=both",
                "discipline=",
                "greeting=-1",
                "greeting=01",
                "resend=maybe",
                "policy=none",
                "allow=10.0.0.0:1",
                "allow=10.0.0.0/33:1",
                "fallback=away",
                "order=any",
                "limit=x",
                "dial=1.2.3.4",
                "dial=1.2.3.4:1>",
                "volume=11",
            ] {
                refused(s, &good, bad)?;
            }
            refused(s, "127.0.0.1", "")?;
            let misuse = [
                "discipline=manual resend=automatic",
                "limit=70000 limit=70000",
                "moves=0",
            ];
            for settings in misuse {
                refused(s, &good, settings).map_err(|stop| stop.against("EOP-DRV-14"))?;
            }
            home.nobody()
        },
    )
    .whole(),
    Case::client(
        "drv.body",
        &["EOP-DRV-20"],
        "a body of 4,096 octets is told whole, one of an octet more by its length and sum",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            for octets in [4096, 4097] {
                let answer = pattern(octets);
                h.send(n(&answer))?;
                session.expect_message(&answer, "outstanding=0")?;
                ask(&mut session, &mut h)?;
            }
            Ok(())
        },
    ),
    Case::client(
        "drv.no-session",
        &["EOP-DRV-14", "EOP-DRV-16"],
        "a number that no `connect` began has no session: what it is told is rejected",
        |s| {
            let home = s.endpoint("home")?;
            let mut session = s.session("127.0.0.1", "");
            session.expect("rejected connect *")?;
            session.say("send 71");
            session.expect("rejected send *")?;
            session.say("sync s0");
            session.expect("rejected sync *")?;
            home.nobody()
        },
    ),
    Case::client(
        "drv.after-the-end",
        &["EOP-DRV-10", "EOP-DRV-8", "EOP-DRV-17"],
        "commands to a session that ended are ignored",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            session.close()?;
            session.say("send 6e6577");
            session.say("close");
            h.expect_end()?;
            let (mut other, mut o) = asked(s, &home, "")?;
            o.send(n("r"))?;
            other.expect_message(b"r", "outstanding=0")?;
            session.nothing_more()
        },
    ),
    Case::client(
        "drv.defaults",
        &["EOP-DRV-16", "EOP-LIM-2"],
        "a session has the default of what it is not given, whatever an earlier one with the same home had",
        |s| {
            let home = s.endpoint("home")?;
            let (mut small, _h) = s.begin(&home, "limit=5")?;
            small.close()?;
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(n("123456"))?;
            session.expect_message(b"123456", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "drv.ended-once",
        &["EOP-DRV-8"],
        "behind `ended` nothing more is said of a session",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            session.close()?;
            h.expect_end()?;
            s.begin(&home, "")?.0.sync()?;
            session.nothing_more()
        },
    ),
    Case::client(
        "drv.sync",
        &["EOP-DRV-9"],
        "`synced` comes after the events of what had arrived",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = asked(s, &home, "")?;
            ask(&mut session, &mut h)?;
            h.send(n("one"))?;
            h.send(n("two"))?;
            h.settle()?;
            let events = session.sync_taking()?;
            let told: Vec<_> = events.iter().map(ToString::to_string).collect();
            if events.len() == 2 && events.iter().all(|event| event.verb() == "message") {
                return Ok(());
            }
            Err(Stop::messages(
                "two messages before `synced`",
                told.join("; "),
            ))
        },
    ),
    Case::client(
        "drv.sync-while-connecting",
        &["EOP-DRV-9"],
        "a `sync` waits while the session connects; several are answered in their order, before `ended`",
        |s| {
            let home = s.silent("home")?;
            let mut session = s.session(&home.address().to_string(), "deadline=400");
            for line in ["sync a", "sync b", "sned"] {
                session.say_exactly(line);
            }
            session.expect("rejected line *")?;
            session.patience(s.beyond(400));
            session.expect("synced a")?;
            session.expect("synced b")?;
            session.expect("ended ConnectFailed").map(drop)
        },
    )
    .whole(),
    Case::client(
        "drv.sync-after-writing",
        &["EOP-DRV-9"],
        "`synced` comes after what was given before has been written",
        |s| {
            let home = s.endpoint("home")?;
            let (mut session, mut h) = s.begin(&home, "")?;
            session.say("send 71");
            session.sync()?;
            match h.anything_by_now() {
                Some(_) => h.expect_n("q"),
                None => Err(Stop::messages(
                    "the message written before `synced`",
                    "nothing has come",
                )),
            }
        },
    ),
    Case::client(
        "drv.side-by-side",
        &["EOP-DRV-3"],
        "a hundred sessions at once, each with its own answer",
        |s| {
            let home = s.endpoint("home")?;
            let mut open = Vec::new();
            for _ in 0..100 {
                open.push(asked(s, &home, "")?);
            }
            for (index, (_, link)) in open.iter_mut().enumerate() {
                link.send(n(index.to_string()))?;
            }
            for (index, (session, _)) in open.iter_mut().enumerate() {
                session.expect_message(index.to_string().as_bytes(), "outstanding=0")?;
            }
            Ok(())
        },
    )
    .whole(),
    Case::client(
        "drv.blocked-session",
        &["EOP-DRV-3"],
        "a session whose message nobody reads does not hold up another",
        |s| {
            let (home, other) = (s.endpoint("home")?, s.endpoint("other")?);
            let (blocked, mut b) = s.begin(&home, "")?;
            blocked.say("send @16000000");
            b.expect_octets(1)?;
            let (mut session, mut o) = asked(s, &other, "")?;
            o.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    )
    .whole(),
    Case::client(
        "drv.local-end",
        &["EOP-DRV-18"],
        "`local=` is the client's own end of the connection, at home and at a target",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let mut session = s.session(&home.address().to_string(), "");
            let mut h = home.accept()?;
            session.expect(&format!("connected {} local={}", home.address(), h.peer()))?;
            h.send(r(target.address()))?;
            session.expect(&format!("redirected {}", target.address()))?;
            let t = target.accept()?;
            let connected = format!("connected {} local={}", target.address(), t.peer());
            session.expect(&connected).map(drop)
        },
    ),
    Case::client(
        "drv.nothing-to-decide",
        &["EOP-DRV-21"],
        "with explicit resending, too, a redirect that leaves nothing owed says `resend=automatic`",
        |s| {
            let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
            let (mut session, mut h) = asked(s, &home, "resend=explicit")?;
            h.send(r_with(b.address(), "r"))?;
            session.expect_message(b"r", "outstanding=0")?;
            let mut link = follow(&mut session, &b, "owed=0 late=1 hop=1 resend=automatic")?;
            link.send(r(c.address()))?;
            follow(&mut session, &c, "owed=0 late=0 hop=2 resend=automatic").map(drop)
        },
    ),
    Case::client(
        "drv.dial-unmapped-falls-back",
        &["EOP-DRV-5", "EOP-FAI-4"],
        "an address that is not mapped counts as one that refuses: with fallback=home the client returns to home's mapping",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let dial = format!("dial=127.0.0.1:9000>{}", home.address());
            let mut session = s.session("127.0.0.1:9000", &format!("{dial} fallback=home"));
            let mut h = home.accept()?;
            session.expect("connected 127.0.0.1:9000 hop=0")?;
            ask(&mut session, &mut h)?;
            h.send(r(target.address()))?;
            session.expect(&format!("redirected {} owed=1", target.address()))?;
            session.expect(&format!("dial {}", target.address()))?;
            let _again = home.accept()?;
            session.expect("connected 127.0.0.1:9000 hop=2")?;
            target.nobody()
        },
    )
    .needs(Feature::Fallback),
    Case::client(
        "drv.dial-mapped",
        &["EOP-DRV-4", "EOP-DRV-16", "EOP-DRV-18"],
        "with `dial=` the mapped endpoint is connected to, and the believed one is reported",
        |s| {
            let (home, decoy) = (s.endpoint("home")?, s.endpoint("decoy")?);
            let believed = decoy.address();
            let mut session = s.session(
                &believed.to_string(),
                &format!("dial={believed}>{}", home.address()),
            );
            let _h = home.accept()?;
            session.expect(&format!("connected {believed} hop=0"))?;
            decoy.nobody()
        },
    ),
    Case::client(
        "drv.dial-unmapped",
        &["EOP-DRV-5", "EOP-EPI-2"],
        "an address that `dial=` does not map is reported and not dialled",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let mapped = format!("policy=paper dial=8.8.8.8:9000>{}", home.address());
            let settings = s.pick(
                format!("{mapped},{0}>{0}", target.address()),
                mapped.clone(),
            );
            let allow = format!(" allow={}/32:*", target.address().ip());
            let mut session = s.session("8.8.8.8:9000", &(settings + &allow));
            let mut h = home.accept()?;
            session.expect("connected 8.8.8.8:9000")?;
            ask(&mut session, &mut h)?;
            if s.control() {
                return early(&mut session, &mut h, &target, 1).map(drop);
            }
            h.send(r(target.address()))?;
            session.expect(&format!("redirected {} owed=1", target.address()))?;
            session.expect(&format!("dial {}", target.address()))?;
            session.expect(&format!(
                "ended RedirectFailed target={} cause=ConnectFailed owed=1",
                target.address()
            ))?;
            target.nobody()
        },
    )
    .negative()
    .needs(Feature::Policy),
    Case::client(
        "drv.loopback-only",
        &["EOP-DRV-6"],
        "without `dial=` an address that is not loopback is reported and not dialled",
        |s| {
            let mut session = s.session("192.0.2.1:9000", "");
            session.expect("dial 192.0.2.1:9000")?;
            session.expect("ended ConnectFailed").map(drop)
        },
    ),
    Case::client(
        "drv.leaves",
        &["EOP-DRV-2"],
        "the driver leaves when its standard input ends",
        |s| {
            let driver = s.another_driver()?;
            if driver.leave(s.manner.wait) {
                return Ok(());
            }
            Err(Stop::silence(
                Axis::End,
                "the driver process leaves",
                s.manner.wait,
            ))
        },
    )
    .whole(),
];
