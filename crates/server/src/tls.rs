//! TLS on accepted connections: the certificate, and the handshake.
//!
//! The handshake is made when the connection is first read, so that it never delays accepting others and
//! has the deadline of a request's head. The files are read again when they have changed, because
//! certificates are renewed while an engine runs; no connection waits for that.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use claude_worker_api::{ApiError, TlsFiles};
use claude_worker_os::files::FileVersion;
use claude_worker_paths::{expand_home, user_home};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::file_reads::{FileReads, read_regular};

/// The time between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// No certificate or key is longer, in bytes.
const LARGEST: u64 = 1 << 20;

/// A certificate with its key, as the files have it.
pub(crate) struct Certificate {
    config: Mutex<Arc<ServerConfig>>,
}

/// The files, and how they are read.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    reads: FileReads,
}

/// The state of the files.
type Versions = [Option<FileVersion>; 2];

impl Certificate {
    /// Reads the files, and notices from then on when they are renewed.
    ///
    /// # Errors
    /// `invalid_request`, naming the file and what is wrong with it.
    pub(crate) async fn load(files: &TlsFiles, reads: &FileReads) -> Result<Arc<Self>, ApiError> {
        let (certificate, key) = (path(&files.certificate), path(&files.key));
        let files = Files { certificate, key, reads: reads.clone() };
        let versions = files.versions().await?;
        let certificate = Arc::new(Self { config: Mutex::new(files.read().await?) });
        tokio::spawn(renew(Arc::downgrade(&certificate), files, versions));
        Ok(certificate)
    }

    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connection, with a handshake before its first byte.
    pub(crate) fn accept(&self, stream: TcpStream) -> TcpConnection {
        TcpConnection::Handshake(Box::pin(TlsAcceptor::from(self.config()).accept(stream)))
    }
}

/// Reads the files again when they have changed, as long as the certificate is used. Files that cannot be
/// used leave the old certificate in use.
async fn renew(certificate: Weak<Certificate>, files: Files, mut known: Versions) {
    let mut problem = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if certificate.strong_count() == 0 {
            return;
        }
        let read = match files.versions().await {
            Ok(versions) if versions == known => {
                problem = None;
                continue;
            }
            Ok(versions) => files.read().await.map(|config| (versions, config)),
            Err(error) => Err(error),
        };
        match read {
            Ok((versions, config)) => {
                let Some(certificate) = certificate.upgrade() else { return };
                tracing::info!(file = %files.certificate.display(), "the TLS certificate was read again");
                *certificate.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
                (known, problem) = (versions, None);
            }
            Err(error) => {
                if problem.as_ref() != Some(&error) {
                    tracing::error!(%error, "the new TLS certificate cannot be used; the old one stays");
                }
                problem = Some(error);
            }
        }
    }
}

impl Files {
    async fn versions(&self) -> Result<Versions, ApiError> {
        let look = |file: &Path| Ok(FileVersion::at(file));
        Ok([self.reads.of(&self.certificate, look).await?, self.reads.of(&self.key, look).await?])
    }

    async fn read(&self) -> Result<Arc<ServerConfig>, ApiError> {
        let read = |file: &Path| {
            read_regular(file, LARGEST).map_err(|error| refused(file, &error.to_string()))
        };
        let certificate = self.reads.of(&self.certificate, read).await?;
        let key = self.reads.of(&self.key, read).await?;
        self.config(&certificate, &key)
    }

    fn config(&self, certificate: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, ApiError> {
        let unreadable = |file: &Path, error: &pem::Error| match error {
            pem::Error::NoItemsFound => refused(file, "it has no private key in PEM form"),
            other => refused(file, &format!("it is not PEM ({other})")),
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(refused(&self.certificate, "it has no certificate in PEM form"));
        }
        let private_key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| unreadable(&self.key, &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ApiError::internal(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, private_key)
            .map_err(|error| refused(&self.certificate, &error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn refused(file: &Path, why: &str) -> ApiError {
    ApiError::invalid(format!("{} cannot be used for TLS: {why}", file.display()))
        .hint("Give a PEM file with the certificate and its issuers, and one with its key")
}

fn path(text: &str) -> PathBuf {
    expand_home(Path::new(text), user_home().as_deref())
}

type Handshake = Pin<Box<tokio_rustls::Accept<TcpStream>>>;

/// A connection over TCP, encrypted or not.
pub(crate) enum TcpConnection {
    Plain(TcpStream),
    /// Its handshake is not complete.
    Handshake(Handshake),
    Encrypted(Box<TlsStream<TcpStream>>),
    /// Its handshake has failed.
    Failed,
}

impl TcpConnection {
    /// Goes on with the handshake, if there is one.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) | Self::Encrypted(_) => Poll::Ready(Ok(())),
            Self::Failed => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Self::Handshake(handshake) => match ready!(handshake.as_mut().poll(cx)) {
                Ok(stream) => {
                    *self = Self::Encrypted(Box::new(stream));
                    Poll::Ready(Ok(()))
                }
                Err(error) => {
                    *self = Self::Failed;
                    Poll::Ready(Err(error))
                }
            },
        }
    }
}

/// Calls a function of the stream that is there after the handshake.
macro_rules! after_handshake {
    ($self:ident, $cx:ident, $stream:ident => $call:expr) => {{
        ready!($self.poll_ready($cx))?;
        match &mut *$self {
            TcpConnection::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            TcpConnection::Encrypted(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            TcpConnection::Handshake(_) | TcpConnection::Failed => {
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
        }
    }};
}

impl AsyncRead for TcpConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        after_handshake!(self, cx, stream => stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for TcpConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        after_handshake!(self, cx, stream => stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        after_handshake!(self, cx, stream => stream.poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        // Answers are written in pieces that TLS joins into records too.
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
            // Nothing was written yet.
            Self::Handshake(_) | Self::Failed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Handshake(_) | Self::Failed => Poll::Ready(Ok(())),
        }
    }
}
