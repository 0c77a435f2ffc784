//! What a key of `top` asks the engine to do.

use claude_worker_api::TaskId;

/// What a key asks the engine to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Cancel this task.
    Cancel(TaskId),
    /// Run this task again.
    Retry(TaskId),
    /// Pause the queue, or end the pause.
    SetPaused(bool),
}

impl Command {
    /// What it does, in words.
    pub(super) fn name(self) -> String {
        match self {
            Self::Cancel(id) => format!("cancel task {id}"),
            Self::Retry(id) => format!("retry task {id}"),
            Self::SetPaused(true) => "pause the queue".to_owned(),
            Self::SetPaused(false) => "end the pause of the queue".to_owned(),
        }
    }

    /// What to type to do the same.
    pub(super) fn again(self) -> String {
        match self {
            Self::Cancel(id) => format!("claude-worker cancel {id}"),
            Self::Retry(id) => format!("claude-worker retry {id}"),
            Self::SetPaused(true) => "claude-worker pause".to_owned(),
            Self::SetPaused(false) => "claude-worker unpause".to_owned(),
        }
    }

    /// What to type to see whether it was done.
    pub(super) fn check(self) -> String {
        match self {
            Self::Cancel(id) | Self::Retry(id) => format!("claude-worker status {id}"),
            Self::SetPaused(_) => "claude-worker list".to_owned(),
        }
    }
}
