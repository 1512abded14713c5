//! The test service of `testee.md`, section 2: without it nothing else could be judged.

use std::time::Instant;

use super::{TARGET, expect_silent, listen_at};
use crate::case::Case;
use crate::link::Link;
use crate::octets::{cut, n, pattern, payload};
use crate::stage::ServerStage;
use crate::testee::Instance;
use crate::verdict::{Step, Stop};

/// A number as the contract writes it.
fn number(text: &str) -> Option<u32> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| plain)
}

/// Where a further instance is told to listen: any free port of this host, for this host.
const LOOPBACK: &str = "127.0.0.1:0";

/// A further instance with these options, which has to say `ready`.
fn started(s: &ServerStage<'_>, options: &str) -> Step<Instance> {
    s.started(LOOPBACK, options)?
        .map_err(|not_started| Stop::messages("`ready`", not_started.0))
}

/// Asks until the token's count is `expected`: what marks it is under way.
fn await_mark(s: &ServerStage<'_>, token: &str, expected: u32) -> Step {
    let begun = Instant::now();
    while begun.elapsed() < s.beyond(0) {
        if s.marked(token)? == expected {
            return Ok(());
        }
    }
    s.expect_marked(token, expected)
}

/// A connection on which a request waits for `token`, and has begun to.
fn waiting(s: &ServerStage<'_>, token: &str) -> Step<Link> {
    let begun = s.token("begun");
    let mut a = s.connect_as("waits", s.address()?)?;
    a.send(n(format!("do mark {begun};await {token};answer 6869")))?;
    await_mark(s, &begun, 1)?;
    Ok(a)
}

