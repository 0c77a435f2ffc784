//! The cookie of a browser that has logged in.

use axum::http::{HeaderMap, HeaderValue, header};
use claude_worker_api::ApiError;
use claude_worker_api::openapi::LOGIN_COOKIE;

/// How long a browser keeps it, in seconds: as long as browsers keep any. The server ends a login that
/// was not used for 30 days.
const MAX_AGE: u32 = 400 * 24 * 3600;
/// How many cookies of our name are looked at: another program at the same host may have set some.
const MOST: usize = 8;

/// Its name and attributes. The name has the port, because cookies are the same for all ports of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cookie {
    name: String,
    secure: bool,
}

impl Cookie {
    /// The cookie of the server at `port`. It is sent only over TLS when `secure`.
    pub(crate) fn new(port: u16, secure: bool) -> Self {
        // With this prefix a browser takes it only from a secure page of this very host.
        let prefix = if secure { "__Host-" } else { "" };
        Self { name: format!("{prefix}{LOGIN_COOKIE}_{port}"), secure }
    }

    /// The values of this cookie that a request carries.
    pub(super) fn values<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let headers = headers.get_all(header::COOKIE).into_iter();
        let pairs =
            headers.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
        let own = pairs.filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name.trim() == self.name).then(|| value.trim())
        });
        own.take(MOST)
    }

    /// The header that sets it.
    ///
    /// # Errors
    /// `internal` for a secret that cannot be in a header.
    pub(super) fn set(&self, secret: &str) -> Result<HeaderValue, ApiError> {
        self.header(secret, MAX_AGE)
    }

    /// The header that removes it.
    ///
    /// # Errors
    /// As [`Cookie::set`].
    pub(super) fn remove(&self) -> Result<HeaderValue, ApiError> {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age: u32) -> Result<HeaderValue, ApiError> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}",
            self.name
        );
        let mut header = HeaderValue::from_str(&text)
            .map_err(|error| ApiError::internal(format!("Cannot write a cookie: {error}")))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        for value in [
            "a=b; claude_worker_login_8000=one;claude_worker_login_8001=x",
            "claude_worker_login_8000=two",
        ] {
            headers.append(header::COOKIE, value.parse().unwrap());
        }
        let values = |cookie: &Cookie| -> Vec<String> {
            cookie.values(&headers).map(str::to_owned).collect()
        };
        assert_eq!(values(&Cookie::new(8000, false)), ["one", "two"]);
        assert!(values(&Cookie::new(8000, true)).is_empty(), "it has another name over TLS");
        assert!(values(&Cookie::new(80, false)).is_empty());
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_it() {
        let plain = Cookie::new(8000, false).set("s").unwrap();
        assert_eq!(
            plain,
            "claude_worker_login_8000=s; Path=/; HttpOnly; SameSite=Strict; Max-Age=34560000"
        );
        let secure = Cookie::new(8443, true).set("s").unwrap();
        let secure = secure.to_str().unwrap();
        assert!(
            secure.starts_with("__Host-claude_worker_login_8443=s; ")
                && secure.ends_with("; Secure")
        );
        assert!(!secure.contains("Domain"));
        assert!(Cookie::new(1, false).remove().unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
