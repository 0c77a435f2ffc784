//! Removing what is past its retention, and keeping the output within its cap.

use std::time::Duration;

use claude_worker_api::{TaskId, Timestamp};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::state::Input;

/// How often finished tasks are looked through for those past their retention.
const SWEEP: Duration = Duration::from_secs(600);

impl Dispatcher {
    /// Removes finished tasks, each by itself: one that cannot be read is removed like the others.
    /// Returns those that could not be removed.
    pub(super) fn remove_finished(
        &mut self,
        ids: &[TaskId],
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Vec<TaskId>, EngineError> {
        let mut failed = Vec::new();
        for id in ids {
            let gone = self
                .alone(after, |this, after| this.apply(*id, Input::Remove, now, after).map(drop))?;
            if let Err(error) = gone {
                tracing::error!(%id, %error, "a finished task cannot be removed");
                failed.push(*id);
            }
        }
        Ok(failed)
    }

    /// Removes what is past its retention, whether or not a person has looked at it: the setting is
    /// how they asked for that.
    pub(super) fn sweep(
        &mut self,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if self.config.retention.finished_ms == 0 || now < self.next_sweep {
            return Ok(());
        }
        self.next_sweep = now.plus_millis(SWEEP.as_millis() as u64);
        let before = now.minus_millis(self.config.retention.finished_ms);
        let ids = self.writer.finished(&[], before, true, 1000)?;
        self.remove_finished(&ids, now, after).map(drop)
    }

    /// Lets the oldest finished runs lose their output until the total fits.
    pub(super) fn keep_output_within_cap(&mut self) -> Result<(), EngineError> {
        let live = self.runs.output_bytes();
        while self.memory.output_kept + live > self.config.caps.output_total {
            let Some(freed) = self.writer.drop_oldest_output()? else { break };
            self.memory.output_kept = self.memory.output_kept.saturating_sub(freed);
        }
        Ok(())
    }
}
