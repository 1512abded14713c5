//! Section 11 for clients: whom a client believes over TLS, what it shows and to whom, and how a stream ends there.
//!
//! The runner is every server, with the certificates of the run's own authority; what is wrong about a server is its terms.

use crate::authority::{Identity, Protocol, Terms};
use crate::case::Case;
use crate::feature::Feature;
use crate::link::{Link, Unsecured};
use crate::octets::{n, r};
use crate::stage::{ClientStage, Endpoint, Session};
use crate::verdict::{Step, Stop};

use super::scenes::{ask, asked, follow};

/// A deadline, and the setting: long enough for a handshake on a busy machine.
const LIMIT: u32 = 1000;
const DEADLINE: &str = "deadline=1000";
/// The first octet of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// A server that is not who it should be.
const fn shows(shows: Identity) -> Terms {
    Terms { shows, ..terms() }
}

/// A server that says that it speaks something else, or does not say what.
const fn speaks(speaks: Protocol) -> Terms {
    Terms { speaks, ..terms() }
}

/// A server that wants to know who its clients are.
const fn asks(terms: Terms) -> Terms {
    Terms {
        asks: true,
        ..terms
    }
}

const fn terms() -> Terms {
    Terms {
        speaks: Protocol::Eop,
        shows: Identity::Service,
        asks: false,
        takes_early: false,
    }
}

/// A client that is moved to `target` with `q` owed resends it there; in the defect nothing is sent, and the target fails.
fn fails_at(s: &ClientStage<'_>, target: &Endpoint) -> Step {
    let home = s.endpoint("home")?;
    let mut session = moved(s, &home, target, "")?;
    let attempt = target.attempt()?;
    if s.control() {
        let mut t = attempt.map_err(Unsecured::stop)?.speaking()?;
        session.expect(&format!("connected {} hop=1", target.address()))?;
        session.say("resend 1");
        return t.expect_n("q");
    }
    expect_failed(&mut session, target)?;
    if let Ok(mut t) = attempt
        && t.drain()? > 0
    {
        return Err(Stop::messages("no octet of EOP", "some"));
    }
    target.nobody()
}

/// A session at home with `q` outstanding there, and redirected to `target`.
fn moved(s: &ClientStage<'_>, home: &Endpoint, target: &Endpoint, settings: &str) -> Step<Session> {
    let (mut session, mut h) = asked(s, home, settings)?;
    h.send(r(target.address()))?;
    let redirected = format!("redirected {} owed=1 late=0 hop=1", target.address());
    session.expect(&redirected)?;
    Ok(session)
}

fn expect_failed(session: &mut Session, target: &Endpoint) -> Step {
    let failed = format!(
        "ended RedirectFailed target={} cause=TlsFailed owed=1",
        target.address()
    );
    session.expect(&failed).map(drop)
}

/// A session begins at a home with these terms; in the defect it fails there.
fn fails_at_home(s: &ClientStage<'_>, terms: Terms) -> Step {
    let home = s.endpoint("home")?.on(terms);
    let mut session = s.session(&home.address().to_string(), "");
    let attempt = home.attempt()?;
    if s.control() {
        let mut h = attempt.map_err(Unsecured::stop)?.speaking()?;
        session.expect(&format!("connected {} hop=0", home.address()))?;
        return ask(&mut session, &mut h);
    }
    session.expect("ended TlsFailed")?;
    home.nobody()
}

/// A client begins with a handshake at `endpoint`, which speaks cleartext and ends the connection for that.
fn begins_with_a_handshake(endpoint: &Endpoint) -> Step<Link> {
    let mut link = endpoint.accept()?;
    let begun = link.look(1)?;
    if begun.first() != Some(&HANDSHAKE) {
        return Err(Stop::messages(
            "the beginning of a TLS handshake",
            crate::timeline::hex(&begun),
        ));
    }
    link.half_close()?;
    Ok(link)
}

