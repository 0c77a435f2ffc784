//! The HTTP server over TCP: off unless asked for, and guarded when on.
//!
//! Any web page that a person visits can send requests to a loopback port. So every request must
//! have the token, name the server by a loopback name (which stops DNS rebinding), come from no page
//! of another origin, and have JSON as its body if it has one.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use claude_worker_api::{ApiError, ErrorCode, TaskApi};
use claude_worker_client::random_hex;
use claude_worker_engine::read_own;
use claude_worker_os::files::create_new;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::connections::{Bounds, answer, serve_connections};
use crate::pages;
use crate::refusal::refuse;
use crate::routes::{self, speaking_our_protocol};

/// Few connections, because any local program may connect, and each takes a file descriptor that
/// running tasks need too. Connections of clients that do not read are closed. Only requests with the
/// token take a permit.
const BOUNDS: Bounds = Bounds { answered: 64, open: 128, unread: Some(Duration::from_secs(30)) };

/// A TCP server that is bound and not yet served.
pub(crate) struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    token: String,
    /// The directory of the web pages, if there are any.
    pages: Option<PathBuf>,
}

impl HttpServer {
    /// Binds a loopback address and reads the token, or creates one.
    ///
    /// # Errors
    /// `invalid_request` for an address that is not loopback or cannot be bound.
    pub(crate) async fn bind(address: SocketAddr, token_file: &Path) -> Result<Self, ApiError> {
        if !address.ip().is_loopback() {
            return Err(ApiError::invalid(format!("{address} is not a loopback address"))
                .hint("Use 127.0.0.1 or [::1]; reach it from elsewhere through an SSH tunnel"));
        }
        let failed = |error: io::Error| {
            ApiError::invalid(format!("Cannot listen at {address}: {error}"))
                .hint("Choose another port; 0 lets the system choose")
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let token = token(token_file).map_err(|error| {
            ApiError::invalid(format!("Cannot keep a token in {}: {error}", token_file.display()))
        })?;
        Ok(Self { listener, address, token, pages: pages::directory() })
    }

    /// The address at which it listens.
    #[must_use]
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves `api` over TCP until the sender of `closing` is dropped.
pub(crate) async fn serve_http<A: TaskApi + 'static>(
    server: HttpServer,
    api: Arc<A>,
    closing: watch::Receiver<()>,
) {
    let guard = Arc::new(Guard {
        port: server.address.port(),
        token: server.token,
        pages: server.pages.is_some(),
    });
    let mut routes = routes::router(api, closing.clone());
    if let Some(directory) = &server.pages {
        routes = routes.fallback_service(pages::routes(directory));
    }
    let routes = routes.layer(middleware::from_fn_with_state(guard, admit));
    serve_connections(server.listener, speaking_our_protocol(routes), BOUNDS, closing).await;
}

struct Guard {
    port: u16,
    token: String,
    /// Whether web pages are served.
    pages: bool,
}

/// Why a request is not admitted.
#[derive(Debug, PartialEq, Eq)]
enum Denied {
    /// It has no token or a wrong one.
    NoToken,
    /// It is refused even with the right token.
    Refused(ApiError),
}

async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    // A browser that opens a page has no token yet, and pages are public.
    let api = request.uri().path().starts_with("/api/") || request.uri().path() == "/health";
    let page = guard.pages && !api && request.method() == Method::GET;
    let checked = guard.check_source(request.headers()).and_then(|()| {
        if page { Ok(()) } else { guard.check_token(request.method(), request.headers()) }
    });
    match checked {
        Ok(()) if page => next.run(request).await,
        Ok(()) => answer(request, next).await,
        Err(denied) => {
            let mut response = denied.into_response();
            // Its body is not read, so the connection cannot be reused.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(error) => refuse(error),
            Self::NoToken => {
                let mut response = refuse(
                    ApiError::new(ErrorCode::Forbidden, "The request carries no valid token").hint(
                        "Send `Authorization: Bearer TOKEN`; the token is in the data directory's file `token`",
                    ),
                );
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let bearer = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
                response
            }
        }
    }
}

