//! Serving connections, the same at both doors: never too many, none that holds a place without
//! saying what it wants, and none that outlives the engine for long.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutWriter;

/// How long a connection may take to send the head of a request, the first and any later one.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long open connections may take to end once the doors are closed.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many may be open at once; more wait to be accepted.
    pub(crate) open: usize,
    /// How long one may leave an answer unread before it is cut off; as long as it likes when there
    /// is no such time.
    pub(crate) unread: Option<Duration>,
}

/// Serves what `listener` accepts until the sender of `closing` is dropped and the last answers
/// have been sent or cut off. Nothing of `routes` is left when it returns.
pub(crate) async fn serve_connections(
    mut listener: impl Listener,
    routes: Router,
    bounds: Bounds,
    closing: watch::Receiver<()>,
) {
    let mut open = JoinSet::new();
    let mut closed = pin!(until_closed(closing.clone()));
    loop {
        tokio::select! {
            () = &mut closed => break,
            Some(_) = open.join_next() => {}
            (stream, _) = listener.accept(), if open.len() < bounds.open => {
                // For what is read there is `HEAD_WITHIN`.
                let mut stream = TimeoutWriter::new(stream);
                stream.set_timeout(bounds.unread);
                open.spawn(converse(Box::pin(stream), routes.clone(), closing.clone()));
            }
        }
    }
    // From here on a client finds nobody, instead of waiting for an answer that never comes.
    drop(listener);
    let last_answers = async { while open.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_ANSWERS, last_answers).await;
    // Whoever still holds a connection must not hold the engine too.
    open.shutdown().await;
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    routes: Router,
    closing: watch::Receiver<()>,
) {
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut conversation = pin!(conversation);
    let result = tokio::select! {
        result = conversation.as_mut() => result,
        () = until_closed(closing) => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = result {
        // The other end's doing: it went away, sent what is not HTTP, or took too long.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Resolves when the sender is gone; nothing is ever sent.
pub(crate) async fn until_closed(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;

    /// A server with one page, and how to reach and close it. Each connection that is open holds
    /// a clone of the marker.
    async fn server(
        bounds: Bounds,
    ) -> (std::net::SocketAddr, watch::Sender<()>, Arc<()>, tokio::task::JoinHandle<()>) {
        let marker = Arc::new(());
        let held = Arc::clone(&marker);
        let routes = Router::new().route(
            "/",
            get(move || {
                let _held = &held;
                async { "here" }
            }),
        );
        // More than any socket holds.
        let routes = routes.route("/large", get(|| async { "x".repeat(64 << 20) }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (close, closing) = watch::channel(());
        let serving = tokio::spawn(serve_connections(listener, routes, bounds, closing));
        (address, close, marker, serving)
    }

    async fn send(address: std::net::SocketAddr, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text).await.unwrap();
        stream
    }

    const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_connection_that_never_says_what_it_wants_is_cut_off() {
        let (address, _close, _marker, _serving) = server(Bounds { open: 1, unread: None }).await;
        let mut silent = send(address, b"GET / HT").await;
        // There is one place only, and this request gets it when the silent one has lost it.
        let mut other = send(address, WHOLE).await;
        let mut answer = String::new();
        timeout(HEAD_WITHIN * 6, other.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let mut rest = Vec::new();
        // It is either closed or told what is wrong; it is at its end in any case.
        let _ = timeout(HEAD_WITHIN, silent.read_to_end(&mut rest)).await.expect("an end");
    }

    #[tokio::test]
    async fn a_connection_that_never_reads_its_answer_is_cut_off() {
        let bounds = Bounds { open: 1, unread: Some(Duration::from_millis(200)) };
        let (address, _close, _marker, _serving) = server(bounds).await;
        let mut deaf = send(address, b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
        // There is one place only, and this request gets it when the deaf one has lost it.
        let mut other = send(address, WHOLE).await;
        let mut answer = String::new();
        timeout(HEAD_WITHIN * 6, other.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        let mut rest = Vec::new();
        let _ = timeout(HEAD_WITHIN, deaf.read_to_end(&mut rest)).await.expect("an end");
        assert!(rest.len() < 64 << 20, "all was sent");
    }

    #[tokio::test]
    async fn nothing_of_the_engine_is_left_when_the_doors_are_closed() {
        let (address, close, marker, serving) = server(Bounds { open: 8, unread: None }).await;
        let _silent = send(address, b"GET / HT").await;
        let mut answered = send(address, WHOLE).await;
        let mut answer = String::new();
        answered.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        drop(close);
        timeout(LAST_ANSWERS * 5, serving).await.expect("it ends").unwrap();
        assert_eq!(Arc::strong_count(&marker), 1);
    }
}
