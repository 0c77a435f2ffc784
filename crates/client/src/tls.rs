//! TLS to an engine's HTTP server: whom to trust, and what a failed handshake means.
//!
//! The certificates of the system are trusted (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them), and those
//! in the file that `CLAUDE_WORKER_CA` names. They are read once per process, by its first connection.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use claude_worker_api::ApiError;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};

use crate::server_url::ServerUrl;

/// Names a file with further certificates of issuers (PEM).
const CA_VARIABLE: &str = "CLAUDE_WORKER_CA";

/// Makes the handshake on a connection to the host of `url`.
///
/// # Errors
/// `unavailable`, with what is wrong with the certificate and what to do.
pub async fn handshake(
    stream: TcpStream,
    url: &ServerUrl,
) -> Result<TlsStream<TcpStream>, ApiError> {
    let name = ServerName::try_from(url.host().to_owned())
        .map_err(|_| ApiError::invalid(format!("\"{}\" is not a host name", url.host())))?;
    let connector = TlsConnector::from(config()?);
    connector.connect(name, stream).await.map_err(|error| explained(url, &error))
}

/// The settings of all connections of this process.
fn config() -> Result<Arc<ClientConfig>, ApiError> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, ApiError>> = OnceLock::new();
    CONFIG.get_or_init(|| make_config(std::env::var(CA_VARIABLE).ok())).clone()
}

fn make_config(further: Option<String>) -> Result<Arc<ClientConfig>, ApiError> {
    let mut roots = RootCertStore::empty();
    for file in files_of_the_system() {
        let found = CertificateDer::pem_file_iter(file).into_iter().flatten();
        roots.add_parsable_certificates(found.flatten());
    }
    if let Some(file) = further.filter(|file| !file.is_empty()) {
        let refused = |why: String| {
            ApiError::invalid(format!("{CA_VARIABLE}={file} cannot be used: {why}"))
                .hint("Name a PEM file with the certificate of the issuer")
        };
        let found: Vec<_> = CertificateDer::pem_file_iter(&file)
            .and_then(Iterator::collect)
            .map_err(|error| refused(error.to_string()))?;
        if found.is_empty() {
            return Err(refused("it has no certificate".to_owned()));
        }
        for certificate in found {
            roots.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Err(ApiError::unavailable("This machine has no list of certificates to trust")
            .hint(format!("Name a PEM file with the certificate of the issuer in {CA_VARIABLE}")));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ApiError::internal(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The files with the certificates that this system trusts. One file has them all, where there is one;
/// the directories usually have the same ones again.
fn files_of_the_system() -> Vec<PathBuf> {
    let found = openssl_probe::probe();
    let mut files: Vec<PathBuf> = found.cert_file.into_iter().collect();
    if files.is_empty() || std::env::var_os("SSL_CERT_DIR").is_some() {
        let entries = found.cert_dir.iter().filter_map(|directory| directory.read_dir().ok());
        files.extend(entries.flatten().flatten().map(|entry| entry.path()));
    }
    files
}

/// Names as rustls lists them (`DnsName("localhost")`, `IpAddress(127.0.0.1)`), for people.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"').to_owned()
    };
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// A failed handshake in words.
fn explained(url: &ServerUrl, error: &io::Error) -> ApiError {
    let host = url.host();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let (message, hint) = match inner {
        Some(Error::InvalidCertificate(wrong)) => match wrong {
            // Another issuer of the same name than the trusted one is a bad signature.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                format!("The certificate of {host} is from an issuer that this machine does not trust"),
                format!("Put the issuer's certificate into a PEM file and name it in {CA_VARIABLE}"),
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                format!("The certificate of {host} has expired"),
                "Renew it there; the engine reads the new files by itself. Check this machine's clock too"
                    .to_owned(),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                format!("The certificate of {host} is not valid yet"),
                "Check the clocks of both machines".to_owned(),
            ),
            CertificateError::NotValidForName => (
                format!("The certificate is not for the name {host}"),
                "Use the name that it is for in CLAUDE_WORKER_SERVER_URL".to_owned(),
            ),
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("The certificate is not for the name {host}, only for {}", names(presented)),
                "Use that name in CLAUDE_WORKER_SERVER_URL".to_owned(),
            ),
            // rustls has no variant of its own for this error of webpki.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
                format!("The certificate of {host} is that of an issuer (CA), not of a server"),
                "Make one for the server: `openssl req -x509` needs \
                 -addext basicConstraints=critical,CA:FALSE"
                    .to_owned(),
            ),
            other => (
                format!("The certificate of {host} cannot be used: {other}"),
                "Give the server another certificate: one for this name, of an issuer that is trusted"
                    .to_owned(),
            ),
        },
        Some(Error::InvalidMessage(_)) => (
            format!("{host}:{} does not speak TLS", url.port()),
            "Use http:// in CLAUDE_WORKER_SERVER_URL, or turn TLS on there".to_owned(),
        ),
        _ => (
            format!("No TLS connection to {host}: {error}"),
            "See the engine's log there, and whether a proxy is in between".to_owned(),
        ),
    };
    ApiError::unavailable(message).hint(hint)
}
