//! What both ends of a service have to know alike: the discipline, the greetings, the limit.

/// Which client message a server message answers. A property of the service, the same at both
/// ends; nothing on the wire says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Discipline {
    /// Each server message, and the payload of a redirect, answers the oldest outstanding client message.
    #[default]
    Paired,
    /// The application says which messages are answered.
    Manual,
}

/// The terms of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// How messages are answered.
    pub discipline: Discipline,
    /// Messages that the server sends at the start of every connection, before it answers any, and before
    /// which the client sends nothing (EOP-ACC-4, EOP-ACC-5).
    pub greetings: u32,
    /// The longest payload accepted from the peer, in octets (EOP-LIM-2).
    pub max_payload: u32,
}

impl Default for Service {
    /// Paired, no greetings, 1 MiB.
    fn default() -> Self {
        Self {
            discipline: Discipline::Paired,
            greetings: 0,
            max_payload: 1024 * 1024,
        }
    }
}
