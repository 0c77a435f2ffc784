//! Ends an answer when the token or login of its request is revoked or expires.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use super::credentials::Ended;

/// A body that goes on until the token is no longer valid. Bodies of a known length are not wrapped:
/// they are complete already.
pub(super) struct UntilEnded {
    body: Body,
    ended: Ended,
}

impl UntilEnded {
    pub(super) fn wrap(response: Response, ended: Ended) -> Response {
        if response.body().size_hint().exact().is_some() {
            return response;
        }
        response.map(|body| Body::new(Self { body, ended }))
    }
}

impl HttpBody for UntilEnded {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
