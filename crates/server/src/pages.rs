//! The web pages, served with the API so that a browser can show what the app's window shows.
//!
//! The files are public: a browser cannot send a token with its first request, but the requests that
//! the pages send to the API carry it. They are part of the program (`embedded.rs`), unless the
//! environment names a directory of them.

mod embedded;

use std::path::PathBuf;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tower_http::services::ServeDir;

use crate::routes::no_such_route;
use embedded::File;

/// Names the directory with the built pages, for development.
const VARIABLE: &str = "CLAUDE_WORKER_UI";

/// The content security policy: a page may use its own scripts and styles and connect to this server
/// only; what scripts set at an element's style is not inline. It protects against hostile text of agents
/// if escaping fails.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      font-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      manifest-src 'self'; worker-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the pages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pages {
    /// A directory with `index.html`.
    Directory(PathBuf),
    /// The program itself.
    Embedded(&'static [File]),
    /// The program was built without them.
    Missing,
}

impl Pages {
    /// The directory that the environment names if it has pages, else those in the program.
    pub(crate) fn find() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        match named.map(PathBuf::from).filter(|named| named.join("index.html").is_file()) {
            Some(directory) => Self::Directory(directory),
            None if embedded::FILES.is_empty() => Self::Missing,
            None => Self::Embedded(embedded::FILES),
        }
    }

    /// Answers requests for pages, with security headers.
    pub(crate) fn routes(&self) -> Router {
        let routes = match self {
            Self::Directory(directory) => {
                // They may be built anew at any time.
                let files = ServeDir::new(directory).append_index_html_on_directories(true);
                Router::new().fallback_service(files)
            }
            &Self::Embedded(files) => Router::new().fallback(move |request: Request| async move {
                if matches!(*request.method(), Method::GET | Method::HEAD) {
                    embedded::answer(files, request.uri().path(), request.headers())
                } else {
                    StatusCode::METHOD_NOT_ALLOWED.into_response()
                }
            }),
            Self::Missing => Router::new().fallback(|| async {
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, html)], MISSING)
            }),
        };
        // What is not in the API is no page either.
        let routes = routes.route("/api/{*path}", any(no_such_route));
        routes.layer(middleware::from_fn(add_security_headers))
    }
}

/// What a browser shows when the program was built without pages.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>Claude Worker</title>\
    <h1>This claude-worker was built without its web pages</h1>\
    <p>The engine works, and so do its API and the command line.</p>\
    <p>Install a released package, or build the pages and then the program: \
    <code>cd ui &amp;&amp; npm ci &amp;&amp; npm run build</code></p></html>\n";

async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Pages of other sites learn nothing from a request that they make blindly.
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // An outdated page must not talk to a newer engine.
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    async fn answer(pages: &Pages, path: &str) -> (StatusCode, Option<HeaderValue>) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let service = TowerToHyperService::new(pages.routes());
        let response = hyper::service::Service::call(&service, request).await.unwrap();
        (response.status(), response.headers().get(header::CONTENT_SECURITY_POLICY).cloned())
    }

    #[tokio::test]
    async fn only_pages_are_served_and_with_a_strict_policy() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("ui");
        std::fs::create_dir_all(directory.join("assets")).unwrap();
        std::fs::write(directory.join("index.html"), "<p>pages</p>").unwrap();
        std::fs::write(place.path().join("token"), "secret").unwrap();
        let embedded: &[File] = &[File {
            path: "/index.html",
            tag: "W/\"1\"",
            plain: Some(b"<p>pages</p>"),
            gzip: None,
            brotli: None,
        }];
        for pages in [Pages::Directory(directory), Pages::Embedded(embedded)] {
            let (status, policy) = answer(&pages, "/").await;
            assert_eq!(status, StatusCode::OK);
            assert!(policy.unwrap().to_str().unwrap().starts_with("default-src 'none'"));
            for path in ["/../token", "/%2e%2e/token", "/assets/..%2f..%2ftoken", "/nothing"] {
                let (status, policy) = answer(&pages, path).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
                assert!(policy.is_some(), "{path}");
            }
        }
    }

    #[tokio::test]
    async fn an_address_below_the_api_is_no_page() {
        let (status, _) = answer(&Pages::Missing, "/api/v1/nothing").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn without_pages_every_address_says_so() {
        let (status, policy) = answer(&Pages::Missing, "/").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(policy.is_some());
    }
}
