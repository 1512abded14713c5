//! The machines: what each does, in sentences beside its table's cells. Nothing else may come in.

pub(crate) mod client;
pub(crate) mod server;
pub(crate) mod session;