pub(super) const CASES: &[Case] = &[
    Case::client("tls.target-other-name", &["EOP-SEC-1"], "a target with a certificate for another name gets no message", |s| {
        fails_at(s, &s.endpoint("target")?.on(s.pick(terms(), shows(Identity::OtherName))))
    })
    .negative()
    .over_tls(),
    Case::client("tls.target-address", &["EOP-SEC-1"], "a target with a certificate for its address alone gets no message", |s| {
        fails_at(s, &s.endpoint("target")?.on(s.pick(terms(), shows(Identity::Address))))
    })
    .negative()
    .over_tls(),
    Case::client("tls.target-stranger", &["EOP-SEC-1"], "a target whose certificate nobody vouches for whom home's anchors know gets no message", |s| {
        fails_at(s, &s.endpoint("target")?.on(s.pick(terms(), shows(Identity::Stranger))))
    })
    .negative()
    .over_tls(),
    Case::client("tls.target-expired", &["EOP-SEC-1"], "a target whose certificate has expired gets no message", |s| {
        fails_at(s, &s.endpoint("target")?.on(s.pick(terms(), shows(Identity::Expired))))
    })
    .negative()
    .over_tls(),
    Case::client("tls.target-alpn-unsaid", &["EOP-SEC-3"], "a target that does not say that it speaks EOP gets no message", |s| {
        fails_at(s, &s.endpoint("target")?.on(s.pick(terms(), speaks(Protocol::Unsaid))))
    })
    .negative()
    .over_tls(),
    Case::client("tls.target-alpn-other", &["EOP-SEC-3"], "a target that speaks another protocol gets no message", |s| {
        fails_at(s, &s.endpoint("target")?.on(s.pick(terms(), speaks(Protocol::Other))))
    })
    .negative()
    .over_tls(),
    Case::client("tls.home-alpn-unsaid", &["EOP-SEC-3"], "a home that does not say that it speaks EOP is none", |s| {
        fails_at_home(s, s.pick(terms(), speaks(Protocol::Unsaid)))
    })
    .negative()
    .over_tls(),
    Case::client("tls.home-alpn-other", &["EOP-SEC-3"], "a home that speaks another protocol is none", |s| {
        fails_at_home(s, s.pick(terms(), speaks(Protocol::Other)))
    })
    .negative()
    .over_tls(),
    Case::client("tls.home-other-name", &["EOP-DRV-25"], "a home with a certificate for another name is none", |s| {
        fails_at_home(s, s.pick(terms(), shows(Identity::OtherName)))
    })
    .negative()
    .over_tls(),
    Case::client("tls.home-stranger", &["EOP-DRV-25"], "a home whose certificate the trust anchors do not know is none", |s| {
        fails_at_home(s, s.pick(terms(), shows(Identity::Stranger)))
    })
    .negative()
    .over_tls(),
    Case::client("tls.home-in-cleartext", &["EOP-DRV-25", "EOP-SEC-3"], "a home that speaks cleartext is none", |s| {
        if s.control() {
            return fails_at_home(s, terms());
        }
        let home = s.endpoint("home")?.in_cleartext();
        let mut session = s.session(&home.address().to_string(), "");
        let _left = begins_with_a_handshake(&home)?;
        session.expect("ended TlsFailed")?;
        home.nobody()
    })
    .negative()
    .over_tls(),
    Case::client("tls.target-in-cleartext", &["EOP-SEC-2"], "a target that speaks cleartext gets no message", |s| {
        let target = s.endpoint("target")?;
        if s.control() {
            return fails_at(s, &target);
        }
        let (home, target) = (s.endpoint("home")?, target.in_cleartext());
        let mut session = moved(s, &home, &target, "")?;
        let _left = begins_with_a_handshake(&target)?;
        expect_failed(&mut session, &target)?;
        target.nobody()
    })
    .negative()
    .over_tls(),
    Case::client("tls.name-stays", &["EOP-SEC-4"], "every target is asked for the name that home was asked for", |s| {
        let (home, one, two) = (s.endpoint("home")?, s.endpoint("one")?, s.endpoint("two")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        let name = h.shown().server_name;
        h.send(r(one.address()))?;
        let mut first = follow(&mut session, &one, "owed=0 late=0 hop=1")?;
        first.send(r(two.address()))?;
        let second = follow(&mut session, &two, "owed=0 late=0 hop=2")?;
        for link in [&first, &second] {
            let asked = link.shown().server_name;
            if asked != name {
                let shown = |name: Option<String>| name.unwrap_or_else(|| "none".to_owned());
                let (expected, observed) = (shown(name), shown(asked));
                return Err(Stop::messages(
                    format!("the server name {expected}, as at home"),
                    format!("the server name {observed}"),
                ));
            }
        }
        Ok(())
    })
    .over_tls(),
    Case::client("tls.nothing-early", &["EOP-SEC-5"], "nothing is sent as early data where home and target would take it", |s| {
        let early = Terms { takes_early: true, ..terms() };
        let (home, target) = (s.endpoint("home")?.on(early), s.endpoint("target")?.on(early));
        let (mut before, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        before.expect_message(b"r", "outstanding=0")?;
        before.close()?;
        // What has come by now lets the client come back with early data.
        let mut session = s.session(&home.address().to_string(), "");
        session.say("send 71");
        let mut h = home.accept()?;
        session.expect(&format!("connected {}", home.address()))?;
        let at_home = h.shown().early;
        h.expect_n("q")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=1 late=0 hop=1")?;
        session.say("resend 1");
        t.expect_n("q")?;
        for early in [at_home, t.shown().early] {
            if !early.is_empty() {
                return Err(Stop::messages("no early data", crate::timeline::hex(&early)));
            }
        }
        Ok(())
    })
    .over_tls(),
    Case::client("tls.cut-is-no-end", &["EOP-SEC-6"], "a stream that ends without close_notify is a connection lost, with nothing outstanding too", |s| {
        let home = s.endpoint("home")?;
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(n("r"))?;
        session.expect_message(b"r", "outstanding=0")?;
        if s.control() {
            h.half_close()?;
        } else {
            h.cut_off()?;
        }
        session.expect_end(&mut h, s.pick("ended eof", "ended Uncertain"))
    })
    .negative()
    .over_tls(),
    Case::client("tls.cut-at-target", &["EOP-SEC-6", "EOP-FAI-1"], "a target whose stream ends without close_notify before its first answer has failed", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = s.begin(&home, "")?;
        h.send(r(target.address()))?;
        let mut t = follow(&mut session, &target, "owed=0 late=0 hop=1")?;
        if s.control() {
            t.half_close()?;
            return session.expect_end(&mut t, "ended eof");
        }
        t.cut_off()?;
        let failed = format!("ended RedirectFailed target={} cause=Uncertain", target.address());
        session.expect_end(&mut t, &failed)
    })
    .negative()
    .over_tls(),
    Case::client("tls.cut-behind-a-redirect", &["EOP-RED-7", "EOP-SEC-6"], "a complete REDIRECT is followed, however the stream ends behind it", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let (mut session, mut h) = asked(s, &home, "")?;
        h.send(r(target.address()))?;
        h.cut_off()?;
        let mut t = follow(&mut session, &target, "owed=1 late=0 hop=1")?;
        session.say("resend 1");
        t.expect_n("q")
    })
    .over_tls(),
    Case::client("tls.certificate-shown", &["EOP-DRV-26"], "home and a target that ask who the client is are shown its certificate", |s| {
        let (home, target) = (s.endpoint("home")?.on(asks(terms())), s.endpoint("target")?.on(asks(terms())));
        let (mut session, mut h) = s.begin(&home, "")?;
        h.send(r(target.address()))?;
        let t = follow(&mut session, &target, "owed=0 late=0 hop=1")?;
        for (link, at) in [(&h, "home"), (&t, "the target")] {
            if !link.shown().certificate {
                return Err(Stop::messages(format!("the client's certificate at {at}"), "none"));
            }
        }
        Ok(())
    })
    .over_tls(),
    Case::client("tls.certificate-withheld", &["EOP-SEC-7"], "a target that is not the service does not learn who the client is", |s| {
        let home = s.endpoint("home")?.on(asks(terms()));
        let target = s.endpoint("target")?.on(asks(s.pick(terms(), shows(Identity::OtherName))));
        let mut session = moved(s, &home, &target, "")?;
        let shown = match target.attempt()? {
            Ok(t) => t.shown(),
            Err(unsecured) => unsecured.shown,
        };
        match (shown.certificate, s.control()) {
            (true, true) => session.expect(&format!("connected {} hop=1", target.address())).map(drop),
            (false, false) => expect_failed(&mut session, &target),
            (true, false) => Err(Stop::messages("no certificate of the client's", "it")),
            (false, true) => Err(Stop::messages("the client's certificate", "none").against("EOP-DRV-26")),
        }
    })
    .negative()
    .over_tls(),
    Case::client("tls.lost-in-the-handshake", &["EOP-FAI-1"], "a target that is lost in the handshake has failed it", |s| {
        let target = s.endpoint("target")?;
        if s.control() {
            return fails_at(s, &target);
        }
        let (home, target) = (s.endpoint("home")?, target.in_cleartext());
        let mut session = moved(s, &home, &target, "")?;
        let mut t = target.accept()?;
        t.look(1)?;
        t.reset()?;
        expect_failed(&mut session, &target)
    })
    .negative()
    .over_tls(),
    Case::client("tls.no-way-home", &["EOP-FAI-8", "EOP-FAI-1"], "a target that fails its handshake ends the session, though another failure would lead home", |s| {
        let home = s.endpoint("home")?;
        let target = if s.control() { s.refusing("target")? } else { s.endpoint("target")?.on(shows(Identity::OtherName)) };
        let mut session = moved(s, &home, &target, "fallback=home")?;
        if s.control() {
            home.accept()?;
            return session.expect(&format!("connected {} hop=2", home.address())).map(drop);
        }
        drop(target.attempt()?);
        expect_failed(&mut session, &target)?;
        home.nobody()
    })
    .negative()
    .needs(Feature::Fallback)
    .over_tls(),
    Case::client("tls.deadline-at-home", &["EOP-EPI-9"], "a home that does not shake hands is given up at the deadline", |s| {
        let home = s.endpoint("home")?;
        let connect = |home: &Endpoint| s.session(&home.address().to_string(), DEADLINE);
        if s.control() {
            let mut session = connect(&home);
            home.accept()?;
            return session.expect(&format!("connected {}", home.address())).map(drop);
        }
        let home = home.in_cleartext();
        let mut session = connect(&home);
        let _silent = home.accept()?;
        session.patience(s.beyond(LIMIT));
        session.expect("ended ConnectFailed").map(drop)
    })
    .negative()
    .over_tls(),
    Case::client("tls.deadline-at-a-target", &["EOP-EPI-5"], "a target that does not shake hands is given up at the deadline", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        if s.control() {
            return fails_at(s, &target);
        }
        let target = target.in_cleartext();
        let mut session = moved(s, &home, &target, DEADLINE)?;
        let _silent = target.accept()?;
        session.patience(s.beyond(LIMIT));
        session.expect(&format!("ended RedirectDeadline target={} owed=1", target.address())).map(drop)
    })
    .negative()
    .over_tls(),
    Case::client("tls.secure-follows", &["EOP-POL-6"], "`secure` follows a move between global addresses over TLS, where the target shows who it is", |s| {
        let (home, target) = (s.endpoint("home")?, s.endpoint("target")?);
        let map = format!("dial=8.8.8.8:9000>{},8.8.4.4:9001>{}", home.address(), target.address());
        let mut session = s.session("8.8.8.8:9000", &format!("{map} policy=secure"));
        let mut h = home.accept()?;
        session.expect("connected 8.8.8.8:9000 hop=0")?;
        let there = std::net::SocketAddrV4::new([8, 8, 4, 4].into(), 9001);
        h.send(r(there))?;
        session.expect("redirected 8.8.4.4:9001 owed=0 late=0 hop=1")?;
        target.accept()?;
        session.expect("connected 8.8.4.4:9001 hop=1").map(drop)
    })
    .over_tls(),
];
