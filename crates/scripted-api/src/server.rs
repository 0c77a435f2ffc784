//! The server: answers requests as the script says.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::conversation::Conversation;
use crate::record::{Kind, Log, Request};
use crate::reply::{self, MessageId};
use crate::script::{Fault, Piece, Script, Turn};
use crate::stream;

/// The largest request body: a long conversation with large tool results.
const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// A running server. It lives on a thread of its own, so it serves blocking and asynchronous
/// callers alike. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct ScriptedApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    memory: Mutex<Memory>,
    /// Notified whenever a request has been recorded.
    recorded: Condvar,
}

#[derive(Debug, Default)]
struct Memory {
    log: Log,
    messages: u64,
    /// How often the fault at an index of a prompt's script was answered, by session and prompt.
    failures: HashMap<(String, String, usize), u32>,
}

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScriptedApi {
    /// Starts a server on a free port of the loopback interface. When this returns, it answers.
    ///
    /// # Errors
    /// When no port is free or the thread cannot be started.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0)
    }

    /// Starts a server on this port; 0 chooses a free one.
    ///
    /// # Errors
    /// When the port is in use or the thread cannot be started.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared::default());
        let routes = routes(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                served = axum::serve(listener, routes) => served,
                // An error means that the sender is gone, which also means: stop.
                _ = stopped => Ok(()),
            }
        };
        // The end of the closure drops the runtime and with it every connection, even hanging ones.
        let thread = thread::Builder::new().name("scripted-api".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(serve) {
                eprintln!("The scripted API stopped serving: {error}");
            }
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The value for `ANTHROPIC_BASE_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, oldest first (the newest 10,000).
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.memory().log.all()
    }

    /// How many turns were requested with this text in the newest prompt. A script of one turn that
    /// ran once without retries counts 1.
    #[must_use]
    pub fn turns(&self, marker: &str) -> usize {
        self.shared.memory().log.turns(marker)
    }

    /// Blocks until this many turns were requested with this text in the newest prompt, or until the
    /// timeout. Returns how many there were.
    #[must_use]
    pub fn wait_for_turns(&self, marker: &str, count: usize, limit: Duration) -> usize {
        let memory = self.shared.memory();
        let too_few = |memory: &mut Memory| memory.log.turns(marker) < count;
        let waited = self.shared.recorded.wait_timeout_while(memory, limit, too_few);
        waited.unwrap_or_else(PoisonError::into_inner).0.log.turns(marker)
    }
}

impl Drop for ScriptedApi {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It fails only if the server panicked, and the panic has been printed.
            let _ = thread.join();
        }
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/hello", any(hello))
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(shared)
}

async fn hello(State(shared): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    shared.note(Kind::Hello, &method, &uri, Value::Null);
    json_response(StatusCode::OK, &json!({ "message": "hello" }))
}

async fn unknown(State(shared): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    shared.note(Kind::Unknown, &method, &uri, Value::Null);
    json_response(StatusCode::NOT_FOUND, &reply::error_body(404, "No such address"))
}

async fn count_tokens(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let tokens = body.len() / 4;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    shared.note(Kind::CountTokens, &method, &uri, body);
    json_response(StatusCode::OK, &json!({ "input_tokens": tokens }))
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return json_response(StatusCode::BAD_REQUEST, &reply::error_body(400, "Not JSON"));
    };
    let line = format!("{method} {}", uri.path());
    let conversation = Conversation::read(&body);
    let stream = conversation.stream;
    let (id, turn) = shared.decide(conversation, line, body);
    match turn {
        Turn::Speak { pieces, tool, stop } if stream => {
            stream::respond(|events| stream::speak(events, id, pieces, tool, stop))
        }
        Turn::Speak { pieces, tool, stop } => {
            wait(&pieces).await;
            let text = reply::text_of(&pieces);
            let stop = reply::stop_reason(stop.as_deref(), tool.is_some());
            let message = reply::whole_message(&id, &text, tool.as_ref(), stop);
            json_response(StatusCode::OK, &message)
        }
        Turn::Fail { pieces, fault, .. } if stream && reply::begins(&fault) => {
            stream::respond(|events| stream::fail(events, id, pieces, fault))
        }
        Turn::Fail { pieces, fault: Fault::Status { code, headers, message }, .. } => {
            wait(&pieces).await;
            error_response(code, &headers, &message)
        }
        Turn::Fail { fault: Fault::ErrorEvent | Fault::Cut, .. } => {
            error_response(500, &[], "Internal server error")
        }
        Turn::Fail { fault: Fault::Stall | Fault::Hang, .. } => std::future::pending().await,
    }
}

impl Shared {
    fn note(&self, kind: Kind, method: &Method, uri: &Uri, body: Value) {
        let line = format!("{method} {}", uri.path());
        let request = Request { kind, line, prompt: String::new(), place: 0, body };
        self.memory().log.add(request);
        self.recorded.notify_all();
    }

    /// Chooses the turn to answer with and records the request.
    fn decide(&self, asked: Conversation, line: String, body: Value) -> (MessageId, Turn) {
        let mut memory = self.memory();
        memory.messages += 1;
        let id = MessageId { number: memory.messages, model: asked.model };
        let Conversation { prompt, turns, side, session, .. } = asked;
        if side {
            let request = Request { kind: Kind::Side, line, prompt, place: 0, body };
            memory.log.add(request);
            self.recorded.notify_all();
            // Titles are asked for as JSON; as plain text this is harmless, too.
            return (id, Turn::answer("{\"title\": \"Scripted task\"}"));
        }
        let key = |place| (session.clone(), prompt.clone(), place);
        let failed = |place| memory.failures.get(&key(place)).copied().unwrap_or(0);
        let (place, turn) = Script::parse(&prompt).due(turns, failed);
        if matches!(turn, Turn::Fail { .. }) {
            *memory.failures.entry(key(place)).or_default() += 1;
        }
        memory.log.add(Request { kind: Kind::Turn, line, prompt, place, body });
        self.recorded.notify_all();
        (id, turn)
    }
}

/// Waits as long as the pieces take to stream, for answers that are not streamed.
async fn wait(pieces: &[Piece]) {
    for piece in pieces {
        match piece {
            Piece::Pause(length) => tokio::time::sleep(*length).await,
            Piece::Slow(each) => {
                for _ in reply::slow_words() {
                    tokio::time::sleep(*each).await;
                }
            }
            Piece::Text(_) | Piece::Big(_) => {}
        }
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers = [("content-type", "application/json"), ("request-id", "req_scripted")];
    (status, headers, body.to_string()).into_response()
}

fn error_response(code: u16, headers: &[(String, String)], message: &str) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, &reply::error_body(code, message));
    for (name, value) in headers {
        // A header that HTTP does not allow is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
