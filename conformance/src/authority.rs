//! A certificate authority of the run's own: what the runner shows and trusts in a handshake, and the files that a testee is
//! handed. How a connection is secured is `link/secured.rs`'s; what a handshake proves is said by the cases.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;

use crate::case::Role;

/// The ALPN identifier of EOP (EOP-SEC-3).
pub const ALPN: &[u8] = b"eop/1";
/// The name of the service that runs over TLS, if nobody gives another one.
pub const NAME: &str = "service.example";
/// Where a testee finds its certificate.
pub const CERTIFICATE: &str = "EOP_TLS_CERTIFICATE";
/// What the environment of a testee may hold about TLS: all of it, or none.
pub const VARIABLES: [&str; 4] = [CERTIFICATE, "EOP_TLS_KEY", "EOP_TLS_TRUST", "EOP_TLS_NAME"];

/// Octets of early data that the runner takes where it takes any.
const EARLY: u32 = 16 * 1024;

/// How the runner's end of a handshake behaves; by default as it has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Terms {
    /// What it says that it speaks.
    pub speaks: Protocol,
    /// Who it shows that it is, where the testee is the client.
    pub shows: Identity,
    /// Whether it asks the testee for a certificate, where the testee is the client.
    pub asks: bool,
    /// Whether it lets the testee come back with early data, where the testee is the client.
    pub takes_early: bool,
}

/// What a side of a handshake says that it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// `eop/1`.
    #[default]
    Eop,
    /// Another protocol.
    Other,
    /// Nothing: no ALPN at all.
    Unsaid,
}

/// Who a server shows that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Identity {
    /// The service.
    #[default]
    Service,
    /// Somebody with another name.
    OtherName,
    /// Somebody with no name but its address.
    Address,
    /// The service, as an authority says that nobody trusts.
    Stranger,
    /// The service, as it was long ago.
    Expired,
}

/// The authority of one run, and everything made with it.
pub struct Authority {
    name: ServerName<'static>,
    roots: Arc<RootCertStore>,
    trusted: Issuer<'static, KeyPair>,
    stranger: Issuer<'static, KeyPair>,
    /// The testee's files; gone with the authority.
    folder: TempDir,
    servers: Mutex<HashMap<Terms, Arc<ServerConfig>>>,
}

/// Whom a server trusts and is, that runs already.
#[derive(Debug, Clone)]
pub struct Attached {
    /// A file of trust anchors, in PEM.
    pub anchors: PathBuf,
    /// The name in its certificate.
    pub name: String,
}

