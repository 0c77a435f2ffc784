//! A [`TaskApi`] over the wire.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use claude_worker_api::{Answer, ApiError, Call, Repeat, TaskApi};
use claude_worker_paths::Paths;
use tokio::sync::Mutex;

use crate::key::new_key;
use crate::next_engine::WaitForNextEngine;
use crate::request::Request;
use crate::retry::{Attempts, FIND_ENGINE_WITHIN, Failed, Next, SILENT_AFTER};
use crate::silent_engine::SilentEngine;
use crate::start::Starter;
use crate::stop_marker;
use crate::task_context::may_run_again;
use crate::transport::{Address, Answered, NoAnswer};

/// A client of one engine. Each call uses a connection of its own.
#[derive(Debug, Clone)]
pub struct EngineClient {
    address: Address,
    /// The paths of the engine at `address`, if it is the local one.
    paths: Option<Paths>,
    /// Whether `CLAUDE_WORKER_SERVER_URL` names the address.
    is_named: bool,
    starter: Option<Starter>,
    /// Whether an engine has answered this client or a clone of it. If so, the client does not start
    /// the engine again after a person has stopped it.
    has_connected: Arc<AtomicBool>,
    /// Held while an engine is being started.
    starting: Arc<Mutex<()>>,
    /// How many engines this client and its clones have started.
    started: Arc<AtomicU64>,
    /// Called when a start has created the data directory.
    on_new_directory: Option<fn(&Paths)>,
    /// Called once, when the engine has not answered for some seconds.
    on_silence: Option<fn(&SilentEngine)>,
    /// Whether it was called.
    told_silence: Arc<AtomicBool>,
}

