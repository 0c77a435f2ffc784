//! The routes of the HTTP interface, the same for the local socket and TCP.
//!
//! They are generated from the methods of the API, except those of
//! `crates/api/src/openapi/other_routes.rs`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use claude_worker_api::openapi::STREAM_PATH;
use claude_worker_api::{
    Answer, ApiError, Call, CallVisitor, ErrorCode, PROTOCOL, PROTOCOL_HEADER, ReadArguments,
    Repeat, RunId, Scope, Traceparent, Verb, WAITS_IN_HEADER, visit_calls,
};
use claude_worker_engine::Principal;
use tokio::sync::watch;
use tracing::Instrument;

use crate::connections::Endpoints;
use crate::docs_page;
use crate::feed::Feed;
use crate::idempotency::{idempotency_key, use_key};
use crate::principal::{Served, permitted, permitted_scope};
use crate::refusal::{Refusal, refuse};
use crate::request::{LARGEST_BODY, RequestArguments, query};
use crate::stream;

/// The routes of an engine. Event streams end when the sender of `closing` is dropped.
///
/// Every request must have a [`claude_worker_engine::Principal`] in its extensions.
pub(crate) fn router<A: Served + 'static>(api: Arc<A>, closing: watch::Receiver<()>) -> Router {
    let feed = Feed::new(Arc::clone(&api));
    let stream = async move |State(api): State<Arc<A>>,
                             extensions: Extensions,
                             uri: Uri,
                             headers: HeaderMap| {
        permitted_scope(&extensions, Scope::Read, "The stream of events")?;
        let query = query(uri.query().unwrap_or_default())?;
        stream::stream(api, feed, query, &headers, closing).await.map_err(Refusal::from)
    };
    let mut methods = Methods(Router::new());
    visit_calls(&mut methods);
    docs_page::add(methods.0)
        .route(STREAM_PATH, get(stream))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api)
}

/// A route for each method of the API.
struct Methods<A>(Router<Arc<A>>);

impl<A: Served + 'static> CallVisitor for Methods<A> {
    fn visit<C: Call>(&mut self) {
        let verb = match C::METHOD.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Delete => MethodFilter::DELETE,
        };
        let router = std::mem::take(&mut self.0);
        self.0 = router.route(C::METHOD.path, on(verb, call::<A, C>));
    }
}

