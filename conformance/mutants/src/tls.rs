//! What a peer shows and trusts over TLS (`spec/testee.md`, section 4), save for its fault. How octets go over it is
//! `stream`'s.

use std::env;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Connection, DigitallySignedStruct, Error,
    RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
};

use crate::table::Fault;

const EOP: &[u8] = b"eop/1";
const OTHER: &[u8] = b"http/1.1";

/// What lies between a connection's octets and its socket.
pub(crate) struct Layer {
    pub(crate) tls: Connection,
    fault: Fault,
    /// Whether the handshake is over, as it has to be.
    pub(crate) made: bool,
    /// Whether our end of the stream was said.
    pub(crate) said_end: bool,
    /// A stream that is cut off counts as ended.
    pub(crate) cut_is_end: bool,
    /// A peer that speaks cleartext is let in.
    pub(crate) takes_cleartext: bool,
    /// What the verifier let pass for now.
    doubt: Option<Arc<AtomicBool>>,
}

impl Layer {
    fn new(mut tls: Connection, fault: Fault) -> Self {
        // Nothing is taken while something is held back.
        tls.set_buffer_limit(None);
        Self {
            tls,
            fault,
            made: false,
            said_end: false,
            cut_is_end: false,
            takes_cleartext: false,
            doubt: None,
        }
    }

    /// Whether a handshake that is over came to what it has to.
    pub(crate) fn is_agreed(&self) -> bool {
        let doubt = self.doubt.as_ref();
        let doubted = doubt.is_some_and(|doubt| doubt.load(Ordering::Relaxed));
        // Nothing is agreed on that was not offered.
        let agreed = self.tls.alpn_protocol().is_some() || self.fault.has(Fault::AlpnUnsaidTaken);
        agreed && !doubted
    }
}

/// What is said to be spoken.
fn protocols(fault: Fault) -> Vec<Vec<u8>> {
    let mut protocols = vec![EOP.to_vec()];
    if fault.has(Fault::AlpnOtherTaken) {
        protocols.push(OTHER.to_vec());
    }
    protocols
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The certificate of the environment; `None` without one, and why it cannot be used.
fn identity() -> Option<Result<Identity, String>> {
    let certificate = env::var("EOP_TLS_CERTIFICATE").ok()?;
    let key = env::var("EOP_TLS_KEY").unwrap_or_default();
    let read = || {
        let chain = CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect);
        Ok((chain?, PrivateKeyDer::from_pem_file(&key)?))
    };
    let read: Result<Identity, rustls::pki_types::pem::Error> = read();
    Some(read.map_err(|error| format!("{certificate} and {key}: {error}")))
}

/// A server's side.
pub(crate) struct ServerTls {
    config: Arc<ServerConfig>,
    fault: Fault,
}

impl ServerTls {
    /// What the environment asks for: nothing, or why it cannot be done.
    pub(crate) fn of_environment(fault: Fault) -> Result<Option<Self>, String> {
        let (chain, key) = match identity() {
            None => return Ok(None),
            Some(Err(_)) if fault.has(Fault::UnusableCertificateIgnored) => return Ok(None),
            Some(identity) => identity?,
        };
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = protocols(fault);
        let config = Arc::new(config);
        Ok(Some(Self { config, fault }))
    }

    pub(crate) fn layer(&self) -> Option<Layer> {
        let tls = ServerConnection::new(Arc::clone(&self.config)).ok()?;
        let mut layer = Layer::new(tls.into(), self.fault);
        layer.takes_cleartext = self.fault.has(Fault::CleartextTaken);
        Some(layer)
    }
}

/// A client's side: at home, and at targets.
pub(crate) struct ClientTls {
    config: ClientConfig,
    verifier: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
    fault: Fault,
}

