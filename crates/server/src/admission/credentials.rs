//! Tokens and cookies: who sends a request.

use std::future::{Future, pending};
use std::pin::Pin;

use axum::http::{HeaderMap, Method, header};
use claude_worker_api::{AccessKind, Timestamp};
use claude_worker_engine::{Digest, NotAdmitted, Principal};

use super::source::foreign_page;
use super::{Denied, Guard};

/// What a request that is admitted has shown.
pub(super) struct Credentials {
    /// Who sends it.
    pub(super) principal: Principal,
    /// Resolves when they are no longer valid.
    pub(super) ended: Ended,
}

/// Resolves when credentials are no longer valid.
pub(super) type Ended = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Guard {
    /// Finds out who sends a request: by its bearer token if it has one, else by the cookie. Other schemes
    /// of `Authorization` are not for this server: a proxy may have asked for a password.
    pub(super) fn credentials(
        &self,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Credentials, Denied> {
        if let Some(token) = bearer(headers) {
            return self.token(token, now).map_err(Denied::NotValid);
        }
        // A browser may have cookies of several servers of this machine.
        let (mut found, mut why) = (None, Denied::NoCredentials);
        for secret in self.cookie.values(headers) {
            match self.admitted(AccessKind::Browser, secret, now) {
                Ok(credentials) => found = found.or(Some(credentials)),
                Err(wrong) => why = Denied::NotValid(wrong),
            }
        }
        let credentials = found.ok_or(why)?;
        check_page(method, headers)?;
        Ok(credentials)
    }

    fn token(&self, token: &str, now: Timestamp) -> Result<Credentials, NotAdmitted> {
        if self.owner.is(&Digest::of(token)) {
            return Ok(Credentials { principal: Principal::Owner, ended: Box::pin(pending()) });
        }
        self.admitted(AccessKind::Token, token, now)
    }

    fn admitted(
        &self,
        kind: AccessKind,
        secret: &str,
        now: Timestamp,
    ) -> Result<Credentials, NotAdmitted> {
        let admitted = self.grants.admit(kind, secret, now)?;
        let principal = admitted.principal.clone();
        Ok(Credentials { principal, ended: Box::pin(admitted.ended()) })
    }
}

/// The token in a header `Authorization`; empty when it cannot be read.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(header::AUTHORIZATION).iter().find_map(|value| {
        let value = value.as_bytes();
        let (scheme, token) = match value.iter().position(|byte| *byte == b' ') {
            Some(end) => value.split_at(end),
            None => (value, &[][..]),
        };
        let is_bearer = scheme.eq_ignore_ascii_case(b"bearer");
        is_bearer.then(|| std::str::from_utf8(token).unwrap_or_default().trim_start_matches(' '))
    })
}

/// Checks that a request with a cookie comes from one of our own pages. `SameSite=Strict` does not keep
/// pages of another port of the same host from sending the cookie, because a site has no port.
fn check_page(method: &Method, headers: &HeaderMap) -> Result<(), Denied> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    // Sent by all browsers of today. `none` is an address that a person entered.
    if text("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site)) {
        return Err(Denied::Refused(foreign_page()));
    }
    // Its value was checked with the source. Browsers send it with every change.
    if !matches!(*method, Method::GET | Method::HEAD) && text("origin").is_none() {
        return Err(Denied::Refused(foreign_page()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn a_cookie_is_of_use_only_to_our_own_pages() {
        const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:8000");
        let check = |method: Method, headers: &[(&str, &str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
            check_page(&method, &headers.collect()).is_ok()
        };
        let site = |site| ("sec-fetch-site", site);
        assert!(check(Method::GET, &[]) && check(Method::POST, &[ORIGIN]));
        assert!(check(Method::GET, &[site("none")]));
        assert!(check(Method::POST, &[ORIGIN, site("same-origin")]));
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(!check(method, &[]), "a change without an origin");
        }
        // A page of another port is of the same site.
        for other in ["same-site", "cross-site", "", "x"] {
            assert!(!check(Method::GET, &[site(other)]), "{other}");
            assert!(!check(Method::POST, &[ORIGIN, site(other)]), "{other}");
        }
    }
}
