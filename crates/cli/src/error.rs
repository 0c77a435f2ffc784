//! Why a command failed.

use std::io;

use claude_worker_api::{ApiError, ErrorCode};

use crate::exit::Exit;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The engine refused, or the request is wrong.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The output cannot be written.
    #[error("Cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The runtime of this process cannot be set up.
    #[error("Cannot start: {0}")]
    Setup(io::Error),
}

impl CliError {
    /// A wrong request: exit code 2.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Api(ApiError::invalid(message).hint(hint))
    }

    /// Whether the reader closed the pipe (`claude-worker list | head -1`), which is not a failure.
    #[must_use]
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code for this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Api(error) => Exit::of_error(error.code),
            Self::Output(_) | Self::Setup(_) => Exit::Failed,
        }
    }

    /// The error as `--json` prints it.
    #[must_use]
    pub fn as_api(&self) -> ApiError {
        match self {
            Self::Api(error) => error.clone(),
            other => ApiError::new(ErrorCode::Internal, other.to_string()),
        }
    }
}
