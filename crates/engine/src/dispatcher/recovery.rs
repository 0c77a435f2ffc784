//! Adopting the runs that the last engine left.

use std::collections::HashSet;
use std::sync::Arc;

use claude_worker_api::{Failure, NewTask, RunId, Status, TaskId, WaitReason};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::live::PlannedRun;
use crate::state::{self, Plan, RequestedEnd, TaskState, Unreadable};
use crate::store::TaskEnvFiles;

impl Dispatcher {
    /// Adopts the runs that the last engine left. The table of what becomes of each is in
    /// [`crate::live`].
    pub(crate) fn recover(&mut self) -> Result<(), EngineError> {
        let running = self.writer.tasks_in(Status::Running)?;
        for id in running.into_iter().chain(self.writer.stranded(self.memory.counts.unknown > 0)?) {
            if let Err(error) = self.adopt_task(id) {
                // One bad row must not keep all the others waiting.
                tracing::error!(%id, %error, "a running task cannot be adopted");
            }
        }
        let running: HashSet<RunId> =
            self.to_adopt.iter().map(|(planned, _)| planned.run.clone()).collect();
        self.runs.launched().retain(&running);
        self.adopt();
        Ok(())
    }

    /// Queues a task's run for adoption, even if other columns of the task cannot be read. A task without
    /// a run, for which nothing would ever happen, fails. What only a newer version knows stays as it is.
    pub(super) fn adopt_task(&mut self, id: TaskId) -> Result<(), EngineError> {
        let Some(stored) = self.writer.task(id)? else { return Ok(()) };
        let known = stored.state.live_run().cloned();
        let is_running = stored.columns.status == Status::Running;
        let run = match known {
            None if is_running => self.writer.unfinished_run(id)?,
            known => known,
        };
        if let Some(run) = run {
            let boot = self.writer.boot_of(&run)?;
            let this_boot = boot.is_some() && boot == self.boot;
            let (plan, requested_end, may_have_begun) = match stored.state {
                TaskState::Running { plan, requested_end, started_at, .. } => (
                    plan,
                    requested_end,
                    started_at.is_some() || self.runs.launched().may_hold(&run),
                ),
                _ => (Plan::New, RequestedEnd::None, true),
            };
            // To follow a run to its end, it is enough to know whose output it is.
            let request = self.writer.request(id)?.unwrap_or_else(|_| NewTask {
                agent: stored.task.agent,
                working_directory: stored.task.working_directory,
                ..NewTask::default()
            });
            let agent_asked = self.writer.agent_asked(id)?;
            let task = id;
            let planned = PlannedRun {
                task,
                run,
                request,
                // The run has them in its directory.
                env_files: TaskEnvFiles::default(),
                plan,
                this_boot,
                may_have_begun,
                agent_asked,
            };
            self.to_adopt.push((planned, requested_end));
            return Ok(());
        }
        let failure = match stored.state {
            TaskState::Unreadable(Unreadable { newer: Some(_), .. }) if !is_running => {
                return Ok(());
            }
            TaskState::Unreadable(Unreadable { ended_at: Some(_), .. }) => return Ok(()),
            TaskState::Unreadable(state) => state.failure,
            TaskState::Waiting { reason: WaitReason::Unknown(reason), .. } => {
                state::newer("reason to wait", reason.name)
            }
            _ => Failure::DamagedRecord { message: "nothing says how it goes on".to_owned() },
        };
        let before = self.memory.clone();
        self.writer.begin()?;
        let (now, mut after) = (self.clock.now(), AfterCommit::default());
        let given_up = self.give_up(id, failure, now.wall, &mut after);
        match given_up.and_then(|()| self.writer.commit()) {
            Ok(()) => {
                self.queued.settle();
                self.write_log(after.log, now);
                self.publish(&before);
                Ok(())
            }
            Err(error) => {
                self.roll_back(before);
                Err(error)
            }
        }
    }

    /// Adopts the runs that are left, as far as threads can be started.
    pub(super) fn adopt(&mut self) {
        let runs = Arc::clone(&self.runs);
        let before = self.to_adopt.len();
        self.to_adopt.retain(|(planned, requested_end)| {
            let adopted = runs.adopt(planned.clone(), *requested_end);
            adopted
                .inspect_err(|error| tracing::warn!(%error, "a run cannot be adopted yet"))
                .is_err()
        });
        self.activity.adopted += (before - self.to_adopt.len()) as u64;
    }
}
