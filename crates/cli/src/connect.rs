//! The way to an engine.

use std::path::Path;

use claude_worker_api::ApiError;
use claude_worker_client::{Address, EngineClient, Starter};
use claude_worker_engine::Paths;

use crate::host;

/// Whether a missing engine is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// In the background, when a call finds none.
    IfNeeded,
    /// Never: the command asks about the engine itself.
    Never,
}

/// A client of the engine that the environment names. Nothing is sent yet.
///
/// # Errors
/// `invalid_request` when the environment names no usable place.
pub(crate) fn connect(start: &Start) -> Result<EngineClient, ApiError> {
    let paths = Paths::from_env()?;
    let starter = match start {
        Start::IfNeeded => Some(starter(&paths, Vec::new())?),
        Start::Never => None,
    };
    EngineClient::from_env(&paths, starter)
}

/// The lock of the engine that `client` talks to, where it is the one of `paths`.
pub(crate) fn lock_of<'a>(client: &EngineClient, paths: &'a Paths) -> Option<&'a Path> {
    let ours = *client.address() == Address::Socket(paths.socket.clone());
    ours.then_some(paths.lock.as_path())
}

/// How this program starts an engine in the background, with further arguments for it.
///
/// # Errors
/// `internal` when the system does not say where this program is.
pub(crate) fn starter(paths: &Paths, further: Vec<String>) -> Result<Starter, ApiError> {
    let program = std::env::current_exe().map_err(|error| {
        ApiError::internal(format!("The system does not say where this program is: {error}"))
    })?;
    let args = std::iter::once(host::SUBCOMMAND.to_owned()).chain(further).collect();
    Ok(Starter { program, args, paths: paths.clone() })
}
