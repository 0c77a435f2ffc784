//! All tasks of a list. While it is watched, only tasks that have changed are read again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use claude_worker_api::{ApiError, Counts, ListQuery, Status, Task, TaskId, TaskPage, Timestamp};

use super::Args;
use super::arguments::Sort;
use crate::follow::Changed;
use crate::render::fields;

/// Tasks per request.
const LARGEST_PAGE: u32 = 1000;
/// When so many have changed, all are read again.
const MOST_CHANGED: usize = 5 * LARGEST_PAGE as usize;

/// The tasks that match a list's filter.
#[derive(Debug)]
pub(super) struct Rows {
    tasks: BTreeMap<TaskId, Task>,
    counts: Counts,
}

impl Rows {
    /// Reads them, page by page; `list` asks the engine.
    pub(super) async fn read(
        list: impl AsyncFn(ListQuery) -> Result<TaskPage, ApiError>,
        query: &ListQuery,
    ) -> Result<Self, ApiError> {
        let mut query = ListQuery { limit: Some(LARGEST_PAGE), ..query.clone() };
        let mut rows = Self { tasks: BTreeMap::new(), counts: Counts::default() };
        loop {
            let page = list(query.clone()).await?;
            rows.counts = page.counts;
            rows.tasks.extend(page.tasks.into_iter().map(|task| (task.id, task)));
            match page.next {
                None => return Ok(rows),
                next => query.cursor = next,
            }
        }
    }

    /// Reads again what has changed.
    pub(super) async fn refresh(
        &mut self,
        list: impl AsyncFn(ListQuery) -> Result<TaskPage, ApiError>,
        query: &ListQuery,
        mut changed: Changed,
    ) -> Result<(), ApiError> {
        // Cost and time of a running task change without an event.
        let running = self.tasks.values().filter(|task| task.state.status() == Status::Running);
        changed.tasks.extend(running.map(|task| task.id));
        if changed.all || changed.tasks.len() > MOST_CHANGED {
            *self = Self::read(list, query).await?;
            return Ok(());
        }
        if changed.tasks.is_empty() {
            let query = ListQuery { limit: Some(1), ..ListQuery::default() };
            self.counts = list(query).await?.counts;
        }
        let ids: Vec<TaskId> = changed.tasks.into_iter().collect();
        for ids in ids.chunks(LARGEST_PAGE as usize) {
            let limit = Some(LARGEST_PAGE);
            let page = list(ListQuery { ids: ids.to_vec(), limit, ..query.clone() }).await?;
            self.counts = page.counts;
            for id in ids {
                self.tasks.remove(id);
            }
            self.tasks.extend(page.tasks.into_iter().map(|task| (task.id, task)));
        }
        // With --since 2h, the time from which on tasks are shown moves on.
        if let Some(since) = query.since {
            self.tasks.retain(|_, task| task.created_at >= since);
        }
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// The first `most` in the order that was asked for.
    pub(super) fn page(&self, args: &Args, now: Timestamp, most: usize) -> TaskPage {
        // The newest first: among equals, that order stays.
        let mut tasks: Vec<&Task> = self.tasks.values().rev().collect();
        match args.sort {
            Sort::Newest => {}
            Sort::Oldest => tasks.reverse(),
            Sort::Next => tasks.sort_by_key(|task| (task.queue_place, task.id)),
            Sort::Ended => tasks.sort_by_key(|task| Reverse((task.state.ended_at(), task.id))),
            Sort::Cost => {
                let cost = |task: &Task| task.usage.cost_usd.unwrap_or(0.0);
                tasks.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
            }
            Sort::Duration => tasks.sort_by_key(|task| Reverse(fields::duration(task, now))),
        }
        let tasks = tasks.into_iter().take(most).cloned().collect();
        TaskPage { tasks, next: None, counts: self.counts }
    }
}
