//! A supervisor that was handed a run and has not been seen to start the agent.
//!
//! It may have been stopped (SIGSTOP) before it took the run, and would keep it for ever. So it is
//! checked every second until the agent's start is known.

use std::time::{Duration, Instant};

use claude_worker_supervisor::{Remedy, RunDir, SupervisorProcess};

use crate::EngineError;

/// When to look at it, and how soon when the run is to be ended.
const WITHIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(50));

/// A supervisor that may have been stopped before it took its run.
pub(super) struct StartingSupervisor {
    supervisor: SupervisorProcess,
    /// When to look at it.
    look_at: Instant,
    /// It was stopped, and has been killed for that.
    killed: bool,
}

impl StartingSupervisor {
    /// It was handed the run now.
    pub(super) fn new(supervisor: SupervisorProcess) -> Self {
        Self { supervisor, look_at: Instant::now() + WITHIN.0, killed: false }
    }

    /// The run is to be ended, so the next check comes soon.
    pub(super) fn hurry(&mut self) {
        self.look_at = Instant::now() + WITHIN.1;
    }

    /// How long there is nothing to do yet; none when it is only waited for.
    pub(super) fn left(&self) -> Option<Duration> {
        (!self.killed).then(|| self.look_at.saturating_duration_since(Instant::now()))
    }

    /// Whether it was stopped and killed for that, so that another one may take the run.
    pub(super) const fn was_killed(&self) -> bool {
        self.killed
    }

    /// Looks at it when it is time: it should have started the agent by now. One that was stopped is
    /// killed, and the run's thread hears that it is gone.
    pub(super) fn look(&mut self, dir: &RunDir) -> Result<(), EngineError> {
        let now = Instant::now();
        if self.look_at > now {
            return Ok(());
        }
        self.look_at = now + WITHIN.0;
        // A supervisor that may have started the agent is not killed for being slow.
        if dir.has_begun()? {
            return Ok(());
        }
        if self.supervisor.help_if_stopped(Remedy::Kill) {
            self.killed = true;
            let dir = dir.path().display();
            tracing::warn!(%dir, "a supervisor was stopped before it began, and was killed");
        }
        Ok(())
    }
}
