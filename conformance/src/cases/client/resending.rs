//! Sections 5.2 to 5.4 for clients: what is owed, resent, uncertain; half-close.

use super::scenes::{ask, asked, early, follow, give, owing};
use crate::case::Case;
use crate::feature::Feature;
use crate::octets::{n, r, r_with};
use crate::stage::{Endpoint, Session};
use crate::verdict::{Step, Stop};

/// Nothing more has come on a connection.
fn quiet(link: &mut crate::link::Link, expected: &str) -> Step {
    link.anything_by_now()
        .map_or(Ok(()), |came| Err(Stop::messages(expected, came)))
}

/// The session ends with its one message uncertain, and nobody connects to `home` again.
fn lost(session: &mut Session, home: &Endpoint) -> Step {
    let event = session.expect("connected|ended *")?;
    if event.verb() == "connected" {
        return Err(Stop::messages("ended Uncertain", event.to_string()).against("EOP-RSD-9"));
    }
    home.nobody().map_err(|stop| stop.against("EOP-RSD-9"))?;
    if event.matches("ended Uncertain owed=0 unsent=0 uncertain=1") {
        return Ok(());
    }
    let expected = "ended Uncertain owed=0 unsent=0 uncertain=1";
    Err(Stop::messages(expected, event.to_string()))
}

