//! Rules taken out, one at a time. The machines are the product's own and sound: a defect stands in what
//! surrounds them, where an adapter, an application or a server could really get it wrong.

/// A rule that is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Defect {
    /// The client does not know of the service's greetings (EOP-ACC-6; traces 2, 3).
    GreetingsNotCounted,
    /// A session that lost its target begins again at home, with everything unanswered (EOP-FAI-5; trace 1).
    FallbackResendsEverything,
    /// The same, with what was not offered alone (EOP-FAI-5; trace 13).
    FallbackResendsUnsent,
    /// The application resends before it retires what was answered (EOP-ACC-14; trace 4).
    ResendBeforeRetire,
    /// The application settles before it retires what was answered (EOP-ACC-14; trace 18).
    SettleBeforeRetire,
    /// An empty message is taken for nothing (EOP-FRM-8; trace 12).
    EmptyMessageSkipped,
    /// Time passes faster for a client that was sent something, so that it ends the episode (EOP-EPI-4; traces
    /// 7, 15).
    AnyMessageIsProgress,
    /// Octets are reported as offered once they were written and the server had time to answer (EOP-RSD-7;
    /// trace 17).
    OfferedAfterTheWrite,
    /// A decision is made for whatever hop is current (EOP-RSD-12; trace 19).
    StaleDecision,
    /// The server acts on messages after it redirected (EOP-RSD-1).
    ServerActsAfterRedirect,
    /// The server redirects without an answer though it acted on the message (EOP-RSD-2).
    ServerRedirectsWhatItActedOn,
    /// The server goes on parsing after it redirected (EOP-CLS-2; trace 11).
    ServerParsesWhileDraining,
    /// The client reads octets that followed a redirect on the next connection (EOP-RED-9).
    OctetsLeak,
    /// The application says `resend` where it means `drop` (EOP-RSD-17).
    DropIsResend,
    /// When its connection is lost, the adapter takes back what it offered, without proof that nothing left
    /// (EOP-RSD-7; trace 17).
    TakenBackWithoutProof,
    /// The server answers in another order than it was asked (EOP-ACC-3).
    ServerAnswersOutOfOrder,
    /// The server does not greet where the service says so (EOP-ACC-4).
    ServerForgetsGreeting,
    /// An empty response that goes with a redirect is left out (EOP-RED-4).
    ServerDropsEmptyResponse,
    /// What the application sends while the adapter connects is not handed on (EOP-RSD-3).
    MessageNotHandedOn,
    /// The application sends something new while a decision is due (EOP-RSD-13).
    SendsBeforeDeciding,
    /// The adapter connects home whatever it is told (EOP-RED-7).
    ConnectsHome,
    /// A connection that cannot be made is tried again for ever, and the session not told (EOP-EPI-5, EOP-FAI-1).
    RetriesForEver,
    /// The half-close is not said to the session but to the first connection alone (EOP-HCL-2; trace 16).
    HalfCloseForgotten,
}
