//! The login of a browser: a page that takes the code of a one-time link, and the requests that it
//! sends.
//!
//! The code is in the fragment of the link (`/login#CODE`), which browsers send to no server. The page
//! posts it and gets a cookie that no script can read.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use claude_worker_api::openapi::{LOGOUT_PATH, REDEEM_PATH};
use claude_worker_api::{ApiError, ErrorCode, SubmittedBy};
use claude_worker_engine::{Engine, LoginRefused, Principal};
use serde::Deserialize;

use super::Cookie;
use crate::page_files::{self, File};
use crate::refusal::Refusal;
use crate::request::{Nothing, body, query};
use crate::routes::no_such_method;

/// The page, which everybody may see.
const FILES: &[File] = &[
    File {
        path: "/login",
        media_type: "text/html; charset=utf-8",
        text: include_str!("login/login.html"),
    },
    File {
        path: "/login.js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("login/login.js"),
    },
    File {
        path: "/login.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("login/login.css"),
    },
];

/// The largest body of a request to log out, in bytes.
const LARGEST_BODY: usize = 4096;

#[derive(Clone)]
struct Login {
    engine: Engine,
    cookie: Cookie,
}

/// The body of a request to [`REDEEM_PATH`].
#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The routes of the login.
pub(crate) fn routes(engine: Engine, cookie: Cookie) -> Router {
    page_files::add(Router::new(), FILES)
        .route(REDEEM_PATH, post(redeem))
        .route(LOGOUT_PATH, post(log_out))
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Login { engine, cookie })
}

/// Logs a browser in.
async fn redeem(
    State(login): State<Login>,
    uri: Uri,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let code = arguments(&uri, bytes).and_then(|bytes| code(&bytes))?;
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    match login.engine.log_in(&code, user_agent).await {
        Ok(secret) => {
            let cookie = login.cookie.set(&secret)?;
            Ok(([(header::SET_COOKIE, cookie)], Json(serde_json::json!({}))).into_response())
        }
        Err(LoginRefused::Code) => Err(Refusal::from(
            ApiError::new(
                ErrorCode::Forbidden,
                "This link was used already, or is older than 2 minutes",
            )
            .hint("`claude-worker open --browser` makes a new one"),
        )),
        Err(LoginRefused::TooMany) => {
            let error = ApiError::unavailable("Too many links were tried in the last minute")
                .hint("Wait a minute, and make a new link");
            let refusal = Refusal::with_status(error, StatusCode::TOO_MANY_REQUESTS);
            let mut response = refusal.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            Ok(response)
        }
        Err(LoginRefused::Failed(error)) => Err(error.into()),
    }
}

/// Ends the login of the browser that asks.
async fn log_out(
    State(login): State<Login>,
    uri: Uri,
    extensions: Extensions,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Nothing {} = arguments(&uri, bytes).and_then(|bytes| body(&bytes))?;
    let principal = extensions.get::<Principal>();
    let browser =
        principal.filter(|principal| matches!(principal.submitted_by(), SubmittedBy::Browser(_)));
    let Some(browser) = browser else {
        return Err(Refusal::from(
            ApiError::invalid("Only a browser that has logged in can log out")
                .hint("`claude-worker token revoke NAME` ends a token"),
        ));
    };
    login.engine.log_out(browser).await?;
    let cookie = login.cookie.remove()?;
    Ok(([(header::SET_COOKIE, cookie)], Json(serde_json::json!({}))).into_response())
}

/// The body of a request. Parameters are refused: these addresses have none.
fn arguments(uri: &Uri, bytes: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    query::<Nothing>(uri.query().unwrap_or_default())?;
    bytes.map_err(|error| {
        ApiError::invalid(format!("The request is too large or broken: {}", error.body_text()))
            .hint("Send a JSON object of at most 4096 bytes")
    })
}

/// The code in a body.
pub(super) fn code(bytes: &Bytes) -> Result<String, ApiError> {
    body(bytes).map(|Code { code }| code)
}
