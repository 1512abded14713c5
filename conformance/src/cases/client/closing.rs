//! Sections 6 and 9 for clients: closing, stalls, timers, and that an error stays where it is.

use super::scenes::{ask, asked, early, follow, moved, owing};
use crate::case::Case;
use crate::feature::Feature;
use crate::link::Link;
use crate::octets::{cut, n, r, r_with};
use crate::verdict::{Step, Stop};

/// The client has ended the connection that it left, by the time it opens the next one.
fn closed(old: &mut Link) -> Step {
    match old.ended_by_now() {
        Some(_) => Ok(()),
        None => Err(Stop::end(
            "the old connection closed when the new one comes",
            "it is still open",
        )),
    }
}

pub(super) const CASES: &[Case] = &[
    Case::client("cls.old-first", &["EOP-CLS-9"], "the old connection is closed before the new one is opened", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (_session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        let _t = target.accept()?;
        closed(&mut h)
    }),
    Case::client("cls.old-first-every-time", &["EOP-CLS-9", "EOP-CLS-8"], "moved early, late and idle, the client closes the old connection each time before it opens the new one", |s| {
        let home = s.endpoint("home")?;
        let (b, c, d) = (s.endpoint("B")?, s.endpoint("C")?, s.endpoint("D")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        let mut bl = early(&mut session, &mut h, &b, 1)?;
        closed(&mut h)?;
        session.say("resend 1");
        bl.expect_n("q")?;
        bl.send(r_with(c.address(), "r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        let mut cl = follow(&mut session, &c, "owed=0 late=1 hop=2")?;
        closed(&mut bl)?;
        cl.send(r(d.address()))?;
        let _d = follow(&mut session, &d, "owed=0 late=0 hop=3")?;
        closed(&mut cl)
    }),
    Case::client("cls.unmoved", &["EOP-CLS-8"], "a connection is closed at its REDIRECT too if that is refused, surfaced or a loop", |s| {
        let forbidden = std::net::SocketAddrV4::new([0, 0, 0, 0].into(), 9001);
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        for (target, settings) in [(forbidden, ""), (target.address(), "max-redirects=0"), (home.address(), "")] {
            let (mut session, mut h) = asked(s, &home, settings)?;
            h.send(r(target))?;
            session.expect(&format!("ended RedirectRefused|NotFollowed|RedirectLoop target={target} owed=1"))?;
            h.expect_end()?;
        }
        Ok(())
    }),
    Case::client("cls.new-first", &["EOP-CLS-8"], "with order=new-first the old connection is closed too, after the new one is there", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "order=new-first")?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        h.expect_end()?;
        session.say("resend 1");
        t.expect_n("q")
    })
    .needs(Feature::NewFirst),
    Case::client("cls.new-first-in-order", &["EOP-DRV-16"], "with order=new-first the old connection stays open while the new one is waited for", |s| {
        let (home, target) = (s.endpoint("home")?, s.silent("target")?);
        let (mut session, mut h) = asked(s, &home, "order=new-first")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1", target.address()))?;
        session.say_exactly("sned");
        session.expect("rejected line *")?;
        h.ended_by_now().map_or(Ok(()), |end| Err(Stop::end("the old connection still open", end.to_string())))
    })
    .needs(Feature::NewFirst)
    .whole(),
    Case::client("cls.redirect-then-reset", &["EOP-CLS-10", "EOP-RED-7"], "a complete REDIRECT right before RST is followed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        h.reset()?;
        follow(&mut session, &target, "owed=1").map(drop)
    }),
    Case::client("cls.redirect-then-reset-while-writing", &["EOP-CLS-10", "EOP-RED-12"], "R and RST in the middle of a large message: whatever the write reports, R is followed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        // A client that reads R before RST has come meets no error: the answers before them keep it busy until both have.
        const ANSWERS: usize = 400;
        for _ in 0..4 {
            let (mut session, mut h) = s.begin(&home, "")?;
            for _ in 0..ANSWERS {
                session.say("send 71");
            }
            session.say("send @16000000");
            for _ in 0..ANSWERS {
                h.expect_n("q")?;
            }
            h.expect_octets(1)?;
            // It fills the pipe.
            h.idle(200, 1);
            h.send(n("a").repeat(ANSWERS))?;
            h.settle()?;
            h.send(r(target.address()))?;
            h.reset()?;
            for _ in 0..ANSWERS {
                session.expect_message(b"a", "")?;
            }
            follow(&mut session, &target, "owed=1")?;
        }
        Ok(())
    })
    .whole(),
    Case::client("cls.redirect-then-fin", &["EOP-RED-7"], "a complete REDIRECT right before FIN is followed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        h.half_close()?;
        follow(&mut session, &target, "owed=1").map(drop)
    }),
    Case::client("cls.answer-then-reset", &["EOP-CLS-10"], "an answer right before RST is delivered", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        h.reset()?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    }),
    Case::client("cls.redirect-before-send", &["EOP-CLS-11", "EOP-CLS-10"], "R and RST wait on an idle client when it is given a message: the message goes to the target", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "resend=automatic")?;
        h.send(r(target.address()))?;
        h.reset()?;
        session.say("send 71");
        session.expect(&format!("redirected {} late=0", target.address()))?;
        let mut t = target.accept()?;
        t.expect_n("q")
    })
    .needs(Feature::Automatic),
    Case::client("cls.stall", &["EOP-CLS-12"], "a message that nobody reads ends in Stall", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "stall=400")?;
        session.patience(s.beyond(400));
        session.say(&format!("send @{}", s.pick(16, 16_000_000)));
        if s.control() {
            h.message("the message")?;
            h.send(n("r"))?;
            return session.expect("message * outstanding=0").map(drop);
        }
        session.expect("ended Stall uncertain=1").map(drop)
    })
    .negative()
    .whole(),
    Case::client("cls.stall-though-it-hears", &["EOP-CLS-12"], "a message that nobody reads ends in Stall although the server keeps sending", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "discipline=manual stall=400")?;
        session.say(&format!("send @{}", s.pick(16, 16_000_000)));
        if s.control() {
            h.message("the message")?;
            h.send(n("r"))?;
            return session.expect("message * outstanding=1").map(drop);
        }
        h.expect_octets(1)?;
        // A closed connection answers further octets with a reset, which shows without reading.
        for _ in 0..40 {
            h.send_whole(n("news"))?;
            h.idle(400, 2);
            if h.reset_unread() {
                break;
            }
        }
        if !h.reset_unread() {
            return Err(Stop::end("the message given up after the limit", "it waits on while it hears something"));
        }
        session.say("sync s0");
        let events = session.events_until("ended")?;
        match events.last() {
            Some(ended) if ended.matches("ended Stall uncertain=1") => Ok(()),
            ended => Err(Stop::messages("ended Stall uncertain=1", format!("{ended:?}"))),
        }
    })
    .negative()
    .needs(Feature::Manual)
    .whole(),
    Case::client("cls.held-back-is-no-stall", &["EOP-CLS-12"], "what waits for a greeting, or for the decision, for longer than a stall is sent all the same", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "greeting=1 stall=300")?;
        session.say("send 71");
        h.idle(300, 15);
        h.send(n("welcome"))?;
        session.expect_message(b"welcome", "outstanding=1 greeting=1")?;
        h.expect_n("q")?;
        let mut t = early(&mut session, &mut h, &target, 1)?;
        t.send(n("again"))?;
        session.expect_message(b"again", "outstanding=1 greeting=1")?;
        t.idle(300, 15);
        session.say("resend 1");
        t.expect_n("q")
    })
    .needs(Feature::Greeting)
    .whole(),
    Case::client("cls.stall-at-target", &["EOP-CLS-12", "EOP-DRV-11"], "a target that reads nothing is RedirectFailed with the cause Stall", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "stall=400")?;
        session.patience(s.beyond(400));
        session.say(&format!("send @{}", s.pick(16, 16_000_000)));
        if s.control() {
            t.message("the message")?;
            t.send(n("r"))?;
            return session.expect("message * outstanding=0").map(drop);
        }
        session.expect("ended RedirectFailed cause=Stall uncertain=1").map(drop)
    })
    .negative()
    .whole(),
    Case::client("cls.slow-is-no-stall", &["EOP-CLS-12"], "a message that is read slowly, but all the time, may take longer than a stall", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "stall=1000")?;
        session.say("send @16000000");
        for part in 1..=20 {
            h.expect_octets(part * 750_000)?;
            h.idle(1000, 1);
        }
        h.message("the message")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    })
    .whole(),
    Case::client("tim.header", &["EOP-TIM-1"], "five octets of a header and silence end in Timeout", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "header=300")?;
        h.send(cut(n("r"), 5))?;
        if s.control() {
            h.settle()?;
            h.send(n("r").split_off(5))?;
            return session.expect_message(b"r", "outstanding=0").map(drop);
        }
        session.patience(s.beyond(300));
        session.expect("ended Timeout uncertain=1")?;
        h.expect_end()
    })
    .negative()
    .whole(),
    Case::client("tim.second-header", &["EOP-TIM-1"], "one octet of a header and silence end in Timeout behind an answer too", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "header=300")?;
        ask(&mut session, &mut h)?;
        h.send(n("one"))?;
        session.expect_message(b"one", "outstanding=1")?;
        h.send(cut(n("r"), 1))?;
        if s.control() {
            h.settle()?;
            h.send(n("r").split_off(1))?;
            return session.expect_message(b"r", "outstanding=0").map(drop);
        }
        session.patience(s.beyond(300));
        session.expect("ended Timeout uncertain=1")?;
        h.expect_end()
    })
    .negative()
    .whole(),
    Case::client("tim.at-target", &["EOP-TIM-1", "EOP-DRV-11"], "at a target half a header and silence are RedirectFailed with the cause Timeout", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut t) = moved(s, &home, &target, "header=300")?;
        ask(&mut session, &mut t)?;
        t.send(s.pick(n("r"), cut(n("r"), 5)))?;
        if s.control() {
            return session.expect_message(b"r", "outstanding=0").map(drop);
        }
        session.patience(s.beyond(300));
        session.expect("ended RedirectFailed cause=Timeout uncertain=1")?;
        t.expect_end()
    })
    .negative()
    .whole(),
    Case::client("tim.slow-payload", &["EOP-TIM-1"], "an answer that lets wait for longer than a header may, and pauses in its payload, is still delivered", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "header=200")?;
        h.idle(200, 20);
        h.send(cut(n("answer"), 15))?;
        h.settle()?;
        h.idle(200, 20);
        h.send(n("answer").split_off(15))?;
        session.expect_message(b"answer", "outstanding=0").map(drop)
    })
    .whole(),
    Case::client("err.elsewhere", &["EOP-ERR-3"], "a session that fails does not disturb another one", |s| {
        let (home, other) = (s.endpoint("home")?, s.endpoint("other")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        let (mut failing, mut o) = asked(s, &other, "")?;
        o.send([0xff, 0xff])?;
        failing.expect("ended NotEop~UnknownOpcode uncertain=1")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0").map(drop)
    }),
    Case::client("err.no-octet-after", &["EOP-ERR-2", "EOP-ERR-1"], "after a protocol error the client sends nothing more and closes", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(s.pick(n("r"), vec![0, 9]))?;
        if s.control() {
            session.expect_message(b"r", "outstanding=0")?;
            session.say("send 6e6577");
            return h.expect_n("new");
        }
        session.expect("ended NotEop~UnknownOpcode uncertain=1")?;
        session.say("send 6e6577");
        h.expect_end().map_err(|stop| match &stop {
            Stop::Breach(breach) if breach.timed_out() => stop.against("EOP-ERR-1"),
            Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
        })
    })
    .negative(),
    Case::client("cls.at-the-end", &["EOP-CLS-13"], "a session that ends closes its connection: when the application closes, with the server's FIN, and in manual before anything is retired", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say("close");
        session.expect("ended closed")?;
        h.expect_end()?;
        let (mut session, mut h) = s.begin(&home, "")?;
        h.half_close()?;
        session.expect("ended eof")?;
        h.expect_end()?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.half_close()?;
        session.expect("ended Uncertain uncertain=1")?;
        h.expect_end()
    }),
    Case::client("cls.at-the-end-in-manual", &["EOP-CLS-13"], "in manual the connection is closed when it is over, and not only when the end is settled", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "discipline=manual")?;
        h.half_close()?;
        h.expect_end()?;
        session.say("retire 1");
        session.say("sync s0");
        match session.events_until("ended")?.last() {
            Some(ended) if ended.matches("ended eof owed=0 unsent=0 uncertain=0") => Ok(()),
            ended => Err(Stop::messages("ended eof", format!("{ended:?}"))),
        }
    })
    .needs(Feature::Manual),
    Case::client("end.closed", &["EOP-FAI-2"], "a session ended by its application says what became of its messages", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("close");
        session.expect("ended closed owed=0 unsent=0 uncertain=1")?;
        h.expect_end()
    }),
    Case::client("end.closed-while-writing", &["EOP-DRV-17", "EOP-FAI-2"], "closed with one message sent, one half sent and one not begun: two are uncertain, one is unsent", |s| {
        let home = s.endpoint("home")?;
        let (mut session, _h) = asked(s, &home, "")?;
        session.say("send @16000000");
        session.say("send 6e6577");
        session.sync()?;
        session.say("close");
        session.expect("ended closed owed=0 unsent=1 uncertain=2").map(drop)
    })
    .whole(),
    Case::client("end.closed-while-connecting", &["EOP-DRV-17", "EOP-FAI-2"], "closed while home has not answered the connect: what was given is unsent", |s| {
        let home = s.silent("home")?;
        let mut session = s.session(&home.address().to_string(), "");
        session.say("send 71");
        session.say("close");
        session.expect("ended closed owed=0 unsent=1 uncertain=0").map(drop)
    })
    .whole(),
    Case::client("end.closed-behind-a-resend", &["EOP-DRV-17", "EOP-FAI-2"], "closed when what was owed has been resent: it is uncertain, and no longer owed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, _h, mut t) = owing(s, &home, &target, "")?;
        session.say("resend 1");
        t.expect_n("q")?;
        session.sync()?;
        session.say("close");
        session.expect("ended closed owed=0 unsent=0 uncertain=1").map(drop)
    }),
];
