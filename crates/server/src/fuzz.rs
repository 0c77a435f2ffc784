//! What the fuzzers call in this crate.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use claude_worker_api::{
    ApiError, Asker, CleanQuery, Cleaned, Diagnosis, EngineInfo, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, NewTask, OutputChunk, OutputQuery, Queue, SeenQuery, Settings,
    SettingsChange, Spent, SpentQuery, StopMode, Stopped, Task, TaskApi, TaskDetail, TaskId,
    TaskPage, Trust, TrustChange,
};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::routes::{router, speaking_our_protocol};

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// A request of any client: a line with method and path, and the body. Every answer is one that
/// `docs/configuration.md` promises: JSON, and no error of the engine's own.
pub fn request(input: &[u8]) {
    thread_local! {
        static SERVER: (Runtime, TowerToHyperService<Router>) = server();
    }
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (head, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let Some((method, path)) = std::str::from_utf8(head).ok().and_then(|head| head.split_once(' '))
    else {
        return;
    };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
    let request = Request::builder()
        .method(&method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_vec()));
    let Ok(request) = request else { return };
    SERVER.with(|(runtime, service)| {
        let (status, body) = runtime.block_on(async {
            let Ok(response) = service.call(request).await;
            let (head, body) = response.into_parts();
            let events = head.headers.get(header::CONTENT_TYPE);
            if events.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
                return (head.status, b"{}".to_vec().into());
            }
            let body = http_body_util::Limited::new(body, LONGEST).collect().await;
            (head.status, body.expect("an answer of bounded size").to_bytes())
        });
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
        let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
        assert!(is_json || method == Method::HEAD, "{method} {path}: {status}, {body:?}");
    });
}

fn server() -> (Runtime, TowerToHyperService<Router>) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (open, closing) = watch::channel(());
    // The server is there for as long as the process is.
    std::mem::forget(open);
    let routes = speaking_our_protocol(router(Arc::new(Empty), closing));
    (runtime, TowerToHyperService::new(routes))
}

/// An engine without tasks, which takes none.
struct Empty;

fn nothing<T>() -> Result<T, ApiError> {
    Err(ApiError::conflict("There is nothing here"))
}

impl TaskApi for Empty {
    async fn submit(&self, _: NewTask) -> Result<Task, ApiError> {
        nothing()
    }
    async fn list(&self, _: ListQuery) -> Result<TaskPage, ApiError> {
        nothing()
    }
    async fn get(&self, _: TaskId) -> Result<TaskDetail, ApiError> {
        nothing()
    }
    async fn log(&self, _: TaskId, query: LogQuery) -> Result<LogPage, ApiError> {
        let (start, next) = (query.before.unwrap_or_default(), query.after);
        Ok(LogPage { run: query.run, entries: Vec::new(), start, next, end: query.tail })
    }
    async fn output(&self, _: TaskId, query: OutputQuery) -> Result<OutputChunk, ApiError> {
        let bytes = b"null".to_vec();
        Ok(OutputChunk { run: query.run, bytes, next: query.offset, end: true })
    }
    async fn cancel(&self, _: TaskId) -> Result<Task, ApiError> {
        nothing()
    }
    async fn retry(&self, _: TaskId) -> Result<Task, ApiError> {
        nothing()
    }
    async fn retry_for(&self, _: TaskId, _: Asker) -> Result<Task, ApiError> {
        nothing()
    }
    async fn resume(&self, _: TaskId, _: FollowUp) -> Result<Task, ApiError> {
        nothing()
    }
    async fn remove(&self, _: TaskId) -> Result<(), ApiError> {
        Ok(())
    }
    async fn clean(&self, _: CleanQuery) -> Result<Cleaned, ApiError> {
        nothing()
    }
    async fn seen(&self, _: SeenQuery) -> Result<Queue, ApiError> {
        nothing()
    }
    async fn spent(&self, _: SpentQuery) -> Result<Spent, ApiError> {
        nothing()
    }
    async fn set_paused(&self, _: bool) -> Result<Queue, ApiError> {
        nothing()
    }
    async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
        let next = query.after.unwrap_or_default();
        Ok(EventPage { events: Vec::new(), next, gap: false })
    }
    async fn engine(&self) -> Result<EngineInfo, ApiError> {
        nothing()
    }
    async fn settings(&self) -> Result<Settings, ApiError> {
        Ok(Settings::default())
    }
    async fn set_settings(&self, change: SettingsChange) -> Result<Settings, ApiError> {
        Settings::default().changed(change)
    }
    async fn trusted(&self) -> Result<Trust, ApiError> {
        nothing()
    }
    async fn set_trusted(&self, _: TrustChange) -> Result<Trust, ApiError> {
        nothing()
    }
    async fn doctor(&self) -> Result<Diagnosis, ApiError> {
        nothing()
    }
    async fn stop(&self, _: StopMode) -> Result<Stopped, ApiError> {
        nothing()
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("request", super::request);
    }
}
