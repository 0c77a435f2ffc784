//! The permit of a request: which connections are being answered, and which are idle.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::http::HeaderMap;
use axum::response::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Endpoints;
use super::share::{PerClient, Pool, PoolPermits};
use super::token_share::{TokenShare, TokenShares};

use super::held_body::holding;

/// The phase of a connection.
#[derive(Debug)]
enum Phase {
    /// No request, or one that was not admitted, since this instant.
    Idle(Instant),
    /// A request that waits for a permit or has one.
    Request(Option<Permit>),
    /// A complete answer that may not be written yet.
    Answered { _permit: Option<Permit> },
    /// It is being closed: no more requests are answered.
    Closing,
}

/// What requests need while they are answered.
#[derive(Debug)]
pub(super) struct Permits {
    requests: Pool,
    /// In units, for requests with large bodies.
    bodies: Pool,
    /// In units, for large answers over TCP.
    answers: Arc<Semaphore>,
    tokens: Arc<TokenShares>,
}

/// What one request holds.
#[derive(Debug)]
struct Permit {
    _request: PoolPermits,
    _body: Option<PoolPermits>,
    _token: TokenShare,
    answer: Option<OwnedSemaphorePermit>,
}

impl Permits {
    pub(super) fn new(requests: usize, bodies: usize, answers: usize) -> Self {
        Self {
            requests: Pool::new(requests),
            bodies: Pool::new(bodies),
            answers: Arc::new(Semaphore::new(answers)),
            tokens: Arc::new(TokenShares::new(requests / 2)),
        }
    }
}

/// A connection, shared by the server and the connection's requests.
#[derive(Debug)]
pub(super) struct Connection {
    permits: Arc<Permits>,
    per_client: Option<PerClient>,
    endpoints: Endpoints,
    phase: Mutex<Phase>,
}

impl Connection {
    pub(super) fn new(
        permits: Arc<Permits>,
        per_client: Option<PerClient>,
        endpoints: Endpoints,
    ) -> Self {
        Self { permits, per_client, endpoints, phase: Mutex::new(Phase::Idle(Instant::now())) }
    }

    /// Since when it has been idle, if it is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Idle(since) => Some(since),
            _ => None,
        }
    }

    /// If it is idle, marks it as closing, so that no more requests are answered. Returns whether it
    /// was idle.
    pub(super) fn close_if_idle(&self) -> bool {
        let mut phase = self.phase();
        let is_idle = matches!(*phase, Phase::Idle(_));
        if is_idle {
            *phase = Phase::Closing;
        }
        is_idle
    }

    /// A part of what this token may have at once; none when it has all of that.
    pub(super) fn share_of_token(&self, token: Option<i64>) -> Option<TokenShare> {
        self.permits.tokens.take(token)
    }

    /// Takes a permit for a request with this head, and `body` units for its body, waiting for them if
    /// necessary. False when the connection is being closed.
    pub(super) async fn take_permit(
        &self,
        headers: &HeaderMap,
        body: usize,
        token: TokenShare,
    ) -> bool {
        {
            let mut phase = self.phase();
            if matches!(*phase, Phase::Closing) {
                return false;
            }
            *phase = Phase::Request(None);
        }
        let client = self.per_client.and_then(|per| per.of_request(&self.endpoints, headers));
        let request = self.permits.requests.take(client, 1).await;
        let body = match body {
            0 => None,
            units => Some(self.permits.bodies.take(client, units).await),
        };
        let permit = Permit { _request: request, _body: body, _token: token, answer: None };
        *self.phase() = Phase::Request(Some(permit));
        true
    }

    /// Whether an answer of this many units may be kept until its client has read it. At the local socket
    /// all may, because only this user can open it.
    pub(super) fn keep_answer(&self, units: usize) -> bool {
        if units == 0 || self.endpoints.peer.is_none() {
            return true;
        }
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let kept = Arc::clone(&self.permits.answers).try_acquire_many_owned(units);
        let Ok(kept) = kept else { return false };
        if let Phase::Request(Some(permit)) = &mut *self.phase() {
            permit.answer = Some(kept);
        }
        true
    }

    /// The answer is complete; the permit is freed when it is written.
    pub(super) fn answered(&self) {
        let mut phase = self.phase();
        if let Phase::Request(permit) = &mut *phase {
            *phase = Phase::Answered { _permit: permit.take() };
        }
    }

    /// All output was written.
    fn written(&self) {
        let mut phase = self.phase();
        if matches!(*phase, Phase::Answered { .. }) {
            *phase = Phase::Idle(Instant::now());
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the connection as answered when it is dropped: the answer is complete or was aborted.
pub(super) struct AnswerGuard(Arc<Connection>);

impl AnswerGuard {
    pub(super) const fn new(connection: Arc<Connection>) -> Self {
        Self(connection)
    }

    /// The response, with a body that holds this guard.
    pub(super) fn with(self, response: Response) -> Response {
        holding(response, self)
    }
}

impl Drop for AnswerGuard {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// A stream that tells the connection when everything was written.
pub(super) struct FlushNotifier<S> {
    stream: S,
    connection: Arc<Connection>,
}

impl<S> FlushNotifier<S> {
    pub(super) const fn new(stream: S, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FlushNotifier<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FlushNotifier<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes only when the stream has taken all of hyper's buffered output.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.connection.written();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
