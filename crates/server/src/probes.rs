//! `/health` and `/ready`, for programs that watch an engine: Docker, Kubernetes, load balancers.
//!
//! They need no token and answer under any host name, because a probe has no token and may name the
//! engine by the address of its container. So over TCP they say one word, and never anything about
//! tasks, paths or versions. They take no permit and read nothing but memory: a program without the
//! token cannot slow the engine down with them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use axum::{Json, Router};
use claude_worker_api::openapi::{HEALTH_PATH, READY_PATH};
use claude_worker_engine::Readiness;
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::request::{Nothing, query};
use crate::routes::{guarded_from_browsers, no_such_method};

/// How much the answers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Details {
    /// Also the version: for clients that may see everything.
    Version,
    /// One word.
    None,
}

/// What the routes need.
#[derive(Clone)]
struct Probes {
    readiness: Arc<dyn Fn() -> Readiness + Send + Sync>,
    details: Details,
}

/// The two routes. Merge them outside of all layers that admit requests.
pub(crate) fn routes(
    readiness: impl Fn() -> Readiness + Send + Sync + 'static,
    details: Details,
) -> Router {
    let routes = Router::new()
        .route(HEALTH_PATH, get(health))
        .route(READY_PATH, get(ready))
        .method_not_allowed_fallback(no_such_method)
        .with_state(Probes { readiness: Arc::new(readiness), details });
    guarded_from_browsers(routes)
}

/// Whether the process answers. Nothing else, so that an orchestrator does not restart an engine because
/// of a full disk.
async fn health(State(probes): State<Probes>, uri: Uri) -> Result<Json<Value>, Refusal> {
    query::<Nothing>(uri.query().unwrap_or_default())?;
    Ok(Json(probes.answer("ok")))
}

/// Whether the engine can take on and run tasks.
async fn ready(
    State(probes): State<Probes>,
    uri: Uri,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    query::<Nothing>(uri.query().unwrap_or_default())?;
    let readiness = (probes.readiness)();
    let status = match readiness {
        Readiness::Ready => StatusCode::OK,
        Readiness::Stopping
        | Readiness::DiskFull
        | Readiness::StorageLost
        | Readiness::StorageUnresponsive => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok((status, Json(probes.answer(readiness.name()))))
}

impl Probes {
    fn answer(&self, status: &str) -> Value {
        match self.details {
            Details::Version => json!({ "status": status, "version": env!("CARGO_PKG_VERSION") }),
            Details::None => json!({ "status": status }),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    async fn ask(path: &str, readiness: Readiness, details: Details) -> (StatusCode, Value) {
        let service = TowerToHyperService::new(routes(move || readiness, details));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = service.call(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn an_engine_that_cannot_run_tasks_is_healthy_and_not_ready() {
        let ok = (StatusCode::OK, json!({ "status": "ok" }));
        assert_eq!(ask("/health", Readiness::DiskFull, Details::None).await, ok);
        assert_eq!(ask("/ready", Readiness::Ready, Details::None).await, ok);
        for (readiness, word) in [
            (Readiness::Stopping, "stopping"),
            (Readiness::DiskFull, "disk_full"),
            (Readiness::StorageLost, "storage_lost"),
            (Readiness::StorageUnresponsive, "storage_unresponsive"),
        ] {
            let unready = (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": word }));
            assert_eq!(ask("/ready", readiness, Details::None).await, unready);
        }
        let (_, detailed) = ask("/health", Readiness::Ready, Details::Version).await;
        assert_eq!(detailed["version"], env!("CARGO_PKG_VERSION"));
        let (status, _) = ask("/health?verbose=1", Readiness::Ready, Details::None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}
