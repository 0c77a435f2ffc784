//! An engine with its local socket and TCP server: what the headless server and the app both run.

use std::fmt;
use std::sync::Arc;

use claude_worker_api::{ApiError, HostKind, HttpState, Settings};
use claude_worker_client::{Ready, stop_marker};
use claude_worker_engine::{Claim, Engine, Hosting, HttpControl, Paths};
use claude_worker_supervisor::{SupervisorCommand, fault_point};
use tokio::sync::{mpsc, watch};

use crate::connections::until_closed;
use crate::http_start::HttpStart;
use crate::listener::HttpListener;
use crate::probes::{self, Details};
use crate::socket::{bind, serve};
use crate::tcp::serve_http;
use crate::telemetry;

/// A running engine with its servers.
pub struct Hosted {
    engine: Engine,
    serving: tokio::task::JoinHandle<()>,
}

impl fmt::Debug for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").finish_non_exhaustive()
    }
}

/// Starts an engine and serves it at its local socket, and over TCP as `http` says. `kind` says what kind
/// of process this is.
///
/// The socket and an address that a client asked for are bound before the engine starts, so that an engine
/// that cannot be reached as asked never starts a task. Another address that cannot be bound keeps no
/// engine from starting: see [`EngineInfo::warnings`](claude_worker_api::EngineInfo::warnings).
///
/// # Errors
/// `locked` when another engine has the directory; `bad_database`; `invalid_request` when the
/// socket's path is in use or an address cannot be bound.
pub async fn host(
    paths: Paths,
    config: Settings,
    supervisor: SupervisorCommand,
    http: HttpStart,
    kind: HostKind,
) -> Result<Hosted, ApiError> {
    let claim = Claim::take(paths).map_err(ApiError::from)?;
    open(claim, config, supervisor, http, kind).await
}

/// As [`host`], for a headless engine that another process has started and waits for (see [`Ready`]).
///
/// On a busy machine this process may start so late that the process that started it has ended, and
/// another engine has been started and stopped since. Then this engine is no longer wanted and does
/// not start.
///
/// # Errors
/// `unavailable` when the process that started this one has ended; and as [`host`].
pub async fn host_awaited(
    paths: Paths,
    config: Settings,
    supervisor: SupervisorCommand,
    http: HttpStart,
) -> Result<Hosted, ApiError> {
    let claim = Claim::take(paths).map_err(ApiError::from)?;
    if !Ready::is_awaited() {
        return Err(ApiError::unavailable("The program that started this engine has ended")
            .hint("The next command starts an engine"));
    }
    open(claim, config, supervisor, http, HostKind::Headless).await
}

/// Binds the socket and address of a claimed directory, and starts its engine.
pub(crate) async fn open(
    claim: Claim,
    config: Settings,
    supervisor: SupervisorCommand,
    http: HttpStart,
    kind: HostKind,
) -> Result<Hosted, ApiError> {
    let paths = claim.paths().clone();
    stop_marker::remove(&paths);
    let (listening, keeper) = bind(&paths.socket).await?;
    let (control, commands) = HttpControl::channel();
    let listener = HttpListener::bind(config.http.clone(), http, commands, &paths).await?;
    let (ended_runs, runs_to_export) = mpsc::channel(telemetry::WAITING);
    let hosting = Hosting { kind, http: control, ended_runs: Some(ended_runs) };
    let engine = Engine::start(claim, config, supervisor, hosting).map_err(ApiError::from)?;
    let api = Arc::new(engine.clone());
    let stopped = engine.stopped();
    let serving = tokio::spawn(async move {
        let (open, closing) = watch::channel(());
        let probes = |details| {
            let engine = Engine::clone(&api);
            probes::routes(move || engine.readiness(), details)
        };
        let over_tcp = |server, closing, hold| {
            serve_http(server, Engine::clone(&api), probes(Details::None), closing, hold)
        };
        let close = async {
            until_closed(stopped).await;
            fault_point("host.closing");
            // Before the listeners are closed: a client that cannot connect looks for the marker.
            if stop_marker::is_due(api.told_to_stop()) {
                stop_marker::leave(&paths);
            }
            drop(open);
        };
        let may_bind = {
            let api = Arc::clone(&api);
            move || api.owns_its_files()
        };
        let ((), (), (), (), keeper) = tokio::join!(
            serve(
                listening,
                Arc::clone(&api),
                probes(Details::Version),
                Arc::clone(api.traffic()),
                closing.clone()
            ),
            listener.run(over_tcp, closing.clone()),
            close,
            telemetry::export_until_stopped(Engine::clone(&api), runs_to_export),
            keeper.keep(may_bind, closing.clone())
        );
        // While this process still has the lock: afterwards it may be another engine's socket.
        keeper.remove();
        api.release().await;
    });
    Ok(Hosted { engine, serving })
}

impl Hosted {
    /// The engine, for direct calls.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The HTTP server over TCP.
    #[must_use]
    pub fn http(&self) -> HttpState {
        self.engine.http_state()
    }

    /// The arguments with which the engine's program serves HTTP as this engine does.
    #[must_use]
    pub fn serve_arguments(&self) -> Vec<String> {
        HttpStart::from(self.http().change).arguments()
    }

    /// Resolves when the engine has stopped, the last answers have been sent and the data
    /// directory is released. Other handles of the engine can no longer be used.
    pub async fn ended(self) {
        drop(self.serving.await);
    }
}