pub(super) const CASES: &[Case] = &[
    Case::client("rsd.answered-not-resent", &["EOP-RSD-4", "EOP-RSD-3", "EOP-RSD-5"], "three messages, one answered, R: exactly the other two are resent, in order", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        for message in ["6f6e65", "74776f", "3333"] {
            session.say(&format!("send {message}"));
        }
        h.expect_n("one")?;
        h.expect_n("two")?;
        h.expect_n("33")?;
        h.send(n("r"))?;
        h.send(r(target.address()))?;
        session.expect_message(b"r", "outstanding=2")?;
        let mut t = follow(&mut session, &target, "owed=2 late=0")?;
        session.say("resend 1");
        t.expect_n("two")?;
        t.expect_n("33")?;
        session.sync()?;
        quiet(&mut t, "nothing but the two that were not answered")
    }),
    Case::client("rsd.answered-at-a-target", &["EOP-RSD-4", "EOP-RSD-3"], "of two owed messages a target answers one and redirects: only the other goes on", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        give(&session, &mut h, &["one", "two"])?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=2 late=0 hop=1")?;
        link.expect_n("one")?;
        link.expect_n("two")?;
        link.send([n("r"), r(c.address())].concat())?;
        session.expect_message(b"r", "outstanding=1")?;
        let mut link = follow(&mut session, &c, "owed=1 late=0 hop=2")?;
        link.expect_n("two")?;
        session.sync()?;
        quiet(&mut link, "nothing but `two`")
    })
    .needs(Feature::Automatic),
    Case::client("rsd.late-answers-oldest", &["EOP-RSD-3", "EOP-RSD-4", "EOP-ACC-1"], "two messages and a late redirect: the first is answered, the second resent", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("send 74776f");
        h.expect_n("two")?;
        h.send(r_with(target.address(), "r"))?;
        session.expect_message(b"r", "outstanding=1")?;
        let mut t = follow(&mut session, &target, "owed=1 late=1")?;
        session.say("resend 1");
        t.expect_n("two")?;
        session.sync()?;
        quiet(&mut t, "nothing but `two`")
    }),
    Case::client("rsd.owed-is-no-failure", &["EOP-RSD-16", "EOP-RSD-3", "EOP-RSD-8"], "the same message is owed behind R, and uncertain where the connection ends", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut moved, _h, _t) = owing(s, &home, &target, "")?;
        moved.say("close");
        moved.expect("ended closed owed=1 unsent=0 uncertain=0")?;
        let (mut lost, mut h) = asked(s, &home, "")?;
        h.half_close()?;
        lost.expect("ended Uncertain owed=0 unsent=0 uncertain=1").map(drop)
    }),
    Case::client("rsd.idle-resends-nothing", &["EOP-RSD-4"], "an answered message is not resent when R follows later", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "resend=automatic")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=0 late=0")?;
        session.sync()?;
        quiet(&mut t, "nothing resent")
    })
    .needs(Feature::Automatic),
    Case::client("rsd.many-owed", &["EOP-RSD-5", "EOP-RSD-3"], "a hundred owed messages are resent, all and in order", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        let messages: Vec<_> = (0..100).map(|index| index.to_string()).collect();
        give(&session, &mut h, &messages.iter().map(String::as_str).collect::<Vec<_>>())?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=100 late=0").map_err(|stop| stop.against("EOP-RSD-3"))?;
        session.say("resend 1");
        messages.iter().try_for_each(|message| t.expect_n(message))
    }),
    Case::client("rsd.explicit-waits", &["EOP-RSD-11"], "with explicit resending nothing goes out before the decision", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.sync()?;
        quiet(&mut t, "nothing before the decision")?;
        session.say("resend 1");
        t.expect_n("q")
    }),
    Case::client("rsd.decided-anew", &["EOP-RSD-11", "EOP-RSD-12"], "what was resent by decision and is owed again waits for another decision", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "")?;
        session.say("resend 1");
        link.expect_n("q")?;
        link.send(r(c.address()))?;
        let mut link = follow(&mut session, &c, "owed=1 late=0 hop=2 resend=explicit")?;
        session.sync()?;
        quiet(&mut link, "nothing before the decision for this hop")?;
        session.say("resend 2");
        link.expect_n("q")
    }),
    Case::client("rsd.decision-while-connecting", &["EOP-RSD-12"], "a decision may be given before the next connection stands, and only once", |s| {
        let (home, target) = (s.endpoint("home")?, s.silent("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1 hop=1 resend=explicit", target.address()))?;
        session.say("resend 1");
        session.say("drop 1");
        session.expect("rejected drop *").map(drop)
    })
    .whole(),
    Case::client("rsd.before-anything-newer", &["EOP-RSD-5"], "after the decision owed messages go out first, then new ones", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("resend 1");
        session.say("send 6e6577");
        t.expect_n("q")?;
        t.expect_n("new")
    }),
    Case::client("rsd.new-before-decision", &["EOP-RSD-13"], "a new message before the decision is refused", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        if s.control() {
            session.say("resend 1");
            session.say("send 6e6577");
            t.expect_n("q")?;
            return t.expect_n("new");
        }
        session.say("send 6e6577");
        session.expect("rejected send *")?;
        session.say("resend 1");
        t.expect_n("q")?;
        session.sync()?;
        quiet(&mut t, "only `q`: the new message was refused")
    })
    .negative(),
    Case::client("rsd.drop", &["EOP-RSD-17"], "what is dropped is not sent again", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("drop 1");
        session.say("send 6e6577");
        t.expect_n("new")?;
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        session.say("close");
        session.expect("ended closed owed=0 unsent=0 uncertain=0").map_err(|stop| stop.against("EOP-FAI-2")).map(drop)
    }),
    Case::client("rsd.dropped-for-good", &["EOP-RSD-17", "EOP-RSD-3"], "what is dropped is not owed at the next R", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, _h, mut link) = owing(s, &home, &b, "")?;
        session.say("drop 1");
        session.sync()?;
        link.send(r(c.address()))?;
        follow(&mut session, &c, "owed=0 late=0 hop=2 resend=automatic").map(drop)
    }),
    Case::client("rsd.drop-what-waits", &["EOP-RSD-17", "EOP-ACC-1"], "a drop concerns what waits for the decision, and nothing that is on its way", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        session.say("send 6f6e65");
        session.say("send 74776f never-resend");
        h.expect_n("one")?;
        h.expect_n("two")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=2 resend=explicit")?;
        t.expect_n("one")?;
        session.say("drop 1");
        session.sync()?;
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map_err(|stop| stop.against("EOP-ACC-1"))?;
        session.sync()?;
        quiet(&mut t, "nothing of what was dropped")
    })
    .needs(Feature::Automatic),
    Case::client("rsd.no-decision-awaited", &["EOP-RSD-12"], "a decision that nobody awaits, or for a hop to come, is refused and changes nothing", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        for command in ["resend 0", "drop 0", "resend 1"] {
            session.say(command);
            session.expect("rejected resend|drop *")?;
        }
        let mut t = early(&mut session, &mut h, &target, 1)?;
        session.say("drop 2");
        session.expect("rejected drop *")?;
        session.say("resend 1");
        t.expect_n("q")?;
        for command in ["resend 1", "drop 1"] {
            session.say(command);
            session.expect("rejected resend|drop *")?;
        }
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    }),
    Case::client("rsd.hops-go-on", &["EOP-RSD-12"], "hops are counted over the session: answers do not begin them anew", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut link) = asked(s, &home, "")?;
        for hop in 1..=3 {
            let next = s.endpoint(&format!("hop{hop}"))?;
            link.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0")?;
            ask(&mut session, &mut link)?;
            link = early(&mut session, &mut link, &next, hop)?;
            session.say(&format!("resend {hop}"));
            link.expect_n("q")?;
        }
        Ok(())
    }),
    Case::client("rsd.stale-hop", &["EOP-RSD-12"], "a decision for an earlier hop does not authorise this one", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, _h, mut bl) = owing(s, &home, &b, "")?;
        let mut cl = early(&mut session, &mut bl, &c, 2)?;
        session.say(s.pick("resend 2", "resend 1"));
        if s.control() {
            return cl.expect_n("q");
        }
        session.expect("rejected resend *")?;
        session.sync()?;
        quiet(&mut cl, "nothing sent on a stale decision")
    })
    .negative(),
    Case::client("rsd.stay-owed", &["EOP-RSD-6"], "a further R before the decision keeps messages owed; they arrive once, at the last target", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, _h, mut bl) = owing(s, &home, &b, "")?;
        let mut cl = early(&mut session, &mut bl, &c, 2)?;
        session.say("resend 2");
        cl.expect_n("q")?;
        cl.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    }),
    Case::client("rsd.automatic", &["EOP-RSD-14"], "with automatic resending owed messages go out by themselves, new ones behind them", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "resend=automatic")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0 resend=automatic")?;
        session.say("send 6e6577");
        t.expect_n("q")?;
        t.expect_n("new")?;
        t.send([n("one"), n("two")].concat())?;
        session.expect_message(b"one", "outstanding=1")?;
        session.expect_message(b"two", "outstanding=0").map(drop)
    })
    .needs(Feature::Automatic),
    Case::client("rsd.behind-owed", &["EOP-RSD-5", "EOP-RSD-14"], "a message given while owed ones wait for the target's greeting goes out behind them", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 resend=automatic")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        session.say("send 6e6577");
        session.sync()?;
        t.send(n("again"))?;
        session.expect_message(b"again", "outstanding=2 greeting=1")?;
        t.expect_n("q")?;
        t.expect_n("new")
    })
    .needs(Feature::Greeting),
    Case::client("rsd.new-becomes-owed", &["EOP-RSD-3", "EOP-RSD-5"], "a message that waits behind an owed one becomes owed at a further R, and goes on behind it", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 resend=automatic")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        session.say("send 6e6577");
        session.sync()?;
        link.send(r(c.address()))?;
        let mut link = follow(&mut session, &c, "owed=2 late=0 hop=2")?;
        link.send(n("again"))?;
        session.expect_message(b"again", "outstanding=2 greeting=1")?;
        link.expect_n("q")?;
        link.expect_n("new")
    })
    .needs(Feature::Greeting),
    Case::client("rsd.never-resend", &["EOP-RSD-15"], "a message marked never-resend is left to the application, with all behind it", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        session.say("send 6f6e65");
        session.say(s.pick("send 74776f", "send 74776f never-resend"));
        session.say("send 3333");
        for message in ["one", "two", "33"] {
            h.expect_n(message)?;
        }
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, s.pick("owed=3 resend=automatic", "owed=3 resend=explicit"))?;
        t.expect_n("one")?;
        if s.control() {
            t.expect_n("two")?;
            return t.expect_n("33");
        }
        session.sync()?;
        quiet(&mut t, "only `one` before the decision")?;
        session.say("resend 1");
        t.expect_n("two")?;
        t.expect_n("33")
    })
    .negative()
    .needs(Feature::Automatic),
    Case::client("rsd.new-before-automatic-decision", &["EOP-RSD-13", "EOP-RSD-15"], "with automatic resending, too, a new message is refused while something waits for the decision", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        session.say(s.pick("send 71", "send 71 never-resend"));
        h.expect_n("q")?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        session.say("send 6e6577");
        if s.control() {
            t.expect_n("q")?;
            return t.expect_n("new");
        }
        session.expect("rejected send *")?;
        session.sync()?;
        quiet(&mut t, "nothing before the decision")?;
        session.say("resend 1");
        t.expect_n("q")
    })
    .negative()
    .needs(Feature::Automatic),
    Case::client("rsd.never-resend-again", &["EOP-RSD-15"], "a message marked never-resend waits for a decision at every hop", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        session.say("send 71 never-resend");
        h.expect_n("q")?;
        h.send(r(b.address()))?;
        let mut link = follow(&mut session, &b, "owed=1 hop=1 resend=explicit")?;
        session.say("resend 1");
        link.expect_n("q")?;
        link.send(r(c.address()))?;
        let mut link = follow(&mut session, &c, "owed=1 hop=2 resend=explicit")?;
        session.sync()?;
        quiet(&mut link, "nothing before the decision for this hop")?;
        session.say("resend 2");
        link.expect_n("q")
    })
    .needs(Feature::Automatic),
    Case::client("rsd.budget-of-outstanding", &["EOP-RSD-15", "EOP-RSD-14"], "what was answered does not count against the replay budget", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic budget=3")?;
        for message in ["one", "two", "six"] {
            give(&session, &mut h, &[message])?;
            h.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0")?;
        }
        give(&session, &mut h, &["new"])?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 resend=automatic")?;
        t.expect_n("new")
    })
    .needs(Feature::Automatic),
    Case::client("rsd.budget-at-every-hop", &["EOP-RSD-14", "EOP-RSD-15"], "the replay budget is counted anew at every hop", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut link) = s.begin(&home, "resend=automatic budget=3")?;
        give(&session, &mut link, &["one"])?;
        for (hop, next) in [(1, &b), (2, &c)] {
            link.send(r(next.address()))?;
            link = follow(&mut session, next, &format!("owed=1 hop={hop} resend=automatic"))?;
            link.expect_n("one")?;
        }
        Ok(())
    })
    .needs(Feature::Automatic),
    Case::client("rsd.no-budget", &["EOP-RSD-15"], "with a budget of 0 an empty message is resent, and every other left to the application", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic budget=0")?;
        let message = s.pick("", "q");
        give(&session, &mut h, &[message])?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, s.pick("owed=1 resend=automatic", "owed=1 resend=explicit"))?;
        if s.control() {
            return t.expect_n("");
        }
        session.sync()?;
        quiet(&mut t, "nothing before the decision")?;
        session.say("resend 1");
        t.expect_n("q")
    })
    .negative()
    .needs(Feature::Automatic),
    Case::client("rsd.budget", &["EOP-RSD-15"], "a message over the replay budget is left to the application", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, &format!("resend=automatic budget={}", s.pick(6, 5)))?;
        session.say("send 6f6e65");
        session.say("send 74776f");
        h.expect_n("one")?;
        h.expect_n("two")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, s.pick("owed=2 resend=automatic", "owed=2 resend=explicit"))?;
        t.expect_n("one")?;
        if s.control() {
            return t.expect_n("two");
        }
        session.sync()?;
        quiet(&mut t, "only `one` within a budget of 5 octets")
    })
    .negative()
    .needs(Feature::Automatic),
    Case::client("rsd.uncertain-reset", &["EOP-RSD-8", "EOP-RSD-9"], "RST with a message outstanding: it is uncertain, and not sent anywhere again", |s| {
        let home = s.endpoint("home")?;
        let (mut session, h) = asked(s, &home, "resend=automatic")?;
        h.reset()?;
        lost(&mut session, &home)
    })
    .needs(Feature::Automatic),
    Case::client("rsd.uncertain-fin", &["EOP-RSD-8", "EOP-RSD-9"], "FIN with a message outstanding: it is uncertain, and the end is not clean", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.half_close()?;
        lost(&mut session, &home)
    }),
    Case::client("rsd.partly-sent", &["EOP-RSD-8"], "a message of which a part went out is uncertain, not unsent", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say("send @16000000");
        h.expect_octets(1)?;
        h.reset()?;
        session.expect("ended Uncertain owed=0 unsent=0 uncertain=1").map(drop)
    })
    .whole(),
    Case::client("rsd.unsent", &["EOP-RSD-8"], "a message of which no octet went out is unsent, not uncertain", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        session.say("send 71");
        session.sync()?;
        h.half_close()?;
        session.expect("ended Uncertain owed=0 unsent=1 uncertain=0").map(drop)
    })
    .needs(Feature::Greeting),
    Case::client("rsd.three-kinds", &["EOP-RSD-8"], "one message sent, one half sent, one not begun, and RST: two are uncertain and one is unsent", |s| {
        let home = s.endpoint("home")?;
        let (mut session, h) = asked(s, &home, "")?;
        session.say("send @16000000");
        session.say("send 6e6577");
        session.sync()?;
        h.reset()?;
        session.expect("ended Uncertain owed=0 unsent=1 uncertain=2").map(drop)
    })
    .whole(),
    Case::client("rsd.owed-when-the-target-dies", &["EOP-RSD-8", "EOP-FAI-1", "EOP-EPI-2"], "a target that ends before anything was resent: what is owed stays owed, and nobody connects again", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        t.half_close()?;
        let event = session.expect("connected|ended *")?;
        if event.verb() == "connected" {
            return Err(Stop::messages("no further connection", event.to_string()).against("EOP-EPI-2"));
        }
        let expected = format!("ended RedirectFailed target={} cause=Uncertain owed=1 unsent=0 uncertain=0", target.address());
        if !event.matches(&expected) {
            return Err(Stop::messages(expected, event.to_string()));
        }
        target.nobody().map_err(|stop| stop.against("EOP-EPI-2"))
    }),
    Case::client("rsd.owed-and-unsent", &["EOP-RSD-8"], "an owed message and a new one behind it, and the target ends before its greeting: one is owed, one unsent", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 resend=automatic")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        session.say("send 6e6577");
        session.sync()?;
        t.half_close()?;
        session.expect(&format!("ended RedirectFailed target={} owed=1 unsent=1 uncertain=0", target.address())).map(drop)
    })
    .needs(Feature::Greeting),
    Case::client("rsd.owed-at-the-end", &["EOP-RSD-8", "EOP-FAI-2"], "what is owed and undecided when the session ends is reported as owed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, _t) = owing(s, &home, &target, "")?;
        session.say("close");
        session.expect("ended closed owed=1 unsent=0 uncertain=0").map(drop)
    }),
    Case::client("rsd.resent-then-uncertain", &["EOP-RSD-8", "EOP-RSD-7"], "a resent message is bound to its new connection: lost there, it is uncertain and goes nowhere else", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "fallback=home")?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.reset()?;
        session.expect(&format!("ended RedirectFailed target={} cause=Uncertain owed=0 uncertain=1", target.address()))?;
        home.nobody().map_err(|stop| stop.against("EOP-RSD-7"))
    })
    .needs(Feature::Fallback),
    Case::client("rsd.large-resent-whole", &["EOP-RSD-5"], "a large message is resent octet for octet", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        session.say("send @300000");
        h.expect_n(crate::octets::pattern(300_000))?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        t.expect_n(crate::octets::pattern(300_000))
    })
    .needs(Feature::Automatic)
    .whole(),
    Case::client("hcl.answered", &["EOP-HCL-4", "EOP-HCL-7"], "after a half-close answers are still delivered, and the end is clean", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("half-close");
        h.expect_fin()?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        h.half_close()?;
        session.expect("ended eof owed=0 unsent=0 uncertain=0").map(drop)
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.behind-what-was-given", &["EOP-HCL-7", "EOP-ACC-15", "EOP-FRM-1"], "a half-close comes behind every message that was given before, be it large or waiting for the greeting", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        for command in ["send 71", "send @16000000", "half-close"] {
            session.say(command);
        }
        session.sync()?;
        quiet(&mut h, "nothing before the greeting")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "outstanding=2 greeting=1")?;
        h.expect_n("q")?;
        h.expect_n(crate::octets::pattern(16_000_000))?;
        h.expect_fin()
    })
    .needs(Feature::HalfClose)
    .whole(),
    Case::client("hcl.only-once", &["EOP-DRV-14"], "a second half-close, and a decision for which nothing waits behind it, are refused", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say("half-close");
        for command in ["half-close", "resend 0"] {
            session.say(command);
            session.expect("rejected half-close|resend *")?;
        }
        h.expect_fin()
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.reproduced-behind-all", &["EOP-HCL-2", "EOP-RSD-5"], "a half-close is repeated at the target behind the last of several messages", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        give(&session, &mut h, &["one", "two", "six"])?;
        session.say("half-close");
        h.expect_fin()?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=3 late=0")?;
        ["one", "two", "six"].iter().try_for_each(|message| t.expect_n(message))?;
        t.expect_fin()
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.reproduced", &["EOP-HCL-2"], "a half-close is repeated at the target behind what is resent", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("half-close");
        h.expect_fin()?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        session.sync()?;
        quiet(&mut t, "no FIN before the owed message is decided")?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.expect_fin()?;
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.reproduced-after-drop", &["EOP-HCL-2"], "a half-close is repeated at the target after a drop", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("half-close");
        let mut t = early(&mut session, &mut h, &target, 1)?;
        session.say("drop 1");
        t.expect_fin()
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.every-hop", &["EOP-HCL-2"], "a half-close is repeated at the second target too", |s| {
        let (home, b, c) = (s.endpoint("home")?, s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("half-close");
        h.expect_fin()?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        session.say("resend 1");
        link.expect_n("q")?;
        link.expect_fin()?;
        let mut link = early(&mut session, &mut link, &c, 2)?;
        session.say("resend 2");
        link.expect_n("q")?;
        link.expect_fin()
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.before-the-decision", &["EOP-HCL-2"], "a half-close that is given while the decision is awaited comes behind what is resent", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("half-close");
        session.sync()?;
        quiet(&mut t, "no FIN before the owed message is decided")?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.expect_fin()
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.nothing-left-wherever", &["EOP-HCL-3"], "half-closed and everything answered: a clean end, be the target forbidden, visited or one too many", |s| {
        let forbidden = std::net::SocketAddrV4::new([0, 0, 0, 0].into(), 9001);
        for settings in ["", "max-redirects=0", "max-redirects=1"] {
            let home = s.endpoint("home")?;
            for target in [forbidden, home.address()] {
                let (mut session, mut h) = asked(s, &home, settings)?;
                session.say("half-close");
                h.expect_fin()?;
                h.send(n("r"))?;
                session.expect_message(b"r", "outstanding=0")?;
                h.send(r(target))?;
                let event = session.expect("redirected|ended *")?;
                if event.verb() == "redirected" {
                    session.expect("ended eof")?;
                } else if !event.matches("ended eof") {
                    return Err(Stop::messages("ended eof", event.to_string()));
                }
                home.nobody()?;
            }
        }
        Ok(())
    })
    .needs(Feature::HalfClose),
    Case::client("hcl.nothing-left", &["EOP-HCL-3"], "half-closed and everything answered by a late redirect: a clean end, and nobody connects", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        if !s.control() {
            session.say("half-close");
            h.expect_fin()?;
        }
        h.send(r_with(target.address(), "r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        if s.control() {
            return follow(&mut session, &target, "owed=0").map(drop);
        }
        let event = session.expect("redirected|ended *")?;
        if event.verb() == "redirected" {
            session.expect("ended eof")?;
        } else if !event.matches("ended eof") {
            return Err(Stop::messages("ended eof", event.to_string()));
        }
        target.nobody()
    })
    .negative()
    .needs(Feature::HalfClose),
    Case::client("hcl.nothing-left-while-connecting", &["EOP-HCL-3"], "half-closed, and what was owed dropped, while the target has not answered the connect: a clean end", |s| {
        let (home, target) = (s.endpoint("home")?, s.silent("target")?);
        for owed in [1, 0] {
            let (mut session, mut h) = s.begin(&home, "")?;
            if owed > 0 {
                ask(&mut session, &mut h)?;
            }
            h.send(r(target.address()))?;
            session.expect(&format!("redirected {} owed={owed}", target.address()))?;
            session.say("half-close");
            if owed > 0 {
                session.say("drop 1");
            }
            session.expect("ended eof owed=0 unsent=0 uncertain=0")?;
        }
        Ok(())
    })
    .needs(Feature::HalfClose)
    .whole(),
    Case::client("hcl.retired-while-connecting", &["EOP-HCL-3", "EOP-ACC-14"], "in manual, half-closed, and what was owed retired, while the target has not answered the connect: a clean end", |s| {
        let (home, target) = (s.endpoint("home")?, s.silent("target")?);
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        session.say("half-close");
        session.say("retire 1");
        session.expect("ended eof owed=0 unsent=0 uncertain=0").map(drop)
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("hcl.retired-at-the-target", &["EOP-HCL-7", "EOP-ACC-14"], "in manual, half-closed at the target, and what was owed retired: the client ends its stream there, receives on, and ends with the target", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "discipline=manual")?;
        session.say("half-close");
        session.sync()?;
        quiet(&mut t, "no FIN before the owed message is decided")?;
        session.say("retire 1");
        t.expect_fin()?;
        t.send(n("news"))?;
        session.expect_message(b"news", "outstanding=0")?;
        session.say("retire 0");
        session.sync()?;
        t.half_close()?;
        session.expect("ended eof owed=0 unsent=0 uncertain=0").map(drop)
    })
    .needs(Feature::Manual),
    Case::client("hcl.no-message-after", &["EOP-HCL-6", "EOP-DRV-14"], "a message after a half-close is refused", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        if s.control() {
            return ask(&mut session, &mut h);
        }
        session.say("half-close");
        session.say("send 71");
        session.expect("rejected send *")?;
        h.expect_fin()
    })
    .negative()
    .needs(Feature::HalfClose),
    Case::client("hcl.clean-end", &["EOP-HCL-4", "EOP-FAI-6", "EOP-DRV-22"], "FIN with nothing outstanding is a clean end", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        h.half_close()?;
        session.expect("ended eof owed=0 unsent=0 uncertain=0").map(drop)
    }),
];
