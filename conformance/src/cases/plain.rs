//! Cases for client programs without a driver: the runner is home and every target, and sees the wire alone.
//!
//! A program's request is opaque, and so is what it does with an answer. So each case rests on what a redirect makes it
//! do: the valid twin shows that it follows and asks again, the defect that it does not.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::case::Case;
use crate::octets::{cut, n, r, r_with};
use crate::stage::{Asked, Endpoint, ProgramStage};
use crate::verdict::{Step, Stop};

/// The case that all others rest on.
pub(super) const GATE: Case = Case::program(
    "plain.request",
    &["EOP-FRM-1", "EOP-OPC-1", "EOP-RED-1"],
    "the program connects and sends a request, as a NORMAL frame",
    |s| s.asked().map(drop),
);

/// More redirects than any sensible bound lets pass.
const TOO_MANY: usize = 40;

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    GATE,
    Case::program("plain.fields-zero", &["EOP-FRM-6"], "port and addr of the request are zero", |s| {
        let asked = s.asked()?;
        match asked.request.get(2..8) {
            Some([0, 0, 0, 0, 0, 0]) => Ok(()),
            _ => Err(Stop::messages("port and addr zero", crate::timeline::describe(&asked.request))),
        }
    }),
    Case::program("plain.followed", &["EOP-POL-10", "EOP-RED-7", "EOP-FRM-2"], "an early redirect to a loopback port is followed while the old connection stands", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        asked.link.send(r(target.address()))?;
        target.accept().map(drop)
    }).every_cut(),
    Case::program("plain.resent", &["EOP-RSD-5", "EOP-RSD-3", "EOP-RSD-6"], "along a chain of redirects the request arrives whole and unchanged at every target", |s| {
        let mut asked = s.asked()?;
        let (first, second, third) = (s.endpoint("first")?, s.endpoint("second")?, s.endpoint("third")?);
        asked.link.send(r(first.address()))?;
        let mut link = asked.resends_at(&first)?;
        link.send(r(second.address()))?;
        let mut link = asked.resends_at(&second)?;
        link.send(r(third.address()))?;
        asked.resends_at(&third).map(drop)
    }).every_cut(),
    Case::program("plain.old-closed", &["EOP-CLS-8"], "the connection that a redirect came on is closed, though the redirector keeps it open", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        asked.link.send(r(target.address()))?;
        let _link = target.accept()?;
        asked.link.expect_end()
    }),
    Case::program("plain.old-first", &["EOP-CLS-9"], "it is closed before the new one is opened", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        asked.link.send(r(target.address()))?;
        let _link = target.accept()?;
        match asked.link.ended_by_now() {
            Some(_) => Ok(()),
            None => Err(Stop::end("the old connection closed when the new one comes", "it is still open")),
        }
    }),
    Case::program("plain.answered-not-resent", &["EOP-RSD-4"], "a request that the redirect answers is not sent again at the target", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        if s.control() {
            asked.link.send(r(target.address()))?;
            return asked.resends_at(&target).map(drop);
        }
        asked.link.send(r_with(target.address(), s.answer()))?;
        asked.sends_nothing_old_at(&target)
    }).negative(),
    Case::program("plain.behind-a-redirect", &["EOP-RED-9"], "octets behind a redirect neither spoil it nor reach the parser of the next connection", |s| {
        let (first, second) = (s.endpoint("first")?, s.endpoint("second")?);
        let mut asked = s.asked()?;
        let behind = s.pick(Vec::new(), [n(s.answer()), b"GET / HTTP/1.1".to_vec()].concat());
        asked.link.send([r(first.address()), behind].concat())?;
        let mut link = asked.resends_at(&first)?;
        link.send(r(second.address()))?;
        asked.resends_at(&second).map(drop)
    }).negative(),
    Case::program("plain.cut-off", &["EOP-RED-6"], "a redirect whose last octet is missing is not followed", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        asked.link.send(cut(r(target.address()), s.pick(12, 11)))?;
        asked.link.half_close()?;
        followed_or_not(s, asked, &target)
    }).negative(),
    Case::program("plain.unknown-opcode", &["EOP-OPC-3", "EOP-OPC-2", "EOP-ERR-1"], "an unknown opcode ends the connection as soon as its two octets are there", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        if !s.control() {
            asked.link.send([0, 3])?;
            return asked.link.expect_end();
        }
        let redirect = r(target.address());
        let (opcode, rest) = redirect.split_at(2);
        asked.link.send(opcode)?;
        asked.link.settle()?;
        if let Some(observed) = asked.link.anything_by_now() {
            return Err(Stop::end("the connection stays open, and silent", observed));
        }
        asked.link.send(rest)?;
        target.accept().map(drop)
    }).negative(),
    Case::program("plain.forbidden-target", &["EOP-POL-1", "EOP-POL-5"], "a target in 0.0.0.0/8, which would lead to this very host, is not connected to", |s| {
        let (target, mut asked) = (s.endpoint("target")?, s.asked()?);
        asked.link.send(r(s.pick(target.address(), unspecified(&target))))?;
        followed_or_not(s, asked, &target)
    }).negative(),
    Case::program("plain.forbidden-in-a-chain", &["EOP-POL-8"], "nor is it when the second redirect names it", |s| {
        let (first, target) = (s.endpoint("first")?, s.endpoint("target")?);
        let mut asked = s.asked()?;
        asked.link.send(r(first.address()))?;
        let mut link = asked.resends_at(&first)?;
        link.send(r(s.pick(target.address(), unspecified(&target))))?;
        followed_or_not(s, asked, &target)
    }).negative(),
    Case::program("plain.redirected-to-itself", &["EOP-EPI-2"], "a target that redirects to itself is not connected to again", |s| {
        let (first, second) = (s.endpoint("first")?, s.endpoint("second")?);
        let mut asked = s.asked()?;
        asked.link.send(r(first.address()))?;
        let mut link = asked.resends_at(&first)?;
        let next = s.pick(&second, &first);
        link.send(r(next.address()))?;
        followed_or_not(s, asked, next)
    }).negative(),
    Case::program("plain.bounded", &["EOP-EPI-1"], "a chain of redirects without end is not followed without end", |s| {
        let mut asked = s.asked()?;
        let mut target = s.endpoint("target")?;
        asked.link.send(r(target.address()))?;
        let mut link = asked.resends_at(&target)?;
        if s.control() {
            return Ok(());
        }
        for _ in 1..TOO_MANY {
            target = s.endpoint("target")?;
            link.send(r(target.address()))?;
            match target.accept() {
                Ok(next) => link = next,
                Err(Stop::Breach(_)) => return Ok(()),
                Err(other) => return Err(other),
            }
        }
        Err(Stop::messages("an end to the redirects that are followed", format!("{TOO_MANY} were")))
    }).negative(),
];

/// The endpoint's port at the address that means "this host" to a system that is asked to connect there.
const fn unspecified(target: &Endpoint) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, target.address().port())
}

/// In the control the program follows to `target` and asks again; in the defect it never comes.
fn followed_or_not(s: &ProgramStage<'_>, mut asked: Asked, target: &Endpoint) -> Step {
    if s.control() {
        return asked.resends_at(target).map(drop);
    }
    asked.never_comes_to(target, s.manner.wait)
}
