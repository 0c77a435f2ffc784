//! The only connection that writes.

use std::sync::Arc;

use claude_worker_api::{
    Counts, Failure, NewTask, RunId, RunOutcome, Status, TaskId, Timestamp, Usage,
};

use rusqlite::{Connection, OptionalExtension, params};

use super::keys::OwnedKey;
use super::rows::{self, Columns, StoredTask};
use super::spending::WhatFollows;
use super::submitted_request::FilledDefaults;
use super::unseen::UnseenKind;
use crate::EngineError;
use crate::access::Principal;
use crate::state::{Plan, TaskState};

/// Every write of the engine. Between [`Writer::begin`] and [`Writer::commit`] nothing is
/// visible to readers.
pub(crate) struct Writer {
    pub(super) connection: Connection,
}

/// Where a new task comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// How many tasks are above it.
    pub depth: u32,
    /// Who submits it.
    pub principal: Principal,
    /// The key of its submission.
    pub key: Option<OwnedKey>,
    /// The working directory as it was sent, if that was not a whole path.
    pub sent_directory: Option<String>,
    /// The directory of its project, if it is known.
    pub project_root: Option<Arc<str>>,
}

/// What is stored of a run when it has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunEnd {
    /// How.
    pub outcome: RunOutcome,
    /// When its agent was started, if it was.
    pub started_at: Option<Timestamp>,
    /// The session it worked in.
    pub session_id: Option<String>,
    /// The model it used.
    pub model: Option<String>,
    /// What it used.
    pub usage: Usage,
    /// The final answer.
    pub result: Option<String>,
    /// Its beginning, in one line.
    pub final_summary: Option<String>,
    /// What the agent did last.
    pub last_action: Option<String>,
    /// Bytes of output kept.
    pub output_bytes: u64,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Result<Self, EngineError> {
        let writer = Self { connection };
        // Reads a row of each table, so that damage shows now and not at the first task.
        for table in [
            "task",
            "unseen",
            "request",
            "run",
            "spending",
            "event",
            "garbage",
            "setting",
            "token",
            "request_key",
            "project",
            "directory",
        ] {
            writer.connection.query_row(
                &format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1)"),
                [],
                |_| Ok(()),
            )?;
        }
        Ok(writer)
    }

    pub(crate) fn begin(&mut self) -> Result<(), EngineError> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    pub(crate) fn commit(&mut self) -> Result<(), EngineError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Forgets what was written since [`Writer::begin`]. SQLite may have done so by itself.
    pub(crate) fn rollback(&mut self) {
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }

    /// Marks where [`Writer::roll_back_to`] goes back to: to the newest mark. Only between
    /// [`Writer::begin`] and [`Writer::commit`].
    pub(crate) fn savepoint(&mut self) -> Result<(), EngineError> {
        debug_assert!(!self.connection.is_autocommit(), "a savepoint outside of a transaction");
        self.execute_cached("SAVEPOINT one_message")
    }

    /// Keeps what was written since [`Writer::savepoint`], for the commit.
    pub(crate) fn release(&mut self) -> Result<(), EngineError> {
        self.execute_cached("RELEASE one_message")
    }

    /// Forgets what was written since [`Writer::savepoint`]. Says whether what was written before
    /// it still stands: when not, SQLite has given up the whole transaction, as it does on a full
    /// disk, and so must the caller.
    pub(crate) fn roll_back_to(&mut self) -> Result<bool, EngineError> {
        if self.connection.is_autocommit() {
            return Ok(false);
        }
        self.execute_cached("ROLLBACK TO one_message")?;
        // Rolling back leaves the savepoint itself in place.
        self.release()?;
        Ok(true)
    }

    fn execute_cached(&self, sql: &str) -> Result<(), EngineError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Moves everything from the write-ahead log into the database file, so that a stopped engine
    /// leaves one file. It fails harmlessly while there are readers.
    pub(crate) fn fold_log(&mut self) {
        let folded = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        if let Err(error) = folded {
            tracing::warn!(%error, "the write-ahead log stays as it is");
        }
    }

    pub(crate) fn insert_task(
        &mut self,
        request: &NewTask,
        filled_defaults: FilledDefaults,
        name: &str,
        position: i64,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<TaskId, EngineError> {
        let state = TaskState::pending(Plan::New);
        let root = origin.project_root.as_deref();
        let directory = self.directory(&request.working_directory, root)?;
        self.connection
            .prepare_cached(
                "INSERT INTO task (status, state, queue_position, name, agent, working_directory,
                 model, created_at, queued_at, idempotency_key, parent_id, depth, caller,
                 agent_asked, submitted_by, token_id, directory_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .execute(params![
                Status::Pending.name(),
                serde_json::to_string(&state)?,
                position,
                name,
                request.agent.name(),
                request.working_directory,
                request.model,
                now.as_millis(),
                origin.key.as_ref().map(OwnedKey::as_str),
                request.parent.map(|parent| parent.0),
                origin.depth,
                request.caller,
                request.asked_by().is_agent(),
                origin.principal.submitted_by().to_string(),
                origin.principal.token_id(),
                directory,
            ])?;
        let id = self.connection.last_insert_rowid();
        self.count_tasks(directory, 1)?;
        self.connection
            .prepare_cached(
                "INSERT INTO request (task_id, request, filled_in, sent_directory)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                id,
                serde_json::to_string(request)?,
                filled_defaults.text(),
                origin.sent_directory,
            ])?;
        Ok(TaskId(id))
    }

    pub(crate) fn task(&self, id: TaskId) -> Result<Option<StoredTask>, EngineError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {} FROM task WHERE id = ?1", rows::TASK))?;
        statement.query([id.0])?.next()?.map(rows::task).transpose()
    }

    /// What was submitted, or why it cannot be run.
    pub(crate) fn request(&self, id: TaskId) -> Result<Result<NewTask, Failure>, EngineError> {
        let mut statement =
            self.connection.prepare_cached("SELECT request FROM request WHERE task_id = ?1")?;
        Ok(rows::request(statement.query([id.0])?.next()?))
    }

    /// Stores a task's new state, and gives its place in the queue. The row must still be in the
    /// state that was read: anything else is a defect and aborts the transaction.
    pub(crate) fn set_state(
        &mut self,
        id: TaskId,
        old: &Columns,
        new: &TaskState,
        position: Option<i64>,
    ) -> Result<i64, EngineError> {
        let wire = new.to_wire();
        let (old_status, old_run) = old.texts();
        let due = match new {
            TaskState::Waiting { reason, .. } => reason.until().map(Timestamp::as_millis),
            _ => None,
        };
        let place = self
            .connection
            .prepare_cached(
                "UPDATE task SET status = ?1, state = ?2, run_id = ?3, due_at = ?4, ended_at = ?5,
                 queue_position = coalesce(?6, queue_position)
                 WHERE id = ?7 AND status IS ?8 AND run_id IS ?9 RETURNING queue_position",
            )?
            .query_row(
                params![
                    wire.status().name(),
                    serde_json::to_string(new)?,
                    new.live_run().map(RunId::as_str),
                    due,
                    wire.ended_at().map(Timestamp::as_millis),
                    position,
                    id.0,
                    old_status,
                    old_run,
                ],
                |row| row.get(0),
            )
            .optional()?
            .ok_or_else(|| {
                EngineError::Unreadable(format!("task {id} is not in the state it was read in"))
            })?;
        self.set_unseen(id, UnseenKind::after(&wire))?;
        Ok(place)
    }

    pub(crate) fn insert_run(
        &mut self,
        task: TaskId,
        run: &RunId,
        number: u32,
        plan: &Plan,
        boot: Option<&str>,
    ) -> Result<(), EngineError> {
        let (session, follow_up) = match plan {
            Plan::New | Plan::Unknown(_) => (None, None),
            Plan::Resume { session_id, follow_up } => (Some(session_id), Some(follow_up)),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO run (id, task_id, number, follow_up, session_id, boot, queued_at)
                 SELECT ?1, id, ?3, ?4, ?5, ?6, queued_at FROM task WHERE id = ?2",
            )?
            .execute(params![run.as_str(), task.0, number, follow_up, session, boot])?;
        // What the last run left must not be shown as this one's.
        self.connection
            .prepare_cached(
                "UPDATE task SET runs = ?1, started_at = NULL, last_action = NULL,
                 final_summary = NULL WHERE id = ?2",
            )?
            .execute(params![number, task.0])?;
        Ok(())
    }

    /// The machine's start in which a run was launched, if it is known.
    pub(crate) fn boot_of(&self, run: &RunId) -> Result<Option<String>, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT boot FROM run WHERE id = ?1")?
            .query_row([run.as_str()], |row| row.get(0))
            .optional()?
            .flatten())
    }

    /// Forgets a run that never began, so that it is not counted.
    pub(crate) fn delete_run(&mut self, task: TaskId, run: &RunId) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO garbage (run_id) VALUES (?1)")?
            .execute([run.as_str()])?;
        self.connection.prepare_cached("DELETE FROM run WHERE id = ?1")?.execute([run.as_str()])?;
        self.connection
            .prepare_cached("UPDATE task SET runs = runs - 1 WHERE id = ?1")?
            .execute([task.0])?;
        Ok(())
    }

    pub(crate) fn run_started(
        &mut self,
        task: TaskId,
        run: &RunId,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE run SET started_at = ?1 WHERE id = ?2")?
            .execute(params![at.as_millis(), run.as_str()])?;
        self.connection
            .prepare_cached("UPDATE task SET started_at = ?1 WHERE id = ?2")?
            .execute(params![at.as_millis(), task.0])?;
        Ok(())
    }

    /// Stores what is known of a run while it goes on. The session is kept as soon as it is
    /// known, so that a run that is lost later can still be resumed.
    pub(crate) fn progress(
        &mut self,
        task: TaskId,
        run: &RunId,
        last_action: Option<&str>,
        session_id: Option<&str>,
        model: Option<&str>,
    ) -> Result<(), EngineError> {
        self.connection
            .prepare_cached(
                "UPDATE task SET last_action = coalesce(?1, last_action),
                 session_id = coalesce(?2, session_id), model = coalesce(?3, model) WHERE id = ?4",
            )?
            .execute(params![last_action, session_id, model, task.0])?;
        self.connection
            .prepare_cached("UPDATE run SET session_id = coalesce(?1, session_id) WHERE id = ?2")?
            .execute(params![session_id, run.as_str()])?;
        Ok(())
    }

    /// Stores the end of a run; gives what the run has cost by itself, in US dollars.
    pub(crate) fn run_ended(
        &mut self,
        task: TaskId,
        run: &RunId,
        end: &RunEnd,
        what_follows: WhatFollows,
    ) -> Result<f64, EngineError> {
        let before = self.usage_of_all_runs(task)?;
        self.connection
            .prepare_cached(
                "UPDATE run SET started_at = coalesce(?1, started_at), ended_at = ?2, outcome = ?3,
                 session_id = coalesce(?4, session_id), usage = ?5, result = ?6, output_bytes = ?7
                 WHERE id = ?8",
            )?
            .execute(params![
                end.started_at.map(Timestamp::as_millis),
                end.outcome.ended_at.as_millis(),
                serde_json::to_string(&end.outcome)?,
                end.session_id,
                serde_json::to_string(&end.usage)?,
                end.result,
                i64::try_from(end.output_bytes).unwrap_or(i64::MAX),
                run.as_str(),
            ])?;
        let usage = self.usage_of_all_runs(task)?;
        // A session's cost is reported as it stands, so that the run's own share is what it adds.
        let share = usage.cost_usd.unwrap_or(0.0) - before.cost_usd.unwrap_or(0.0);
        self.note_spending(task, run, end, share, what_follows)?;
        self.connection
            .prepare_cached(
                "UPDATE task SET started_at = coalesce(?1, started_at),
                 session_id = coalesce(?2, session_id), model = coalesce(?3, model),
                 last_action = coalesce(?4, last_action), final_summary = ?5, usage = ?6
                 WHERE id = ?7",
            )?
            .execute(params![
                end.started_at.map(Timestamp::as_millis),
                end.session_id,
                end.model,
                end.last_action,
                end.final_summary,
                serde_json::to_string(&usage)?,
                task.0,
            ])?;
        Ok(share)
    }

    /// What a task's runs used together. An agent reports a session's cost so far, so that
    /// within one session only the greatest figure counts; tokens and turns are per run.
    fn usage_of_all_runs(&self, task: TaskId) -> Result<Usage, EngineError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT session_id, id, usage FROM run WHERE task_id = ?1")?;
        let mut found = statement.query([task.0])?;
        let mut runs = Vec::new();
        while let Some(row) = found.next()? {
            let session: Option<String> = row.get(0)?;
            // What cannot be read of one run must not keep another's end from being stored.
            let usage = row.get::<_, String>(2).ok();
            let usage = usage.and_then(|text| serde_json::from_str(&text).ok());
            runs.push((session.unwrap_or(row.get(1)?), usage.unwrap_or_default()));
        }
        Ok(crate::usage::total(&runs))
    }

    /// Deletes a task's row and marks its run directories for deletion.
    pub(crate) fn delete_task(&mut self, id: TaskId) -> Result<(), EngineError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO garbage (run_id) SELECT id FROM run WHERE task_id = ?1",
            )?
            .execute([id.0])?;
        if let Some(directory) = self.directory_of(id)? {
            self.count_tasks(directory, -1)?;
        }
        self.connection.prepare_cached("DELETE FROM task WHERE id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// Every task in this status, oldest first.
    pub(crate) fn tasks_in(&self, status: Status) -> Result<Vec<TaskId>, EngineError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM task WHERE status = ?1 ORDER BY id")?;
        let ids = statement.query_map([status.name()], |row| row.get(0).map(TaskId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    pub(crate) fn counts(&self) -> Result<Counts, EngineError> {
        rows::counts(&self.connection)
    }
}