impl EngineClient {
    /// A client that talks to `address` and never starts an engine.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            paths: None,
            is_named: false,
            starter: None,
            has_connected: Arc::default(),
            starting: Arc::default(),
            started: Arc::default(),
            on_new_directory: None,
            on_silence: None,
            told_silence: Arc::default(),
        }
    }

    /// The same client, which calls `tell` after it has started an engine whose data directory did not exist.
    #[must_use]
    pub const fn on_new_directory(mut self, tell: fn(&Paths)) -> Self {
        self.on_new_directory = Some(tell);
        self
    }

    /// The same client, which calls `tell` once when the engine of this machine has not answered for
    /// [`SILENT_AFTER`].
    #[must_use]
    pub const fn on_silence(mut self, tell: fn(&SilentEngine)) -> Self {
        self.on_silence = Some(tell);
        self
    }

    /// A client of the engine that the environment names. With a starter, a call that finds no
    /// engine at the local socket first starts one in the background. But if an engine has answered
    /// this client and was then told to stop, the call fails with `unavailable`.
    ///
    /// # Errors
    /// `invalid_request` when the environment variables name no usable address.
    pub fn from_env(paths: &Paths, starter: Option<Starter>) -> Result<Self, ApiError> {
        let address = Address::from_env(paths)?;
        let ours = address == Address::Socket(paths.socket.clone());
        Ok(if ours {
            Self::of(paths, starter)
        } else {
            Self { is_named: true, ..Self::new(address) }
        })
    }

    /// A client of the engine of this data directory, at its local socket, whatever the environment names.
    #[must_use]
    pub fn of(paths: &Paths, starter: Option<Starter>) -> Self {
        let address = Address::Socket(paths.socket.clone());
        Self { paths: Some(paths.clone()), starter, ..Self::new(address) }
    }

    /// A client of the engine that the environment names, or of this user's own. A call that finds
    /// none starts one, if `claude-worker` is installed.
    ///
    /// # Errors
    /// `invalid_request` and `forbidden` when the environment names no engine that can be used.
    pub fn of_this_user() -> Result<Self, ApiError> {
        let paths = Paths::from_env()?;
        Self::from_env(&paths, Starter::installed(&paths))
    }

    /// The address of the engine.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request until it is answered or [`Attempts`] gives up.
    async fn send(&self, request: &Request) -> Result<Answered, ApiError> {
        let mut attempts = Attempts::default();
        let mut next_engine = WaitForNextEngine::new();
        loop {
            let started = self.started.load(Ordering::Relaxed);
            let no_answer = match self.send_once(request).await {
                Ok(answered) => {
                    self.has_connected.store(true, Ordering::Relaxed);
                    return Ok(answered);
                }
                Err(NoAnswer::Refused(error)) => return Err(error),
                Err(no_answer) => no_answer,
            };
            let failed = match &no_answer {
                NoAnswer::NotReachable(_)
                    if next_engine.wait_if_expected(self.paths.as_ref()).await =>
                {
                    attempts.waited_for_next_engine();
                    continue;
                }
                NoAnswer::NotReachable(_) if self.starter.is_some() => Failed::NotThere,
                NoAnswer::NotReachable(_) | NoAnswer::Refused(_) | NoAnswer::Silent(_) => {
                    return Err(self.error(no_answer));
                }
                NoAnswer::Stopping(_) | NoAnswer::Proxy(_) => Failed::Stopping,
                NoAnswer::Broken(_) => Failed::Broken,
            };
            match (attempts.next(failed, request.may_repeat), &self.starter) {
                (Next::SendAgain(pause), _) => tokio::time::sleep(pause).await,
                (Next::StartEngine, Some(starter)) => {
                    if self.has_connected.load(Ordering::Relaxed)
                        && stop_marker::was_stopped(&starter.paths)
                    {
                        return Err(was_stopped());
                    }
                    // One at a time: of many calls at once each would start a process, and all but one would
                    // end again.
                    let _turn = self.starting.lock().await;
                    if self.started.load(Ordering::Relaxed) == started {
                        let is_new = !starter.paths.home.exists();
                        starter.start(&self.address).await?;
                        if let Some(tell) = self.on_new_directory.filter(|_| is_new) {
                            tell(&starter.paths);
                        }
                        self.started.fetch_add(1, Ordering::Relaxed);
                    }
                }
                (Next::StartEngine | Next::GiveUp, _) => return Err(self.error(no_answer)),
            }
        }
    }

    /// Sends a request once, and tells when its answer takes unusually long.
    async fn send_once(&self, request: &Request) -> Result<Answered, NoAnswer> {
        let sending = self.address.send(request);
        let (Some(tell), Some(paths)) = (self.on_silence, &self.paths) else {
            return sending.await;
        };
        let mut sending = pin!(sending);
        // A stopped process answers nothing. One that runs may take its time for what takes time.
        for (after, only_if_stopped) in [(SILENT_AFTER, !request.is_quick), (request.waits, false)]
        {
            if let Ok(answer) = tokio::time::timeout(after, &mut sending).await {
                return answer;
            }
            if let Some(engine) = SilentEngine::of(paths)
                && (engine.is_stopped() || !only_if_stopped)
                && !self.told_silence.swap(true, Ordering::Relaxed)
            {
                tell(&engine);
            }
        }
        sending.await
    }

    /// The error for a request without an answer.
    fn error(&self, no_answer: NoAnswer) -> ApiError {
        match no_answer {
            NoAnswer::Refused(error) | NoAnswer::Stopping(error) | NoAnswer::Proxy(error) => error,
            NoAnswer::Silent(seconds) => match self.paths.as_ref().and_then(SilentEngine::of) {
                Some(engine) => ApiError::unavailable(format!(
                    "The engine (process {}) did not answer within {seconds} s",
                    engine.pid()
                ))
                .hint(engine.advice()),
                None => ApiError::unavailable(format!("The engine did not answer within {seconds} s"))
                    .hint("See `claude-worker doctor` and the engine's log"),
            },
            NoAnswer::NotReachable(error) => {
                not_reachable(&self.address, self.is_named, &error)
            }
            NoAnswer::Broken(error) => {
                ApiError::unavailable(format!("The connection broke before the answer: {error}"))
                    .hint("Check with `claude-worker list` whether the request was carried out, then try again")
            }
        }
    }

    /// Sends a call without changing it. With `has_key` it may be repeated because of its key.
    async fn exchange<C: Call>(&self, call: &C, has_key: bool) -> Result<C::Answer, ApiError> {
        let mut request = Request::of(call)?;
        request.may_repeat |= has_key;
        let bound = request.within + FIND_ENGINE_WITHIN;
        // On the heap: the futures of all calls have this one inside, and some threads have small stacks.
        let sending = Box::pin(self.send(&request));
        let answered = tokio::time::timeout(bound, sending).await.map_err(|_| {
            ApiError::unavailable(format!("No answer within {} s", bound.as_secs()))
                .hint("See `claude-worker server health` and the engine's log")
        })??;
        let header = |name: &str| Some(answered.headers.get(name)?.to_str().ok()?.to_owned());
        C::Answer::from_reply(header, answered.body)
    }
}

