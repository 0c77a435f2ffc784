//! Tasks that were submitted from inside tasks.

use claude_worker_api::TaskId;
use rusqlite::OptionalExtension;

use super::Writer;
use crate::EngineError;

impl Writer {
    /// How many tasks are above a task; none when there is no such task.
    pub(crate) fn depth(&self, id: TaskId) -> Result<Option<u32>, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT depth FROM task WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))
            .optional()?)
    }

    /// How many tasks with this parent are unfinished.
    pub(crate) fn unfinished_of_parent(&self, parent: TaskId) -> Result<u64, EngineError> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM task WHERE parent_id = ?1 AND ended_at IS NULL")?
            .query_row([parent.0], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// How many tasks of this caller are unfinished.
    pub(crate) fn unfinished_of_caller(&self, caller: &str) -> Result<u64, EngineError> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM task WHERE caller = ?1 AND ended_at IS NULL")?
            .query_row([caller], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}
