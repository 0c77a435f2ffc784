//! The runs of a task, and what they used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{RunId, Timestamp, Verdict};

/// What a task or run has used. A figure is absent when the agent never reported it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Usage {
    /// US dollars. For a run: the total of its session so far, as the agent reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Agent turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<u32>,
    /// Input tokens, without those read from or written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Input tokens read from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_tokens: Option<u64>,
    /// How long calls of the model's API took, in milliseconds. Calls at the same time are added up, so that it
    /// can be more than the run took. For a run: the total of its session so far, as the agent reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_ms: Option<u64>,
    /// How long at least one tool ran, in milliseconds. Calls that were not answered are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_ms: Option<u64>,
}

/// How a finished run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunOutcome {
    /// When it ended.
    pub ended_at: Timestamp,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The agent's exit code, if it was not ended by a signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended the agent, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_signal: Option<i32>,
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// 1 for a task's first run.
    pub number: u32,
    /// The follow-up it was started with, when it resumed a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<String>,
    /// Since when it could have been started: it waited in the queue from then on. Absent when that was not
    /// noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Timestamp>,
    /// When its agent was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How it ended; absent until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RunOutcome>,
    /// The agent's session, for resuming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// Bytes of output kept.
    #[serde(default)]
    pub output_bytes: u64,
    /// Whether its output was deleted to stay below the configured total.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output_deleted: bool,
}
