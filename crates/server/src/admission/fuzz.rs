//! What the fuzzers call to check which requests are admitted.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use claude_worker_api::Timestamp;
use claude_worker_api::openapi::REDEEM_PATH;
use claude_worker_engine::Digest;

use super::{Cookie, Guard, Needs, Source, check_body_type, login, target};

/// The only token of the server.
const TOKEN: &str = "s3cret";
/// Its only names.
const NAMES: [&str; 4] = ["127.0.0.1", "localhost", "[::1]", "worker.example"];
/// The port at which it listens.
const PORT: u16 = 8000;

/// Checks the head of a request: the first line of the input is method and target, each further line a
/// header. A request is admitted only by the name of this server, and by the token where it needs one.
pub(crate) fn admission(input: &[u8]) {
    let Some(request) = request(input) else { return };
    let guard = Guard {
        source: Source {
            port: PORT,
            allow_hosts: vec!["worker.example".to_owned()],
            tls: false,
            behind_proxy: false,
        },
        owner: Digest::of(TOKEN),
        grants: Arc::default(),
        cookie: Cookie::new(PORT, false),
    };
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    if target::check(request.uri(), headers).is_ok() && guard.source.check(&request).is_ok() {
        let host = headers.get(header::HOST).expect("a host").to_str().expect("text");
        assert!(is_our_name(host), "{host}");
        for origin in headers.get_all(header::ORIGIN) {
            let host = origin.to_str().expect("text").to_ascii_lowercase();
            assert!(host.strip_prefix("http://").is_some_and(is_our_name), "{host}");
        }
    }
    let needs = Guard::needs(method, path);
    if path.starts_with("/api/") && path != REDEEM_PATH {
        assert_eq!(needs, Needs::Credentials, "{method} {path}");
    }
    // There is no login, so no cookie is of use.
    if guard.credentials(method, headers, Timestamp::now()).is_ok() {
        let given = headers.get_all(header::AUTHORIZATION).iter();
        let tokens = given.filter_map(|given| given.to_str().ok()?.split_once(' '));
        assert_eq!(
            tokens.map(|(_, token)| token.trim()).find(|token| *token == TOKEN),
            Some(TOKEN)
        );
    }
    drop(check_body_type(method, headers));
}

/// Whether requests may name this server so.
fn is_our_name(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        // A proxy at the usual port passes the name on without a port.
        _ => return host == "worker.example",
    };
    port == Some(PORT) && NAMES.contains(&name)
}

fn request(input: &[u8]) -> Option<Request> {
    let mut lines = input.split(|byte| *byte == b'\n');
    let (method, uri) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(uri).body(Body::empty()).ok()?;
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// The body of a request that logs a browser in.
pub(crate) fn login_code(input: &[u8]) {
    let code = login::code(&input.to_vec().into());
    let is_code = |value: &serde_json::Value| value["code"].is_string();
    let value: Result<serde_json::Value, _> = serde_json::from_slice(input);
    assert!(code.is_err() || value.is_ok_and(|value| is_code(&value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_names_are_ours() {
        for host in ["127.0.0.1:8000", "LOCALHOST:8000", "[::1]:8000", "worker.example"] {
            assert!(is_our_name(host), "{host}");
        }
        for host in ["127.0.0.1", "localhost:80", "[::1]", "x.worker.example:8000", ""] {
            assert!(!is_our_name(host), "{host}");
        }
    }
}
