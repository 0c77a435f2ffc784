//! Reads the one body that the server takes from a client without a token: the code of a login.
//!
//! A client without a token must not be able to keep others waiting. So the body is small and its length
//! is known before it is read, it must arrive soon, and the request takes no permit: its connection counts
//! as idle, and is closed when others need its place.

use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use claude_worker_api::ApiError;
use tokio::time::timeout;

use crate::refusal::Refusal;

/// The largest body in bytes.
const LARGEST: usize = 4096;
/// How long the whole body may take.
const WITHIN: Duration = Duration::from_secs(5);

/// The same request with its body in memory.
///
/// # Errors
/// `invalid_request`: with the status 411 for a body of unknown length, 413 for one that is too large, both
/// before anything is read; and 408 for one that does not arrive in time.
pub(super) async fn read(request: Request) -> Result<Request, Refusal> {
    let refused = |status, message: String| {
        let error = ApiError::invalid(message).hint(
            "Send {\"code\": \"…\"} with the code of a link that `claude-worker open --browser` has made, \
             and the header Content-Length",
        );
        Refusal::with_status(error, status)
    };
    let Some(length) = request.body().size_hint().exact() else {
        let message = "The request does not say how long its body is".to_owned();
        return Err(refused(StatusCode::LENGTH_REQUIRED, message));
    };
    if length > LARGEST as u64 {
        let message = format!("The body may have {LARGEST} bytes, and this one has {length}");
        return Err(refused(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let (parts, body) = request.into_parts();
    match timeout(WITHIN, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Ok(Err(error)) => {
            Err(refused(StatusCode::BAD_REQUEST, format!("The body is broken: {error}")))
        }
        Err(_) => {
            let message = format!("The body did not arrive within {} seconds", WITHIN.as_secs());
            Err(refused(StatusCode::REQUEST_TIMEOUT, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Bytes;
    use axum::response::IntoResponse;
    use futures_util::stream;
    use hyper::body::{Frame, SizeHint};
    use tokio::time::Instant;

    use super::*;

    /// A body of a declared length that never comes.
    struct Silent(u64);

    impl HttpBody for Silent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_endless_large_or_late_is_refused_soon() {
        let begun = Instant::now();
        let status = async |body: Body| match read(Request::new(body)).await {
            Ok(_) => StatusCode::OK,
            Err(refusal) => refusal.into_response().status(),
        };
        let endless = stream::pending::<Result<Bytes, Infallible>>();
        assert_eq!(status(Body::from_stream(endless)).await, StatusCode::LENGTH_REQUIRED);
        let large = Body::new(Silent(LARGEST as u64 + 1));
        assert_eq!(status(large).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(status(Body::from(vec![b'x'; LARGEST])).await, StatusCode::OK);
        assert_eq!(begun.elapsed(), Duration::ZERO, "nothing was waited for");
        assert_eq!(status(Body::new(Silent(10))).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(begun.elapsed(), WITHIN);
    }
}
