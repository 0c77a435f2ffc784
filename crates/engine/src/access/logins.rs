//! Codes with which browsers log in. They are in memory only: an engine that starts knows none.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use claude_worker_api::{ApiError, LoginCode, Scope, Timestamp};

use super::secret::{Digest, new_secret};

/// How long a code can be used, in milliseconds.
const VALID_MS: i64 = 120_000;
/// How many codes are valid at once; one more ends the oldest.
const MOST_CODES: usize = 16;
/// How many codes are looked at in a minute. A code has 128 random bits, so this only bounds the work.
const MOST_TRIES: usize = 30;
const TRIES_WITHIN_MS: u64 = 60_000;

/// Why a login is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginRefused {
    /// The code is wrong, was used, or is older than 2 minutes.
    Code,
    /// Too many codes were tried in the last minute.
    TooMany,
    /// The engine cannot do it.
    Failed(ApiError),
}

/// The codes that are valid.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    inner: Mutex<Codes>,
}

#[derive(Debug, Default)]
struct Codes {
    /// Oldest first.
    codes: VecDeque<Code>,
    /// When codes were tried, oldest first.
    tries: VecDeque<Timestamp>,
}

#[derive(Debug)]
struct Code {
    digest: Digest,
    scope: Scope,
    expires_at: Timestamp,
}

impl Logins {
    /// Makes a code for a login with this scope.
    ///
    /// # Errors
    /// When the system's random source fails.
    pub(crate) fn create(&self, scope: Scope, now: Timestamp) -> std::io::Result<LoginCode> {
        let code = new_secret::<16>("")?;
        let expires_at = Timestamp::from_millis(now.as_millis() + VALID_MS);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.codes.retain(|code| code.expires_at > now);
        if inner.codes.len() >= MOST_CODES {
            inner.codes.pop_front();
        }
        inner.codes.push_back(Code { digest: Digest::of(&code), scope, expires_at });
        Ok(LoginCode { code, expires_at })
    }

    /// Uses a code up; returns what the login allows.
    ///
    /// # Errors
    /// [`LoginRefused::Code`] and [`LoginRefused::TooMany`].
    pub(crate) fn redeem(&self, code: &str, now: Timestamp) -> Result<Scope, LoginRefused> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tries.retain(|at| now.millis_since(*at) < TRIES_WITHIN_MS);
        if inner.tries.len() >= MOST_TRIES {
            return Err(LoginRefused::TooMany);
        }
        inner.tries.push_back(now);
        let digest = Digest::of(code);
        let found = inner.codes.iter().position(|code| code.digest.is(&digest));
        let found = found.and_then(|place| inner.codes.remove(place));
        found.filter(|code| code.expires_at > now).map(|code| code.scope).ok_or(LoginRefused::Code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_code_works_once_and_for_two_minutes() {
        let logins = Logins::default();
        let first = logins.create(Scope::Full, at(0)).unwrap().code;
        assert_eq!(logins.redeem(&first, at(119_999)), Ok(Scope::Full));
        assert_eq!(logins.redeem(&first, at(119_999)), Err(LoginRefused::Code), "replayed");
        let second = logins.create(Scope::Read, at(0)).unwrap().code;
        assert_eq!(logins.redeem(&second, at(120_000)), Err(LoginRefused::Code), "expired");
        assert_eq!(logins.redeem(&second, at(1)), Err(LoginRefused::Code), "used up by that");
        assert_eq!(logins.redeem("", at(1)), Err(LoginRefused::Code));
    }

    #[test]
    fn codes_and_guesses_are_bounded() {
        let logins = Logins::default();
        let mut codes = (0..=MOST_CODES).map(|_| logins.create(Scope::Full, at(0)).unwrap().code);
        let first = codes.next().unwrap();
        let last = codes.last().unwrap();
        assert_eq!(logins.redeem(&first, at(1)), Err(LoginRefused::Code), "displaced");
        for _ in 1..MOST_TRIES {
            assert_eq!(logins.redeem("guess", at(1)), Err(LoginRefused::Code));
        }
        assert_eq!(logins.redeem(&last, at(2)), Err(LoginRefused::TooMany));
        assert_eq!(logins.redeem(&last, at(60_001)), Ok(Scope::Full), "a minute later");
    }
}
