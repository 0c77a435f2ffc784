//! Adds tasks that have ended elsewhere.

use std::sync::Arc;

use claude_worker_api::{NewTask, RunId, RunOutcome, TaskId, Timestamp};
use rusqlite::params;

use super::{OwnedKey, Writer};
use crate::EngineError;
use crate::state::TaskState;

/// A task that has ended elsewhere. It is history: it never passed through the queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PastTask<'a> {
    /// What was submitted.
    pub(crate) request: &'a NewTask,
    /// The directory of its project, if it is known.
    pub(crate) project_root: Option<Arc<str>>,
    /// The key by which it is recognised.
    pub(crate) key: &'a OwnedKey,
    pub(crate) name: &'a str,
    /// Its state: one that has finished.
    pub(crate) state: &'a TaskState,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    /// How its only run ended.
    pub(crate) outcome: &'a RunOutcome,
    pub(crate) last_action: Option<&'a str>,
    /// The final answer.
    pub(crate) result: Option<&'a str>,
    /// Its beginning, in one line.
    pub(crate) final_summary: Option<&'a str>,
}

impl Writer {
    /// Stores a task that has ended elsewhere, as seen. `run` makes the id of its run.
    pub(crate) fn insert_past_task(
        &mut self,
        task: &PastTask<'_>,
        position: i64,
        run: impl FnOnce(TaskId) -> RunId,
    ) -> Result<TaskId, EngineError> {
        let ended_at = task.outcome.ended_at.as_millis();
        let started_at = task.started_at.map(Timestamp::as_millis);
        let root = task.project_root.as_deref();
        let directory = self.directory(&task.request.working_directory, root)?;
        self.connection
            .prepare_cached(
                "INSERT INTO task (status, state, queue_position, ended_at, name, agent,
                 working_directory, model, created_at, started_at, runs, last_action, final_summary,
                 idempotency_key, directory_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                task.state.to_wire().status().name(),
                serde_json::to_string(task.state)?,
                position,
                ended_at,
                task.name,
                task.request.agent.name(),
                task.request.working_directory,
                task.request.model,
                task.created_at.as_millis(),
                started_at,
                task.last_action,
                task.final_summary,
                task.key.as_str(),
                directory,
            ])?;
        let id = TaskId(self.connection.last_insert_rowid());
        self.count_tasks(directory, 1)?;
        self.connection
            .prepare_cached(
                "INSERT INTO request (task_id, request, filled_in) VALUES (?1, ?2, '')",
            )?
            .execute(params![id.0, serde_json::to_string(task.request)?])?;
        self.connection
            .prepare_cached(
                "INSERT INTO run (id, task_id, number, started_at, ended_at, outcome, result,
                 output_deleted) VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, 1)",
            )?
            .execute(params![
                run(id).as_str(),
                id.0,
                started_at,
                ended_at,
                serde_json::to_string(task.outcome)?,
                task.result,
            ])?;
        Ok(id)
    }
}
