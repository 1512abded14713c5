//! TLS, if the environment asks for it (`spec/testee.md`, section 4): what each role shows and trusts.

use std::io;

use eop_net::tls::rustls::pki_types::pem::PemObject as _;
use eop_net::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use eop_net::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use eop_net::tls::{ClientTls, ServerTls};

use crate::environment::variable;

const CERTIFICATE: &str = "EOP_TLS_CERTIFICATE";
const KEY: &str = "EOP_TLS_KEY";
const TRUST: &str = "EOP_TLS_TRUST";
const NAME: &str = "EOP_TLS_NAME";

/// How the server secures its ports (EOP-TST-34); `None` in cleartext.
pub(crate) fn server() -> io::Result<Option<ServerTls>> {
    let Some(certificate) = variable(CERTIFICATE)? else {
        return Ok(None);
    };
    let (chain, key) = identity(&certificate)?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| unusable(CERTIFICATE, &certificate, &error))?;
    Ok(Some(ServerTls::new(config)))
}

/// How the driver secures its sessions (EOP-DRV-25, EOP-DRV-26); `None` in cleartext.
pub(crate) fn client() -> io::Result<Option<ClientTls>> {
    let Some(certificate) = variable(CERTIFICATE)? else {
        return Ok(None);
    };
    let (chain, key) = identity(&certificate)?;
    let file = needed(TRUST)?;
    let mut roots = RootCertStore::empty();
    for anchor in certificates(TRUST, &file)? {
        roots
            .add(anchor)
            .map_err(|error| unusable(TRUST, &file, &error))?;
    }
    let name = needed(NAME)?;
    let server =
        ServerName::try_from(name.clone()).map_err(|error| unusable(NAME, &name, &error))?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|error| unusable(CERTIFICATE, &certificate, &error))?;
    Ok(Some(ClientTls::new(config, server)))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(certificate: &str) -> io::Result<Identity> {
    let file = needed(KEY)?;
    let key = PrivateKeyDer::from_pem_file(&file).map_err(|error| unusable(KEY, &file, &error))?;
    Ok((certificates(CERTIFICATE, certificate)?, key))
}

fn certificates(variable: &str, file: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    all.map_err(|error| unusable(variable, file, &error))
}

fn needed(name: &str) -> io::Result<String> {
    variable(name)?.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{CERTIFICATE} is set and {name} is not"),
        )
    })
}

fn unusable(variable: &str, value: &str, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{variable}={value}: {why}"),
    )
}
