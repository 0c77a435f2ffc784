//! The order of the queue: places of tasks, and moves.

use claude_worker_api::{ApiError, EventKind, QueuePlace, TaskId, Timestamp};

use super::Dispatcher;
use crate::EngineError;
use crate::message::Reply;
use crate::store::{Neighbour, StoredTask};

/// The distance between the places of two tasks that are queued one after the other. It leaves room for
/// tasks that are moved between them.
const DISTANCE: i64 = 1 << 16;

impl Dispatcher {
    /// A new place at the end of the queue.
    pub(super) fn next_place(&mut self) -> i64 {
        self.memory.position += DISTANCE;
        self.memory.position
    }

    /// Moves a task in the queue.
    ///
    /// # Errors
    /// `not_found` and `conflict` when the task, or the one that it is to stand beside, is not in the
    /// queue.
    pub(super) fn move_task(
        &mut self,
        id: TaskId,
        to: QueuePlace,
        now: Timestamp,
    ) -> Result<Reply, EngineError> {
        let (stored, place) = self.in_queue(id)?;
        let (before, after) = match to {
            QueuePlace::First => (None, self.writer.first_in_queue(id)?),
            QueuePlace::Last => (self.writer.last_in_queue(id)?, None),
            QueuePlace::Before(other) | QueuePlace::After(other) if other == id => {
                return self.task_now(id);
            }
            QueuePlace::Before(other) => {
                let other = (self.in_queue(other)?.1, other);
                (self.writer.neighbour(other, Neighbour::Before, id)?, Some(other))
            }
            QueuePlace::After(other) => {
                let other = (self.in_queue(other)?.1, other);
                (Some(other), self.writer.neighbour(other, Neighbour::After, id)?)
            }
        };
        let own = (place, id);
        let is_there =
            before.is_none_or(|before| before < own) && after.is_none_or(|after| own < after);
        if !is_there {
            let place = match (before, after) {
                (None, None) => place,
                (None, Some((after, _))) => after - DISTANCE,
                (Some(_), None) => self.next_place(),
                (Some(before), Some(after)) => self.place_between(before, after, id, now)?,
            };
            self.put_at(&stored, place, now)?;
        }
        self.task_now(id)
    }

    /// A free place between two tasks that stand one behind the other. Where there is none, the first of
    /// them and those before it move up, as far as they stand without room between them.
    fn place_between(
        &mut self,
        before: (i64, TaskId),
        after: (i64, TaskId),
        moved: TaskId,
        now: Timestamp,
    ) -> Result<i64, EngineError> {
        if after.0 - before.0 > 1 {
            return Ok(before.0 + (after.0 - before.0) / 2);
        }
        let free = after.0 - 1;
        // All are read before the first is changed: a task that has moved up may stand before the next one
        // and would be found again.
        let mut moving_up = Vec::new();
        let (mut next, mut limit) = (Some(before), free);
        while let Some(task) = next
            && task.0 >= limit
        {
            limit -= 1;
            moving_up.push((task.1, limit));
            next = self.writer.neighbour(task, Neighbour::Before, moved)?;
        }
        for (id, place) in moving_up {
            if let Some(stored) = self.writer.task(id)? {
                self.put_at(&stored, place, now)?;
            }
        }
        Ok(free)
    }

    /// Stores a queued task's place.
    fn put_at(
        &mut self,
        stored: &StoredTask,
        place: i64,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let id = stored.task.id;
        self.writer.set_place(id, place)?;
        // A task that the scheduler does not know stays unknown to it.
        if self.queued.get(id).is_some() {
            self.queued.set(id, stored.state.queued_at(place));
        }
        self.event(Some(id), &EventKind::Moved, now)
    }

    /// A task in the queue, with its place.
    fn in_queue(&self, id: TaskId) -> Result<(StoredTask, i64), EngineError> {
        let Some(stored) = self.writer.task(id)? else {
            return Err(EngineError::Refused(ApiError::no_task(id)));
        };
        match stored.task.queue_place {
            Some(place) => Ok((stored, place)),
            None => {
                let status = stored.task.state.status().name();
                Err(EngineError::Refused(
                    ApiError::conflict(format!("Task {id} is {status}, so it is not in the queue"))
                        .hint("Only tasks that have not started can be moved"),
                ))
            }
        }
    }
}