pub(super) const CASES: &[Case] = &[
    Case::server(
        "tst.hello",
        &["EOP-TST-15", "EOP-TST-14", "EOP-LIM-1"],
        "`hello` is answered with the version and every option in force",
        |s| {
            let answer = s.ask("hello")?;
            let options = answer.strip_prefix("eop-test 1 ").unwrap_or_default();
            for (place, name) in ["limit", "linger-idle", "linger-total", "header", "stall"]
                .iter()
                .enumerate()
            {
                let at = options
                    .split(' ')
                    .position(|option| option.split_once('=').is_some_and(|(key, _)| key == *name));
                let number = options
                    .split(' ')
                    .find_map(|option| number(option.strip_prefix(name)?.strip_prefix('=')?));
                // Only `limit` has a place of its own.
                if number.is_none() || (place == 0 && at != Some(0)) {
                    return Err(Stop::messages(
                        format!("`{name}=` and a number in answer to `hello`"),
                        answer,
                    ));
                }
                if place == 0 && number < Some(65_536) {
                    return Err(
                        Stop::messages("a limit of at least 65536", answer).against("EOP-LIM-1")
                    );
                }
            }
            Ok(())
        },
    ),
    Case::server(
        "tst.goes-on-after-unknown",
        &["EOP-TST-5"],
        "an unknown request, be it empty, large or no text, is answered and the next one served",
        |s| {
            let mut a = s.connect()?;
            for request in [
                vec![],
                vec![0xff; 200],
                pattern(50_000),
                b"do mark".to_vec(),
            ] {
                a.send(n(request))?;
                a.expect_n("unknown")?;
            }
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "tst.answers",
        &["EOP-TST-23", "EOP-TST-14"],
        "`answer` sends what it names: octets, nothing, a pattern of any length",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do answer 00ff0d0a7f80"))?;
            a.expect_n([0x00, 0xff, 0x0d, 0x0a, 0x7f, 0x80])?;
            for size in [0, 1, 250, 251, 252, 65_536, 1_000_000] {
                a.send(n(format!("do answer @{size}")))?;
                a.expect_n(pattern(size))?;
            }
            Ok(())
        },
    )
    .whole(),
    Case::server(
        "tst.long-requests",
        &["EOP-TST-14", "EOP-TST-23", "EOP-TST-27"],
        "a request may be long: an answer of 20,000 octets in hex, and three hundred steps",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            let octets = pattern(20_000);
            a.send(n(format!("do answer {}", payload(&octets))))?;
            a.expect_n(octets)?;
            let marks = format!("mark {token};").repeat(300);
            a.send(n(format!("do {marks}answer 6f6b")))?;
            a.expect_n("ok")?;
            s.expect_marked(&token, 300)
        },
    )
    .whole(),
    Case::server(
        "tst.mark",
        &["EOP-TST-16", "EOP-TST-17", "EOP-TST-21", "EOP-TST-14"],
        "marks are counted one by one over all connections, and answered with the new count",
        |s| {
            let token = s.token("t");
            let (mut a, mut b) = (s.connect()?, s.connect_as("B", s.address()?)?);
            a.send(n(format!("marked {token}")))?;
            a.expect_n("0")?;
            for count in (1..=9).step_by(2) {
                a.send(n(format!("mark {token}")))?;
                a.expect_n(format!("{count}"))?;
                b.send(n(format!("mark {token}")))?;
                b.expect_n(format!("{}", count + 1))?;
            }
            a.send(n(format!("marked {token}")))?;
            a.expect_n("10")?;
            s.expect_marked(&token, 10)
        },
    ),
    Case::server(
        "tst.mark-many",
        &["EOP-TST-16", "EOP-TST-14"],
        "three hundred marks are counted to three hundred",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("mark {token}")).repeat(300))?;
            (1..=300).try_for_each(|count| a.expect_n(format!("{count}")))
        },
    ),
    Case::server(
        "tst.marks-by-token",
        &["EOP-TST-27", "EOP-TST-16", "EOP-TST-17"],
        "tokens have counts of their own, however alike they are",
        |s| {
            let (token, longer) = (s.token("t"), s.token("tt"));
            let mut a = s.connect()?;
            a.send(n(format!("mark {token}")))?;
            a.expect_n("1")?;
            a.send(n(format!("marked {longer}")))?;
            a.expect_n("0")?;
            a.send(n(format!(
                "do mark {longer};mark {token};mark {longer};answer 6f6b"
            )))?;
            a.expect_n("ok")?;
            s.expect_marked(&token, 2)?;
            s.expect_marked(&longer, 2)
        },
    ),
    Case::server(
        "tst.mark-before-redirect",
        &["EOP-TST-12", "EOP-TST-27"],
        "a mark is counted before the REDIRECT, the answer or the end behind it is seen",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do mark {token};answer 6f6b")))?;
            a.expect_n("ok")?;
            s.expect_marked(&token, 1)?;
            a.send(n(format!("do mark {token};redirect {TARGET}")))?;
            a.expect_r(TARGET, "")?;
            s.expect_marked(&token, 2)?;
            let mut b = s.connect_as("B", s.address()?)?;
            b.send(n(format!("do mark {token};fin")))?;
            b.expect_fin()?;
            s.expect_marked(&token, 3)
        },
    ),
    Case::server(
        "tst.mark-after-answer",
        &["EOP-TST-22", "EOP-TST-27"],
        "the steps behind an answer are performed too, before the next request",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do answer 6f6b;mark {token};mark {token}")))?;
            a.send(n(format!("marked {token}")))?;
            a.expect_n("ok")?;
            a.expect_n("2")
        },
    ),
    Case::server(
        "tst.mark-before-await",
        &["EOP-TST-12", "EOP-TST-4"],
        "a mark is counted while the step behind it waits",
        |s| {
            let token = s.token("w");
            let mut a = waiting(s, &token)?;
            s.signal(&token)?;
            a.expect_n("hi")
        },
    ),
    Case::server(
        "tst.mark-after-await",
        &["EOP-TST-12", "EOP-TST-26"],
        "a mark behind a wait is not counted before the signal",
        |s| {
            let (wait, token) = (s.token("w"), s.token("t"));
            let mut a = s.connect()?;
            a.send(n(format!(
                "do mark {token};await {wait};mark {token};answer 6f6b"
            )))?;
            await_mark(s, &token, 1)?;
            s.signal(&wait)?;
            a.expect_n("ok")?;
            s.expect_marked(&token, 2)
        },
    ),
    Case::server(
        "tst.awaits-one-by-one",
        &["EOP-TST-26", "EOP-TST-22"],
        "two waits in one request need two signals",
        |s| {
            let (first, second, token) = (s.token("w1"), s.token("w2"), s.token("t"));
            let mut a = s.connect()?;
            a.send(n(format!(
                "do await {first};mark {token};await {second};answer 6f6b"
            )))?;
            s.signal(&first)?;
            await_mark(s, &token, 1)?;
            expect_silent(&mut a)?;
            s.signal(&second)?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "tst.signal-before-await",
        &["EOP-TST-18", "EOP-TST-26"],
        "a signal that was given releases the waits to come, again and again",
        |s| {
            let token = s.token("w");
            s.signal(&token)?;
            let mut a = s.connect()?;
            for _ in 0..2 {
                a.send(n(format!("do await {token};answer 6f6b")))?;
                a.expect_n("ok")?;
            }
            Ok(())
        },
    ),
    Case::server(
        "tst.signal-releases-all",
        &["EOP-TST-18", "EOP-TST-26", "EOP-TST-4"],
        "one signal releases every wait for its token, and none for another",
        |s| {
            let (token, other) = (s.token("w"), s.token("ww"));
            let mut b = s.connect_as("B", s.address()?)?;
            b.send(n(format!("do await {other};answer 6f6b")))?;
            let mut links = ["A1", "A2", "A3"].map(|label| s.connect_as(label, s.address()?));
            for link in &mut links {
                let link = link.as_mut().map_err(|stop| stop.clone())?;
                link.send(n(format!("do await {token};answer 6869")))?;
            }
            s.signal(&token)?;
            for link in links {
                link?.expect_n("hi")?;
            }
            expect_silent(&mut b)?;
            s.signal(&other)?;
            b.expect_n("ok")
        },
    ),
    Case::server(
        "tst.fin",
        &["EOP-TST-28"],
        "`fin` ends the connection with FIN, after everything sent before",
        |s| {
            for (steps, before) in [
                ("fin", None),
                ("answer 6f6b;fin", Some(b"ok".to_vec())),
                ("answer @1000000;fin", Some(pattern(1_000_000))),
            ] {
                let mut a = s.connect()?;
                a.send(n(format!("do {steps}")))?;
                if let Some(answer) = before {
                    a.expect_n(answer)?;
                }
                a.expect_fin()?;
            }
            Ok(())
        },
    ),
    Case::server(
        "tst.fin-at-accept",
        &["EOP-TST-28", "EOP-TST-20"],
        "`fin` at accept ends the connection with FIN, after the greetings",
        |s| {
            let mut a = s.connect_as("A", s.listen("answer 6869;fin")?)?;
            a.expect_n("hi")?;
            a.expect_fin()
        },
    ),
    Case::server(
        "tst.fin-discards",
        &["EOP-TST-28", "EOP-CLS-2"],
        "what stands behind a `fin` is discarded: no answer to it, no mark, and no RST",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n("do answer @300000;fin"))?;
            a.send(n(format!("mark {token}")))?;
            a.send(n(pattern(50_000)))?;
            a.expect_n(pattern(300_000))?;
            a.expect_fin()?;
            s.expect_marked(&token, 0)
        },
    ),
    Case::server(
        "tst.reset",
        &["EOP-TST-29"],
        "`reset` ends the connection with RST, after everything sent before",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do reset"))?;
            a.expect_reset()?;
            let mut b = s.connect_as("B", s.address()?)?;
            b.send(n("do answer 6f6b;reset"))?;
            b.expect_n("ok")?;
            b.expect_reset()
        },
    ),
    Case::server(
        "tst.reset-behind-a-large-answer",
        &["EOP-TST-29"],
        "`reset` waits until what was sent before is acknowledged: a client that reads slowly gets all of it",
        |s| {
            let mut a = s.connect_slow("A", s.address()?)?;
            a.send(n("do answer @3000000;reset"))?;
            a.expect_octets(1)?;
            s.ask("hello")?;
            a.expect_n(pattern(3_000_000))?;
            a.expect_reset()
        },
    )
    .whole(),
    Case::server(
        "tst.listen",
        &["EOP-TST-19", "EOP-TST-20", "EOP-TST-21"],
        "every `listen` opens a port of its own, with its own steps; all count together",
        |s| {
            let token = s.token("t");
            let (first, second) = (
                s.listen("answer 6869")?,
                s.listen(&format!("mark {token};answer 6f6b"))?,
            );
            let (mut a, mut b) = (s.connect_as("A", first)?, s.connect_as("B", second)?);
            a.expect_n("hi")?;
            b.expect_n("ok")?;
            a.send(n(format!("mark {token}")))?;
            a.expect_n("2")?;
            b.send(n(format!("marked {token}")))?;
            b.expect_n("2")
        },
    ),
    Case::server(
        "tst.listen-from-a-port",
        &["EOP-TST-20", "EOP-TST-19"],
        "a port that `listen` opened serves like any other, `listen` too",
        |s| {
            let first = s.listen(&format!("mark {}", s.token("t")))?;
            let port = listen_at(s, first, "answer 6f6b")?;
            s.connect_as("B", port)?.expect_n("ok")
        },
    ),
    Case::server(
        "tst.many-connections",
        &["EOP-TST-4"],
        "two hundred connections are open and served at once, while one waits",
        |s| {
            let token = s.token("w");
            let mut waits = waiting(s, &token)?;
            let mut links = Vec::new();
            for i in 0..200 {
                links.push(s.connect_as(&i.to_string(), s.address()?)?);
            }
            for link in links.iter_mut().rev() {
                link.send(n("do answer 6f6b"))?;
                link.expect_n("ok")?;
            }
            s.signal(&token)?;
            waits.expect_n("hi")
        },
    )
    .whole(),
    Case::server(
        "tst.half-a-frame-holds-up-nobody",
        &["EOP-TST-4"],
        "connections that stopped inside a header and inside a payload hold up no other",
        |s| {
            let frame = n("do answer 6869");
            let halves = [5, 17].map(|place| frame.split_at(place));
            let (mut a, mut b) = (s.connect()?, s.connect_as("B", s.address()?)?);
            a.send(halves[0].0)?;
            b.send(halves[1].0)?;
            let mut c = s.connect_as("C", s.address()?)?;
            c.send(n("do answer 6f6b"))?;
            c.expect_n("ok")?;
            b.send(halves[1].1)?;
            b.expect_n("hi")?;
            a.send(halves[0].1)?;
            a.expect_n("hi")
        },
    ),
    Case::server(
        "tst.wait-at-accept-holds-up-nobody",
        &["EOP-TST-4"],
        "clients that wait for their greeting hold up neither each other nor other ports",
        |s| {
            let token = s.token("w");
            let port = s.listen(&format!("await {token};answer 6869"))?;
            let (mut a, mut b) = (s.connect_as("A", port)?, s.connect_as("B", port)?);
            let mut c = s.connect_as("C", s.address()?)?;
            c.send(n("do answer 6f6b"))?;
            c.expect_n("ok")?;
            expect_silent(&mut a)?;
            s.signal(&token)?;
            b.expect_n("hi")?;
            a.expect_n("hi")
        },
    ),
    Case::server(
        "tst.full-pipe-holds-up-nobody",
        &["EOP-TST-4"],
        "a client that does not read, and a moved one that lingers, hold up no other",
        |s| {
            let (mut full, mut moved) = (
                s.connect_slow("full", s.address()?)?,
                s.connect_as("moved", s.address()?)?,
            );
            full.send(n("do answer @8000000"))?;
            moved.send(n(format!("do redirect {TARGET}")))?;
            moved.expect_r(TARGET, "")?;
            full.expect_octets(1)?;
            let mut a = s.connect()?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")?;
            full.reset()
        },
    )
    .whole(),
    Case::server(
        "tst.ready-and-leaves",
        &["EOP-TST-2", "EOP-TST-1", "EOP-TST-33"],
        "a started server says `ready`, serves there, and leaves when its input ends, though busy",
        |s| {
            let mut instance = started(s, "").map_err(|stop| stop.against("EOP-TST-1"))?;
            let mut a = s.connect_as("A", instance.address)?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")?;
            a.send(n(format!("do await {};answer 6f6b", s.token("w"))))?;
            let mut b = s.connect_as("B", instance.address)?;
            b.send(cut(n("hello"), 14))?;
            b.settle()?;
            if !instance.leave(s.beyond(0)) {
                let expected = "the server leaves when its standard input ends";
                return Err(Stop::end(expected, "it still runs"));
            }
            match instance.printed_more(s.manner.wait) {
                None => Ok(()),
                Some(more) => {
                    Err(Stop::messages("nothing printed but `ready`", more).against("EOP-TST-33"))
                }
            }
        },
    )
    .needs_command()
    .whole(),
    Case::server(
        "tst.options",
        &["EOP-TST-32", "EOP-TST-31"],
        "a started server puts the options that it is given into force, and ignores one that it does not know",
        |s| {
            let instance = started(s, "limit=70000 future=x stall=20000").map_err(|stop| stop.against("EOP-TST-31"))?;
            let mut a = s.connect_as("A", instance.address)?;
            a.send(n("hello"))?;
            let answer = a.message("an answer to `hello`")?;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let options: Vec<_> = answer.split(' ').collect();
            for expected in [
                "limit=70000",
                "stall=20000",
                "header=10000",
                "linger-idle=5000",
                "linger-total=30000",
            ] {
                if !options.contains(&expected) {
                    let expected = format!("`{expected}` in answer to `hello`");
                    return Err(Stop::messages(expected, answer));
                }
            }
            Ok(())
        },
    )
    .needs_command()
    .whole(),
    Case::server(
        "tst.listen-address",
        &["EOP-TST-1", "EOP-TST-19"],
        "a server that is told to listen at 127.0.0.2 serves there, and opens its further ports there",
        |s| {
            let instance = s
                .started("127.0.0.2:0", "")?
                .map_err(|not_started| Stop::messages("`ready`", not_started.0))?;
            let at = instance.address;
            if at.ip().octets() != [127, 0, 0, 2] {
                return Err(Stop::messages("`ready 127.0.0.2:…`", at.to_string()));
            }
            let port = listen_at(s, at, "answer 6f6b")?;
            let mut a = s.connect_as("A", port).map_err(|_| {
                let expected = format!("a further port at {port}");
                Stop::messages(expected, "nobody listens there").against("EOP-TST-19")
            })?;
            a.expect_n("ok")
        },
    )
    .needs_command()
    .whole(),
    Case::server(
        "tst.bad-option",
        &["EOP-TST-30"],
        "a server that is given an option whose value is no number does not say `ready`",
        |s| {
            for bad in ["header=soon", "limit=-1"] {
                let options = s.pick("limit=70000", bad);
                if s.control() {
                    let instance = started(s, options)?;
                    let mut a = s.connect_as("A", instance.address)?;
                    a.send(n("do answer 6f6b"))?;
                    a.expect_n("ok")?;
                } else if let Ok(instance) = s.started(LOOPBACK, options)? {
                    let expected = format!("no `ready` with `EOP_OPTIONS={options}`");
                    let observed = format!("`ready {}`", instance.address);
                    return Err(Stop::messages(expected, observed));
                }
            }
            Ok(())
        },
    )
    .needs_command()
    .negative()
    .whole(),
    Case::server(
        "tst.loopback-only",
        &["EOP-TST-3"],
        "a server that is told to listen beyond loopback does not say `ready` there",
        |s| {
            let started = s.started(s.pick(LOOPBACK, "0.0.0.0:0"), "")?;
            match started {
                Ok(instance) if s.control() => {
                    let mut a = s.connect_as("A", instance.address)?;
                    a.send(n("do answer 6f6b"))?;
                    a.expect_n("ok")
                }
                Ok(instance) if !instance.address.ip().is_loopback() => Err(Stop::messages(
                    "no `ready` but at loopback",
                    format!("`ready {}`", instance.address),
                )),
                Err(not_started) if s.control() => Err(Stop::messages("`ready`", not_started.0)),
                Ok(_) | Err(_) => Ok(()),
            }
        },
    )
    .needs_command()
    .negative()
    .whole(),
];
