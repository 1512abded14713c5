//! Certificates, and what is configured with them.

use std::sync::Arc;

use eop_net::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use eop_net::tls::rustls::server::WebPkiClientVerifier;
use eop_net::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// The name of the service.
pub(crate) const NAME: &str = "service.example";

/// A certificate authority.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    fn identity(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("its form");
        (vec![certificate.der().clone()], key)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("it is one");
        roots
    }

    /// A server that shows a certificate for `name`.
    pub(crate) fn server(&self, name: &str) -> ServerConfig {
        let (chain, key) = self.identity(name);
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("they belong together")
    }

    /// The same, and it wants to know who its clients are.
    pub(crate) fn curious_server(&self, name: &str) -> ServerConfig {
        let (chain, key) = self.identity(name);
        let verifier = WebPkiClientVerifier::builder(Arc::new(self.roots()));
        ServerConfig::builder()
            .with_client_cert_verifier(verifier.build().expect("roots"))
            .with_single_cert(chain, key)
            .expect("they belong together")
    }

    /// A client that trusts this authority.
    pub(crate) fn client(&self) -> ClientConfig {
        ClientConfig::builder()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }

    /// The same, and it shows who it is to who asks.
    pub(crate) fn known_client(&self) -> ClientConfig {
        let (chain, key) = self.identity("client.example");
        ClientConfig::builder()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(chain, key)
            .expect("they belong together")
    }
}
