//! The queue, as it is read when an engine starts.

use claude_worker_api::{TaskId, Timestamp};
use rusqlite::OptionalExtension;

use super::Writer;
use crate::EngineError;
use crate::scheduler::QueuedTask;

/// A task in the queue, with its place first: in this order the tasks start.
pub(crate) type Placed = (i64, TaskId);

/// On which side of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    /// It starts earlier.
    Before,
    /// It starts later.
    After,
}

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

    /// The first task of the queue besides this one, with its place.
    pub(crate) fn first_in_queue(&self, except: TaskId) -> Result<Option<Placed>, EngineError> {
        self.neighbour((i64::MIN, TaskId(0)), Neighbour::After, except)
    }

    /// The last task of the queue besides this one, with its place.
    pub(crate) fn last_in_queue(&self, except: TaskId) -> Result<Option<Placed>, EngineError> {
        self.neighbour((i64::MAX, TaskId(i64::MAX)), Neighbour::Before, except)
    }

    /// The task of the queue that stands directly before or behind a place, besides one.
    pub(crate) fn neighbour(
        &self,
        (place, id): Placed,
        side: Neighbour,
        except: TaskId,
    ) -> Result<Option<Placed>, EngineError> {
        let (sign, direction) = match side {
            Neighbour::Before => ('<', "DESC"),
            Neighbour::After => ('>', "ASC"),
        };
        let sql = format!(
            "SELECT queue_position, id FROM task
             WHERE status IN ('pending', 'waiting') AND (queue_position, id) {sign} (?1, ?2) AND id <> ?3
             ORDER BY queue_position {direction}, id {direction} LIMIT 1"
        );
        let found = self
            .connection
            .prepare_cached(&sql)?
            .query_row((place, id.0, except.0), |row| Ok((row.get(0)?, TaskId(row.get(1)?))))
            .optional()?;
        Ok(found)
    }

    /// Stores the place of a task in the queue.
    pub(crate) fn set_place(&mut self, id: TaskId, place: i64) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE task SET queue_position = ?1 WHERE id = ?2")?
            .execute((place, id.0))?;
        Ok(())
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
