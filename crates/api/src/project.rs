//! Projects: the repositories and directories that tasks work in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A project's number. A number is never used again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ProjectId(pub i64);

/// A repository, or a directory that is in none, in which tasks work. Tasks in a subdirectory or in a worktree
/// of a repository belong to the project of the repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    /// Its number.
    pub id: ProjectId,
    /// Its name: that of the directory, with directories above it where another project has that name.
    /// No two projects have the same name.
    pub name: String,
    /// Its directory: an absolute path.
    pub root: String,
    /// How many tasks it has.
    pub tasks: u64,
    /// How many of them are running.
    pub running: u64,
    /// What its runs that ended in the period have cost, in US dollars. Removing a task does not change it.
    pub cost_usd: f64,
}

/// Which period the cost of projects is added up for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProjectsQuery {
    /// Counts the cost of runs that ended at or after this instant. Left out: of all runs of the last 400 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// All projects that have tasks, or cost something in the period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Projects {
    /// The projects: the most expensive first, then by name.
    pub projects: Vec<Project>,
}
