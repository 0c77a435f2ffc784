//! The files that a task changed, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{TaskId, UnknownName, UnknownValue, reads_unknown};

/// What a task did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileChange {
    /// There was no such file.
    Added,
    /// Its content or its mode is another one.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another path, and perhaps another content.
    Renamed,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl FileChange {
    /// The letter that `git status` has for it.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Deleted => 'D',
            Self::Renamed => 'R',
            Self::Unknown(_) => '?',
        }
    }
}

/// Why a file's lines are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoLines {
    /// It is no text.
    Binary,
    /// It is larger than what is kept of one file.
    TooLarge,
    /// What was kept of the run's files had reached its limit.
    NotKept,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// Where the list of files comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "ChangeSource")]
pub enum ChangeSource {
    /// From git, and from the agent's tools for files that git ignores.
    Git {
        /// The repository's directory.
        repository: String,
    },
    /// From the agent's tools alone, because the working directory is in no repository. Files that commands
    /// changed are not in the list.
    NoRepository,
    /// From the agent's tools alone, because git did not answer.
    GitFailed {
        /// What git said.
        reason: String,
    },
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(ChangeSource, "kind");

/// A file that a task changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedFile {
    /// Its path: from the repository or the working directory on, or from the root where it is outside of
    /// that.
    pub path: String,
    /// Its path from the root on.
    pub absolute_path: String,
    /// What happened to it.
    pub change: FileChange,
    /// Its path before, if it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many lines were added.
    pub added: u64,
    /// How many lines were removed.
    pub removed: u64,
    /// Why its lines are not shown; then `added` and `removed` are 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_lines: Option<NoLines>,
    /// Whether it became executable, or is no longer; absent where that did not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<bool>,
    /// Another text for another change of this file.
    pub revision: String,
}

/// The files that a task changed, over all of its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedFiles {
    /// The files, in the order of their paths; at most 2000.
    pub files: Vec<ChangedFile>,
    /// How many more there are.
    #[serde(default)]
    pub more: u64,
    /// How many lines were added, in all files.
    pub added: u64,
    /// How many lines were removed, in all files.
    pub removed: u64,
    /// Where the list comes from, for the newest run.
    pub source: ChangeSource,
    /// Whether a run goes on, so that the list may change.
    pub running: bool,
    /// Tasks that ran in the same directory at the same time: changes of theirs are in the list, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<TaskId>,
}

/// Which file to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffQuery {
    /// Its `path` or `absolute_path`, as in the list.
    pub path: String,
}

/// Lines that differ: some of the text before, and some of the text after in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedLines {
    /// The first of the lines before, counted from 0.
    pub old_start: u32,
    /// How many lines before.
    pub old_lines: u32,
    /// The first of the lines after, counted from 0.
    pub new_start: u32,
    /// How many lines after.
    pub new_lines: u32,
}

/// The change of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDiff {
    /// The file.
    pub file: ChangedFile,
    /// Its text before, at most 1 MiB; absent where there was none, or where `file.no_lines` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its text after, at most 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Where the texts differ, in order. Lines end with a line feed.
    pub changes: Vec<ChangedLines>,
}

/// Which files a patch has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatchQuery {
    /// The `path` of one file. Absent: all files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// The changes of a task as a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Patch {
    /// The patch, as `git apply` reads it; at most 8 MiB.
    pub patch: String,
    /// Files that it does not have: binary ones, and those that were too large to keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}
