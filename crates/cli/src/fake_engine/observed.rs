//! An engine whose requests are counted, and which can be stopped.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use claude_worker_api::{ApiError, Call, ListQuery, TaskApi, TaskPage, calls};
use tokio::sync::watch;

use super::FakeEngine;

/// A [`FakeEngine`] that notes what it is asked for. While it is stopped it answers nothing, like a process
/// after SIGSTOP.
pub(crate) struct Observed {
    pub(crate) engine: FakeEngine,
    asked: Mutex<Vec<&'static str>>,
    tasks_read: AtomicUsize,
    stopped: watch::Sender<bool>,
}

impl Observed {
    pub(crate) fn new(engine: FakeEngine) -> Self {
        let (asked, tasks_read) = (Mutex::default(), AtomicUsize::new(0));
        Self { engine, asked, tasks_read, stopped: watch::Sender::new(false) }
    }

    /// Stops the engine, or continues it: then it answers what it was asked meanwhile.
    pub(crate) fn set_stopped(&self, stopped: bool) {
        self.stopped.send_replace(stopped);
    }

    /// The names of the methods that were called since the last look.
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// How many tasks were in lists since the last look.
    pub(crate) fn tasks_read(&self) -> usize {
        self.tasks_read.swap(0, Ordering::Relaxed)
    }
}

impl TaskApi for Observed {
    async fn list(&self, query: ListQuery) -> Result<TaskPage, ApiError> {
        let page = self.call(calls::List { query }).await?;
        self.tasks_read.fetch_add(page.tasks.len(), Ordering::Relaxed);
        Ok(page)
    }

    async fn call<C: Call>(&self, call: C) -> Result<C::Answer, ApiError> {
        self.asked.lock().unwrap().push(C::METHOD.name);
        let _ = self.stopped.subscribe().wait_for(|stopped| !stopped).await;
        call.ask(&self.engine).await
    }
}
