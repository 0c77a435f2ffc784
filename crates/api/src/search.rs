//! Searching in what tasks were told, answered and printed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Agent, RunId, Status, Task, TaskId, Timestamp, unknown};

/// What to search for in prompts, results and logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SearchQuery {
    /// The words, which must stand near each other: in the same prompt, or within some thousand characters of
    /// a result or log. A word also finds longer ones that begin with it. Words in double quotes must follow each
    /// other. Case and accents make no difference. At most 4096 characters.
    #[schemars(length(max = 4096))]
    pub words: String,
    /// Only in tasks of these statuses. Empty: all.
    #[serde(
        rename = "status",
        deserialize_with = "unknown::known",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub statuses: Vec<Status>,
    /// Only in tasks of this project: its name, in any case, or its directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub project: Option<String>,
    /// Only in tasks of these agents. Empty: all.
    #[serde(
        rename = "agent",
        deserialize_with = "unknown::known",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub agents: Vec<Agent>,
    /// Only in tasks with these models, as the tasks have them. Empty: all. At most 100.
    #[serde(rename = "model", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1)))]
    pub models: Vec<String>,
    /// Only in tasks that were submitted at or after this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only in tasks before this one: the `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<TaskId>,
    /// At most this many tasks, 1 to 100. Default 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Tasks in which words were found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchPage {
    /// The tasks, the newest first, each with the place where the words stand.
    pub hits: Vec<SearchHit>,
    /// Pass as `before` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<TaskId>,
    /// Whether older tasks are still being read for the first time, so that some may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// A task in which words were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// The task.
    pub task: Task,
    /// What of it the words stand in. A prompt comes before a result, a result before a log.
    pub place: SearchPlace,
    /// The run whose result or log it is, or whose follow-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The words with some text around them, in one line.
    pub snippet: Vec<SnippetPart>,
}

/// What of a task words were found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchPlace {
    /// The prompt, or a follow-up.
    Prompt,
    /// The final answer.
    Result,
    /// What the agent wrote and its tools returned, or a command printed.
    Log,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(crate::UnknownName),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnippetPart {
    /// The piece. It comes from a person or an agent: escape it before it is shown.
    pub text: String,
    /// Whether it is what was searched for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub matched: bool,
}
