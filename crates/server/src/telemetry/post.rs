//! Sending one request to an OTLP receiver.

use std::time::Duration;

use axum::body::Bytes;
use claude_worker_client::{ServerUrl, tls_handshake};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long a receiver may take to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const LARGEST_ANSWER: usize = 64 * 1024;
/// The path for traces, below that of the endpoint.
const TRACES: &str = "v1/traces";

/// Why spans were not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// It may work later.
    Passing(String),
    /// The receiver refuses these spans.
    Refused(String),
}

/// Posts JSON to the path for traces of `endpoint`, over a connection of its own.
pub(super) async fn post(endpoint: &str, json: Bytes) -> Result<(), NotSent> {
    let sent = tokio::time::timeout(ANSWERED_WITHIN, connect(endpoint, json)).await;
    sent.unwrap_or_else(|_| {
        Err(NotSent::Passing(format!("no answer within {} s", ANSWERED_WITHIN.as_secs())))
    })
}

async fn connect(endpoint: &str, json: Bytes) -> Result<(), NotSent> {
    let (url, path) = target(endpoint).map_err(NotSent::Refused)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, url.authority())
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(Full::new(json))
        .map_err(|error| NotSent::Refused(error.to_string()))?;
    let stream = TcpStream::connect((url.host(), url.port())).await;
    let stream = stream.map_err(|error| NotSent::Passing(error.to_string()))?;
    if !url.is_encrypted() {
        return exchange(stream, request).await;
    }
    let encrypted = tls_handshake(stream, &url).await;
    exchange(encrypted.map_err(|error| NotSent::Passing(error.message))?, request).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(), NotSent> {
    let passing = |error: hyper::Error| NotSent::Passing(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(passing)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(passing)?;
        let status = response.status();
        // Read, so that the receiver sees no broken connection.
        drop(Limited::new(response.into_body(), LARGEST_ANSWER).collect().await);
        Ok(status)
    };
    let (status, _) = tokio::join!(answer, connection);
    match status? {
        status if status.is_success() => Ok(()),
        // Those that the OTLP specification calls retryable.
        status @ (StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT) => Err(NotSent::Passing(format!("it answered {status}"))),
        status => Err(NotSent::Refused(format!("it answered {status}"))),
    }
}

/// The server, and the path for traces there: as it is in `endpoint`, or added to it.
fn target(endpoint: &str) -> Result<(ServerUrl, String), String> {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("http", endpoint));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let url = ServerUrl::parse(&format!("{scheme}://{authority}"))?;
    let path = match path.trim_matches('/') {
        "" => format!("/{TRACES}"),
        path if path == TRACES || path.ends_with(&format!("/{TRACES}")) => format!("/{path}"),
        path => format!("/{path}/{TRACES}"),
    };
    Ok((url, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_for_traces_is_added_to_an_endpoint_without_it() {
        for (endpoint, server, path) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318", "/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318", "/v1/traces"),
            ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318", "/v1/traces"),
            ("http://[::1]:4318/otlp/", "http://[::1]:4318", "/otlp/v1/traces"),
            ("https://x/otlp/v1/traces/", "https://x", "/otlp/v1/traces"),
            ("http://collector", "http://collector", "/v1/traces"),
        ] {
            let (url, own) = target(endpoint).unwrap();
            assert_eq!((url.to_string().as_str(), own.as_str()), (server, path), "{endpoint}");
        }
    }
}
