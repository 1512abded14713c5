//! Every mutant: its name, its one fault, and the requirements that the fault breaks.
//!
//! Each fault is one variant of [`Fault`], and the peer asks for each at exactly one place a role. A fault that both
//! roles can have is one variant and two mutants. The yes-man is the sum of [`AGREED`].

/// The role that a mutant plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A server that speaks the test service.
    Server,
    /// A driver that runs client sessions.
    Client,
}

/// One mutant. Its name is unique within its role.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// What `server` and `client` know it by.
    pub name: &'static str,
    /// The role it plays.
    pub role: Role,
    /// What it does wrong, in one sentence.
    pub fault: &'static str,
    /// The identifiers of the requirements that the fault breaks; empty for `none`.
    pub breaks: &'static [&'static str],
    /// Whether it has next to no protocol logic.
    pub trivial: bool,
    /// Whether its fault shows over TLS alone.
    pub over_tls: bool,
    pub(crate) knob: Fault,
}

enum Sort {
    Honest,
    Trivial,
    Subtle,
    /// Subtle too, and seen over TLS alone.
    Tls,
}

macro_rules! faults {
    ($( $variant:ident $sort:ident $name:literal $sentence:literal { $( $role:ident: [$($id:literal),*] )* } )*) => {
        /// What is wrong with the peer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault { $( #[doc = $sentence] $variant, )* }

        /// Every mutant of both roles, the honest peer `none` first.
        pub const MUTANTS: &[Mutant] = &[ $( $( Mutant {
            name: $name,
            role: Role::$role,
            fault: $sentence,
            breaks: &[$($id),*],
            trivial: matches!(Sort::$sort, Sort::Trivial),
            over_tls: matches!(Sort::$sort, Sort::Tls),
            knob: Fault::$variant,
        }, )* )* ];
    };
}

impl Fault {
    /// Whether the peer that has this fault does what `fault` says.
    pub(crate) fn has(self, fault: Self) -> bool {
        self == fault || self == Self::YesMan && AGREED.contains(&fault)
    }
}

/// What a peer does that agrees with everything.
const AGREED: &[Fault] = &[
    Fault::UnknownOpcodeTaken,
    Fault::LimitMissing,
    Fault::TruncatedDelivered,
    Fault::TruncatedRedirectFollowed,
    Fault::RedirectBeforeLength,
    Fault::HeaderTimerMissing,
    Fault::StallMissing,
    // A server.
    Fault::ClientRedirectTaken,
    Fault::ForbiddenTargetSent,
    Fault::ActsAhead,
    Fault::DrainAnswers,
    Fault::ListensAnywhere,
    Fault::BadOptionTaken,
    Fault::LenientGrammar,
    Fault::DoAnswersTwice,
    Fault::DoNothing,
    Fault::DoGoesOn,
    Fault::ListenGoesOn,
    Fault::LateAfterAnswer,
    // A client.
    Fault::UnsolicitedTaken,
    Fault::UnofferedAnswered,
    Fault::RetireUnoffered,
    Fault::SendBeforeDecision,
    Fault::SendAfterHalfClose,
    Fault::StaleDecisionTaken,
    Fault::NeverResendIgnored,
    Fault::BudgetIgnored,
    Fault::HalfClosedMove,
    Fault::RedirectsUnbounded,
    Fault::LoopUndetected,
    Fault::MovesUnbounded,
    Fault::ZeroFollowed,
    Fault::DeadlineMissing,
    Fault::HomeDeadlineMissing,
    Fault::FallbackUnasked,
    Fault::FallbackWithOffered,
    Fault::FallbackAnytime,
    Fault::FallbackLate,
    Fault::FallbackForNothing,
    Fault::PortZeroAllowed,
    Fault::ZeroNetworkAllowed,
    Fault::MulticastAllowed,
    Fault::ReservedAddressAllowed,
    Fault::ScopeUnchecked,
    Fault::LowPortAllowed,
    Fault::SpecialAllowed,
    Fault::InsecureAllowed,
    Fault::DialUnmappedOpened,
    Fault::BadLineTaken,
];

