//! The queue, as it is read when an engine starts.

use claude_worker_api::{TaskId, Timestamp};

use super::Writer;
use crate::EngineError;
use crate::scheduler::QueuedTask;

impl Writer {
    /// Every task that is in the queue or waits for an instant, by the columns of its row: what else
    /// of it can be read shows when its turn comes.
    pub(crate) fn queued_tasks(&self) -> Result<Vec<(TaskId, QueuedTask)>, EngineError> {
        // Each from an index alone, so that a long queue does not delay the start of an engine.
        let mut pending = self.connection.prepare(
            "SELECT id, queue_position FROM task WHERE status = 'pending' ORDER BY queue_position",
        )?;
        let ready = pending.query_map([], |row| {
            let place = row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MIN);
            Ok((TaskId(row.get(0)?), QueuedTask::Ready { place }))
        })?;
        let mut timed = self.connection.prepare(
            "SELECT id, queue_position, due_at FROM task
             WHERE due_at IS NOT NULL AND status = 'waiting'",
        )?;
        let waiting = timed.query_map([], |row| {
            let place = row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MIN);
            let until = Timestamp::from_millis(row.get(2)?);
            Ok((TaskId(row.get(0)?), QueuedTask::Waiting { place, until }))
        })?;
        Ok(ready.chain(waiting).collect::<Result<_, _>>()?)
    }

    /// The greatest place in the queue ever given.
    pub(crate) fn last_position(&self) -> Result<i64, EngineError> {
        Ok(self.connection.query_row(
            "SELECT coalesce(max(queue_position), 0) FROM task",
            [],
            |row| row.get(0),
        )?)
    }
}
