//! Which connections are being answered, and which only hold a socket.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How a connection stands.
#[derive(Debug)]
enum Phase {
    /// It has no request, or one that was not let in, since this instant.
    Idle(Instant),
    /// It has a request that waits for a place or has one.
    Asks(Option<OwnedSemaphorePermit>),
    /// Its answer is complete, and perhaps not yet written.
    Answered { _place: Option<OwnedSemaphorePermit> },
    /// It is being closed: nothing is answered any more.
    GivenUp,
}

/// A connection, as its server and its requests know it.
#[derive(Debug)]
pub(super) struct Connection {
    places: Arc<Semaphore>,
    phase: Mutex<Phase>,
}

impl Connection {
    pub(super) fn new(places: Arc<Semaphore>) -> Self {
        Self { places, phase: Mutex::new(Phase::Idle(Instant::now())) }
    }

    /// Since when it has been idle, if it is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Idle(since) => Some(since),
            _ => None,
        }
    }

    /// From here on no request of it is answered, unless one is already.
    pub(super) fn give_up(&self) -> bool {
        let mut phase = self.phase();
        let is_idle = matches!(*phase, Phase::Idle(_));
        if is_idle {
            *phase = Phase::GivenUp;
        }
        is_idle
    }

    /// Takes one of the places, waiting for one if need be. False when the connection has been
    /// given up.
    pub(super) async fn take_place(&self) -> bool {
        {
            let mut phase = self.phase();
            if matches!(*phase, Phase::GivenUp) {
                return false;
            }
            *phase = Phase::Asks(None);
        }
        // The places are never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        *self.phase() = Phase::Asks(place);
        true
    }

    /// Its answer is complete; the place is free when it is written.
    pub(super) fn answered(&self) {
        let mut phase = self.phase();
        if let Phase::Asks(place) = &mut *phase {
            *phase = Phase::Answered { _place: place.take() };
        }
    }

    /// All that was to be written is.
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

/// Marks the connection as answered when the answer is complete or abandoned.
pub(super) struct UntilSent(Arc<Connection>);

impl UntilSent {
    pub(super) const fn new(connection: Arc<Connection>) -> Self {
        Self(connection)
    }

    /// The same response, whose end is the answer's.
    pub(super) fn with(self, response: Response) -> Response {
        response.map(|body| Body::new(Sent { body, _until: self }))
    }
}

impl Drop for UntilSent {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// A body that is dropped when it has been handed over to be written.
struct Sent {
    body: Body,
    _until: UntilSent,
}

impl HttpBody for Sent {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that says when everything has been written.
pub(super) struct Flushed<S> {
    stream: S,
    connection: Arc<Connection>,
}

impl<S> Flushed<S> {
    pub(super) const fn new(stream: S, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Flushed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Flushed<S> {
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

    /// HTTP flushes only when all it holds has been taken by the stream.
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