/// Reads a call from a request, passes it to the engine, and writes the answer.
async fn call<A: Served, C: Call>(
    State(api): State<Arc<A>>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = permitted(request.extensions(), &C::METHOD)?;
    // A program of this user: a stranger could have more tasks run at once than there are workers.
    let waits_in = waits_in(request.headers()).filter(|_| principal == Principal::Local);
    let api = api.acting_for(principal);
    let traceparent = traceparent(request.headers());
    let key = idempotency_key(request.headers())?;
    let mut arguments = RequestArguments::of(request, &C::METHOD).await?;
    let mut call = C::read(&mut arguments)?;
    arguments.finish()?;
    if let Some(traceparent) = traceparent {
        call.join_trace(traceparent);
    }
    if let (Some(key), Some(slot)) = (key, call.idempotency_key()) {
        use_key(slot, key)?;
    }
    let _lent = waits_in.and_then(|run| api.lend_worker(run));
    let span = tracing::info_span!("call", method = C::METHOD.name);
    let reply = call.ask(&api).instrument(span).await?.into_reply()?;
    let mut response = reply.body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.media_type));
    for (name, value) in reply.headers {
        let value = HeaderValue::from_str(&value)
            .map_err(|error| ApiError::internal(format!("Cannot write header {name}: {error}")))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    if C::METHOD.repeat == Repeat::Keyed {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// The run inside which the client waits for another task.
fn waits_in(headers: &HeaderMap) -> Option<RunId> {
    RunId::try_from(headers.get(WAITS_IN_HEADER)?.to_str().ok()?.to_owned()).ok()
}

/// The trace that a request belongs to. A header that cannot be read is ignored, as the standard demands.
fn traceparent(headers: &HeaderMap) -> Option<Traceparent> {
    headers.get("traceparent")?.to_str().ok()?.parse().ok()
}

/// The outermost layer of both servers, so that every answer has the protocol header, and those that
/// [`guarded_from_browsers`] adds.
pub(crate) fn speaking_our_protocol(routes: Router) -> Router {
    guarded_from_browsers(routes.layer(middleware::from_fn(agree_on_protocol)))
}

/// Adds headers to every answer: no browser takes it for a script or a page, shows it to pages of other
/// sites, or keeps it, unless it says for how long. Prompts and results are nobody else's.
pub(crate) fn guarded_from_browsers(routes: Router) -> Router {
    routes.layer(middleware::map_response(async |mut response: Response| {
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        headers.insert(policy, HeaderValue::from_static("same-origin"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }))
}

/// Adds the protocol header to every answer, and refuses clients that send another version. Clients
/// that send none (curl, scripts) are accepted.
async fn agree_on_protocol(request: Request, next: Next) -> Response {
    let theirs = request.headers().get(PROTOCOL_HEADER).and_then(|value| value.to_str().ok());
    // Over TCP the client may be on another machine, where it can start no engine.
    let endpoints = request.extensions().get::<Endpoints>();
    let over_tcp = endpoints.is_some_and(|endpoints| endpoints.peer.is_some());
    let about_the_engine = request.uri().path().starts_with("/api/v1/engine");
    let mut response = match theirs.map(str::parse::<u32>) {
        Some(theirs) if theirs != Ok(PROTOCOL) && !about_the_engine => refuse(
            ApiError::new(
                ErrorCode::VersionMismatch,
                format!(
                    "This client and the running engine ({}) have different versions",
                    env!("CARGO_PKG_VERSION")
                ),
            )
            .hint(if over_tcp {
                "Install the same version on both sides, and start the engine again on its machine; running \
                 tasks keep running"
            } else {
                "Run `claude-worker server restart`; running tasks keep running, and the new engine is of \
                 this version"
            }),
        ),
        _ => next.run(request).await,
    };
    response.headers_mut().insert(PROTOCOL_HEADER, HeaderValue::from(PROTOCOL));
    response
}

pub(crate) async fn no_such_route() -> Refusal {
    ApiError::new(ErrorCode::NotFound, "There is nothing at this address")
        .hint("The page /docs lists every address")
        .into()
}

/// Answers requests whose method a route does not have. The router adds the header Allow.
pub(crate) async fn no_such_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        // Without headers of CORS: pages of other origins may not use the interface.
        return StatusCode::NO_CONTENT.into_response();
    }
    let error = ApiError::invalid(format!("Method {method} is not allowed here"))
        .hint("The header Allow of this answer lists the allowed methods");
    Refusal::with_status(error, StatusCode::METHOD_NOT_ALLOWED).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use claude_worker_engine::Readiness;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::probes::{self, Details};

    #[tokio::test]
    async fn no_browser_keeps_an_answer_or_takes_it_for_something_else() {
        let paged = [(header::CACHE_CONTROL, "no-cache")];
        let routes = Router::new().route("/api", get("{}")).route("/page", get((paged, "")));
        let routes =
            speaking_our_protocol(routes).merge(probes::routes(|| Readiness::Ready, Details::None));
        let service = TowerToHyperService::new(routes);
        for (path, caching) in [
            ("/api", "no-store"),
            ("/nowhere", "no-store"),
            ("/health", "no-store"),
            ("/ready", "no-store"),
            ("/page", "no-cache"),
        ] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = service.call(request).await.unwrap();
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", caching),
            ] {
                let found = response.headers().get(name).map(HeaderValue::as_bytes);
                assert_eq!(found, Some(value.as_bytes()), "{name} of {path}");
            }
        }
    }
}
