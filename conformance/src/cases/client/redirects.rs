//! Section 4 for clients: what a REDIRECT makes a client do.

use super::scenes::{arrive, ask, asked, early, follow};
use crate::case::Case;
use crate::feature::Feature;
use crate::link::Seen;
use crate::octets::{cut, n, pattern, r, r_with, raw, redirect_header};
use crate::timeline::frame;
use crate::verdict::Stop;
use eop_wire::opcode;

pub(super) const CASES: &[Case] = &[
    Case::client(
        "red.early",
        &["EOP-RED-7", "EOP-RSD-3", "EOP-DRV-21"],
        "an early redirect: the client moves, and resends when told to",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(r(target.address()))?;
            let mut t = follow(&mut session, &target, "owed=1 late=0 hop=1 resend=explicit")?;
            session.say("resend 1");
            t.expect_n("q")?;
            t.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0 greeting=0")?;
            session.close().map(drop)
        },
    ),
    Case::client(
        "red.late",
        &["EOP-RED-5", "EOP-ACC-1", "EOP-DRV-7"],
        "a late redirect: its payload is the answer, then the client moves and resends nothing",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(r_with(target.address(), "r"))?;
            session.expect_message(b"r", "outstanding=0 greeting=0")?;
            let mut t = follow(&mut session, &target, "owed=0 late=1 hop=1")?;
            session.say("send 6e6577");
            t.expect_n("new")
        },
    ),
    Case::client(
        "red.late-large",
        &["EOP-RED-5"],
        "a large late answer is delivered whole before the move",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(r_with(target.address(), pattern(300_000)))?;
            session.expect_message(&pattern(300_000), "outstanding=0")?;
            follow(&mut session, &target, "owed=0 late=1").map(drop)
        },
    ),
    Case::client(
        "red.late-empty",
        &["EOP-ACC-1", "EOP-RSD-4"],
        "N(\"\") and R: the empty answer counts, nothing is resent",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(n(""))?;
            h.send(r(target.address()))?;
            session.expect_message(b"", "outstanding=0")?;
            let mut t = follow(&mut session, &target, "owed=0 late=0")?;
            session.say("send 6e6577");
            t.expect_n("new")
        },
    ),
    Case::client(
        "red.idle",
        &["EOP-RED-7", "EOP-RSD-4"],
        "an idle redirect: the client moves with nothing owed",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = s.begin(&home, "")?;
            h.send(r(target.address()))?;
            let mut t = follow(&mut session, &target, "owed=0 late=0 hop=1")?;
            ask(&mut session, &mut t)
        },
    ),
    Case::client(
        "red.chain",
        &["EOP-RED-7", "EOP-RSD-6"],
        "three redirects in a row, and the message still arrives once, at the last",
        |s| {
            let home = s.endpoint("home")?;
            let (b, c, d) = (s.endpoint("B")?, s.endpoint("C")?, s.endpoint("D")?);
            let (mut session, mut h) = asked(s, &home, "resend=automatic")?;
            let mut b = early(&mut session, &mut h, &b, 1)?;
            b.expect_n("q")?;
            let mut c = early(&mut session, &mut b, &c, 2)?;
            c.expect_n("q")?;
            let mut d = early(&mut session, &mut c, &d, 3)?;
            d.expect_n("q")?;
            d.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "red.payload-first",
        &["EOP-RED-6", "EOP-RED-5"],
        "while the payload of a REDIRECT is incomplete, nothing is delivered and nobody is connected to",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            let whole = r_with(target.address(), "answer");
            let (head, tail) = whole.split_at(15);
            h.send(head)?;
            h.settle()?;
            session.sync()?;
            target.nobody()?;
            h.send(tail)?;
            session.expect_message(b"answer", "outstanding=0")?;
            follow(&mut session, &target, "owed=0 late=1").map(drop)
        },
    ),
    Case::client(
        "red.cut-payload",
        &["EOP-RED-6", "EOP-FRM-5"],
        "a REDIRECT whose payload is cut off by FIN is not followed",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            let whole = r_with(target.address(), "answer");
            h.send(s.pick(whole.clone(), cut(whole, 17)))?;
            h.half_close()?;
            if s.control() {
                session.expect_message(b"answer", "outstanding=0")?;
                return follow(&mut session, &target, "owed=0 late=1").map(drop);
            }
            session.expect("ended TruncatedFrame uncertain=1")?;
            target.nobody()
        },
    )
    .negative(),
    Case::client(
        "red.cut-header",
        &["EOP-RED-6"],
        "eleven octets of a REDIRECT and RST are not followed",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send(s.pick(r(target.address()), cut(r(target.address()), 11)))?;
            h.settle()?;
            h.reset()?;
            if s.control() {
                return follow(&mut session, &target, "owed=1").map(drop);
            }
            session.expect("ended Uncertain uncertain=1")?;
            target.nobody()
        },
    )
    .negative(),
    Case::client(
        "red.no-fin-needed",
        &["EOP-RED-7", "EOP-CLS-8", "EOP-RED-1"],
        "the client moves although the redirector sends no FIN, and closes the old connection",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            let _t = early(&mut session, &mut h, &target, 1)?;
            match h.next("the client ends the old connection") {
                Ok(Seen::Frame(header, payload)) if header.opcode == opcode::REDIRECT => Err(
                    Stop::messages("no REDIRECT from a client", frame(header, &payload))
                        .against("EOP-RED-1"),
                ),
                Ok(Seen::Frame(header, payload)) => Err(Stop::messages(
                    "no message on the old connection",
                    frame(header, &payload),
                )
                .against("EOP-RED-13")),
                ended => ended.map(drop).map_err(|stop| stop.against("EOP-CLS-8")),
            }
        },
    ),
    Case::client(
        "red.nothing-after",
        &["EOP-RED-9"],
        "a message behind a REDIRECT is not delivered",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send([r(target.address()), n("late")].concat())?;
            let mut t = follow(&mut session, &target, "owed=1 late=0")?;
            session.sync()?;
            session.say("resend 1");
            t.expect_n("q")?;
            t.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "red.garbage-after",
        &["EOP-RED-9"],
        "what stands behind a REDIRECT is no error and does not reach the next connection's parser",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send([r(target.address()), b"\xff\xffGET / ".to_vec()].concat())?;
            let mut t = follow(&mut session, &target, "owed=1 late=0")?;
            session.say("resend 1");
            t.expect_n("q")?;
            t.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0").map(drop)
        },
    ),
    Case::client(
        "red.second-redirect",
        &["EOP-RED-9"],
        "a second REDIRECT behind the first is not followed",
        |s| {
            let (home, target, other) = (
                s.endpoint("home")?,
                s.endpoint("target")?,
                s.endpoint("other")?,
            );
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send([r(target.address()), r(other.address())].concat())?;
            let _t = follow(&mut session, &target, "owed=1 late=0")?;
            session.sync()?;
            other.nobody()
        },
    ),
    Case::client(
        "red.new-session-at-home",
        &["EOP-RED-15"],
        "a session that begins after another was moved begins at home",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            let _t = early(&mut session, &mut h, &target, 1)?;
            session.close()?;
            s.begin(&home, "")?;
            target.nobody()
        },
    ),
    Case::client(
        "red.sessions-apart",
        &["EOP-RED-15", "EOP-POL-10"],
        "what one session was moved to counts for no other: each may go where the other went, with a bound of one",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let mut open = Vec::new();
            for _ in 0..3 {
                let settings = "max-redirects=1 moves=1";
                let (mut session, mut h) = s.begin(&home, settings)?;
                h.send(r(target.address()))?;
                let t = follow(&mut session, &target, "owed=0 late=0 hop=1")?;
                open.push((session, t));
            }
            Ok(())
        },
    ),
    Case::client(
        "red.refused-target-payload",
        &["EOP-RED-10"],
        "the payload of a REDIRECT with a forbidden target is delivered, and the target refused",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            let forbidden =
                std::net::SocketAddrV4::new([0, 0, 0, 0].into(), target.address().port());
            h.send(r_with(s.pick(target.address(), forbidden), "r"))?;
            session.expect_message(b"r", "outstanding=0")?;
            if s.control() {
                return follow(&mut session, &target, "owed=0 late=1").map(drop);
            }
            session.expect(&format!(
                "ended RedirectRefused target={forbidden} reason=forbidden owed=0"
            ))?;
            target.nobody()
        },
    )
    .negative(),
    Case::client(
        "red.while-writing",
        &["EOP-RED-12", "EOP-RED-13", "EOP-RSD-5"],
        "a REDIRECT is seen in the middle of a large message, which is abandoned and resent whole",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = s.begin(&home, "")?;
            session.say(&format!("send @{HUGE}"));
            h.expect_octets(1)?;
            h.send(r(target.address()))?;
            let mut t = follow(&mut session, &target, "owed=1 late=0")?;
            session.say("resend 1");
            t.expect_n(pattern(HUGE))
                .map_err(|stop| stop.against("EOP-RSD-5"))?;
            t.send(n("r"))?;
            session.expect_message(b"r", "outstanding=0")?;
            let sent = h.drain()?;
            if sent < HUGE {
                return Ok(());
            }
            Err(
                Stop::messages("the message abandoned", format!("{sent} octets of it sent"))
                    .against("EOP-RED-13"),
            )
        },
    )
    .whole(),
    Case::client(
        "red.the-old-stays-silent",
        &["EOP-RED-13"],
        "with order=new-first nothing goes out on the old connection while the new one is waited for",
        |s| {
            let home = s.endpoint("home")?;
            let target = s.pick(s.endpoint("target")?, s.silent("target")?);
            let settings = "order=new-first resend=automatic deadline=400";
            let (mut session, mut h) = asked(s, &home, settings)?;
            h.send(r(target.address()))?;
            session.expect(&format!("redirected {} owed=1", target.address()))?;
            session.say("send 6e6577");
            if s.control() {
                let mut t = arrive(&mut session, &target)?;
                t.expect_n("q")?;
                t.expect_n("new")?;
            } else {
                session.patience(s.beyond(400));
                session.expect("ended RedirectDeadline owed=1 unsent=1")?;
            }
            h.expect_end()
        },
    )
    .negative()
    .needs(Feature::NewFirst)
    .whole(),
    Case::client(
        "red.payload-like-a-header",
        &["EOP-FRM-9", "EOP-RED-5"],
        "a payload of a REDIRECT that looks like another REDIRECT stays a payload",
        |s| {
            let (home, target, other) = (
                s.endpoint("home")?,
                s.endpoint("target")?,
                s.endpoint("other")?,
            );
            let (mut session, mut h) = asked(s, &home, "")?;
            let inner = r(other.address());
            h.send(r_with(target.address(), &inner))?;
            session.expect_message(&inner, "outstanding=0")?;
            let _t = follow(&mut session, &target, "owed=0 late=1")?;
            session.sync()?;
            other.nobody()
        },
    ),
    Case::client(
        "red.header-in-the-middle",
        &["EOP-FRM-2"],
        "an answer and a REDIRECT joined, and the answer counts",
        |s| {
            let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
            let (mut session, mut h) = asked(s, &home, "")?;
            h.send([n("r"), raw(redirect_header(target.address(), 0), b"")].concat())?;
            session.expect_message(b"r", "outstanding=0")?;
            follow(&mut session, &target, "owed=0 late=0").map(drop)
        },
    ),
];

/// A message larger than what the two sockets of a connection hold.
const HUGE: usize = 16_000_000;
