//! The error of every method: a code, a message, and a hint.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// Why a request was refused or could not be served. Codes are stable: programs match on them,
/// people read [`ApiError::message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request itself is wrong: empty prompt, missing directory, value out of range.
    InvalidRequest,
    /// There is no such task, run or log.
    NotFound,
    /// The task is in a state that does not allow this: retry while running, resume twice.
    Conflict,
    /// The queue already holds as many tasks as the configuration allows.
    QueueFull,
    /// The disk is too full for a new task. No stored data was lost.
    DiskFull,
    /// The caller may not do this (token, peer user, or configuration forbids it).
    Forbidden,
    /// Client and engine speak different protocol versions.
    VersionMismatch,
    /// No engine answers, or the engine is shutting down.
    Unavailable,
    /// Another engine owns the data directory.
    Locked,
    /// The stored data cannot be used: corrupt, or written by a newer version.
    BadDatabase,
    /// A bug or an unexpected condition in the engine.
    Internal,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// An error as it is shown to users: a stable code, what happened, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiError {
    /// The stable code.
    pub code: ErrorCode,
    /// One sentence: what happened.
    pub message: String,
    /// One sentence: what to do next. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

impl ApiError {
    /// An error with a message and no hint.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: String::new() }
    }

    /// The same error with a hint on what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same error, of a part of a request: `tasks[3]: The prompt is empty`.
    #[must_use]
    pub fn inside(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// An [`ErrorCode::InvalidRequest`].
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// An [`ErrorCode::Conflict`].
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// An [`ErrorCode::Internal`].
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// An [`ErrorCode::Unavailable`].
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }

    /// [`ErrorCode::NotFound`] for a task id.
    #[must_use]
    pub fn no_task(id: crate::TaskId) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no task {id}"))
            .hint("claude-worker list shows the tasks there are")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, ". {}", self.hint) }
    }
}

impl std::error::Error for ApiError {}
