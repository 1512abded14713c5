//! Section 7 for clients: episodes, loops, deadlines, failed targets, fallback.

use super::scenes::{arrive, ask, asked, early, follow, moved, owing};
use crate::case::Case;
use crate::feature::Feature;
use crate::link::Link;
use crate::octets::{n, r, r_with};
use crate::stage::{ClientStage, Endpoint, Session};
use crate::verdict::Step;

/// A session redirected early through `count` endpoints, one after the other; what is at the last.
fn chain(
    s: &ClientStage<'_>,
    home: &Endpoint,
    settings: &str,
    count: u32,
) -> Step<(Session, Vec<Endpoint>, Link)> {
    let (mut session, mut link) = asked(s, home, &format!("resend=automatic {settings}"))?;
    let mut endpoints = Vec::new();
    for hop in 1..=count {
        let target = s.endpoint(&format!("hop{hop}"))?;
        link = early(&mut session, &mut link, &target, hop)?;
        link.expect_n("q")?;
        endpoints.push(target);
    }
    Ok((session, endpoints, link))
}

/// After `followed` redirects the next one is one too many; the control is answered there.
fn one_too_many(s: &ClientStage<'_>, settings: &str, followed: u32) -> Step {
    let (home, last) = (s.endpoint("home")?, s.endpoint("last")?);
    let (mut session, _endpoints, mut link) = chain(s, &home, settings, followed)?;
    if s.control() {
        link.send(n("r"))?;
        return session.expect_message(b"r", "outstanding=0").map(drop);
    }
    link.send(r(last.address()))?;
    session.expect(&format!(
        "ended TooManyRedirects target={} owed=1",
        last.address()
    ))?;
    last.nobody()
}

