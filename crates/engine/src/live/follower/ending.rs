//! Having a run ended, by a supervisor that may have been stopped.

use std::time::{Duration, Instant};

use claude_worker_supervisor::Remedy;

use super::super::stopped_supervisor::SupervisorCheck;
use super::Follower;
use crate::EngineError;

impl Follower {
    /// How long the agent may still take to exit after its work is done. An engine that has
    /// adopted the run counts anew.
    pub(super) fn until_finish(&self) -> Option<Duration> {
        let limit = self.runs.config.now().limits.exit_ms;
        if limit == 0 || self.end_check.is_some() {
            return None;
        }
        Some(Duration::from_millis(limit).saturating_sub(self.settled_since?.elapsed()))
    }

    /// Has an agent ended that has reported its success and does not exit. Says whether it was time
    /// for that.
    pub(super) fn finish_if_due(&mut self) -> bool {
        if !self.until_finish().is_some_and(|left| left.is_zero()) {
            return false;
        }
        tracing::info!("its work is done and it does not exit: it is ended");
        self.ask_again();
        self.expect_end();
        true
    }

    /// Sends the request to end the run to the supervisor again, in case the first one was lost.
    pub(super) fn ask_again(&self) {
        if self.cancelled {
            self.live.ask_to_end();
        } else if let Err(error) = self.live.dir.request_finish() {
            tracing::error!(%error, "a run could not be asked to finish");
        }
    }

    /// The supervisor has been asked to end the run, and has its time for it from now on.
    pub(super) fn expect_end(&mut self) {
        let grace = Duration::from_millis(self.runs.config.now().limits.grace_ms);
        self.end_check.get_or_insert_with(|| SupervisorCheck::new(grace, Instant::now()));
    }

    /// Says whether the supervisor was stopped.
    pub(super) fn help_if_stopped(&self, remedy: Remedy) -> Result<bool, EngineError> {
        // One that could not sign its lock is known here only.
        let unsigned = self.process.or(self.live.supervisor.get().copied());
        let was_stopped = self.live.dir.help_stopped_supervisor(remedy)?
            || unsigned.is_some_and(|supervisor| supervisor.help_if_stopped(remedy));
        if was_stopped {
            tracing::warn!(?remedy, "its supervisor was stopped");
        }
        Ok(was_stopped)
    }
}
