//! Sections 6 and 9 for servers: how a redirected connection ends, what time allows, where an error stays.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use super::{TARGET, expect_nothing_more, expect_open, listen_at};
use crate::case::Case;
use crate::link::{Link, share};
use crate::octets::{cut, n, normal_header, pattern, r, raw};
use crate::stage::ServerStage;
use crate::verdict::{Step, Stop};
use eop_wire::RawHeader;

/// The limits that these cases set, in milliseconds: long beside a loaded machine's hiccups, short beside a run.
const LIMIT: u32 = 300;

/// A connection that has just been redirected.
fn moved(s: &ServerStage<'_>) -> Step<Link> {
    let mut a = s.connect()?;
    redirect(&mut a)?;
    Ok(a)
}

fn redirect(a: &mut Link) -> Step {
    a.send_whole(n(format!("do redirect {TARGET}")))?;
    a.expect_r(TARGET, "")
}

/// What is sent after a REDIRECT is taken and not blamed: the connection ends with FIN, and only after the client's.
fn discarded(s: &ServerStage<'_>, octets: Vec<u8>) -> Step {
    let mut a = moved(s)?;
    a.send(octets)?;
    expect_open(&mut a)?;
    expect_nothing_more(&mut a)
}

/// A connection that ended after `waited` was open until a limit passed, by the testee's own clock: that may count whole
/// milliseconds, so a tenth is not asked for.
fn waited_for(limit: u32, waited: Duration) -> Step {
    if waited >= share(limit, 9) {
        return Ok(());
    }
    let observed = format!("it ended {} ms after the request", waited.as_millis());
    let expected = format!("the connection stays open for {limit} ms");
    Err(Stop::end(expected, observed).against("EOP-CLS-1"))
}

/// What is sent after a REDIRECT is discarded, although it would be an error before.
fn unparsed(s: &ServerStage<'_>, octets: Vec<u8>) -> Step {
    discarded(s, octets).map_err(|stop| match &stop {
        Stop::Breach(breach) if !breach.timed_out() => stop.against("EOP-CLS-2"),
        Stop::Breach(_) | Stop::Lacking(_) | Stop::Gone(_) | Stop::Harness(_) => stop,
    })
}

