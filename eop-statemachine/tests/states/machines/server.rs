//! The server's side of one connection, in sentences.

use eop_statemachine::server::{On, State, TABLE};

use crate::machine::{Group, Machine, Sentence, api, rows, sentence};

pub(crate) fn machine() -> Machine<State, On> {
    Machine {
        file: "server-connection",
        title: "Server Connection",
        about: "The server's side of one connection, from the moment it is accepted to its end.",
        rows: rows(&TABLE),
        begins: &[(State::Open, "accepted")],
        failed: Some(State::Failed),
        groups: GROUPS,
        sentences: SENTENCES,
    }
}

const REDIRECTED: &[State] = &[State::Draining, State::DrainingDone];
const DISCARDING: &[State] = &[State::Draining, State::HalfClosed, State::DrainingDone];
const STANDING: &[State] = &[
    State::Open,
    State::PeerDone,
    State::Draining,
    State::DrainingDone,
    State::HalfClosed,
    State::Finished,
];
const OVER: &[State] = &[State::Lost, State::Failed, State::Closed];

const GROUPS: &[Group<State>] = &[
    Group {
        label: "the transport is open",
        states: STANDING,
        inner: &[Group {
            label: "discarding",
            states: DISCARDING,
            inner: &[],
        }],
    },
    Group {
        label: "over",
        states: OVER,
        inner: &[],
    },
];

/// What the application sends.
const SENDING: &[On] = &[On::Greet, On::Respond, On::RespondLast, On::Redirect];

/// What octets turn out to be.
const FRAMES: &[On] = &[On::Octets, On::Request, On::ClientRedirect, On::BadFrame];

/// How the client's stream ends.
const ENDS: &[On] = &[On::Cut, On::Fin, On::FinIdle];

/// Both.
const STREAM: &[On] = &[
    On::Octets,
    On::Request,
    On::ClientRedirect,
    On::BadFrame,
    On::Cut,
    On::Fin,
    On::FinIdle,
];

