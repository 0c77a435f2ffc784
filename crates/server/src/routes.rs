//! What each address of the HTTP interface does, for the socket and for TCP alike.
//!
//! A route translates, and nothing else: request to [`TaskApi`] call, answer to JSON.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use claude_worker_api::{
    ApiError, CleanQuery, ErrorCode, FollowUp, LogQuery, MAX_PROMPT_BYTES, NewTask, OutputHeaders,
    OutputQuery, PROTOCOL, PROTOCOL_HEADER, Pause, Retry, SeenQuery, SettingsChange, StopRequest,
    TaskApi, TaskId, TrustChange,
};
use claude_worker_client::params::{EventParams, ListParams, SpentParams};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::refusal::{Refusal, refuse};
use crate::request::{Body, Nothing, Params};
use crate::stream;

/// The largest request body: a prompt as long as it may be, with every character escaped twice.
const LARGEST_BODY: usize = 2 * MAX_PROMPT_BYTES + 1024 * 1024;

/// The routes over an engine. What stays open ends when the sender of `closing` is dropped.
pub(crate) fn router<A: TaskApi + 'static>(api: Arc<A>, closing: watch::Receiver<()>) -> Router {
    let stream =
        async move |State(api): Api<A>, headers: HeaderMap, params: Params<EventParams>| {
            stream::stream(api, params.0.try_into()?, &headers, closing).await.map_err(Refusal)
        };
    Router::new()
        .route("/health", get(health::<A>))
        .route("/api/v1/engine", get(engine::<A>))
        .route("/api/v1/engine/stop", post(stop::<A>))
        .route("/api/v1/queue", put(set_paused::<A>))
        .route("/api/v1/settings", get(get_settings::<A>).put(set_settings::<A>))
        .route("/api/v1/trust", get(trusted::<A>).put(set_trusted::<A>))
        .route("/api/v1/doctor", get(doctor::<A>))
        .route("/api/v1/events", get(events::<A>))
        .route("/api/v1/events/stream", get(stream))
        .route("/api/v1/tasks", get(list::<A>).post(submit::<A>))
        .route("/api/v1/tasks/clean", post(clean::<A>))
        .route("/api/v1/tasks/seen", post(seen::<A>))
        .route("/api/v1/spent", get(spent::<A>))
        .route("/api/v1/tasks/{id}", get(task::<A>).delete(remove::<A>))
        .route("/api/v1/tasks/{id}/cancel", post(cancel::<A>))
        .route("/api/v1/tasks/{id}/retry", post(retry::<A>))
        .route("/api/v1/tasks/{id}/resume", post(resume::<A>))
        .route("/api/v1/tasks/{id}/log", get(log::<A>))
        .route("/api/v1/tasks/{id}/output", get(output::<A>))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api)
}

/// The outermost layer of both servers, so that every answer says our protocol.
pub(crate) fn speaking_our_protocol(routes: Router) -> Router {
    routes.layer(middleware::from_fn(agree_on_protocol))
}

type Api<A> = State<Arc<A>>;

type Answer<T> = Result<Json<T>, Refusal>;

/// Says our protocol in every answer, and refuses a client that says another one. A client that
/// says none (curl, a script) is taken as it is.
async fn agree_on_protocol(request: Request, next: Next) -> Response {
    let theirs = request.headers().get(PROTOCOL_HEADER).and_then(|value| value.to_str().ok());
    let about_the_engine = request.uri().path().starts_with("/api/v1/engine");
    let mut response = match theirs.map(str::parse::<u32>) {
        Some(theirs) if theirs != Ok(PROTOCOL) && !about_the_engine => refuse(
            ApiError::new(
                ErrorCode::VersionMismatch,
                format!(
                    "This client and the running engine ({}) are of different versions",
                    env!("CARGO_PKG_VERSION")
                ),
            )
            .hint("Run `claude-worker server stop`; running tasks go on, and the next command starts the right engine"),
        ),
        _ => next.run(request).await,
    };
    response.headers_mut().insert(PROTOCOL_HEADER, HeaderValue::from(PROTOCOL));
    response
}

/// A task's number from the path.
struct Id(TaskId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Refusal(ApiError::invalid(error.body_text())))?;
        text.parse().map(Self).map_err(|error| Refusal(ApiError::invalid(error)))
    }
}

async fn no_such_route() -> Refusal {
    Refusal(ApiError::new(ErrorCode::NotFound, "There is nothing at this address"))
}

async fn no_such_method(method: Method) -> impl IntoResponse {
    let error = ApiError::invalid(format!("This address does not know {method}"))
        .hint("The answer's header Allow says what it knows");
    (StatusCode::METHOD_NOT_ALLOWED, Json(error))
}

