//! Which requests over TCP are admitted.
//!
//! Any web page that a person visits can send requests to a loopback port. So every request must
//! have the token, name the server by a loopback name (which stops DNS rebinding), come from no page
//! of another origin, and have JSON as its body if it has one.

mod source;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use claude_worker_api::{ApiError, ErrorCode};

pub(crate) use self::source::Source;
use crate::connections::answer;
use crate::docs_page;
use crate::refusal::{Refusal, refuse};

/// What requests are checked against.
pub(crate) struct Guard {
    pub(crate) source: Source,
    pub(crate) token: String,
    /// Whether web pages are served.
    pub(crate) pages: bool,
}

/// Why a request is not admitted.
#[derive(Debug, PartialEq, Eq)]
enum Denied {
    /// It has no token or a wrong one.
    NoToken,
    /// It is refused even with the right token.
    Refused(ApiError),
    /// Its body is not declared to be JSON.
    NotJson,
}

/// Checks a request, and passes it on if it is admitted.
pub(crate) async fn admit(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    // A browser that opens a page has no token yet, and pages are public.
    let path = request.uri().path();
    let api = path.starts_with("/api/") || path == "/health";
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let page = reads && (docs_page::is_public(path) || (guard.pages && !api));
    let source = guard.source.check(request.headers()).map_err(Denied::Refused);
    let checked = source.and_then(|()| {
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
            Self::NotJson => Refusal::with_status(
                ApiError::invalid("The request must have Content-Type: application/json"),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            )
            .into_response(),
            Self::NoToken => {
                let error =
                    ApiError::new(ErrorCode::Forbidden, "The request carries no valid token").hint(
                        "Send `Authorization: Bearer TOKEN`; the token is in the data directory's file `token`",
                    );
                let refusal = Refusal::with_status(error, StatusCode::UNAUTHORIZED);
                let mut response = refusal.into_response();
                let bearer = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
                response
            }
        }
    }
}

impl Guard {
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
            return Err(Denied::NotJson);
        }
        Ok(())
    }
}

/// Compares in constant time.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |differs, (l, r)| differs | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, headers: &[(&'static str, &str)]) -> Result<(), StatusCode> {
        let guard =
            Guard { source: Source { port: 8000 }, token: "secret".to_owned(), pages: false };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let source = guard.source.check(&map).map_err(Denied::Refused);
        source
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
            Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        );
    }
}
