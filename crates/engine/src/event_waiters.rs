//! Requests that wait for events, woken only by those that they wait for.
//!
//! Each wakes up to a read of the database. With hundreds of clients that wait for a task each, and tasks
//! that report progress several times a second, waking all of them at each event would keep other clients
//! from reading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claude_worker_api::TaskId;
use tokio::sync::Notify;

/// The requests that wait.
#[derive(Debug, Default)]
pub(crate) struct EventWaiters(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// By the task for whose events they wait; `None` is for events of all tasks and of the queue.
    waiters: HashMap<Option<TaskId>, Vec<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    lasting: bool,
    woken: Arc<Notify>,
}

/// A published event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEvent {
    pub task: Option<TaskId>,
    pub lasting: bool,
}

/// One request's place among the waiters.
#[derive(Debug)]
pub(crate) struct EventWaiter {
    all: Arc<EventWaiters>,
    number: u64,
    tasks: Vec<Option<TaskId>>,
    woken: Arc<Notify>,
}

impl EventWaiters {
    /// Waits from now on for events of these tasks, or for all when there are none.
    pub(crate) fn wait_for(self: &Arc<Self>, tasks: &[TaskId], lasting: bool) -> EventWaiter {
        let tasks = match tasks {
            [] => vec![None],
            tasks => tasks.iter().copied().map(Some).collect(),
        };
        let woken = Arc::new(Notify::new());
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        for task in &tasks {
            let waiter = Waiter { number, lasting, woken: Arc::clone(&woken) };
            waiting.waiters.entry(*task).or_default().push(waiter);
        }
        drop(waiting);
        EventWaiter { all: Arc::clone(self), number, tasks, woken }
    }

    /// Wakes the requests that wait for one of these events, which are on disk and published.
    pub(crate) fn wake(&self, events: &[NewEvent]) {
        let waiting = self.lock();
        if waiting.waiters.is_empty() {
            return;
        }
        for NewEvent { task, lasting } in events {
            let of_all = waiting.waiters.get(&None);
            let of_task = task.and_then(|task| waiting.waiters.get(&Some(task)));
            for waiter in of_all.into_iter().chain(of_task).flatten() {
                if *lasting || !waiter.lasting {
                    waiter.woken.notify_one();
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventWaiter {
    /// Resolves when there was an event since the last time, or since the waiter was made.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl Drop for EventWaiter {
    fn drop(&mut self) {
        let mut waiting = self.all.lock();
        for task in &self.tasks {
            if let Some(waiters) = waiting.waiters.get_mut(task) {
                waiters.retain(|waiter| waiter.number != self.number);
                if waiters.is_empty() {
                    waiting.waiters.remove(task);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(task: i64, lasting: bool) -> NewEvent {
        NewEvent { task: Some(TaskId(task)), lasting }
    }

    async fn is_woken(waiter: &EventWaiter) -> bool {
        tokio::select! {
            biased;
            () = waiter.woken() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn each_is_woken_by_the_events_that_it_waits_for() {
        let all = Arc::new(EventWaiters::default());
        let (any, lasting) = (all.wait_for(&[], false), all.wait_for(&[], true));
        let (one, end) = (all.wait_for(&[TaskId(1)], false), all.wait_for(&[TaskId(1)], true));
        let two = all.wait_for(&[TaskId(2), TaskId(3)], false);
        let woken = async |events: &[NewEvent]| {
            all.wake(events);
            let waiters = [&any, &lasting, &one, &end, &two];
            let mut woken = [false; 5];
            for (woken, waiter) in woken.iter_mut().zip(waiters) {
                *woken = is_woken(waiter).await;
            }
            woken
        };
        assert_eq!(woken(&[]).await, [false; 5]);
        assert_eq!(woken(&[event(1, false)]).await, [true, false, true, false, false]);
        assert_eq!(woken(&[event(1, true)]).await, [true, true, true, true, false]);
        assert_eq!(
            woken(&[event(3, true), event(2, true)]).await,
            [true, true, false, false, true]
        );
        assert_eq!(
            woken(&[NewEvent { task: None, lasting: true }]).await[..3],
            [true, true, false]
        );
        assert_eq!(woken(&[]).await, [false; 5], "several events wake once");
        drop((any, lasting, one, end, two));
        assert!(all.lock().waiters.is_empty(), "nothing is kept of requests that are answered");
    }
}
