//! Every mutant: its name, its one fault, and the requirements that the fault breaks.
//!
//! Each fault is one variant of [`Fault`], and the peer asks for each at exactly one place (the catch-all
//! `YesMan` excepted, which is the sum of several). A fault that both roles can have is one variant and two mutants.

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
    pub(crate) knob: Fault,
}

enum Sort {
    Honest,
    Trivial,
    Subtle,
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
            knob: Fault::$variant,
        }, )* )* ];
    };
}

faults! {
    None Honest "none" "Nothing is wrong: the honest peer." { Server: [] Client: [] }

    // Next to no protocol logic.
    AcceptAndClose Trivial "accept-and-close" "Closes every connection at once." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1", "EOP-CLS-1"] }
    AcceptAndSilent Trivial "accept-and-silent" "Accepts and never says a word." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1", "EOP-OPC-2"] }
    ConnectAndClose Trivial "connect-and-close" "Closes every connection at once." { Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7"] }
    ConnectAndSilent Trivial "connect-and-silent" "Connects, then neither reads nor writes nor reports." { Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7", "EOP-DRV-9"] }
    CloseAfterFirstFrame Trivial "close-after-first-frame" "Closes a connection at its first complete frame." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1"] Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7"] }
    EchoEverything Trivial "echo-everything" "Gives back whatever it is given: octets on a connection, lines in the driver." { Server: ["EOP-OPC-2", "EOP-RED-2", "EOP-TST-5"] Client: ["EOP-DRV-12", "EOP-RED-7"] }
    ResetAlways Trivial "reset-always" "Resets every connection at once." { Server: ["EOP-LIM-1", "EOP-FRM-8", "EOP-HCL-1", "EOP-CLS-7"] Client: ["EOP-LIM-1", "EOP-FRM-8", "EOP-RED-7"] }
    YesMan Trivial "yes-man" "Detects no error, knows no limit and agrees with everything." {
        Server: ["EOP-OPC-2", "EOP-OPC-6", "EOP-LIM-2", "EOP-RED-2", "EOP-TST-5"]
        Client: ["EOP-OPC-2", "EOP-OPC-6", "EOP-LIM-2", "EOP-ACC-9", "EOP-EPI-1", "EOP-EPI-2", "EOP-EPI-8", "EOP-POL-1", "EOP-POL-6"]
    }
    Hang Trivial "hang" "Prints nothing and does nothing." { Server: ["EOP-TST-1"] Client: ["EOP-DRV-1"] }
    HelloOnly Trivial "hello-only" "Prints its first line and does nothing." { Client: ["EOP-DRV-9", "EOP-DRV-12"] }
    Garbage Trivial "garbage" "Prints octets that are no line of the contract before its first line." { Server: ["EOP-TST-1"] Client: ["EOP-DRV-1"] }
    ExitAtOnce Trivial "exit-at-once" "Leaves at once, with a failure." { Server: ["EOP-TST-1"] Client: ["EOP-DRV-1"] }
    UnknownToEverything Trivial "unknown-to-everything" "Answers every request with `unknown`." { Server: ["EOP-TST-9", "EOP-RED-3"] }
    RejectedToEverything Trivial "rejected-to-everything" "Rejects every command." { Client: ["EOP-DRV-9", "EOP-RED-7"] }

    // Frames.
    LittleEndianLength Subtle "little-endian-length" "Sends slen with its last octet first." { Server: ["EOP-FRM-1"] Client: ["EOP-FRM-1"] }
    NonzeroPort Subtle "nonzero-port" "Sends NORMAL frames with a port." { Server: ["EOP-FRM-6"] Client: ["EOP-FRM-6"] }
    NonzeroAddress Subtle "nonzero-address" "Sends NORMAL frames with an address." { Server: ["EOP-FRM-6"] Client: ["EOP-FRM-6"] }
    SwappedPort Subtle "swapped-port" "Sends a target's port with its octets exchanged." { Server: ["EOP-FRM-1"] }
    ReversedAddress Subtle "reversed-address" "Sends a target's address with its last octet first." { Server: ["EOP-FRM-1"] }
    LittleEndianOpcode Subtle "little-endian-opcode" "Sends opcodes with their last octet first." { Server: ["EOP-OPC-1"] Client: ["EOP-OPC-1"] }
    ExtensionUnasked Subtle "extension-unasked" "Sends an extension's frame that was not negotiated." { Server: ["EOP-EXT-1"] Client: ["EOP-EXT-1"] }
    PaddedFrame Subtle "padded-frame" "Sends an octet after each frame that belongs to none." { Server: ["EOP-FRM-3"] Client: ["EOP-FRM-3"] }
    LateOpcode Subtle "late-opcode" "Waits for the whole header before it looks at the opcode." { Server: ["EOP-OPC-3"] Client: ["EOP-OPC-3"] }
    UnknownOpcodeSkipped Subtle "unknown-opcode-skipped" "Skips a frame whose opcode it does not know." { Server: ["EOP-OPC-4"] Client: ["EOP-OPC-4"] }

    // Redirects.
    RedirectOnHeader Subtle "redirect-on-header" "Acts on a REDIRECT whose payload is not complete." { Client: ["EOP-RED-6"] }
    ActsAfterRedirect Subtle "acts-after-redirect" "Acts on pipelined requests after it sent a REDIRECT." { Server: ["EOP-RSD-1", "EOP-CLS-2"] }
    CloseAfterLateRedirect Subtle "close-after-late-redirect" "Closes at once after a REDIRECT with a payload." { Server: ["EOP-CLS-1"] }

    // Accounting and resending.
    GreetingAsAnswer Subtle "greeting-as-answer" "Counts a greeting as the answer to the oldest message." { Client: ["EOP-ACC-6"] }
    OwedDropped Subtle "owed-dropped" "Forgets what is outstanding when it is redirected." { Client: ["EOP-RSD-3"] }
    AnsweredResent Subtle "answered-resent" "Resends the message that was answered last." { Client: ["EOP-RSD-4"] }
}
