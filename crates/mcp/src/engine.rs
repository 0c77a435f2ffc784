//! Connects to the engine.

use claude_worker_api::ApiError;
use claude_worker_client::{EngineClient, Starter, installed_program};
use claude_worker_engine::Paths;

/// The program that can run an engine.
const PROGRAM: &str = "claude-worker";
/// Its hidden subcommand for that.
const SERVE: &str = "serve";

/// The way to the engine that the environment names.
#[derive(Debug, Clone)]
pub(crate) struct EngineDoor {
    paths: Paths,
    starter: Starter,
}

impl EngineDoor {
    /// The door; nobody is looked for behind it yet.
    ///
    /// # Errors
    /// `invalid_request` when the environment names no usable place.
    pub(crate) fn from_env() -> Result<Self, ApiError> {
        let paths = Paths::from_env()?;
        let program = installed_program(PROGRAM).unwrap_or_else(|| PROGRAM.into());
        let starter = Starter { program, args: vec![SERVE.to_owned()], paths: paths.clone() };
        Ok(Self { paths, starter })
    }

    /// A client for one call, and for all that this call asks: like a command on the command
    /// line it may start an engine, but does not bring one back that is stopped meanwhile.
    ///
    /// # Errors
    /// `invalid_request` when the environment names no usable place.
    pub(crate) fn client(&self) -> Result<EngineClient, ApiError> {
        EngineClient::from_env(&self.paths, Some(self.starter.clone()))
    }
}
