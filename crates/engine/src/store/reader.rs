//! Everything clients read.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use claude_worker_api::{Event, EventQuery, ListQuery, NewTask, Run, RunId, TaskId};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::list;
use super::rows::{self, StoredTask};
use crate::EngineError;

/// How many idle connections are kept. More are opened when more read at once.
const IDLE: usize = 2;

/// Which events a reader wants.
#[derive(Debug, Clone)]
pub(crate) struct EventFilter {
    lasting: bool,
    /// The tasks, as a JSON array; none for all.
    tasks: Option<String>,
}

impl EventFilter {
    pub(crate) fn new(query: &EventQuery) -> Self {
        let ids: Vec<_> = query.tasks.iter().map(ToString::to_string).collect();
        Self {
            lasting: query.lasting,
            tasks: (!ids.is_empty()).then(|| format!("[{}]", ids.join(","))),
        }
    }
}

/// Connections that can only read. A call borrows one for as long as it takes.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Tasks that cannot be read, so that each is logged once and not at every list.
    unreadable: Mutex<HashSet<TaskId>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), unreadable: Mutex::default() }
    }

    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => super::connect(&self.path, true)?,
        };
        let answer = read(&connection);
        let mut kept = idle();
        if kept.len() < IDLE {
            kept.push(connection);
        }
        answer
    }

    pub(crate) fn task(&self, id: TaskId) -> Result<Option<StoredTask>, EngineError> {
        self.with(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {} FROM task WHERE id = ?1", rows::TASK))?;
            statement.query([id.0])?.next()?.map(rows::task).transpose()
        })
    }

    pub(crate) fn request(&self, id: TaskId) -> Result<Option<NewTask>, EngineError> {
        self.with(|connection| {
            let text: Option<String> = connection
                .prepare_cached("SELECT request FROM request WHERE task_id = ?1")?
                .query_row([id.0], |row| row.get(0))
                .optional()?;
            text.as_deref().map(rows::json).transpose()
        })
    }

    /// A task's runs, oldest first.
    pub(crate) fn runs(&self, id: TaskId) -> Result<Vec<Run>, EngineError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM run WHERE task_id = ?1 ORDER BY number",
                rows::RUN
            ))?;
            let mut found = statement.query([id.0])?;
            let mut runs = Vec::new();
            while let Some(row) = found.next()? {
                runs.push(rows::run(row)?);
            }
            Ok(runs)
        })
    }

    /// A task's run by its id, or its newest.
    pub(crate) fn run(&self, id: TaskId, run: Option<&RunId>) -> Result<Option<Run>, EngineError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM run WHERE task_id = ?1 AND (?2 IS NULL OR id = ?2)
                 ORDER BY number DESC LIMIT 1",
                rows::RUN
            ))?;
            let mut found = statement.query((id.0, run.map(RunId::as_str)))?;
            found.next()?.map(rows::run).transpose()
        })
    }

    /// The final answer of a task's newest run that has one.
    pub(crate) fn result(&self, id: TaskId) -> Result<Option<String>, EngineError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT result FROM run WHERE task_id = ?1 AND result IS NOT NULL
                     ORDER BY number DESC LIMIT 1",
                )?
                .query_row([id.0], |row| row.get(0))
                .optional()?)
        })
    }

    /// Tasks in the order asked for; one more than `limit`, so that the caller sees whether there are
    /// more. One that cannot be read is left out, and the next one takes its place.
    pub(crate) fn list(
        &self,
        query: &ListQuery,
        limit: u32,
    ) -> Result<Vec<StoredTask>, EngineError> {
        let wanted = limit as usize + 1;
        let mut after = query.cursor;
        let mut tasks = Vec::new();
        self.with(|connection| {
            loop {
                let missing = wanted - tasks.len();
                let (sql, values) = list::statement(query, after, missing);
                let mut statement = connection.prepare_cached(&sql)?;
                let mut found = statement.query(params_from_iter(values))?;
                let mut seen = 0;
                while let Some(row) = found.next()? {
                    seen += 1;
                    let cursor = rows::cursor(query.order, row)?;
                    after = Some(cursor);
                    match rows::task(row) {
                        Ok(task) => tasks.push(task),
                        Err(error) => self.leave_out(cursor.id, &error),
                    }
                }
                if seen < missing || tasks.len() == wanted {
                    return Ok(tasks);
                }
            }
        })
    }

    fn leave_out(&self, id: TaskId, error: &EngineError) {
        let mut known = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        if known.insert(id) {
            tracing::error!(task = %id, %error, "a task cannot be read and is not listed");
        }
    }

    /// Events after `after`, and whether lasting ones are missing before or among them.
    pub(crate) fn events(
        &self,
        after: i64,
        limit: u32,
        filter: &EventFilter,
    ) -> Result<(Vec<Event>, bool), EngineError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, at, task_id, kind FROM event
                 WHERE seq > ?1 AND (?2 OR lasting = 1)
                 AND (?3 IS NULL OR task_id IN (SELECT value FROM json_each(?3)))
                 ORDER BY seq LIMIT ?4",
            )?;
            let mut found =
                statement.query((after, !filter.lasting, filter.tasks.as_deref(), limit))?;
            let mut events = Vec::new();
            while let Some(row) = found.next()? {
                events.push(rows::event(row)?);
            }
            // After the events: what is deleted in between is at worst called missing.
            let from: Option<i64> = connection
                .prepare_cached(
                    "SELECT CAST(value AS INTEGER) FROM setting WHERE key = 'events_from'",
                )?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok((events, from.is_some_and(|from| after < from - 1)))
        })
    }
}
