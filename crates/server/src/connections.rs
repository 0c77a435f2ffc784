//! Serving connections, the same for the local socket and TCP. The number of requests that are answered
//! at once is limited by permits. A connection holds a permit only from an admitted request until its
//! answer is written, so idle connections cannot block requests of others. When too many connections
//! are open, the one that has been idle longest is closed. What one address may hold is in `share.rs`.

mod held_body;
mod permit;
mod share;
mod slow_body;
mod token_share;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::Listener;
use claude_worker_api::ApiError;
use claude_worker_engine::Principal;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio_io_timeout::TimeoutWriter;

pub(crate) use self::held_body::holding;
use self::permit::{AnswerGuard, Connection, FlushNotifier, Permits};
use self::share::ClientAddress;
pub(crate) use self::share::PerClient;
use self::slow_body::SlowBody;
use crate::refusal;
use crate::request::LARGEST_BODY;

/// How long a connection may take to send the head of a request, the first and any later one.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long a request waits for a permit.
const PERMIT_WITHIN: Duration = Duration::from_secs(30);
/// How long open connections may take to end after the server stops accepting.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The addresses at both ends of a connection over TCP; part of each of its requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Endpoints {
    /// The client, or a proxy.
    pub(crate) peer: Option<SocketAddr>,
    /// The address of this machine to which it connected.
    pub(crate) local: Option<SocketAddr>,
}

/// The limits of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many requests are answered at once; more wait.
    pub(crate) answered: usize,
    /// How many connections may be open at once, including those.
    pub(crate) open: usize,
    /// How long a client may leave an answer unread before its connection is closed; `None` for no
    /// limit.
    pub(crate) unread: Option<Duration>,
    /// How clients are told apart, each of which may hold a share of all that; `None` when all of them are
    /// one.
    pub(crate) per_client: Option<PerClient>,
}

/// How many bytes of large bodies may be in memory at once.
const BODIES: usize = 128 * 1024 * 1024;
/// How many bytes of large answers over TCP may wait at once to be read.
const ANSWERS: usize = 256 * 1024 * 1024;
/// A body up to this size is not counted. Larger ones are counted in units of it.
const SMALL_BODY: usize = 64 * 1024;
/// The largest head of a request.
const LARGEST_HEAD: usize = 64 * 1024;

/// Serves the connections of `listener` until the sender of `closing` is dropped and the last answers
/// have been sent or aborted. All clones of `routes` are dropped when it returns.
///
/// Admitted requests must pass through [`with_permit`]. Each connection holds what `opened` gives for as long
/// as it is open.
pub(crate) async fn serve_connections<T: Send + 'static>(
    mut listener: impl Listener<Addr = Endpoints>,
    routes: Router,
    bounds: Bounds,
    opened: impl Fn() -> T,
    closing: watch::Receiver<()>,
) {
    let permits =
        Arc::new(Permits::new(bounds.answered, BODIES / SMALL_BODY, ANSWERS / SMALL_BODY));
    let mut open = Open::default();
    let mut closed = pin!(until_closed(closing.clone()));
    loop {
        let has_room = open.tasks.len() < bounds.open || open.longest_idle(None).is_some();
        tokio::select! {
            () = &mut closed => break,
            () = open.next_ended(), if !open.tasks.is_empty() => {}
            (stream, endpoints) = listener.accept(), if has_room => {
                let client = bounds.per_client.and_then(|per| per.of_connection(&endpoints));
                if let Some(client) = client
                    && open.held_by(client) >= client.share_of(bounds.open)
                {
                    if !open.close_longest_idle(Some(client)) {
                        tracing::debug!(?client, "a connection refused: this client has its share");
                        continue;
                    }
                    open.next_ended().await;
                }
                // Reading is limited by `HEAD_WITHIN` and `SlowBody`.
                let mut stream = TimeoutWriter::new(stream);
                stream.set_timeout(bounds.unread);
                let connection =
                    Arc::new(Connection::new(Arc::clone(&permits), bounds.per_client, endpoints));
                let stream = FlushNotifier::new(Box::pin(stream), Arc::clone(&connection));
                let serving =
                    serve_connection(stream, endpoints, routes.clone(), Arc::clone(&connection), closing.clone());
                let counted = opened();
                let task = open.tasks.spawn(async move {
                    serving.await;
                    drop(counted);
                });
                open.connections.insert(task.id(), Held { connection, task, client });
                while open.tasks.len() > bounds.open && open.close_longest_idle(None) {
                    open.next_ended().await;
                }
            }
        }
    }
    // From here on clients are refused a connection, instead of waiting for an answer in vain.
    drop(listener);
    let last_answers = async { while open.tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_ANSWERS, last_answers).await;
    // The remaining connections must not keep the engine alive.
    open.tasks.shutdown().await;
}

/// The open connections, each with its task.
#[derive(Default)]
struct Open {
    tasks: JoinSet<()>,
    connections: HashMap<Id, Held>,
}

struct Held {
    connection: Arc<Connection>,
    task: AbortHandle,
    /// Who holds it, if that is known.
    client: Option<ClientAddress>,
}

