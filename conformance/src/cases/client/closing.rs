//! Sections 6 and 9 for clients: closing, stalls, timers, and that an error stays where it is.

use super::scenes::{ask, asked, early, follow};
use crate::case::Case;
use crate::feature::Feature;
use crate::octets::{cut, n, r};
use crate::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::client("cls.old-first", &["EOP-CLS-9"], "the old connection is closed before the new one is opened", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (_session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        let _t = target.accept()?;
        match h.ended_by_now() {
            Some(_) => Ok(()),
            None => Err(Stop::end("the old connection closed when the new one comes", "it is still open")),
        }
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
    Case::client("cls.redirect-then-reset", &["EOP-CLS-10", "EOP-RED-7"], "a complete REDIRECT right before RST is followed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        h.reset()?;
        follow(&mut session, &target, "owed=1").map(drop)
    }),
    Case::client("cls.redirect-then-reset-while-writing", &["EOP-CLS-10", "EOP-RED-12"], "R and RST in the middle of a large message: whatever the write reports, R is followed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        // A client may read R before RST has come, and its write has no error then: so it is done more than once.
        for _ in 0..8 {
            let (mut session, mut h) = s.begin(&home, "")?;
            session.say("send @16000000");
            h.expect_octets(1)?;
            h.send(r(target.address()))?;
            h.reset()?;
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
            Stop::Breach(breach) if breach.timed_out => stop.against("EOP-ERR-1"),
            Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
        })
    })
    .negative(),
    Case::client("end.closed", &["EOP-FAI-2"], "a session ended by its application says what became of its messages", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        session.say("close");
        session.expect("ended closed owed=0 unsent=0 uncertain=1")?;
        h.expect_end()
    }),
];
