//! Following tasks: reading their logs across runs, and waiting for their ends.
//!
//! Both use the engine's long polls. A cursor into the event stream is taken *before* a task is read, so
//! that no event in between is missed.

use std::collections::BTreeSet;

use claude_worker_api::{
    ApiError, ErrorCode, EventKind, EventQuery, Run, Task, TaskApi, TaskApiExt, TaskDetail, TaskId,
    TaskQuery,
};

use crate::transcript::{Part, Place};
use claude_worker_client::Reconnect;

/// How long the engine holds one long poll, in milliseconds.
pub(crate) const WAIT_MS: u64 = 30_000;
/// Events per page.
const EVENTS: u32 = 500;
/// How many tasks one event query may name.
const MOST_NAMED: usize = 1000;

/// That a task which was there before is not found any more.
pub(crate) fn removed(id: TaskId) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("Task {id} was removed"))
}

/// The error of a request about a part of a task that was there before: where the task itself is gone, that it
/// was removed.
pub(crate) async fn removed_or(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    id: TaskId,
    error: ApiError,
) -> ApiError {
    if error.code != ErrorCode::NotFound {
        return error;
    }
    match reconnect.call(|| api.row(id)).await {
        Err(gone) if gone.code == ErrorCode::NotFound => removed(id),
        _ => error,
    }
}

/// A place in the event stream.
pub struct Changes<'a, A> {
    api: &'a A,
    reconnect: &'a Reconnect,
    cursor: i64,
}

/// What has changed.
#[derive(Debug, Default)]
pub struct Changed {
    /// These tasks.
    pub tasks: BTreeSet<TaskId>,
    /// Perhaps all tasks.
    pub all: bool,
}

impl<'a, A: TaskApi> Changes<'a, A> {
    /// The end of the stream.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn begin(api: &'a A, reconnect: &'a Reconnect) -> Result<Self, ApiError> {
        let page = reconnect.call(|| api.events(EventQuery::default())).await?;
        Ok(Self { api, reconnect, cursor: page.next })
    }

    /// Waits for an event of any task or of the queue, up to half a minute.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn any(&mut self) -> Result<Changed, ApiError> {
        let mut changed = Changed::default();
        self.add(&mut changed, WAIT_MS).await?;
        Ok(changed)
    }

    /// Adds what has happened meanwhile, without waiting.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn add_newer(&mut self, changed: &mut Changed) -> Result<(), ApiError> {
        while self.add(changed, 0).await? == EVENTS as usize {}
        Ok(())
    }

    /// Adds the events of one page, and returns how many these were.
    async fn add(&mut self, changed: &mut Changed, wait_ms: u64) -> Result<usize, ApiError> {
        let query = EventQuery {
            after: Some(self.cursor),
            limit: Some(EVENTS),
            wait_ms,
            ..EventQuery::default()
        };
        let page = self.reconnect.call(|| self.api.events(query.clone())).await?;
        self.cursor = page.next;
        changed.all |= page.gap;
        for event in &page.events {
            match (event.task, &event.kind) {
                (Some(id), _) => _ = changed.tasks.insert(id),
                (
                    None,
                    EventKind::QueuePaused { .. }
                    | EventKind::SettingsChanged
                    | EventKind::ProjectsChanged,
                ) => {}
                (None, _) => changed.all = true,
            }
        }
        Ok(page.events.len())
    }

    /// Waits for an event of `tasks` and returns the tasks that had one: all of them after a gap in the
    /// stream, none after half a minute without an event.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn next(&mut self, tasks: &[TaskId]) -> Result<Vec<TaskId>, ApiError> {
        let query = EventQuery {
            after: Some(self.cursor),
            limit: Some(EVENTS),
            // Too many to name in a query: take the events of all tasks and filter.
            tasks: if tasks.len() <= MOST_NAMED { tasks.to_vec() } else { Vec::new() },
            lasting: false,
            wait_ms: WAIT_MS,
        };
        let page = self.reconnect.call(|| self.api.events(query.clone())).await?;
        self.cursor = page.next;
        if page.gap {
            return Ok(tasks.to_vec());
        }
        let mut touched: Vec<TaskId> = page
            .events
            .iter()
            .filter_map(|event| event.task)
            .filter(|id| tasks.contains(id))
            .collect();
        touched.sort_unstable();
        touched.dedup();
        Ok(touched)
    }
}

