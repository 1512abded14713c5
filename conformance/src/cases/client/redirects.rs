//! Section 4 for clients: what a REDIRECT makes a client do.

use crate::case::Case;
use crate::octets::{n, r};

pub(super) const GATE: Case =
    Case::client("frm.message-is-sent", &["EOP-FRM-1"], "a message is sent as one frame, and its answer delivered", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say("send 71");
        h.expect_n("q")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0 greeting=0")?;
        session.close().map(drop)
    });

pub(super) const CASES: &[Case] = &[
    GATE,
    Case::client("red.early", &["EOP-RSD-3"], "an early redirect: the client moves, and resends when told to", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        session.say("send 71");
        h.expect_n("q")?;
        h.send(r(target.address()))?;
        session.expect(&format!("redirected {} owed=1 late=0 hop=1 resend=explicit", target.address()))?;
        let mut t = target.accept()?;
        session.expect(&format!("connected {} hop=1", target.address()))?;
        session.say("resend 1");
        t.expect_n("q")?;
        t.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0 greeting=0")?;
        session.close().map(drop)
    }),
];
