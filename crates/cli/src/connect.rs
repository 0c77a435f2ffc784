//! Connecting to the engine.

use std::io::{self, Write};
use std::path::Path;

use claude_worker_api::{ApiError, HTTP_PORT};
use claude_worker_client::{Address, EngineClient, SILENT_AFTER, ServerUrl, SilentEngine, Starter};
use claude_worker_engine::Paths;
use claude_worker_server::HttpStart;

use crate::render::text::clean_line;

/// Whether an engine is started when none is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// Yes, in the background, by the first call.
    IfNeeded,
    /// No: the command asks about the engine itself.
    Never,
}

/// A client of the engine that the environment selects. It sends nothing yet.
///
/// # Errors
/// `invalid_request` when a path in the environment cannot be used.
pub(crate) fn connect(start: &Start) -> Result<EngineClient, ApiError> {
    let paths = Paths::from_env()?;
    let starter = match start {
        Start::IfNeeded => Some(starter(&paths, &HttpStart::Settings)?),
        Start::Never => None,
    };
    Ok(EngineClient::from_env(&paths, starter)?
        .on_new_directory(tell_new_directory)
        .on_silence(tell_silence))
}

/// Says that the engine does not answer, while the command goes on waiting for it.
fn tell_silence(engine: &SilentEngine) {
    let (pid, seconds) = (engine.pid(), SILENT_AFTER.as_secs());
    let stopped = if engine.is_stopped() {
        format!("; it is stopped: kill -CONT {pid}")
    } else {
        String::new()
    };
    // A closed standard error is ignored.
    let _ = writeln!(
        io::stderr(),
        "The engine (process {pid}) has not answered for {seconds} s{stopped}"
    );
}

/// Names a data directory that was created because the environment names it: a mistyped one would silently be
/// another, empty queue.
pub(crate) fn tell_new_directory(paths: &Paths) {
    let Some(variable) = paths.named_by() else { return };
    let directory = clean_line(&paths.home.display().to_string());
    // One write, so that lines of other commands are not mixed with it. A closed standard error is ignored.
    let line = format!("New data directory: {directory}, from {variable}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

/// The engine of this machine that commands about the engine itself start, stop listening or show.
pub(crate) struct EngineHere {
    /// Its address.
    pub(crate) address: Address,
    /// The port at which its clients expect HTTP.
    pub(crate) http_port: u16,
    /// Whether `CLAUDE_WORKER_SERVER_URL` names this port, so that no other command finds the engine elsewhere.
    pub(crate) is_named_by_port: bool,
}

impl EngineHere {
    /// The engine of the data directory, to start it (`verb`: `start`, `restart`). A URL of this machine is where it
    /// is expected to serve HTTP.
    ///
    /// # Errors
    /// `invalid_request` when `CLAUDE_WORKER_SERVER_URL` names another socket or machine: the other commands ask the
    /// engine there, so starting this one beside it would help none of them.
    pub(crate) fn to_start(paths: &Paths, verb: &str) -> Result<Self, ApiError> {
        let here = Self::from_env(paths)?;
        match &here.address {
            Address::Socket(path) if *path != paths.socket => Err(ApiError::invalid(format!(
                "CLAUDE_WORKER_SERVER_URL names another engine, unix://{}; nothing was done",
                clean_line(&path.display().to_string())
            ))
            .hint(format!(
                "For the engine of {}: env -u CLAUDE_WORKER_SERVER_URL claude-worker server {verb}",
                paths.home.display()
            ))),
            _ => Ok(here),
        }
    }

    /// As the environment names it. `CLAUDE_WORKER_SERVER_URL` may name it by its HTTP server, which need not
    /// be on yet.
    ///
    /// # Errors
    /// `invalid_request` when the variable names an engine on another machine, or nothing usable.
    pub(crate) fn from_env(paths: &Paths) -> Result<Self, ApiError> {
        let named = std::env::var("CLAUDE_WORKER_SERVER_URL").unwrap_or_default();
        let Ok(url) = ServerUrl::parse(&named) else {
            let address = Address::from_env(paths)?;
            return Ok(Self { address, http_port: HTTP_PORT, is_named_by_port: false });
        };
        if !url.is_this_machine() {
            return Err(ApiError::invalid(format!(
                "CLAUDE_WORKER_SERVER_URL names an engine on another machine, {url}"
            ))
            .hint(
                "Run this command there. For an engine on this machine: \
                 env -u CLAUDE_WORKER_SERVER_URL claude-worker server start",
            ));
        }
        let address = Address::Socket(paths.socket.clone());
        Ok(Self { address, http_port: url.port(), is_named_by_port: true })
    }

    /// A client of it. With a starter, its first call starts the engine if none is running.
    pub(crate) fn client(&self, paths: &Paths, starter: Option<Starter>) -> EngineClient {
        if self.address == Address::Socket(paths.socket.clone()) {
            EngineClient::of(paths, starter)
                .on_new_directory(tell_new_directory)
                .on_silence(tell_silence)
        } else {
            EngineClient::new(self.address.clone())
        }
    }
}

/// The lock file of the engine that `client` talks to; none when that engine is not the one of `paths`.
pub(crate) fn lock_of<'a>(client: &EngineClient, paths: &'a Paths) -> Option<&'a Path> {
    let ours = *client.address() == Address::Socket(paths.socket.clone());
    ours.then_some(paths.lock.as_path())
}

/// How to start this program as an engine in the background, which serves HTTP as `http` says.
///
/// # Errors
/// `internal` when the system does not tell the path of this program.
pub(crate) fn starter(paths: &Paths, http: &HttpStart) -> Result<Starter, ApiError> {
    let program = std::env::current_exe().map_err(|error| {
        ApiError::internal(format!("The system does not tell the path of this program: {error}"))
    })?;
    Ok(Starter { program, args: http.arguments(), paths: paths.clone() })
}
