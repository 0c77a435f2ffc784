//! Trusted directories: tasks that agents submit may use the settings in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// The directories that the user trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The directories; those in Claude Worker's own list come first.
    pub directories: Vec<TrustedDirectory>,
    /// After a change: another directory whose settings also apply in the directory of the request,
    /// and that must be trusted before any of them are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// A trusted directory, including the directories below it that have no settings of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedDirectory {
    /// Its path, without symbolic links.
    pub path: String,
    /// Where the user trusted it.
    pub by: TrustSource,
}

/// Where the user trusted a directory.
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
