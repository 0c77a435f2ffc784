//! The ids of tasks and runs.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A task's number: small, so that people can type it, and never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TaskId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('#').unwrap_or(text).parse::<i64>() {
            Ok(id) if id > 0 => Ok(Self(id)),
            _ => Err(format!("{text:?} is not a task id: ids are numbers like 12")),
        }
    }
}

/// A run's id, which is also the name of its directory: `<task>-<number>-<random>`. The random part
/// keeps a directory left by another database from being mistaken for this run's.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9-]{1,64}$"))]
pub struct RunId(String);

impl RunId {
    /// The id of a task's run; `random` is written in hexadecimal.
    #[must_use]
    pub fn new(task: TaskId, number: u32, random: u32) -> Self {
        Self(format!("{task}-{number}-{random:08x}"))
    }

    /// The text, safe as a file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let safe = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(safe) {
            return Err(format!("\"{}\" is not a run id", text.escape_debug()));
        }
        Ok(Self(text))
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
