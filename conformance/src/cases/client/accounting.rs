//! Section 5.1 for clients: what an answer is, greetings, the two disciplines.

use super::scenes::{arrive, ask, asked, early, follow, give, moved, owing};
use crate::case::Case;
use crate::feature::Feature;
use crate::octets::{n, r, r_with};
use crate::verdict::Stop;

/// A message larger than what the two sockets of a connection hold.
const HUGE: usize = 16_000_000;

pub(super) const CASES: &[Case] = &[
    Case::client("acc.pipelined", &["EOP-ACC-1"], "three messages without waiting, three answers to the oldest each", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        ask(&mut session, &mut h)?;
        ask(&mut session, &mut h)?;
        for (answer, left) in [("one", 2), ("two", 1), ("three", 0)] {
            h.send(n(answer))?;
            session.expect_message(answer.as_bytes(), &format!("outstanding={left} greeting=0"))?;
        }
        Ok(())
    }),
    Case::client("acc.messages-in-order", &["EOP-ACC-15"], "messages that waited for the greeting go out in their order", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        for message in ["send 61", "send 62", "send -", "send 63"] {
            session.say(message);
        }
        h.send(n("hi"))?;
        session.expect_message(b"hi", "greeting=1")?;
        for message in ["a", "b", "", "c"] {
            h.expect_n(message)?;
        }
        Ok(())
    })
    .needs(Feature::Greeting),
    Case::client("acc.late-answers-oldest", &["EOP-ACC-1"], "two messages and a late redirect: its payload answers the older one", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        give(&session, &mut h, &["two"])?;
        h.send(r_with(target.address(), "r"))?;
        session.expect_message(b"r", "outstanding=1 greeting=0").map(drop)
    }),
    Case::client("acc.many-pipelined", &["EOP-ACC-1"], "three hundred messages without waiting, and their answers, each to the oldest", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        let messages: Vec<_> = (0..300).map(|index| index.to_string()).collect();
        give(&session, &mut h, &messages.iter().map(String::as_str).collect::<Vec<_>>())?;
        h.send(messages.iter().flat_map(n).collect::<Vec<_>>())?;
        for (index, message) in messages.iter().enumerate() {
            session.expect_message(message.as_bytes(), &format!("outstanding={}", 299 - index))?;
        }
        Ok(())
    }),
    Case::client("acc.unsolicited", &["EOP-ACC-9", "EOP-ACC-10"], "a message that answers nothing is Unsolicited and is not delivered", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        if s.control() {
            ask(&mut session, &mut h)?;
            h.send(n("x"))?;
            return session.expect_message(b"x", "outstanding=0").map(drop);
        }
        h.send(n("x"))?;
        session.expect("ended Unsolicited owed=0 unsent=0 uncertain=0")?;
        h.expect_end()
    })
    .negative(),
    Case::client("acc.second-answer", &["EOP-ACC-9", "EOP-ACC-1"], "a second answer to one message is Unsolicited", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        if s.control() {
            ask(&mut session, &mut h)?;
        }
        h.send([n("one"), n("two")].concat())?;
        session.expect_message(b"one", &format!("outstanding={}", s.pick(1, 0)))?;
        if s.control() {
            return session.expect_message(b"two", "outstanding=0").map(drop);
        }
        session.expect("ended Unsolicited")?;
        h.expect_end()
    })
    .negative(),
    Case::client("acc.unsolicited-then-redirect", &["EOP-ERR-1", "EOP-ACC-9"], "a REDIRECT behind a message that answers nothing moves nobody", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        if s.control() {
            ask(&mut session, &mut h)?;
        }
        h.send([n("x"), r(target.address())].concat())?;
        if s.control() {
            session.expect_message(b"x", "outstanding=0")?;
            return follow(&mut session, &target, "owed=0 late=0").map(drop);
        }
        session.expect("ended Unsolicited")?;
        target.nobody()
    })
    .negative(),
    Case::client("acc.unsolicited-at-target", &["EOP-ACC-9"], "at a target, too, a message that answers nothing is Unsolicited", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "")?;
        if s.control() {
            ask(&mut session, &mut t)?;
        }
        t.send(n("x"))?;
        if s.control() {
            return session.expect_message(b"x", "outstanding=0").map(drop);
        }
        session.expect(&format!("ended RedirectFailed target={} cause=Unsolicited", target.address()))?;
        t.expect_end()
    })
    .negative(),
    Case::client("acc.unsolicited-late", &["EOP-ACC-10", "EOP-ACC-9"], "a payload of a REDIRECT that answers nothing is Unsolicited, not delivered, and nobody moves", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        if s.control() {
            ask(&mut session, &mut h)?;
        }
        h.send(r_with(target.address(), "x"))?;
        if s.control() {
            session.expect_message(b"x", "outstanding=0")?;
            return follow(&mut session, &target, "owed=0 late=1").map(drop);
        }
        session.expect("ended Unsolicited")?;
        target.nobody()
    })
    .negative(),
    Case::client("acc.answer-before-complete", &["EOP-ACC-9"], "an answer to a message that is still being sent is Unsolicited", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say(&format!("send @{HUGE}"));
        if s.control() {
            h.message("the message")?;
        } else {
            h.expect_octets(1)?;
        }
        h.send(n("r"))?;
        if s.control() {
            return session.expect_message(b"r", "outstanding=0").map(drop);
        }
        session.expect("ended Unsolicited uncertain=1").map(drop)
    })
    .negative()
    .whole(),
    Case::client("acc.late-before-complete", &["EOP-ACC-10", "EOP-ACC-9"], "a late redirect whose payload meets a message that is still being sent is Unsolicited, and nobody moves", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say(&format!("send @{HUGE}"));
        if s.control() {
            h.message("the message")?;
        } else {
            h.expect_octets(1)?;
        }
        h.send(r_with(target.address(), "r"))?;
        if s.control() {
            session.expect_message(b"r", "outstanding=0")?;
            return follow(&mut session, &target, "owed=0 late=1").map(drop);
        }
        session.expect("ended Unsolicited uncertain=1")?;
        target.nobody()
    })
    .negative()
    .whole(),
    Case::client("acc.answer-before-resend", &["EOP-ACC-9"], "at a target, an answer to what is owed and was not resent is Unsolicited", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        if s.control() {
            session.say("resend 1");
            t.expect_n("q")?;
        }
        t.send(n("r"))?;
        if s.control() {
            return session.expect_message(b"r", "outstanding=0").map(drop);
        }
        session.expect(&format!("ended RedirectFailed target={} cause=Unsolicited owed=1", target.address())).map(drop)
    })
    .negative(),
    Case::client("acc.late-before-resend", &["EOP-ACC-10", "EOP-ACC-9"], "at a target, a late redirect before anything was resent is Unsolicited, and nobody moves", |s| {
        let (home, target, next) = (s.endpoint("home")?, s.endpoint("target")?, s.endpoint("next")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        if s.control() {
            session.say("resend 1");
            t.expect_n("q")?;
        }
        t.send(r_with(next.address(), "r"))?;
        if s.control() {
            session.expect_message(b"r", "outstanding=0")?;
            return follow(&mut session, &next, "owed=0 late=1").map(drop);
        }
        session.expect(&format!("ended RedirectFailed target={} cause=Unsolicited owed=1", target.address()))?;
        next.nobody()
    })
    .negative(),
    Case::client("acc.greeting", &["EOP-ACC-6", "EOP-ACC-4"], "a greeting is delivered and answers nothing", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        session.say("send 71");
        session.sync()?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "outstanding=1 greeting=1")?;
        h.expect_n("q")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0 greeting=0").map(drop)
    })
    .needs(Feature::Greeting),
    Case::client("acc.nothing-before-greetings", &["EOP-ACC-5"], "no octet of a message goes out before the last greeting", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=2")?;
        session.say("send 71");
        session.sync()?;
        h.send(n("one"))?;
        session.expect_message(b"one", "outstanding=1 greeting=1")?;
        session.sync()?;
        if let Some(came) = h.anything_by_now() {
            return Err(Stop::messages("nothing before the second greeting", came));
        }
        h.send(n("two"))?;
        session.expect_message(b"two", "outstanding=1 greeting=1")?;
        h.expect_n("q")
    })
    .needs(Feature::Greeting),
    Case::client("acc.greeting-at-target", &["EOP-ACC-5", "EOP-ACC-6", "EOP-ACC-4"], "a target's greeting is awaited before anything is resent, and answers nothing", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 resend=automatic")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        session.sync()?;
        if let Some(came) = t.anything_by_now() {
            return Err(Stop::messages("nothing before the target's greeting", came));
        }
        t.send(n("again"))?;
        session.expect_message(b"again", "outstanding=1 greeting=1")?;
        t.expect_n("q")
    })
    .needs(Feature::Greeting),
    Case::client("acc.empty-greeting", &["EOP-ACC-6", "EOP-FRM-8"], "an empty greeting is a greeting: what waits for it goes out, and is not answered by it", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        session.say("send 71");
        session.sync()?;
        h.send(n(""))?;
        session.expect_message(b"", "outstanding=1 greeting=1")?;
        h.expect_n("q")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0 greeting=0").map(drop)
    })
    .needs(Feature::Greeting),
    Case::client("acc.greetings-anew", &["EOP-ACC-5", "EOP-ACC-7"], "greetings that home did not send are not all that a target has to send", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=2 resend=automatic")?;
        session.say("send 71");
        session.sync()?;
        h.send(n("one"))?;
        session.expect_message(b"one", "outstanding=1 greeting=1")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        t.send(n("two"))?;
        session.expect_message(b"two", "outstanding=1 greeting=1")?;
        session.sync()?;
        if let Some(came) = t.anything_by_now() {
            return Err(Stop::messages("nothing before the target's second greeting", came));
        }
        t.send(n("three"))?;
        session.expect_message(b"three", "outstanding=1 greeting=1")?;
        t.expect_n("q")
    })
    .needs(Feature::Greeting),
    Case::client("acc.many-greetings", &["EOP-ACC-5", "EOP-ACC-6"], "three hundred greetings: what waits goes out behind the last of them", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "greeting=300")?;
        session.say("send 71");
        session.sync()?;
        h.send(n("hi").repeat(299))?;
        (0..299).try_for_each(|_| session.expect_message(b"hi", "outstanding=1 greeting=1").map(drop))?;
        session.sync()?;
        if let Some(came) = h.anything_by_now() {
            return Err(Stop::messages("nothing before the last greeting", came));
        }
        h.send(n("last"))?;
        session.expect_message(b"last", "outstanding=1 greeting=1")?;
        h.expect_n("q")
    })
    .needs(Feature::Greeting)
    .whole(),
    Case::client("acc.redirect-behind-greeting", &["EOP-CLS-11"], "the last greeting and R in one read: what waited for the greeting goes to the target only", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 resend=automatic")?;
        session.say("send 71");
        session.sync()?;
        h.send([n("welcome"), r(target.address())].concat())?;
        session.expect_message(b"welcome", "outstanding=1 greeting=1")?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        t.send(n("again"))?;
        session.expect_message(b"again", "outstanding=1 greeting=1")?;
        t.expect_n("q")?;
        h.expect_end()
    })
    .needs(Feature::Greeting)
    .whole(),
    Case::client("acc.redirect-for-greeting", &["EOP-ACC-7"], "a REDIRECT without payload stands in place of the greetings", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=2")?;
        session.say("send 71");
        session.sync()?;
        h.send(n("one"))?;
        session.expect_message(b"one", "greeting=1")?;
        h.send(r(target.address()))?;
        follow(&mut session, &target, "owed=1 late=0").map(drop)
    })
    .needs(Feature::Greeting),
    Case::client("acc.redirect-as-greeting", &["EOP-ACC-8"], "a REDIRECT with payload before the last greeting is a greeting and a move", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1")?;
        session.say("send 71");
        session.sync()?;
        h.send(r_with(target.address(), "welcome"))?;
        session.expect_message(b"welcome", "outstanding=1 greeting=1")?;
        let mut t = follow(&mut session, &target, "owed=1 late=1")?;
        session.say("resend 1");
        t.send(n("again"))?;
        session.expect_message(b"again", "outstanding=1 greeting=1")?;
        t.expect_n("q")
    })
    .needs(Feature::Greeting),
    Case::client("acc.past-greetings", &["EOP-ACC-9", "EOP-ACC-6"], "a message past the greetings that answers nothing is Unsolicited", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, &format!("greeting={}", s.pick(2, 1)))?;
        h.send([n("one"), n("two")].concat())?;
        session.expect_message(b"one", "greeting=1")?;
        if s.control() {
            return session.expect_message(b"two", "greeting=1").map(drop);
        }
        session.expect("ended Unsolicited").map(drop)
    })
    .negative()
    .needs(Feature::Greeting),
    Case::client("acc.manual-unsolicited", &["EOP-ACC-13"], "in manual a message that answers nothing is delivered, before and after a message", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        h.send(n("news"))?;
        session.expect_message(b"news", "outstanding=0")?;
        ask(&mut session, &mut h)?;
        h.send(n("more"))?;
        session.expect_message(b"more", "outstanding=1").map(drop)
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-unsolicited-late", &["EOP-ACC-13"], "in manual a REDIRECT with payload that answers nothing is delivered and followed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        h.send(r_with(target.address(), "news"))?;
        session.expect_message(b"news", "outstanding=0")?;
        follow(&mut session, &target, "owed=0 late=1").map(drop)
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-greeting", &["EOP-ACC-5", "EOP-ACC-6"], "in manual, too, nothing goes out before the greeting, which is told from other messages", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "discipline=manual greeting=1")?;
        session.say("send 71");
        session.sync()?;
        if let Some(came) = h.anything_by_now() {
            return Err(Stop::messages("nothing before the greeting", came));
        }
        h.send([n("welcome"), n("news")].concat())?;
        session.expect_message(b"welcome", "outstanding=1 greeting=1")?;
        session.expect_message(b"news", "outstanding=1 greeting=0")?;
        h.expect_n("q")
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-retire", &["EOP-ACC-11"], "in manual what is retired is not resent, and what is not is", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        session.say("send 6f6e65");
        session.say("send 74776f");
        h.expect_n("one")?;
        h.expect_n("two")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=2")?;
        session.say("retire 1");
        session.sync()?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        session.say("resend 1");
        t.expect_n("two")?;
        session.sync()?;
        t.anything_by_now().map_or(Ok(()), |came| Err(Stop::messages("only `two` resent", came)))
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-retire-many", &["EOP-ACC-11"], "in manual nothing is retired with 0, two of three messages are with 2, and the third is owed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        give(&session, &mut h, &["one", "two", "six"])?;
        session.say("retire 0");
        session.say("retire 2");
        session.sync()?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        session.say("resend 1");
        t.expect_n("six")
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-retire-nothing", &["EOP-ACC-12", "EOP-DRV-14"], "in manual nothing is retired with 0 before home answers the connect, before the greeting and at a target, and that is never refused", |s| {
        let (home, silent, target) = (s.endpoint("home")?, s.silent("silent")?, s.endpoint("target")?);
        let mut connecting = s.session(&silent.address().to_string(), "discipline=manual");
        connecting.say("retire 0");
        connecting.close()?;
        let (mut session, mut h) = s.begin(&home, "discipline=manual greeting=1")?;
        session.say("retire 0");
        session.sync()?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "outstanding=0 greeting=1")?;
        ask(&mut session, &mut h)?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        session.say("resend 1");
        session.say("retire 0");
        session.sync()?;
        t.send(n("again"))?;
        session.expect_message(b"again", "outstanding=1 greeting=1")?;
        t.expect_n("q")
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("acc.manual-retire-moves-later", &["EOP-ACC-12", "EOP-ACC-14"], "in manual what home was sent can be retired two moves later, before the greeting there, if it was not resent", |s| {
        let home = s.endpoint("home")?;
        let (b, c) = (s.endpoint("B")?, s.endpoint("C")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual greeting=1")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        let mut link = early(&mut session, &mut h, &b, 1)?;
        if !s.control() {
            session.say("resend 1");
            session.sync()?;
        }
        let mut link = early(&mut session, &mut link, &c, 2)?;
        session.say("retire 1");
        if s.control() {
            session.sync()?;
        } else {
            session.expect("rejected retire *")?;
        }
        link.send(n("again"))?;
        session.expect_message(b"again", s.pick("outstanding=0", "outstanding=1")).map(drop)
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("acc.manual-retire-after-redirect", &["EOP-ACC-14"], "in manual an answer and R in one read: what is retired then is not resent", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send([n("r"), r(target.address())].concat())?;
        session.expect_message(b"r", "outstanding=1")?;
        session.expect(&format!("redirected {} late=0", target.address()))?;
        let mut t = arrive(&mut session, &target)?;
        session.say("retire 1");
        session.sync()?;
        session.say("send 6e6577");
        t.expect_n("new")
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-retire-after-reset", &["EOP-ACC-14", "EOP-RSD-8"], "in manual an answer and RST: what is retired then is not uncertain", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=1")?;
        h.reset()?;
        session.say("retire 1");
        // Retired before or after the reset was seen: only then is there anything to wait for.
        session.say("sync s0");
        let events = session.events_until("ended")?;
        match events.iter().find(|event| event.verb() == "ended") {
            Some(ended) if ended.matches("ended Uncertain|eof uncertain=0 unsent=0 owed=0") => Ok(()),
            other => Err(Stop::messages("ended with nothing uncertain", format!("{other:?}"))),
        }
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("acc.manual-retire-after-fin", &["EOP-ACC-14", "EOP-HCL-4"], "in manual an answer and FIN: what is retired then makes it a clean end", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send(n("r"))?;
        h.half_close()?;
        session.expect_message(b"r", "outstanding=1")?;
        session.say("retire 1");
        session.say("sync s0");
        match session.events_until("ended")?.last() {
            Some(ended) if ended.matches("ended eof owed=0 unsent=0 uncertain=0") => Ok(()),
            ended => Err(Stop::messages("ended eof", format!("{ended:?}"))),
        }
    })
    .needs(Feature::Manual),
    Case::client("acc.manual-end-waits", &["EOP-ACC-14", "EOP-DRV-15", "EOP-DRV-14"], "in manual the end waits for the application, which retires what was answered before RST", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=1")?;
        h.reset()?;
        session.quiet()?;
        let misuse = ["send 71", "half-close", "resend 0"];
        misuse.iter().for_each(|command| session.say(command));
        for _ in misuse {
            session.expect("rejected send|half-close|resend *").map_err(|stop| stop.against("EOP-DRV-14"))?;
        }
        session.say("retire 1");
        session.say("sync s0");
        session.expect("synced s0")?;
        session.expect("ended Uncertain uncertain=0 unsent=0 owed=0").map(drop)
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("acc.manual-clean-end-waits", &["EOP-DRV-15", "EOP-DRV-17"], "in manual a clean end waits too, if a message was delivered that nobody answered for; a `close` lets it stand", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        h.send(n("news"))?;
        session.expect_message(b"news", "outstanding=0")?;
        h.half_close()?;
        session.quiet()?;
        session.say("close");
        session.expect("ended eof").map_err(|stop| stop.against("EOP-DRV-17")).map(drop)
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("acc.manual-end-waits-no-longer", &["EOP-DRV-15"], "in manual the end waits for one second, and comes by itself then", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.half_close()?;
        session.patience(s.beyond(1000));
        session.expect("ended Uncertain owed=0 unsent=0 uncertain=1").map(drop)
    })
    .needs(Feature::Manual)
    .whole(),
    Case::client("acc.manual-retire-too-much", &["EOP-ACC-12"], "in manual retiring more than was sent is refused and changes nothing", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        session.say(s.pick("retire 1", "retire 2"));
        if !s.control() {
            session.expect("rejected retire *")?;
        }
        session.sync()?;
        h.send(r(target.address()))?;
        follow(&mut session, &target, s.pick("owed=0", "owed=1")).map(drop)
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("acc.manual-retire-part", &["EOP-ACC-12"], "in manual a message that is still being sent cannot be retired", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "discipline=manual")?;
        session.say(&format!("send @{HUGE}"));
        if s.control() {
            h.message("the message")?;
            session.say("retire 1");
            return session.sync();
        }
        h.expect_octets(1)?;
        session.say("retire 1");
        session.expect("rejected retire *").map(drop)
    })
    .negative()
    .needs(Feature::Manual)
    .whole(),
    Case::client("acc.manual-retire-after-resend", &["EOP-ACC-12"], "in manual what is owed can be retired until the application resends it, and then only when it was sent again", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "discipline=manual greeting=1")?;
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "greeting=1")?;
        ask(&mut session, &mut h)?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0")?;
        if !s.control() {
            session.say("resend 1");
        }
        session.say("retire 1");
        if s.control() {
            session.sync()?;
        } else {
            session.expect("rejected retire *")?;
        }
        t.send(n("again"))?;
        session.expect_message(b"again", s.pick("outstanding=0", "outstanding=1"))?;
        if s.control() { Ok(()) } else { t.expect_n("q") }
    })
    .negative()
    .needs(Feature::Manual),
    Case::client("acc.manual-never-by-itself", &["EOP-RSD-11", "EOP-ACC-11"], "in manual nothing is resent before the application says so", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "discipline=manual")?;
        session.sync()?;
        if let Some(came) = t.anything_by_now() {
            return Err(Stop::messages("nothing before `resend`", came));
        }
        session.say("resend 1");
        t.expect_n("q")
    })
    .needs(Feature::Manual),
    Case::client("acc.paired-retire", &["EOP-DRV-14", "EOP-ACC-1"], "in paired the application cannot retire", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("retire 1");
        session.expect("rejected retire *")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    }),
];
