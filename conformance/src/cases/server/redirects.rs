//! Section 4 for servers: what a REDIRECT looks like, when it is sent, where it leads.

use std::net::SocketAddrV4;

use super::{TARGET, expect_nothing_more};
use crate::case::Case;
use crate::link::{Link, Seen};
use crate::octets::{n, pattern, raw, redirect_header};
use crate::stage::ServerStage;
use crate::timeline::frame;
use crate::verdict::{Step, Stop};
use eop_wire::opcode;

/// Targets whose octets cannot be mistaken for one another.
const LOPSIDED: [&str; 6] = [
    "10.1.2.3:513",
    "192.0.2.10:9000",
    "172.16.254.1:256",
    "1.0.0.0:1",
    "223.255.255.254:65535",
    "127.0.0.1:32768",
];

/// Targets that no server should let its application name, at the edges of their ranges.
const FORBIDDEN: [&str; 7] = [
    "192.0.2.10:0",
    "0.0.0.0:9000",
    "0.255.255.255:9000",
    "224.0.0.0:9000",
    "239.255.255.255:9000",
    "240.0.0.0:9000",
    "255.255.255.255:9000",
];

/// Their nearest neighbours that may be named.
const ALLOWED: [&str; 7] = [
    "192.0.2.10:1",
    "1.0.0.0:9000",
    "1.0.0.1:9000",
    "223.255.255.255:9000",
    "223.0.0.1:9000",
    "223.255.255.254:9000",
    "127.255.255.255:9000",
];

fn endpoint(text: &str) -> Step<SocketAddrV4> {
    text.parse()
        .map_err(|_| Stop::Harness(format!("{text} is no endpoint")))
}

/// Fresh ports of the server that do nothing special.
fn ports<const N: usize>(s: &ServerStage<'_>) -> Step<[SocketAddrV4; N]> {
    let mut ports = [TARGET; N];
    for port in &mut ports {
        *port = s.listen(&format!("mark {}", s.token("port")))?;
    }
    Ok(ports)
}

/// Sends one request to `to`, on a connection that is left once what comes back is as expected.
fn asked_at(
    s: &ServerStage<'_>,
    to: SocketAddrV4,
    request: &str,
    expected: impl Fn(&mut Link) -> Step,
) -> Step {
    let mut a = s.connect_as(&to.port().to_string(), to)?;
    a.send(n(request))?;
    expected(&mut a)
}

/// A forbidden target is not sent; what comes instead is `instead`, which the contract wants.
fn expect_refusal(a: &mut Link, instead: &str) -> Step {
    match a.next("no REDIRECT to a forbidden target")? {
        Seen::Frame(header, payload) if header.opcode == opcode::REDIRECT => Err(Stop::messages(
            "no REDIRECT to a forbidden target",
            frame(header, &payload),
        )),
        Seen::Frame(_, payload) if payload == instead.as_bytes() => Ok(()),
        Seen::Frame(header, payload) => Err(Stop::messages(
            format!("N(\"{instead}\")"),
            frame(header, &payload),
        )
        .against("EOP-TST-13")),
        Seen::End(end) => {
            Err(Stop::end(format!("N(\"{instead}\")"), end.to_string()).against("EOP-TST-13"))
        }
    }
}

