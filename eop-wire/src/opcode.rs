//! Opcode values: the two of the core, and what the others look like. No parsing.

/// A message (EOP-OPC-1).
pub const NORMAL: u16 = 0x0001;
/// The last frame of a server: go on at another endpoint (EOP-OPC-1).
pub const REDIRECT: u16 = 0x0002;

/// What an opcode value is, or what it gives away about its sender.
///
/// The five kinds of never-assigned values are those that a peer sends by mistake, so that the
/// mistake can be named. [`Class::Unassigned`] is everything else: a later version may give it a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// [`NORMAL`].
    Normal,
    /// [`REDIRECT`].
    Redirect,
    /// `0x0000`: cleared memory. Never assigned.
    Zeros,
    /// `0xFFFF`: erased memory. Never assigned.
    Ones,
    /// `0x0100`, `0x0200`: an opcode of the core in the wrong byte order. Never assigned.
    ByteSwapped,
    /// `0x1403` to `0x1703`: the start of a TLS record. Never assigned.
    TlsRecord,
    /// Two printable ASCII octets: HTTP, SSH, SMTP, FTP and their like. Never assigned.
    Text,
    /// No meaning in this version.
    Unassigned,
}

impl Class {
    /// The class of `opcode`.
    ///
    /// ```
    /// use eop_wire::opcode::Class;
    /// assert_eq!(Class::of(0x0001), Class::Normal);
    /// assert_eq!(Class::of(u16::from_be_bytes(*b"GE")), Class::Text);
    /// ```
    #[must_use]
    pub const fn of(opcode: u16) -> Self {
        match opcode.to_be_bytes() {
            [0x00, 0x01] => Self::Normal,
            [0x00, 0x02] => Self::Redirect,
            [0x00, 0x00] => Self::Zeros,
            [0xff, 0xff] => Self::Ones,
            [0x01 | 0x02, 0x00] => Self::ByteSwapped,
            [0x14..=0x17, 0x03] => Self::TlsRecord,
            [0x20..=0x7e, 0x20..=0x7e] => Self::Text,
            _ => Self::Unassigned,
        }
    }

    /// Whether no version of EOP will ever give the value a meaning (section 3.1 of the specification).
    #[must_use]
    pub const fn never_assigned(self) -> bool {
        match self {
            Self::Zeros | Self::Ones | Self::ByteSwapped | Self::TlsRecord | Self::Text => true,
            Self::Normal | Self::Redirect | Self::Unassigned => false,
        }
    }
}

/// Whether the value is what a peer sends that speaks another protocol: text, a TLS record, or zeros.
///
/// It explains an error; it does not decide one. The first opcode of a connection that is not of the core is
/// *not EOP* whatever it looks like (EOP-OPC-5).
#[must_use]
pub const fn looks_foreign(opcode: u16) -> bool {
    match Class::of(opcode) {
        Class::Zeros | Class::TlsRecord | Class::Text => true,
        Class::Normal | Class::Redirect | Class::Ones | Class::ByteSwapped | Class::Unassigned => {
            false
        }
    }
}

/// Whether an opcode that begins with `octet` is certainly unknown: not of the core, and not the core in the
/// wrong byte order. Then one octet is enough to fail the connection (EOP-OPC-3).
#[must_use]
pub(crate) const fn is_unknown_prefix(octet: u8) -> bool {
    octet > 0x02
}
