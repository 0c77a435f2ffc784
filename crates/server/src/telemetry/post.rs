//! Sending one request to an OTLP receiver.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a receiver may take to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Why spans were not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// It may work later.
    Passing(String),
    /// The receiver refuses these spans.
    Refused(String),
}

/// Posts JSON to the path for traces below `endpoint`, over a connection of its own.
pub(super) async fn post(endpoint: &str, json: Bytes) -> Result<(), NotSent> {
    let sent = tokio::time::timeout(ANSWERED_WITHIN, exchange(endpoint, json)).await;
    sent.unwrap_or_else(|_| {
        Err(NotSent::Passing(format!("no answer within {} s", ANSWERED_WITHIN.as_secs())))
    })
}

async fn exchange(endpoint: &str, json: Bytes) -> Result<(), NotSent> {
    let passing = |error: &dyn std::fmt::Display| NotSent::Passing(error.to_string());
    let (authority, path) = target(endpoint);
    let address = match authority.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => authority.to_owned(),
        _ => format!("{authority}:80"),
    };
    let stream = TcpStream::connect(address).await.map_err(|error| passing(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| passing(&error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(Full::new(json))
        .map_err(|error| NotSent::Refused(error.to_string()))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| passing(&error))?;
        let status = response.status();
        // Read, so that the receiver sees no broken connection.
        drop(Limited::new(response.into_body(), LARGEST_ANSWER).collect().await);
        Ok(status)
    };
    let (status, _) = tokio::join!(answer, connection);
    let status = status?;
    match status {
        status if status.is_success() => Ok(()),
        // Those that the OTLP specification calls retryable.
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Err(NotSent::Passing(format!("it answered {status}"))),
        status => Err(NotSent::Refused(format!("it answered {status}"))),
    }
}

/// Host with port, and the path for traces.
fn target(endpoint: &str) -> (&str, String) {
    let rest = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    match path.trim_matches('/') {
        "" => (authority, "/v1/traces".to_owned()),
        path => (authority, format!("/{path}/v1/traces")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_for_traces_is_added_to_the_endpoint() {
        for (endpoint, authority, path) in [
            ("http://127.0.0.1:4318", "127.0.0.1:4318", "/v1/traces"),
            ("http://127.0.0.1:4318/", "127.0.0.1:4318", "/v1/traces"),
            ("http://[::1]:4318/otlp/", "[::1]:4318", "/otlp/v1/traces"),
            ("http://collector", "collector", "/v1/traces"),
        ] {
            assert_eq!(target(endpoint), (authority, path.to_owned()), "{endpoint}");
        }
    }
}