impl Guard {
    /// Checks that the request uses a loopback name and is not from a page of another origin.
    fn check_source(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let forbidden = |message: &str| ApiError::new(ErrorCode::Forbidden, message);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if !self.hosts().iter().any(|own| own == host) {
            return Err(Denied::Refused(
                forbidden("This server is reached by a loopback name only")
                    .hint(format!("Use http://127.0.0.1:{}", self.port)),
            ));
        }
        if let Some(origin) = text(header::ORIGIN)
            && !self.hosts().iter().any(|own| origin.strip_prefix("http://") == Some(own))
        {
            return Err(Denied::Refused(forbidden(
                "A page of another origin may not use this server",
            )));
        }
        Ok(())
    }

    /// Checks the token, and that the body is of a type that pages of other origins cannot send.
    fn check_token(&self, method: &Method, headers: &HeaderMap) -> Result<(), Denied> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if !given.is_some_and(|given| same(given.as_bytes(), self.token.as_bytes())) {
            return Err(Denied::NoToken);
        }
        let has_body = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
        let json = text(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.split(';').next().unwrap_or("").trim() == "application/json");
        if has_body && !json {
            return Err(Denied::Refused(ApiError::invalid(
                "The request must have Content-Type: application/json",
            )));
        }
        Ok(())
    }

    fn hosts(&self) -> [String; 3] {
        ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{}", self.port))
    }
}

/// Compares in constant time.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |differs, (l, r)| differs | (l ^ r)) == 0
}

/// The token in `file`; a new one is written there when it has none.
fn token(file: &Path) -> io::Result<String> {
    match read_own(file) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Ok(_) => std::fs::remove_file(file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let token = random_hex::<32>()?;
    let mut opened = create_new(file)?;
    io::Write::write_all(&mut opened, token.as_bytes())?;
    opened.sync_all()?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, headers: &[(&'static str, &str)]) -> Result<(), StatusCode> {
        let guard = Guard { port: 8000, token: "secret".to_owned(), pages: false };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        guard
            .check_source(&map)
            .and_then(|()| guard.check_token(method, &map))
            .map_err(|denied| denied.into_response().status())
    }

    #[test]
    fn only_requests_with_the_token_and_a_loopback_name_are_admitted() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:8000");
        const TOKEN: (&str, &str) = ("authorization", "Bearer secret");
        const JSON: (&str, &str) = ("content-type", "application/json");
        let forbidden = Err(StatusCode::FORBIDDEN);
        let unauthorized = Err(StatusCode::UNAUTHORIZED);
        assert_eq!(check(&Method::GET, &[HOST, TOKEN]), Ok(()));
        assert_eq!(check(&Method::POST, &[HOST, TOKEN, JSON]), Ok(()));
        assert_eq!(check(&Method::GET, &[HOST]), unauthorized);
        assert_eq!(check(&Method::GET, &[HOST, ("authorization", "Bearer secre")]), unauthorized);
        assert_eq!(check(&Method::GET, &[TOKEN]), forbidden);
        // DNS rebinding: the browser sends the attacker's name.
        assert_eq!(check(&Method::GET, &[("host", "evil.example:8000"), TOKEN]), forbidden);
        assert_eq!(
            check(&Method::POST, &[HOST, TOKEN, JSON, ("origin", "https://evil.example")]),
            forbidden
        );
        assert_eq!(
            check(&Method::POST, &[HOST, TOKEN, JSON, ("origin", "http://127.0.0.1:8000")]),
            Ok(())
        );
        // A content type that a page can send without a CORS preflight.
        assert_eq!(
            check(&Method::POST, &[HOST, TOKEN, ("content-type", "text/plain")]),
            Err(StatusCode::BAD_REQUEST)
        );
    }
}
