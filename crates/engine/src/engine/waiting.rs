//! Answers that wait for news: long polls over output and events.

use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, EventPage, EventQuery, RunId, TaskId};
use tokio::time::Instant;

use super::Engine;
use crate::EngineError;
use crate::logs::Source;
use crate::store::EventFilter;

/// The longest a client may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Engine {
    /// Reads output until there is something to show, the run is over, or the wait is.
    pub(super) async fn read_output<T: Send + 'static>(
        &self,
        id: TaskId,
        run: Option<RunId>,
        wait_ms: u64,
        read: impl Fn(&Source<'_>) -> Result<(T, bool), EngineError> + Clone + Send + 'static,
        nothing: impl Fn(bool) -> T,
    ) -> Result<T, ApiError> {
        let deadline = deadline(wait_ms);
        let event = self.inner.shown.event_waiters.wait_for(&[id], true);
        loop {
            let (wanted, read) = (run.clone(), read.clone());
            let (found, grown) = self
                .read(move |inner| {
                    let Some(stored) = inner.readers.task(id)? else {
                        return Err(EngineError::Refused(ApiError::no_task(id)));
                    };
                    let Some(run) = inner.readers.run(id, wanted.as_ref())? else {
                        return match wanted {
                            Some(run) => Err(EngineError::Refused(ApiError::new(
                                ErrorCode::NotFound,
                                format!("Task {id} has no run {run}"),
                            ))),
                            // A task that ended before its first run will never have output.
                            None => Ok((Err(stored.state.to_wire().is_finished()), None)),
                        };
                    };
                    // In this order: a run that ends after it was seen live is read again.
                    let live = inner.runs.find(&run.id);
                    let grown = live.as_ref().map(|live| live.grown());
                    let live_text = live.map(|live| live.live_text());
                    let over = stored.state.live_run() != Some(&run.id);
                    let dir = inner.runs.directory(&run.id);
                    let agent = stored.task.agent;
                    let source = Source { dir: &dir, run: &run, agent, over, live: live_text };
                    Ok((Ok(read(&source)?), grown))
                })
                .await?;
            let (answer, enough) = found.unwrap_or_else(|end| (nothing(end), end));
            if enough || Instant::now() >= deadline {
                return Ok(answer);
            }
            let output = async {
                match grown {
                    Some(mut grown) => drop(grown.changed().await),
                    None => std::future::pending().await,
                }
            };
            let mut ended = self.inner.ended.clone();
            tokio::select! {
                () = output => {}
                () = event.woken() => {}
                _ = ended.changed() => return Ok(answer),
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }

    /// Waits until a task has finished, or the time is over, or the engine stops.
    pub(super) async fn wait_for_end(&self, id: TaskId, wait_ms: u64) -> Result<(), ApiError> {
        if wait_ms == 0 {
            return Ok(());
        }
        let deadline = deadline(wait_ms);
        let event = self.inner.shown.event_waiters.wait_for(&[id], true);
        loop {
            let stored = self.read(move |inner| inner.readers.task(id)).await?;
            if stored.is_none_or(|stored| stored.task.state.is_finished()) {
                return Ok(());
            }
            let mut ended = self.inner.ended.clone();
            tokio::select! {
                () = event.woken() => {}
                _ = ended.changed() => return Ok(()),
                () = tokio::time::sleep_until(deadline) => return Ok(()),
            }
        }
    }

    /// Reads events until there are some to show, or the wait is over.
    pub(super) async fn read_events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
        self.check_running()?;
        let seq = &self.inner.shown.seq;
        let Some(mut after) = query.after else {
            let next = *seq.borrow();
            return Ok(EventPage { events: Vec::new(), next, gap: false });
        };
        let limit = query.limit.unwrap_or(200).clamp(1, 1000);
        let filter = EventFilter::new(&query);
        let deadline = deadline(query.wait_ms);
        let event = self.inner.shown.event_waiters.wait_for(&query.tasks, query.lasting);
        let mut is_over = query.wait_ms == 0;
        loop {
            let newest = *seq.borrow();
            // A cursor from beyond the end belongs to another database: start over.
            if after > newest {
                return Ok(EventPage { events: Vec::new(), next: newest, gap: true });
            }
            if newest > after {
                let filter = filter.clone();
                let (mut events, gap) =
                    self.read(move |inner| inner.readers.events(after, limit, &filter)).await?;
                // Events may be on disk before they are published. A client that continued after
                // them would skip what is published next.
                events.retain(|event| event.seq <= newest);
                // None that was asked for is among those up to the newest.
                after = events.last().map_or(newest, |last| last.seq);
                if gap || !events.is_empty() {
                    return Ok(EventPage { events, next: after, gap });
                }
            }
            if is_over {
                return Ok(EventPage { events: Vec::new(), next: after, gap: false });
            }
            let mut ended = self.inner.ended.clone();
            is_over = tokio::select! {
                () = event.woken() => false,
                _ = ended.changed() => return Ok(EventPage { events: Vec::new(), next: after, gap: false }),
                // One more read, so that the next request begins after what this one was not woken for.
                () = tokio::time::sleep_until(deadline) => true,
            };
        }
    }
}

fn deadline(wait_ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(wait_ms).min(LONGEST_WAIT)
}
