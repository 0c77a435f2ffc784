//! The web pages, served with the API so that a browser can show what the app's window shows.
//!
//! The files are public: a browser cannot send a token with its first request, but the requests that
//! the pages send to the API carry it. The files are read from a directory, so that the command line
//! stays small; without the directory no pages are served.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use tower_http::services::ServeDir;

/// Names the directory with the built pages, for development and for unusual installations.
const VARIABLE: &str = "CLAUDE_WORKER_UI";

/// The content security policy: a page may run its own scripts and connect to this server only. It
/// protects against hostile text of agents if escaping fails.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      font-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The directory of the built pages: the one that the environment names, or the one in which packages
/// install them. None when it has no pages.
pub(crate) fn directory() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = named.or_else(|| {
        let program = std::env::current_exe().ok()?;
        Some(program.parent()?.parent()?.join("share/claude-worker/ui"))
    })?;
    directory.join("index.html").is_file().then_some(directory)
}

/// The files of `directory`, with security headers.
pub(crate) fn routes(directory: &Path) -> Router {
    Router::new()
        .fallback_service(ServeDir::new(directory).append_index_html_on_directories(true))
        .layer(middleware::from_fn(add_security_headers))
}

async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // An outdated page must not talk to a newer engine.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    async fn answer(path: &str) -> (StatusCode, Option<HeaderValue>) {
        let place = tempfile::tempdir().unwrap();
        let pages = place.path().join("ui");
        std::fs::create_dir_all(pages.join("assets")).unwrap();
        std::fs::write(pages.join("index.html"), "<p>pages</p>").unwrap();
        std::fs::write(place.path().join("token"), "secret").unwrap();
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let service = TowerToHyperService::new(routes(&pages));
        let response = hyper::service::Service::call(&service, request).await.unwrap();
        (response.status(), response.headers().get(header::CONTENT_SECURITY_POLICY).cloned())
    }

    #[tokio::test]
    async fn only_pages_are_served_and_with_a_strict_policy() {
        let (status, policy) = answer("/").await;
        assert_eq!(status, StatusCode::OK);
        assert!(policy.unwrap().to_str().unwrap().starts_with("default-src 'none'"));
        for path in ["/../token", "/%2e%2e/token", "/assets/..%2f..%2ftoken", "/nothing"] {
            let (status, _) = answer(path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