faults! {
    None Honest "none" "Nothing is wrong: the honest peer." { Server: [] Client: [] }

    WithoutOptions Honest "without-options" "Lacks what the protocol leaves to it, says so and refuses it: honest, too." { Client: [] }

    // Next to no protocol logic.
    AcceptAndClose Trivial "accept-and-close" "Closes every connection at once." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1", "EOP-CLS-1"] }
    AcceptAndSilent Trivial "accept-and-silent" "Accepts and never says a word." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1", "EOP-OPC-2"] }
    ConnectAndClose Trivial "connect-and-close" "Closes every connection at once." { Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7"] }
    ConnectAndSilent Trivial "connect-and-silent" "Connects, then neither reads nor writes nor reports." { Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7", "EOP-DRV-9"] }
    CloseAfterFirstFrame Trivial "close-after-first-frame" "Closes a connection at its first complete frame." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1"] Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7"] }
    EchoEverything Trivial "echo-everything" "Gives back whatever it is given: octets on a connection, lines in the driver." { Server: ["EOP-OPC-2", "EOP-RED-2", "EOP-TST-5"] Client: ["EOP-DRV-12", "EOP-RED-7"] }
    ResetAlways Trivial "reset-always" "Resets every connection at once." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1", "EOP-CLS-7"] Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7"] }
    YesMan Trivial "yes-man" "Detects no error, knows no limit and agrees with everything." {
        Server: ["EOP-OPC-2", "EOP-LIM-2", "EOP-RED-2", "EOP-TST-5"]
        Client: ["EOP-OPC-2", "EOP-OPC-6", "EOP-LIM-2", "EOP-ACC-9", "EOP-EPI-1", "EOP-EPI-2", "EOP-EPI-8", "EOP-POL-1", "EOP-POL-6"]
    }
    Hang Trivial "hang" "Prints nothing and does nothing." { Server: ["EOP-TST-1"] Client: ["EOP-DRV-1"] }
    HelloOnly Trivial "hello-only" "Prints its first line and does nothing." { Client: ["EOP-DRV-9", "EOP-DRV-12"] }
    Garbage Trivial "garbage" "Prints octets that are no line of the contract before its first line." { Server: ["EOP-TST-1"] Client: ["EOP-DRV-1"] }
    ExitAtOnce Trivial "exit-at-once" "Leaves at once, with a failure." { Server: ["EOP-TST-1"] Client: ["EOP-DRV-1"] }
    UnknownToEverything Trivial "unknown-to-everything" "Answers every request with `unknown`." { Server: ["EOP-TST-9", "EOP-TST-10", "EOP-RED-3", "EOP-RED-4"] }
    RejectedToEverything Trivial "rejected-to-everything" "Rejects every command." { Client: ["EOP-DRV-9", "EOP-RED-7"] }

    // Frames that go out.
    LittleEndianLength Subtle "little-endian-length" "Sends slen with its last octet first." { Server: ["EOP-FRM-1"] Client: ["EOP-FRM-1"] }
    LittleEndianOpcode Subtle "little-endian-opcode" "Sends opcodes with their last octet first." { Server: ["EOP-OPC-1"] Client: ["EOP-OPC-1"] }
    SwappedPort Subtle "swapped-port" "Sends a target's port with its octets exchanged." { Server: ["EOP-FRM-1"] }
    ReversedAddress Subtle "reversed-address" "Sends a target's address with its last octet first." { Server: ["EOP-FRM-1"] }
    NonzeroPort Subtle "nonzero-port" "Sends NORMAL frames with a port." { Server: ["EOP-FRM-6"] Client: ["EOP-FRM-6"] }
    NonzeroAddress Subtle "nonzero-address" "Sends NORMAL frames with an address." { Server: ["EOP-FRM-6"] Client: ["EOP-FRM-6"] }
    PaddedFrame Subtle "padded-frame" "Sends an octet after each frame that belongs to none." { Server: ["EOP-FRM-3"] Client: ["EOP-FRM-3"] }
    HeaderApart Subtle "header-apart" "Hands a header over by itself, and its payload afterwards." { Server: ["EOP-FRM-4"] Client: ["EOP-FRM-4"] }
    NagleLeftOn Subtle "nagle-left-on" "Leaves Nagle's algorithm on." { Server: ["EOP-FRM-10"] Client: ["EOP-FRM-10"] }
    ExtensionUnasked Subtle "extension-unasked" "Sends an extension's frame that was not negotiated." { Server: ["EOP-EXT-1"] Client: ["EOP-EXT-1"] }

    // Frames that come in.
    LittleEndianLengthRead Subtle "little-endian-length-read" "Reads slen with its last octet first." { Server: ["EOP-FRM-1"] Client: ["EOP-FRM-1"] }
    SixteenBitLength Subtle "sixteen-bit-length" "Reads only the low 16 bits of slen." { Server: ["EOP-FRM-1", "EOP-LIM-1", "EOP-LIM-2"] Client: ["EOP-FRM-1", "EOP-LIM-1", "EOP-LIM-2"] }
    SignedLength Subtle "signed-length" "Takes an slen beyond 2,147,483,647 for a negative number that passes the limit." { Server: ["EOP-LIM-2", "EOP-LIM-3"] Client: ["EOP-LIM-2", "EOP-LIM-3"] }
    LengthOfThreeOctets Subtle "length-of-three-octets" "Reads only the low three octets of slen." { Server: ["EOP-FRM-1", "EOP-LIM-2"] Client: ["EOP-FRM-1", "EOP-LIM-2"] }
    SwappedPortRead Subtle "swapped-port-read" "Reads a target's port with its octets exchanged." { Client: ["EOP-FRM-1"] }
    ReversedAddressRead Subtle "reversed-address-read" "Reads a target's address with its last octet first." { Client: ["EOP-FRM-1"] }
    ReadTailDropped Subtle "read-tail-dropped" "Takes one read for one frame and drops what stands behind it." { Server: ["EOP-FRM-2"] Client: ["EOP-FRM-2"] }
    SplitHeaderLost Subtle "split-header-lost" "Loses the beginning of a header that one read does not complete." { Server: ["EOP-FRM-2"] Client: ["EOP-FRM-2"] }
    SplitPayloadCut Subtle "split-payload-cut" "Takes what one read brought of a payload for all of it." { Server: ["EOP-FRM-2"] Client: ["EOP-FRM-2"] }
    TruncatedDelivered Subtle "truncated-delivered" "Takes a message that the end of the stream cut for a whole one." { Server: ["EOP-FRM-5", "EOP-RSD-10"] Client: ["EOP-FRM-5"] }
    TruncatedAsEnd Subtle "truncated-as-end" "Takes an end of the stream inside a frame for an orderly one." { Client: ["EOP-FRM-5"] }
    TruncatedAfterHeader Subtle "truncated-after-header" "Takes an end of the stream right behind a header for an orderly one." { Client: ["EOP-FRM-5"] }
    TruncatedOctetForgiven Subtle "truncated-octet-forgiven" "Takes an end of the stream behind the first octet of a header for an orderly one." { Client: ["EOP-FRM-5"] }
    TruncatedByOneTaken Subtle "truncated-by-one-taken" "Takes a message that lacks its last octet for a whole one." { Server: ["EOP-FRM-5", "EOP-RSD-10"] }
    TruncatedRedirectFollowed Subtle "truncated-redirect-followed" "Follows a REDIRECT that the end of the stream cut." { Client: ["EOP-RED-6", "EOP-FRM-5"] }
    NormalPortRefused Subtle "normal-port-refused" "Refuses a NORMAL frame with a port." { Server: ["EOP-FRM-7"] Client: ["EOP-FRM-7"] }
    NormalAddressRefused Subtle "normal-address-refused" "Refuses a NORMAL frame with an address." { Server: ["EOP-FRM-7"] Client: ["EOP-FRM-7"] }
    EmptyMessageIgnored Subtle "empty-message-ignored" "Takes an empty message for nothing." { Server: ["EOP-FRM-8"] Client: ["EOP-FRM-8"] }
    EmptyMessageAsEnd Subtle "empty-message-as-end" "Takes an empty message for the end of the stream." { Server: ["EOP-FRM-8"] Client: ["EOP-FRM-8"] }
    PayloadScanned Subtle "payload-scanned" "Ends a payload where something in it looks like a header." { Server: ["EOP-FRM-9"] Client: ["EOP-FRM-9"] }
    Resync Subtle "resync" "Searches for the next NORMAL header after an error." { Server: ["EOP-FRM-9", "EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    UnknownOpcodeTaken Subtle "unknown-opcode-taken" "Takes every opcode that it does not know for NORMAL." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    UnknownOpcodeSkipped Subtle "unknown-opcode-skipped" "Skips a frame whose opcode it does not know." { Server: ["EOP-OPC-4", "EOP-OPC-2"] Client: ["EOP-OPC-4", "EOP-OPC-2"] }
    OpcodeLowOctet Subtle "opcode-low-octet" "Looks at the second octet of an opcode only." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    OpcodeCheckedFirst Subtle "opcode-checked-first" "Checks only the first opcode of a connection." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    ZeroOpcodeTaken Subtle "zero-opcode-taken" "Takes the opcode 0x0000 for NORMAL." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    FutureOpcodeTaken Subtle "future-opcode-taken" "Takes opcodes of future versions for NORMAL." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    ExtensionOpcodeTaken Subtle "extension-opcode-taken" "Takes opcodes of extensions for NORMAL." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    PrivateOpcodeTaken Subtle "private-opcode-taken" "Takes opcodes of private agreement for NORMAL." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-2"] }
    SwappedOpcodeTaken Subtle "swapped-opcode-taken" "Takes the opcodes 0x0100 and 0x0200 for NORMAL." { Server: ["EOP-OPC-2"] Client: ["EOP-OPC-6"] }
    LateOpcode Subtle "late-opcode" "Waits for the whole header before it looks at the opcode." { Server: ["EOP-OPC-3"] Client: ["EOP-OPC-3"] }
    OpcodeAfterPayload Subtle "opcode-after-payload" "Waits for the whole frame before it looks at the opcode." { Server: ["EOP-OPC-3"] Client: ["EOP-OPC-3"] }
    NotEopUnnamed Subtle "not-eop-unnamed" "Names a first opcode that it does not know UnknownOpcode." { Client: ["EOP-OPC-5"] }
    NotEopEverywhere Subtle "not-eop-everywhere" "Names every opcode that it does not know NotEop." { Client: ["EOP-OPC-2"] }
    ByteOrderUnnamed Subtle "byte-order-unnamed" "Does not know the opcodes of the other byte order." { Client: ["EOP-OPC-6"] }
    ByteOrderOfNormalOnly Subtle "byte-order-of-normal-only" "Does not know REDIRECT in the other byte order." { Client: ["EOP-OPC-6"] }
    ByteOrderFirstOnly Subtle "byte-order-first-only" "Knows the other byte order only in the first frame of a connection." { Client: ["EOP-OPC-6"] }
    SmallLimit Subtle "small-limit" "Refuses payloads of 65,536 octets." { Server: ["EOP-LIM-1"] Client: ["EOP-LIM-1"] }
    LimitMissing Subtle "limit-missing" "Has no limit on slen." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    LimitOneMore Subtle "limit-one-more" "Accepts one octet more than its limit." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    LimitOneLess Subtle "limit-one-less" "Refuses a payload of exactly its limit." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    LimitCheckedFirst Subtle "limit-checked-first" "Checks only the first frame of a connection against its limit." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    LimitOverAll Subtle "limit-over-all" "Holds all payloads of a connection together against its limit." { Server: ["EOP-LIM-2", "EOP-LIM-1"] Client: ["EOP-LIM-2", "EOP-LIM-1"] }
    LimitRaised Subtle "limit-raised" "Accepts payloads of 65,536 octets whatever its limit is." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    LimitOfItsOwn Subtle "limit-of-its-own" "Refuses payloads beyond 1,000,000 octets where its limit is the default." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    RedirectUnlimited Subtle "redirect-unlimited" "Does not limit the payload of a REDIRECT." { Client: ["EOP-LIM-2"] }
    RedirectLimitOneLess Subtle "redirect-limit-one-less" "Refuses a REDIRECT whose payload is of exactly its limit." { Client: ["EOP-LIM-2"] }
    RedirectLimitOneMore Subtle "redirect-limit-one-more" "Accepts a REDIRECT whose payload is of one octet more than its limit." { Client: ["EOP-LIM-2"] }
    TooLargeMisnamed Subtle "too-large-misnamed" "Names a payload over the limit TruncatedFrame." { Client: ["EOP-LIM-2"] }
    AnnouncedHeld Subtle "announced-held" "Takes the memory for a payload when its header announces it." { Server: ["EOP-LIM-4"] Client: ["EOP-LIM-4"] }
    LimitAfterPayload Subtle "limit-after-payload" "Looks at the limit only when the payload is there." { Server: ["EOP-LIM-3"] Client: ["EOP-LIM-3"] }
    HeaderTimerMissing Subtle "header-timer-missing" "Waits for the rest of a header for ever." { Server: ["EOP-TIM-1"] Client: ["EOP-TIM-1"] }
    HeaderTimerRestarts Subtle "header-timer-restarts" "Grants the time for a header anew with every octet." { Server: ["EOP-TIM-1"] Client: ["EOP-TIM-1"] }
    HeaderTimerIdle Subtle "header-timer-idle" "Does not wait for the first octet of a header for longer than for the rest." { Server: ["EOP-TIM-1"] Client: ["EOP-TIM-1"] }
    HeaderTimerOnPayload Subtle "header-timer-on-payload" "Lets the time for a header run on until the payload is there." { Server: ["EOP-TIM-1"] Client: ["EOP-TIM-1"] }
    HeaderTimerFirstOnly Subtle "header-timer-first-only" "Bounds only the first header of a connection." { Server: ["EOP-TIM-1"] Client: ["EOP-TIM-1"] }
    HeaderTimerLate Subtle "header-timer-late" "Lets the time for a header begin when its opcode is there." { Server: ["EOP-TIM-1"] Client: ["EOP-TIM-1"] }

    // Errors and time.
    EmptyAmongOthersLost Subtle "empty-among-others-lost" "Loses an empty message that arrives with something behind it." { Client: ["EOP-FRM-8", "EOP-FRM-2"] }
    RedirectLowOctet Subtle "redirect-low-octet" "Takes every opcode whose second octet is 2 for REDIRECT." { Client: ["EOP-OPC-2"] }
    RedirectPayloadScanned Subtle "redirect-payload-scanned" "Ends the payload of a REDIRECT where something in it looks like a header." { Client: ["EOP-FRM-9", "EOP-RED-5"] }
    LimitCapped Subtle "limit-capped" "Takes a limit beyond the default for the default." { Server: ["EOP-LIM-2"] Client: ["EOP-LIM-2"] }
    LimitAtHomeOnly Subtle "limit-at-home-only" "Knows its limit at home only, and at a target the default." { Client: ["EOP-LIM-2"] }
    HeaderTimerAtHomeOnly Subtle "header-timer-at-home-only" "Bounds the time of a header at home only." { Client: ["EOP-TIM-1"] }
    StallAtHomeOnly Subtle "stall-at-home-only" "Waits for ever for a target that reads nothing." { Client: ["EOP-CLS-12"] }
    HeldBackStalls Subtle "held-back-stalls" "Takes what waits for a greeting or a decision for octets that the transport does not take." { Client: ["EOP-CLS-12"] }
    LimitAtMainOnly Subtle "limit-at-main-only" "Has no limit on slen at ports that `listen` opened." { Server: ["EOP-LIM-2"] }
    RedirectApart Subtle "redirect-apart" "Hands the header of a REDIRECT over by itself." { Server: ["EOP-FRM-4"] }
    ErrorLingers Subtle "error-lingers" "Leaves the connection open after a protocol error." { Server: ["EOP-ERR-1"] Client: ["EOP-ERR-1"] }
    ErrorGoesOn Subtle "error-goes-on" "Goes on with the next read after a protocol error." { Server: ["EOP-ERR-1", "EOP-OPC-2"] }
    ErrorAnswered Subtle "error-answered" "Says on the connection that there was a protocol error." { Server: ["EOP-ERR-2"] Client: ["EOP-ERR-2"] }
    ErrorEverywhere Subtle "error-everywhere" "Ends everything it has open at one protocol error." { Server: ["EOP-ERR-3"] Client: ["EOP-ERR-3"] }
    StallMissing Subtle "stall-missing" "Waits for ever for a transport that takes nothing." { Server: ["EOP-CLS-12"] Client: ["EOP-CLS-12"] }
    StallResetByReading Subtle "stall-reset-by-reading" "Takes what it reads for progress of what it writes." { Client: ["EOP-CLS-12"] }
    StallInAll Subtle "stall-in-all" "Grants a message no more time than a stall, although the transport goes on taking it." { Client: ["EOP-CLS-12"] }

    // The server's redirects.
    ClientRedirectTaken Subtle "client-redirect-taken" "Takes a client's REDIRECT for a message." { Server: ["EOP-RED-2"] }
    ClientRedirectSkipped Subtle "client-redirect-skipped" "Ignores a client's REDIRECT." { Server: ["EOP-RED-2"] }
    ClientRedirectFollowed Subtle "client-redirect-followed" "Connects to the target of a client's REDIRECT." { Server: ["EOP-RED-2"] }
    LateResponseApart Subtle "late-response-apart" "Sends the response that goes with a redirect in a frame of its own." { Server: ["EOP-RED-3", "EOP-TST-25"] }
    EmptyResponseDropped Subtle "empty-response-dropped" "Sends nothing for an empty response that goes with a redirect." { Server: ["EOP-RED-4", "EOP-TST-25"] }
    FrameAfterRedirect Subtle "frame-after-redirect" "Sends a message after a REDIRECT." { Server: ["EOP-RED-8"] }
    ForbiddenTargetSent Subtle "forbidden-target-sent" "Redirects to targets that every client refuses." { Server: ["EOP-RED-14", "EOP-TST-13"] }
    RedirectsToItself Subtle "redirects-to-itself" "Redirects to the endpoint on which it accepted." { Server: ["EOP-EPI-10", "EOP-TST-10"] }

    // The server's answers.
    UnaskedGreeting Subtle "unasked-greeting" "Greets although the service has no greetings." { Server: ["EOP-ACC-2"] }
    AnswersTwice Subtle "answers-twice" "Sends every answer twice." { Server: ["EOP-ACC-2"] }
    Goodbye Subtle "goodbye" "Says goodbye to a client that ended its stream." { Server: ["EOP-ACC-2"] }
    AnswersOutOfOrder Subtle "answers-out-of-order" "Answers a pipelined request before the one in front of it." { Server: ["EOP-ACC-3", "EOP-TST-22"] }
    GreetsOnce Subtle "greets-once" "Greets only the first connection of a port." { Server: ["EOP-TST-20", "EOP-ACC-4"] }
    ListenAfterRead Subtle "listen-after-read" "Greets only when the client has sent something." { Server: ["EOP-TST-20", "EOP-ACC-4", "EOP-RED-11"] }
    ActsAfterRedirect Subtle "acts-after-redirect" "Acts on pipelined requests after it sent a REDIRECT." { Server: ["EOP-RSD-1", "EOP-CLS-2"] }
    ActsAhead Subtle "acts-ahead" "Acts on pipelined requests while it works on the one in front, and answers none of them." { Server: ["EOP-RSD-1", "EOP-RSD-2", "EOP-TST-22"] }
    ActsWhileRedirecting Subtle "acts-while-redirecting" "Acts on requests while its REDIRECT is on the way." { Server: ["EOP-RSD-1", "EOP-CLS-2"] }
    ActsBeforeComplete Subtle "acts-before-complete" "Acts on a request that is not complete." { Server: ["EOP-RSD-10"] }
    HalfCloseAbandons Subtle "half-close-abandons" "Closes at once when the client half-closes." { Server: ["EOP-HCL-1"] }
    HalfCloseKept Subtle "half-close-kept" "Keeps the connection of a client that half-closed and was answered." { Server: ["EOP-HCL-5"] }
    HalfCloseForgetsPipelined Subtle "half-close-forgets-pipelined" "Forgets the requests that wait when the client half-closes." { Server: ["EOP-HCL-1"] }
    EndTakesRedirect Subtle "end-takes-redirect" "Closes with a REDIRECT half written when the client has half-closed." { Server: ["EOP-HCL-1"] }
    HalfCloseUnredirected Subtle "half-close-unredirected" "Closes instead of redirecting a client that half-closed." { Server: ["EOP-HCL-1"] }
    HalfCloseCutsOff Subtle "half-close-cuts-off" "Closes in the middle of what it sends when the client half-closes." { Server: ["EOP-HCL-1"] }

    // The server's closing.
    CloseAfterRedirect Subtle "close-after-redirect" "Closes at once after every REDIRECT." { Server: ["EOP-CLS-1"] }
    CloseAfterLateRedirect Subtle "close-after-late-redirect" "Closes at once after a REDIRECT with a payload." { Server: ["EOP-CLS-1"] }
    DeafAfterRedirect Subtle "deaf-after-redirect" "Reads nothing after a REDIRECT." { Server: ["EOP-CLS-1"] }
    DrainCapped Subtle "drain-capped" "Closes when it has discarded 65,536 octets." { Server: ["EOP-CLS-1"] }
    DrainBlames Subtle "drain-blames" "Parses what it should discard, and resets at an error." { Server: ["EOP-CLS-2"] }
    DrainAnswers Subtle "drain-answers" "Answers what it should discard." { Server: ["EOP-CLS-2", "EOP-RED-8"] }
    DrainEndless Subtle "drain-endless" "Discards without a limit." { Server: ["EOP-CLS-3"] }
    DrainIdleMissing Subtle "drain-idle-missing" "Waits for a silent client as long as for any." { Server: ["EOP-CLS-3"] }
    DrainTotalMissing Subtle "drain-total-missing" "Discards for as long as octets come." { Server: ["EOP-CLS-3"] }
    DrainClockEarly Subtle "drain-clock-early" "Lets the limits of the discarding begin before the redirect has arrived." { Server: ["EOP-CLS-4"] }
    DrainTotalEarly Subtle "drain-total-early" "Lets the limit of the whole discarding begin before the redirect has arrived." { Server: ["EOP-CLS-4"] }
    DrainIgnoresEnd Subtle "drain-ignores-end" "Stays until the limits pass although the client has ended the stream." { Server: ["EOP-CLS-5"] }
    HalfCloseAfterRedirect Subtle "half-close-after-redirect" "Half-closes after a REDIRECT in the test service." { Server: ["EOP-TST-11"] }
    ResetAfterRedirect Subtle "reset-after-redirect" "Resets the connection after a REDIRECT." { Server: ["EOP-CLS-7", "EOP-CLS-1"] }

    // The test service.
    DrainEndlessAtAccept Subtle "drain-endless-at-accept" "Waits for ever for a client that it moved at accept." { Server: ["EOP-CLS-3"] }
    FinLingers Subtle "fin-lingers" "Waits for ever for a client behind a `fin`." { Server: ["EOP-TST-28"] }
    FinCloses Subtle "fin-closes" "Closes at a `fin` without waiting for the client." { Server: ["EOP-TST-28"] }
    StaysAfterInput Subtle "stays-after-input" "Does not leave when standard input ends." { Server: ["EOP-TST-2"] Client: ["EOP-DRV-2"] }
    ReadyUnended Subtle "ready-unended" "Prints its `ready` line without the end of the line." { Server: ["EOP-TST-1"] }
    ListensAnywhere Subtle "listens-anywhere" "Agrees to listen on an address that is not loopback." { Server: ["EOP-TST-3"] }
    OneAtATime Subtle "one-at-a-time" "Serves the next connection when the one before has ended." { Server: ["EOP-TST-4"] }
    LenientGrammar Subtle "lenient-grammar" "Does not mind capitals and spaces in requests." { Server: ["EOP-TST-5"] }
    MalformedHalfDone Subtle "malformed-half-done" "Does the steps in front of the one that is wrong." { Server: ["EOP-TST-5"] }
    UnknownCloses Subtle "unknown-closes" "Closes at a request that it does not know." { Server: ["EOP-TST-5"] }
    DoAnswersTwice Subtle "do-answers-twice" "Agrees to a `do` with two answers." { Server: ["EOP-TST-6"] }
    DoNothing Subtle "do-nothing" "Agrees to a `do` that neither answers nor ends anything." { Server: ["EOP-TST-6"] }
    DoGoesOn Subtle "do-goes-on" "Agrees to a `do` that goes on after its end." { Server: ["EOP-TST-6"] }
    ListenGoesOn Subtle "listen-goes-on" "Agrees to a `listen` that goes on after its end." { Server: ["EOP-TST-7"] }
    LateAfterAnswer Subtle "late-after-answer" "Agrees to an answer and a redirect with a payload in one `do`." { Server: ["EOP-TST-8"] }
    ListFirstAlways Subtle "list-first-always" "Redirects to the first endpoint of the list, wherever it is itself." { Server: ["EOP-TST-9"] }
    TargetStays Subtle "target-stays" "Does not redirect at a port that `listen` opened." { Server: ["EOP-TST-9", "EOP-RED-16"] }
    ListFirstPlace Subtle "list-first-place" "Goes by its first place in the list, not by the last." { Server: ["EOP-TST-9"] }
    ListShort Subtle "list-short" "Looks at the first eight endpoints of a list." { Server: ["EOP-TST-9"] }
    ListWraps Subtle "list-wraps" "Redirects from the last endpoint of the list to the first." { Server: ["EOP-TST-10"] }
    HereAfterAnswer Subtle "here-after-answer" "Says `here` although the request was answered." { Server: ["EOP-TST-10"] }
    HereCloses Subtle "here-closes" "Closes after `here`." { Server: ["EOP-TST-10"] }
    RefusedAfterAnswer Subtle "refused-after-answer" "Says `refused` although the request was answered." { Server: ["EOP-TST-13"] }
    MarkLate Subtle "mark-late" "Counts marks after the steps behind them." { Server: ["EOP-TST-12"] }
    MarkTwice Subtle "mark-twice" "Counts the marks of a `do` twice." { Server: ["EOP-TST-12", "EOP-TST-27"] }
    MarkWraps Subtle "mark-wraps" "Counts marks in one octet." { Server: ["EOP-TST-16", "EOP-TST-14"] }
    HelloShort Subtle "hello-short" "Leaves `stall` out of the options in force." { Server: ["EOP-TST-15"] }
    MarkedUnknown Subtle "marked-unknown" "Does not know a token that nothing has marked." { Server: ["EOP-TST-17"] }
    MarksByConnection Subtle "marks-by-connection" "Counts marks for each connection apart." { Server: ["EOP-TST-21"] }
    ListenAtHome Subtle "listen-at-home" "Answers `listen` with the port that it has." { Server: ["EOP-TST-19", "EOP-TST-20"] }
    AnswerShort Subtle "answer-short" "Sends at most 65,536 octets of an answer." { Server: ["EOP-TST-23"] }
    RedirectWordy Subtle "redirect-wordy" "Gives a redirect without payload one." { Server: ["EOP-TST-24"] }
    AwaitPasses Subtle "await-passes" "Does not wait at an `await`." { Server: ["EOP-TST-26"] }
    FinResets Subtle "fin-resets" "Ends with RST at a `fin`." { Server: ["EOP-TST-28"] }
    ResetFins Subtle "reset-fins" "Ends with FIN at a `reset`." { Server: ["EOP-TST-29"] }
    BadOptionTaken Subtle "bad-option-taken" "Takes the default for an option with a bad value." { Server: ["EOP-TST-30"] }
    UnknownOptionRefused Subtle "unknown-option-refused" "Does not start with an option that it does not know." { Server: ["EOP-TST-31"] }
    StallOptionIgnored Subtle "stall-option-ignored" "Does not look at the option `stall`." { Server: ["EOP-TST-32"] }
    ReadyAndMore Subtle "ready-and-more" "Prints a line behind `ready`." { Server: ["EOP-TST-33"] }
    RequestShort Subtle "request-short" "Does not know requests of more than 4,096 octets." { Server: ["EOP-TST-14", "EOP-TST-23"] }
    StepsFew Subtle "steps-few" "Performs at most 64 steps of a `do`, and its last." { Server: ["EOP-TST-14", "EOP-TST-27"] }
    AnswerEndsSteps Subtle "answer-ends-steps" "Does not count the marks behind an answer." { Server: ["EOP-TST-22", "EOP-TST-27"] }
    AwaitOnce Subtle "await-once" "Waits only once in a request." { Server: ["EOP-TST-26", "EOP-TST-22"] }
    ResetHasty Subtle "reset-hasty" "Resets at a `reset` although what it sent before is not acknowledged." { Server: ["EOP-TST-29"] }
    ListCheckedWhole Subtle "list-checked-whole" "Refuses a list that holds a forbidden endpoint anywhere." { Server: ["EOP-TST-13", "EOP-TST-9"] }
    ListCheckedFirst Subtle "list-checked-first" "Checks only whether the first endpoint of a list is forbidden." { Server: ["EOP-TST-13"] }
    LingerDefaultLonger Subtle "linger-default-longer" "Waits ten times as long as the default for a silent client where it is told nothing." { Server: ["EOP-TST-32"] }
    AddressIgnored Subtle "address-ignored" "Listens at 127.0.0.1 whatever loopback address it is told." { Server: ["EOP-TST-1"] }
    PortsAtLocalhost Subtle "ports-at-localhost" "Opens further ports at 127.0.0.1, wherever it listens itself." { Server: ["EOP-TST-19"] }
    SignalConsumed Subtle "signal-consumed" "Lets a signal release one wait only." { Server: ["EOP-TST-18"] }

    // The client follows.
    RedirectEchoed Subtle "redirect-echoed" "Sends a REDIRECT back to the server that sent one." { Client: ["EOP-RED-1"] }
    LateDeliveredTwice Subtle "late-delivered-twice" "Delivers the payload of a REDIRECT twice." { Client: ["EOP-RED-5"] }
    RedirectPayloadDropped Subtle "redirect-payload-dropped" "Does not deliver the payload of a REDIRECT." { Client: ["EOP-RED-5"] }
    RedirectPayloadLate Subtle "redirect-payload-late" "Delivers the payload of a REDIRECT only at the target." { Client: ["EOP-RED-5", "EOP-DRV-7"] }
    RedirectBeforePayload Subtle "redirect-before-payload" "Reports a redirect before its payload." { Client: ["EOP-DRV-7", "EOP-RED-5"] }
    RedirectBeforeLength Subtle "redirect-before-length" "Acts on a REDIRECT when its target is there." { Client: ["EOP-RED-6"] }
    RedirectOnHeader Subtle "redirect-on-header" "Acts on a REDIRECT whose payload is not complete." { Client: ["EOP-RED-6"] }
    WaitsForFin Subtle "waits-for-fin" "Acts on a REDIRECT when the server has closed." { Client: ["EOP-RED-7"] }
    IdleRedirectIgnored Subtle "idle-redirect-ignored" "Does not act on a REDIRECT when nothing is outstanding." { Client: ["EOP-RED-7"] }
    ReadsOnAfterRedirect Subtle "reads-on-after-redirect" "Takes messages that stand behind a REDIRECT." { Client: ["EOP-RED-9"] }
    SecondRedirectFollowed Subtle "second-redirect-followed" "Follows the last of several REDIRECT frames." { Client: ["EOP-RED-9"] }
    LeftoversCarried Subtle "leftovers-carried" "Parses what stands behind a REDIRECT as if the target had sent it." { Client: ["EOP-RED-9"] }
    RefusedPayloadDropped Subtle "refused-payload-dropped" "Does not deliver the payload of a REDIRECT whose target it refuses." { Client: ["EOP-RED-10"] }
    WritesBeforeReading Subtle "writes-before-reading" "Does not read while it has octets to write." { Client: ["EOP-RED-12"] }
    FinishesMessage Subtle "finishes-message" "Finishes the message that it is sending before it acts on a REDIRECT." { Client: ["EOP-RED-13", "EOP-RED-12"] }
    WritesToTheOld Subtle "writes-to-the-old" "Sends new messages on the connection that it leaves, until the next one is there." { Client: ["EOP-RED-13"] }
    RedirectRemembered Subtle "redirect-remembered" "Begins a new session where the last one from that home ended." { Client: ["EOP-RED-15"] }
    MovesInherited Subtle "moves-inherited" "Counts the moves of earlier sessions as its own." { Client: ["EOP-RED-15", "EOP-EPI-7"] }
    VisitedInherited Subtle "visited-inherited" "Takes what an earlier session visited for visited." { Client: ["EOP-RED-15", "EOP-EPI-2", "EOP-POL-10"] }
    RedirectAsFailure Subtle "redirect-as-failure" "Reports an early redirect as a lost connection." { Client: ["EOP-RSD-16", "EOP-RED-7"] }

    // The client accounts.
    AnswersNewest Subtle "answers-newest" "Lets a message answer the newest outstanding one." { Client: ["EOP-ACC-1", "EOP-RSD-3", "EOP-RSD-4"] }
    NewestFirst Subtle "newest-first" "Sends what waits newest first." { Client: ["EOP-ACC-15"] }
    LateAnswersNothing Subtle "late-answers-nothing" "Does not count the payload of a REDIRECT as an answer." { Client: ["EOP-ACC-1"] }
    EarlyAnswers Subtle "early-answers" "Lets a REDIRECT without payload answer the oldest message." { Client: ["EOP-RSD-3"] }
    PipelineShort Subtle "pipeline-short" "Forgets what it is given while 256 messages are outstanding." { Client: ["EOP-ACC-1"] }
    GreetingsOnlyAtHome Subtle "greetings-only-at-home" "Expects greetings at home only." { Client: ["EOP-ACC-4", "EOP-ACC-5", "EOP-ACC-6"] }
    SendBeforeGreeting Subtle "send-before-greeting" "Sends before the greetings have arrived." { Client: ["EOP-ACC-5"] }
    ResendBeforeGreeting Subtle "resend-before-greeting" "Resends before the greetings have arrived." { Client: ["EOP-ACC-5"] }
    OneGreetingEnough Subtle "one-greeting-enough" "Sends after the first of several greetings." { Client: ["EOP-ACC-5"] }
    GreetingsPairedOnly Subtle "greetings-paired-only" "Expects no greetings in manual." { Client: ["EOP-ACC-5", "EOP-ACC-6"] }
    GreetingsCarried Subtle "greetings-carried" "Expects at the target only the greetings that home did not send." { Client: ["EOP-ACC-5"] }
    EmptyGreetingUncounted Subtle "empty-greeting-uncounted" "Does not count an empty greeting." { Client: ["EOP-ACC-6", "EOP-FRM-8"] }
    GreetingAsAnswer Subtle "greeting-as-answer" "Counts a greeting as the answer to the oldest message." { Client: ["EOP-ACC-6"] }
    GreetingRequired Subtle "greeting-required" "Refuses a REDIRECT before the greetings." { Client: ["EOP-ACC-7"] }
    LateGreetingUncounted Subtle "late-greeting-uncounted" "Does not take the payload of a REDIRECT for a greeting." { Client: ["EOP-ACC-8"] }
    LateGreetingUnmoved Subtle "late-greeting-unmoved" "Takes the payload of a REDIRECT for a greeting and does not move." { Client: ["EOP-ACC-8"] }
    UnsolicitedTaken Subtle "unsolicited-taken" "Accepts a message when nothing is outstanding." { Client: ["EOP-ACC-9"] }
    UnofferedAnswered Subtle "unoffered-answered" "Accepts an answer to a message that it has not completely sent." { Client: ["EOP-ACC-9"] }
    UnofferedAnsweredLate Subtle "unoffered-answered-late" "Accepts the payload of a REDIRECT as the answer to a message that it has not completely sent." { Client: ["EOP-ACC-9", "EOP-ACC-10"] }
    OwedAnswered Subtle "owed-answered" "Accepts an answer to a message that it owes and has not resent." { Client: ["EOP-ACC-9", "EOP-ACC-10"] }
    UnsolicitedDelivered Subtle "unsolicited-delivered" "Delivers a message that answers nothing, then fails." { Client: ["EOP-ACC-10"] }
    UnsolicitedMoves Subtle "unsolicited-moves" "Moves although the payload of the REDIRECT answers nothing." { Client: ["EOP-ACC-10", "EOP-ACC-9"] }
    ManualRetiresItself Subtle "manual-retires-itself" "Counts every message as an answer in manual." { Client: ["EOP-ACC-11"] }
    RetiresNewest Subtle "retires-newest" "Retires the newest messages instead of the oldest." { Client: ["EOP-ACC-11"] }
    RetireUnoffered Subtle "retire-unoffered" "Lets more messages be retired than it has sent." { Client: ["EOP-ACC-12"] }
    ManualUnsolicitedRefused Subtle "manual-unsolicited-refused" "Refuses a message that answers nothing in manual." { Client: ["EOP-ACC-13"] }
    ManualPayloadRefused Subtle "manual-payload-refused" "Refuses the payload of a REDIRECT that answers nothing in manual." { Client: ["EOP-ACC-13"] }
    SettlesAtOnce Subtle "settles-at-once" "Reports the end in manual before what was delivered can be retired." { Client: ["EOP-ACC-14", "EOP-DRV-15"] }
    SettlesIfNothingLeft Subtle "settles-if-nothing-left" "Reports the end in manual at once when nothing is outstanding, whatever was delivered." { Client: ["EOP-DRV-15"] }
    LateRetireEndsDeadline Subtle "late-retire-ends-deadline" "Ends the episode of the move under way when an earlier answer is retired." { Client: ["EOP-EPI-5", "EOP-ACC-16"] }
    RetireAfterMoveIgnored Subtle "retire-after-move-ignored" "Resends in manual what was retired after the redirect." { Client: ["EOP-ACC-14"] }

    // The client resends.
    UnsolicitedAtTargetTaken Subtle "unsolicited-at-target-taken" "Accepts a message at a target when nothing is outstanding." { Client: ["EOP-ACC-9"] }
    MovesBehindUnsolicited Subtle "moves-behind-unsolicited" "Acts on a REDIRECT behind a message that answers nothing." { Client: ["EOP-ERR-1", "EOP-ACC-9"] }
    GreetingsInOneOctet Subtle "greetings-in-one-octet" "Counts the greetings to come in one octet." { Client: ["EOP-ACC-5", "EOP-ACC-6"] }
    GreetingFlushes Subtle "greeting-flushes" "Sends what waited for the last greeting before it has read what stands behind it." { Client: ["EOP-CLS-11"] }
    RetireOne Subtle "retire-one" "Retires one message, however many it is told to." { Client: ["EOP-ACC-11"] }
    RetireZeroRefused Subtle "retire-zero-refused" "Refuses to retire nothing." { Client: ["EOP-ACC-11", "EOP-ACC-12"] }
    RetireZeroUngreeted Subtle "retire-zero-ungreeted" "Refuses to retire nothing before the greetings." { Client: ["EOP-ACC-12", "EOP-DRV-14"] }
    RetireMovesLaterRefused Subtle "retire-moves-later-refused" "Refuses to retire what it was sent more than one move ago." { Client: ["EOP-ACC-12", "EOP-ACC-14"] }
    RetirePart Subtle "retire-part" "Lets a message be retired that it is still sending." { Client: ["EOP-ACC-12"] }
    RetireWhatIsResent Subtle "retire-what-is-resent" "Lets a message be retired that it is told to resend and has not sent again." { Client: ["EOP-ACC-12"] }
    LateRetireForgotten Subtle "late-retire-forgotten" "Counts a redirector as visited whose answer was retired after it redirected." { Client: ["EOP-EPI-3", "EOP-ACC-14"] }
    LateRetireBeforeLast Subtle "late-retire-before-last" "Counts what is retired late as answered before the last REDIRECT, whichever it was sent before." { Client: ["EOP-ACC-16"] }
    JudgedOnce Subtle "judged-once" "Does not judge a REDIRECT again when what is retired shows that it was no loop." { Client: ["EOP-ACC-14", "EOP-EPI-3"] }
    FinIsFinal Subtle "fin-is-final" "Names an end by what was outstanding when the FIN came, whatever is retired then." { Client: ["EOP-ACC-14", "EOP-HCL-4"] }
    SettlesWhenTold Subtle "settles-when-told" "Reports the end in manual only when it is asked to." { Client: ["EOP-DRV-15"] }
    CloseTakesTheEnd Subtle "close-takes-the-end" "Reports `closed` when the application closes a session that has ended already." { Client: ["EOP-DRV-17"] }
    SettlingObeys Subtle "settling-obeys" "Accepts messages and a half-close although the connection has ended." { Client: ["EOP-DRV-14"] }
    OwedDropped Subtle "owed-dropped" "Forgets what is outstanding when it is redirected." { Client: ["EOP-RSD-3"] }
    UnsentForgotten Subtle "unsent-forgotten" "Forgets what it had not begun to send when it is redirected." { Client: ["EOP-RSD-6"] }
    ResendFirstOnly Subtle "resend-first-only" "Resends the oldest owed message only." { Client: ["EOP-RSD-3", "EOP-RSD-5"] }
    ResendLastOnly Subtle "resend-last-only" "Resends the newest owed message only." { Client: ["EOP-RSD-3", "EOP-RSD-5"] }
    ResendFew Subtle "resend-few" "Resends at most 64 messages." { Client: ["EOP-RSD-3", "EOP-RSD-5"] }
    AnsweredResent Subtle "answered-resent" "Resends the message that was answered last." { Client: ["EOP-RSD-4"] }
    ResendReversed Subtle "resend-reversed" "Resends the newest owed message first." { Client: ["EOP-RSD-5"] }
    ResendAltered Subtle "resend-altered" "Resends another payload than it sent." { Client: ["EOP-RSD-5"] }
    ResendRestOnly Subtle "resend-rest-only" "Sends the target only what it had not sent of a message before." { Client: ["EOP-RSD-5"] }
    NewBeforeOwed Subtle "new-before-owed" "Sends a new message before the owed ones." { Client: ["EOP-RSD-5"] }
    OwedForgotten Subtle "owed-forgotten" "Forgets what is owed at the next REDIRECT." { Client: ["EOP-RSD-6"] }
    UncertainResent Subtle "uncertain-resent" "Connects once more and resends when a connection is lost." { Client: ["EOP-RSD-7", "EOP-RSD-9"] }
    UncertainAsUnsent Subtle "uncertain-as-unsent" "Reports what it has sent as unsent." { Client: ["EOP-RSD-8"] }
    PartAsUnsent Subtle "part-as-unsent" "Reports a message that it has sent in part as unsent." { Client: ["EOP-RSD-8"] }
    UnsentAsUncertain Subtle "unsent-as-uncertain" "Reports what it has not sent as uncertain." { Client: ["EOP-RSD-8"] }
    OwedAsUnsent Subtle "owed-as-unsent" "Reports what is owed as unsent." { Client: ["EOP-RSD-8"] }
    OwedAsUncertain Subtle "owed-as-uncertain" "Reports what is owed as uncertain." { Client: ["EOP-RSD-8"] }
    NewAsOwed Subtle "new-as-owed" "Reports a new message behind owed ones as owed." { Client: ["EOP-RSD-8"] }
    AllUncertain Subtle "all-uncertain" "Reports everything as uncertain once an octet of something was sent." { Client: ["EOP-RSD-8"] }
    ResentAsOwed Subtle "resent-as-owed" "Reports what it has resent as owed." { Client: ["EOP-RSD-8"] }
    OutstandingAsEnd Subtle "outstanding-as-end" "Takes the server's FIN for a clean end although something is outstanding." { Client: ["EOP-RSD-8"] }
    FirstOwedResent Subtle "first-owed-resent" "Resends at every hop what the first REDIRECT left unanswered." { Client: ["EOP-RSD-4", "EOP-RSD-3"] }
    NewLostAtSecondHop Subtle "new-lost-at-second-hop" "Forgets what waits behind owed messages at the next REDIRECT." { Client: ["EOP-RSD-3", "EOP-RSD-5"] }
    DecidedForGood Subtle "decided-for-good" "Resends without a decision what it resent by decision before." { Client: ["EOP-RSD-11", "EOP-RSD-12"] }
    DecisionNeedsConnection Subtle "decision-needs-connection" "Refuses a decision before the next connection stands." { Client: ["EOP-RSD-12"] }
    DroppedComesBack Subtle "dropped-comes-back" "Owes at the next REDIRECT what was dropped before it." { Client: ["EOP-RSD-17", "EOP-RSD-3"] }
    BudgetZeroUnlimited Subtle "budget-zero-unlimited" "Takes a replay budget of 0 for none." { Client: ["EOP-RSD-15"] }
    BudgetOverHops Subtle "budget-over-hops" "Counts against the replay budget what it resent at earlier hops." { Client: ["EOP-RSD-14", "EOP-RSD-15"] }
    ResentUndecided Subtle "resent-undecided" "Resends before the application has decided." { Client: ["EOP-RSD-11"] }
    ManualResends Subtle "manual-resends" "Resends by itself in manual." { Client: ["EOP-RSD-11"] }
    StaleDecisionTaken Subtle "stale-decision-taken" "Accepts a decision for another hop." { Client: ["EOP-RSD-12"] }
    FutureDecisionTaken Subtle "future-decision-taken" "Accepts a decision for a hop that has not come." { Client: ["EOP-RSD-12"] }
    DecisionUnasked Subtle "decision-unasked" "Accepts a decision that nobody awaits." { Client: ["EOP-RSD-12"] }
    HopPerEpisode Subtle "hop-per-episode" "Counts hops from 1 in every episode." { Client: ["EOP-RSD-12"] }
    SendBeforeDecision Subtle "send-before-decision" "Accepts a new message before the decision." { Client: ["EOP-RSD-13"] }
    SendBeforeAutomaticDecision Subtle "send-before-automatic-decision" "Accepts a new message before the decision when resending is automatic." { Client: ["EOP-RSD-13"] }
    AutomaticAsks Subtle "automatic-asks" "Asks for a decision although resending is automatic." { Client: ["EOP-RSD-14"] }
    AutomaticSendRefused Subtle "automatic-send-refused" "Refuses new messages while it resends." { Client: ["EOP-RSD-14"] }
    NeverResendIgnored Subtle "never-resend-ignored" "Resends what is marked never-resend." { Client: ["EOP-RSD-15"] }
    NeverResendOnce Subtle "never-resend-once" "Forgets that a message is marked never-resend once it was decided." { Client: ["EOP-RSD-15"] }
    BudgetIgnored Subtle "budget-ignored" "Resends beyond the replay budget." { Client: ["EOP-RSD-15"] }
    BudgetOneLess Subtle "budget-one-less" "Takes a message that fills the replay budget for one that exceeds it." { Client: ["EOP-RSD-15", "EOP-RSD-14"] }
    BudgetPerMessage Subtle "budget-per-message" "Measures each message alone against the replay budget." { Client: ["EOP-RSD-15"] }
    BudgetOverAll Subtle "budget-over-all" "Counts what was answered against the replay budget." { Client: ["EOP-RSD-15", "EOP-RSD-14"] }
    HeldAlone Subtle "held-alone" "Resends what stands behind a message that waits for the decision." { Client: ["EOP-RSD-15"] }
    OwedUncounted Subtle "owed-uncounted" "Reports redirects as if nothing were owed." { Client: ["EOP-RSD-16", "EOP-RSD-3"] }
    DroppedResent Subtle "dropped-resent" "Resends what the application dropped." { Client: ["EOP-RSD-17"] }
    DroppedReported Subtle "dropped-reported" "Reports what was dropped as owed at the end." { Client: ["EOP-FAI-2"] }
    DropTakesAll Subtle "drop-takes-all" "Drops what is on its way with what waits for the decision." { Client: ["EOP-ACC-1"] }

    // The client half-closes and closes.
    HalfCloseForgotten Subtle "half-close-forgotten" "Does not half-close the connection to the target." { Client: ["EOP-HCL-2"] }
    HalfCloseFirst Subtle "half-close-first" "Half-closes the connection to the target before it has resent." { Client: ["EOP-HCL-2"] }
    SendAfterHalfClose Subtle "send-after-half-close" "Accepts a message after the half-close." { Client: ["EOP-HCL-6"] }
    HalfCloseHasty Subtle "half-close-hasty" "Half-closes at once, whatever was given before." { Client: ["EOP-HCL-7"] }
    ClearedTargetLeft Subtle "cleared-target-left" "Ends the session when what a half-closed client owed is retired at the target." { Client: ["EOP-HCL-7"] }
    ConnectsForNothing Subtle "connects-for-nothing" "Goes on connecting although it is half-closed meanwhile and nothing is outstanding any more." { Client: ["EOP-HCL-3"] }
    HalfCloseAfterFirst Subtle "half-close-after-first" "Half-closes the connection to the target behind the first resent message." { Client: ["EOP-HCL-2", "EOP-RSD-5"] }
    HalfCloseTwice Subtle "half-close-twice" "Accepts a second half-close." { Client: ["EOP-DRV-14"] }
    HalfCloseOnce Subtle "half-close-once" "Half-closes the connection to the first target only." { Client: ["EOP-HCL-2"] }
    HalfClosedMove Subtle "half-closed-move" "Connects to the target although it half-closed and nothing is outstanding." { Client: ["EOP-HCL-3"] }
    HalfClosedRefuses Subtle "half-closed-refuses" "Asks the policy about a target although it half-closed and nothing is outstanding." { Client: ["EOP-HCL-3"] }
    HalfClosedBounded Subtle "half-closed-bounded" "Counts a redirect although it half-closed and nothing is outstanding." { Client: ["EOP-HCL-3"] }
    CleanEndFails Subtle "clean-end-fails" "Reports every end by the server as a failure." { Client: ["EOP-HCL-4", "EOP-DRV-22"] }
    OldConnectionKept Subtle "old-connection-kept" "Does not close the connection from which it was redirected." { Client: ["EOP-CLS-8"] }
    UnmovedKeepsOpen Subtle "unmoved-keeps-open" "Does not close the connection whose REDIRECT it does not follow." { Client: ["EOP-CLS-8"] }
    NewFirstUnasked Subtle "new-first-unasked" "Connects to the target, and closes the old connection when the new one is in use, unasked." { Client: ["EOP-CLS-9"] }
    OldKeptWhenLate Subtle "old-kept-when-late" "Does not close the connection on which a REDIRECT with payload came." { Client: ["EOP-CLS-8", "EOP-CLS-9"] }
    OldKeptWhenIdle Subtle "old-kept-when-idle" "Does not close a connection from which it was redirected with nothing owed." { Client: ["EOP-CLS-8", "EOP-CLS-9"] }
    NewFirstLater Subtle "new-first-later" "Connects first and closes then from the second hop on, unasked." { Client: ["EOP-CLS-9"] }
    NewFirstIgnored Subtle "new-first-ignored" "Closes the old connection first although it is told to connect first." { Client: ["EOP-DRV-16"] }
    ClosedUnsentUncounted Subtle "closed-unsent-uncounted" "Does not count what it never sent when the application closes." { Client: ["EOP-DRV-17", "EOP-FAI-2"] }
    KeptAtTheEnd Subtle "kept-at-the-end" "Does not close the connection of a session that ends." { Client: ["EOP-CLS-13"] }
    KeptWhileSettling Subtle "kept-while-settling" "Closes a connection that has ended, in manual, only when the application has retired." { Client: ["EOP-CLS-13"] }
    WriteErrorFinal Subtle "write-error-final" "Gives up at a write error without reading what has arrived." { Client: ["EOP-CLS-10"] }
    IdleUnread Subtle "idle-unread" "Does not read while nothing is outstanding." { Client: ["EOP-CLS-11", "EOP-RED-7"] }

    // The client's bounds.
    RedirectsOneMore Subtle "redirects-one-more" "Follows one redirect more than its bound." { Client: ["EOP-EPI-1"] }
    RedirectsOneLess Subtle "redirects-one-less" "Follows one redirect less than its bound." { Client: ["EOP-EPI-1"] }
    RedirectsUnbounded Subtle "redirects-unbounded" "Follows any number of redirects in one episode." { Client: ["EOP-EPI-1"] }
    AnswerKeepsEpisode Subtle "answer-keeps-episode" "Does not end an episode when a message is answered." { Client: ["EOP-EPI-11", "EOP-EPI-1", "EOP-EPI-2"] }
    IdleKeepsEpisode Subtle "idle-keeps-episode" "Does not end an episode when the connected client is idle." { Client: ["EOP-EPI-11", "EOP-EPI-2"] }
    VisitedKept Subtle "visited-kept" "Remembers what it visited when an episode ends." { Client: ["EOP-EPI-11", "EOP-EPI-2"] }
    RedirectsKept Subtle "redirects-kept" "Does not begin to count redirects anew when an episode ends." { Client: ["EOP-EPI-11", "EOP-EPI-1"] }
    RetireKeepsEpisode Subtle "retire-keeps-episode" "Does not end an episode when a message is retired." { Client: ["EOP-EPI-11"] }
    BusyEndsEpisode Subtle "busy-ends-episode" "Ends an episode after its time although a message is outstanding." { Client: ["EOP-EPI-11"] }
    UngreetedEndsEpisode Subtle "ungreeted-ends-episode" "Ends an episode after its time although greetings are missing." { Client: ["EOP-EPI-11"] }
    LoopUndetected Subtle "loop-undetected" "Connects to an endpoint twice in one episode." { Client: ["EOP-EPI-2"] }
    VisitedByPort Subtle "visited-by-port" "Knows visited endpoints by their port." { Client: ["EOP-EPI-2", "EOP-POL-10"] }
    VisitedLastTwo Subtle "visited-last-two" "Remembers the last two visited endpoints only." { Client: ["EOP-EPI-2"] }
    CountBeforeLoop Subtle "count-before-loop" "Names a visited endpoint TooManyRedirects where that holds too." { Client: ["EOP-EPI-12"] }
    TargetRetried Subtle "target-retried" "Connects to a failing target once more." { Client: ["EOP-EPI-2", "EOP-FAI-1"] }
    FirstRedirectorUnvisited Subtle "first-redirector-unvisited" "Does not count the first redirector of an episode as visited." { Client: ["EOP-EPI-3"] }
    AnsweredRedirectorVisited Subtle "answered-redirector-visited" "Counts the first redirector as visited although it answered a message." { Client: ["EOP-EPI-3"] }
    GreetingEndsEpisode Subtle "greeting-ends-episode" "Ends an episode at a greeting." { Client: ["EOP-EPI-4"] }
    PayloadEndsEpisode Subtle "payload-ends-episode" "Ends an episode at a message that answers nothing." { Client: ["EOP-EPI-4"] }
    DeadlineMissing Subtle "deadline-missing" "Has no deadline for an episode but a minute." { Client: ["EOP-EPI-5"] }
    DeadlinePerHop Subtle "deadline-per-hop" "Grants the deadline anew with every redirect." { Client: ["EOP-EPI-5"] }
    DeadlineNotConnecting Subtle "deadline-not-connecting" "Does not look at the deadline while it connects to a target." { Client: ["EOP-EPI-5"] }
    DeadlineMisnamed Subtle "deadline-misnamed" "Names a deadline that passes the failure of the target." { Client: ["EOP-EPI-5"] }
    DeadlineKept Subtle "deadline-kept" "Lets the deadline of the first episode bound the next ones." { Client: ["EOP-EPI-5", "EOP-EPI-11"] }
    DeadlineWhileIdle Subtle "deadline-while-idle" "Ends a session at the deadline although it is connected, and greeted." { Client: ["EOP-EPI-5"] }
    DeadlineBeforeCount Subtle "deadline-before-count" "Names a redirect that is one too many RedirectDeadline when that has passed." { Client: ["EOP-EPI-12"] }
    DeadlineForgotten Subtle "deadline-forgotten" "Does not look at the deadline at a REDIRECT." { Client: ["EOP-EPI-5"] }
    DeadlineWhileAnswering Subtle "deadline-while-answering" "Lets the deadline run while a target works on an answer." { Client: ["EOP-EPI-6"] }
    MovesUnbounded Subtle "moves-unbounded" "Does not bound its moves over episodes." { Client: ["EOP-EPI-7"] }
    MovesPerEpisode Subtle "moves-per-episode" "Forgets its moves at the end of an episode." { Client: ["EOP-EPI-7"] }
    ZeroFollowed Subtle "zero-followed" "Takes a bound of 0 redirects for none." { Client: ["EOP-EPI-8"] }
    ZeroMisnamed Subtle "zero-misnamed" "Names a redirect that it must not follow TooManyRedirects." { Client: ["EOP-EPI-8"] }
    RedirectsCapped Subtle "redirects-capped" "Follows at most eight redirects in one episode, whatever its bound." { Client: ["EOP-EPI-1"] }
    LateUncounted Subtle "late-uncounted" "Does not count redirects that carry a payload." { Client: ["EOP-EPI-1", "EOP-EPI-4"] }
    AskedAgainVisited Subtle "asked-again-visited" "Counts a redirector as visited that answered and left a later message unanswered." { Client: ["EOP-EPI-3"] }
    LoopBeforeNone Subtle "loop-before-none" "Names a visited endpoint RedirectLoop although it follows nothing." { Client: ["EOP-EPI-12", "EOP-EPI-8"] }
    MovesBeforeLoop Subtle "moves-before-loop" "Names a visited endpoint TooManyRedirects where the move would be one too many." { Client: ["EOP-EPI-12", "EOP-EPI-2"] }
    DeadlineBeforeMoves Subtle "deadline-before-moves" "Names a move that is one too many RedirectDeadline when that has passed." { Client: ["EOP-EPI-12"] }
    MovesDefaultMore Subtle "moves-default-more" "Bounds its moves at 60 where it is told nothing." { Client: ["EOP-EPI-7", "EOP-DRV-16"] }
    LateGreetingEndsEpisode Subtle "late-greeting-ends-episode" "Ends an episode at a greeting that a REDIRECT carries." { Client: ["EOP-EPI-4"] }
    QuietFromConnecting Subtle "quiet-from-connecting" "Takes a client for idle since it connected when nothing is outstanding." { Client: ["EOP-EPI-11", "EOP-EPI-2"] }
    ClockStopped Subtle "clock-stopped" "Lets no deadline run any more once a message awaited its answer." { Client: ["EOP-EPI-5", "EOP-EPI-6"] }
    ClockBeginsAnew Subtle "clock-begins-anew" "Grants the whole deadline anew once a message awaited its answer." { Client: ["EOP-EPI-5", "EOP-EPI-6"] }
    HomeDeadlinePerGreeting Subtle "home-deadline-per-greeting" "Grants the deadline anew with every greeting of home." { Client: ["EOP-EPI-9"] }
    HomeDeadlineEndures Subtle "home-deadline-endures" "Ends a session at the deadline although home greeted in time." { Client: ["EOP-EPI-9"] }
    HomeDeadlineMissing Subtle "home-deadline-missing" "Waits for ever for home and its greetings." { Client: ["EOP-EPI-9"] }
    HomeDeadlineNotConnecting Subtle "home-deadline-not-connecting" "Waits for ever for a home that does not answer its connect." { Client: ["EOP-EPI-9"] }
    HomeDeadlineMisnamed Subtle "home-deadline-misnamed" "Names greetings that do not come ConnectFailed." { Client: ["EOP-EPI-9"] }

    // The client's failures.
    FailureBare Subtle "failure-bare" "Reports the failure of a target like one of home." { Client: ["EOP-FAI-1", "EOP-DRV-11"] }
    TargetUnnamed Subtle "target-unnamed" "Names neither the target that failed nor the cause." { Client: ["EOP-FAI-1", "EOP-DRV-11"] }
    CauseMisnamed Subtle "cause-misnamed" "Names ConnectFailed as the cause of every failure of a target." { Client: ["EOP-DRV-11", "EOP-FAI-1"] }
    CountsMissing Subtle "counts-missing" "Does not say what is owed, unsent and uncertain at the end." { Client: ["EOP-FAI-2"] }
    OldConnectionResumed Subtle "old-connection-resumed" "Goes on with the old connection when the target cannot be reached." { Client: ["EOP-FAI-3"] }
    FallbackUnasked Subtle "fallback-unasked" "Falls back to home without being asked to." { Client: ["EOP-FAI-1"] }
    FallbackRepeated Subtle "fallback-repeated" "Falls back to home more than once in an episode." { Client: ["EOP-FAI-4"] }
    FallbackUncounted Subtle "fallback-uncounted" "Does not count a fallback as a redirect." { Client: ["EOP-FAI-7"] }
    FallbackNoMove Subtle "fallback-no-move" "Does not count a fallback as a move." { Client: ["EOP-FAI-7"] }
    FallbackVisited Subtle "fallback-visited" "Takes a fallback to home for a loop." { Client: ["EOP-FAI-4"] }
    FallbackOnlyRefused Subtle "fallback-only-refused" "Falls back only from a target that refuses the connection." { Client: ["EOP-FAI-4"] }
    FallbackWithOffered Subtle "fallback-with-offered" "Takes a message home that it had sent to the target that failed." { Client: ["EOP-FAI-5"] }
    FallbackWithPart Subtle "fallback-with-part" "Takes a message home that it had begun to send to the target that failed." { Client: ["EOP-FAI-5"] }
    FallbackByNewest Subtle "fallback-by-newest" "Looks only at the newest message before it falls back." { Client: ["EOP-FAI-5"] }
    TruncatedAtTargetUncertain Subtle "truncated-at-target-uncertain" "Names Uncertain as the cause when a target ends inside a frame." { Client: ["EOP-FRM-5", "EOP-DRV-11"] }
    AnsweredElsewhere Subtle "answered-elsewhere" "Reports the failure of a target like one of home when home had answered a message." { Client: ["EOP-FAI-1", "EOP-DRV-11"] }
    GreetingIsAnswer Subtle "greeting-is-answer" "Reports the failure of a target that greeted like one of home." { Client: ["EOP-FAI-1", "EOP-DRV-11"] }
    NewsIsAnswer Subtle "news-is-answer" "Reports the failure of a target that sent something in manual like one of home." { Client: ["EOP-FAI-1", "EOP-DRV-11"] }
    FailedForGood Subtle "failed-for-good" "Reports RedirectFailed although something was retired on the target's connection after its failure." { Client: ["EOP-FAI-1"] }
    FallbackTooMany Subtle "fallback-too-many" "Falls back to home although that is one redirect too many." { Client: ["EOP-FAI-8"] }
    FallbackUnmoved Subtle "fallback-unmoved" "Falls back to home although that is one move too many." { Client: ["EOP-FAI-8"] }
    FallbackUnvisited Subtle "fallback-unvisited" "Does not take home for visited when it fell back there." { Client: ["EOP-FAI-7"] }
    FallbackOnceEver Subtle "fallback-once-ever" "Falls back to home once in a session." { Client: ["EOP-FAI-4"] }
    FallbackAnytime Subtle "fallback-anytime" "Falls back to home from a target that answered, or when the episode is over." { Client: ["EOP-FAI-8", "EOP-DRV-22"] }
    FallbackAtDeadline Subtle "fallback-at-deadline" "Falls back to home when the deadline has passed." { Client: ["EOP-FAI-8"] }
    FallbackLate Subtle "fallback-late" "Falls back to home from a connected target although the deadline has passed." { Client: ["EOP-FAI-8"] }
    FallbackForNothing Subtle "fallback-for-nothing" "Falls back to home although it half-closed and nothing is outstanding." { Client: ["EOP-FAI-8"] }
    FallbackWhenRefused Subtle "fallback-when-refused" "Falls back to home instead of refusing a target." { Client: ["EOP-POL-5", "EOP-FAI-4"] }
    FallbackFromCleanEnd Subtle "fallback-from-clean-end" "Falls back to home when a target ends cleanly." { Client: ["EOP-FAI-6", "EOP-FAI-4"] }
    FallbackAsksForNew Subtle "fallback-asks-for-new" "Asks for a decision on what is not owed when it falls back to home." { Client: ["EOP-RSD-12"] }
    FallbackForgetsNew Subtle "fallback-forgets-new" "Takes only what is owed home from a failed target." { Client: ["EOP-ACC-15", "EOP-FAI-4"] }
    FallbackAsTarget Subtle "fallback-as-target" "Takes home for a target after a fallback." { Client: ["EOP-DRV-22", "EOP-FAI-4"] }
    CleanEndAtTargetFails Subtle "clean-end-at-target-fails" "Reports a clean end at a target that has not answered as a failure." { Client: ["EOP-FAI-6"] }

    // The client's policy.
    PortZeroAllowed Subtle "port-zero-allowed" "Lets a target with port 0 pass." { Client: ["EOP-POL-1"] }
    ZeroNetworkAllowed Subtle "zero-network-allowed" "Lets targets in 0.0.0.0/8 pass." { Client: ["EOP-POL-1"] }
    MulticastAllowed Subtle "multicast-allowed" "Lets targets in 224.0.0.0/4 pass." { Client: ["EOP-POL-1"] }
    ReservedAddressAllowed Subtle "reserved-address-allowed" "Lets targets in 240.0.0.0/4 pass." { Client: ["EOP-POL-1"] }
    AllowListOverForbidden Subtle "allow-list-over-forbidden" "Lets an allow-list entry admit a forbidden target." { Client: ["EOP-POL-1"] }
    ScopeUnchecked Subtle "scope-unchecked" "Does not compare scopes." { Client: ["EOP-POL-2"] }
    ScopeOfHomeOnly Subtle "scope-of-home-only" "Compares a target's scope with home's only." { Client: ["EOP-POL-2", "EOP-POL-10"] }
    ScopeOfConnectionOnly Subtle "scope-of-connection-only" "Compares a target's scope with the connection's only." { Client: ["EOP-POL-2", "EOP-POL-10"] }
    WiderRefused Subtle "wider-refused" "Refuses a target whose scope is wider than the connection's." { Client: ["EOP-POL-10", "EOP-POL-7"] }
    SharedSpaceGlobal Subtle "shared-space-global" "Takes 100.64.0.0/10 for global." { Client: ["EOP-POL-2"] }
    SharedSpaceShort Subtle "shared-space-short" "Takes only the lower half of 100.64.0.0/10 for private." { Client: ["EOP-POL-2"] }
    LinkLocalWide Subtle "link-local-wide" "Takes all of 169.0.0.0/8 for link-local." { Client: ["EOP-POL-2", "EOP-POL-10"] }
    LoopbackWide Subtle "loopback-wide" "Takes 126.0.0.0/8 for loopback." { Client: ["EOP-POL-2", "EOP-POL-10"] }
    LinkLocalFlat Subtle "link-local-flat" "Takes link-local addresses for loopback ones." { Client: ["EOP-POL-2"] }
    PrivateRangeShort Subtle "private-range-short" "Takes only 172.16.0.0/16 of 172.16.0.0/12 for private." { Client: ["EOP-POL-2"] }
    LowPortAllowed Subtle "low-port-allowed" "Lets every port below 1024 pass." { Client: ["EOP-POL-3"] }
    LowPortOneLess Subtle "low-port-one-less" "Lets port 1023 pass." { Client: ["EOP-POL-3"] }
    LowPortOneMore Subtle "low-port-one-more" "Refuses port 1024." { Client: ["EOP-POL-3"] }
    LowPortOfConnection Subtle "low-port-of-connection" "Lets the low port of the connection pass, be it home's or not." { Client: ["EOP-POL-3"] }
    HomePortRefused Subtle "home-port-refused" "Refuses a port below 1024 even if it is home's." { Client: ["EOP-POL-3", "EOP-POL-10"] }
    SpecialAllowed Subtle "special-allowed" "Lets addresses for documentation, benchmarking and protocol assignments pass." { Client: ["EOP-POL-4"] }
    SpecialShort Subtle "special-short" "Takes only 198.18.0.0/16 for benchmarking." { Client: ["EOP-POL-4"] }
    SpecialWide Subtle "special-wide" "Takes 192.0.0.0/22 for reserved." { Client: ["EOP-POL-4", "EOP-POL-10"] }
    RefusedDialled Subtle "refused-dialled" "Connects to a target that it refuses." { Client: ["EOP-POL-5"] }
    ReasonMissing Subtle "reason-missing" "Does not say why it refuses a target." { Client: ["EOP-POL-5"] }
    ReasonLast Subtle "reason-last" "Gives the last reason to refuse instead of the first." { Client: ["EOP-POL-5"] }
    InsecureAllowed Subtle "insecure-allowed" "Follows any cleartext move under the policy `secure`." { Client: ["EOP-POL-6"] }
    PrivateInsecure Subtle "private-insecure" "Refuses a cleartext move between private addresses under the policy `secure`." { Client: ["EOP-POL-6", "EOP-POL-10"] }
    LinkLocalSecure Subtle "link-local-secure" "Follows a cleartext move between link-local addresses under the policy `secure`." { Client: ["EOP-POL-6"] }
    NarrowSecure Subtle "narrow-secure" "Follows a cleartext move between a loopback and a private address under the policy `secure`." { Client: ["EOP-POL-6"] }
    SecureOfHome Subtle "secure-of-home" "Compares a target with home, not with the connection, under the policy `secure`." { Client: ["EOP-POL-6"] }
    AllowListIgnored Subtle "allow-list-ignored" "Does not look at the allow-list." { Client: ["EOP-POL-6", "EOP-POL-10"] }
    AllowListPortIgnored Subtle "allow-list-port-ignored" "Does not look at the ports of allow-list entries." { Client: ["EOP-POL-6"] }
    AllowListNetworkIgnored Subtle "allow-list-network-ignored" "Does not look at the addresses of allow-list entries." { Client: ["EOP-POL-6"] }
    AllowListPrefixByOctet Subtle "allow-list-prefix-by-octet" "Rounds prefixes of allow-list entries to whole octets." { Client: ["EOP-POL-6", "EOP-POL-2"] }
    AllowListFirstOnly Subtle "allow-list-first-only" "Looks at the first allow-list entry only." { Client: ["EOP-POL-6"] }
    AllowListUnmasked Subtle "allow-list-unmasked" "Minds the bits behind the length of a prefix in the allow-list." { Client: ["EOP-POL-2", "EOP-POL-10"] }
    AllowListPortUpward Subtle "allow-list-port-upward" "Takes the one port of an allow-list entry for the lowest." { Client: ["EOP-POL-2", "EOP-POL-6"] }
    AllowListNotSpecial Subtle "allow-list-not-special" "Refuses special addresses although an allow-list entry matches." { Client: ["EOP-POL-10", "EOP-POL-4"] }
    SharedSpaceInsecure Subtle "shared-space-insecure" "Does not take 100.64.0.0/10 for private under the policy `secure`." { Client: ["EOP-POL-10", "EOP-POL-6"] }
    SpecialHalf Subtle "special-half" "Takes the upper halves of the documentation networks for ordinary ones." { Client: ["EOP-POL-4"] }
    ReservedShort Subtle "reserved-short" "Takes only the first and the last /8 of 240.0.0.0/4 for reserved." { Client: ["EOP-POL-1"] }
    SecureOfFailedTarget Subtle "secure-of-failed-target" "Compares a target with the one that failed, not with home, after a fallback." { Client: ["EOP-POL-10", "EOP-POL-6"] }
    PaperRefuses Subtle "paper-refuses" "Refuses cleartext moves under the policy `paper`." { Client: ["EOP-POL-7", "EOP-POL-10"] }
    SecondHopUnchecked Subtle "second-hop-unchecked" "Checks only the first target of a chain." { Client: ["EOP-POL-8"] }
    BoundsBeforePolicy Subtle "bounds-before-policy" "Asks the policy after the bounds." { Client: ["EOP-POL-9"] }

    // The driver.
    HelloLate Subtle "hello-late" "Says hello only when it was spoken to." { Client: ["EOP-DRV-1"] }
    LacksManual Subtle "lacks-manual" "Lacks the discipline manual, and says so." { Client: ["EOP-ACC-11"] }
    LacksAndHas Subtle "lacks-and-has" "Says that it lacks what it does when it is asked." { Client: ["EOP-DRV-24"] }
    LacksUnknown Subtle "lacks-unknown" "Says that it lacks something of which the contract knows nothing." { Client: ["EOP-DRV-1"] }
    NumbersPadded Subtle "numbers-padded" "Prints hops with a leading zero." { Client: ["EOP-DRV-13"] }
    LinesHeld Subtle "lines-held" "Prints each line only when there is a next one." { Client: ["EOP-DRV-1"] }
    OneSessionAtATime Subtle "one-session-at-a-time" "Begins a session when the one before has ended." { Client: ["EOP-DRV-3"] }
    DialNamed Subtle "dial-named" "Believes itself where it really dialled." { Client: ["EOP-DRV-4"] }
    DialIgnored Subtle "dial-ignored" "Does not look at what an endpoint is mapped to." { Client: ["EOP-DRV-4"] }
    DialUnmappedOpened Subtle "dial-unmapped-opened" "Connects to an endpoint that is not mapped." { Client: ["EOP-DRV-5"] }
    DialSilent Subtle "dial-silent" "Does not report an endpoint that it does not dial." { Client: ["EOP-DRV-5", "EOP-DRV-6"] }
    DialUnmappedFinal Subtle "dial-unmapped-final" "Does not fall back from an endpoint that it does not dial." { Client: ["EOP-DRV-5", "EOP-FAI-4"] }
    LocalOfHome Subtle "local-of-home" "Reports the end of its first connection for that of every one." { Client: ["EOP-DRV-18"] }
    DecidesWithNothingOwed Subtle "decides-with-nothing-owed" "Reports `resend=explicit` although nothing is owed." { Client: ["EOP-DRV-21"] }
    SyncsReversed Subtle "syncs-reversed" "Answers the last `sync` first." { Client: ["EOP-DRV-9"] }
    SyncWhileConnecting Subtle "sync-while-connecting" "Prints `synced` while it connects." { Client: ["EOP-DRV-9"] }
    EndsTwice Subtle "ends-twice" "Reports the end of a session twice." { Client: ["EOP-DRV-8"] }
    SpeaksAfterEnd Subtle "speaks-after-end" "Reports something after the end of a session." { Client: ["EOP-DRV-8"] }
    EndUnreported Subtle "end-unreported" "Does not report the end of a session." { Client: ["EOP-DRV-8"] }
    SyncAtOnce Subtle "sync-at-once" "Prints `synced` before the earlier commands took effect." { Client: ["EOP-DRV-9"] }
    EndedSessionAnswers Subtle "ended-session-answers" "Rejects commands to a session that ended." { Client: ["EOP-DRV-10"] }
    BadLineIgnored Subtle "bad-line-ignored" "Says nothing to a line that is no command." { Client: ["EOP-DRV-12"] }
    BadLineTaken Subtle "bad-line-taken" "Does not mind capitals and a CR in commands." { Client: ["EOP-DRV-12"] }
    PairedRetires Subtle "paired-retires" "Lets messages be retired in paired." { Client: ["EOP-DRV-14"] }
    LimitKept Subtle "limit-kept" "Takes a limit that an earlier session with the same home had for the default." { Client: ["EOP-DRV-16"] }
    CloseAsEnd Subtle "close-as-end" "Reports a close by the application as the end by the server." { Client: ["EOP-DRV-17"] }
    ConnectedUnsaid Subtle "connected-unsaid" "Does not report that it is connected to home." { Client: ["EOP-DRV-18"] }
    OutstandingBefore Subtle "outstanding-before" "Counts an answered message as outstanding still." { Client: ["EOP-DRV-19"] }
    BodyWhole Subtle "body-whole" "Gives long bodies in full." { Client: ["EOP-DRV-20"] }
    HopBefore Subtle "hop-before" "Reports a redirect with the hop before." { Client: ["EOP-DRV-21"] }
    FallbackRedirected Subtle "fallback-redirected" "Reports a fallback like a redirect." { Client: ["EOP-DRV-23"] }
    Chatter Subtle "chatter" "Prints what it does on standard output." { Client: ["EOP-DRV-13"] }

    // Over TLS.
    AlpnUnsaidTaken Tls "alpn-unsaid-taken" "Goes on over TLS with a peer that does not say what it speaks." { Server: ["EOP-SEC-3"] Client: ["EOP-SEC-3"] }
    AlpnOtherTaken Tls "alpn-other-taken" "Goes on over TLS with a peer that speaks another protocol." { Server: ["EOP-SEC-3"] Client: ["EOP-SEC-3"] }
    CleartextTaken Tls "cleartext-taken" "Serves a client in cleartext, too." { Server: ["EOP-TST-34"] }
    ListenInCleartext Tls "listen-in-cleartext" "Speaks cleartext at the ports of `listen`." { Server: ["EOP-TST-34"] }
    UnusableCertificateIgnored Tls "unusable-certificate-ignored" "Speaks cleartext if its certificate cannot be used." { Server: ["EOP-TST-35"] }
    HandshakeUntimed Tls "handshake-untimed" "Waits for a client's handshake for ever." { Server: ["EOP-TIM-1"] }
    HomeNameUnchecked Tls "home-name-unchecked" "Does not look at the name in home's certificate." { Client: ["EOP-DRV-25"] }
    HomeUnvouched Tls "home-unvouched" "Does not look at who vouches for home." { Client: ["EOP-DRV-25"] }
    TargetNameUnchecked Tls "target-name-unchecked" "Does not look at the name in a target's certificate." { Client: ["EOP-SEC-1"] }
    TargetUnvouched Tls "target-unvouched" "Does not look at who vouches for a target." { Client: ["EOP-SEC-1"] }
    TargetExpired Tls "target-expired" "Does not look at the dates of a target's certificate." { Client: ["EOP-SEC-1"] }
    TargetByAddress Tls "target-by-address" "Looks for a target's address in its certificate." { Client: ["EOP-SEC-1", "EOP-SEC-4"] }
    TargetNameUnsaid Tls "target-name-unsaid" "Indicates no server name to a target." { Client: ["EOP-SEC-4"] }
    Downgrades Tls "downgrades" "Speaks cleartext at a target that fails its handshake." { Client: ["EOP-SEC-2"] }
    EarlyData Tls "early-data" "Sends its first message as early data where a server takes it." { Client: ["EOP-SEC-5"] }
    CutAsEnd Tls "cut-as-end" "Takes an end without close_notify for the end of the stream." { Client: ["EOP-SEC-6"] }
    CertificateShownFirst Tls "certificate-shown-first" "Shows its certificate to a target before it has looked who that is." { Client: ["EOP-SEC-7"] }
    CertificateNotShown Tls "certificate-not-shown" "Shows its certificate to nobody." { Client: ["EOP-DRV-26"] }
    SecureOverTls Tls "secure-over-tls" "Refuses moves over TLS that the policy `secure` refuses in cleartext." { Client: ["EOP-POL-6"] }
    FailedHandshakeLeadsHome Tls "failed-handshake-leads-home" "Falls back to home from a target that failed its handshake." { Client: ["EOP-FAI-8"] }
    ShakesForEver Tls "shakes-for-ever" "Has no deadline for a handshake." { Client: ["EOP-EPI-5", "EOP-EPI-9"] }
}
