//! Which finished tasks may be removed.

use claude_worker_api::{CleanQuery, Status, TaskId, Timestamp};
use rusqlite::params;

use super::{Readers, StoredTask, Writer, rows};
use crate::EngineError;

/// What a query of [`CleanQuery`] finds.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// How many tasks would be removed.
    pub(crate) count: u64,
    /// How many are kept because they have not been seen.
    pub(crate) kept_unseen: u64,
    /// The first that would be removed, oldest end first.
    pub(crate) first: Vec<StoredTask>,
}

/// The condition for tasks that ended at or before `?1` and are in one of these statuses.
fn ended(statuses: &[Status]) -> String {
    let all = [Status::Completed, Status::Failed, Status::Cancelled, Status::Skipped];
    let wanted = if statuses.is_empty() { &all[..] } else { statuses };
    let names: Vec<_> = wanted.iter().map(|status| format!("'{}'", status.name())).collect();
    format!("ended_at <= ?1 AND status IN ({})", names.join(", "))
}

/// The condition for tasks that a person has seen.
const SEEN: &str = "NOT EXISTS (SELECT 1 FROM unseen WHERE unseen.task_id = task.id)";

fn removable(statuses: &[Status], unseen: bool) -> String {
    let ended = ended(statuses);
    if unseen { ended } else { format!("{ended} AND {SEEN}") }
}

impl Writer {
    /// Finished tasks that ended at or before `before`; at most `limit`, oldest end first. Those
    /// that have not been seen only with `unseen`.
    pub(crate) fn finished(
        &self,
        statuses: &[Status],
        before: Timestamp,
        unseen: bool,
        limit: u32,
    ) -> Result<Vec<TaskId>, EngineError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT id FROM task WHERE {} ORDER BY ended_at LIMIT ?2",
            removable(statuses, unseen)
        ))?;
        let ids = statement
            .query_map(params![before.as_millis(), limit], |row| row.get(0).map(TaskId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

impl Readers {
    /// What `query` would remove now, with the first `limit` tasks of it.
    pub(crate) fn finished(
        &self,
        query: &CleanQuery,
        now: Timestamp,
        limit: u32,
    ) -> Result<Finished, EngineError> {
        let before = now.minus_millis(query.older_than_ms).as_millis();
        self.with(|connection| {
            let count = |condition: &str| -> Result<u64, EngineError> {
                let sql = format!("SELECT count(*) FROM task WHERE {condition}");
                let count: i64 = connection.prepare(&sql)?.query_row([before], |row| row.get(0))?;
                Ok(count.unsigned_abs())
            };
            let removable = removable(&query.statuses, query.unseen);
            let mut found = Finished { count: count(&removable)?, ..Finished::default() };
            if !query.unseen {
                found.kept_unseen = count(&format!("{} AND NOT {SEEN}", ended(&query.statuses)))?;
            }
            let mut statement = connection.prepare(&format!(
                "SELECT {} FROM task WHERE {removable} ORDER BY ended_at LIMIT ?2",
                rows::TASK
            ))?;
            let mut rows = statement.query(params![before, limit])?;
            while let Some(row) = rows.next()? {
                // One that cannot be read is removed all the same; it cannot be shown.
                found.first.extend(rows::task(row).ok());
            }
            Ok(found)
        })
    }
}
