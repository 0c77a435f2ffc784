//! Which requests over TCP are admitted, and who sends them.
//!
//! Any web page that a person visits can send requests to a loopback port. So every request must name
//! the server by a name of its own (which stops DNS rebinding) and come from no page of another origin
//! ([`source`]), have a token or the cookie of a browser that has logged in ([`credentials`]), and have
//! JSON as its body if it has one. Pages, which are public, and the login ([`login`]) need no token.
//!
//! An answer that is still going on (a long poll, a stream of events) ends when its token is revoked
//! ([`until_ended`]).

mod cookie;
mod credentials;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
pub(crate) mod login;
mod login_code;
mod source;
mod target;
mod until_ended;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use claude_worker_api::openapi::REDEEM_PATH;
use claude_worker_api::{ApiError, ErrorCode, Timestamp};
use claude_worker_engine::{Digest, Grants, NotAdmitted};

pub(crate) use self::cookie::Cookie;
use self::credentials::{Ended, bearer};
pub(crate) use self::source::Source;
use self::until_ended::UntilEnded;
use crate::connections::with_permit;
use crate::refusal::{Refusal, refuse};

/// How long an answer may still take when its token is no longer valid.
const LAST_ANSWER: Duration = Duration::from_millis(500);

/// What requests are checked against.
pub(crate) struct Guard {
    pub(crate) source: Source,
    /// Of the token in the data directory.
    pub(crate) owner: Digest,
    /// All other tokens, and the logins of browsers.
    pub(crate) grants: Arc<Grants>,
    /// The cookie of a login.
    pub(crate) cookie: Cookie,
}

/// Why a request is not admitted.
#[derive(Debug, PartialEq, Eq)]
enum Denied {
    /// It has neither a token nor a login.
    NoCredentials,
    /// Its token or login is not valid.
    NotValid(NotAdmitted),
    /// It is refused even with the right token.
    Refused(ApiError),
    /// Its body is not declared to be JSON.
    NotJson,
}

/// What a request needs to be admitted, apart from coming from the right place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing: it is for a page. A browser that opens one has no token yet.
    Nothing,
    /// A code, which its route checks.
    LoginCode,
    /// A token, or the cookie of a login.
    Credentials,
}

/// Checks a request, and passes it on if it is admitted.
pub(crate) async fn admit(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let unambiguous = target::check(request.uri(), request.headers());
    if let Err(error) = unambiguous.and_then(|()| guard.source.check(&request)) {
        return closing(Denied::Refused(error));
    }
    let is_last = target::is_last(request.headers());
    let mut response = admit_from(&guard, request, next).await;
    if is_last {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Checks who sends a request that comes from the right place, and passes it on.
async fn admit_from(guard: &Guard, mut request: Request, next: Next) -> Response {
    match Guard::needs(request.method(), request.uri().path()) {
        Needs::Nothing => next.run(request).await,
        Needs::LoginCode => {
            if let Err(denied) = check_body_type(request.method(), request.headers()) {
                return closing(denied);
            }
            match login_code::read(request).await {
                Ok(request) => next.run(request).await,
                Err(refusal) => closing(refusal),
            }
        }
        Needs::Credentials => {
            let (method, headers) = (request.method(), request.headers());
            let checked = guard.credentials(method, headers, Timestamp::now());
            let credentials = match checked.and_then(|credentials| {
                check_body_type(method, headers)?;
                Ok(credentials)
            }) {
                Ok(credentials) => credentials,
                Err(denied) => return closing(denied),
            };
            request.extensions_mut().insert(credentials.principal);
            answer_until_ended(request, next, credentials.ended).await
        }
    }
}

/// Answers a request for as long as its credentials are valid. A token that revokes or replaces itself
/// still gets the answer to that.
async fn answer_until_ended(request: Request, next: Next, mut ended: Ended) -> Response {
    let mut is_over = false;
    let response = {
        let too_late = async {
            ended.as_mut().await;
            is_over = true;
            tokio::time::sleep(LAST_ANSWER).await;
        };
        tokio::select! {
            biased;
            response = with_permit(request, next) => response,
            () = too_late => return closing(Denied::NotValid(NotAdmitted::Unknown)),
        }
    };
    UntilEnded::wrap(response, if is_over { Box::pin(ready(())) } else { ended })
}

/// A refusal. The request's body is not read, so the connection cannot be used again.
fn closing(refusal: impl IntoResponse) -> Response {
    let mut response = refusal.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(error) => refuse(error),
            Self::NotJson => Refusal::with_status(
                ApiError::invalid("The request's body is not declared to be JSON")
                    .hint("Send the header `Content-Type: application/json`"),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            )
            .into_response(),
            Self::NoCredentials => unauthorized(
                "The request carries no token",
                "Send `Authorization: Bearer TOKEN`, with a token of `claude-worker token create` or the \
                 one in the data directory's file `token`. A browser logs in with `claude-worker open \
                 --browser`",
            ),
            Self::NotValid(NotAdmitted::Unknown) => unauthorized(
                "The token of the request is wrong, or was revoked or replaced",
                "On the engine's machine, `claude-worker token list` shows which there are, and \
                 `claude-worker token create NAME` makes one. A browser logs in with `claude-worker open \
                 --browser`",
            ),
            Self::NotValid(NotAdmitted::Expired) => unauthorized(
                "The token of the request has expired",
                "On the engine's machine, `claude-worker token create NAME` makes another one. A browser \
                 logs in with `claude-worker open --browser`",
            ),
        }
    }
}

