//! The HTTP server over TCP: off unless asked for, and guarded when on (see [`crate::admission`]).

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use axum::{Router, middleware};
use claude_worker_api::{ApiError, Listen};
use claude_worker_engine::metrics::ListenerKind;
use claude_worker_engine::{Digest, Engine};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::admission::{Cookie, Guard, Source, admit, login};
use crate::connections::{Bounds, Endpoints, PerClient, serve_connections};
use crate::owner_token;
use crate::pages::Pages;
use crate::routes::{self, speaking_our_protocol};
use crate::tls::{Certificate, TcpConnection};
use crate::traffic::counted;

use crate::file_reads::FileReads;

/// Connections of clients that do not read are closed. Only requests with a token or login take a permit.
const BOUNDS: Bounds =
    Bounds { answered: 384, open: 512, unread: Some(Duration::from_secs(30)), per_client: None };

/// Where to listen, with all that is read from files for it.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) listen: Listen,
    certificate: Option<Arc<Certificate>>,
    token: String,
}

/// A TCP server that is bound and not yet served.
pub(crate) struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    prepared: Prepared,
    pages: Pages,
}

impl Prepared {
    /// Reads the certificate, and the token, or creates one.
    ///
    /// # Errors
    /// `invalid_request` for files that cannot be used, or that are not read in time.
    pub(crate) async fn read(
        listen: Listen,
        token_file: &Path,
        reads: &FileReads,
    ) -> Result<Self, ApiError> {
        let certificate = match &listen.tls {
            Some(files) => Some(Certificate::load(files, reads).await?),
            None => None,
        };
        let token = reads.of(token_file, owner_token::load_or_create).await?;
        Ok(Self { listen, certificate, token })
    }

    /// Binds the address.
    ///
    /// # Errors
    /// `invalid_request` for one that cannot be bound.
    pub(crate) async fn bind(self) -> Result<HttpServer, ApiError> {
        let failed = |error: io::Error| not_bound(self.listen.address, &error);
        let listener = TcpListener::bind(self.listen.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(HttpServer { listener, address, prepared: self, pages: Pages::find() })
    }
}

impl HttpServer {
    /// What was to be bound.
    pub(crate) const fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The address at which it listens.
    #[must_use]
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves an engine and its `probes` over TCP until the sender of `closing` is dropped. `hold` is dropped
/// when the address is free again, before the last answers are sent.
pub(crate) async fn serve_http(
    server: HttpServer,
    engine: Engine,
    probes: Router,
    closing: watch::Receiver<()>,
    hold: oneshot::Sender<()>,
) {
    let traffic = Arc::clone(engine.traffic());
    let Prepared { listen, certificate, token } = server.prepared;
    let encrypted = listen.tls.is_some() || listen.behind_proxy;
    let cookie = Cookie::new(server.address.port(), encrypted);
    let guard = Arc::new(Guard {
        source: Source::new(&listen, server.address),
        owner: Digest::of(&token),
        grants: Arc::clone(engine.grants()),
        cookie: cookie.clone(),
    });
    let routes = routes::router(Arc::new(engine.clone()), closing.clone())
        .merge(login::routes(engine, cookie))
        .fallback_service(server.pages.routes());
    let routes = routes.layer(middleware::from_fn_with_state(guard, admit));
    // Outside of the admission: a probe has no token.
    let routes = counted(speaking_our_protocol(routes), Arc::clone(&traffic)).merge(probes);
    let opened = || traffic.connection(ListenerKind::Tcp);
    let Listen { behind_proxy, .. } = listen;
    // Otherwise all clients are programs of this machine.
    let others = behind_proxy || !server.address.ip().is_loopback();
    let bounds = Bounds { per_client: others.then_some(PerClient { behind_proxy }), ..BOUNDS };
    let listener = TcpAcceptor { listener: server.listener, certificate, _hold: hold };
    serve_connections(listener, routes, bounds, opened, closing).await;
}

/// A bound address.
struct TcpAcceptor {
    listener: TcpListener,
    certificate: Option<Arc<Certificate>>,
    /// Tells that the address is free, when this is dropped.
    _hold: oneshot::Sender<()>,
}

impl Listener for TcpAcceptor {
    type Io = TcpConnection;
    type Addr = Endpoints;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // axum's implementation waits after errors that a lack of descriptors causes.
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        // Answers are small, and written whole.
        drop(stream.set_nodelay(true));
        let endpoints = Endpoints { peer: Some(peer), local: stream.local_addr().ok() };
        let stream = match &self.certificate {
            Some(certificate) => certificate.accept(stream),
            None => TcpConnection::Plain(stream),
        };
        (stream, endpoints)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Endpoints { peer: None, local: self.listener.local_addr().ok() })
    }
}

/// The error for an address that cannot be bound.
fn not_bound(address: SocketAddr, error: &io::Error) -> ApiError {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            ApiError::invalid(format!("Port {port} is in use by another program")).hint(format!(
                "`ss -ltnp 'sport = :{port}'` shows which one. To use another port: claude-worker server \
                 start --port 0, for one that the system chooses"
            ))
        }
        io::ErrorKind::PermissionDenied if port < 1024 => {
            ApiError::invalid(format!("Only root may listen at port {port}"))
                .hint("Choose a port from 1024 on, such as 8000, and put a proxy in front of it")
        }
        io::ErrorKind::AddrNotAvailable => {
            ApiError::invalid(format!("This machine does not have the address {}", address.ip()))
                .hint("Use 127.0.0.1, an address that `ip addr` shows, or 0.0.0.0 for all of them")
        }
        _ => ApiError::invalid(format!("Cannot listen at {address}: {error}"))
            .hint("Choose another port; 0 lets the system choose"),
    }
}
