//! A task of the Python claude-worker, and what becomes of it here.

use claude_worker_api::{Failure, NewTask, Timestamp, Verdict};

/// The status of a task of the predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldStatus {
    /// In the queue, or it waits for other tasks.
    Queued,
    /// An agent worked on it.
    Running,
    /// Done.
    Completed,
    /// Failed.
    Failed,
    /// It was not run, because a task before it failed.
    Skipped,
}

impl OldStatus {
    /// The status with this name, in capitals or not.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "pending" | "waiting" => Self::Queued,
            "running" => Self::Running,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "skipped" => Self::Skipped,
            _ => return None,
        })
    }
}

/// A task of the predecessor as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OldTask {
    /// Its number there.
    pub(crate) id: i64,
    pub(crate) status: OldStatus,
    /// What was submitted.
    pub(crate) request: NewTask,
    pub(crate) last_action: Option<String>,
    /// The final answer.
    pub(crate) summary: Option<String>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    /// It was to start after other tasks, or after a while.
    pub(crate) waits_for_others: bool,
}

/// What becomes of a task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// It is added to the history, as ended like this.
    History(Verdict),
    /// It can be put into the queue.
    Queue,
    /// It cannot be put into the queue, for this reason.
    CannotQueue(&'static str),
}

impl OldTask {
    /// The key by which a second import recognises it. It does not depend on where the file is.
    pub(crate) fn key(&self) -> String {
        let created_at = self.created_at.map_or(0, Timestamp::as_millis);
        format!("python-claude-worker-{}-{created_at}", self.id)
    }

    /// What becomes of it.
    pub(crate) fn fate(&self) -> Fate {
        let failed = |message: String| {
            Fate::History(Verdict::Failed { failure: Failure::AgentError { message } })
        };
        match self.status {
            OldStatus::Completed => {
                Fate::History(Verdict::Completed { denied_tools: Vec::new(), notes: Vec::new() })
            }
            OldStatus::Failed => {
                failed(self.error.clone().unwrap_or_else(|| "Failed without a message".to_owned()))
            }
            OldStatus::Skipped => {
                failed("Skipped: a task that it depended on had failed".to_owned())
            }
            OldStatus::Running => Fate::History(Verdict::Failed { failure: Failure::Lost }),
            OldStatus::Queued if self.waits_for_others => Fate::CannotQueue(
                "it was to start after other tasks or after a while, which is not taken over; submit \
                 it anew",
            ),
            OldStatus::Queued => Fate::Queue,
        }
    }

    /// When it was submitted, as far as is known.
    pub(crate) fn created(&self, now: Timestamp) -> Timestamp {
        self.created_at.or(self.started_at).or(self.ended_at).unwrap_or(now)
    }

    /// When it ended, as far as is known. Of one that was interrupted, nobody knows.
    pub(crate) fn ended(&self, now: Timestamp) -> Timestamp {
        self.ended_at.or(self.started_at).or(self.created_at).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(status: OldStatus) -> OldTask {
        OldTask {
            id: 3,
            status,
            request: NewTask::default(),
            last_action: None,
            summary: None,
            error: Some("it broke".to_owned()),
            created_at: Some(Timestamp::from_millis(5)),
            started_at: None,
            ended_at: None,
            waits_for_others: false,
        }
    }

    #[test]
    fn a_finished_task_becomes_history_and_is_never_run() {
        let failure = |status| match task(status).fate() {
            Fate::History(Verdict::Failed { failure }) => failure.describe(),
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            task(OldStatus::Completed).fate(),
            Fate::History(Verdict::Completed { .. })
        ));
        assert_eq!(failure(OldStatus::Failed), "it broke");
        assert!(failure(OldStatus::Skipped).starts_with("Skipped"));
        assert_eq!(failure(OldStatus::Running), Failure::Lost.describe());
        assert_eq!(task(OldStatus::Queued).fate(), Fate::Queue);
        let dependent = OldTask { waits_for_others: true, ..task(OldStatus::Queued) };
        assert!(matches!(dependent.fate(), Fate::CannotQueue(_)));
    }

    #[test]
    fn names_of_statuses_are_read_in_capitals_and_not() {
        assert_eq!(OldStatus::of("COMPLETED"), Some(OldStatus::Completed));
        assert_eq!(OldStatus::of("waiting"), Some(OldStatus::Queued));
        assert_eq!(OldStatus::of("paused"), None);
    }
}
