//! EOP over TLS (EOP-SEC-1 to EOP-SEC-7), by rustls, for the blocking sockets and for tokio's.
//!
//! A client that is given a [`ClientTls`] in its [configuration](crate::client::Config::tls) secures *every* connection of the
//! session with it: the name, the trust anchors and the certificate that it shows are home's, wherever it is moved, and
//! there is no way from there to cleartext. A server is given a [`ServerTls`] by
//! [`Listener::secured_by`](crate::server::ListenerOver::secured_by).
//!
//! Whatever their configurations say, both speak the ALPN protocol `eop/1` and nothing else, and neither sends nor takes
//! early data.
//!
//! ```no_run
//! use std::sync::Arc;
//! use eop_net::client::{Client, Config};
//! use eop_net::tls::{ClientTls, rustls};
//!
//! # fn trusted() -> rustls::RootCertStore { rustls::RootCertStore::empty() }
//! let tls = rustls::ClientConfig::builder()
//!     .with_root_certificates(trusted())
//!     .with_no_client_auth();
//! let config = Config {
//!     tls: Some(ClientTls::new(tls, "service.example".try_into()?)),
//!     ..Config::default()
//! };
//! let client = Client::connect(("service.example", 4000), config)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use ::rustls::pki_types::ServerName;
use ::rustls::{ClientConfig, ServerConfig};

mod secured;

pub use ::rustls;

pub(crate) use secured::{Secured, is_fault};

/// The ALPN identifier of EOP (EOP-SEC-3).
pub const ALPN: &[u8] = b"eop/1";

/// How a client secures all connections of a session.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl ClientTls {
    /// Home is `name`, and so is every target (EOP-SEC-1, EOP-SEC-4). Of `config`, ALPN (EOP-SEC-3) and early data
    /// (EOP-SEC-5) are set.
    #[must_use]
    pub fn new(mut config: ClientConfig, name: ServerName<'static>) -> Self {
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_early_data = false;
        let config = Arc::new(config);
        Self { config, name }
    }
}

/// Two are equal if one was cloned from the other.
impl PartialEq for ClientTls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config) && self.name == other.name
    }
}

impl Eq for ClientTls {}

/// How a server secures its connections.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Of `config`, ALPN (EOP-SEC-3) and early data (EOP-SEC-5) are set.
    #[must_use]
    pub fn new(mut config: ServerConfig) -> Self {
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.max_early_data_size = 0;
        let config = Arc::new(config);
        Self { config }
    }
}