async fn health<A: TaskApi>(State(api): Api<A>, _: Params<Nothing>) -> Answer<Value> {
    let info = api.engine().await?;
    Ok(Json(serde_json::json!({ "status": "ok", "version": info.version })))
}

async fn engine<A: TaskApi>(State(api): Api<A>, _: Params<Nothing>) -> Answer<impl Serialize> {
    Ok(Json(api.engine().await?))
}

async fn stop<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(request): Body<StopRequest>,
) -> Answer<impl Serialize> {
    Ok(Json(api.stop(request.mode).await?))
}

async fn set_paused<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(request): Body<Pause>,
) -> Answer<impl Serialize> {
    Ok(Json(api.set_paused(request.paused).await?))
}

async fn get_settings<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
) -> Answer<impl Serialize> {
    Ok(Json(api.settings().await?))
}

/// Changes what the body names; what it leaves out stays.
async fn set_settings<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(change): Body<SettingsChange>,
) -> Answer<impl Serialize> {
    Ok(Json(api.set_settings(change).await?))
}

async fn trusted<A: TaskApi>(State(api): Api<A>, _: Params<Nothing>) -> Answer<impl Serialize> {
    Ok(Json(api.trusted().await?))
}

async fn set_trusted<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(change): Body<TrustChange>,
) -> Answer<impl Serialize> {
    Ok(Json(api.set_trusted(change).await?))
}

async fn doctor<A: TaskApi>(State(api): Api<A>, _: Params<Nothing>) -> Answer<impl Serialize> {
    Ok(Json(api.doctor().await?))
}

async fn events<A: TaskApi>(
    State(api): Api<A>,
    Params(query): Params<EventParams>,
) -> Answer<impl Serialize> {
    Ok(Json(api.events(query.try_into()?).await?))
}

async fn list<A: TaskApi>(
    State(api): Api<A>,
    Params(query): Params<ListParams>,
) -> Answer<impl Serialize> {
    Ok(Json(api.list(query.try_into()?).await?))
}

async fn submit<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(task): Body<NewTask>,
) -> Result<impl IntoResponse, Refusal> {
    Ok((StatusCode::CREATED, Json(api.submit(task).await?)))
}

async fn task<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    _: Params<Nothing>,
) -> Answer<impl Serialize> {
    Ok(Json(api.get(id).await?))
}

async fn remove<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    _: Params<Nothing>,
    _: Body<Nothing>,
) -> Answer<impl Serialize> {
    Ok(Json(api.remove(id).await?))
}

async fn seen<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(query): Body<SeenQuery>,
) -> Answer<impl Serialize> {
    Ok(Json(api.seen(query).await?))
}

async fn spent<A: TaskApi>(
    State(api): Api<A>,
    Params(query): Params<SpentParams>,
) -> Answer<impl Serialize> {
    Ok(Json(api.spent(query.into()).await?))
}

async fn clean<A: TaskApi>(
    State(api): Api<A>,
    _: Params<Nothing>,
    Body(query): Body<CleanQuery>,
) -> Answer<impl Serialize> {
    Ok(Json(api.clean(query).await?))
}

async fn cancel<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    _: Params<Nothing>,
    _: Body<Nothing>,
) -> Answer<impl Serialize> {
    Ok(Json(api.cancel(id).await?))
}

async fn retry<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    _: Params<Nothing>,
    Body(request): Body<Retry>,
) -> Answer<impl Serialize> {
    Ok(Json(api.retry_for(id, request.asked_by).await?))
}

async fn resume<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    _: Params<Nothing>,
    Body(follow_up): Body<FollowUp>,
) -> Answer<impl Serialize> {
    Ok(Json(api.resume(id, follow_up).await?))
}

async fn log<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    Params(query): Params<LogQuery>,
) -> Answer<impl Serialize> {
    Ok(Json(api.log(id, query).await?))
}

async fn output<A: TaskApi>(
    State(api): Api<A>,
    Id(id): Id,
    Params(query): Params<OutputQuery>,
) -> Result<Response, Refusal> {
    let chunk = api.output(id, query).await?;
    let mut response = chunk.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(OutputHeaders::NEXT, HeaderValue::from(chunk.next));
    headers.insert(
        OutputHeaders::END,
        HeaderValue::from_static(if chunk.end { "true" } else { "false" }),
    );
    if let Some(run) = chunk.run
        && let Ok(run) = HeaderValue::from_str(run.as_str())
    {
        headers.insert(OutputHeaders::RUN, run);
    }
    Ok(response)
}
