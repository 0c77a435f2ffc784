//! A [`TaskApi`] over the wire.

use std::time::Duration;

use bytes::Bytes;
use claude_worker_api::{
    ApiError, CleanQuery, Cleaned, EngineInfo, ErrorCode, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, NewTask, OutputChunk, OutputQuery, Queue, RunId, StopMode,
    Stopped, Task, TaskApi, TaskDetail, TaskId, TaskPage,
};
use claude_worker_engine::Paths;
use hyper::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::routes::{self, OutputHeaders, Pause, StopRequest};
use crate::start::Starter;
use crate::transport::{Address, Answer, NoAnswer};

/// How long an ordinary call may take.
const CALL: Duration = Duration::from_secs(30);
/// How long a call may take that ends a process tree first.
const ENDING: Duration = Duration::from_secs(300);

/// A way to an engine. Each call is a connection of its own.
#[derive(Debug, Clone)]
pub struct EngineClient {
    address: Address,
    starter: Option<Starter>,
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
    pub const fn new(address: Address) -> Self {
        Self { address, starter: None }
    }

    /// A client of the engine that the environment names. With a starter, a call that finds no
    /// engine at the local socket starts one in the background first.
    ///
    /// # Errors
    /// `invalid_request` when the environment names no usable place.
    pub fn from_env(paths: &Paths, starter: Option<Starter>) -> Result<Self, ApiError> {
        let address = Address::from_env(paths)?;
        let ours = address == Address::Socket(paths.socket.clone());
        Ok(Self { address, starter: starter.filter(|_| ours) })
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
        let mut started = false;
        let mut repeated = false;
        loop {
            match self.address.send(&method, path, body.clone(), deadline).await {
                Ok(answer) => return Ok(answer),
                Err(NoAnswer::Refused(error)) => return Err(error),
                Err(NoAnswer::NobodyThere(error)) => match &self.starter {
                    Some(starter) if !started => {
                        starter.start(&self.address).await?;
                        started = true;
                    }
                    _ => return Err(nobody_there(&self.address, &error)),
                },
                Err(NoAnswer::Broken(_)) if repeat == Repeat::Safe && !repeated => repeated = true,
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
    async fn submit(&self, task: NewTask) -> Result<Task, ApiError> {
        // With a key, the engine recognises what it has already taken on.
        let repeat = if task.idempotency_key.is_some() { Repeat::Safe } else { Repeat::No };
        self.post("/api/v1/tasks", Some(&task), repeat).await
    }

    async fn list(&self, query: ListQuery) -> Result<TaskPage, ApiError> {
        self.get_json(&routes::list_path(&query), 0).await
    }

    async fn get(&self, id: TaskId) -> Result<TaskDetail, ApiError> {
        self.get_json(&format!("/api/v1/tasks/{id}"), 0).await
    }

    async fn log(&self, id: TaskId, query: LogQuery) -> Result<LogPage, ApiError> {
        let path = routes::path(&format!("/api/v1/tasks/{id}/log"), &query);
        self.get_json(&path, query.wait_ms).await
    }

    async fn output(&self, id: TaskId, query: OutputQuery) -> Result<OutputChunk, ApiError> {
        let path = routes::path(&format!("/api/v1/tasks/{id}/output"), &query);
        let deadline = CALL + Duration::from_millis(query.wait_ms.min(60_000));
        let answer = self.send(Method::GET, &path, Bytes::new(), deadline, Repeat::Safe).await?;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let next = header(OutputHeaders::NEXT)
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| ApiError::internal("The engine's answer lacks its position"))?;
        Ok(OutputChunk {
            run: header(OutputHeaders::RUN).and_then(|run| RunId::try_from(run.to_owned()).ok()),
            end: header(OutputHeaders::END) == Some("true"),
            bytes: answer.body.to_vec(),
            next,
        })
    }

    async fn cancel(&self, id: TaskId) -> Result<Task, ApiError> {
        self.post(&format!("/api/v1/tasks/{id}/cancel"), None::<&()>, Repeat::Safe).await
    }

    async fn retry(&self, id: TaskId) -> Result<Task, ApiError> {
        self.post(&format!("/api/v1/tasks/{id}/retry"), None::<&()>, Repeat::No).await
    }

    async fn resume(&self, id: TaskId, follow_up: FollowUp) -> Result<Task, ApiError> {
        self.post(&format!("/api/v1/tasks/{id}/resume"), Some(&follow_up), Repeat::No).await
    }

    async fn remove(&self, id: TaskId) -> Result<(), ApiError> {
        let path = format!("/api/v1/tasks/{id}");
        self.call(Method::DELETE, &path, None::<&()>, ENDING, Repeat::No).await
    }

    async fn clean(&self, query: CleanQuery) -> Result<Cleaned, ApiError> {
        self.post("/api/v1/tasks/clean", Some(&query), Repeat::Safe).await
    }

    async fn set_paused(&self, paused: bool) -> Result<Queue, ApiError> {
        let body = Pause { paused };
        self.call(Method::PUT, "/api/v1/queue", Some(&body), CALL, Repeat::Safe).await
    }

    async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
        self.get_json(&routes::path("/api/v1/events", &query), query.wait_ms).await
    }

    async fn engine(&self) -> Result<EngineInfo, ApiError> {
        self.get_json("/api/v1/engine", 0).await
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
