//! An engine with its doors: what the headless server and the app both run.

use std::net::SocketAddr;
use std::sync::Arc;

use claude_worker_api::ApiError;
use claude_worker_engine::{Claim, Config, Engine, Paths};
use claude_worker_supervisor::SupervisorCommand;
use tokio::sync::watch;

use crate::connections::until_closed;
use crate::farewell;
use crate::http::{HttpServer, serve_http};
use crate::server::{bind, serve};

/// An engine that is running and being served.
pub struct Hosted {
    engine: Engine,
    http: Option<SocketAddr>,
    serving: tokio::task::JoinHandle<()>,
}

/// Starts an engine and serves it at its local socket, and over TCP when `http` names an address.
///
/// The doors are opened before the engine takes up its work, so that an engine that cannot be
/// reached never starts a task.
///
/// # Errors
/// `locked` when another engine has the directory; `bad_database`; `invalid_request` for
/// something else in the socket's place or an address that cannot be bound.
pub async fn host(
    paths: Paths,
    config: Config,
    supervisor: SupervisorCommand,
    http: Option<SocketAddr>,
) -> Result<Hosted, ApiError> {
    let claim = Claim::take(paths).map_err(ApiError::from)?;
    let paths = claim.paths().clone();
    farewell::forget(&paths);
    let listening = bind(&paths.socket).await?;
    let http = match http {
        Some(address) => Some(HttpServer::bind(address, &paths.token).await?),
        None => None,
    };
    let http_address = http.as_ref().map(HttpServer::address);
    let engine = Engine::start(claim, config, supervisor).map_err(ApiError::from)?;
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
            // Before the doors are closed: whoever finds them closed looks for it.
            farewell::leave(&paths);
            drop(open);
        };
        tokio::join!(serve(listening, Arc::clone(&api), closing.clone()), over_tcp, close);
        // While the lock is still ours: afterwards it may be another engine's socket.
        drop(std::fs::remove_file(&paths.socket));
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

    /// Resolves when the engine has stopped and the last answers have been sent. The data
    /// directory is free when all handles of the engine are gone.
    pub async fn ended(self) {
        drop(self.serving.await);
    }
}