/// Sends an octet now and then until the testee ends the connection or `time` is over; whether it ended.
fn trickle(a: &mut Link, time: Duration) -> Step<bool> {
    let begun = Instant::now();
    while begun.elapsed() < time {
        a.send_whole([0])?;
        if a.ended_within(share(LIMIT, 2)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A client begins to read a large REDIRECT when twice the limit of the discarding has passed, and gets all of it.
fn read_late(s: &ServerStage<'_>, address: SocketAddrV4, limit: u32) -> Step {
    let mut a = s.connect_slow("A", address)?;
    a.send(n(format!("do redirect {TARGET} @3000000")))?;
    a.send(n("do answer 6f6b"))?;
    a.idle(limit, 20);
    a.expect_r(TARGET, pattern(3_000_000))?;
    expect_nothing_more(&mut a)
}

/// A client reads (control), or never reads (defect): then the 8 MB that
/// `request` makes the server send are cut short.
fn stalled(s: &ServerStage<'_>, request: &str, whole: impl Fn(&mut Link) -> Step) -> Step {
    let (address, limit) = s.with_option("stall", 4 * LIMIT)?;
    let mut a = s.connect_as("A", address)?;
    a.send(n(request))?;
    if s.control() {
        return whole(&mut a);
    }
    let begun = Instant::now();
    // A closed connection answers further octets with a reset, which shows without reading. They come late, and the wait is
    // long: what an open one acknowledges lets its transport take a little more, now and then, which begins the limit anew.
    a.idle(limit, 5);
    a.send(n("hello"))?;
    a.idle(LIMIT, 2);
    if a.reset_unread() {
        return Err(Stop::end(
            "the client given up after the limit",
            "given up before",
        ));
    }
    a.idle(limit, 10);
    while begun.elapsed() < s.beyond(limit.saturating_mul(2)) && !a.reset_unread() {
        a.idle(LIMIT, 2);
        a.send(n("hello"))?;
    }
    match a.drain()? {
        8_000_012.. => Err(Stop::end("what was begun is cut short", "all of it came")),
        _ => Ok(()),
    }
}

pub(super) const CASES: &[Case] = &[
    Case::server(
        "cls.keeps-reading",
        &["EOP-CLS-1", "EOP-CLS-7"],
        "after a REDIRECT 1 MiB of requests is taken; then the client's FIN brings the server's",
        |s| discarded(s, n(pattern(32_756)).repeat(32)),
    )
    .whole(),
    Case::server(
        "cls.late-then-keeps-reading",
        &["EOP-CLS-1", "EOP-CLS-7"],
        "after a REDIRECT with a large payload 256 KiB are taken before it is read, and it arrives",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {TARGET} @400000")))?;
            a.send(vec![0; 256 << 10])?;
            a.settle()?;
            a.expect_r(TARGET, pattern(400_000))?;
            expect_open(&mut a)?;
            expect_nothing_more(&mut a)
        },
    )
    .whole(),
    Case::server(
        "cls.unread-before-early",
        &["EOP-CLS-7", "EOP-RSD-1"],
        "64 KiB that wait unread behind a request do not turn its REDIRECT into a reset",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do await {token};redirect {TARGET}")))?;
            a.send(n(pattern(1012)).repeat(64))?;
            s.signal(&token)?;
            a.expect_r(TARGET, "")?;
            expect_open(&mut a)?;
            expect_nothing_more(&mut a)
        },
    )
    .whole(),
    Case::server(
        "cls.at-accept-keeps-reading",
        &["EOP-CLS-1", "EOP-CLS-7"],
        "a port that moves everyone takes 256 KiB that were sent to it all the same",
        |s| {
            let mut a = s.connect_as("A", s.listen(&format!("redirect {TARGET}"))?)?;
            a.send(n(pattern(32_756)).repeat(8))?;
            a.expect_r(TARGET, "")?;
            expect_open(&mut a)?;
            expect_nothing_more(&mut a)
        },
    )
    .whole(),
    Case::server(
        "cls.request-discarded",
        &["EOP-CLS-2"],
        "a request after a REDIRECT is neither answered nor an error",
        |s| unparsed(s, n("do answer 6f6b")),
    ),
    Case::server(
        "cls.garbage-discarded",
        &["EOP-CLS-2"],
        "octets that are no frame are no error after a REDIRECT",
        |s| unparsed(s, b"GET / HTTP/1.1\r\nHost: example\r\n\r\n".to_vec()),
    ),
    Case::server(
        "cls.bad-opcode-discarded",
        &["EOP-CLS-2"],
        "an unknown opcode is no error after a REDIRECT",
        |s| {
            unparsed(
                s,
                raw(
                    RawHeader {
                        opcode: 0x0003,
                        ..normal_header(0)
                    },
                    b"",
                ),
            )
        },
    ),
    Case::server(
        "cls.redirect-discarded",
        &["EOP-CLS-2"],
        "a REDIRECT from the client is no error after the server's",
        |s| unparsed(s, r(TARGET)),
    ),
    Case::server(
        "cls.too-large-discarded",
        &["EOP-CLS-2"],
        "a header that announces too much is no error after a REDIRECT",
        |s| unparsed(s, raw(normal_header(u32::MAX), b"begun")),
    ),
    Case::server(
        "cls.half-header-discarded",
        &["EOP-CLS-2", "EOP-TIM-1"],
        "half a header after a REDIRECT is no slow header",
        |s| {
            let (address, limit) = s.with_option("header", LIMIT)?;
            let (mut a, mut b) = (s.connect_as("A", address)?, s.connect_as("B", address)?);
            redirect(&mut a)?;
            // B's header is slow, and later than A's: its end is the barrier. A's octets come too seldom to end a header
            // by then, and often enough for the limit on silence.
            let mut octets = n("do answer 6f6b").into_iter();
            a.send([octets.next().unwrap_or_default()])?;
            b.send(cut(n("hello"), 5))?;
            let begun = Instant::now();
            while !b.ended_within(share(limit, 2)) {
                a.send([octets.next().unwrap_or_default()])?;
                if begun.elapsed() > s.beyond(limit) {
                    let observed = "it stays open";
                    return Err(Stop::end("a slow header ends its connection", observed)
                        .against("EOP-TIM-1"));
                }
            }
            expect_open(&mut a)?;
            expect_nothing_more(&mut a)
        },
    )
    .whole(),
    Case::server(
        "cls.open-until-the-client-ends",
        &["EOP-TST-11", "EOP-CLS-1"],
        "after a REDIRECT the server does not end the connection before the client does",
        |s| {
            let mut a = moved(s)?;
            s.ask("hello")?;
            a.send([0])?;
            expect_open(&mut a)?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "cls.closed-at-once",
        &["EOP-CLS-5"],
        "when the client ends the stream after a REDIRECT, so does the server, at once",
        |s| {
            let mut a = moved(s)?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "cls.linger-idle",
        &["EOP-CLS-3", "EOP-CLS-1"],
        "a client that stays silent after a REDIRECT is waited for until the limit, and no longer",
        |s| {
            let (address, limit) = s.with_option("linger-idle", LIMIT)?;
            let begun = Instant::now();
            let mut a = s.connect_as("A", address)?;
            redirect(&mut a)?;
            if !a.ended_within(s.beyond(limit)) {
                return Err(Stop::end(
                    format!("the connection ends after {limit} ms of silence"),
                    "it stays open",
                ));
            }
            waited_for(limit, begun.elapsed())
        },
    )
    .whole(),
    Case::server(
        "cls.linger-idle-begins-anew",
        &["EOP-CLS-3", "EOP-CLS-1"],
        "every octet after a REDIRECT begins the idle limit anew",
        |s| {
            let (address, limit) = s.with_option("linger-idle", LIMIT)?;
            let (mut a, mut b) = (s.connect_as("A", address)?, s.connect_as("B", address)?);
            redirect(&mut a)?;
            redirect(&mut b)?;
            let begun = Instant::now();
            while !b.ended_within(share(LIMIT, 2)) {
                a.send([0])?;
                if begun.elapsed() > s.beyond(limit) {
                    return Err(Stop::end(
                        format!("the silent connection ends after {limit} ms"),
                        "it stays open",
                    ));
                }
            }
            expect_open(&mut a)?;
            expect_nothing_more(&mut a)
        },
    )
    .whole(),
    Case::server(
        "cls.linger-at-accept",
        &["EOP-CLS-3"],
        "a client that was moved at accept, and one that was moved after its answer, are waited for no longer than the limit",
        |s| {
            let (address, limit) = s.with_option("linger-idle", LIMIT)?;
            let port = listen_at(s, address, &format!("redirect {TARGET} 6f6b"))?;
            let (mut a, mut b) = (s.connect_as("A", port)?, s.connect_as("B", address)?);
            b.send(n(format!("do answer 6869;redirect {TARGET}")))?;
            b.expect_n("hi")?;
            b.expect_r(TARGET, "")?;
            a.expect_r(TARGET, "ok")?;
            for link in [&mut a, &mut b] {
                if !link.ended_within(s.beyond(limit)) {
                    return Err(Stop::end(
                        format!("the connection ends after {limit} ms of silence"),
                        "it stays open",
                    ));
                }
            }
            Ok(())
        },
    )
    .whole(),
    Case::server(
        "cls.linger-after-fin",
        &["EOP-TST-28", "EOP-CLS-3"],
        "behind a `fin` of the server's what comes is discarded, and no longer than after a REDIRECT",
        |s| {
            let (address, limit) = s.with_option("linger-idle", LIMIT)?;
            let mut a = s.connect_as("A", address)?;
            a.send(n("do answer 6f6b;fin"))?;
            a.expect_n("ok")?;
            a.expect_fin()?;
            a.send(n(pattern(32_756)))?;
            a.settle()?;
            if a.reset_unread() {
                let observed = "it is reset";
                return Err(Stop::end("what comes behind a `fin` discarded", observed));
            }
            // A closed connection answers further octets with a reset, which shows without reading.
            let begun = Instant::now();
            while !a.reset_unread() {
                a.idle(limit, 15);
                a.send([0])?;
                a.idle(limit, 1);
                if begun.elapsed() > s.beyond(limit.saturating_mul(5)) {
                    return Err(Stop::end(
                        format!("the connection closed after {limit} ms of silence"),
                        "it still takes octets",
                    ));
                }
            }
            Ok(())
        },
    )
    .whole(),
    Case::server(
        "cls.linger-total",
        &["EOP-CLS-3"],
        "a client that never stops sending after a REDIRECT is cut off at the total limit",
        |s| {
            let (address, limit) = s.with_option("linger-total", 2 * LIMIT)?;
            let begun = Instant::now();
            let mut a = s.connect_as("A", address)?;
            redirect(&mut a)?;
            if !trickle(&mut a, s.beyond(limit))? {
                return Err(Stop::end(
                    format!("the connection ends after {limit} ms in all"),
                    "it stays open",
                ));
            }
            waited_for(limit, begun.elapsed())
        },
    )
    .whole(),
    Case::server(
        "cls.slow-reader",
        &["EOP-CLS-4", "EOP-CLS-7"],
        "a REDIRECT of 3 MB reaches a client that begins to read it after the limits have passed",
        |s| {
            let (address, limit) = s.with_option("linger-idle", LIMIT)?;
            read_late(s, address, limit)
        },
    )
    .whole(),
    Case::server(
        "cls.slow-reader-in-all",
        &["EOP-CLS-4", "EOP-CLS-7"],
        "a REDIRECT of 3 MB reaches a client that begins to read it after the total limit has passed",
        |s| {
            let (address, limit) = s.with_option("linger-total", 2 * LIMIT)?;
            read_late(s, address, limit)
        },
    )
    .whole(),
    Case::server(
        "rsd.while-the-redirect-is-on-its-way",
        &["EOP-RSD-1", "EOP-CLS-2"],
        "a request that arrives while a large REDIRECT is on its way is not acted on",
        |s| {
            let token = s.token("t");
            let mut a = s.connect_slow("A", s.address()?)?;
            a.send(n(s.pick(
                "do answer @3000000".to_owned(),
                format!("do redirect {TARGET} @3000000"),
            )))?;
            a.expect_octets(1)?;
            a.send(n(format!("mark {token}")))?;
            if s.control() {
                a.expect_n(pattern(3_000_000))?;
                a.expect_n("1")?;
            } else {
                a.settle()?;
                a.expect_r(TARGET, pattern(3_000_000))?;
                expect_nothing_more(&mut a)?;
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative()
    .whole(),
    Case::server(
        "cls.stall",
        &["EOP-CLS-12"],
        "a client that stops reading an answer is given up after the limit; one that reads is not",
        |s| stalled(s, "do answer @8000000", |a| a.expect_n(pattern(8_000_000))),
    )
    .negative()
    .whole(),
    Case::server(
        "cls.stall-in-a-redirect",
        &["EOP-CLS-12", "EOP-CLS-4"],
        "a client that stops reading a REDIRECT is given up after the limit; one that reads is not",
        |s| {
            let request = format!("do redirect {TARGET} @8000000");
            stalled(s, &request, |a| a.expect_r(TARGET, pattern(8_000_000)))
        },
    )
    .negative()
    .whole(),
    Case::server(
        "tim.header",
        &["EOP-TIM-1"],
        "a header of which no more than its first octet comes fails the connection",
        |s| {
            let (address, limit) = s.with_option("header", LIMIT)?;
            let mut a = s.connect_as("A", address)?;
            let frame = n("do answer 6f6b");
            a.send(s.pick(frame.clone(), cut(frame, 1)))?;
            if s.control() {
                return a.expect_n("ok");
            }
            a.patience(s.beyond(limit));
            a.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::server(
        "tim.second-header",
        &["EOP-TIM-1"],
        "a slow header fails the connection after answers too, down to its last octet",
        |s| {
            let (address, limit) = s.with_option("header", LIMIT)?;
            let mut a = s.connect_as("A", address)?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")?;
            let frame = n("do answer 6869");
            a.send(s.pick(frame.clone(), cut(frame, 11)))?;
            if s.control() {
                return a.expect_n("hi");
            }
            a.patience(s.beyond(limit));
            a.expect_end()
        },
    )
    .negative()
    .whole(),
    Case::server(
        "tim.header-octet-by-octet",
        &["EOP-TIM-1"],
        "the limit is one for the whole header: octets that keep coming do not stretch it",
        |s| {
            let (address, limit) = s.with_option("header", LIMIT)?;
            let mut a = s.connect_as("A", address)?;
            for octet in n("do answer 6f6b") {
                a.send([octet])?;
                if !s.control() && a.ended_within(share(limit, 3)) {
                    break;
                }
            }
            if s.control() {
                a.expect_n("ok")
            } else {
                a.expect_end()
            }
        },
    )
    .negative()
    .whole(),
    Case::server(
        "tim.slow-payload",
        &["EOP-TIM-1"],
        "the limit is for headers: a payload may take longer, and so may the pause before a header",
        |s| {
            let (address, limit) = s.with_option("header", LIMIT)?;
            let connect = |label| s.connect_as(label, address);
            let (mut a, mut idle, mut b) = (connect("A")?, connect("idle")?, connect("B")?);
            let frame = n("do answer 6f6b");
            let (begun, rest) = frame.split_at(17);
            a.send(begun)?;
            // B's header is slow, and later than A's payload: its end is the barrier.
            b.send(cut(frame.clone(), 5))?;
            if !b.ended_within(s.beyond(limit)) {
                return Err(Stop::end(
                    "a slow header ends its connection",
                    "it stays open",
                ));
            }
            a.send(rest)?;
            a.expect_n("ok")?;
            idle.send(&frame)?;
            idle.expect_n("ok")
        },
    )
    .whole(),
    Case::server(
        "err.stays-on-its-connection",
        &["EOP-ERR-3"],
        "a connection that breaks a rule ends; one opened before it is served on",
        |s| {
            let (mut a, mut b) = (s.connect()?, s.connect_as("B", s.address()?)?);
            b.send(s.known())?;
            s.expect_known(&mut b)?;
            a.send(raw(
                RawHeader {
                    opcode: 0x0003,
                    ..normal_header(0)
                },
                b"",
            ))?;
            a.expect_end()?;
            b.send(s.known())?;
            s.expect_known(&mut b)
        },
    )
    .needs_answer(),
    Case::server(
        "err.leaves-a-wait-alone",
        &["EOP-ERR-3"],
        "connections that break rules disturb neither one that waits nor one inside a frame",
        |s| {
            let token = s.token("t");
            let connect = |label| s.connect_as(label, s.address()?);
            let (mut waits, mut inside, mut a, mut b) = (
                connect("waits")?,
                connect("inside")?,
                connect("A")?,
                connect("B")?,
            );
            let frame = n("do answer 6f6b");
            let (begun, rest) = frame.split_at(17);
            waits.send(n(format!("do await {token};answer 6869")))?;
            inside.send(begun)?;
            a.send(raw(normal_header(u32::MAX), b""))?;
            b.send(r(TARGET))?;
            a.expect_end()?;
            b.expect_end()?;
            inside.send(rest)?;
            inside.expect_n("ok")?;
            s.signal(&token)?;
            waits.expect_n("hi")
        },
    ),
    Case::server(
        "err.reset-by-a-client",
        &["EOP-ERR-3"],
        "clients that reset, in a frame, in a wait or before a large answer, do not disturb another one",
        |s| {
            let token = s.token("t");
            let mut b = s.connect_as("B", s.address()?)?;
            for octets in [
                cut(n("hello"), 14),
                n(format!("do await {token};answer 6f6b")),
                n("do answer @3000000"),
            ] {
                let mut a = s.connect()?;
                a.send(octets)?;
                a.reset()?;
            }
            s.signal(&token)?;
            b.send(n("do answer 6f6b"))?;
            b.expect_n("ok")
        },
    ),
    Case::server(
        "err.ends-by-itself",
        &["EOP-ERR-1"],
        "an error ends the connection at once, whatever else the client keeps sending",
        |s| {
            let mut a = s.connect()?;
            a.send(s.pick(
                s.known(),
                raw(
                    RawHeader {
                        opcode: 0xfeff,
                        ..normal_header(0)
                    },
                    b"",
                ),
            ))?;
            a.send(s.known())?;
            if !s.control() {
                return a.expect_end();
            }
            s.expect_known(&mut a)?;
            s.expect_known(&mut a)
        },
    )
    .negative()
    .needs_answer(),
    Case::server(
        "err.nothing-after",
        &["EOP-ERR-2", "EOP-FRM-9"],
        "what follows an error is neither acted on nor answered",
        |s| {
            let token = s.token("t");
            let header = normal_header(0);
            let mut a = s.connect()?;
            a.send(raw(
                s.pick(
                    header,
                    RawHeader {
                        opcode: 0x0003,
                        ..header
                    },
                ),
                b"",
            ))?;
            a.send(n(format!("mark {token}")))?;
            if s.control() {
                a.expect_n("unknown")?;
                a.expect_n("1")?;
            } else {
                a.expect_end()?;
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
];
