//! What is done once a round has been committed.

use claude_worker_api::Stopped;
use claude_worker_supervisor::fault_point;

use super::{AfterCommit, Dispatcher, GARBAGE_AGAIN, Garbage};
use crate::live::PlannedRun;
use crate::message::{Message, Reply, RunReport};

impl Dispatcher {
    /// Starts the runs whose rows are now on disk. Returns the reports of those that could not be.
    pub(super) fn launch(&self, launches: Vec<PlannedRun>) -> Vec<Message> {
        let mut failed = Vec::new();
        for planned in launches {
            fault_point("engine.before_launch");
            let (task, run) = (planned.task, planned.run.clone());
            if let Err(error) = self.runs.launch(planned) {
                let reason = error.to_string();
                failed.push(Message::RunReport(RunReport::NeverStarted {
                    task,
                    run,
                    reason,
                    passing: true,
                }));
            }
        }
        failed
    }

    /// What else was decided and is now on disk, is done.
    pub(super) fn act(&mut self, after: AfterCommit) {
        for run in after.ends {
            fault_point("engine.before_end");
            self.runs.request_end(&run);
        }
        for run in &after.to_remove {
            self.runs.mark_for_removal(run);
        }
        for id in &after.removed {
            for answer in self.awaiting_removal.remove(id).unwrap_or_default() {
                drop(answer.send(Ok(Reply::Removed)));
            }
        }
        if self.still_running() == 0 {
            for answer in std::mem::take(&mut self.awaiting_stop) {
                self.stopping = true;
                drop(answer.send(Ok(Reply::Stopped(Stopped { left_running: 0 }))));
            }
        }
    }

    pub(super) fn collect_garbage(&mut self) {
        let now = self.clock.now().wall;
        match self.garbage {
            Garbage::LookFrom(instant) if instant <= now => {}
            Garbage::LookFrom(_) => return self.runs.set_being_deleted(false),
            Garbage::BeingDeleted(_) => return,
        }
        match self.writer.garbage() {
            Ok(garbage) if garbage.is_empty() => self.runs.set_being_deleted(false),
            Ok(garbage) => {
                let count = garbage.len();
                self.runs.set_being_deleted(true);
                self.garbage = match self.runs.delete(garbage) {
                    Ok(()) => Garbage::BeingDeleted(count),
                    Err(_) => Garbage::LookFrom(now.plus_millis(GARBAGE_AGAIN.as_millis() as u64)),
                };
            }
            Err(error) => tracing::warn!(%error, "cannot read what is to be deleted"),
        }
    }
}
