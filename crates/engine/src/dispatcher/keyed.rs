//! Requests that are safe to repeat because they have an idempotency key, and batches of submissions.
//!
//! The key of a single submission is stored with its task. The keys of all other requests are stored
//! here for a day, in the transaction of the request, so that a client may repeat a request whose answer
//! was lost, also after the engine was killed.

use claude_worker_api::{ApiError, ErrorCode, NewTask, NewTasks, Task, TaskId, Timestamp};
use sha2::{Digest, Sha256};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::access::Principal;
use crate::message::{Reply, Request};
use crate::store::{OwnedKey, UsedKey};

/// How long keys are kept, in milliseconds.
const KEPT_MS: u64 = 24 * 60 * 60 * 1000;

/// How many keys are kept at most. The oldest are forgotten first.
const MOST_KEYS: u32 = 100_000;

/// The key of a request, and what tells the request from others.
struct Key<'a> {
    /// The method: each has keys of its own.
    method: &'static str,
    text: &'a str,
    owned: OwnedKey,
    /// Equal for equal requests. Empty for a batch, whose tasks are compared one by one.
    fingerprint: String,
}

impl<'a> Key<'a> {
    fn of(request: &'a Request, principal: &Principal) -> Option<Self> {
        let (method, text, fingerprint) = match request {
            Request::SubmitBatch(batch) => ("batch", &batch.idempotency_key, String::new()),
            Request::Retry(id, retry) => ("retry", &retry.idempotency_key, id.to_string()),
            Request::Resume(id, follow_up) => {
                let text = Sha256::digest(follow_up.prompt.as_bytes());
                let text: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
                ("resume", &follow_up.idempotency_key, format!("{id} {text}"))
            }
            _ => return None,
        };
        let text = text.as_deref()?;
        Some(Self { method, text, owned: OwnedKey::of(principal, text), fingerprint })
    }
}

impl Dispatcher {
    /// Carries a request out, unless one with the same key was carried out before: then it is answered
    /// with the same tasks, as they are now.
    pub(super) fn request_once(
        &mut self,
        request: &Request,
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let Some(key) = Key::of(request, principal) else {
            return self.request(request, principal, now, after);
        };
        if let Some(used) = self.writer.used_key(key.method, &key.owned)? {
            return self.repeated(request, &key, &used);
        }
        let reply = self.request(request, principal, now, after)?;
        let tasks: Vec<TaskId> = match &reply {
            Reply::Task(task) => vec![task.id],
            Reply::Tasks(tasks) => tasks.iter().map(|task| task.id).collect(),
            _ => Vec::new(),
        };
        let used = UsedKey { fingerprint: key.fingerprint, tasks };
        self.writer.forget_keys(now.minus_millis(KEPT_MS), MOST_KEYS)?;
        self.writer.remember_key(key.method, &key.owned, &used, now)?;
        Ok(reply)
    }

    /// The answer to a request whose key was used before.
    fn repeated(
        &self,
        request: &Request,
        key: &Key<'_>,
        used: &UsedKey,
    ) -> Result<Reply, EngineError> {
        let same = match request {
            Request::SubmitBatch(batch) => self.was_sent_as_batch(&batch.tasks, &used.tasks)?,
            _ => used.fingerprint == key.fingerprint,
        };
        if !same {
            return Err(EngineError::Refused(
                ApiError::conflict(format!(
                    "The key \"{}\" belongs to another request",
                    key.text.escape_debug()
                ))
                .hint("Use a new key for a new request"),
            ));
        }
        let mut tasks = Vec::with_capacity(used.tasks.len());
        for id in &used.tasks {
            // One that was removed since is left out.
            tasks.extend(self.writer.task(*id)?.map(|stored| stored.task));
        }
        match (request, tasks.pop()) {
            (Request::SubmitBatch(_), last) => {
                tasks.extend(last);
                Ok(Reply::Tasks(tasks))
            }
            (_, Some(task)) => Ok(Reply::Task(Box::new(task))),
            (Request::Retry(id, _) | Request::Resume(id, _), None) => {
                Err(EngineError::Refused(ApiError::no_task(*id)))
            }
            _ => Err(EngineError::Unreadable("a key belongs to no task".to_owned())),
        }
    }

    /// Whether these tasks were made by a batch like this one. Those that were removed since are not
    /// compared.
    fn was_sent_as_batch(&self, sent: &[NewTask], made: &[TaskId]) -> Result<bool, EngineError> {
        if sent.len() != made.len() {
            return Ok(false);
        }
        for (sent, id) in sent.iter().zip(made) {
            let mut without_values = sent.clone();
            without_values.env.values_mut().for_each(String::clear);
            if self.writer.task(*id)?.is_some() && !self.writer.was_sent(*id, &without_values)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Submits all tasks of a batch, or none: the caller undoes everything when this fails.
    pub(super) fn submit_batch(
        &mut self,
        batch: &NewTasks,
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        self.check_queue_has_room_for(&batch.tasks, principal)?;
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

    /// Whether the queue has room for all of these tasks that were not submitted before.
    fn check_queue_has_room_for(
        &self,
        tasks: &[NewTask],
        principal: &Principal,
    ) -> Result<(), EngineError> {
        let mut new = 0;
        for task in tasks {
            let known = match &task.idempotency_key {
                Some(key) => self.writer.task_by_key(&OwnedKey::of(principal, key))?.is_some(),
                None => false,
            };
            new += u64::from(!known);
        }
        let counts = &self.memory.counts;
        let (queued, most) = (counts.pending + counts.waiting, self.config.caps.queued);
        if queued + new <= most {
            return Ok(());
        }
        Err(EngineError::Refused(
            ApiError::new(
                ErrorCode::QueueFull,
                format!("The queue holds {queued} tasks and at most {most}: {new} more do not fit"),
            )
            .hint("Submit fewer, wait for some to finish, or raise caps.queued"),
        ))
    }
}
