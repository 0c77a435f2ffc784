//! Where a request comes from: by which name it reached this server, and from a page of which origin.
//!
//! A web page of another site can make a browser send requests here. The name that such a request used
//! and the origin of the page are in headers that the page cannot choose.

use axum::http::{HeaderMap, header};
use claude_worker_api::{ApiError, ErrorCode};

/// The names by which this server may be reached.
pub(crate) struct Source {
    pub(crate) port: u16,
}

impl Source {
    /// Checks that the request uses a loopback name and is not from a page of another origin.
    ///
    /// # Errors
    /// `forbidden`.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let forbidden = |message: &str| ApiError::new(ErrorCode::Forbidden, message);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if !self.hosts().iter().any(|own| own == host) {
            return Err(forbidden("This server is reached by a loopback name only")
                .hint(format!("Use http://127.0.0.1:{}", self.port)));
        }
        if let Some(origin) = text(header::ORIGIN)
            && !self.hosts().iter().any(|own| origin.strip_prefix("http://") == Some(own))
        {
            return Err(forbidden("A page of another origin may not use this server"));
        }
        Ok(())
    }

    fn hosts(&self) -> [String; 3] {
        ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{}", self.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_admitted(headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Source { port: 8000 }.check(&map).is_ok()
    }

    #[test]
    fn only_requests_to_a_loopback_name_and_from_no_foreign_page_are_admitted() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:8000");
        assert!(is_admitted(&[HOST]));
        assert!(!is_admitted(&[]));
        // DNS rebinding: the browser sends the attacker's name.
        assert!(!is_admitted(&[("host", "evil.example:8000")]));
        assert!(!is_admitted(&[HOST, ("origin", "https://evil.example")]));
        assert!(is_admitted(&[HOST, ("origin", "http://127.0.0.1:8000")]));
    }
}
