//! The description of the interface at `/openapi.json`, and a page at `/docs` that shows it and can
//! send requests. Both are public: they are the same for every engine and have no secrets. The page is
//! part of the program and loads nothing from elsewhere.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use claude_worker_api::openapi::{self, DOCS_PATH, OPENAPI_PATH};

use crate::refusal::Refusal;
use crate::request::{Nothing, query};

/// The content security policy of the page: only its own two files, and requests to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The description as it is sent.
static DESCRIPTION: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&openapi::openapi()).unwrap_or_default());

/// A file of the page.
struct File {
    path: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const FILES: &[File] = &[
    File {
        path: DOCS_PATH,
        media_type: "text/html; charset=utf-8",
        text: include_str!("docs_page/page.html"),
    },
    File {
        path: "/docs/page.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("docs_page/page.css"),
    },
    File {
        path: "/docs/page.js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("docs_page/page.js"),
    },
];

/// Whether a path is served without a token.
pub(crate) fn is_public(path: &str) -> bool {
    path == OPENAPI_PATH || FILES.iter().any(|file| file.path == path)
}

/// Adds the description and the page to `routes`.
pub(crate) fn add<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let description = async |uri: Uri| -> Result<Response, Refusal> {
        query::<Nothing>(uri.query().unwrap_or_default())?;
        Ok(with_headers("application/json", DESCRIPTION.as_slice()))
    };
    let routes = routes.route(OPENAPI_PATH, get(description));
    FILES.iter().fold(routes, |routes, file| {
        let page = async |uri: Uri| -> Result<Response, Refusal> {
            query::<Nothing>(uri.query().unwrap_or_default())?;
            Ok(with_headers(file.media_type, file.text))
        };
        routes.route(file.path, get(page))
    })
}

fn with_headers(media_type: &'static str, body: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another version of the engine has another description.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let mut response = body.into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
