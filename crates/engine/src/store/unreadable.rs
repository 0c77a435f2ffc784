//! Rows that cannot be dealt with as others are.
//!
//! Nothing here reads what it changes: it works whatever is in a row.

use claude_worker_api::{Failure, RunId, RunOutcome, Status, TaskId, Timestamp, Verdict};
use rusqlite::{OptionalExtension, params};

use super::unseen::UnseenKind;
use super::{Writer, rows};
use crate::EngineError;
use crate::state::TaskState;

impl Writer {
    /// Ends a task, whatever is in its row, and its runs that have no end yet. Its request stays as it
    /// is. Gives its status before, and what was unseen of it.
    pub(crate) fn give_up(
        &mut self,
        id: TaskId,
        now: Timestamp,
        failure: &Failure,
    ) -> Result<(Status, UnseenKind), EngineError> {
        let status: Option<String> = self
            .connection
            .prepare_cached("SELECT status FROM task WHERE id = ?1")?
            .query_row([id.0], |row| Ok(row.get(0).unwrap_or_default()))
            .optional()?
            .flatten();
        let unseen = self.mark_seen(id)?;
        let state = TaskState::Failed { ended_at: now, failure: failure.clone() };
        self.connection
            .prepare_cached(
                "UPDATE task SET status = ?1, state = ?2, run_id = NULL, due_at = NULL,
                 ended_at = ?3 WHERE id = ?4",
            )?
            .execute(params![
                Status::Failed.name(),
                serde_json::to_string(&state)?,
                now.as_millis(),
                id.0,
            ])?;
        self.set_unseen(id, UnseenKind::Failed)?;
        let outcome = RunOutcome {
            ended_at: now,
            verdict: Verdict::Failed { failure: failure.clone() },
            exit_code: None,
            exit_signal: None,
        };
        self.connection
            .prepare_cached(
                "UPDATE run SET ended_at = ?1, outcome = ?2 WHERE task_id = ?3 AND ended_at IS NULL",
            )?
            .execute(params![now.as_millis(), serde_json::to_string(&outcome)?, id.0])?;
        Ok((rows::status(status.as_deref().unwrap_or_default()), unseen))
    }

    /// The run of a task that has no end yet.
    pub(crate) fn unfinished_run(&self, id: TaskId) -> Result<Option<RunId>, EngineError> {
        let run: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT id FROM run WHERE task_id = ?1 AND ended_at IS NULL
                 ORDER BY number DESC LIMIT 1",
            )?
            .query_row([id.0], |row| row.get(0))
            .optional()?;
        Ok(run.and_then(|run| RunId::try_from(run).ok()))
    }

    /// Tasks of which nothing would ever be heard: in a status that this version does not know, or
    /// waiting without an instant. For the former it goes through all tasks, so that it only looks for
    /// them where `unknown` says that there are some.
    pub(crate) fn stranded(&self, unknown: bool) -> Result<Vec<TaskId>, EngineError> {
        let mut sql = "SELECT id FROM task WHERE status = 'waiting' AND due_at IS NULL".to_owned();
        if unknown {
            let known = Status::ALL.map(|status| format!("'{}'", status.name())).join(", ");
            sql += " UNION ALL SELECT id FROM task WHERE status IS NULL OR status NOT IN (";
            sql += &known;
            sql += ")";
        }
        let mut statement = self.connection.prepare(&sql)?;
        let ids = statement.query_map([], |row| row.get(0).map(TaskId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}
