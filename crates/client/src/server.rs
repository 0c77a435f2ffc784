//! The engine's half of the local socket.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use axum::middleware;
use axum::serve::Listener;
use claude_worker_api::{ApiError, TaskApi};
use tokio::net::{UnixListener, UnixStream, unix::SocketAddr};
use tokio::sync::watch;

use crate::connections::{Bounds, answer, serve_connections};
use crate::routes::{self, speaking_our_protocol};
use crate::unix::{SocketName, own_uid};

/// All connections are of one person's programs, most of them waiting for news; the bound is there
/// for the one that forgets to hang up.
const BOUNDS: Bounds = Bounds { answered: 512, open: 640, unread: None };

/// A socket that is bound and not yet served.
pub(crate) struct Listening(UnixListener);

/// Binds the local socket, private to this user. Call it only while holding the engine lock: a
/// socket that nobody answers is then a leftover, and is replaced.
///
/// # Errors
/// `invalid_request` when something else is in its place, with what to do about it.
pub(crate) async fn bind(path: &Path) -> Result<Listening, ApiError> {
    let in_the_way = |what: &str| {
        ApiError::invalid(format!("{} is {what}", path.display()))
            .hint("Move it away, or set CLAUDE_WORKER_HOME to another directory")
    };
    let failed = |error: io::Error| {
        ApiError::invalid(format!("Cannot listen at {}: {error}", path.display()))
            .hint("Check the directory's permissions, or set CLAUDE_WORKER_HOME")
    };
    let name = SocketName::new(path).map_err(failed)?;
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(in_the_way("not a socket, and not ours"));
        }
        Ok(_) => {
            if UnixStream::connect(name.as_path()).await.is_ok() {
                return Err(in_the_way("already served by another program"));
            }
            std::fs::remove_file(path).map_err(failed)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = UnixListener::bind(name.as_path()).map_err(failed)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(Listening(listener))
}

/// Serves `api` until the sender of `closing` is dropped and the last answers have been sent.
pub(crate) async fn serve<A: TaskApi + 'static>(
    listening: Listening,
    api: Arc<A>,
    closing: watch::Receiver<()>,
) {
    let routes = routes::router(api, closing.clone()).layer(middleware::from_fn(answer));
    let routes = speaking_our_protocol(routes);
    serve_connections(SameUser(listening.0), routes, BOUNDS, closing).await;
}

/// Accepts connections of this user only (and of root, who could read everything anyway).
struct SameUser(UnixListener);

impl Listener for SameUser {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.0).await;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == own_uid() || peer.uid() == 0 => return (stream, address),
                Ok(peer) => tracing::warn!(uid = peer.uid(), "another user's connection refused"),
                Err(error) => tracing::warn!(%error, "a connection of unknown origin refused"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
