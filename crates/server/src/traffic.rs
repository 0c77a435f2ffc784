//! Counts connections and requests for `/metrics`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use claude_worker_api::METHODS;
use claude_worker_api::openapi::STREAM_PATH;
use claude_worker_engine::metrics::Traffic;

use crate::connections::holding;

/// What the stream of events is called among the methods.
const STREAM: &str = "event_stream";
/// What all other addresses are called together: pages, and what does not exist.
const NONE: &str = "none";

struct Counter {
    traffic: Arc<Traffic>,
    /// The name of the method behind a verb and a path.
    names: HashMap<(&'static str, &'static str), &'static str>,
}

/// Counts the requests of `routes`, those that are refused, too.
pub(crate) fn counted(routes: Router, traffic: Arc<Traffic>) -> Router {
    let methods = METHODS.iter().map(|it| ((it.verb.name(), it.path), it.name));
    let names = methods.chain([(("GET", STREAM_PATH), STREAM)]).collect();
    // As a layer of the router, because only there the path of the route is known.
    routes.layer(from_fn_with_state(Arc::new(Counter { traffic, names }), count))
}

async fn count(State(counter): State<Arc<Counter>>, request: Request, next: Next) -> Response {
    let method = counter.name(&request);
    let response = next.run(request).await;
    counter.traffic.request(method, response.status().as_u16());
    if method == STREAM && response.status() == StatusCode::OK {
        return holding(response, counter.traffic.event_stream());
    }
    response
}

impl Counter {
    fn name(&self, request: &Request) -> &'static str {
        let verb = match *request.method() {
            Method::HEAD => "GET",
            ref verb => verb.as_str(),
        };
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let name = path.and_then(|path| self.names.get(&(verb, path)));
        name.copied().unwrap_or(NONE)
    }
}
