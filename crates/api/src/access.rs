//! Access over HTTP: tokens, logins of browsers, what they allow, and who submitted a task.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Timestamp, UnknownName};

/// What a token allows. Each scope includes the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Looking: tasks, their logs and output, events, the engine's state.
    Read,
    /// Also submitting tasks, and cancelling, retrying and resuming those that the token submitted.
    #[default]
    Submit,
    /// Everything.
    Full,
    /// One that this version does not know. It allows nothing.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl Scope {
    /// The known scopes, from the narrowest on.
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::Full];

    /// Whether a token with this scope may do what needs `needed`.
    #[must_use]
    pub const fn allows(self, needed: Self) -> bool {
        match (self.rank(), needed.rank()) {
            (Some(own), Some(needed)) => own >= needed,
            _ => false,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Full => "full",
            Self::Unknown(name) => name.as_str(),
        }
    }

    const fn rank(self) -> Option<u8> {
        match self {
            Self::Read => Some(0),
            Self::Submit => Some(1),
            Self::Full => Some(2),
            Self::Unknown(_) => None,
        }
    }
}

/// What something that gives access is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// A token for programs, sent as `Authorization: Bearer TOKEN`.
    Token,
    /// The login of a browser, kept in a cookie.
    Browser,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl AccessKind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Browser => "browser",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

/// A token or the login of a browser, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Its name, which no other one has.
    pub name: String,
    /// Whether it is for programs or the login of a browser.
    pub kind: AccessKind,
    /// What it allows.
    pub scope: Scope,
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it is refused; absent when it does not expire. A browser's login expires 30 days
    /// after its last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; absent when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// What the browser calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// All tokens and logins of browsers, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// The tokens. The one in the data directory is not among them.
    pub tokens: Vec<Token>,
}

/// A token to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewToken {
    /// Its name: 1 to 64 characters, of `a` to `z`, `0` to `9`, `.`, `_` and `-`. No other token may
    /// have it, unless that one has expired.
    pub name: String,
    /// What it allows.
    #[serde(default)]
    pub scope: Scope,
    /// After how many milliseconds it expires, at most 3650 days; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000_000u64))]
    pub expires_after_ms: Option<u64>,
}

/// The name of a token or of a browser's login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenName {
    /// The name.
    pub name: String,
}

/// A token with its secret, which is shown only once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedToken {
    /// The secret, to be sent as `Authorization: Bearer SECRET`. It begins with `cwk_`.
    pub secret: String,
    /// What is known of it later, too.
    #[serde(flatten)]
    pub token: Token,
}

impl fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The browser that is to log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NewLogin {
    /// What its login will allow.
    pub scope: Scope,
}

impl Default for NewLogin {
    fn default() -> Self {
        Self { scope: Scope::Full }
    }
}

/// A code with which one browser logs in, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoginCode {
    /// The code: `/login#CODE` is the page that takes it.
    pub code: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

impl fmt::Debug for LoginCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginCode").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Who submitted a task, as the engine has seen it: a client cannot choose it. As text it is `local`,
/// `owner`, `token:NAME` or `browser:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum SubmittedBy {
    /// A program of the user, at the local socket or in the app: `local`.
    Local,
    /// A client with the token of the data directory: `owner`.
    Owner,
    /// A client with the token of this name: `token:NAME`.
    Token(String),
    /// The browser with the login of this name: `browser:NAME`.
    Browser(String),
    /// One that this version does not know.
    Unknown(UnknownName),
}

impl fmt::Display for SubmittedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Owner => f.write_str("owner"),
            Self::Token(name) => write!(f, "token:{name}"),
            Self::Browser(name) => write!(f, "browser:{name}"),
            Self::Unknown(name) => f.write_str(name.as_str()),
        }
    }
}

impl From<String> for SubmittedBy {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some(("token", name)) => Self::Token(name.to_owned()),
            Some(("browser", name)) => Self::Browser(name.to_owned()),
            None if text == "local" => Self::Local,
            None if text == "owner" => Self::Owner,
            _ => Self::Unknown(UnknownName::new(&text)),
        }
    }
}

impl From<SubmittedBy> for String {
    fn from(by: SubmittedBy) -> Self {
        by.to_string()
    }
}

impl SubmittedBy {
    /// Reads a filter, in which nothing unknown may be.
    ///
    /// # Errors
    /// For a text of another form.
    pub(crate) fn known<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Self>, D::Error> {
        match Option::<Self>::deserialize(deserializer)? {
            Some(Self::Unknown(name)) => Err(serde::de::Error::custom(format!(
                "{name} is none of local, owner, token:NAME and browser:NAME"
            ))),
            known => Ok(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_includes_the_narrower_ones_and_an_unknown_one_allows_nothing() {
        for (own, place) in Scope::ALL.into_iter().zip(0..) {
            for (needed, other) in Scope::ALL.into_iter().zip(0..) {
                assert_eq!(own.allows(needed), place >= other, "{own:?} {needed:?}");
            }
        }
        let unknown: Scope = serde_json::from_str("\"admin\"").unwrap();
        assert!(matches!(unknown, Scope::Unknown(_)));
        assert!(!unknown.allows(Scope::Read) && !Scope::Full.allows(unknown));
    }

    #[test]
    fn who_submitted_is_a_text_that_later_versions_may_add_to() {
        for text in ["local", "owner", "token:ci", "browser:browser-3", "token:a:b", "fleet"] {
            let json = format!("\"{text}\"");
            let by: SubmittedBy = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&by).unwrap(), json);
            assert_eq!(matches!(by, SubmittedBy::Unknown(_)), text == "fleet");
        }
    }

    #[test]
    fn secrets_are_not_in_the_debug_output() {
        let login = LoginCode { code: "SECRET".to_owned(), expires_at: Timestamp::default() };
        let token = Token {
            name: "ci".to_owned(),
            kind: AccessKind::Token,
            scope: Scope::Read,
            created_at: Timestamp::default(),
            expires_at: None,
            last_used_at: None,
            user_agent: None,
        };
        let created = CreatedToken { secret: "SECRET".to_owned(), token };
        assert!(!format!("{login:?} {created:?}").contains("SECRET"));
    }
}
