//! An engine with its doors: what the headless server and the app both run.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use claude_worker_api::{ApiError, HostKind, Settings};
use claude_worker_client::{Ready, stop_marker};
use claude_worker_engine::{Claim, Engine, Hosting, Paths};
use claude_worker_supervisor::{SupervisorCommand, fault_point};
use tokio::sync::watch;

use crate::connections::until_closed;
use crate::socket::{bind, serve};
use crate::tcp::{HttpServer, serve_http};

/// An engine that is running and being served.
pub struct Hosted {
    engine: Engine,
    http: Option<SocketAddr>,
    serving: tokio::task::JoinHandle<()>,
}

impl fmt::Debug for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").field("http", &self.http).finish_non_exhaustive()
    }
}

/// Starts an engine and serves it at its local socket, and over TCP when `http` names an address.
/// `kind` says what kind of process this is.
///
/// The doors are opened before the engine takes up its work, so that an engine that cannot be
/// reached never starts a task.
///
/// # Errors
/// `locked` when another engine has the directory; `bad_database`; `invalid_request` for
/// something else in the socket's place or an address that cannot be bound.
pub async fn host(
    paths: Paths,
    config: Settings,
    supervisor: SupervisorCommand,
    http: Option<SocketAddr>,
    kind: HostKind,
) -> Result<Hosted, ApiError> {
    let claim = Claim::take(paths).map_err(ApiError::from)?;
    open(claim, config, supervisor, http, kind).await
}

/// The same for a headless engine that somebody has started and waits for (see [`Ready`]).
///
/// A machine that is busy may let this process come late, when its starter is gone and whoever
/// came instead has been stopped already. Nobody wants this engine then, and it does not begin.
///
/// # Errors
/// `unavailable` when the starter is gone; and as [`host`].
pub async fn host_awaited(
    paths: Paths,
    config: Settings,
    supervisor: SupervisorCommand,
    http: Option<SocketAddr>,
) -> Result<Hosted, ApiError> {
    let claim = Claim::take(paths).map_err(ApiError::from)?;
    if !Ready::is_awaited() {
        return Err(ApiError::unavailable("Whoever started this engine is gone")
            .hint("The next command starts one"));
    }
    open(claim, config, supervisor, http, HostKind::Headless).await
}

/// Opens the doors of a directory that is ours, and starts its engine.
pub(crate) async fn open(
    claim: Claim,
    config: Settings,
    supervisor: SupervisorCommand,
    http: Option<SocketAddr>,
    kind: HostKind,
) -> Result<Hosted, ApiError> {
    let paths = claim.paths().clone();
    stop_marker::remove(&paths);
    let (listening, keeper) = bind(&paths.socket).await?;
    let http = match http {
        Some(address) => Some(HttpServer::bind(address, &paths.token).await?),
        None => None,
    };
    let http_address = http.as_ref().map(HttpServer::address);
    let hosting = Hosting { kind, http: http_address.map(|address| format!("http://{address}")) };
    let engine = Engine::start(claim, config, supervisor, hosting).map_err(ApiError::from)?;
    let api = Arc::new(engine.clone());
    let stopped = engine.stopped();
    let serving = tokio::spawn(async move {
        let (open, closing) = watch::channel(());
        let over_tcp = async {
            if let Some(http) = http {
                serve_http(http, Arc::clone(&api), closing.clone()).await;
            }
        };
        let close = async {
            until_closed(stopped).await;
            fault_point("host.closing");
            // Before the doors are closed: whoever finds them closed looks for it.
            if stop_marker::is_due(api.told_to_stop()) {
                stop_marker::leave(&paths);
            }
            drop(open);
        };
        let may_bind = {
            let api = Arc::clone(&api);
            move || api.owns_its_files()
        };
        let ((), (), (), keeper) = tokio::join!(
            serve(listening, Arc::clone(&api), closing.clone()),
            over_tcp,
            close,
            keeper.keep(may_bind, closing.clone())
        );
        // While the lock is still ours: afterwards it may be another engine's socket.
        keeper.remove();
        api.release().await;
    });
    Ok(Hosted { engine, http: http_address, serving })
}

impl Hosted {
    /// The engine, to be asked directly.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where the TCP server listens, if there is one.
    #[must_use]
    pub const fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Resolves when the engine has stopped, the last answers have been sent and the data
    /// directory is free. Handles of the engine that are left are of no more use.
    pub async fn ended(self) {
        drop(self.serving.await);
    }
}