pub(super) const CASES: &[Case] = &[
    Case::server(
        "red.from-client",
        &["EOP-RED-2"],
        "a REDIRECT from a client fails the connection and is not followed",
        |s| {
            let target = s.target()?;
            let mut a = s.connect()?;
            a.send(s.pick(s.known(), raw(redirect_header(target.address(), 0), b"")))?;
            if s.control() {
                s.expect_known(&mut a)?
            } else {
                a.expect_end()?
            }
            target.nobody()
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "red.from-client-with-payload",
        &["EOP-RED-2"],
        "a REDIRECT with payload from a client fails the connection; its payload is no request",
        |s| {
            let target = s.target()?;
            let token = s.token("t");
            let payload = format!("mark {token}");
            let slen = u32::try_from(payload.len()).unwrap_or_default();
            let mut a = s.connect()?;
            a.send(s.pick(
                n(&payload),
                raw(redirect_header(target.address(), slen), payload.as_bytes()),
            ))?;
            if s.control() {
                a.expect_n("1")?
            } else {
                a.expect_end()?
            }
            target.nobody()?;
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "red.from-client-later",
        &["EOP-RED-2"],
        "a REDIRECT from a client fails the connection after an answer too",
        |s| {
            let target = s.target()?;
            let mut a = s.connect()?;
            a.send(s.known())?;
            s.expect_known(&mut a)?;
            a.send(s.pick(s.known(), raw(redirect_header(target.address(), 0), b"")))?;
            if s.control() {
                s.expect_known(&mut a)?
            } else {
                a.expect_end()?
            }
            target.nobody()
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "red.early",
        &["EOP-OPC-1", "EOP-RED-8", "EOP-TST-24"],
        "moving the client in place of an answer is one REDIRECT with slen 0",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {TARGET}")))?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.octets-of-the-target",
        &["EOP-FRM-1"],
        "port and addr of a REDIRECT are its target's, octet for octet",
        |s| {
            for target in LOPSIDED {
                let mut a = s.connect()?;
                a.send(n(format!("do redirect {target}")))?;
                a.expect_r(endpoint(target)?, "")?;
                expect_nothing_more(&mut a)?;
            }
            Ok(())
        },
    )
    .whole(),
    Case::server(
        "red.late",
        &["EOP-RED-3", "EOP-TST-25"],
        "a response given with a redirect is the payload of the one REDIRECT",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {TARGET} 6f6b")))?;
            a.expect_r(TARGET, "ok")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.late-sizes",
        &["EOP-RED-3", "EOP-FRM-1"],
        "a response of 1, 255, 256, 65,535, 65,536 and 100,000 octets stays one REDIRECT",
        |s| {
            for size in [1, 255, 256, 65_535, 65_536, 100_000] {
                let mut a = s.connect()?;
                a.send(n(format!("do redirect {TARGET} @{size}")))?;
                a.expect_r(TARGET, pattern(size))?;
                expect_nothing_more(&mut a)?;
            }
            Ok(())
        },
    )
    .whole(),
    Case::server(
        "red.one-operation",
        &["EOP-FRM-4"],
        "a small REDIRECT with a payload comes in one segment, header and payload together",
        |s| {
            let mut segments = 0;
            for label in ["A", "B", "C", "D", "E", "F", "G", "H"] {
                let mut a = s.connect_as(label, s.address()?)?;
                let before = a.data_segments();
                a.send_whole(n(format!("do redirect {TARGET} 6f6b")))?;
                a.expect_r(TARGET, "ok")?;
                if let (Some(before), Some(after)) = (before, a.data_segments()) {
                    segments += after.saturating_sub(before);
                }
            }
            if segments > 12 {
                let observed = format!("{segments} segments");
                return Err(Stop::messages("8 small frames in 8 segments", observed));
            }
            Ok(())
        },
    )
    .whole()
    .in_cleartext("behind a handshake TLS brings segments of its own"),
    Case::server(
        "red.late-empty",
        &["EOP-RED-4", "EOP-TST-25"],
        "an empty response given with a redirect is an empty message, then a REDIRECT",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {TARGET} -")))?;
            a.expect_n("")?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.idle",
        &["EOP-RED-8", "EOP-RSD-2"],
        "a redirect after the answer is the answer, then a REDIRECT with slen 0",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do answer 6f6b;redirect {TARGET}")))?;
            a.expect_n("ok")?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.idle-after-empty-answer",
        &["EOP-FRM-8", "EOP-RED-8"],
        "an empty answer before a redirect is a frame of its own",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do answer -;redirect {TARGET}")))?;
            a.expect_n("")?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.at-accept",
        &["EOP-TST-20", "EOP-RED-11"],
        "a port that moves everyone sends its REDIRECT before it was sent an octet",
        |s| {
            let mut a = s.connect_as("A", s.listen(&format!("redirect {TARGET}"))?)?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.at-accept-with-payload",
        &["EOP-RED-3", "EOP-RED-11"],
        "at accept too a message given with a redirect is its payload",
        |s| {
            let mut a = s.connect_as("A", s.listen(&format!("redirect {TARGET} 6f6b"))?)?;
            a.expect_r(TARGET, "ok")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.at-accept-with-empty-payload",
        &["EOP-RED-4", "EOP-RED-11"],
        "at accept too an empty message given with a redirect is a frame before it",
        |s| {
            let mut a = s.connect_as("A", s.listen(&format!("redirect {TARGET} -"))?)?;
            a.expect_n("")?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.at-accept-every-time",
        &["EOP-TST-20", "EOP-RED-11"],
        "a port that moves everyone moves the third client like the first",
        |s| {
            let port = s.listen(&format!("redirect {TARGET}"))?;
            for label in ["A", "B", "C"] {
                let mut link = s.connect_as(label, port)?;
                link.expect_r(TARGET, "")?;
                expect_nothing_more(&mut link)?;
            }
            Ok(())
        },
    ),
    Case::server(
        "red.last-frame",
        &["EOP-RED-8"],
        "a request behind the redirected one is not answered: the REDIRECT is the last frame",
        |s| {
            let mut a = s.connect()?;
            a.send(n(s.pick(
                "do answer 6869".to_owned(),
                format!("do redirect {TARGET}"),
            )))?;
            a.send(n("do answer 6f6b"))?;
            if s.control() {
                a.expect_n("hi")?;
                return a.expect_n("ok");
            }
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    )
    .negative(),
    Case::server(
        "red.once",
        &["EOP-RED-8"],
        "a redirect behind a redirect is not sent",
        |s| {
            let mut a = s.connect()?;
            a.send(n(s.pick(
                "do answer 6869".to_owned(),
                format!("do redirect {TARGET} 6869"),
            )))?;
            a.send(n(format!("do redirect {TARGET} 6f6b")))?;
            if s.control() {
                a.expect_n("hi")?;
                return a.expect_r(TARGET, "ok");
            }
            a.expect_r(TARGET, "hi")?;
            expect_nothing_more(&mut a)
        },
    )
    .negative(),
    Case::server(
        "red.last-frame-at-accept",
        &["EOP-RED-8"],
        "a request to a port that moves everyone is not answered",
        |s| {
            let steps = s.pick(
                format!("mark {}", s.token("t")),
                format!("redirect {TARGET}"),
            );
            let mut a = s.connect_as("A", s.listen(&steps)?)?;
            a.send(n("do answer 6f6b"))?;
            if s.control() {
                return a.expect_n("ok");
            }
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    )
    .negative(),
    Case::server(
        "red.answers-come-first",
        &["EOP-ACC-3", "EOP-RED-8"],
        "requests before the one that is redirected are answered before the REDIRECT",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do answer 6f6e65"))?;
            a.send(n("do answer @70000"))?;
            a.send(n(format!("do redirect {TARGET} 6f6b")))?;
            a.expect_n("one")?;
            a.expect_n(pattern(70_000))?;
            a.expect_r(TARGET, "ok")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.one-client-only",
        &["EOP-RED-8"],
        "a redirect moves the connection that asked for it, and no other",
        |s| {
            let (mut a, mut b) = (s.connect()?, s.connect_as("B", s.address()?)?);
            a.send(n(format!("do redirect {TARGET}")))?;
            a.expect_r(TARGET, "")?;
            b.send(n("do answer 6f6b"))?;
            b.expect_n("ok")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "red.forbidden",
        &["EOP-RED-14", "EOP-TST-13"],
        "port 0 and addresses that are no host's are refused as targets, their neighbours not",
        |s| {
            for target in s.pick(ALLOWED, FORBIDDEN) {
                let mut a = s.connect()?;
                a.send(n(format!("do redirect {target}")))?;
                if s.control() {
                    a.expect_r(endpoint(target)?, "")?
                } else {
                    expect_refusal(&mut a, "refused")?
                }
            }
            Ok(())
        },
    )
    .negative()
    .whole(),
    Case::server(
        "red.forbidden-with-payload",
        &["EOP-RED-14", "EOP-TST-13"],
        "a refused redirect is answered `refused`, not with its payload, and the server goes on",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!(
                "do redirect {} 6f6b",
                s.pick("1.0.0.1:9000", "0.0.0.1:9000")
            )))?;
            if s.control() {
                return a.expect_r(endpoint("1.0.0.1:9000")?, "ok");
            }
            expect_refusal(&mut a, "refused")?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")
        },
    )
    .negative(),
    Case::server(
        "red.forbidden-after-answer",
        &["EOP-RED-14", "EOP-TST-13"],
        "a refused redirect after an answer sends nothing more, and the server goes on",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!(
                "do answer 6869;redirect {}",
                s.pick("192.0.2.10:9000", "192.0.2.10:0")
            )))?;
            a.expect_n("hi")?;
            if s.control() {
                return a.expect_r(TARGET, "");
            }
            a.send(n("do answer 6f6b"))?;
            expect_refusal(&mut a, "ok")
        },
    )
    .negative(),
    Case::server(
        "red.forbidden-in-a-list",
        &["EOP-TST-13", "EOP-TST-9"],
        "of a list only the endpoint that the client would be moved to can be refused",
        |s| {
            let [first] = ports(s)?;
            let forbidden = "0.0.0.1:9000";
            let list = format!("do redirect {first},{forbidden},{TARGET}");
            if s.control() {
                asked_at(s, s.address()?, &list, |a| a.expect_r(first, ""))?;
                let behind = format!("do redirect {forbidden},{first},{TARGET}");
                return asked_at(s, first, &behind, |a| a.expect_r(TARGET, ""));
            }
            asked_at(s, first, &list, |a| expect_refusal(a, "refused"))
        },
    )
    .negative()
    .whole(),
    Case::server(
        "red.forbidden-at-accept",
        &["EOP-RED-14", "EOP-TST-13"],
        "a redirect that is refused at accept sends nothing, and the server serves",
        |s| {
            let steps = format!(
                "redirect {} 6869",
                s.pick("192.0.2.10:9000", "255.255.255.255:9000")
            );
            let mut a = s.connect_as("A", s.listen(&steps)?)?;
            if s.control() {
                return a.expect_r(TARGET, "hi");
            }
            a.send(n("do answer 6f6b"))?;
            expect_refusal(&mut a, "ok")
        },
    )
    .negative(),
    Case::server(
        "red.chain",
        &["EOP-TST-9", "EOP-TST-10", "EOP-RED-16"],
        "one request, resent unchanged, is moved along its list, and answered `here` at the end",
        |s| {
            let [first, second, third] = ports(s)?;
            let request = format!("do redirect {first},{second},{third}");
            asked_at(s, s.address()?, &request, |a| a.expect_r(first, ""))?;
            asked_at(s, first, &request, |a| a.expect_r(second, ""))?;
            asked_at(s, second, &request, |a| a.expect_r(third, ""))?;
            asked_at(s, third, &request, |a| a.expect_n("here"))
        },
    )
    .whole(),
    Case::server(
        "red.chain-long",
        &["EOP-TST-9"],
        "a list may be long: a server that stands fortieth in it moves to the next",
        |s| {
            let [first, next] = ports(s)?;
            let before: String = (1..40).map(|i| format!("192.0.2.{i}:9000,")).collect();
            let request = format!("do redirect {before}{first},{next}");
            asked_at(s, first, &request, |a| a.expect_r(next, ""))
        },
    )
    .whole(),
    Case::server(
        "red.chain-with-payload",
        &["EOP-TST-9", "EOP-TST-10", "EOP-RED-3"],
        "along a list with a payload every REDIRECT carries it, and the last answers `here`",
        |s| {
            let [first, second] = ports(s)?;
            let request = format!("do redirect {first},{second} 6f6b");
            asked_at(s, s.address()?, &request, |a| a.expect_r(first, "ok"))?;
            asked_at(s, first, &request, |a| a.expect_r(second, "ok"))?;
            asked_at(s, second, &request, |a| a.expect_n("here"))
        },
    )
    .whole(),
    Case::server(
        "red.chain-last-place",
        &["EOP-TST-9", "EOP-TST-10"],
        "a server that stands twice in a list goes by its last place",
        |s| {
            let [first, second] = ports(s)?;
            let request = format!("do redirect {first},{TARGET},{first},{second}");
            asked_at(s, first, &request, |a| a.expect_r(second, ""))?;
            asked_at(
                s,
                first,
                &format!("do redirect {first},{TARGET},{first}"),
                |a| a.expect_n("here"),
            )
        },
    )
    .whole(),
    Case::server(
        "red.chain-same-address",
        &["EOP-TST-9"],
        "a server knows itself by address and port, not by one of them",
        |s| {
            let [first] = ports(s)?;
            let other = SocketAddrV4::new([127, 9, 9, 9].into(), first.port());
            asked_at(s, first, &format!("do redirect {other},{TARGET}"), |a| {
                a.expect_r(other, "")
            })?;
            asked_at(
                s,
                first,
                &format!("do redirect 127.0.0.1:1,{TARGET}"),
                |a| a.expect_r(endpoint("127.0.0.1:1")?, ""),
            )
        },
    )
    .whole(),
    Case::server(
        "red.chain-at-accept",
        &["EOP-TST-9", "EOP-RED-11"],
        "at accept a server that is not in the list moves clients to its first endpoint",
        |s| {
            let [first, second] = ports(s)?;
            let mut a = s.connect_as("A", s.listen(&format!("redirect {first},{second}"))?)?;
            a.expect_r(first, "")?;
            expect_nothing_more(&mut a)
        },
    )
    .whole(),
    Case::server(
        "red.to-itself",
        &["EOP-TST-10", "EOP-EPI-10"],
        "a server that is to move a client to where it is answers `here`, and goes on serving",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {} 6869", a.peer())))?;
            a.expect_n("here")?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "red.to-itself-after-answer",
        &["EOP-TST-10", "EOP-EPI-10"],
        "a server that has answered sends nothing more when it is to move a client to where it is",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do answer 6869;redirect {}", a.peer())))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("hi")?;
            a.expect_n("ok")
        },
    ),
];