/// Moves there and back, each with an answer, of which number `last` is one too many; the control's is followed.
fn one_move_too_many(s: &ClientStage<'_>, settings: &str, last: u32) -> Step {
    let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
    let (mut session, mut link) = asked(s, &home, settings)?;
    for hop in 1..=last {
        let next = if hop % 2 == 1 { &b } else { &home };
        link.send(r_with(next.address(), "r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        if hop == last && !s.control() {
            session.expect(&format!("ended TooManyRedirects target={}", next.address()))?;
            return next.nobody();
        }
        link = follow(&mut session, next, &format!("owed=0 hop={hop}"))?;
        ask(&mut session, &mut link)?;
    }
    Ok(())
}

/// `link` redirects to `visited` (the defect) or to a fresh endpoint (the control).
fn back_to(
    s: &ClientStage<'_>,
    session: &mut Session,
    link: &mut Link,
    visited: &Endpoint,
    owed: u32,
) -> Step {
    let fresh = s.endpoint("fresh")?;
    let target = s.pick(&fresh, visited);
    link.send(r(target.address()))?;
    if s.control() {
        return follow(session, &fresh, &format!("owed={owed}")).map(drop);
    }
    session.expect_end(
        link,
        &format!(
            "ended RedirectLoop target={} owed={owed}",
            visited.address()
        ),
    )?;
    visited.nobody()
}

/// With this bound at 1, a second redirect behind the deadline is one too many; with 2, the control, it is too late.
fn too_many_and_too_late(s: &ClientStage<'_>, bound: &str) -> Step {
    let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
    let settings = format!("deadline=300 {bound}={}", s.pick(2, 1));
    let (mut session, mut link) = moved(s, &home, &b, &settings)?;
    link.idle(300, 20);
    link.send(r(c.address()))?;
    let kind = s.pick("RedirectDeadline", "TooManyRedirects");
    session.expect(&format!("ended {kind} target={} owed=0", c.address()))?;
    c.nobody()
}

/// `link` redirects to a target that refuses; the client falls back to `home`.
fn fall_back(
    session: &mut Session,
    link: &mut Link,
    refusing: &Endpoint,
    home: &Endpoint,
) -> Step<Link> {
    link.send(r(refusing.address()))?;
    session.expect(&format!("redirected {} owed=1", refusing.address()))?;
    arrive(session, home)
}

/// With this bound at 1 a failed target does not send the client home; with 2, the control, it does.
fn fallback_beyond(s: &ClientStage<'_>, bound: &str) -> Step {
    let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
    let settings = format!("fallback=home {bound}={}", s.pick(2, 1));
    let (mut session, mut h) = asked(s, &home, &settings)?;
    if s.control() {
        return fall_back(&mut session, &mut h, &target, &home).map(drop);
    }
    h.send(r(target.address()))?;
    session.expect(&format!("redirected {} owed=1", target.address()))?;
    session.expect(&format!(
        "ended RedirectFailed target={} cause=ConnectFailed owed=1",
        target.address()
    ))?;
    home.nobody()
}

pub(super) const CASES: &[Case] = &[
    Case::client("epi.five", &["EOP-EPI-1"], "five redirects are followed, the sixth is TooManyRedirects", |s| one_too_many(s, "", 5))
        .negative()
        .needs(Feature::Automatic),
    Case::client("epi.configured", &["EOP-EPI-1"], "with max-redirects=2 the third is TooManyRedirects", |s| {
        one_too_many(s, "max-redirects=2", 2)
    })
    .negative()
    .needs(Feature::Automatic),
    Case::client("epi.sixteen", &["EOP-EPI-1"], "with max-redirects=16 the seventeenth is TooManyRedirects", |s| {
        one_too_many(s, "max-redirects=16", 16)
    })
    .negative()
    .needs(Feature::Automatic)
    .whole(),
    Case::client("epi.news-counts", &["EOP-EPI-1", "EOP-EPI-4"], "in manual a REDIRECT whose payload answers nothing counts like any other", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, s.pick("discipline=manual max-redirects=2", "discipline=manual max-redirects=1"))?;
        h.send(r_with(b.address(), "news"))?;
        session.expect_message(b"news", "outstanding=0")?;
        let mut link = follow(&mut session, &b, "owed=0 late=1")?;
        link.send(r_with(c.address(), "more"))?;
        session.expect_message(b"more", "outstanding=0")?;
        if s.control() {
            return follow(&mut session, &c, "owed=0 late=1").map(drop);
        }
        session.expect_end(&mut link, &format!("ended TooManyRedirects target={} owed=0", c.address()))?;
        c.nobody()
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("epi.none", &["EOP-EPI-8"], "with max-redirects=0 a REDIRECT is surfaced as NotFollowed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, s.pick("max-redirects=1", "max-redirects=0"))?;
        h.send(r(target.address()))?;
        if s.control() {
            return follow(&mut session, &target, "owed=1").map(drop);
        }
        session.expect(&format!("ended NotFollowed target={} owed=1", target.address()))?;
        target.nobody()
    })
    .negative(),
    Case::client("epi.none-late", &["EOP-EPI-8", "EOP-RED-10"], "with max-redirects=0 the payload of a REDIRECT is delivered all the same", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "max-redirects=0")?;
        h.send(r_with(target.address(), "r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        session.expect(&format!("ended NotFollowed target={} owed=0", target.address()))?;
        target.nobody()
    }),
    Case::client("epi.self", &["EOP-EPI-3", "EOP-EPI-2"], "an early redirect of home to itself is a loop", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        back_to(s, &mut session, &mut h, &home, 1)
    })
    .negative(),
    Case::client("epi.self-late", &["EOP-EPI-3"], "a late redirect of home to itself answers something and is followed", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r_with(home.address(), "r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        let mut again = follow(&mut session, &home, "owed=0 late=1")?;
        ask(&mut session, &mut again)
    }),
    Case::client("epi.self-answered-before", &["EOP-EPI-3"], "a home that answered a message may be returned to, although it left a later one unanswered", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        ask(&mut session, &mut h)?;
        early(&mut session, &mut h, &home, 1).map(drop)
    }),
    Case::client("epi.late-retirement-at-the-redirector", &["EOP-EPI-3", "EOP-ACC-14", "EOP-ACC-16"], "in manual an answer that is retired behind R counts as made before it: its sender may be returned to", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send([n("r"), r(b.address())].concat())?;
        session.expect_message(b"r", "outstanding=1")?;
        let mut link = follow(&mut session, &b, "owed=1 late=0")?;
        session.say("retire 1");
        session.sync()?;
        link.send(r(home.address()))?;
        follow(&mut session, &home, "owed=0 late=0 hop=2").map(drop)
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("epi.late-retirement-moves-later", &["EOP-ACC-16", "EOP-EPI-2", "EOP-EPI-3"], "in manual an answer of home's that is retired two moves later counts as made before the first: home may be returned to, the first target not", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "discipline=manual")?;
        let mut link = early(&mut session, &mut link, &c, 2)?;
        session.say("retire 1");
        session.sync()?;
        let target = s.pick(&home, &b);
        link.send(r(target.address()))?;
        if s.control() {
            return follow(&mut session, &home, "owed=0 late=0 hop=3").map(drop);
        }
        session.expect(&format!("ended RedirectLoop target={} owed=0", b.address()))?;
        b.nobody()
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("epi.late-retirement-counts", &["EOP-ACC-16", "EOP-EPI-1"], "in manual the moves behind the one that a late retirement counts before are redirects of its episode", |s| {
        let (home, b, c, d) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?, s.endpoint("D")?);
        let settings = format!("discipline=manual max-redirects={}", s.pick(3, 2));
        let (mut session, _h, mut link) = owing(s, &home, &b, &settings)?;
        let mut link = early(&mut session, &mut link, &c, 2)?;
        session.say("retire 1");
        session.sync()?;
        link.send(r(d.address()))?;
        if s.control() {
            return follow(&mut session, &d, "owed=0 late=0 hop=3").map(drop);
        }
        session.expect(&format!("ended TooManyRedirects target={} owed=0", d.address()))?;
        d.nobody()
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("epi.judged-again", &["EOP-ACC-14", "EOP-EPI-3"], "in manual a RedirectLoop that a retirement shows to be none is followed after all", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send([n("r"), r(home.address())].concat())?;
        session.expect_message(b"r", "outstanding=1")?;
        session.say("retire 1");
        follow(&mut session, &home, "owed=0 late=0 hop=1").map(drop)
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("epi.back-home", &["EOP-EPI-2", "EOP-EPI-3"], "home to B to home is a loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "")?;
        back_to(s, &mut session, &mut link, &home, 1)
    })
    .negative(),
    Case::client("epi.back-to-a-target", &["EOP-EPI-2"], "home to B to C to B is a loop", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "")?;
        let mut link = early(&mut session, &mut link, &c, 2)?;
        back_to(s, &mut session, &mut link, &b, 1)
    })
    .negative(),
    Case::client("epi.back-to-the-first", &["EOP-EPI-2"], "home to B to C to D to B is a loop: nothing visited is forgotten", |s| {
        let home = s.endpoint("home")?;
        let (b, c, d) = (s.endpoint("B")?, s.endpoint("C")?, s.endpoint("D")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "")?;
        let mut link = early(&mut session, &mut link, &c, 2)?;
        let mut link = early(&mut session, &mut link, &d, 3)?;
        back_to(s, &mut session, &mut link, &b, 1)
    })
    .negative(),
    Case::client("epi.same-port", &["EOP-POL-10", "EOP-EPI-2"], "an endpoint is its address and its port: another address with the same port was not visited", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let believed = "127.0.0.2:9000";
        let dial = format!("dial=127.0.0.1:9000>{},{believed}>{}", home.address(), target.address());
        let mut session = s.session("127.0.0.1:9000", &dial);
        let mut h = home.accept()?;
        session.expect("connected 127.0.0.1:9000")?;
        h.send(r(std::net::SocketAddrV4::new([127, 0, 0, 2].into(), 9000)))?;
        session.expect(&format!("redirected {believed} owed=0"))?;
        let _t = target.accept()?;
        session.expect(&format!("connected {believed}")).map(drop)
    }),
    Case::client("epi.none-before-loop", &["EOP-EPI-12", "EOP-EPI-8"], "with max-redirects=0 a visited endpoint is NotFollowed, not RedirectLoop", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, s.pick("max-redirects=1", "max-redirects=0"))?;
        h.send(r(home.address()))?;
        let kind = s.pick("RedirectLoop", "NotFollowed");
        session.expect(&format!("ended {kind} target={} owed=1", home.address()))?;
        home.nobody()
    })
    .negative(),
    Case::client("epi.loop-before-count", &["EOP-EPI-12", "EOP-EPI-2"], "a visited endpoint that would be one redirect, or one move, too many is RedirectLoop", |s| {
        for bound in ["max-redirects=1", "moves=1"] {
            let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
            let (mut session, mut h) = asked(s, &home, bound)?;
            let mut link = early(&mut session, &mut h, &b, 1)?;
            let target = s.pick(&c, &home);
            link.send(r(target.address()))?;
            let kind = s.pick("TooManyRedirects", "RedirectLoop");
            session.expect(&format!("ended {kind} target={} owed=1", target.address()))?;
            target.nobody()?;
        }
        Ok(())
    })
    .negative(),
    Case::client("epi.answers-end-it", &["EOP-EPI-11", "EOP-EPI-1", "EOP-EPI-2"], "back and forth eight times with an answer each time is no loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut link) = asked(s, &home, "")?;
        for hop in 1..=8 {
            let next = if hop % 2 == 1 { &b } else { &home };
            link.send(r_with(next.address(), "r"))?;
            session.expect_message(b"r", "outstanding=0")?;
            link = follow(&mut session, next, &format!("owed=0 hop={hop}"))?;
            ask(&mut session, &mut link)?;
        }
        Ok(())
    }),
    Case::client("epi.answer-at-target-ends-it", &["EOP-EPI-11", "EOP-EPI-2", "EOP-RSD-12"], "moved idle, answered at B, then back: the answer ended the episode", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        ask(&mut session, &mut link)?;
        link.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        link.send(r(home.address()))?;
        follow(&mut session, &home, "owed=0 hop=2").map(drop)
    }),
    Case::client("epi.quiet-ends-it", &["EOP-EPI-11", "EOP-EPI-2"], "moved idle, then quiet for as long as an episode lasts, then back: no loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "episode=200")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        link.idle(200, 30);
        session.sync()?;
        link.send(r(home.address()))?;
        follow(&mut session, &home, "owed=0 hop=2").map(drop)
    })
    .whole(),
    Case::client("epi.retire-ends-it", &["EOP-EPI-11", "EOP-EPI-2"], "in manual, moved idle, a message retired at B, then back: no loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        ask(&mut session, &mut link)?;
        link.send(n("r"))?;
        session.expect_message(b"r", "outstanding=1")?;
        session.say("retire 1");
        session.sync()?;
        link.send(r(home.address()))?;
        follow(&mut session, &home, "owed=0 hop=2").map(drop)
    })
    .needs(Feature::Manual),
    Case::client("epi.quiet-counts-from-the-drop", &["EOP-EPI-11", "EOP-EPI-2"], "a client is idle from when nothing is outstanding, not from when it connected: behind a drop, back home is a loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "episode=600")?;
        link.idle(600, s.pick(1, 13));
        session.say("drop 1");
        session.sync()?;
        back_to(s, &mut session, &mut link, &home, 0)
    })
    .negative()
    .whole(),
    Case::client("epi.waiting-does-not-end-it", &["EOP-EPI-11", "EOP-EPI-2"], "a client that waits for its answer is not idle, however long: back home is a loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = asked(s, &home, "episode=200 resend=automatic")?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        link.expect_n("q")?;
        link.idle(200, 25);
        back_to(s, &mut session, &mut link, &home, 1)
    })
    .negative()
    .needs(Feature::Automatic)
    .whole(),
    Case::client("epi.ungreeted-does-not-end-it", &["EOP-EPI-11", "EOP-EPI-2"], "a client that waits for its greeting is not idle, however long: back home is a loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 episode=200")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        link.idle(200, 25);
        back_to(s, &mut session, &mut link, &home, 0)
    })
    .negative()
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.greeting-is-no-answer", &["EOP-EPI-4"], "a greeting does not end an episode: home to B, greeted, back home is a loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        link.send(n("again"))?;
        session.expect_message(b"again", "greeting=1")?;
        back_to(s, &mut session, &mut link, &home, 0)
    })
    .negative()
    .needs(Feature::Greeting),
    Case::client("epi.late-greeting-is-no-answer", &["EOP-EPI-4"], "a greeting in a REDIRECT does not end an episode: home to B, greeted by both, back home is a loop", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        h.send(r_with(b.address(), "welcome"))?;
        session.expect_message(b"welcome", "outstanding=0 greeting=1")?;
        let mut link = follow(&mut session, &b, "owed=0 late=1")?;
        let fresh = s.endpoint("fresh")?;
        let target = s.pick(&fresh, &home);
        link.send(r_with(target.address(), "again"))?;
        session.expect_message(b"again", "outstanding=0 greeting=1")?;
        if s.control() {
            return follow(&mut session, &fresh, "owed=0 late=1").map(drop);
        }
        session.expect(&format!("ended RedirectLoop target={} owed=0", home.address()))?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Greeting),
    Case::client("epi.news-is-no-answer", &["EOP-EPI-4"], "in manual a payload that answers nothing does not end an episode", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        h.send(r_with(b.address(), "news"))?;
        session.expect_message(b"news", "outstanding=0")?;
        let mut link = follow(&mut session, &b, "owed=0 late=1")?;
        link.send(n("more"))?;
        session.expect_message(b"more", "outstanding=0")?;
        back_to(s, &mut session, &mut link, &home, 0)
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("epi.deadline", &["EOP-EPI-5"], "a target that never greets ends the session with RedirectDeadline", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 deadline=400")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        if s.control() {
            link.send(n("again"))?;
            return session.expect_message(b"again", "greeting=1").map(drop);
        }
        session.patience(s.beyond(400));
        session.expect("ended RedirectDeadline")?;
        link.expect_end()
    })
    .negative()
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.deadline-behind-a-late-retirement", &["EOP-EPI-5"], "an answer that is retired after the move does not lift the deadline of the move", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let deadline = s.pick("5000", "600");
        let (mut session, mut h) = s.begin(&home, &format!("discipline=manual greeting=1 deadline={deadline}"))?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        ask(&mut session, &mut h)?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=2")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=2")?;
        session.say("retire 1");
        session.sync()?;
        if s.control() {
            link.send(n("again"))?;
            return session.expect_message(b"again", "outstanding=1 greeting=1").map(drop);
        }
        session.patience(s.beyond(1600));
        session.expect("ended RedirectDeadline")?;
        link.expect_end()
    })
    .negative()
    .needs(Feature::Manual)
    .whole(),
    Case::client("epi.deadline-over-hops", &["EOP-EPI-5"], "a further hop does not start the deadline anew", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, s.pick("greeting=1 deadline=5000", "greeting=1 deadline=600"))?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        link.idle(600, 6);
        link.send(r(c.address()))?;
        let mut link = follow(&mut session, &c, "owed=0")?;
        link.idle(600, 7);
        link.send(n("again"))?;
        if s.control() {
            return session.expect_message(b"again", "greeting=1").map(drop);
        }
        session.expect("ended RedirectDeadline").map(drop)
    })
    .negative()
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.deadline-around-an-answer", &["EOP-EPI-5", "EOP-EPI-6"], "the deadline's clock goes on where it stood when a target redirects instead of answering", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let settings = format!("greeting=1 resend=automatic deadline={}", s.pick(5000, 600));
        let (mut session, mut h) = s.begin(&home, &settings)?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        link.idle(600, 6);
        link.send(n("again"))?;
        session.expect_message(b"again", "greeting=1")?;
        link.expect_n("q")?;
        let mut link = early(&mut session, &mut link, &c, 2)?;
        link.idle(600, 7);
        link.send(n("at last"))?;
        if s.control() {
            return session.expect_message(b"at last", "greeting=1").map(drop);
        }
        session.expect(&format!("ended RedirectDeadline target={} owed=1", c.address())).map(drop)
    })
    .negative()
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.clock-goes-on", &["EOP-EPI-5", "EOP-EPI-6"], "the deadline bounds what follows when a target that was sent a message redirects", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let target = s.pick(s.endpoint("target")?, s.silent("target")?);
        let (mut session, mut h) = asked(s, &home, "resend=automatic deadline=400")?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        link.expect_n("q")?;
        link.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1 hop=2", target.address()))?;
        if s.control() {
            return arrive(&mut session, &target).map(drop);
        }
        session.patience(s.beyond(400));
        session.expect(&format!("ended RedirectDeadline target={} owed=1", target.address())).map(drop)
    })
    .negative()
    .needs(Feature::Automatic)
    .whole(),
    Case::client("epi.silent-target", &["EOP-EPI-5"], "a target that answers no connect ends the session with RedirectDeadline", |s| {
        let (home, target) = (s.endpoint("home")?, s.pick(s.endpoint("target")?, s.silent("target")?));
        let (mut session, mut h) = asked(s, &home, "deadline=400")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        if s.control() {
            return arrive(&mut session, &target).map(drop);
        }
        session.patience(s.beyond(400));
        session.expect(&format!("ended RedirectDeadline target={} owed=1", target.address())).map(drop)
    })
    .negative()
    .whole(),
    Case::client("epi.silent-home", &["EOP-EPI-9", "EOP-FAI-2"], "a home that answers no connect ends in ConnectFailed, with what was given before unsent", |s| {
        let home = s.pick(s.endpoint("home")?, s.silent("home")?);
        let mut session = s.session(&home.address().to_string(), "deadline=400");
        session.say("send 71");
        if s.control() {
            return arrive(&mut session, &home)?.expect_n("q");
        }
        session.patience(s.beyond(400));
        session.expect("ended ConnectFailed owed=0 unsent=1 uncertain=0").map(drop)
    })
    .negative()
    .whole(),
    Case::client("epi.deadline-begins-anew", &["EOP-EPI-5", "EOP-EPI-11"], "the deadline of an episode that an answer ended does not bound the next one", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = asked(s, &home, "resend=automatic deadline=400")?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        link.expect_n("q")?;
        link.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        link.idle(400, 15);
        link.send(r(c.address()))?;
        let mut link = follow(&mut session, &c, "owed=0 hop=2")?;
        ask(&mut session, &mut link)
    })
    .needs(Feature::Automatic)
    .whole(),
    Case::client("epi.deadline-spares-the-connected", &["EOP-EPI-5"], "a session that is connected, greeted and idle outlives the deadline", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = s.begin(&home, "deadline=300")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        link.idle(300, 20);
        session.sync()?;
        ask(&mut session, &mut link)?;
        link.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .whole(),
    Case::client("epi.deadline-shows-at-a-redirect", &["EOP-EPI-5"], "a deadline that passed while the client was connected shows at the episode's next REDIRECT", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, s.pick("deadline=30000", "deadline=300"))?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=0")?;
        link.idle(300, 20);
        link.send(r(c.address()))?;
        if s.control() {
            return follow(&mut session, &c, "owed=0").map(drop);
        }
        session.expect(&format!("ended RedirectDeadline target={} owed=0", c.address()))?;
        c.nobody()
    })
    .negative()
    .whole(),
    Case::client("epi.count-before-deadline", &["EOP-EPI-12", "EOP-EPI-1", "EOP-EPI-5"], "a redirect that is one too many is TooManyRedirects, also when the deadline has passed", |s| {
        too_many_and_too_late(s, "max-redirects")
    })
    .negative()
    .whole(),
    Case::client("epi.moves-before-deadline", &["EOP-EPI-12", "EOP-EPI-7", "EOP-EPI-5"], "a move that is one too many is TooManyRedirects, also when the deadline has passed", |s| {
        too_many_and_too_late(s, "moves")
    })
    .negative()
    .whole(),
    Case::client("epi.clock-stands-still", &["EOP-EPI-6"], "a target that takes longer than the deadline to answer is waited for", |s| {
        let (home, b) = (s.endpoint("home")?, s.endpoint("B")?);
        let (mut session, mut h) = asked(s, &home, "resend=automatic deadline=300")?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        link.expect_n("q")?;
        link.idle(300, 20);
        link.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .needs(Feature::Automatic)
    .whole(),
    Case::client("epi.home-deadline", &["EOP-EPI-9"], "a home that never greets ends in Timeout", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1 deadline=400")?;
        if s.control() {
            h.send(n("welcome"))?;
            return session.expect_message(b"welcome", "greeting=1").map(drop);
        }
        session.patience(s.beyond(400));
        session.expect("ended Timeout").map(drop)
    })
    .negative()
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.home-deadline-over-greetings", &["EOP-EPI-9"], "a greeting of home does not start the deadline for the next one anew", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, &format!("greeting=2 deadline={}", s.pick(5000, 600)))?;
        h.idle(600, 6);
        h.send(n("one"))?;
        session.expect_message(b"one", "greeting=1")?;
        h.idle(600, 7);
        h.send(n("two"))?;
        if s.control() {
            return session.expect_message(b"two", "greeting=1").map(drop);
        }
        session.expect("ended Timeout").map(drop)
    })
    .negative()
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.home-deadline-spares-the-greeted", &["EOP-EPI-9"], "a session that home greeted in time outlives the deadline", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1 deadline=300")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        h.idle(300, 20);
        session.sync()?;
        ask(&mut session, &mut h)?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .needs(Feature::Greeting)
    .whole(),
    Case::client("epi.moves", &["EOP-EPI-7"], "with moves=3 the fourth move in a minute is one too many, whatever was answered", |s| {
        one_move_too_many(s, s.pick("moves=4", "moves=3"), 4)
    })
    .negative(),
    Case::client("epi.moves-by-default", &["EOP-EPI-7", "EOP-DRV-16"], "without a setting the thirty-first move in a minute is one too many", |s| {
        one_move_too_many(s, s.pick("moves=32", ""), 31)
    })
    .negative()
    .whole(),
    Case::client("fai.refused", &["EOP-FAI-1", "EOP-FAI-2", "EOP-EPI-2", "EOP-DRV-11"], "a target that refuses the connection is RedirectFailed, named with its cause", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        let ended = format!("ended RedirectFailed target={} cause=ConnectFailed owed=1 uncertain=0", target.address());
        session.expect(&ended)?;
        home.nobody().map_err(|stop| stop.against("EOP-FAI-3"))
    }),
    Case::client("fai.refused-new-first", &["EOP-FAI-3", "EOP-CLS-8"], "with order=new-first, too, a refused target does not lead back to the old connection", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, "order=new-first resend=automatic")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        session.expect(&format!("ended RedirectFailed target={} cause=ConnectFailed owed=1", target.address()))?;
        h.expect_end()
    })
    .needs(Feature::NewFirst),
    Case::client("fai.dies-before-answering", &["EOP-FAI-1", "EOP-DRV-11"], "a target that ends with a message outstanding is RedirectFailed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.half_close()?;
        session.expect(&format!("ended RedirectFailed target={} cause=Uncertain uncertain=1", target.address())).map(drop)
    }),
    Case::client("fai.breaks-a-rule", &["EOP-FAI-1", "EOP-DRV-11"], "a target whose first frame is no frame is RedirectFailed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.send([0xff, 0xff])?;
        let ended = format!("ended RedirectFailed target={} cause=NotEop~UnknownOpcode uncertain=1", target.address());
        session.expect(&ended).map(drop)
    }),
    Case::client("fai.after-an-answer", &["EOP-FAI-1"], "after its first answer a target is like home: its failures keep their names", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        ask(&mut session, &mut t)?;
        t.reset()?;
        session.expect("ended Uncertain uncertain=1").map(drop)
    }),
    Case::client("fai.answers-elsewhere", &["EOP-FAI-1", "EOP-DRV-11"], "what home answered does not make a target that refuses any less RedirectFailed", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        ask(&mut session, &mut h)?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        let ended = format!("ended RedirectFailed target={} cause=ConnectFailed owed=1", target.address());
        session.expect(&ended).map(drop)
    }),
    Case::client("fai.greeting-is-no-answer", &["EOP-FAI-1", "EOP-DRV-11"], "a target that greeted and then fails has answered nothing, and is RedirectFailed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "greeting=1")?;
        t.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut t)?;
        t.reset()?;
        session.expect(&format!("ended RedirectFailed target={} cause=Uncertain uncertain=1", target.address())).map(drop)
    })
    .needs(Feature::Greeting),
    Case::client("fai.news-is-no-answer", &["EOP-FAI-1", "EOP-DRV-11"], "in manual a target whose messages nobody retires has answered nothing, and is RedirectFailed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "discipline=manual")?;
        ask(&mut session, &mut t)?;
        t.send(n("news"))?;
        session.expect_message(b"news", "outstanding=1")?;
        t.half_close()?;
        let ended = format!("ended RedirectFailed target={} cause=Uncertain uncertain=1", target.address());
        session.expect_end(&mut t, &ended)
    })
    .needs(Feature::Manual),
    Case::client("fai.answered-after-all", &["EOP-FAI-1", "EOP-ACC-14"], "in manual a target that failed has answered if something is retired then: its failure keeps its name", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "discipline=manual")?;
        ask(&mut session, &mut t)?;
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=1")?;
        t.send([0, 9])?;
        t.expect_end()?;
        session.say("retire 1");
        session.say("sync s0");
        session.expect("synced s0")?;
        session.expect("ended UnknownOpcode owed=0 unsent=0 uncertain=0").map(drop)
    })
    .needs(Feature::Manual),
    Case::client("fai.clean-end-at-target", &["EOP-FAI-6"], "a target that ends with nothing outstanding is a clean end", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=0")?;
        t.half_close()?;
        session.expect("ended eof").map(drop)
    }),
    Case::client("fai.home-refuses", &["EOP-FAI-2"], "a home that refuses the connection is ConnectFailed", |s| {
        let home = s.refusing("home")?;
        s.session(&home.address().to_string(), "").expect("ended ConnectFailed").map(drop)
    }),
    Case::client("fai.fallback", &["EOP-FAI-4"], "with fallback=home a target that refuses sends the client back home, where the message arrives", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, "fallback=home resend=automatic")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        let mut again = arrive(&mut session, &home)?;
        again.expect_n("q")?;
        again.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .needs(Feature::Fallback),
    Case::client("fai.fallback-is-a-hop", &["EOP-FAI-7", "EOP-RSD-12", "EOP-DRV-23"], "a fallback is a hop without a REDIRECT: what is owed waits for a decision for it", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, "fallback=home")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1 hop=1", target.address()))?;
        let mut again = home.accept()?;
        session.expect(&format!("connected {} hop=2", home.address()))?;
        session.say("resend 1");
        session.expect("rejected resend *")?;
        session.say("resend 2");
        again.expect_n("q")
    })
    .needs(Feature::Fallback),
    Case::client("fai.fallback-counts", &["EOP-FAI-7", "EOP-EPI-1"], "a fallback counts as a redirect: with max-redirects=2 the next REDIRECT is one too many", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.refusing("B")?, s.endpoint("C")?);
        let bound = s.pick("max-redirects=3", "max-redirects=2");
        let (mut session, mut h) = asked(s, &home, &format!("fallback=home resend=automatic {bound}"))?;
        h.send(r(b.address()))?;
        session.expect(&format!("redirected {} owed=1", b.address()))?;
        let mut again = arrive(&mut session, &home)?;
        again.expect_n("q")?;
        again.send(r(c.address()))?;
        if s.control() {
            return follow(&mut session, &c, "owed=1").map(drop);
        }
        session.expect(&format!("ended TooManyRedirects target={} owed=1", c.address()))?;
        c.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.fallback-too-many", &["EOP-FAI-8", "EOP-EPI-1"], "a fallback that would be one redirect too many does not happen", |s| {
        fallback_beyond(s, "max-redirects")
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.fallback-one-move-too-many", &["EOP-FAI-8", "EOP-EPI-7"], "a fallback that would be one move too many does not happen", |s| {
        fallback_beyond(s, "moves")
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.fallback-visits-home", &["EOP-FAI-7", "EOP-EPI-2"], "home counts as visited from a fallback on: a REDIRECT to it is a loop, whatever it answered before", |s| {
        let (home, b) = (s.endpoint("home")?, s.refusing("B")?);
        let (mut session, mut h) = asked(s, &home, "fallback=home resend=automatic")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        ask(&mut session, &mut h)?;
        let mut again = fall_back(&mut session, &mut h, &b, &home)?;
        again.expect_n("q")?;
        back_to(s, &mut session, &mut again, &home, 1)
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.fallback-in-every-episode", &["EOP-FAI-4"], "a fallback is possible again in the next episode", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.refusing("B")?, s.refusing("C")?);
        let (mut session, mut link) = asked(s, &home, "fallback=home resend=automatic")?;
        for target in [&b, &c] {
            link = fall_back(&mut session, &mut link, target, &home)?;
            link.expect_n("q")?;
            link.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0")?;
            ask(&mut session, &mut link)?;
        }
        Ok(())
    })
    .needs(Feature::Fallback),
    Case::client("fai.fallback-carries-what-is-new", &["EOP-ACC-15", "EOP-FAI-4"], "a message that was given at the failed target goes home too, behind the owed one", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 fallback=home resend=automatic")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        let t = early(&mut session, &mut h, &target, 1)?;
        session.say("send 6e6577");
        session.sync()?;
        t.reset()?;
        let mut again = arrive(&mut session, &home)?;
        again.send(n("again"))?;
        session.expect_message(b"again", "outstanding=2 greeting=1")?;
        again.expect_n("q")?;
        again.expect_n("new")
    })
    .needs(Feature::Fallback),
    Case::client("fai.fallback-owes-nothing-new", &["EOP-RSD-12", "EOP-FAI-4"], "a message that was given at the failed target is not owed: it goes home without a decision", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, t) = moved(s, &home, &target, "greeting=1 fallback=home")?;
        session.say("send 6e6577");
        session.sync()?;
        t.reset()?;
        let mut again = arrive(&mut session, &home)?;
        session.say("resend 2");
        session.expect("rejected resend *")?;
        again.send(n("again"))?;
        session.expect_message(b"again", "outstanding=1 greeting=1")?;
        again.expect_n("new")
    })
    .needs(Feature::Fallback),
    Case::client("fai.fallback-home-is-home", &["EOP-DRV-22", "EOP-FAI-4"], "home is no target after a fallback: its failures keep their names", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, "fallback=home resend=automatic")?;
        let mut again = fall_back(&mut session, &mut h, &target, &home)?;
        again.expect_n("q")?;
        again.reset()?;
        session.expect("ended Uncertain owed=0 unsent=0 uncertain=1").map(drop)
    })
    .needs(Feature::Fallback),
    Case::client("fai.no-fallback-outside-an-episode", &["EOP-FAI-8", "EOP-FAI-1"], "a target that fails when the episode is over does not send the client home", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let settings = format!("fallback=home episode={}", s.pick(30_000, 200));
        let (mut session, t) = moved(s, &home, &target, &settings)?;
        t.idle(200, 30);
        session.sync()?;
        t.reset()?;
        if s.control() {
            return arrive(&mut session, &home).map(drop);
        }
        session.expect(&format!("ended RedirectFailed target={} cause=Uncertain", target.address()))?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback)
    .whole(),
    Case::client("fai.fallback-is-a-move", &["EOP-FAI-7", "EOP-EPI-7"], "a fallback counts as a move: with moves=2 the next REDIRECT is one too many", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.refusing("B")?, s.endpoint("C")?);
        let (mut session, mut h) = asked(s, &home, &format!("fallback=home moves={}", s.pick(3, 2)))?;
        let mut again = fall_back(&mut session, &mut h, &b, &home)?;
        again.send(r(c.address()))?;
        if s.control() {
            return follow(&mut session, &c, "owed=1 late=0 hop=3").map(drop);
        }
        session.expect(&format!("ended TooManyRedirects target={} owed=1", c.address()))?;
        c.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.no-fallback-for-nothing", &["EOP-FAI-8", "EOP-FAI-1"], "half-closed with nothing outstanding, a client does not go home from a target that fails", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "fallback=home")?;
        if !s.control() {
            session.say("half-close");
            t.expect_fin()?;
        }
        t.reset()?;
        if s.control() {
            return arrive(&mut session, &home).map(drop);
        }
        session.expect(&format!("ended RedirectFailed target={} cause=Uncertain owed=0", target.address()))?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.no-fallback-after-an-answer", &["EOP-DRV-22", "EOP-FAI-4"], "a target that answered and then fails does not send the client home", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "fallback=home")?;
        if !s.control() {
            ask(&mut session, &mut t)?;
            t.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0")?;
        }
        t.reset()?;
        if s.control() {
            return arrive(&mut session, &home).map(drop);
        }
        session.expect("ended Uncertain owed=0 unsent=0 uncertain=0")?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.no-fallback-at-the-deadline", &["EOP-FAI-8", "EOP-EPI-5"], "a target that answers no connect until the deadline does not send the client home", |s| {
        let (home, target) = (s.endpoint("home")?, s.pick(s.refusing("target")?, s.silent("target")?));
        let (mut session, mut h) = asked(s, &home, "fallback=home deadline=400")?;
        if s.control() {
            return fall_back(&mut session, &mut h, &target, &home).map(drop);
        }
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        session.patience(s.beyond(400));
        session.expect(&format!("ended RedirectDeadline target={} owed=1", target.address()))?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback)
    .whole(),
    Case::client("fai.no-fallback-behind-the-deadline", &["EOP-FAI-8", "EOP-EPI-5"], "a connected target that fails when the deadline has passed does not send the client home", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let settings = format!("fallback=home deadline={}", s.pick(30_000, 300));
        let (mut session, t) = moved(s, &home, &target, &settings)?;
        t.idle(300, 20);
        t.reset()?;
        if s.control() {
            return arrive(&mut session, &home).map(drop);
        }
        session.expect(&format!("ended RedirectFailed target={} cause=Uncertain owed=0", target.address()))?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback)
    .whole(),
    Case::client("fai.no-fallback-unless-it-fails", &["EOP-FAI-6", "EOP-POL-5", "EOP-FAI-4"], "a target that is refused, visited or ends cleanly does not send the client home", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "fallback=home")?;
        if s.control() {
            t.reset()?;
            return arrive(&mut session, &home).map(drop);
        }
        t.half_close()?;
        session.expect("ended eof")?;
        let forbidden = std::net::SocketAddrV4::new([0, 0, 0, 0].into(), 9001);
        for (target, kind) in [(forbidden, "RedirectRefused"), (home.address(), "RedirectLoop")] {
            let (mut session, mut h) = asked(s, &home, "fallback=home")?;
            h.send(r(target))?;
            session.expect(&format!("ended {kind} target={target} owed=1")).map_err(|stop| stop.against("EOP-POL-5"))?;
        }
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.fallback-from-a-dead-target", &["EOP-FAI-4"], "a target that ends before anything was offered to it sends the client back home too", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, t) = owing(s, &home, &target, "fallback=home")?;
        t.reset()?;
        let mut again = arrive(&mut session, &home)?;
        session.say("resend 2");
        again.expect_n("q")?;
        again.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .needs(Feature::Fallback),
    Case::client("fai.fallback-once", &["EOP-FAI-4", "EOP-FAI-1"], "a second failed target in the episode ends the session", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.refusing("B")?, s.refusing("C")?);
        let (mut session, mut h) = asked(s, &home, "fallback=home resend=automatic")?;
        h.send(r(b.address()))?;
        session.expect(&format!("redirected {} owed=1", b.address()))?;
        let mut again = arrive(&mut session, &home)?;
        again.expect_n("q")?;
        again.send(r(c.address()))?;
        session.expect(&format!("redirected {} owed=1", c.address()))?;
        session.expect(&format!("ended RedirectFailed target={} cause=ConnectFailed owed=1", c.address()))?;
        home.nobody()
    })
    .needs(Feature::Fallback),
    Case::client("fai.no-fallback-once-begun", &["EOP-FAI-5"], "no fallback once an octet went to the failed target, whatever was only begun and whatever was not", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "fallback=home resend=automatic budget=32000000")?;
        session.say("send @16000000");
        session.say("send 6e6577");
        session.sync()?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=2 late=0")?;
        t.expect_octets(1)?;
        t.reset()?;
        session.expect(&format!("ended RedirectFailed target={} owed=1 uncertain=1", target.address()))?;
        home.nobody()
    })
    .needs(Feature::Fallback)
    .whole(),
    Case::client("fai.no-fallback-unasked", &["EOP-FAI-3", "EOP-FAI-1"], "without fallback=home a failed target ends the session", |s| {
        let (home, target) = (s.endpoint("home")?, s.refusing("target")?);
        let (mut session, mut h) = asked(s, &home, s.pick("fallback=home resend=automatic", "resend=automatic"))?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        if s.control() {
            return arrive(&mut session, &home).map(drop);
        }
        session.expect("ended RedirectFailed cause=ConnectFailed owed=1")?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
    Case::client("fai.no-fallback-once-offered", &["EOP-FAI-5"], "no fallback once an octet of a message went to the failed target", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "fallback=home resend=automatic")?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        t.expect_n("q")?;
        if s.control() {
            t.send(n("r"))?;
            return session.expect_message(b"r", "outstanding=0").map(drop);
        }
        t.reset()?;
        session.expect(&format!("ended RedirectFailed target={} uncertain=1", target.address()))?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback),
];
