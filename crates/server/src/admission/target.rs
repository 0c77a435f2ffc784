//! Requests that two programs could understand differently: a proxy in front of this server, and this
//! server. They are refused, and nothing else is read from their connection.

use axum::http::{HeaderMap, Uri, header};
use claude_worker_api::ApiError;

/// Checks that a request names one host, and has one length.
///
/// # Errors
/// `invalid_request` for headers that contradict each other.
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(ApiError::invalid("The request has two Host headers")
            .hint("Send one; a proxy must replace that of the client, not add one"));
    }
    // `GET http://host/path`, as a client sends it to a proxy.
    if let Some(authority) = uri.authority()
        && host.is_none_or(|host| host.as_bytes() != authority.as_str().as_bytes())
    {
        return Err(ApiError::invalid("The request's target and its Host header are different")
            .hint("Send only the path as the target, and the host in the header Host"));
    }
    if headers.contains_key(header::TRANSFER_ENCODING)
        && headers.contains_key(header::CONTENT_LENGTH)
    {
        return Err(ApiError::invalid("The request has both Transfer-Encoding and Content-Length")
            .hint("Send Content-Length alone, unless the length is not known"));
    }
    Ok(())
}

/// Whether nothing more may be read from the connection after this request. Beside a
/// `Transfer-Encoding` there may have been a `Content-Length`, which hyper has dropped.
pub(super) fn is_last(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_understood_in_two_ways_is_refused() {
        let check = |uri: &str, headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            check(&uri.parse().unwrap(), &map).is_ok()
        };
        const HOST: (&str, &str) = ("host", "127.0.0.1:8000");
        assert!(check("/x", &[HOST]) && check("http://127.0.0.1:8000/x", &[HOST]));
        assert!(!check("/x", &[HOST, HOST]));
        assert!(!check("/x", &[HOST, ("host", "evil.example")]));
        assert!(!check("http://evil.example/x", &[HOST]));
        assert!(!check("http://127.0.0.1:8000/x", &[]));
        let (length, chunked) = (("content-length", "5"), ("transfer-encoding", "chunked"));
        assert!(check("/x", &[HOST, length]) && check("/x", &[HOST, chunked]));
        assert!(!check("/x", &[HOST, length, chunked]));
    }
}
