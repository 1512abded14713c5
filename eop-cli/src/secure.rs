//! From files to TLS: whom a client trusts, and who either end is. What TLS demands of EOP is eop-net's.

use std::path::Path;
use std::sync::Arc;

use eop_net::tls::rustls::pki_types::pem::PemObject;
use eop_net::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use eop_net::tls::rustls::server::WebPkiClientVerifier;
use eop_net::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use eop_net::tls::{ClientTls, ServerTls};

use crate::arguments::{Identity, Session};
use crate::failure::Failure;

/// How a session that begins at `home` is secured, if it is.
pub(crate) fn client(session: &Session, home: &str) -> Result<Option<ClientTls>, Failure> {
    if !session.tls {
        return Ok(None);
    }
    let roots = match &session.ca {
        Some(file) => authorities(file)?,
        None => of_the_system()?,
    };
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match (&session.cert, &session.key) {
        (Some(cert), Some(key)) => {
            let (chain, key) = chain_and_key(cert, key)?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|why| unusable(cert, why))?
        }
        (None | Some(_), None | Some(_)) => config.with_no_client_auth(),
    };
    let name = session.name.as_deref().unwrap_or_else(|| host(home));
    let name = ServerName::try_from(name.to_owned())
        .map_err(|why| Failure::Unusable(name.to_owned(), why.to_string()))?;
    Ok(Some(ClientTls::new(config, name)))
}

/// How a server is secured, if it is.
pub(crate) fn server(options: &Identity) -> Result<Option<ServerTls>, Failure> {
    let (Some(cert), Some(key)) = (&options.cert, &options.key) else {
        return Ok(None);
    };
    let (chain, key) = chain_and_key(cert, key)?;
    let config = ServerConfig::builder();
    let config = match &options.client_ca {
        Some(file) => {
            let roots = Arc::new(authorities(file)?);
            let verifier = WebPkiClientVerifier::builder(roots)
                .build()
                .map_err(|why| unusable(file, why))?;
            config.with_client_cert_verifier(verifier)
        }
        None => config.with_no_client_auth(),
    };
    let config = config
        .with_single_cert(chain, key)
        .map_err(|why| unusable(cert, why))?;
    Ok(Some(ServerTls::new(config)))
}

/// The host in `HOST:PORT`; an IPv6 address without its brackets.
fn host(home: &str) -> &str {
    let host = home.rsplit_once(':').map_or(home, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

type Chain = Vec<CertificateDer<'static>>;

/// What proves an identity: a certificate, with those that vouch for it, and its key.
fn chain_and_key(cert: &Path, key: &Path) -> Result<(Chain, PrivateKeyDer<'static>), Failure> {
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| unusable(key, why))?;
    Ok((certificates(cert)?, private))
}

fn certificates(file: &Path) -> Result<Chain, Failure> {
    let certificates: Chain = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|why| unusable(file, why))?;
    match certificates.is_empty() {
        true => Err(unusable(file, "no certificate is in it")),
        false => Ok(certificates),
    }
}

fn authorities(file: &Path) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|why| unusable(file, why))?;
    }
    Ok(roots)
}

fn of_the_system() -> Result<RootCertStore, Failure> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => Err(Failure::Unusable(
            "the system's authorities".to_owned(),
            "there are none; name some with --ca".to_owned(),
        )),
        false => Ok(roots),
    }
}

fn unusable(file: &Path, why: impl ToString) -> Failure {
    Failure::Unusable(file.display().to_string(), why.to_string())
}
