//! Limits how long a request's body may take, so that a slow request does not hold its permit for
//! ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use claude_worker_api::ApiError;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::refusal;

/// How long the next chunk of a body may take.
const PIECE_WITHIN: Duration = Duration::from_secs(10);
/// How long a whole body may take. The largest body arrives in time at 0.5 Mbit/s.
const BODY_WITHIN: Duration = Duration::from_secs(600);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Whether a body was too late.
pub(super) struct CameLate(Arc<AtomicBool>);

impl CameLate {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that fails when it does not arrive in time.
pub(super) struct SlowBody {
    body: Body,
    until: Instant,
    /// The deadline of the next chunk.
    piece: Pin<Box<Sleep>>,
    late: Arc<AtomicBool>,
}

impl SlowBody {
    /// The same request with a body that fails when it is too late.
    pub(super) fn watch(request: Request) -> (Request, CameLate) {
        let late = Arc::new(AtomicBool::new(false));
        let watched = CameLate(Arc::clone(&late));
        if request.body().is_end_stream() {
            return (request, watched);
        }
        let now = Instant::now();
        let request = request.map(|body| {
            Body::new(Self {
                body,
                until: now + BODY_WITHIN,
                piece: Box::pin(sleep_until(now + PIECE_WITHIN)),
                late,
            })
        });
        (request, watched)
    }
}

impl HttpBody for SlowBody {
    type Data = <Body as HttpBody>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(piece) = Pin::new(&mut self.body).poll_frame(cx) {
            let next = (Instant::now() + PIECE_WITHIN).min(self.until);
            self.piece.as_mut().reset(next);
            return Poll::Ready(piece.map(|piece| piece.map_err(BoxError::from)));
        }
        if self.piece.as_mut().poll(cx).is_ready() {
            self.late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err("it did not arrive in time".into())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The answer to a request whose body was too late.
pub(super) fn refusal() -> Response {
    let seconds = PIECE_WITHIN.as_secs();
    let error = ApiError::invalid("The request's body did not arrive in time").hint(format!(
        "Send as many bytes as Content-Length says, with pauses of at most {seconds} seconds"
    ));
    let mut response = refusal::refuse(error);
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use futures_util::stream::{self, StreamExt};
    use tokio::time::sleep;

    use super::*;

    async fn received(body: Body) -> (Option<usize>, bool, Duration) {
        let begun = Instant::now();
        let (request, came_late) = SlowBody::watch(Request::new(body));
        let bytes = to_bytes(request.into_body(), usize::MAX).await.ok();
        (bytes.map(|bytes| bytes.len()), came_late.get(), begun.elapsed())
    }

    fn pieces(pause: Duration) -> impl futures_util::Stream<Item = Result<&'static str, BoxError>> {
        stream::repeat("x").then(move |piece| async move {
            sleep(pause).await;
            Ok(piece)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_accepted_and_a_stalled_or_endless_one_is_not() {
        assert_eq!(received(Body::empty()).await, (Some(0), false, Duration::ZERO));
        let slow = Body::from_stream(pieces(PIECE_WITHIN / 2).take(10));
        assert_eq!(received(slow).await, (Some(10), false, 5 * PIECE_WITHIN));
        let silent = Body::from_stream(pieces(2 * PIECE_WITHIN));
        assert_eq!(received(silent).await, (None, true, PIECE_WITHIN));
        let endless = Body::from_stream(pieces(PIECE_WITHIN / 2));
        assert_eq!(received(endless).await, (None, true, BODY_WITHIN));
    }
}
