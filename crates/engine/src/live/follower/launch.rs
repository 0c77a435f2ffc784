//! Handing a run to a supervisor, and waiting for that process to be gone.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use claude_worker_supervisor::{Found, Launched, Spec, SupervisorProcess, fault_point};

use super::super::run_ending::RunEnding;
use super::super::starting_supervisor::StartingSupervisor;
use super::super::{EndRequest, Signal, lock, thread};
use super::{Follower, Next};
use crate::EngineError;
use crate::changes::{self, Start};

/// How many supervisors are launched for one run because the one before was stopped.
const LAUNCHES: u32 = 3;

impl Follower {
    /// Makes the directory and starts the supervisor.
    pub(super) fn launch(&mut self) -> Result<Next, EngineError> {
        let (spec, stdin) = match self.spec() {
            Ok(prepared) => prepared,
            Err(over) => return Ok(Next::Over(over)),
        };
        // Before the permission, which the end of the engine waits for.
        let search_path = spec.env.get("PATH").map(OsStr::new);
        let start = changes::look(Path::new(&spec.directory), search_path);
        let runs = Arc::clone(&self.runs);
        let Some(permission) = runs.may_start() else {
            return Ok(Next::Over(RunEnding::EngineStopped));
        };
        let begun = self.begin(&spec, &stdin, &start);
        drop(permission);
        match begun {
            Ok(()) => {
                self.watch()?;
                Ok(Next::Live)
            }
            // Nothing was started, and nothing can be: only we know the run's name.
            Err(error) => Ok(Next::Over(RunEnding::NeverStarted {
                passing: error.is_passing() || self.runs.missing_program().is_some(),
                reason: error.to_string(),
            })),
        }
    }

    pub(super) fn begin(
        &mut self,
        spec: &Spec,
        stdin: &[u8],
        start: &Start,
    ) -> Result<(), EngineError> {
        self.live.dir.create(spec, stdin)?;
        self.remember_directory()?;
        changes::store_start(&self.live.dir, start);
        self.note_repository(start.repository());
        fault_point("engine.run_created");
        let asked =
            std::mem::replace(&mut *lock(&self.live.end_request), EndRequest::DirectoryIsThere);
        if let EndRequest::NoDirectoryYet { wanted: true } = asked {
            self.live.dir.request_end()?;
            self.cancelled = true;
            self.expect_end();
        }
        // From here on it may have begun, whatever becomes of its directory.
        self.runs.launched.note(&self.planned.run)?;
        self.planned.may_have_begun = true;
        let launched = self.runs.supervisors.launch(&self.live.dir)?;
        fault_point("engine.launched");
        self.remember_launch(launched);
        Ok(())
    }

    /// Lets other tasks that run in the same repository know of this one.
    pub(super) fn note_repository(&self, root: Option<&Path>) {
        if let Some(root) = root {
            self.runs.overlaps.begin(&self.planned.run, self.planned.task, root);
        }
    }

    pub(super) fn remember_launch(&mut self, launched: Launched) {
        self.launches += 1;
        tracing::info!(pid = launched.pid(), "run launched");
        self.process = SupervisorProcess::now(launched.pid());
        self.starting = self.process.map(StartingSupervisor::new);
        self.launched = Some(launched);
    }

    /// Lets a new supervisor take the run after the one before was killed for being stopped. That
    /// one has been cleared away, and the pipe by which it was told the run went with it. So nothing
    /// else can begin this run; whether it has begun, its directory says.
    pub(super) fn launch_again(&mut self) -> Result<Next, EngineError> {
        self.starting = None;
        // On a full disk a request to end may have been lost. So a run that is to be
        // ended is fenced off.
        if self.end_check.is_some()
            || self.launches >= LAUNCHES
            || self.live.dir.inspect()? != Found::NeverStarted
        {
            return self.adopt();
        }
        let runs = Arc::clone(&self.runs);
        let Some(_permission) = runs.may_start() else {
            return Ok(Next::Over(RunEnding::EngineStopped));
        };
        match runs.supervisors.launch_new(&self.live.dir) {
            Ok(launched) => self.remember_launch(launched),
            Err(error) => {
                tracing::warn!(%error, "no other supervisor can be started");
                return self.adopt();
            }
        }
        self.watch()?;
        Ok(Next::Live)
    }

    /// Lets a thread wait for the supervisor to be gone, if none does.
    pub(super) fn watch(&mut self) -> Result<(), EngineError> {
        if self.launched.is_none() && self.watcher.strong_count() > 0 {
            return Ok(());
        }
        let waits = Arc::new(());
        self.watcher = Arc::downgrade(&waits);
        let signals = self.live.signals.clone();
        let dir = self.live.dir.clone();
        // The process is handed over through a cell, so that it is still ours if no thread can
        // be made: its exit status has to be collected when it is gone.
        let launched = Arc::new(std::sync::Mutex::new(self.launched.take()));
        let handed_over = Arc::clone(&launched);
        let started = thread("supervisor", move || {
            let waited = match lock(&handed_over).take() {
                Some(launched) => launched.wait().map(drop).map_err(|error| error.to_string()),
                None => dir.wait_until_free().map_err(|error| error.to_string()),
            };
            if let Err(error) = waited {
                tracing::warn!(error, "waiting for a supervisor failed");
            }
            // Before the signal, which may have another one begin.
            drop(waits);
            drop(signals.send(Signal::Gone));
        });
        if started.is_err() {
            self.launched = lock(&launched).take();
        }
        started
    }
}
