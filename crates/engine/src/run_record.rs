//! What is known of a run when it has ended, for metrics, traces and the log.

use claude_worker_api::{Agent, RunId, TaskId, Timestamp, Traceparent, Usage, Verdict};

/// A run that has ended, once its end is on disk. It has no prompt, output, path or name of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its task.
    pub task: TaskId,
    /// Its id.
    pub run: RunId,
    /// 1 for a task's first run.
    pub number: u32,
    /// The agent.
    pub agent: Agent,
    /// The model: the one that the agent reported, otherwise the one of the request.
    pub model: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Since when it could have started. Not known of runs that an earlier version queued.
    pub queued_at: Option<Timestamp>,
    /// When its agent was started, if it was.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The agent's session.
    pub session_id: Option<String>,
    /// What it used. The cost is that of its session so far.
    pub usage: Usage,
    /// What it cost by itself, in US dollars.
    pub cost_usd: f64,
    /// The trace that the task was submitted in.
    pub traceparent: Option<Traceparent>,
}