impl Open {
    /// Returns when a connection has ended; at once if none is open. Cancel safe.
    async fn next_ended(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return,
        };
        self.connections.remove(&id);
    }

    /// How many connections this client holds.
    fn held_by(&self, client: ClientAddress) -> usize {
        self.connections.values().filter(|held| held.client == Some(client)).count()
    }

    /// The connection that has had no request for the longest time, of all or of one client.
    fn longest_idle(&self, of: Option<ClientAddress>) -> Option<&Held> {
        let idle = |held: &&Held| {
            (of.is_none() || held.client == of) && held.connection.idle_since().is_some()
        };
        self.connections.values().filter(idle).min_by_key(|held| held.connection.idle_since())
    }

    /// Closes the connection that has been idle longest, of all or of one client; returns whether there
    /// was one.
    fn close_longest_idle(&self, of: Option<ClientAddress>) -> bool {
        while let Some(held) = self.longest_idle(of) {
            // A request may have begun in the meantime.
            if held.connection.close_if_idle() {
                held.task.abort();
                return true;
            }
        }
        false
    }
}

/// Answers the requests of one connection.
async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    endpoints: Endpoints,
    routes: Router,
    connection: Arc<Connection>,
    closing: watch::Receiver<()>,
) {
    let routes = TowerToHyperService::new(routes);
    let requests = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(endpoints);
        request.extensions_mut().insert(Arc::clone(&connection));
        routes.call(request)
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), requests);
    let mut conversation = pin!(conversation);
    let result = tokio::select! {
        result = conversation.as_mut() => result,
        () = until_closed(closing) => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = result {
        // Caused by the client: it disconnected, did not send HTTP, or took too long.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers an admitted request: takes a permit, waiting for one if necessary, and keeps it until the
/// answer is written. The body must arrive in time.
pub(crate) async fn with_permit(request: Request, next: Next) -> Response {
    let Some(connection) = request.extensions().get::<Arc<Connection>>().cloned() else {
        return next.run(request).await;
    };
    // Without a length it may have the largest; larger ones are refused.
    let length = request.body().size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    let body = length.unwrap_or(LARGEST_BODY).min(LARGEST_BODY);
    let units = if body > SMALL_BODY { body.div_ceil(SMALL_BODY) } else { 0 };
    let token = request.extensions().get::<Principal>().and_then(Principal::token_id);
    let Some(share) = connection.share_of_token(token) else { return busy() };
    let permit = connection.take_permit(request.headers(), units, share);
    match tokio::time::timeout(PERMIT_WITHIN, permit).await {
        Ok(true) => {}
        // The connection is being closed.
        Ok(false) => return busy(),
        Err(_) => {
            connection.answered();
            return busy();
        }
    }
    // Frees the permit also if this future is dropped.
    let guard = AnswerGuard::new(Arc::clone(&connection));
    let (request, came_late) = SlowBody::watch(request);
    let response = next.run(request).await;
    let response = if came_late.get() { slow_body::refusal() } else { response };
    let size = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    let units =
        size.filter(|bytes| *bytes > SMALL_BODY).map_or(0, |bytes| bytes.div_ceil(SMALL_BODY));
    // It is dropped now, and not kept while it waits.
    let response = if connection.keep_answer(units) { response } else { busy() };
    guard.with(response)
}

fn busy() -> Response {
    refusal::refuse(
        ApiError::unavailable("The engine has too many requests at once")
            .hint("Try again, with fewer requests at once"),
    )
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

    /// A listener that takes connections from 127.0.0.2 and so on for those of other machines.
    struct Here(TcpListener);

    impl Listener for Here {
        type Io = TcpStream;
        type Addr = Endpoints;

        async fn accept(&mut self) -> (TcpStream, Endpoints) {
            let (stream, peer) = Listener::accept(&mut self.0).await;
            let mut peer = peer;
            if let std::net::IpAddr::V4(address) = peer.ip()
                && address.octets()[3] > 1
            {
                peer.set_ip([203, 0, 113, address.octets()[3]].into());
            }
            (stream, Endpoints { peer: Some(peer), local: None })
        }

        fn local_addr(&self) -> std::io::Result<Endpoints> {
            Ok(Endpoints::default())
        }
    }

    /// Starts a server. Returns its address, the sender that closes it, a marker of which each open
    /// connection holds a clone, and the server's task.
    async fn server(
        bounds: Bounds,
    ) -> (SocketAddr, watch::Sender<()>, Arc<()>, tokio::task::JoinHandle<()>) {
        let marker = Arc::new(());
        let held = Arc::clone(&marker);
        let routes = Router::new().route(
            "/",
            get(move || {
                let _held = &held;
                async { "here" }
            }),
        );
        // Larger than any socket buffer.
        let routes = routes.route("/large", get(|| async { "x".repeat(64 << 20) }));
        // Never answered.
        let routes = routes.route("/held", get(std::future::pending::<&str>));
        let routes = routes.layer(axum::middleware::from_fn(with_permit));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (close, closing) = watch::channel(());
        let listener = Here(listener);
        let serving = tokio::spawn(serve_connections(listener, routes, bounds, || (), closing));
        (address, close, marker, serving)
    }

    async fn send(address: SocketAddr, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text).await.unwrap();
        stream
    }

    const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    fn bounds(answered: usize, open: usize) -> Bounds {
        Bounds { answered, open, unread: None, per_client: None }
    }

    async fn answer_to(mut stream: TcpStream) -> String {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn connections_that_send_no_request_delay_no_request() {
        let (address, _close, _marker, _serving) = server(bounds(4, 16)).await;
        let mut silent = Vec::new();
        // Ten times as many as may be open, half of them with a part of a request.
        for number in 0..160 {
            let begun: &[u8] = if number % 2 == 0 { b"GET / HT" } else { b"" };
            silent.push(send(address, begun).await);
            if number % 16 == 0 {
                let answer = timeout(HEAD_WITHIN / 5, answer_to(send(address, WHOLE).await)).await;
                assert!(answer.expect("at once").ends_with("here"));
            }
        }
        // The first one was closed to make room for others, the last ones after `HEAD_WITHIN`.
        for number in [0, 159] {
            let stream = &mut silent[number];
            let mut rest = Vec::new();
            let _ = timeout(HEAD_WITHIN * 3, stream.read_to_end(&mut rest)).await.expect("an end");
        }
    }

    #[tokio::test]
    async fn requests_beyond_the_bound_wait_and_keep_their_connections() {
        const HELD: &[u8] = b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n";
        let (address, _close, _marker, _serving) = server(bounds(2, 4)).await;
        let held = [send(address, HELD).await, send(address, HELD).await];
        let mut waiting = send(address, WHOLE).await;
        let mut first = [0];
        let early = timeout(Duration::from_millis(300), waiting.read(&mut first)).await;
        assert!(early.is_err(), "answered although both permits are taken");
        // Idle connections displace neither the waiting request nor those being answered.
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(send(address, b"").await);
        }
        drop(held);
        let answer = timeout(HEAD_WITHIN, answer_to(waiting)).await.expect("a permit is free");
        assert!(answer.ends_with("here"), "{answer}");
    }

    #[tokio::test]
    async fn a_connection_holds_no_permit_between_its_requests() {
        const KEPT: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let (address, _close, _marker, _serving) = server(bounds(1, 8)).await;
        let mut kept = send(address, KEPT).await;
        for _ in 0..3 {
            let mut answer = [0; 4096];
            let read = timeout(HEAD_WITHIN, kept.read(&mut answer)).await.unwrap().unwrap();
            assert!(answer[..read].ends_with(b"here"));
            let other = timeout(HEAD_WITHIN / 5, answer_to(send(address, WHOLE).await)).await;
            assert!(other.expect("at once").ends_with("here"));
            kept.write_all(KEPT).await.unwrap();
        }
    }

    /// Sends text from a machine with this number.
    async fn send_from(machine: u8, address: SocketAddr, text: &[u8]) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, machine], 0))).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(text).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn one_client_cannot_hold_all_connections() {
        const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n";
        let per_client = Some(PerClient { behind_proxy: false });
        let bounds = Bounds { per_client, ..bounds(8, 8) };
        let (address, _close, _marker, _serving) = server(bounds).await;
        let idle = send_from(2, address, b"").await;
        let mut held = [send_from(2, address, LARGE).await, send_from(2, address, LARGE).await];
        for stream in &mut held {
            // From here on it is being answered.
            stream.read_exact(&mut [0]).await.unwrap();
        }
        // The idle one made room; none of the others does.
        for mut stream in [idle, send_from(2, address, b"").await] {
            let end = timeout(HEAD_WITHIN, stream.read(&mut [0])).await.expect("at once");
            assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
        }
        for machine in [1, 3] {
            let answer = answer_to(send_from(machine, address, WHOLE).await);
            let answer = timeout(HEAD_WITHIN / 5, answer).await.expect("at once");
            assert!(answer.ends_with("here"), "{answer}");
        }
        drop(held);
        let mut again = String::new();
        while !again.ends_with("here") {
            // Until the server has seen that they are gone.
            let mut stream = send_from(2, address, WHOLE).await;
            again.clear();
            drop(timeout(HEAD_WITHIN, stream.read_to_string(&mut again)).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_connection_that_never_reads_its_answer_is_closed() {
        let unread = Some(Duration::from_millis(200));
        let bounds = Bounds { unread, ..bounds(1, 8) };
        let (address, _close, _marker, _serving) = server(bounds).await;
        let mut unread = send(address, b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
        // There is only one permit, and this request gets it when the first connection is closed.
        let mut other = send(address, WHOLE).await;
        let mut answer = String::new();
        timeout(HEAD_WITHIN * 6, other.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        let mut rest = Vec::new();
        let _ = timeout(HEAD_WITHIN, unread.read_to_end(&mut rest)).await.expect("an end");
        assert!(rest.len() < 64 << 20, "all was sent");
    }

    #[tokio::test]
    async fn a_closed_server_leaves_no_reference_to_the_engine() {
        let (address, close, marker, serving) = server(bounds(8, 8)).await;
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
