//! Connects to the engine.

use claude_worker_api::ApiError;
use claude_worker_client::Paths;
use claude_worker_client::{EngineClient, Starter, installed_program};

/// The program that can run an engine.
const PROGRAM: &str = "claude-worker";
/// Its hidden subcommand for that.
const SERVE: &str = "serve";

/// Makes clients of the engine that the environment selects.
#[derive(Debug, Clone)]
pub(crate) struct EngineConnector {
    paths: Paths,
    starter: Starter,
}

impl EngineConnector {
    /// A connector. It connects to nothing yet.
    ///
    /// # Errors
    /// `invalid_request` when a path in the environment cannot be used.
    pub(crate) fn from_env() -> Result<Self, ApiError> {
        let paths = Paths::from_env()?;
        let program = installed_program(PROGRAM).unwrap_or_else(|| PROGRAM.into());
        let starter = Starter { program, args: vec![SERVE.to_owned()], paths: paths.clone() };
        Ok(Self { paths, starter })
    }

    /// A client for all requests of one call. Like a command, it may start an engine, but it does not
    /// start one again that is stopped during the call.
    ///
    /// # Errors
    /// `invalid_request` when a path in the environment cannot be used.
    pub(crate) fn client(&self) -> Result<EngineClient, ApiError> {
        EngineClient::from_env(&self.paths, Some(self.starter.clone()))
    }
}
