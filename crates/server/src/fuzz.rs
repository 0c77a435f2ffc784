//! The functions of this crate that the fuzzers call.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::{Extension, Router};
use claude_worker_api::{
    ApiError, Call, CleanQuery, EventQuery, ListQuery, LogPage, LogQuery, OutputChunk, OutputQuery,
    OverviewQuery, RunId, SeenQuery, Settings, SettingsChange, SpentQuery, TaskApi, TaskId,
};
use claude_worker_engine::{LentWorker, Principal};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::principal::Served;
use crate::request::query as read_query;
use crate::routes::{router, speaking_our_protocol};

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Sends a request: the first line of the input is method and path, the rest is the body. Every
/// answer must be JSON and no internal error, as `docs/configuration.md` promises.
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

/// Reads a query string strictly, as each method that has one does.
pub fn query(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(query) = read_query::<ListQuery>(text) {
        // An empty filter would choose everything, so none is read from a list without entries.
        for name in ["status", "ids"] {
            let given = form_urlencoded::parse(input).any(|(found, _)| found == name);
            let is_empty =
                if name == "ids" { query.ids.is_empty() } else { query.statuses.is_empty() };
            assert_eq!(given, !is_empty, "{text:?}");
        }
    }
    drop(read_query::<EventQuery>(text));
    drop(read_query::<LogQuery>(text));
    drop(read_query::<OutputQuery>(text));
    drop(read_query::<SpentQuery>(text));
    drop(read_query::<OverviewQuery>(text));
    drop(read_query::<SeenQuery>(text));
    drop(read_query::<CleanQuery>(text));
}

/// The head of a request over TCP: see `admission/fuzz.rs`.
pub fn admission(input: &[u8]) {
    crate::admission::fuzz::admission(input);
}

/// The body of a request that logs a browser in.
pub fn login_code(input: &[u8]) {
    crate::admission::fuzz::login_code(input);
}

fn server() -> (Runtime, TowerToHyperService<Router>) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (open, closing) = watch::channel(());
    // The server runs until the process ends.
    std::mem::forget(open);
    let routes = router(Arc::new(Empty), closing).layer(Extension(Principal::Local));
    let routes = speaking_our_protocol(routes);
    (runtime, TowerToHyperService::new(routes))
}

/// An engine without tasks that refuses all requests to create some.
struct Empty;

impl Served for Empty {
    fn acting_for(&self, _: Principal) -> Self {
        Self
    }

    fn lend_worker(&self, _: RunId) -> Option<LentWorker> {
        None
    }
}

impl TaskApi for Empty {
    async fn call<C: Call>(&self, _: C) -> Result<C::Answer, ApiError> {
        Err(ApiError::conflict("There is nothing here"))
    }
    async fn log(&self, _: TaskId, query: LogQuery) -> Result<LogPage, ApiError> {
        let (start, next) = (query.before.unwrap_or_default(), query.after);
        Ok(LogPage {
            run: query.run,
            entries: Vec::new(),
            start,
            next,
            end: query.tail,
            live: None,
        })
    }
    async fn output(&self, _: TaskId, query: OutputQuery) -> Result<OutputChunk, ApiError> {
        let bytes = b"null".to_vec();
        Ok(OutputChunk { run: query.run, bytes, next: query.offset, end: true })
    }
    async fn remove(&self, _: TaskId) -> Result<(), ApiError> {
        Ok(())
    }
    async fn set_settings(&self, change: SettingsChange) -> Result<Settings, ApiError> {
        Settings::default().changed(change)
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
        corpus::replay("query", super::query);
        corpus::replay("admission", super::admission);
        corpus::replay("login_code", super::login_code);
    }
}
