//! A [`TaskApi`] over the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use claude_worker_api::{
    ApiError, Asker, CleanQuery, Cleaned, Diagnosis, EngineInfo, ErrorCode, EventPage, EventQuery,
    FollowUp, ListQuery, LogPage, LogQuery, NewTask, OutputChunk, OutputHeaders, OutputQuery,
    Pause, Queue, Retry, RunId, SeenQuery, Settings, SettingsChange, Spent, SpentQuery, StopMode,
    StopRequest, Stopped, Task, TaskApi, TaskDetail, TaskId, TaskPage, Trust, TrustChange,
};
use claude_worker_engine::Paths;
use hyper::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::next_engine::WaitForNextEngine;
use crate::params::{self, EventParams, ListParams, SpentParams};
use crate::random::new_key;
use crate::start::Starter;
use crate::stop_marker;
use crate::task_context::may_run_again;
use crate::transport::{Address, Answer, NoAnswer};

/// How long an ordinary call may take.
const CALL: Duration = Duration::from_secs(30);
/// How long a call may take that ends a process tree first.
const ENDING: Duration = Duration::from_secs(300);

/// How often a call is sent again that may be, and how often it starts an engine: one that hands
/// over leaves it unanswered, and the next one may be killed before it can be asked.
const REPEATS: u32 = 5;
/// How long to leave an engine that is about to go before it is asked again, and how often: its
/// last answers take it some seconds at the most.
const A_MOMENT: Duration = Duration::from_millis(100);
const MOMENTS: u32 = 50;

/// A way to an engine. Each call is a connection of its own.
#[derive(Debug, Clone)]
pub struct EngineClient {
    address: Address,
    /// The places of the engine at `address`, where they are known.
    paths: Option<Paths>,
    starter: Option<Starter>,
    /// Whether an engine has answered this client or a clone of it. One that knew an engine does
    /// not bring it back after somebody has stopped it.
    met: Arc<AtomicBool>,
}

/// What may be done when a connection breaks before the answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Send it again: doing it twice is doing it once.
    Safe,
    /// Say so: it may or may not have been done.
    No,
}

