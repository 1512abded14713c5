//! How many cases for clients begin and go on. No case stands here.

use crate::link::Link;
use crate::octets::{payload, r};
use crate::stage::{ClientStage, Endpoint, Session};
use crate::verdict::Step;

/// A session at home whose one message, `q`, has arrived there.
pub(super) fn asked(s: &ClientStage<'_>, home: &Endpoint, settings: &str) -> Step<(Session, Link)> {
    let (mut session, mut link) = s.begin(home, settings)?;
    ask(&mut session, &mut link)?;
    Ok((session, link))
}

/// The message `q` is given to the client and arrives.
pub(super) fn ask(session: &mut Session, link: &mut Link) -> Step {
    session.say("send 71");
    link.expect_n("q")
}

/// These messages are given to the client, one after the other, and arrive.
pub(super) fn give(session: &Session, link: &mut Link, messages: &[&str]) -> Step {
    for message in messages {
        session.say(&format!("send {}", payload(message.as_bytes())));
    }
    messages
        .iter()
        .try_for_each(|message| link.expect_n(message))
}

/// The client reports a redirect to `target` with these counts, and connects there.
pub(super) fn follow(session: &mut Session, target: &Endpoint, counts: &str) -> Step<Link> {
    session.expect(&format!("redirected {} {counts}", target.address()))?;
    arrive(session, target)
}

/// The client connects to `target`, and says so.
pub(super) fn arrive(session: &mut Session, target: &Endpoint) -> Step<Link> {
    let link = target.accept()?;
    session.expect(&format!("connected {}", target.address()))?;
    Ok(link)
}

/// `link` redirects to `target` while one message is outstanding; the client follows, at its `hop`.
pub(super) fn early(
    session: &mut Session,
    link: &mut Link,
    target: &Endpoint,
    hop: u32,
) -> Step<Link> {
    link.send(r(target.address()))?;
    follow(session, target, &format!("owed=1 late=0 hop={hop}"))
}

/// A session moved by an early redirect and waiting for the decision: at `target`, with `q` owed at hop 1.
pub(super) fn owing(
    s: &ClientStage<'_>,
    home: &Endpoint,
    target: &Endpoint,
    settings: &str,
) -> Step<(Session, Link, Link)> {
    let (mut session, mut h) = asked(s, home, settings)?;
    let t = early(&mut session, &mut h, target, 1)?;
    Ok((session, h, t))
}

/// A session that was moved while nothing was outstanding, and that connection.
pub(super) fn moved(
    s: &ClientStage<'_>,
    home: &Endpoint,
    target: &Endpoint,
    settings: &str,
) -> Step<(Session, Link)> {
    let (mut session, mut h) = s.begin(home, settings)?;
    h.send(r(target.address()))?;
    let t = follow(&mut session, target, "owed=0 late=0 hop=1")?;
    Ok((session, t))
}