impl Authority {
    /// An authority of its own, and a folder with what a testee needs to know of it.
    ///
    /// # Errors
    /// The folder cannot be written, or the system gives no keys.
    pub fn new() -> io::Result<Self> {
        let (trusted, certificate) = authority("EOP conformance")?;
        let (stranger, _) = authority("somebody else")?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate.der().clone())
            .map_err(io::Error::other)?;
        let authority = Self {
            name: ServerName::try_from(NAME).map_err(io::Error::other)?,
            roots: Arc::new(roots),
            trusted,
            stranger,
            folder: tempfile::Builder::new().prefix("eop-tls-").tempdir()?,
            servers: Mutex::default(),
        };
        std::fs::write(authority.path("trust.pem"), certificate.pem())?;
        for (role, usage, name) in [
            (Role::Server, ExtendedKeyUsagePurpose::ServerAuth, NAME),
            (
                Role::Client,
                ExtendedKeyUsagePurpose::ClientAuth,
                "client.example",
            ),
        ] {
            let (certificate, key) = authority.sign(&authority.trusted, name, usage, false)?;
            std::fs::write(authority.path(&format!("{role}.pem")), certificate.pem())?;
            std::fs::write(authority.path(&format!("{role}.key")), key.serialize_pem())?;
        }
        Ok(authority)
    }

    /// The same for a server that runs already: its trust anchors and its name count.
    ///
    /// # Errors
    /// As [`new`](Self::new); the file holds no certificate, or the name is none.
    pub fn attached(to: &Attached) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let unusable = |why: String| io::Error::other(format!("{}: {why}", to.anchors.display()));
        let certificates = CertificateDer::pem_file_iter(&to.anchors)
            .map_err(|error| unusable(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| unusable(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(unusable("no certificate in it".to_owned()));
        }
        let name = ServerName::try_from(to.name.clone())
            .map_err(|error| io::Error::other(format!("{}: {error}", to.name)))?;
        Ok(Self {
            name,
            roots: Arc::new(roots),
            ..Self::new()?
        })
    }

    /// The file of trust anchors that a testee is handed.
    #[must_use]
    pub fn trust(&self) -> PathBuf {
        self.path("trust.pem")
    }

    /// The environment that tells a testee of all this (`testee.md`, section 4).
    #[must_use]
    pub fn environment(&self, role: Role) -> [(&'static str, String); 4] {
        let file = |name: &str| self.path(name).display().to_string();
        let [certificate, key, trust, name] = VARIABLES;
        [
            (certificate, file(&format!("{role}.pem"))),
            (key, file(&format!("{role}.key"))),
            (trust, file("trust.pem")),
            (name, NAME.to_owned()),
        ]
    }

    /// The name of the service.
    #[must_use]
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// The runner as a client.
    #[must_use]
    pub fn client(&self, terms: Terms) -> Arc<ClientConfig> {
        let mut config = ClientConfig::builder()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        config.alpn_protocols = terms.speaks.protocols();
        config.resumption = rustls::client::Resumption::disabled();
        Arc::new(config)
    }

    /// The runner as a server. It gives out no tickets, which would lie unread before a client that closes and make that a
    /// reset; unless it takes early data, which needs them.
    ///
    /// # Errors
    /// The system gives no keys.
    pub fn server(&self, terms: Terms) -> io::Result<Arc<ServerConfig>> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = servers.get(&terms) {
            return Ok(Arc::clone(config));
        }
        let (issuer, name, expired) = match terms.shows {
            Identity::Service => (&self.trusted, NAME, false),
            Identity::OtherName => (&self.trusted, "other.example", false),
            Identity::Address => (&self.trusted, "127.0.0.1", false),
            Identity::Stranger => (&self.stranger, NAME, false),
            Identity::Expired => (&self.trusted, NAME, true),
        };
        let usage = ExtendedKeyUsagePurpose::ServerAuth;
        let (certificate, key) = self.sign(issuer, name, usage, expired)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
        let builder = ServerConfig::builder();
        let builder = if terms.asks {
            let verifier = WebPkiClientVerifier::builder(Arc::clone(&self.roots))
                .allow_unauthenticated()
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = terms.speaks.protocols();
        if terms.takes_early {
            config.max_early_data_size = EARLY;
        } else {
            config.send_tls13_tickets = 0;
        }
        let config = Arc::new(config);
        servers.insert(terms, Arc::clone(&config));
        Ok(config)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(Path::new(file))
    }

    /// A certificate for a name, or an address, and its key.
    fn sign(
        &self,
        issuer: &Issuer<'static, KeyPair>,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        expired: bool,
    ) -> io::Result<(rcgen::Certificate, KeyPair)> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(io::Error::other)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let certificate = params.signed_by(&key, issuer).map_err(io::Error::other)?;
        Ok((certificate, key))
    }
}

impl Protocol {
    fn protocols(self) -> Vec<Vec<u8>> {
        match self {
            Self::Eop => vec![ALPN.to_vec()],
            Self::Other => vec![b"http/1.1".to_vec()],
            Self::Unsaid => Vec::new(),
        }
    }
}

/// An authority that vouches for itself.
fn authority(name: &str) -> io::Result<(Issuer<'static, KeyPair>, rcgen::Certificate)> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok((Issuer::new(params, key), certificate))
}

/// Keys are nobody's business.
impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .field("folder", &self.folder.path())
            .finish_non_exhaustive()
    }
}
