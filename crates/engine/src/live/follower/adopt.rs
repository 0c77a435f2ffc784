//! Finding out from its directory how a run stands.

use std::time::Duration;

use claude_worker_supervisor::{Found, Revocation, end_leftovers};

use super::super::run_ending::RunEnding;
use super::super::stopped_supervisor::MARGIN;
use super::{Follower, Next};
use crate::EngineError;
use crate::changes;

impl Follower {
    /// Finds out how a run stands that was started before, and goes on with it.
    pub(super) fn adopt(&mut self) -> Result<Next, EngineError> {
        let next = self.look()?;
        if matches!(next, Next::Live) {
            self.remember_directory()?;
            self.note_repository(changes::repository_of(&self.live.dir).as_deref());
            self.watch()?;
            self.read_along();
        }
        Ok(next)
    }

    /// Reads the recovery table.
    pub(super) fn look(&mut self) -> Result<Next, EngineError> {
        let grace = Duration::from_millis(self.runs.config.now().limits.grace_ms);
        loop {
            if self.runs.is_closed() {
                return Ok(Next::Over(RunEnding::EngineStopped));
            }
            let over = match self.live.dir.inspect()? {
                Found::Running { started } => {
                    if let Some(started) = started {
                        self.report_started(started.at);
                    }
                    return Ok(Next::Live);
                }
                Found::Finished(exit) => RunEnding::recorded(exit),
                Found::Lost { started } => {
                    let ended = end_leftovers(&self.planned.run, grace)?;
                    tracing::warn!(ended, "a supervisor vanished");
                    RunEnding::Lost { started_at: started.map(|started| started.at) }
                }
                Found::NeverStarted | Found::NothingLeft => match self.live.dir.revoke()? {
                    // It has begun since we looked: look again.
                    Revocation::Held | Revocation::AlreadySpawned => continue,
                    Revocation::NothingLeft if self.planned.may_have_begun => {
                        self.lost_its_directory()?
                    }
                    Revocation::Revoked | Revocation::NothingLeft => {
                        match end_leftovers(&self.planned.run, grace)? {
                            0 if self.planned.this_boot => RunEnding::NeverStarted {
                                reason: "its supervisor never started the agent".to_owned(),
                                passing: false,
                            },
                            _ => RunEnding::Lost { started_at: None },
                        }
                    }
                },
            };
            return Ok(Next::Over(over));
        }
    }

    /// Ends a run whose directory was removed while it ran: it can record nothing any more, no
    /// request reaches it, and no later engine would find it.
    pub(super) fn lost_its_directory(&self) -> Result<RunEnding, EngineError> {
        // The next engine may have removed it, after the run's end.
        if self.runs.is_closed() {
            return Ok(RunEnding::EngineStopped);
        }
        let run = &self.planned.run;
        tracing::error!("its directory was removed while it ran; it is ended, and lost");
        let grace = Duration::from_millis(self.runs.config.now().limits.grace_ms);
        if let Some(supervisor) = self.live.supervisor.get() {
            supervisor.end(grace.saturating_add(MARGIN));
        }
        end_leftovers(run, grace)?;
        Ok(RunEnding::Lost { started_at: self.reported.started })
    }

    pub(super) fn remember_directory(&self) -> Result<(), EngineError> {
        if let Some(identity) = self.live.dir.identity()? {
            self.live.identity.get_or_init(|| identity);
        }
        Ok(())
    }

    /// Remembers which process supervises the run, for when its directory is gone.
    pub(super) fn remember_supervisor(&self) {
        let known = self.live.dir.supervisor();
        if let Some(supervisor) = known.or(self.process) {
            self.live.supervisor.get_or_init(|| supervisor);
        }
    }
}
