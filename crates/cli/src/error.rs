//! Why a command could not be carried out.

use std::io;

use claude_worker_api::{ApiError, ErrorCode};

use crate::exit::Exit;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The engine refused, or the request is wrong.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// What is to be shown cannot be written.
    #[error("Cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// This process itself could not be set up.
    #[error("Cannot start: {0}")]
    Setup(io::Error),
}

impl CliError {
    /// A request that is wrong as it stands: exit code 2.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Api(ApiError::invalid(message).hint(hint))
    }

    /// Whether only the reader of our output has gone (`claude-worker list | head -1`), which is
    /// its good right and no failure.
    #[must_use]
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// How the process ends because of it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Api(error) => Exit::of_error(error.code),
            Self::Output(_) | Self::Setup(_) => Exit::Failed,
        }
    }

    /// The error as `--json` shows it.
    #[must_use]
    pub fn as_api(&self) -> ApiError {
        match self {
            Self::Api(error) => error.clone(),
            other => ApiError::new(ErrorCode::Internal, other.to_string()),
        }
    }
}
