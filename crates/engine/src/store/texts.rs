//! What the search index reads of tasks.

use claude_worker_api::{RunId, TaskId};
use rusqlite::{OptionalExtension, params};

use super::Readers;
use crate::EngineError;

impl Readers {
    /// The tasks with the greatest numbers below this one, in descending order.
    pub(crate) fn tasks_below(&self, id: TaskId, limit: u32) -> Result<Vec<TaskId>, EngineError> {
        self.with(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT id FROM task WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?;
            let ids = statement.query_map(params![id.0, limit], |row| row.get(0).map(TaskId))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// The final answer of a run.
    pub(crate) fn result_of(&self, run: &RunId) -> Result<Option<String>, EngineError> {
        self.with(|connection| {
            let result = connection
                .prepare_cached("SELECT result FROM run WHERE id = ?1")?
                .query_row([run.as_str()], |row| row.get(0))
                .optional()?;
            Ok(result.flatten())
        })
    }
}
