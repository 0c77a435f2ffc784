//! The server side of the local socket.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use axum::{Extension, Router, middleware};
use claude_worker_api::ApiError;
use claude_worker_engine::Principal;
use claude_worker_engine::metrics::{ListenerKind, Traffic};
use claude_worker_os::files::{Identity, is_socket};
use claude_worker_os::socket::{self, LocalListener, LocalStream};
use claude_worker_os::user::is_trusted;
use tokio::sync::{mpsc, watch};

use crate::connections::{Bounds, Endpoints, serve_connections, until_closed, with_permit};
use crate::principal::Served;
use crate::routes::{self, speaking_our_protocol};
use crate::traffic::counted;

/// All connections come from programs of one user, and most of them wait for events. The limit is
/// there for programs that leave connections open.
const BOUNDS: Bounds = Bounds { answered: 512, open: 640, unread: None, per_client: None };

/// A socket that is bound and not yet served.
pub(crate) struct Listening {
    listener: LocalListener,
    /// Delivers the new listener when the socket was created again.
    renewed: mpsc::Receiver<LocalListener>,
}

/// Keeps the socket at its path: creates it again when it was removed.
pub(crate) struct SocketKeeper {
    path: PathBuf,
    /// The socket that this engine created.
    ours: Option<Identity>,
    renew: mpsc::Sender<LocalListener>,
}

/// The pause between two checks of the socket.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// Binds the local socket, private to this user. Call it only while holding the engine lock: then a
/// socket that nothing listens at is left over from an earlier engine, and is replaced.
///
/// # Errors
/// `invalid_request` when the path is in use, with a hint.
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
            return Err(in_the_way("not a socket of Claude Worker"));
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
    /// Creates the socket again when it was removed or replaced, until `closing`. `may` says whether
    /// this engine still owns the directory. Returns itself, for [`SocketKeeper::remove`] at the end.
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
                () = tokio::time::sleep(CHECK_EVERY) => {}
            }
            let (path, ours, may) = (self.path.clone(), self.ours, may.clone());
            // On a blocking thread, because the disk may be slow.
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
                    tracing::warn!(path = %self.path.display(), "the socket was removed; created again");
                    self.ours = Identity::at(&self.path).ok();
                    refused = false;
                    drop(self.renew.send(listener).await);
                }
                Err(error) if !std::mem::replace(&mut refused, true) => {
                    tracing::error!(%error, "the socket was removed and cannot be created again");
                }
                Err(_) => {}
            }
        }
    }

    /// Removes the socket, unless another engine has replaced it.
    pub(crate) fn remove(&self) {
        if self.ours.is_some() && Identity::at(&self.path).ok() == self.ours {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Serves `api` and `probes` until the sender of `closing` is dropped and the last answers have been
/// sent.
pub(crate) async fn serve<A: Served + 'static>(
    listening: Listening,
    api: Arc<A>,
    probes: Router,
    traffic: Arc<Traffic>,
    closing: watch::Receiver<()>,
) {
    let routes = routes::router(api, closing.clone())
        .layer(Extension(Principal::Local))
        .layer(middleware::from_fn(with_permit));
    let routes = counted(speaking_our_protocol(routes), Arc::clone(&traffic)).merge(probes);
    let opened = || traffic.connection(ListenerKind::Socket);
    serve_connections(SameUser(listening), routes, BOUNDS, opened, closing).await;
}

/// Accepts only connections of this user (and of root, who could read everything anyway).
struct SameUser(Listening);

impl Listener for SameUser {
    type Io = LocalStream;
    type Addr = Endpoints;

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
                Ok(peer) if is_trusted(peer) => return (stream, Endpoints::default()),
                Ok(peer) => tracing::warn!(uid = peer, "another user's connection refused"),
                Err(error) => tracing::warn!(%error, "a connection of unknown origin refused"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Endpoints::default())
    }
}

/// Waits before the next accept, unless the connection broke before it was accepted. Other errors
/// mean a lack of file descriptors or memory, which lasts for a while.
async fn wait_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept a connection");
        tokio::time::sleep(CHECK_EVERY).await;
    }
}
