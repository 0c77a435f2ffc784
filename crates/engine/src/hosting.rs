//! The process that hosts an engine: what kind it is, and the HTTP server that it runs for the engine.
//!
//! The engine does not listen itself. It passes on what clients and the settings say about HTTP, and
//! the host answers (`crates/server/src/listener.rs`).

use claude_worker_api::{ApiError, HostKind, HttpChange, HttpSettings, HttpState};
use tokio::sync::{mpsc, oneshot, watch};

use crate::RunRecord;

/// The process that hosts an engine.
#[derive(Debug)]
pub struct Hosting {
    /// Which kind of process.
    pub kind: HostKind,
    /// Its HTTP server.
    pub http: HttpControl,
    /// Where runs that have ended are told, once that is stored, if `telemetry` is set up.
    pub ended_runs: Option<mpsc::Sender<RunRecord>>,
}

impl Default for Hosting {
    /// A process without an HTTP server.
    fn default() -> Self {
        Self { kind: HostKind::default(), http: HttpControl::channel().0, ended_runs: None }
    }
}

/// The engine's end of the channel to the HTTP server.
#[derive(Debug)]
pub struct HttpControl {
    commands: mpsc::Sender<HttpCommand>,
    state: watch::Receiver<HttpState>,
}

/// The host's end of that channel.
#[derive(Debug)]
pub struct HttpCommands {
    /// What the engine passes on.
    pub commands: mpsc::Receiver<HttpCommand>,
    /// What clients are told.
    pub state: watch::Sender<HttpState>,
}

/// What the HTTP server shall do, and where to answer. The answer comes when it listens, or not, as
/// asked; after an error it listens as before.
#[derive(Debug)]
pub struct HttpCommand {
    /// What to do.
    pub request: HttpRequest,
    /// Takes the answer.
    pub answer: oneshot::Sender<Result<(), ApiError>>,
}

/// What the HTTP server shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpRequest {
    /// Listen as a client asked, instead of as `[http]` says.
    Change(HttpChange),
    /// Listen as `[http]` says from now on.
    Configure(HttpSettings),
}

impl HttpControl {
    /// Both ends of a new channel.
    #[must_use]
    pub fn channel() -> (Self, HttpCommands) {
        let (commands, received) = mpsc::channel(8);
        let (state, shown) = watch::channel(HttpState::default());
        (Self { commands, state: shown }, HttpCommands { commands: received, state })
    }

    /// The HTTP server as it is now.
    #[must_use]
    pub fn state(&self) -> HttpState {
        self.state.borrow().clone()
    }

    /// Asks for something, and waits until it is done.
    ///
    /// # Errors
    /// Those of the host; `unavailable` when it has no HTTP server or is stopping.
    pub(crate) async fn ask(&self, request: HttpRequest) -> Result<(), ApiError> {
        let gone = || {
            ApiError::unavailable("HTTP over TCP cannot be changed: the engine is stopping")
                .hint("Start the engine again: `claude-worker server start`")
        };
        let (answer, answered) = oneshot::channel();
        self.commands.send(HttpCommand { request, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}