impl TaskApi for EngineClient {
    async fn call<C: Call>(&self, mut call: C) -> Result<C::Answer, ApiError> {
        // With a key, the engine recognises a repeated submission. A retry gets none by itself: an older
        // engine would refuse the field.
        if let Some(key) = call.idempotency_key().filter(|_| C::METHOD.repeat == Repeat::Keyed) {
            key.get_or_insert_with(new_key);
        }
        let has_key = call.idempotency_key().is_some_and(|key| key.is_some());
        if let Some((task, asked_by)) = call.asked_by() {
            asked_by.parent = may_run_again(&PlainCalls(self), task).await?;
        }
        self.exchange(&call, has_key).await
    }
}

/// Calls that the client makes on its own before it sends the caller's request.
struct PlainCalls<'a>(&'a EngineClient);

impl TaskApi for PlainCalls<'_> {
    async fn call<C: Call>(&self, call: C) -> Result<C::Answer, ApiError> {
        self.0.exchange(&call, false).await
    }
}

fn was_stopped() -> ApiError {
    ApiError::unavailable("The engine was stopped").hint(
        "Running tasks keep running, and queued tasks are kept: `claude-worker server start` continues the queue",
    )
}

/// `is_named`: the address is not that of the local engine.
fn not_reachable(address: &Address, is_named: bool, error: &std::io::Error) -> ApiError {
    match address {
        // The local engine's path comes from the data directory: a start makes a socket there, and nowhere else.
        Address::Socket(path) if is_named => ApiError::unavailable(format!(
            "No engine answers at {}, which CLAUDE_WORKER_SERVER_URL names: {error}",
            path.display()
        ))
        .hint("Correct CLAUDE_WORKER_SERVER_URL, or unset it to use the local engine"),
        Address::Socket(path) => {
            ApiError::unavailable("No engine is running").hint(match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
                    "Start one with `claude-worker server start`".to_owned()
                }
                _ => format!("{}: {error}", path.display()),
            })
        }
        Address::Http { url, .. } => {
            ApiError::unavailable(format!("No engine answers at {url}: {error}")).hint(
                "`claude-worker doctor` examines the way to it. Check CLAUDE_WORKER_SERVER_URL, or unset \
                 it to use the local engine",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{ErrorCode, NewTask, PROTOCOL, StopRequest};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};

    use super::*;
    use crate::test_starter;

    /// Reads one request and sends one answer; returns the request.
    async fn answer(listener: &UnixListener, status: &str, body: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = request(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 {status}\r\nx-claude-worker-protocol: {PROTOCOL}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        asked
    }

    async fn request(stream: &mut UnixStream) -> String {
        let mut text = Vec::new();
        loop {
            stream.read_buf(&mut text).await.unwrap();
            let asked = String::from_utf8(text.clone()).unwrap();
            // The client sends its whole request before it reads an answer.
            if let Some((head, body)) = asked.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    return asked;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_submission_whose_answer_is_lost_is_sent_again_with_the_same_key() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let client = EngineClient::new(Address::Socket(socket));
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let first = request(&mut stream).await;
            drop(stream);
            let error = r#"{"code":"queue_full","message":"full"}"#;
            (first, answer(&listener, "429 Too Many Requests", error).await)
        };
        let (refused, (first, second)) = tokio::join!(client.submit(NewTask::default()), server);
        assert_eq!(refused.unwrap_err().code, ErrorCode::QueueFull);
        let key = |asked: &str| -> NewTask {
            serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap()
        };
        assert!(key(&first).idempotency_key.is_some_and(|key| key.len() == 32));
        assert_eq!(key(&first), key(&second));
    }

    #[tokio::test]
    async fn a_request_to_an_engine_that_is_stopping_is_sent_again() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let client = EngineClient::new(Address::Socket(socket));
        let stopping = r#"{"code":"unavailable","message":"The engine is shutting down"}"#;
        let server = async {
            answer(&listener, "503 Service Unavailable", stopping).await;
            answer(&listener, "200 OK", r#"{"directories":[]}"#).await;
            // A request that must not be repeated is sent once.
            answer(&listener, "503 Service Unavailable", stopping).await;
        };
        let client = async {
            client.trusted().await.unwrap();
            client.stop(StopRequest::default()).await.unwrap_err()
        };
        let (error, ()) = tokio::join!(client, server);
        assert_eq!(error.message, "The engine is shutting down");
    }

    #[tokio::test]
    async fn a_submission_through_a_proxy_without_an_engine_is_sent_again() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let client = EngineClient::new(Address::Socket(socket));
        // What nginx says while the engine starts anew.
        let proxy = async |status: &str| {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = request(&mut stream).await;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 6\r\n\r\n<html>");
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked
        };
        let server = async {
            let first = proxy("502 Bad Gateway").await;
            let error = r#"{"code":"queue_full","message":"full"}"#;
            let second = answer(&listener, "429 Too Many Requests", error).await;
            assert_eq!(first, second, "with the same key");
            // A request that must not be repeated is sent once.
            proxy("504 Gateway Timeout").await;
            proxy("413 Content Too Large").await;
            proxy("200 OK").await;
        };
        let client = async {
            assert_eq!(
                client.submit(NewTask::default()).await.unwrap_err().code,
                ErrorCode::QueueFull
            );
            let once = async || client.stop(StopRequest::default()).await.unwrap_err();
            [once().await, once().await, once().await]
        };
        let ([gone, large, foreign], ()) = tokio::join!(client, server);
        assert_eq!(gone.code, ErrorCode::Unavailable);
        assert!(gone.message.contains("The proxy at localhost reaches no engine"), "{gone}");
        assert!(large.message.contains("too large for the proxy"), "{large}");
        assert!(foreign.message.contains("is not Claude Worker"), "{foreign}");
    }

    #[tokio::test]
    async fn only_a_new_client_starts_a_stopped_engine_again() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = test_starter::starter(&paths, "echo started >> \"$0\"; echo '{}'");
        let client = EngineClient {
            starter: Some(starter),
            ..EngineClient::new(Address::Socket(paths.socket.clone()))
        };
        let count = || test_starter::starts(&paths);
        let ask = async || client.engine().await.unwrap_err().message;

        stop_marker::leave(&paths);
        ask().await;
        let before = count();
        assert!(before > 0, "a new client starts one");
        client.has_connected.store(true, Ordering::Relaxed);
        assert_eq!(ask().await, "The engine was stopped");
        assert_eq!(count(), before, "a client that had an answer starts none");
        stop_marker::remove(&paths);
        ask().await;
        assert!(count() > before, "after a crash it starts one");
    }
}
