//! Directories whose settings may be used by tasks that agents ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// What the user has trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// Each directory, those of our own list first.
    pub directories: Vec<TrustedDirectory>,
    /// After a change: another directory whose settings apply in the one that was named, and that
    /// must be trusted too before any are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// A directory that is trusted, with those below that bring no settings of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedDirectory {
    /// Its path, without symbolic links.
    pub path: String,
    /// Where the user said so.
    pub by: TrustSource,
}

/// Where the user said that a directory is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustSource {
    /// With `claude-worker trust`.
    ClaudeWorker,
    /// In Claude Code's own dialog.
    ClaudeCode,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// A change of what is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustChange {
    /// The directory's absolute path.
    pub directory: String,
    /// Whether it is trusted from now on.
    pub trusted: bool,
}
