//! Tasks that were submitted from inside tasks.

use claude_worker_api::{Asker, TaskId};
use rusqlite::OptionalExtension;

use super::{Readers, Writer};
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

    /// A finished task is to run once more, and this one has asked for it. From here on it counts
    /// among the tasks of that caller.
    pub(crate) fn asked_again(&mut self, id: TaskId, asker: &Asker) -> Result<(), EngineError> {
        self.connection
            .prepare_cached(
                "UPDATE task SET agent_asked = agent_asked OR ?2, caller = coalesce(?3, caller)
                 WHERE id = ?1",
            )?
            .execute((id.0, asker.is_agent(), &asker.caller))?;
        Ok(())
    }

    /// Whether an agent or another program has submitted a task or asked for one of its runs.
    pub(crate) fn agent_asked(&self, id: TaskId) -> Result<bool, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT agent_asked FROM task WHERE id = ?1")?
            // Of what cannot be read, the safer is taken for true.
            .query_row([id.0], |row| Ok(row.get(0).unwrap_or(true)))?)
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

impl Readers {
    /// [`Writer::agent_asked`], for clients; false when there is no such task.
    pub(crate) fn agent_asked(&self, id: TaskId) -> Result<bool, EngineError> {
        self.with(|connection| {
            let asked = connection
                .prepare_cached("SELECT agent_asked FROM task WHERE id = ?1")?
                .query_row([id.0], |row| Ok(row.get(0).unwrap_or(true)))
                .optional()?;
            Ok(asked.unwrap_or(false))
        })
    }
}