impl EngineClient {
    /// A client that talks to `address` and never starts an engine.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self { address, paths: None, starter: None, met: Arc::default() }
    }

    /// A client of the engine that the environment names. With a starter, a call that finds no
    /// engine at the local socket starts one in the background first; but where this client has
    /// known an engine and that one was told to stop, the call fails with `unavailable`.
    ///
    /// # Errors
    /// `invalid_request` when the environment names no usable place.
    pub fn from_env(paths: &Paths, starter: Option<Starter>) -> Result<Self, ApiError> {
        let address = Address::from_env(paths)?;
        let ours = address == Address::Socket(paths.socket.clone());
        let starter = starter.filter(|_| ours);
        Ok(Self { paths: ours.then(|| paths.clone()), starter, ..Self::new(address) })
    }

    /// Where this client's engine is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        deadline: Duration,
        repeat: Repeat,
    ) -> Result<Answer, ApiError> {
        let mut starts = 0;
        let mut repeats = 0;
        let mut moments = 0;
        let mut next_engine = WaitForNextEngine::default();
        loop {
            match self.address.send(&method, path, body.clone(), deadline).await {
                Ok(answer) => {
                    self.met.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(NoAnswer::Refused(error)) => return Err(error),
                Err(NoAnswer::Leaving(_)) if repeat == Repeat::Safe && moments < MOMENTS => {
                    moments += 1;
                    tokio::time::sleep(A_MOMENT).await;
                }
                Err(NoAnswer::Leaving(error)) => return Err(error),
                Err(NoAnswer::NobodyThere(_))
                    if next_engine.worth_waiting(self.paths.as_ref()).await =>
                {
                    starts = 0;
                }
                Err(NoAnswer::NobodyThere(error)) => match &self.starter {
                    Some(starter) if starts < REPEATS => {
                        if self.met.load(Ordering::Relaxed)
                            && stop_marker::was_stopped(&starter.paths)
                        {
                            return Err(was_stopped());
                        }
                        starter.start(&self.address).await?;
                        starts += 1;
                    }
                    _ => return Err(nobody_there(&self.address, &error)),
                },
                Err(NoAnswer::Broken(_)) if repeat == Repeat::Safe && repeats < REPEATS => {
                    repeats += 1;
                }
                Err(NoAnswer::Broken(error)) => {
                    return Err(ApiError::unavailable(format!(
                        "The engine went away before it answered ({error})"
                    ))
                    .hint("See `claude-worker list` for what was done, and try again"));
                }
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        deadline: Duration,
        repeat: Repeat,
    ) -> Result<T, ApiError> {
        let body = match body {
            Some(body) => serde_json::to_vec(body)
                .map_err(|error| ApiError::invalid(format!("The request cannot be sent: {error}")))?
                .into(),
            None => Bytes::new(),
        };
        let answer = self.send(method, path, body, deadline, repeat).await?;
        read(&answer.body)
    }

    async fn get_json<T: DeserializeOwned>(&self, path: &str, wait_ms: u64) -> Result<T, ApiError> {
        let deadline = CALL + Duration::from_millis(wait_ms.min(60_000));
        self.call(Method::GET, path, None::<&()>, deadline, Repeat::Safe).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&impl Serialize>,
        repeat: Repeat,
    ) -> Result<T, ApiError> {
        self.call(Method::POST, path, body, CALL, repeat).await
    }
}

impl TaskApi for EngineClient {
    async fn submit(&self, mut task: NewTask) -> Result<Task, ApiError> {
        // With a key, the engine recognises what it has already taken on.
        task.idempotency_key.get_or_insert_with(new_key);
        self.post("/api/v1/tasks", Some(&task), Repeat::Safe).await
    }

    async fn list(&self, query: ListQuery) -> Result<TaskPage, ApiError> {
        self.get_json(&params::path("/api/v1/tasks", &ListParams::from(&query)), 0).await
    }

    async fn get(&self, id: TaskId) -> Result<TaskDetail, ApiError> {
        self.get_json(&format!("/api/v1/tasks/{id}"), 0).await
    }

    async fn log(&self, id: TaskId, query: LogQuery) -> Result<LogPage, ApiError> {
        let path = params::path(&format!("/api/v1/tasks/{id}/log"), &query);
        self.get_json(&path, query.wait_ms).await
    }

    async fn output(&self, id: TaskId, query: OutputQuery) -> Result<OutputChunk, ApiError> {
        let path = params::path(&format!("/api/v1/tasks/{id}/output"), &query);
        let deadline = CALL + Duration::from_millis(query.wait_ms.min(60_000));
        let answer = self.send(Method::GET, &path, Bytes::new(), deadline, Repeat::Safe).await?;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let next = header(OutputHeaders::NEXT)
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| ApiError::internal("The engine's answer lacks its position"))?;
        Ok(OutputChunk {
            run: header(OutputHeaders::RUN).and_then(|run| RunId::try_from(run.to_owned()).ok()),
            end: header(OutputHeaders::END) == Some("true"),
            bytes: answer.body,
            next,
        })
    }

    async fn cancel(&self, id: TaskId) -> Result<Task, ApiError> {
        self.post(&format!("/api/v1/tasks/{id}/cancel"), None::<&()>, Repeat::Safe).await
    }

    async fn retry_for(&self, id: TaskId, mut asked_by: Asker) -> Result<Task, ApiError> {
        asked_by.parent = may_run_again(self, id).await?;
        let body = Retry { asked_by };
        self.post(&format!("/api/v1/tasks/{id}/retry"), Some(&body), Repeat::No).await
    }

    async fn resume(&self, id: TaskId, mut follow_up: FollowUp) -> Result<Task, ApiError> {
        follow_up.asked_by.parent = may_run_again(self, id).await?;
        self.post(&format!("/api/v1/tasks/{id}/resume"), Some(&follow_up), Repeat::No).await
    }

    async fn remove(&self, id: TaskId) -> Result<(), ApiError> {
        let path = format!("/api/v1/tasks/{id}");
        self.call(Method::DELETE, &path, None::<&()>, ENDING, Repeat::No).await
    }

    async fn clean(&self, query: CleanQuery) -> Result<Cleaned, ApiError> {
        self.post("/api/v1/tasks/clean", Some(&query), Repeat::Safe).await
    }

    async fn seen(&self, query: SeenQuery) -> Result<Queue, ApiError> {
        self.post("/api/v1/tasks/seen", Some(&query), Repeat::Safe).await
    }

    async fn spent(&self, query: SpentQuery) -> Result<Spent, ApiError> {
        self.get_json(&params::path("/api/v1/spent", &SpentParams::from(query)), 0).await
    }

    async fn set_paused(&self, paused: bool) -> Result<Queue, ApiError> {
        let body = Pause { paused };
        self.call(Method::PUT, "/api/v1/queue", Some(&body), CALL, Repeat::Safe).await
    }

    async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
        self.get_json(&params::path("/api/v1/events", &EventParams::from(&query)), query.wait_ms)
            .await
    }

    async fn engine(&self) -> Result<EngineInfo, ApiError> {
        self.get_json("/api/v1/engine", 0).await
    }

    async fn settings(&self) -> Result<Settings, ApiError> {
        self.get_json("/api/v1/settings", 0).await
    }

    async fn set_settings(&self, change: SettingsChange) -> Result<Settings, ApiError> {
        self.call(Method::PUT, "/api/v1/settings", Some(&change), CALL, Repeat::Safe).await
    }

    async fn trusted(&self) -> Result<Trust, ApiError> {
        self.get_json("/api/v1/trust", 0).await
    }

    async fn set_trusted(&self, change: TrustChange) -> Result<Trust, ApiError> {
        self.call(Method::PUT, "/api/v1/trust", Some(&change), CALL, Repeat::Safe).await
    }

    async fn doctor(&self) -> Result<Diagnosis, ApiError> {
        // It starts programs, and one examination waits for the other.
        self.get_json("/api/v1/doctor", 60_000).await
    }

    async fn stop(&self, mode: StopMode) -> Result<Stopped, ApiError> {
        let body = StopRequest { mode };
        self.call(Method::POST, "/api/v1/engine/stop", Some(&body), ENDING, Repeat::No).await
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::new(
            ErrorCode::VersionMismatch,
            format!("The engine's answer cannot be understood: {error}"),
        )
        .hint("Engine and client may be of different versions: `claude-worker server stop`, then try again")
    })
}

