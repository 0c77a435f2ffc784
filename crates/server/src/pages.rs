//! The web pages, served with the API so that a browser can show what the app's window shows.
//!
//! The files are public: a browser that opens them has not logged in yet. The requests that the pages send
//! to the API carry the cookie of the login. They are part of the program (`embedded.rs`), unless the
//! environment names a directory of them.

mod embedded;

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tower_http::services::ServeDir;

use crate::page_files::with_security_headers;
use crate::routes::{no_such_method, no_such_route};
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
                let files = ServeDir::new(directory)
                    .append_index_html_on_directories(true)
                    .call_fallback_on_method_not_allowed(true)
                    .fallback(Router::new().fallback(no_page));
                let only_pages = OnlyPages(directory.clone());
                Router::new()
                    .fallback_service(files)
                    .layer(middleware::from_fn_with_state(only_pages, only_pages_of_directory))
            }
            &Self::Embedded(files) => Router::new().fallback(move |request: Request| async move {
                let method = request.method().clone();
                let is_read = matches!(method, Method::GET | Method::HEAD);
                match embedded::find(files, request.uri().path()).filter(|_| is_read) {
                    Some(file) => file.response(request.headers()).into_response(),
                    None => no_page(method).await,
                }
            }),
            Self::Missing => {
                let missing = || async {
                    let html = HeaderValue::from_static("text/html; charset=utf-8");
                    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, html)], MISSING)
                };
                Router::new().route("/", get(missing)).fallback(no_page)
            }
        };
        // What is not in the API is no page either.
        let routes = routes.route("/api/{*path}", any(no_such_route));
        routes.layer(middleware::from_fn(add_security_headers))
    }
}

/// The directory that pages must be in.
#[derive(Debug, Clone)]
struct OnlyPages(PathBuf);

impl OnlyPages {
    /// Whether it is a regular file in the directory, or one of its directories. A link may lead out of it,
    /// and opening a pipe would wait for ever.
    fn has(&self, path: &str) -> bool {
        // The names of built pages have no characters that would have to be encoded.
        if path.contains('%') {
            return false;
        }
        let wanted = self.0.join(path.trim_start_matches('/'));
        let wanted = if path.ends_with('/') { wanted.join("index.html") } else { wanted };
        let (Ok(root), Ok(file)) = (self.0.canonicalize(), wanted.canonicalize()) else {
            return false;
        };
        let is_page = std::fs::metadata(&file).is_ok_and(|found| found.is_file() || found.is_dir());
        file.starts_with(root) && is_page
    }
}

/// Answers requests for what is no page without opening it.
async fn only_pages_of_directory(
    State(pages): State<OnlyPages>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let is_read = matches!(method, Method::GET | Method::HEAD);
    let has = tokio::task::spawn_blocking(move || pages.has(&path)).await;
    if is_read && !has.unwrap_or_default() {
        return no_page(method).await;
    }
    next.run(request).await
}

/// What a browser shows when the program was built without pages.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>Claude Worker</title>\
    <h1>This claude-worker was built without its web pages</h1>\
    <p>The engine works, and so do its API and the command line.</p>\
    <p>Install a released package, or build the pages and then the program: \
    <code>cd ui &amp;&amp; npm ci &amp;&amp; npm run build</code></p></html>\n";

async fn add_security_headers(request: Request, next: Next) -> Response {
    with_security_headers(next.run(request).await, POLICY)
}

/// Answers a request for something that is no page.
async fn no_page(method: Method) -> Response {
    if matches!(method, Method::GET | Method::HEAD) {
        return no_such_route().await.into_response();
    }
    let mut response = no_such_method(method).await;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use claude_worker_api::Problem;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    async fn ask(pages: &Pages, method: Method, path: &str) -> Response {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let service = TowerToHyperService::new(pages.routes());
        hyper::service::Service::call(&service, request).await.unwrap()
    }

    async fn answer(pages: &Pages, path: &str) -> (StatusCode, Option<HeaderValue>) {
        let response = ask(pages, Method::GET, path).await;
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
        for pages in
            [Pages::Missing, Pages::Directory(directory.clone()), Pages::Embedded(embedded)]
        {
            let shown = format!("{pages:?}");
            for (method, path, status) in [
                (Method::GET, "/tasks/5", StatusCode::NOT_FOUND),
                (Method::POST, "/tasks", StatusCode::METHOD_NOT_ALLOWED),
                (Method::POST, "/index.html", StatusCode::METHOD_NOT_ALLOWED),
            ] {
                let response = ask(&pages, method, path).await;
                assert_eq!(response.status(), status, "{path} {shown}");
                let allowed = response.headers().contains_key(header::ALLOW);
                assert_eq!(allowed, status == StatusCode::METHOD_NOT_ALLOWED, "{path} {shown}");
                let body = to_bytes(response.into_body(), 4096).await.unwrap();
                let problem: Problem = serde_json::from_slice(&body).expect("a problem detail");
                assert!(!problem.error.hint.is_empty(), "{path} {shown}");
            }
            let options = ask(&pages, Method::OPTIONS, "/tasks").await;
            assert_eq!(options.status(), StatusCode::NO_CONTENT, "{shown}");
            assert_eq!(options.headers()[header::ALLOW], "GET,HEAD", "{shown}");
        }
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
    async fn links_out_of_the_directory_and_pipes_are_no_pages() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("ui");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("index.html"), "<p>pages</p>").unwrap();
        std::fs::write(directory.join("page.js"), "").unwrap();
        std::fs::write(place.path().join("token"), "secret").unwrap();
        std::os::unix::fs::symlink(place.path().join("token"), directory.join("token")).unwrap();
        std::os::unix::fs::symlink("page.js", directory.join("link.js")).unwrap();
        drop(claude_worker_os::pipe::listen(&directory.join("pipe")).unwrap());
        let pages = Pages::Directory(directory);
        for path in ["/token", "/pipe", "/nothing/"] {
            assert_eq!(answer(&pages, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        for path in ["/", "/index.html", "/page.js", "/link.js"] {
            assert_eq!(answer(&pages, path).await.0, StatusCode::OK, "{path}");
        }
    }

    #[tokio::test]
    async fn an_address_below_the_api_is_no_page() {
        let (status, _) = answer(&Pages::Missing, "/api/v1/nothing").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn without_pages_the_first_one_says_so() {
        let (status, policy) = answer(&Pages::Missing, "/").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(policy.is_some());
    }
}
