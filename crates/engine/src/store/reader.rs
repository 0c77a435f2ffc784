//! What clients read from the database.
//!
//! Each read is of one instant, and its answer is given when the events of that instant have been
//! published. A commit can be read a moment before the dispatcher publishes it. An answer from that
//! moment would be contradicted by the next one that uses the published values.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use claude_worker_api::{
    Counts, Event, EventQuery, ListQuery, NewTask, Queue, Run, RunId, TaskCount, TaskDetail, TaskId,
};
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use tokio::sync::watch;

use super::list;
use super::projects;
use super::rows::{self, StoredTask};
use crate::EngineError;
use crate::state::TaskState;

/// How many idle connections are kept. More are opened when more read at once.
const IDLE: usize = 2;

/// How long an answer waits for what it says to be published.
const LONGEST_UNPUBLISHED: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_micros(50);
/// How often a list is read to find it of the instant whose counts are published.
const READS: usize = 3;
/// How many models are told apart in a count of tasks: agents say which, so there may be any number.
const MOST_MODELS: usize = 100;
/// After this time it is not read for that once more.
const LONG_LIST: Duration = Duration::from_millis(20);

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

/// The queue as it was last published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Published {
    /// The newest event of the commit it is from.
    pub seq: i64,
    /// The queue.
    pub queue: Queue,
}

/// Connections that can only read. A call borrows one for as long as it takes.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    published: watch::Receiver<Published>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, published: watch::Receiver<Published>) -> Self {
        Self { path, idle: Mutex::default(), published }
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
        let answer = at_one_instant(&connection, read).map(|(answer, seq)| {
            self.until_published(seq);
            answer
        });
        // One whose transaction could not be ended would read that instant for ever.
        if connection.is_autocommit() {
            let mut kept = idle();
            if kept.len() < IDLE {
                kept.push(connection);
            }
        }
        answer
    }

    /// Waits until what is read here has been published; returns the queue as published then. That
    /// takes microseconds, unless the dispatcher has died in between.
    fn until_published(&self, seq: i64) -> Published {
        let deadline = Instant::now() + LONGEST_UNPUBLISHED;
        loop {
            let published = *self.published.borrow();
            if published.seq >= seq || Instant::now() >= deadline {
                return published;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    pub(crate) fn task(&self, id: TaskId) -> Result<Option<StoredTask>, EngineError> {
        self.with(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {} FROM task WHERE id = ?1", rows::TASK))?;
            statement.query([id.0])?.next()?.map(rows::task).transpose()
        })
    }

    /// Everything about one task: its row, and what is stored around it.
    pub(crate) fn detail(
        &self,
        id: TaskId,
    ) -> Result<Option<(StoredTask, TaskDetail)>, EngineError> {
        self.with(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {} FROM task WHERE id = ?1", rows::TASK))?;
            let Some(stored) = statement.query([id.0])?.next()?.map(rows::task).transpose()? else {
                return Ok(None);
            };
            let mut unreadable = Vec::new();
            if let TaskState::Unreadable(state) = &stored.state {
                unreadable.push(state.failure.describe());
            }
            let mut statement =
                connection.prepare_cached("SELECT request FROM request WHERE task_id = ?1")?;
            let request = rows::shown_request(statement.query([id.0])?.next()?);
            let request = request.unwrap_or_else(|failure| {
                unreadable.push(failure.describe());
                NewTask {
                    working_directory: stored.task.working_directory.clone(),
                    name: Some(stored.task.name.clone()),
                    agent: stored.task.agent,
                    ..NewTask::default()
                }
            });
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM run WHERE task_id = ?1 ORDER BY number",
                rows::RUN
            ))?;
            let mut found = statement.query([id.0])?;
            let mut run_history = Vec::new();
            while let Some(row) = found.next()? {
                let (run, problem) = rows::run(row);
                run_history.extend(run);
                unreadable.extend(problem);
            }
            let result = connection
                .prepare_cached(
                    "SELECT result FROM run WHERE task_id = ?1 AND result IS NOT NULL
                     ORDER BY number DESC LIMIT 1",
                )?
                .query_row([id.0], |row| row.get(0))
                .optional()?;
            let task = stored.task.clone();
            Ok(Some((stored, TaskDetail { task, request, run_history, result, unreadable })))
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
            Ok(found.next()?.and_then(|row| rows::run(row).0))
        })
    }

    /// Tasks in the order asked for; one more than `limit`, so that the caller sees whether there are
    /// more. With them comes how many tasks there were in each status at the same instant.
    pub(crate) fn list(
        &self,
        query: &ListQuery,
        limit: u32,
    ) -> Result<(Vec<StoredTask>, Counts), EngineError> {
        let read = |connection: &Connection| -> Result<_, EngineError> {
            let project = query.project.as_deref();
            let project = project.map(|text| projects::by_name(connection, text)).transpose()?;
            let (sql, values) = list::statement(query, project, query.cursor, limit as usize + 1);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query(params_from_iter(values))?;
            let mut tasks = Vec::new();
            while let Some(row) = found.next()? {
                tasks.push(rows::task(row)?);
            }
            Ok((tasks, newest_event(connection)?))
        };
        // Between the instant of the read and that of the counts there may be another commit.
        let since = Instant::now();
        for _ in 0..READS {
            let (tasks, seq) = self.with(read)?;
            let published = *self.published.borrow();
            if published.seq == seq {
                return Ok((tasks, published.queue.counts));
            }
            if since.elapsed() >= LONG_LIST {
                break;
            }
        }
        // Counting costs more the more tasks there are, but is done once.
        self.with(|connection| Ok((read(connection)?.0, rows::counts(connection)?)))
    }

    /// How many tasks a list would have.
    pub(crate) fn count(&self, query: &ListQuery) -> Result<TaskCount, EngineError> {
        self.with(|connection| {
            let project = query.project.as_deref();
            let project = project.map(|text| projects::by_name(connection, text)).transpose()?;
            let (sql, values) = list::count(query, project);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query(params_from_iter(values))?;
            let mut count = TaskCount::default();
            while let Some(row) = found.next()? {
                let group = rows::model_count(row);
                count.tasks += group.tasks;
                if count.models.len() < MOST_MODELS {
                    count.models.push(group);
                }
            }
            Ok(count)
        })
    }

    /// Tasks as [`Readers::list`] gives them, without the counts.
    pub(crate) fn found(&self, query: &ListQuery) -> Result<Vec<StoredTask>, EngineError> {
        self.with(|connection| {
            let project = query.project.as_deref();
            let project = project.map(|text| projects::by_name(connection, text)).transpose()?;
            let limit = query.ids.len();
            let (sql, values) = list::statement(query, project, query.cursor, limit);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query(params_from_iter(values))?;
            let mut tasks = Vec::new();
            while let Some(row) = found.next()? {
                tasks.push(rows::task(row)?);
            }
            Ok(tasks)
        })
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

/// Reads what there is at one instant; gives the newest event of that instant, too.
fn at_one_instant<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, EngineError>,
) -> Result<(T, i64), EngineError> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let answer = newest_event(connection).and_then(|seq| Ok((read(connection)?, seq)));
    connection.prepare_cached("COMMIT")?.execute([])?;
    answer
}

fn newest_event(connection: &Connection) -> Result<i64, EngineError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM event")?
        .query_row([], |row| row.get(0))?)
}
