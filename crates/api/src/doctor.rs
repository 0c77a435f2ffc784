//! What an engine finds out about itself and about what its tasks need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// How a check turned out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CheckLevel {
    /// As it should be.
    Ok,
    /// Tasks run, but a person should know.
    Warn,
    /// Tasks cannot run.
    Bad,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What it is about, in a word or two.
    pub name: String,
    /// How it turned out.
    pub level: CheckLevel,
    /// What was found.
    pub found: String,
    /// What to do; empty when there is nothing to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

impl Check {
    /// All is as it should be.
    #[must_use]
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, CheckLevel::Ok, found, "")
    }

    /// A person should know this.
    #[must_use]
    pub fn warn(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, CheckLevel::Warn, found, advice)
    }

    /// Tasks cannot run like this.
    #[must_use]
    pub fn bad(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, CheckLevel::Bad, found, advice)
    }

    fn new(
        name: &str,
        level: CheckLevel,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { name: name.to_owned(), level, found: found.into(), advice: advice.into() }
    }
}

/// Everything that was looked at, in the order in which it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The checks.
    pub checks: Vec<Check>,
}
