//! The HTTP server over TCP: off unless asked for, and guarded when on (see [`crate::admission`]).

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use claude_worker_api::ApiError;
use claude_worker_client::random_hex;
use claude_worker_engine::{Digest, Engine, read_own};
use claude_worker_os::files::create_new;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::admission::{Cookie, Guard, Source, admit, login};
use crate::connections::{Bounds, serve_connections};
use crate::pages;
use crate::routes::{self, speaking_our_protocol};

/// Few connections, because any local program may connect, and each takes a file descriptor that
/// running tasks need too. Connections of clients that do not read are closed. Only requests with the
/// token take a permit.
const BOUNDS: Bounds = Bounds { answered: 64, open: 128, unread: Some(Duration::from_secs(30)) };

/// A TCP server that is bound and not yet served.
pub(crate) struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    token: String,
    /// The directory of the web pages, if there are any.
    pages: Option<PathBuf>,
}

impl HttpServer {
    /// Binds a loopback address and reads the token, or creates one.
    ///
    /// # Errors
    /// `invalid_request` for an address that is not loopback or cannot be bound.
    pub(crate) async fn bind(address: SocketAddr, token_file: &Path) -> Result<Self, ApiError> {
        if !address.ip().is_loopback() {
            return Err(ApiError::invalid(format!("{address} is not a loopback address"))
                .hint("Use 127.0.0.1 or [::1]; reach it from elsewhere through an SSH tunnel"));
        }
        let failed = |error: io::Error| {
            ApiError::invalid(format!("Cannot listen at {address}: {error}"))
                .hint("Choose another port; 0 lets the system choose")
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = token(token_file).map_err(|error| {
            ApiError::invalid(format!("Cannot keep a token in {}: {error}", token_file.display()))
        })?;
        Ok(Self { listener, address, token, pages: pages::directory() })
    }

    /// The address at which it listens.
    #[must_use]
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves an engine and its `probes` over TCP until the sender of `closing` is dropped.
pub(crate) async fn serve_http(
    server: HttpServer,
    engine: Engine,
    probes: Router,
    closing: watch::Receiver<()>,
) {
    let cookie = Cookie::new(server.address.port(), false);
    let guard = Arc::new(Guard {
        source: Source { port: server.address.port() },
        owner: Digest::of(&server.token),
        grants: Arc::clone(engine.grants()),
        cookie: cookie.clone(),
        pages: server.pages.is_some(),
    });
    let mut routes = routes::router(Arc::new(engine.clone()), closing.clone())
        .merge(login::routes(engine, cookie));
    if let Some(directory) = &server.pages {
        routes = routes.fallback_service(pages::routes(directory));
    }
    let routes = routes.layer(middleware::from_fn_with_state(guard, admit));
    // Outside of the admission: whoever probes has no token.
    let routes = speaking_our_protocol(routes).merge(probes);
    serve_connections(server.listener, routes, BOUNDS, closing).await;
}

/// The token in `file`; a new one is written there when it has none.
fn token(file: &Path) -> io::Result<String> {
    match read_own(file) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Ok(_) => std::fs::remove_file(file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let token = random_hex::<32>()?;
    let mut opened = create_new(file)?;
    io::Write::write_all(&mut opened, token.as_bytes())?;
    opened.sync_all()?;
    Ok(token)
}