/// What comes next in a log that is followed.
#[derive(Debug)]
pub enum Step {
    /// The task, while it has no run to read.
    Queued(Box<Task>),
    /// A run begins.
    Run(Box<TaskDetail>, Box<Run>),
    /// Output of the run's agent.
    Output(Part),
    /// The task has finished, and its log was read to the end.
    Finished(Box<TaskDetail>),
}

enum Stage {
    /// Waiting for a run with a higher number than this one.
    After(u32),
    /// Reading a run.
    In { number: u32, place: Place },
}

/// Reads a task's log from a given run on, across retries and follow-ups, until the task has finished.
pub struct Follower<'a, A> {
    api: &'a A,
    reconnect: &'a Reconnect,
    id: TaskId,
    changes: Changes<'a, A>,
    stage: Stage,
    /// Whether the task was read since its last event.
    fresh: bool,
    /// Whether the task was read at all.
    known: bool,
}

impl<'a, A: TaskApi> Follower<'a, A> {
    /// Follows the runs of task `id` after run number `after`.
    ///
    /// # Errors
    /// When no engine answers.
    pub async fn begin(
        api: &'a A,
        reconnect: &'a Reconnect,
        id: TaskId,
        after: u32,
    ) -> Result<Self, ApiError> {
        let changes = Changes::begin(api, reconnect).await?;
        Ok(Self {
            api,
            reconnect,
            id,
            changes,
            stage: Stage::After(after),
            fresh: false,
            known: false,
        })
    }

    /// Goes on at this place of the run that began last, or after that run.
    pub fn go_on_at(&mut self, next: Option<Place>) {
        if let Stage::In { number, .. } = self.stage {
            self.fresh = false;
            self.stage = match next {
                Some(place) => Stage::In { number, place },
                None => Stage::After(number),
            };
        }
    }

    /// Waits for the next part.
    ///
    /// # Errors
    /// `not_found` when the task or its output was removed; when no engine answers.
    pub async fn next(&mut self) -> Result<Step, ApiError> {
        match self.step().await {
            Ok(step) => {
                self.known = true;
                Ok(step)
            }
            Err(error) if self.known => {
                Err(removed_or(self.api, self.reconnect, self.id, error).await)
            }
            Err(error) => Err(error),
        }
    }

    async fn step(&mut self) -> Result<Step, ApiError> {
        loop {
            match &mut self.stage {
                Stage::After(last) => {
                    let last = *last;
                    while self.fresh {
                        self.fresh = self.changes.next(&[self.id]).await?.is_empty();
                    }
                    let task = self.reconnect.call(|| self.api.row(self.id)).await?;
                    self.fresh = true;
                    if task.runs <= last && !task.state.is_finished() {
                        return Ok(Step::Queued(Box::new(task)));
                    }
                    // This answer has the prompt in it; it is asked for once per run and once at the end.
                    let detail =
                        self.reconnect.call(|| self.api.get(self.id, TaskQuery::default())).await?;
                    if let Some(run) = detail.run_history.iter().find(|run| run.number > last) {
                        let run = Box::new(run.clone());
                        let place = Place::new(Some(run.id.clone()));
                        self.stage = Stage::In { number: run.number, place };
                        return Ok(Step::Run(Box::new(detail), run));
                    }
                    if detail.task.state.is_finished() {
                        return Ok(Step::Finished(Box::new(detail)));
                    }
                    return Ok(Step::Queued(Box::new(detail.task)));
                }
                Stage::In { number, place } => {
                    let number = *number;
                    let part = place.next(self.api, self.reconnect, self.id, WAIT_MS).await?;
                    if part.end {
                        self.stage = Stage::After(number);
                        self.fresh = false;
                    }
                    if part.counts() {
                        return Ok(Step::Output(part));
                    }
                }
            }
        }
    }
}
