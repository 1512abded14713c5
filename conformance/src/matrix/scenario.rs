//! What a client and a server are made to do together, as data. How it is played stands in `play`.

/// One thing that the application does, or that has to happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It gives the client this message: a request of the test service, or `@N` for N octets of the pattern. `{home}`, `{B}`
    /// and `{C}` stand for endpoints, `{t}` for a token of the play's own.
    Sends(&'static str),
    /// It is given this message; `@N` as above.
    Hears(&'static str),
    /// It hears that the client is moved to that place, and is connected there.
    MovesTo(&'static str),
    /// It decides to resend what is owed.
    Resends,
    /// It has no more messages.
    HalfCloses,
    /// Everything sent so far has come to the server; then the token `{t}` is signalled at every instance.
    Signals,
    /// It hears that the session ended so; without this act it closes the session.
    Ends(&'static str),
}

/// What is played between a client and a server.
#[derive(Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, for `--scenario`.
    pub name: &'static str,
    /// What happens in it.
    pub title: &'static str,
    /// The settings of the session.
    pub(super) settings: &'static str,
    /// The steps of the ports that `home` and `B` open for it; the main port where there are none.
    pub(super) listen: [&'static str; 2],
    /// What happens, in order.
    pub(super) acts: &'static [Act],
    /// How often the instances `home`, `B` and `C` have acted on `mark {t}` in the end.
    pub(super) marked: [u32; 3],
}

use Act::{Ends, HalfCloses, Hears, MovesTo, Resends, Sends, Signals};

/// What most scenarios begin with.
const PLAIN: Scenario = Scenario {
    name: "",
    title: "",
    settings: "resend=automatic",
    listen: ["", ""],
    acts: &[],
    marked: [0; 3],
};

/// Every scenario.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "answers",
        title: "one request after the other is answered, the last with an empty message",
        acts: &[
            Sends("do answer 6f6b"),
            Hears("ok"),
            Sends("do answer -"),
            Hears(""),
        ],
        ..PLAIN
    },
    Scenario {
        name: "pipelined",
        title: "three requests are under way at once",
        acts: &[
            Sends("do answer 61"),
            Sends("mark {t}"),
            Sends("do answer 62"),
            Hears("a"),
            Hears("1"),
            Hears("b"),
        ],
        marked: [1, 0, 0],
        ..PLAIN
    },
    Scenario {
        name: "early",
        title: "a request is redirected unanswered, resent and answered at the target",
        acts: &[
            Sends("do redirect {B}"),
            MovesTo("B"),
            Hears("here"),
            Sends("do answer 6f6b"),
            Hears("ok"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "explicit",
        title: "a request is redirected unanswered, and resent when the application says so",
        settings: "resend=explicit",
        acts: &[
            Sends("do redirect {B}"),
            MovesTo("B"),
            Resends,
            Hears("here"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "late",
        title: "a redirect brings the answer; the session goes on at the target",
        acts: &[
            Sends("do mark {t};redirect {B} 6f6b"),
            Hears("ok"),
            MovesTo("B"),
            Sends("do mark {t};answer 62"),
            Hears("b"),
        ],
        marked: [1, 1, 0],
        ..PLAIN
    },
    Scenario {
        name: "late-empty",
        title: "a redirect comes with an empty answer",
        acts: &[
            Sends("do redirect {B} -"),
            Hears(""),
            MovesTo("B"),
            Sends("do answer 62"),
            Hears("b"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "idle",
        title: "a client that waits for nothing is moved",
        acts: &[
            Sends("do answer 6f6b;redirect {B}"),
            Hears("ok"),
            MovesTo("B"),
            Sends("do answer 62"),
            Hears("b"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "chain",
        title: "a request crosses two redirects and is answered at the third server",
        acts: &[
            Sends("do redirect {B},{C}"),
            MovesTo("B"),
            MovesTo("C"),
            Hears("here"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "at-accept",
        title: "a client is moved before anything of it was read",
        listen: ["redirect {B}", ""],
        acts: &[Sends("mark {t}"), MovesTo("B"), Hears("1")],
        marked: [0, 1, 0],
        ..PLAIN
    },
    Scenario {
        name: "greeting",
        title: "both servers greet, and a request is moved from one to the other",
        settings: "resend=automatic greeting=1",
        listen: ["answer 6869", "answer 6869"],
        acts: &[
            Sends("do redirect {B}"),
            Hears("hi"),
            MovesTo("B"),
            Hears("hi"),
            Hears("here"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "half-close",
        title: "a client that has no more messages is moved, and has its last request answered at the target",
        acts: &[
            Sends("do await {t};redirect {B}"),
            HalfCloses,
            Signals,
            MovesTo("B"),
            Hears("here"),
            Ends("eof"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "large",
        title: "a redirect brings a large answer; a large request follows it",
        acts: &[
            Sends("do redirect {B} @300000"),
            Hears("@300000"),
            MovesTo("B"),
            Sends("@200000"),
            Hears("unknown"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "in-stream",
        title: "a redirect answers one of three requests, and the other two are resent",
        acts: &[
            Sends("do await {t};redirect {B} 6f6b"),
            Sends("mark {t}"),
            Sends("do answer 62"),
            Signals,
            Hears("ok"),
            MovesTo("B"),
            Hears("1"),
            Hears("b"),
        ],
        marked: [0, 1, 0],
        ..PLAIN
    },
    Scenario {
        name: "in-stream-early",
        title: "a redirect answers none of three requests; nothing behind it is acted on before the target",
        settings: "resend=explicit",
        acts: &[
            Sends("do await {t};redirect {B}"),
            Sends("mark {t}"),
            Sends("do answer 62"),
            Signals,
            MovesTo("B"),
            Resends,
            Hears("here"),
            Hears("1"),
            Hears("b"),
        ],
        marked: [0, 1, 0],
        ..PLAIN
    },
    Scenario {
        name: "upload",
        title: "a redirect comes while a large request is on its way; it is sent again whole",
        acts: &[
            Sends("do redirect {B}"),
            Sends("@900000"),
            MovesTo("B"),
            Hears("here"),
            Hears("unknown"),
        ],
        ..PLAIN
    },
    Scenario {
        name: "greetings",
        title: "every server greets twice, and two requests are moved from one to the other",
        settings: "resend=automatic greeting=2",
        listen: ["answer 68;answer 69", "answer 68;answer 69"],
        acts: &[
            Sends("do redirect {B}"),
            Sends("mark {t}"),
            Hears("h"),
            Hears("i"),
            MovesTo("B"),
            Hears("h"),
            Hears("i"),
            Hears("here"),
            Hears("1"),
        ],
        marked: [0, 1, 0],
    },
    Scenario {
        name: "half-close-pipelined",
        title: "a client half-closes behind three requests, and all of them are answered",
        acts: &[
            Sends("do await {t};answer 61"),
            Sends("mark {t}"),
            Sends("do answer 62"),
            HalfCloses,
            Signals,
            Hears("a"),
            Hears("1"),
            Hears("b"),
            Ends("eof"),
        ],
        marked: [1, 0, 0],
        ..PLAIN
    },
    Scenario {
        name: "half-close-in-stream",
        title: "a client that half-closed behind three requests is moved after the first, and has two answered at the target",
        acts: &[
            Sends("do await {t};redirect {B} 61"),
            Sends("mark {t}"),
            Sends("do answer 62"),
            HalfCloses,
            Signals,
            Hears("a"),
            MovesTo("B"),
            Hears("1"),
            Hears("b"),
            Ends("eof"),
        ],
        marked: [0, 1, 0],
        ..PLAIN
    },
];
