//! Starting what the scheduler has chosen.

use std::hash::BuildHasher;

use claude_worker_api::{Failure, RunId, TaskId};

use super::{AfterCommit, Dispatcher, HOLD};
use crate::clock::Now;
use crate::scheduler::{self, QueuedTask, View};
use crate::state::Input;
use crate::{EngineError, disk};

impl Dispatcher {
    /// What the scheduler decides by.
    pub(super) fn view(&self) -> View<'_> {
        let running = self.memory.counts.running;
        View {
            queued: &self.queued,
            workers: u64::from(self.config.workers),
            busy: running
                .saturating_sub(self.unstored.freed())
                .saturating_sub(self.runs.lent_workers()),
            paused: self.memory.paused,
            stopping: self.memory.draining.is_some(),
            held_until: self.held_until,
        }
    }

    /// Ends the waits that are over, and starts what is first in the queue while workers are free.
    pub(super) fn start_tasks(
        &mut self,
        now: Now,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        self.held_until = self.held_until.filter(|until| now.instant < *until);
        loop {
            let choice = scheduler::choose(&self.view(), now);
            for id in &choice.due {
                let input = Input::Due;
                let woken = self.alone(after, |this, after| {
                    this.apply(*id, input, now.wall, after).map(drop)
                })?;
                if let Err(error) = woken {
                    self.give_up_queued(*id, &error, now, after)?;
                }
            }
            if choice.starts.is_empty() {
                return Ok(());
            }
            if !disk::has_room(&self.paths, self.config.caps.free_disk) || !self.runs.can_start() {
                self.held_until = Some(now.instant + HOLD);
                return Ok(());
            }
            for id in choice.starts {
                // One that was to be woken and could not be is not ready.
                if matches!(self.queued.get(id), Some(QueuedTask::Ready { .. })) {
                    self.start(id, now, after)?;
                }
            }
        }
    }

    /// Starts a task. One bad row must not stop the queue.
    fn start(&mut self, id: TaskId, now: Now, after: &mut AfterCommit) -> Result<(), EngineError> {
        let started = self.alone(after, |this, after| {
            let number = this.writer.task(id)?.map_or(1, |stored| stored.task.runs + 1);
            let random = this.random.hash_one((id.0, this.memory.seq, now.wall.as_millis())) as u32;
            let run = RunId::new(id, number, random);
            this.apply(id, Input::Dispatch { run }, now.wall, after).map(drop)
        })?;
        match started {
            Ok(()) => Ok(()),
            Err(error) => self.give_up_queued(id, &error, now, after),
        }
    }

    /// Gives up a task that is due and about which nothing can be done, so that it holds up no other.
    fn give_up_queued(
        &mut self,
        id: TaskId,
        error: &EngineError,
        now: Now,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let failure = match error {
            EngineError::Record(failure) => failure.clone(),
            EngineError::Refused(error) => {
                // Its row is not that of a queued task: nothing may be decided about it.
                tracing::error!(%id, %error, "a task was to be started that is not in the queue");
                self.queued.set(id, None);
                return Ok(());
            }
            error => Failure::DamagedRecord { message: error.to_string() },
        };
        let given_up =
            self.alone(after, |this, after| this.give_up(id, failure, now.wall, after))?;
        if let Err(error) = given_up {
            tracing::error!(%id, %error, "a task cannot even be given up; it is passed over");
            // Until the next engine starts, which reads the queue anew.
            self.queued.set(id, None);
        }
        Ok(())
    }
}
