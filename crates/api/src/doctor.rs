//! The engine's checks of itself and of the programs that its tasks need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// The result of a check.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CheckLevel {
    /// No problem was found.
    Ok,
    /// Tasks run, but a person should know about a problem.
    Warn,
    /// Tasks cannot run.
    Bad,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was checked, in a word or two.
    pub name: String,
    /// The result.
    pub level: CheckLevel,
    /// What was found.
    pub found: String,
    /// What to do; empty when no action is needed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
    /// What a program can offer to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// What can be done about a problem with one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Install Claude Code.
    InstallClaude,
    /// Sign in with Claude Code.
    SignIn,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl Check {
    /// A check that found no problem.
    #[must_use]
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, CheckLevel::Ok, found, "")
    }

    /// A check that found a problem with which tasks still run.
    #[must_use]
    pub fn warn(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, CheckLevel::Warn, found, advice)
    }

    /// A check that found a problem with which tasks cannot run.
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
        let (found, advice) = (found.into(), advice.into());
        Self { name: name.to_owned(), level, found, advice, remedy: None }
    }

    /// The check, with what a program can offer to do about it.
    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }
}

/// All checks, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The checks.
    pub checks: Vec<Check>,
    /// The names of those variables that sign Claude Code in, or choose its account and server, which the
    /// engine has in its environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
}
