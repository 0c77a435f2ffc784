//! Tokens and logins of browsers: what clients ask, and what the HTTP server does.

use std::sync::Arc;

use claude_worker_api::{
    AccessKind, ApiError, CreatedToken, LONGEST_DURATION, LoginCode, NewLogin, NewToken, RunId,
    Scope, Timestamp, Token,
};

use super::{Engine, answers};
use crate::access::{
    AccessChange, Digest, Grants, LOGIN_PREFIX, LoginRefused, NewGrant, Principal, TOKEN_PREFIX,
    new_secret,
};
use crate::live::LentWorker;
use crate::message::{Reply, Request};

/// The longest name of a token, in bytes.
const LONGEST_NAME: usize = 64;
/// How much is kept of what a browser calls itself, in characters.
const LONGEST_USER_AGENT: usize = 200;

impl Engine {
    /// A handle of this engine for requests of `principal`: its tasks are marked as submitted by it,
    /// and what it may not do is refused.
    #[must_use]
    pub fn acting_for(&self, principal: Principal) -> Self {
        Self { inner: Arc::clone(&self.inner), principal }
    }

    /// Lends the worker of a run that waits for another task, until the result is dropped. Does nothing for a run
    /// of another engine.
    #[must_use]
    pub fn lend_worker(&self, run: RunId) -> LentWorker {
        self.inner.runs.lend_worker(run)
    }

    /// What gives access over HTTP, apart from the token in the data directory.
    #[must_use]
    pub fn grants(&self) -> &Arc<Grants> {
        &self.inner.shown.grants
    }

    /// Logs a browser in with a code; returns the secret for its cookie.
    ///
    /// # Errors
    /// [`LoginRefused`].
    pub async fn log_in(
        &self,
        code: &str,
        user_agent: Option<&str>,
    ) -> Result<String, LoginRefused> {
        let scope = self.inner.logins.redeem(code, Timestamp::now())?;
        let secret = new_secret::<32>(LOGIN_PREFIX).map_err(no_random)?;
        let user_agent = user_agent.map(|text| {
            let printable = text.chars().filter(|c| matches!(c, ' '..='~'));
            printable.take(LONGEST_USER_AGENT).collect()
        });
        let new = NewGrant {
            name: None,
            kind: AccessKind::Browser,
            scope,
            expires_at: None,
            digest: Digest::of(&secret),
            user_agent,
        };
        self.change_access(AccessChange::Create(new)).await.map_err(LoginRefused::Failed)?;
        Ok(secret)
    }

    /// Ends the login of a browser.
    ///
    /// # Errors
    /// `not_found` when it has ended already.
    pub async fn log_out(&self, principal: &Principal) -> Result<(), ApiError> {
        match principal.token_id() {
            Some(id) => self.change_access(AccessChange::RevokeId(id)).await.map(drop),
            None => Ok(()),
        }
    }

    pub(super) async fn create(&self, new: NewToken) -> Result<CreatedToken, ApiError> {
        check_name(&new.name)?;
        check_scope(new.scope)?;
        let now = Timestamp::now();
        let expires_at = match new.expires_after_ms {
            Some(0) => {
                return Err(ApiError::invalid("A token that expires at once is of no use")
                    .hint("Leave expires_after_ms out, and it does not expire"));
            }
            Some(after) if after > LONGEST_DURATION => {
                let days = LONGEST_DURATION / 86_400_000;
                return Err(ApiError::invalid(format!(
                    "A token expires after at most {days} days"
                ))
                .hint("Choose a shorter time, or leave it out, and the token does not expire"));
            }
            after => after.map(|after| now.plus_millis(after)),
        };
        let secret = new_secret::<32>(TOKEN_PREFIX).map_err(no_random)?;
        let new = NewGrant {
            name: Some(new.name),
            kind: AccessKind::Token,
            scope: new.scope,
            expires_at,
            digest: Digest::of(&secret),
            user_agent: None,
        };
        let token = self.change_access(AccessChange::Create(new)).await?;
        Ok(CreatedToken { secret, token })
    }

    pub(super) async fn revoke(&self, name: String) -> Result<Token, ApiError> {
        self.change_access(AccessChange::Revoke(name)).await
    }

    pub(super) async fn rotate(&self, name: String) -> Result<CreatedToken, ApiError> {
        let secret = new_secret::<32>(TOKEN_PREFIX).map_err(no_random)?;
        let change = AccessChange::Rotate(name, Digest::of(&secret));
        let token = self.change_access(change).await?;
        Ok(CreatedToken { secret, token })
    }

    pub(super) fn new_login(&self, new: &NewLogin) -> Result<LoginCode, ApiError> {
        check_scope(new.scope)?;
        self.check_running()?;
        self.inner.logins.create(new.scope, Timestamp::now()).map_err(no_random)
    }

    async fn change_access(&self, change: AccessChange) -> Result<Token, ApiError> {
        match self.ask(Request::Access(change)).await? {
            Reply::Access(token) => Ok(*token),
            other => Err(answers::unexpected(&other)),
        }
    }
}

impl From<ApiError> for LoginRefused {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_random(error: std::io::Error) -> ApiError {
    ApiError::internal(format!("The system gives no random bytes: {error}"))
}

fn check_scope(scope: Scope) -> Result<(), ApiError> {
    match scope {
        Scope::Unknown(name) => Err(ApiError::invalid(format!("There is no scope {name}"))
            .hint("Choose one of read, submit, full")),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(allowed) {
        return Err(ApiError::invalid(format!(
            "\"{}\" cannot be the name of a token",
            name.chars().take(LONGEST_NAME).collect::<String>().escape_debug()
        ))
        .hint("A name has 1 to 64 characters: a to z, 0 to 9, dots, underscores and dashes"));
    }
    if name.starts_with("browser-") {
        return Err(ApiError::invalid("Names that begin with browser- are for logins of browsers")
            .hint("Choose another name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_of_tokens_are_short_and_plain() {
        for name in ["a", "ci", "ci-2_x.y", "0", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "CI", "a b", "a/b", "ä", "a\n", "browser-1", &"x".repeat(65)] {
            let error = check_name(name).unwrap_err();
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