fn unauthorized(message: &str, hint: &str) -> Response {
    let error = ApiError::new(ErrorCode::Forbidden, message).hint(hint);
    let mut response = Refusal::with_status(error, StatusCode::UNAUTHORIZED).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

impl Guard {
    fn needs(method: &Method, path: &str) -> Needs {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        if *method == Method::POST && path == REDEEM_PATH {
            return Needs::LoginCode;
        }
        // Pages, and what does not exist.
        let api = path.starts_with("/api/") || path == "/metrics";
        if reads && !api { Needs::Nothing } else { Needs::Credentials }
    }
}

/// Checks that the body is of a type that pages of other origins cannot send. A request without a body
/// needs no type if it has a token: such pages cannot send one either.
fn check_body_type(method: &Method, headers: &HeaderMap) -> Result<(), Denied> {
    let is_empty = !headers.contains_key(header::CONTENT_TYPE)
        && !headers.contains_key(header::TRANSFER_ENCODING)
        && headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0")
        && bearer(headers).is_some();
    let has_body = !is_empty && matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(is_json);
    if has_body && !json {
        return Err(Denied::NotJson);
    }
    Ok(())
}

/// Whether a media type is JSON. Types have no case, and may have parameters.
fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard {
            source: Source { port: 8000, allow_hosts: Vec::new(), tls: false, behind_proxy: false },
            owner: Digest::of("secret"),
            grants: Arc::default(),
            cookie: Cookie::new(8000, false),
        }
    }

    fn check(method: &Method, headers: &[(&'static str, &str)]) -> Result<(), StatusCode> {
        let guard = guard();
        let mut request = Request::default();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        guard
            .source
            .check(&request)
            .map_err(Denied::Refused)
            .and_then(|()| guard.credentials(method, request.headers(), Timestamp::default()))
            .and_then(|_| check_body_type(method, request.headers()))
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
        for scheme in ["bearer secret", "BEARER  secret"] {
            assert_eq!(check(&Method::GET, &[HOST, ("authorization", scheme)]), Ok(()), "{scheme}");
        }
        assert_eq!(check(&Method::GET, &[HOST]), unauthorized);
        for wrong in
            ["Bearer secre", "Bearer secret ", "Bearersecret", "Basic secret", "secret", "Bearer "]
        {
            assert_eq!(
                check(&Method::GET, &[HOST, ("authorization", wrong)]),
                unauthorized,
                "{wrong}"
            );
        }
        assert_eq!(
            check(&Method::GET, &[HOST, ("cookie", "claude_worker_login_8000=x")]),
            unauthorized
        );
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
        for kind in ["Application/JSON", "application/json; charset=utf-8", "APPLICATION/json ;x=y"]
        {
            let headers = [HOST, TOKEN, ("content-type", kind)];
            assert_eq!(check(&Method::POST, &headers), Ok(()), "{kind}");
        }
        // Content types that a page can send without a CORS preflight.
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            assert_eq!(
                check(&Method::POST, &[HOST, TOKEN, ("content-type", kind)]),
                Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            );
        }
    }

    #[test]
    fn only_pages_and_the_login_need_no_token() {
        let (get, post) = (Method::GET, Method::POST);
        for path in ["/", "/index.html", "/assets/x.js", "/login", "/docs", "/openapi.json"] {
            assert_eq!(Guard::needs(&get, path), Needs::Nothing, "{path}");
            assert_eq!(Guard::needs(&post, path), Needs::Credentials, "{path}");
        }
        for path in ["/api/v1/tasks", "/api/", "/api/v1/logins/redeem"] {
            assert_eq!(Guard::needs(&get, path), Needs::Credentials, "{path}");
        }
        assert_eq!(Guard::needs(&post, "/api/v1/logins/redeem"), Needs::LoginCode);
    }
}
