//! The tasks that have not started, kept in memory in the order in which they will.

use std::collections::{BTreeSet, HashMap};

use claude_worker_api::{TaskId, Timestamp};

/// A task that has not started. `place` is its place in the queue: smaller ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueuedTask {
    /// It may start as soon as a worker is free.
    Ready { place: i64 },
    /// It may not start before an instant.
    Waiting { place: i64, until: Timestamp },
}

/// The tasks that have not started. Every change can be undone until [`QueuedTasks::settle`], as
/// the transaction in the database can.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueuedTasks {
    tasks: HashMap<TaskId, QueuedTask>,
    ready: BTreeSet<(i64, TaskId)>,
    waiting: BTreeSet<(Timestamp, TaskId)>,
    /// What was changed since the last settling, as it was before, the newest change last.
    undo: Vec<(TaskId, Option<QueuedTask>)>,
    #[cfg(test)]
    pub(super) looked_at: std::cell::Cell<usize>,
}

/// A point to which changes can be undone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

impl QueuedTasks {
    pub(crate) fn new(tasks: impl IntoIterator<Item = (TaskId, QueuedTask)>) -> Self {
        let mut queued = Self::default();
        for (id, task) in tasks {
            queued.replace(id, Some(task));
        }
        queued
    }

    /// The task is queued like this from now on, or not at all.
    pub(crate) fn set(&mut self, id: TaskId, task: Option<QueuedTask>) {
        let before = self.replace(id, task);
        if before != task {
            self.undo.push((id, before));
        }
    }

    pub(crate) fn get(&self, id: TaskId) -> Option<QueuedTask> {
        self.tasks.get(&id).copied()
    }

    /// The tasks that may start, in the order of the queue.
    pub(super) fn ready(&self) -> impl Iterator<Item = (i64, TaskId)> {
        self.ready.iter().copied().inspect(|_| self.count())
    }

    /// The tasks whose instant has come, each with its place, in the order of their instants.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = (i64, TaskId)> {
        let due = self.waiting.iter().take_while(move |(until, _)| *until <= now);
        due.inspect(|_| self.count()).filter_map(|(_, id)| match self.get(*id)? {
            QueuedTask::Waiting { place, .. } | QueuedTask::Ready { place } => Some((place, *id)),
        })
    }

    /// When the next wait is over.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.first().map(|(until, _)| *until)
    }

    /// The present state, to come back to with [`QueuedTasks::undo_to`].
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }

    /// Undoes what was changed after the mark.
    pub(crate) fn undo_to(&mut self, mark: Mark) {
        while self.undo.len() > mark.0
            && let Some((id, before)) = self.undo.pop()
        {
            self.replace(id, before);
        }
    }

    /// Undoes what was changed since the last settling.
    pub(crate) fn undo_all(&mut self) {
        self.undo_to(Mark(0));
    }

    /// What was changed stays.
    pub(crate) fn settle(&mut self) {
        self.undo.clear();
    }

    fn replace(&mut self, id: TaskId, task: Option<QueuedTask>) -> Option<QueuedTask> {
        let before = match task {
            Some(task) => self.tasks.insert(id, task),
            None => self.tasks.remove(&id),
        };
        match before {
            Some(QueuedTask::Ready { place }) => drop(self.ready.remove(&(place, id))),
            Some(QueuedTask::Waiting { until, .. }) => drop(self.waiting.remove(&(until, id))),
            None => {}
        }
        match task {
            Some(QueuedTask::Ready { place }) => drop(self.ready.insert((place, id))),
            Some(QueuedTask::Waiting { until, .. }) => drop(self.waiting.insert((until, id))),
            None => {}
        }
        before
    }

    #[cfg(test)]
    fn count(&self) {
        self.looked_at.set(self.looked_at.get() + 1);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests count what is looked at")]
    fn count(&self) {}
}

impl PartialEq for QueuedTasks {
    fn eq(&self, other: &Self) -> bool {
        self.tasks == other.tasks && self.ready == other.ready && self.waiting == other.waiting
    }
}
