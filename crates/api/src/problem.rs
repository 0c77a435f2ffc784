//! Errors as HTTP answers: problem details (RFC 9457) with the code, message and hint of an [`ApiError`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApiError, ErrorCode};

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The beginning of each problem's type; the code follows.
const TYPE_PREFIX: &str = "urn:claude-worker:error:";

/// An error as the body of an HTTP answer: problem details as in RFC 9457. Programs match on `code`,
/// people read `message` and `hint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Identifies the kind of problem: `urn:claude-worker:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What every problem of this kind has in common, in a few words.
    pub title: String,
    /// The HTTP status of the answer.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// What happened: the same text as `message`.
    pub detail: String,
    /// The error.
    #[serde(flatten)]
    pub error: ApiError,
}

impl Problem {
    /// An error with the status that belongs to its code.
    #[must_use]
    pub fn new(error: ApiError) -> Self {
        let status = error.code.http_status();
        Self::with_status(error, status)
    }

    /// An error with another status of HTTP, for what HTTP tells apart and the codes do not: 405 and
    /// 413 are both `invalid_request`.
    #[must_use]
    pub fn with_status(error: ApiError, status: u16) -> Self {
        Self {
            kind: format!("{TYPE_PREFIX}{}", error.code.name()),
            title: error.code.title().to_owned(),
            status,
            detail: error.message.clone(),
            error,
        }
    }
}

impl ErrorCode {
    /// Every known code.
    pub const ALL: [Self; 11] = [
        Self::InvalidRequest,
        Self::NotFound,
        Self::Conflict,
        Self::QueueFull,
        Self::DiskFull,
        Self::Forbidden,
        Self::VersionMismatch,
        Self::Unavailable,
        Self::Locked,
        Self::BadDatabase,
        Self::Internal,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::QueueFull => "queue_full",
            Self::DiskFull => "disk_full",
            Self::Forbidden => "forbidden",
            Self::VersionMismatch => "version_mismatch",
            Self::Unavailable => "unavailable",
            Self::Locked => "locked",
            Self::BadDatabase => "bad_database",
            Self::Internal => "internal",
            Self::Unknown(name) => name.as_str(),
        }
    }

    /// What all errors with this code have in common, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is wrong",
            Self::NotFound => "It does not exist",
            Self::Conflict => "The state does not allow it",
            Self::QueueFull => "The queue is full",
            Self::DiskFull => "The disk is full",
            Self::Forbidden => "It is not allowed",
            Self::VersionMismatch => "Client and engine have different versions",
            Self::Unavailable => "The engine does not answer",
            Self::Locked => "Another engine owns the data directory",
            Self::BadDatabase => "The stored data cannot be used",
            Self::Internal => "Something unexpected happened in the engine",
            Self::Unknown(_) => "An error that this version does not know",
        }
    }

    /// The status of an HTTP answer with this error.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict | Self::Locked => 409,
            Self::VersionMismatch => 426,
            Self::QueueFull => 429,
            Self::BadDatabase | Self::Internal | Self::Unknown(_) => 500,
            Self::Unavailable => 503,
            Self::DiskFull => 507,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_as_the_error_it_tells_of() {
        for code in ErrorCode::ALL {
            let error = ApiError::new(code, "what happened").hint("what to do");
            let problem = Problem::new(error.clone());
            let text = serde_json::to_string(&problem).unwrap();
            assert_eq!(serde_json::from_str::<ApiError>(&text).unwrap(), error, "{text}");
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem, "{text}");
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert!(text.contains(&format!("urn:claude-worker:error:{}", code.name())), "{text}");
        }
    }
}
