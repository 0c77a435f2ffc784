//! Workers of runs that wait for another task.
//!
//! A task that waits for one which it submitted would otherwise hold the worker that the other one needs: with one
//! worker, both would wait for ever. So a run that waits lends its worker to the queue. It takes it back without
//! asking, so that for a while more tasks may run than there are workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use claude_worker_api::RunId;
use tokio::sync::Notify;

use super::{Runs, lock};

/// How many waits there are, by the run in which they are.
#[derive(Debug, Default)]
pub(super) struct Lent {
    waits: Mutex<HashMap<RunId, u64>>,
    more: Notify,
}

/// The worker of a run that waits, lent until this is dropped.
pub struct LentWorker {
    runs: Arc<Runs>,
    run: RunId,
}

impl Drop for LentWorker {
    fn drop(&mut self) {
        let mut waits = lock(&self.runs.lent.waits);
        if let Some(count) = waits.get_mut(&self.run) {
            *count -= 1;
            if *count == 0 {
                waits.remove(&self.run);
            }
        }
    }
}

impl Runs {
    /// Lends the worker of a run, if it has one.
    pub(crate) fn lend_worker(self: &Arc<Self>, run: RunId) -> LentWorker {
        *lock(&self.lent.waits).entry(run.clone()).or_default() += 1;
        self.lent.more.notify_one();
        LentWorker { runs: Arc::clone(self), run }
    }

    /// How many workers are lent.
    pub(crate) fn lent_workers(&self) -> u64 {
        let waits = lock(&self.lent.waits);
        if waits.is_empty() {
            return 0;
        }
        // A client may name a run of another engine, or one that has ended.
        let live = lock(&self.live);
        waits.keys().filter(|run| live.contains_key(*run)).count() as u64
    }

    /// Completes when a worker was lent since the last time.
    pub(crate) async fn worker_was_lent(&self) {
        self.lent.more.notified().await;
    }
}
