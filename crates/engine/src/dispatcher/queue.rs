//! What is due by itself: the queue, waiting tasks, retention, the cap on output.

use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use claude_worker_api::{Failure, RunId, TaskId, Timestamp};

use super::{AfterCommit, Dispatcher, HOLD, Memory};
use crate::EngineError;
use crate::state::Input;

/// How often finished tasks are looked through for those past their retention.
const SWEEP: Duration = Duration::from_secs(600);
/// How long the loop sleeps at the most while a task waits for an instant: its clock stands still
/// while the machine is asleep, and the wall clock does not.
const LONGEST_NAP: Duration = Duration::from_secs(30);

impl Dispatcher {
    pub(super) fn wake_due(
        &mut self,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if self.memory.counts.waiting == 0 {
            return Ok(());
        }
        for id in self.due(now)?.0 {
            let woken =
                self.alone(after, |this, after| this.apply(id, Input::Due, now, after).map(drop))?;
            if let Err(error) = woken {
                self.give_up_queued(id, &error, now, after)?;
            }
        }
        Ok(())
    }

    /// The tasks that are due, and when the next one is.
    fn due(&self, now: Timestamp) -> Result<(Vec<TaskId>, Option<Timestamp>), EngineError> {
        let (mut due, next) = self.writer.due(now)?;
        due.retain(|id| !self.passed_over.contains(id));
        Ok((due, next))
    }

    /// Gives up a task that is due and about which nothing can be done, so that it holds up no other.
    fn give_up_queued(
        &mut self,
        id: TaskId,
        error: &EngineError,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let failure = match error {
            EngineError::Record(failure) => failure.clone(),
            error => Failure::DamagedRecord { message: error.to_string() },
        };
        let given_up = self.alone(after, |this, _| this.give_up(id, failure, now))?;
        if let Err(error) = given_up {
            tracing::error!(%id, %error, "a task cannot even be given up; it is passed over");
            self.passed_over.insert(id);
        }
        Ok(())
    }

    /// Removes finished tasks, each by itself: one that cannot be read is removed like the others.
    /// Gives how many it were.
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
        if self.config.retention.finished == 0 || now < self.next_sweep {
            return Ok(());
        }
        self.next_sweep = now.plus_millis(SWEEP.as_millis() as u64);
        let before = now.minus_millis(self.config.retention.finished);
        let ids = self.writer.finished(&[], before, true, 1000)?;
        self.remove_finished(&ids, now, after).map(drop)
    }

    fn can_start_one(&self) -> bool {
        let Memory { counts, paused, draining, .. } = &self.memory;
        !paused
            && draining.is_none()
            && counts.pending > 0
            && counts.running - self.unstored.freed().min(counts.running)
                < u64::from(self.config.workers)
    }

    /// Starts what is first in the queue while workers are free.
    pub(super) fn fill_workers(
        &mut self,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if self.hold_until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        self.hold_until = None;
        if !self.can_start_one() {
            return Ok(());
        }
        if !crate::disk::has_room(&self.paths, self.config.caps.free_disk) {
            self.hold_until = Some(Instant::now() + HOLD);
            return Ok(());
        }
        while self.can_start_one() {
            let Some(id) = self.writer.next_pending(&self.passed_over)? else { break };
            let started = self.alone(after, |this, after| {
                let number = this.writer.task(id)?.map_or(1, |stored| stored.task.runs + 1);
                let random = this.random.hash_one((id.0, this.memory.seq, now.as_millis())) as u32;
                let run = RunId::new(id, number, random);
                this.apply(id, Input::Dispatch { run }, now, after).map(drop)
            })?;
            if let Err(error) = started {
                // One bad row must not stop the queue.
                self.give_up_queued(id, &error, now, after)?;
            }
        }
        Ok(())
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

    /// How long nothing needs to be done if nobody says anything.
    pub(super) fn until_next_timer(&self) -> Duration {
        let now = Timestamp::now();
        let mut next = now.plus_millis(3_600_000);
        if self.memory.counts.waiting > 0
            && let Ok((due, later)) = self.due(now)
        {
            next = next.min(later.unwrap_or(next));
            next = next.min(now.plus_millis(LONGEST_NAP.as_millis() as u64));
            next = if due.is_empty() { next } else { now };
        }
        if self.config.retention.finished > 0 {
            next = next.min(self.next_sweep);
        }
        let mut nap = Duration::from_millis(next.millis_since(now));
        if let Some(again) = self.unstored.next() {
            nap = nap.min(again.saturating_duration_since(Instant::now()));
        }
        if let Some(until) = self.hold_until {
            nap = nap.min(until.saturating_duration_since(Instant::now()));
        }
        if self.to_adopt.is_empty() { nap } else { nap.min(HOLD) }
    }
}