#[rustfmt::skip]
const SENTENCES: &[Sentence<State, On>] = &[
    sentence(&[On::Greet], &[State::Open],
        "One of the first K messages of the connection is sent; it answers nothing.",
        &["EOP-ACC-4"]),
    sentence(&[On::Greet], &[State::PeerDone],
        "The greetings still due are sent, since requests are left to be answered behind them.",
        &["EOP-ACC-4", "EOP-HCL-1"]),
    sentence(&[On::Respond], &[State::Open],
        "In paired it answers the oldest request that waits, and nothing else may be sent; in manual it is any message.",
        &["EOP-ACC-2", "EOP-ACC-3"]),
    sentence(&[On::Respond], &[State::PeerDone],
        "The end of the client's stream leaves its requests to be answered, in their order.",
        &["EOP-HCL-1", "EOP-ACC-3"]),
    sentence(&[On::RespondLast], &[State::Open],
        "No request waits any more, and further ones may come.",
        &["EOP-ACC-2", "EOP-ACC-3"]),
    sentence(&[On::RespondLast], &[State::PeerDone],
        "All that the client asked is answered, and it asks no more: the connection is closed.",
        &["EOP-HCL-5", "EOP-ACC-3"]),
    sentence(&[On::Redirect], &[State::Open],
        "The server acted on none of the messages that it leaves unanswered, and will not; a response given with the redirect travels in it, or before it if it is empty.",
        &["EOP-RED-3", "EOP-RED-4", "EOP-RED-11", "EOP-RSD-1", "EOP-RSD-2"]),
    sentence(&[On::Redirect], &[State::PeerDone],
        "Requests that arrived before the end of the client's stream may be redirected instead of answered.",
        &["EOP-HCL-1", "EOP-RSD-1", "EOP-RSD-2"]),
    sentence(SENDING, REDIRECTED,
        "A redirect is the last frame of a connection.",
        &["EOP-RED-8"]),
    sentence(SENDING, &[State::Failed],
        "After the client broke the protocol no octet is sent to it.",
        &["EOP-ERR-2"]),
    api(SENDING, &[State::HalfClosed, State::Finished, State::Lost, State::Closed],
        "Nothing can be sent any more, or nothing is left to say."),
    api(&[On::HalfClose], &[State::Open],
        "The application sends nothing more; what arrives cannot be answered and is discarded unparsed."),
    api(&[On::HalfClose], &[State::PeerDone],
        "The application sends nothing more, and both streams have ended."),
    sentence(&[On::HalfClose], &[State::Draining],
        "A server may end its stream behind the redirect, and goes on discarding.",
        &["EOP-CLS-1", "EOP-CLS-6"]),
    api(&[On::HalfClose], &[State::DrainingDone, State::HalfClosed, State::Finished, State::Lost, State::Failed, State::Closed],
        "It was said before, or the connection is over."),
    api(&[On::Close], &[State::Open, State::PeerDone, State::HalfClosed, State::Finished],
        "The application leaves, and the transport is closed."),
    sentence(&[On::Close], REDIRECTED,
        "A limit of the discarding passed, or the application leaves; while octets of the redirect may be on their way, the transport is not closed with a reset.",
        &["EOP-CLS-3", "EOP-CLS-4", "EOP-CLS-7"]),
    api(&[On::Close], OVER,
        "The connection is over already."),
    sentence(&[On::Octets], &[State::Open],
        "However the stream is cut into reads, its octets become the same events.",
        &["EOP-FRM-2"]),
    sentence(&[On::Request], &[State::Open],
        "The request is complete, may only now be acted on, and waits for its answer.",
        &["EOP-RSD-10", "EOP-FRM-8"]),
    sentence(&[On::ClientRedirect], &[State::Open],
        "No client may send a redirect: the connection fails with UnexpectedRedirect, and nothing is connected to.",
        &["EOP-RED-1", "EOP-RED-2"]),
    sentence(&[On::BadFrame], &[State::Open],
        "As soon as the header shows it, the connection fails with NotEop, UnknownOpcode, ByteOrderMismatch or MessageTooLarge, and no octet is sent any more.",
        &["EOP-OPC-2", "EOP-OPC-3", "EOP-OPC-5", "EOP-OPC-6", "EOP-LIM-2", "EOP-LIM-3", "EOP-ERR-1", "EOP-ERR-2"]),
    sentence(&[On::Cut], &[State::Open],
        "The connection fails with TruncatedFrame, and an incomplete request is not acted on.",
        &["EOP-FRM-5", "EOP-RSD-10"]),
    sentence(&[On::Fin], &[State::Open],
        "The client sends no more messages, and what it sent before is still answered or redirected.",
        &["EOP-HCL-1"]),
    sentence(&[On::FinIdle], &[State::Open],
        "The client sends no more messages and waits for no answer: the connection is closed.",
        &["EOP-HCL-5"]),
    sentence(ENDS, REDIRECTED,
        "The client is gone: the connection is closed at once, and where in a frame its stream ended means nothing.",
        &["EOP-CLS-2", "EOP-CLS-5"]),
    api(ENDS, &[State::HalfClosed],
        "Both streams have ended."),
    sentence(FRAMES, REDIRECTED,
        "What arrives after a redirect is read and discarded, neither parsed nor acted on, and is no error.",
        &["EOP-CLS-1", "EOP-CLS-2"]),
    api(FRAMES, &[State::HalfClosed],
        "Nothing that arrives could be answered, so it is discarded unparsed."),
    api(STREAM, &[State::PeerDone, State::Finished],
        "The client's stream has ended, or does not matter any more."),
    api(STREAM, &[State::Lost, State::Closed],
        "The connection is over, and what still arrives is dropped."),
    sentence(STREAM, &[State::Failed],
        "The connection has failed for good: nothing behind the error is looked at, and the same fault is returned again.",
        &["EOP-FRM-9", "EOP-ERR-1"]),
    sentence(&[On::Reset], STANDING,
        "By a reset, a stall or a time limit, or an end of stream that TLS does not vouch for, this connection is lost, and others go on.",
        &["EOP-CLS-12", "EOP-TIM-1", "EOP-SEC-6", "EOP-ERR-3"]),
    api(&[On::Reset], OVER,
        "The connection is over, and how it ended stands."),
];