impl ClientTls {
    /// What the environment asks for: nothing, or why it cannot be done.
    pub(crate) fn of_environment(fault: Fault) -> Result<Option<Self>, String> {
        let Some(identity) = identity() else {
            return Ok(None);
        };
        let (chain, key) = identity?;
        let told = |error: Error| error.to_string();
        let mut roots = RootCertStore::empty();
        let trust = env::var("EOP_TLS_TRUST").unwrap_or_default();
        let anchor = CertificateDer::from_pem_file(&trust);
        let anchor = anchor.map_err(|error| format!("{trust}: {error}"))?;
        roots.add(anchor).map_err(told)?;
        let name = env::var("EOP_TLS_NAME").unwrap_or_default();
        let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
        let verifier = WebPkiServerVerifier::builder(Arc::new(roots.clone()))
            .build()
            .map_err(|error| error.to_string())?;
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let mut config = match fault.has(Fault::CertificateNotShown) {
            true => builder.with_no_client_auth(),
            false => builder.with_client_auth_cert(chain, key).map_err(told)?,
        };
        config.alpn_protocols = protocols(fault);
        config.enable_early_data = fault.has(Fault::EarlyData);
        Ok(Some(Self {
            config,
            verifier,
            name,
            fault,
        }))
    }

    /// For a connection to home, or to the `target` of a REDIRECT; `early` is what a faulty client would like to send at
    /// once.
    pub(crate) fn layer(&self, target: Option<SocketAddrV4>, early: &[u8]) -> Option<Layer> {
        let (mut config, mut name) = (self.config.clone(), self.name.clone());
        let doubt = Arc::new(AtomicBool::new(false));
        if let Some(target) = target {
            if self.fault.has(Fault::TargetByAddress) {
                name = ServerName::IpAddress((*target.ip()).into());
            }
            config.enable_sni = !self.fault.has(Fault::TargetNameUnsaid);
        }
        if let Some(forgives) = self.forgives(target.is_some()) {
            config
                .dangerous()
                .set_certificate_verifier(Arc::new(Verifier {
                    inner: Arc::clone(&self.verifier),
                    forgives,
                    doubt: Arc::clone(&doubt),
                }));
        }
        let mut tls = ClientConnection::new(Arc::new(config), name).ok()?;
        if let Some(mut data) = tls.early_data() {
            let _ = std::io::Write::write_all(&mut data, early);
        }
        let mut layer = Layer::new(tls.into(), self.fault);
        layer.cut_is_end = self.fault.has(Fault::CutAsEnd);
        layer.doubt = Some(doubt);
        Some(layer)
    }

    fn forgives(&self, at_target: bool) -> Option<Forgives> {
        let fault = self.fault;
        let forgiven = [
            (fault.has(Fault::HomeNameUnchecked), false, Forgives::Name),
            (fault.has(Fault::HomeUnvouched), false, Forgives::Issuer),
            (fault.has(Fault::TargetNameUnchecked), true, Forgives::Name),
            (fault.has(Fault::TargetUnvouched), true, Forgives::Issuer),
            (fault.has(Fault::TargetExpired), true, Forgives::Dates),
            (
                fault.has(Fault::CertificateShownFirst),
                true,
                Forgives::ForNow,
            ),
        ];
        let mut forgiven = forgiven.into_iter();
        forgiven
            .find(|(has, target, _)| *has && *target == at_target)
            .map(|(_, _, forgives)| forgives)
    }
}

/// What is forgiven in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgives {
    Name,
    Issuer,
    Dates,
    /// Everything, until the handshake is over.
    ForNow,
}

/// Judges certificates, and forgives something.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    forgives: Forgives,
    doubt: Arc<AtomicBool>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self
            .inner
            .verify_server_cert(certificate, chain, name, ocsp, now);
        let Err(Error::InvalidCertificate(error)) = &judged else {
            return judged;
        };
        let forgiven = match self.forgives {
            Forgives::Name => matches!(
                error,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            ),
            Forgives::Issuer => matches!(error, CertificateError::UnknownIssuer),
            Forgives::Dates => matches!(
                error,
                CertificateError::Expired | CertificateError::ExpiredContext { .. }
            ),
            Forgives::ForNow => {
                self.doubt.store(true, Ordering::Relaxed);
                true
            }
        };
        match forgiven {
            true => Ok(ServerCertVerified::assertion()),
            false => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
