//! Section 5 for servers: what is answered, in which order, and what a REDIRECT promises.

use super::{TARGET, expect_nothing_more};
use crate::case::Case;
use crate::octets::{cut, n};

pub(super) const CASES: &[Case] = &[
    Case::server(
        "acc.order-behind-a-wait",
        &["EOP-ACC-3", "EOP-TST-22", "EOP-TST-26"],
        "a request that waits is answered before the one behind it",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(
                [
                    n(format!("do await {token};answer 6f6e65")),
                    n("do answer 74776f"),
                ]
                .concat(),
            )?;
            s.signal(&token)?;
            a.expect_n("one")?;
            a.expect_n("two")
        },
    ),
    Case::server(
        "acc.many-requests",
        &["EOP-ACC-3", "EOP-FRM-2"],
        "three hundred requests at once are answered one by one, in order",
        |s| {
            let mut a = s.connect()?;
            let requests: Vec<_> = (0..300)
                .flat_map(|i| n(format!("do answer {i:04}")))
                .collect();
            a.send(requests)?;
            for i in 0..300_u16 {
                let octets = [i / 100, i % 100]
                    .map(|pair| u8::try_from(pair / 10 * 16 + pair % 10).unwrap_or_default());
                a.expect_n(octets)?;
            }
            Ok(())
        },
    ),
    Case::server(
        "acc.large-answers-unread",
        &["EOP-ACC-3", "EOP-TST-23"],
        "forty requests for large answers, of which none is read before all were sent, are answered in order",
        |s| {
            let mut a = s.connect_slow("A", s.address()?)?;
            for size in 100_000..100_040 {
                a.send(n(format!("do answer @{size}")))?;
            }
            (100_000..100_040).try_for_each(|size| a.expect_n(crate::octets::pattern(size)))
        },
    )
    .whole(),
    Case::server(
        "acc.nothing-unasked",
        &["EOP-ACC-2", "EOP-HCL-1"],
        "a client that sends nothing but its end gets no message",
        |s| {
            let mut a = s.connect()?;
            a.half_close()?;
            s.ask("hello")?;
            if a.anything_by_now().is_some() {
                a.expect_fin()
            } else {
                Ok(())
            }
        },
    ),
    Case::server(
        "acc.nothing-before-the-answer",
        &["EOP-ACC-2"],
        "while a request waits nothing is sent; then its answer, and the next one's",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do await {token};answer 6f6b")))?;
            s.signal(&token)?;
            a.expect_n("ok")?;
            a.send(n("do answer 6869"))?;
            a.expect_n("hi")
        },
    ),
    Case::server(
        "acc.greeting",
        &["EOP-TST-20", "EOP-TST-23", "EOP-ACC-4"],
        "a greeted connection brings its greeting before the client sends an octet",
        |s| {
            let mut a = s.connect_as("A", s.listen("answer 6869")?)?;
            a.expect_n("hi")?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "acc.greetings",
        &["EOP-TST-20", "EOP-TST-23", "EOP-ACC-4", "EOP-FRM-8"],
        "three greetings, one of them empty, come in order, and no fourth",
        |s| {
            let mut a = s.connect_as("A", s.listen("answer 6869;answer -;answer @70000")?)?;
            a.expect_n("hi")?;
            a.expect_n("")?;
            a.expect_n(crate::octets::pattern(70_000))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "acc.greetings-every-time",
        &["EOP-TST-20", "EOP-TST-23", "EOP-ACC-4"],
        "every connection to a greeted port is greeted, those to the main port are not",
        |s| {
            let port = s.listen("answer 6869")?;
            for label in ["A", "B", "C"] {
                s.connect_as(label, port)?.expect_n("hi")?;
            }
            let mut a = s.connect()?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "acc.greeting-before-answers",
        &["EOP-TST-20", "EOP-TST-23", "EOP-ACC-4", "EOP-ACC-2"],
        "a greeting comes before the answer to a request that did not wait for it",
        |s| {
            let token = s.token("t");
            let mut a = s.connect_as("A", s.listen(&format!("await {token};answer 6869"))?)?;
            a.send_whole(n("do answer 6f6b"))?;
            s.signal(&token)?;
            a.expect_n("hi")?;
            a.expect_n("ok")
        },
    ),
    Case::server(
        "acc.redirect-after-greeting",
        &["EOP-TST-20", "EOP-TST-23", "EOP-ACC-4", "EOP-RED-11"],
        "a greeting, then a REDIRECT at accept",
        |s| {
            let mut a = s.connect_as("A", s.listen(&format!("answer 6869;redirect {TARGET}"))?)?;
            a.expect_n("hi")?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "acc.redirect-as-second-greeting",
        &["EOP-TST-20", "EOP-TST-23", "EOP-ACC-4", "EOP-RED-3"],
        "a greeting, then a REDIRECT whose payload is the second",
        |s| {
            let mut a = s.connect_as(
                "A",
                s.listen(&format!("answer 6869;redirect {TARGET} 6f6b"))?,
            )?;
            a.expect_n("hi")?;
            a.expect_r(TARGET, "ok")?;
            expect_nothing_more(&mut a)
        },
    ),
    Case::server(
        "rsd.behind-a-redirect",
        &["EOP-RSD-1"],
        "a request that arrived behind the one that is redirected is not acted on",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(s.pick(
                "do answer 6869".to_owned(),
                format!("do redirect {TARGET}"),
            )))?;
            a.send(n(format!("mark {token}")))?;
            if s.control() {
                a.expect_n("hi")?;
                a.expect_n("1")?;
            } else {
                a.expect_r(TARGET, "")?;
                expect_nothing_more(&mut a)?;
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "rsd.while-it-waits",
        &["EOP-RSD-1", "EOP-RSD-2"],
        "a request that arrives before a redirect that waits is not acted on",
        |s| {
            let (wait, token) = (s.token("w"), s.token("t"));
            let last = s.pick("answer 6869".to_owned(), format!("redirect {TARGET} 6869"));
            let mut a = s.connect()?;
            a.send(n(format!("do await {wait};{last}")))?;
            a.send_whole(n(format!("mark {token}")))?;
            s.signal(&wait)?;
            if s.control() {
                a.expect_n("hi")?;
                a.expect_n("1")?;
            } else {
                a.expect_r(TARGET, "hi")?;
                expect_nothing_more(&mut a)?;
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "rsd.after-a-redirect",
        &["EOP-RSD-1", "EOP-CLS-2"],
        "a request that arrives after the REDIRECT was read is not acted on",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(s.pick(
                "do answer 6869".to_owned(),
                format!("do redirect {TARGET} 6869"),
            )))?;
            if s.control() {
                a.expect_n("hi")?
            } else {
                a.expect_r(TARGET, "hi")?
            }
            a.send(n(format!("mark {token}")))?;
            if s.control() {
                a.expect_n("1")?
            } else {
                expect_nothing_more(&mut a)?
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "rsd.at-accept",
        &["EOP-RSD-1"],
        "a request to a port that moves everyone is not acted on",
        |s| {
            let token = s.token("t");
            let steps = s.pick("answer 6869".to_owned(), format!("redirect {TARGET} 6869"));
            let mut a = s.connect_as("A", s.listen(&steps)?)?;
            a.send(n(format!("mark {token}")))?;
            if s.control() {
                a.expect_n("hi")?;
                a.expect_n("1")?;
            } else {
                a.expect_r(TARGET, "hi")?;
                expect_nothing_more(&mut a)?;
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "rsd.half-a-request-behind",
        &["EOP-RSD-1", "EOP-CLS-2"],
        "half a request behind a REDIRECT is no request, and no error",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {TARGET}")))?;
            a.send(cut(n(format!("mark {token}")), 15))?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)?;
            s.expect_marked(&token, 0)
        },
    ),
    Case::server(
        "rsd.acted-on-is-answered",
        &["EOP-RSD-2"],
        "a request that was acted on is answered in the REDIRECT, once",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do mark {token};redirect {TARGET} 6f6b")))?;
            a.expect_r(TARGET, "ok")?;
            expect_nothing_more(&mut a)?;
            s.expect_marked(&token, 1)
        },
    ),
    Case::server(
        "rsd.acted-on-before",
        &["EOP-RSD-2", "EOP-ACC-3"],
        "requests that were acted on before a redirect are answered before it, each once",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("mark {token}")))?;
            a.send(n(format!("do mark {token};answer -")))?;
            a.send(n(format!("do redirect {TARGET}")))?;
            a.send(n(format!("mark {token}")))?;
            a.expect_n("1")?;
            a.expect_n("")?;
            a.expect_r(TARGET, "")?;
            expect_nothing_more(&mut a)?;
            s.expect_marked(&token, 2)
        },
    ),
    Case::server(
        "rsd.truncated-redirect",
        &["EOP-RSD-10", "EOP-FRM-5"],
        "a request for a redirect that lacks its last octet moves nobody and is not acted on",
        |s| {
            let token = s.token("t");
            let frame = n(format!("do mark {token};redirect {TARGET}"));
            let short = frame.len().saturating_sub(1);
            let mut a = s.connect()?;
            a.send(s.pick(frame.clone(), cut(frame, short)))?;
            a.half_close()?;
            if s.control() {
                a.expect_r(TARGET, "")?
            } else {
                a.expect_end()?
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "rsd.truncated-behind-an-answer",
        &["EOP-RSD-10", "EOP-FRM-5"],
        "a truncated request is not acted on, whatever was answered before it",
        |s| {
            let token = s.token("t");
            let frame = n(format!("mark {token}"));
            let mut a = s.connect()?;
            a.send(n("do answer 6f6b"))?;
            a.expect_n("ok")?;
            a.send(s.pick(frame.clone(), cut(frame, 13)))?;
            a.half_close()?;
            if s.control() {
                a.expect_n("1")?
            } else {
                a.expect_end()?
            }
            s.expect_marked(&token, s.pick(1, 0))
        },
    )
    .negative(),
    Case::server(
        "hcl.answered",
        &["EOP-HCL-1"],
        "a request before the client's end of stream is answered",
        |s| {
            let mut a = s.connect()?;
            a.send(s.known())?;
            a.half_close()?;
            s.expect_known(&mut a)
        },
    )
    .needs_answer(),
    Case::server(
        "hcl.ended",
        &["EOP-HCL-5"],
        "a client's end of stream is followed by the server's: behind the last answer, or at once if nothing was asked",
        |s| {
            let (mut a, mut b) = (s.connect()?, s.connect_as("B", s.address()?)?);
            a.send(s.known())?;
            a.half_close()?;
            s.expect_known(&mut a)?;
            a.expect_end()?;
            b.half_close()?;
            b.expect_end()
        },
    )
    .needs_answer(),
    Case::server(
        "hcl.all-answered",
        &["EOP-HCL-1", "EOP-ACC-3"],
        "every request before the client's end of stream is answered, large answers too",
        |s| {
            let mut a = s.connect()?;
            a.send(n("do answer 6f6e65"))?;
            a.send(n("do answer @300000"))?;
            a.send(n("do answer 74776f"))?;
            a.half_close()?;
            a.expect_n("one")?;
            a.expect_n(crate::octets::pattern(300_000))?;
            a.expect_n("two")
        },
    ),
    Case::server(
        "hcl.answered-later",
        &["EOP-HCL-1"],
        "requests that have to wait are answered long after the client's end of stream",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(
                [
                    n(format!("do await {token};answer 6f6b")),
                    n("do answer 6869"),
                ]
                .concat(),
            )?;
            a.half_close()?;
            s.ask("hello")?;
            s.signal(&token)?;
            a.expect_n("ok")?;
            a.expect_n("hi")
        },
    ),
    Case::server(
        "hcl.answered-slowly",
        &["EOP-HCL-1"],
        "an end of stream in the middle of a large answer cuts nothing off, and what is behind is answered",
        |s| {
            let mut a = s.connect_slow("A", s.address()?)?;
            a.send(n("do answer @3000000"))?;
            a.send(n("do answer 6f6b"))?;
            a.expect_octets(1)?;
            a.half_close()?;
            s.ask("hello")?;
            a.expect_n(crate::octets::pattern(3_000_000))?;
            a.expect_n("ok")
        },
    )
    .whole(),
    Case::server(
        "hcl.redirected-slowly",
        &["EOP-HCL-1", "EOP-CLS-5", "EOP-CLS-7"],
        "an end of stream in the middle of a large REDIRECT cuts nothing off",
        |s| {
            let mut a = s.connect_slow("A", s.address()?)?;
            a.send(n(format!("do redirect {TARGET} @3000000")))?;
            a.expect_octets(1)?;
            a.half_close()?;
            s.ask("hello")?;
            a.expect_r(TARGET, crate::octets::pattern(3_000_000))?;
            a.expect_fin()
        },
    )
    .whole(),
    Case::server(
        "hcl.redirected",
        &["EOP-HCL-1", "EOP-CLS-5"],
        "a request before the client's end of stream is redirected, and the connection closed at once",
        |s| {
            let mut a = s.connect()?;
            a.send(n(format!("do redirect {TARGET}")))?;
            a.half_close()?;
            a.expect_r(TARGET, "")?;
            a.expect_fin()
        },
    ),
    Case::server(
        "hcl.redirected-later",
        &["EOP-HCL-1", "EOP-CLS-5"],
        "a request that has to wait is redirected after the client's end of stream",
        |s| {
            let token = s.token("t");
            let mut a = s.connect()?;
            a.send(n(format!("do await {token};redirect {TARGET} @100000")))?;
            a.half_close()?;
            s.ask("hello")?;
            s.signal(&token)?;
            a.expect_r(TARGET, crate::octets::pattern(100_000))?;
            a.expect_fin()
        },
    ),
    Case::server(
        "hcl.redirected-at-accept",
        &["EOP-HCL-1", "EOP-CLS-5"],
        "a client that ends its stream at once is redirected at accept all the same",
        |s| {
            let mut a = s.connect_as("A", s.listen(&format!("redirect {TARGET} 6869"))?)?;
            a.half_close()?;
            a.expect_r(TARGET, "hi")?;
            a.expect_fin()
        },
    ),
];
