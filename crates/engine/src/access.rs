//! Who may use an engine over HTTP.
//!
//! Tokens and logins of browsers are rows of the database; [`Grants`] holds them in memory, so that a
//! request is checked without a read. The dispatcher changes both: first the row, and after the commit
//! the memory. Only the digests of secrets are kept ([`secret`]). Codes for logins are in memory only
//! ([`logins`]).

mod grants;
mod logins;
mod secret;

use std::sync::Arc;

use claude_worker_api::{AccessKind, Scope, SubmittedBy, Timestamp, Token};

pub use grants::{Admitted, Grants, NotAdmitted};
pub use logins::LoginRefused;
pub(crate) use logins::Logins;
pub use secret::Digest;
pub(crate) use secret::{LOGIN_PREFIX, TOKEN_PREFIX, new_secret};

/// How long a browser's login lasts after its last use, in milliseconds.
pub(crate) const IDLE_LOGIN_MS: u64 = 30 * 24 * 3600 * 1000;
/// How many tokens there may be.
pub(crate) const MOST_TOKENS: usize = 500;
/// How many logins of browsers there may be. One more ends the one that was unused for the longest time.
pub(crate) const MOST_LOGINS: usize = 100;

/// Who sends a request. The server finds it out; nothing in a request can name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Principal {
    /// A program of the user, at the local socket or in the engine's own process. It may do everything.
    #[default]
    Local,
    /// A client with the token of the data directory. It may do everything.
    Owner,
    /// A client with a token, or a browser that has logged in.
    Granted(Arc<Granted>),
}

/// A token or the login of a browser, as the principal of requests.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    /// Its number, which is never used again.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: AccessKind,
    /// What it allows.
    pub scope: Scope,
}

impl Principal {
    /// What it may do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Local | Self::Owner => Scope::Full,
            Self::Granted(granted) => granted.scope,
        }
    }

    /// As clients see it, at the tasks that it submits.
    #[must_use]
    pub fn submitted_by(&self) -> SubmittedBy {
        match self {
            Self::Local => SubmittedBy::Local,
            Self::Owner => SubmittedBy::Owner,
            Self::Granted(granted) if granted.kind == AccessKind::Browser => {
                SubmittedBy::Browser(granted.name.clone())
            }
            Self::Granted(granted) => SubmittedBy::Token(granted.name.clone()),
        }
    }

    /// The number of the token or login, if it is one.
    #[must_use]
    pub fn token_id(&self) -> Option<i64> {
        match self {
            Self::Local | Self::Owner => None,
            Self::Granted(granted) => Some(granted.id),
        }
    }

    /// Whether it may change only tasks that it has submitted.
    pub(crate) fn only_own_tasks(&self) -> bool {
        !self.scope().allows(Scope::Full)
    }
}

/// A token or the login of a browser, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// Its number.
    pub id: i64,
    /// Of its secret.
    pub digest: Digest,
    /// What clients see. Of a login, `expires_at` is not stored: it follows from the last use.
    pub token: Token,
}

impl Grant {
    /// Whether requests with it are refused from now on.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        expires_at(&self.token).is_some_and(|at| at <= now)
    }
}

/// When a token or a login expires.
fn expires_at(token: &Token) -> Option<Timestamp> {
    match token.kind {
        AccessKind::Browser => {
            let used = token.last_used_at.unwrap_or(token.created_at);
            Some(Timestamp::from_millis(used.as_millis().saturating_add(IDLE_LOGIN_MS as i64)))
        }
        _ => token.expires_at,
    }
}

/// A change of what gives access, by the dispatcher.
#[derive(Debug)]
pub(crate) enum AccessChange {
    /// Create a token or a login.
    Create(NewGrant),
    /// Revoke the one of this name.
    Revoke(String),
    /// Revoke the one with this number.
    RevokeId(i64),
    /// Give the token of this name another secret, of which this is the digest.
    Rotate(String, Digest),
}

/// What is to give access.
#[derive(Debug)]
pub(crate) struct NewGrant {
    /// The name of a token; a login gets one.
    pub name: Option<String>,
    /// What it is.
    pub kind: AccessKind,
    /// What it allows.
    pub scope: Scope,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Of its secret.
    pub digest: Digest,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

/// A change of [`Grants`], made once it is on disk.
#[derive(Debug)]
pub(crate) enum GrantChange {
    /// This one is new, or has another secret.
    Put(Grant),
    /// The one with this number is gone.
    Remove(i64),
}
