//! Errors as HTTP answers: problem details (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use claude_worker_api::{ApiError, PROBLEM_JSON, Problem};

/// An error as an HTTP answer.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Problem>);

impl Refusal {
    /// An error with another status than that of its code: one that only HTTP has.
    pub(crate) fn with_status(error: ApiError, status: StatusCode) -> Self {
        Self(Box::new(Problem::with_status(error, status.as_u16())))
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(Box::new(Problem::new(error)))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).ok();
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Strings and numbers can always be written.
        let body = serde_json::to_vec(&*self.0).unwrap_or_default();
        let media_type = HeaderValue::from_static(PROBLEM_JSON);
        (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
    }
}

/// An error as an HTTP answer, for other parts of the server.
pub(crate) fn refuse(error: ApiError) -> Response {
    Refusal::from(error).into_response()
}
