//! What runs of days cost and took, and what happened since a moment.

use std::collections::HashMap;

use claude_worker_api::{Digest, FirstTasks, Overview, OverviewQuery, ProjectId, Task, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row};

use super::rows::{self, StoredTask};
use super::{Readers, projects};
use crate::EngineError;
use crate::overview::{EndedRun, ModelFilter, Summed, Sums, TaskEnd};

/// How many tasks of a list are returned.
const FIRST: usize = 5;

/// A task that completed with denied tool calls and was not looked at, in the table `unseen`.
const ASKS: &str = "SELECT task_id FROM unseen WHERE kind = 3";
/// A task that failed and was not looked at.
const UNSEEN_FAILED: &str = "SELECT task_id FROM unseen WHERE kind = 2";

impl Readers {
    /// The overview of these days, all at one instant. `days` are in order; `show` makes a task what clients see.
    ///
    /// It reads as many rows of an index as runs ended in the days, or since the moment of the digest.
    pub(crate) fn overview(
        &self,
        query: &OverviewQuery,
        days: &[Timestamp],
        show: impl Fn(StoredTask) -> Task,
    ) -> Result<Overview, EngineError> {
        let first = days.first().copied().unwrap_or_default();
        let since = query.since.or(days.last().copied()).unwrap_or_default();
        self.with(|connection| {
            let project = query.project.as_deref();
            let project = project.map(|text| projects::by_name(connection, text)).transpose()?;
            let model = ModelFilter::new(query.model.as_deref());
            let mut sums = Sums::new(days, query.day, project, model);
            add_runs(connection, first, &mut sums)?;
            let names = project_names(connection)?;
            let Summed { total, days, projects, models, took, waited } =
                sums.finish(|id| names.get(&id).cloned().unwrap_or_default());
            let digest = digest(connection, since, &show)?;
            Ok(Overview { digest, total, days, projects, models, took, waited })
        })
    }
}

/// Adds all runs that ended at or after `first`.
fn add_runs(connection: &Connection, first: Timestamp, sums: &mut Sums) -> Result<(), EngineError> {
    let mut projects = HashMap::new();
    let mut statement = connection
        .prepare_cached("SELECT id, project_id FROM directory WHERE project_id IS NOT NULL")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        projects.insert(row.get::<_, i64>(0)?, ProjectId(row.get(1)?));
    }
    let mut statement = connection.prepare_cached(
        "SELECT ended_at, usd, directory_id, model, queued_at, started_at, task_end
         FROM spending INDEXED BY spending_by_end WHERE ended_at >= ?1",
    )?;
    let mut found = statement.query([first.as_millis()])?;
    while let Some(row) = found.next()? {
        let directory: Option<i64> = row.get(2)?;
        sums.add(&EndedRun {
            ended_at: row.get(0)?,
            cost_usd: row.get(1)?,
            project: directory.and_then(|directory| projects.get(&directory).copied()),
            model: text(row, 3),
            queued_at: row.get(4)?,
            started_at: row.get(5)?,
            task_end: text(row, 6).and_then(TaskEnd::named),
        });
    }
    Ok(())
}

/// A column as text, if it has some.
fn text<'a>(row: &'a Row<'_>, column: usize) -> Option<&'a str> {
    match row.get_ref(column) {
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn project_names(connection: &Connection) -> Result<HashMap<ProjectId, String>, EngineError> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM project")?;
    let names = statement.query_map([], |row| Ok((ProjectId(row.get(0)?), row.get(1)?)))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn digest(
    connection: &Connection,
    since: Timestamp,
    show: &impl Fn(StoredTask) -> Task,
) -> Result<Digest, EngineError> {
    let from = since.as_millis();
    // Through this index whole days are counted without a look at the rows.
    let ended = "FROM task INDEXED BY task_by_end WHERE ended_at >= ?1";
    let last = format!("ORDER BY ended_at DESC, id DESC LIMIT {FIRST}");

    let asks = list(connection, show, count(connection, ASKS, [])?, |ids| {
        ids.read(&format!("{ASKS} ORDER BY task_id DESC LIMIT {FIRST}"), [])
    })?;

    let failed_since = format!("SELECT id {ended} AND status = 'failed'");
    let recent = count(connection, &failed_since, [from])?;
    let unseen = count(connection, UNSEEN_FAILED, [])?;
    let both = count(connection, &format!("{failed_since} AND id IN ({UNSEEN_FAILED})"), [from])?;
    let failed = list(connection, show, recent + unseen.saturating_sub(both), |ids| {
        ids.read(&format!("{failed_since} {last}"), [from])?;
        if unseen > both {
            let before = "SELECT task_id FROM unseen CROSS JOIN task ON task.id = task_id
                 WHERE kind = 2 AND ended_at < ?1 ORDER BY task_id DESC";
            ids.read(&format!("{before} LIMIT {FIRST}"), [from])?;
        }
        Ok(())
    })?;

    let completed = format!("SELECT id {ended} AND status = 'completed' AND id NOT IN ({ASKS})");
    let finished = list(connection, show, count(connection, &completed, [from])?, |ids| {
        ids.read(&format!("{completed} {last}"), [from])
    })?;

    let queued = "SELECT id FROM task WHERE status IN ('pending', 'waiting')";
    let next = list(connection, show, count(connection, queued, [])?, |ids| {
        let pending = "SELECT id FROM task WHERE status = 'pending' ORDER BY queue_position";
        ids.read(&format!("{pending} LIMIT {FIRST}"), [])?;
        let waiting = "SELECT id FROM task WHERE status = 'waiting' ORDER BY due_at";
        ids.read(&format!("{waiting} LIMIT {FIRST}"), [])
    })?;

    let (cost_usd, run_ms) = connection
        .prepare_cached(
            "SELECT total(usd), coalesce(sum(max(0, ended_at - started_at)), 0)
             FROM spending INDEXED BY spending_by_end WHERE ended_at >= ?1",
        )?
        .query_row([from], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    let run_ms = run_ms.unsigned_abs();
    Ok(Digest { since, asks, failed, finished, cost_usd, run_ms, next })
}

/// How many rows a statement gives.
fn count(connection: &Connection, sql: &str, params: impl Params) -> Result<u64, EngineError> {
    let count: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM ({sql})"))?
        .query_row(params, |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The numbers of tasks that are shown.
struct Ids<'a> {
    connection: &'a Connection,
    ids: Vec<i64>,
}

impl Ids<'_> {
    /// Adds the numbers that a statement gives, until there are enough.
    fn read(&mut self, sql: &str, params: impl Params) -> Result<(), EngineError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params)?;
        while self.ids.len() < FIRST
            && let Some(row) = found.next()?
        {
            self.ids.push(row.get(0)?);
        }
        Ok(())
    }
}

/// The beginning of a list, whose numbers `read` finds.
fn list(
    connection: &Connection,
    show: &impl Fn(StoredTask) -> Task,
    count: u64,
    read: impl FnOnce(&mut Ids<'_>) -> Result<(), EngineError>,
) -> Result<FirstTasks, EngineError> {
    let mut found = Ids { connection, ids: Vec::new() };
    if count > 0 {
        read(&mut found)?;
    }
    let mut statement =
        connection.prepare_cached(&format!("SELECT {} FROM task WHERE id = ?1", rows::TASK))?;
    let mut tasks = Vec::new();
    for id in found.ids {
        if let Some(row) = statement.query([id])?.next()? {
            tasks.push(show(rows::task(row)?));
        }
    }
    Ok(FirstTasks { count, tasks })
}