fn was_stopped() -> ApiError {
    ApiError::unavailable("The engine was stopped").hint(
        "What was running runs on, and what was queued is still queued: `claude-worker server start` goes on with it",
    )
}

fn nobody_there(address: &Address, error: &std::io::Error) -> ApiError {
    match address {
        Address::Socket(path) => {
            ApiError::unavailable("No engine is running").hint(match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
                    "Start one with `claude-worker server start`".to_owned()
                }
                _ => format!("{}: {error}", path.display()),
            })
        }
        Address::Http { authority, .. } => {
            ApiError::unavailable(format!("Nobody answers at {authority}: {error}"))
                .hint("Check CLAUDE_WORKER_SERVER_URL, or unset it to use the local engine")
        }
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::PROTOCOL;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};

    use super::*;
    use crate::test_starter;

    /// Reads one request and gives one answer; returns what was asked.
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
            // The client sends its whole request before it expects anything.
            if let Some((head, body)) = asked.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    return asked;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_submission_whose_answer_is_lost_is_sent_again_under_the_same_name() {
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
    async fn an_engine_that_is_about_to_go_is_asked_once_more() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let client = EngineClient::new(Address::Socket(socket));
        let leaving = r#"{"code":"unavailable","message":"The engine is shutting down"}"#;
        let server = async {
            answer(&listener, "503 Service Unavailable", leaving).await;
            answer(&listener, "200 OK", "null").await;
            // What may not be done twice is asked once.
            answer(&listener, "503 Service Unavailable", leaving).await;
        };
        let client = async {
            client.send(Method::GET, "/", Bytes::new(), CALL, Repeat::Safe).await.unwrap();
            client.send(Method::POST, "/", Bytes::new(), CALL, Repeat::No).await.err().unwrap()
        };
        let (error, ()) = tokio::join!(client, server);
        assert_eq!(error.message, "The engine is shutting down");
    }

    #[tokio::test]
    async fn a_stopped_engine_is_brought_back_by_fresh_clients_only() {
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
        assert!(before > 0, "a fresh client starts one");
        client.met.store(true, Ordering::Relaxed);
        assert_eq!(ask().await, "The engine was stopped");
        assert_eq!(count(), before, "one that knew the engine starts none");
        stop_marker::remove(&paths);
        ask().await;
        assert!(count() > before, "after a crash it does");
    }
}
