//! The engine's half of the local socket.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use axum::serve::Listener;
use claude_worker_api::{ApiError, TaskApi};
use claude_worker_os::files::{Identity, is_socket};
use claude_worker_os::socket::{self, LocalListener, LocalStream};
use claude_worker_os::user::is_trusted;
use tokio::sync::{mpsc, watch};

use crate::connections::{Bounds, answer, serve_connections, until_closed};
use crate::routes::{self, speaking_our_protocol};

/// All connections are of one person's programs, most of them waiting for news; the bound is there
/// for the one that forgets to hang up.
const BOUNDS: Bounds = Bounds { answered: 512, open: 640, unread: None };

/// A socket that is bound and not yet served.
pub(crate) struct Listening {
    listener: LocalListener,
    /// Another one that takes its place.
    renewed: mpsc::Receiver<LocalListener>,
}

/// Keeps the socket where clients look for it.
pub(crate) struct SocketKeeper {
    path: PathBuf,
    /// The socket that is ours.
    ours: Option<Identity>,
    renew: mpsc::Sender<LocalListener>,
}

/// Between two looks whether the socket is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Binds the local socket, private to this user. Call it only while holding the engine lock: a
/// socket that nobody answers is then a leftover, and is replaced.
///
/// # Errors
/// `invalid_request` when something else is in its place, with what to do about it.
pub(crate) async fn bind(path: &Path) -> Result<(Listening, SocketKeeper), ApiError> {
    let (renew, renewed) = mpsc::channel(1);
    let listener = bind_once(path).await?;
    let keeper = SocketKeeper { path: path.to_owned(), ours: Identity::at(path).ok(), renew };
    Ok((Listening { listener, renewed }, keeper))
}

async fn bind_once(path: &Path) -> Result<LocalListener, ApiError> {
    let in_the_way = |what: &str| {
        ApiError::invalid(format!("{} is {what}", path.display()))
            .hint("Move it away, or set CLAUDE_WORKER_HOME to another directory")
    };
    let failed = |error: io::Error| {
        ApiError::invalid(format!("Cannot listen at {}: {error}", path.display()))
            .hint("Check the directory's permissions, or set CLAUDE_WORKER_HOME")
    };
    match std::fs::symlink_metadata(path) {
        Ok(found) if !is_socket(&found) => {
            return Err(in_the_way("not a socket, and not ours"));
        }
        Ok(_) => {
            if socket::connect(path).await.is_ok() {
                return Err(in_the_way("already served by another program"));
            }
            std::fs::remove_file(path).map_err(failed)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    LocalListener::bind(path).map_err(failed)
}

impl SocketKeeper {
    /// Makes the socket anew when it was removed or replaced, until `closing`; `may` says whether
    /// the directory is still ours to make one in. Returns itself, to be asked for
    /// [`SocketKeeper::remove`] at the end.
    pub(crate) async fn keep(
        mut self,
        may: impl Fn() -> bool + Clone + Send + 'static,
        closing: watch::Receiver<()>,
    ) -> Self {
        let mut closing = pin!(until_closed(closing));
        let mut refused = false;
        loop {
            tokio::select! {
                () = &mut closing => return self,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let (path, ours, may) = (self.path.clone(), self.ours, may.clone());
            // On a thread that may block: the disk need not answer.
            let look =
                tokio::task::spawn_blocking(move || Identity::at(&path).ok() != ours && may());
            let missing = tokio::select! {
                () = &mut closing => return self,
                missing = look => missing.unwrap_or(false),
            };
            if !missing {
                continue;
            }
            match bind_once(&self.path).await {
                Ok(listener) => {
                    tracing::warn!(path = %self.path.display(), "the socket was gone; made anew");
                    self.ours = Identity::at(&self.path).ok();
                    refused = false;
                    drop(self.renew.send(listener).await);
                }
                Err(error) if !std::mem::replace(&mut refused, true) => {
                    tracing::error!(%error, "the socket was gone and cannot be made anew");
                }
                Err(_) => {}
            }
        }
    }

    /// Removes the socket, if it is still ours: another engine may have one in its place.
    pub(crate) fn remove(&self) {
        if self.ours.is_some() && Identity::at(&self.path).ok() == self.ours {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Serves `api` until the sender of `closing` is dropped and the last answers have been sent.
pub(crate) async fn serve<A: TaskApi + 'static>(
    listening: Listening,
    api: Arc<A>,
    closing: watch::Receiver<()>,
) {
    let routes = routes::router(api, closing.clone()).layer(middleware::from_fn(answer));
    let routes = speaking_our_protocol(routes);
    serve_connections(SameUser(listening), routes, BOUNDS, closing).await;
}

/// Accepts connections of this user only (and of root, who could read everything anyway).
struct SameUser(Listening);

impl Listener for SameUser {
    type Io = LocalStream;
    type Addr = ();

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Listening { listener, renewed } = &mut self.0;
            let accepted = tokio::select! {
                Some(renewed) = renewed.recv() => {
                    *listener = renewed;
                    continue;
                }
                accepted = listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            };
            match socket::peer(&stream) {
                Ok(peer) if is_trusted(peer) => return (stream, ()),
                Ok(peer) => tracing::warn!(uid = peer, "another user's connection refused"),
                Err(error) => tracing::warn!(%error, "a connection of unknown origin refused"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(())
    }
}

/// A connection that broke before it was accepted is no reason to wait. Everything else is a lack of
/// descriptors or memory, which takes a while to pass.
async fn wait_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept a connection");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
