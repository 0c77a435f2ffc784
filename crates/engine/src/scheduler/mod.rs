//! Which tasks start, and why others do not.
//!
//! # Theory of operation
//!
//! [`choose`] is a pure function of a [`View`] and the time. The view borrows [`QueuedTasks`], which
//! the dispatcher keeps up to date with every change of a task's state, so that deciding reads no
//! database and costs the same however many tasks are queued: it looks at the tasks whose time has
//! come and at as many of the others as there are free workers.
//!
//! Nothing here changes anything. The dispatcher applies the choice through
//! [`crate::state::transition`], updates the queued tasks, and asks again until nothing is left to
//! do: a task that cannot be started after all makes room for the next one.

mod queued_tasks;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Instant;

use claude_worker_api::{TaskId, Timestamp};

use crate::clock::Now;
pub(crate) use queued_tasks::{QueuedTask, QueuedTasks};

/// All that a choice depends on, besides the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// The tasks that have not started.
    pub queued: &'a QueuedTasks,
    /// How many tasks may run at once.
    pub workers: u64,
    /// How many workers are taken.
    pub busy: u64,
    /// Whether a person has paused the queue.
    pub paused: bool,
    /// Whether the engine has been told to stop.
    pub stopping: bool,
    /// Until when nothing starts, because something could not be started or stored just now.
    pub held_until: Option<Instant>,
}

/// What is to be done about the queue now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    /// Tasks whose wait is over: they take their places in the queue. Some of them may be in
    /// `starts`, too. In the order of their instants.
    pub due: Vec<TaskId>,
    /// Tasks that start now, in the order of the queue.
    pub starts: Vec<TaskId>,
    /// Why the next task of the queue does not start; none when the queue is empty after `starts`.
    pub blocked: Option<Blocked>,
}

/// Why a task does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// The engine has been told to stop.
    EngineStopping,
    /// A person has paused the queue.
    QueuePaused,
    /// Something could not be started or stored just now.
    Held {
        /// When it is tried again.
        until: Instant,
    },
    /// As many tasks run as there may.
    NoFreeWorker {
        /// How many that is.
        workers: u64,
    },
    /// The task waits for an instant.
    NotDue {
        /// That instant.
        until: Timestamp,
    },
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EngineStopping => f.write_str("the engine is stopping"),
            Self::QueuePaused => f.write_str("the queue is paused"),
            Self::Held { .. } => f.write_str("nothing can be started just now"),
            Self::NoFreeWorker { workers: 0 } => f.write_str("there are no workers"),
            Self::NoFreeWorker { workers: 1 } => f.write_str("the only worker is busy"),
            Self::NoFreeWorker { workers } => write!(f, "all {workers} workers are busy"),
            Self::NotDue { until } => write!(f, "it waits until {until}"),
        }
    }
}

/// Decides which tasks start now: those first in the queue, as many as workers are free.
pub(crate) fn choose(view: &View<'_>, now: Now) -> Choice {
    let due: Vec<(i64, TaskId)> = view.queued.due(now.wall).collect();
    let mut choice = Choice { due: due.iter().map(|(_, id)| *id).collect(), ..Choice::default() };
    let free = match blocked_for_all(view, now) {
        None => usize::try_from(view.workers.saturating_sub(view.busy)).unwrap_or(usize::MAX),
        Some(blocked) => {
            let is_empty = due.is_empty() && view.queued.ready().next().is_none();
            choice.blocked = (!is_empty).then_some(blocked);
            return choice;
        }
    };
    let mut due = due;
    due.sort_unstable();
    let mut due = due.into_iter().peekable();
    let mut ready = view.queued.ready().peekable();
    // Both are in the order of the queue, and so is what is taken from them.
    let mut in_order = std::iter::from_fn(|| match (due.peek(), ready.peek()) {
        (Some(due_place), Some(ready_place)) if due_place < ready_place => due.next(),
        (Some(_), None) => due.next(),
        _ => ready.next(),
    });
    choice.starts = in_order.by_ref().take(free).map(|(_, id)| id).collect();
    if in_order.next().is_some() {
        choice.blocked = Some(Blocked::NoFreeWorker { workers: view.workers });
    }
    choice
}

/// Why this task does not start now; none when it does, or when it is not queued.
pub(crate) fn explain(view: &View<'_>, id: TaskId, now: Now) -> Option<Blocked> {
    match view.queued.get(id)? {
        QueuedTask::Waiting { until, .. } if until > now.wall => Some(Blocked::NotDue { until }),
        QueuedTask::Waiting { .. } | QueuedTask::Ready { .. } => {
            let choice = choose(view, now);
            if choice.starts.contains(&id) { None } else { choice.blocked }
        }
    }
}

/// Why nothing at all starts.
fn blocked_for_all(view: &View<'_>, now: Now) -> Option<Blocked> {
    if view.stopping {
        return Some(Blocked::EngineStopping);
    }
    if view.paused {
        return Some(Blocked::QueuePaused);
    }
    if let Some(until) = view.held_until.filter(|until| now.instant < *until) {
        return Some(Blocked::Held { until });
    }
    (view.busy >= view.workers).then_some(Blocked::NoFreeWorker { workers: view.workers })
}
