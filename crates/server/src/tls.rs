//! TLS on accepted connections: the certificate, and the handshake.
//!
//! The handshake is made when the connection is first read, so that it never delays accepting others and
//! has the deadline of a request's head. The files are read again when they have changed, because
//! certificates are renewed while an engine runs.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};

use claude_worker_api::{ApiError, TlsFiles};
use claude_worker_paths::{expand_home, user_home};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// The shortest time between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A certificate with its key, as the files have it.
pub(crate) struct Certificate {
    files: Files,
    loaded: Mutex<Loaded>,
}

#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

struct Loaded {
    config: Arc<ServerConfig>,
    /// The state of the files when they were read.
    version: Version,
    looked: Instant,
}

/// Differs when a file was written or replaced.
type Version = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// `invalid_request`, naming the file and what is wrong with it.
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, ApiError> {
        let files = Files { certificate: path(&files.certificate), key: path(&files.key) };
        let loaded = Mutex::new(Loaded {
            version: files.version(),
            config: files.read()?,
            looked: Instant::now(),
        });
        Ok(Self { files, loaded })
    }

    /// The certificate for the next connection. New files that cannot be used leave the old one in use.
    async fn current(&self) -> Arc<ServerConfig> {
        let (known, config) = {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            if loaded.looked.elapsed() < LOOK_EVERY {
                return Arc::clone(&loaded.config);
            }
            loaded.looked = Instant::now();
            (loaded.version, Arc::clone(&loaded.config))
        };
        let files = self.files.clone();
        let look = tokio::task::spawn_blocking(move || {
            let version = files.version();
            (version != known).then(|| (version, files.read()))
        });
        let Ok(Some((version, read))) = look.await else { return config };
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.version = version;
        match read {
            Ok(config) => {
                tracing::info!(file = %self.files.certificate.display(), "the TLS certificate was read again");
                loaded.config = config;
            }
            Err(error) => {
                tracing::error!(%error, "the new TLS certificate cannot be used; the old one stays");
            }
        }
        Arc::clone(&loaded.config)
    }

    /// The connection, with a handshake before its first byte.
    pub(crate) fn accept(self: &Arc<Self>, stream: TcpStream) -> TcpConnection {
        let certificate = Arc::clone(self);
        TcpConnection::Handshake(Box::pin(async move {
            TlsAcceptor::from(certificate.current().await).accept(stream).await
        }))
    }
}

impl Files {
    fn version(&self) -> Version {
        [&self.certificate, &self.key].map(|file| {
            let found = std::fs::metadata(file).ok()?;
            Some((found.modified().ok()?, found.len()))
        })
    }

    fn read(&self) -> Result<Arc<ServerConfig>, ApiError> {
        let Self { certificate, key } = self;
        let refused = |file: &Path, why: String| {
            ApiError::invalid(format!("{} cannot be used for TLS: {why}", file.display()))
                .hint("Give a PEM file with the certificate and its issuers, and one with its key")
        };
        let unreadable = |file: &Path, error: pem::Error| {
            refused(
                file,
                match error {
                    pem::Error::Io(error) => error.to_string(),
                    pem::Error::NoItemsFound => "it has no private key in PEM form".to_owned(),
                    other => format!("it is not PEM ({other})"),
                },
            )
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unreadable(certificate, error))?;
        if chain.is_empty() {
            return Err(refused(certificate, "it has no certificate in PEM form".to_owned()));
        }
        let private_key =
            PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ApiError::internal(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, private_key)
            .map_err(|error| refused(certificate, error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn path(text: &str) -> PathBuf {
    expand_home(Path::new(text), user_home().as_deref())
}

type Handshake = Pin<Box<dyn Future<Output = io::Result<TlsStream<TcpStream>>> + Send>>;

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
