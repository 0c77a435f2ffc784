//! Batches of submissions.

use std::collections::HashSet;

use claude_worker_api::{Task, Timestamp};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::access::Principal;
use crate::message::Reply;
use crate::store::OwnedKey;
use crate::submitted::{Batch, Submission};

impl Dispatcher {
    /// Submits all tasks of a batch, or none: the caller undoes everything when this fails.
    pub(super) fn submit_batch(
        &mut self,
        batch: &Batch,
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        self.check_queue_has_room(self.count_new(&batch.tasks, principal)?)?;
        let mut tasks: Vec<Task> = Vec::with_capacity(batch.tasks.len());
        for (n, task) in batch.tasks.iter().enumerate() {
            match self.submit(task, principal, now, after) {
                Ok(Reply::Task(task)) => tasks.push(*task),
                Ok(other) => {
                    return Err(EngineError::Unreadable(format!("a submission made {other:?}")));
                }
                Err(EngineError::Refused(error)) => {
                    return Err(EngineError::Refused(error.inside(&format!("tasks[{n}]"))));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Reply::Tasks(tasks))
    }

    /// How many of these tasks were not submitted before. Those with the same key are one task.
    fn count_new(&self, tasks: &[Submission], principal: &Principal) -> Result<u64, EngineError> {
        let (mut new, mut keys) = (0, HashSet::new());
        for Submission { task, .. } in tasks {
            let is_new = match &task.idempotency_key {
                Some(key) => {
                    keys.insert(key)
                        && self.writer.task_by_key(&OwnedKey::of(principal, key))?.is_none()
                }
                None => true,
            };
            new += u64::from(is_new);
        }
        Ok(new)
    }
}
