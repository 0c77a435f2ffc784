//! Requests that are safe to repeat because they have an idempotency key.
//!
//! The key of a single submission is stored with its task. The keys of all other requests are stored
//! here for a day, in the transaction of the request, so that a client may repeat a request whose answer
//! was lost, also after the engine was killed.

use claude_worker_api::{ApiError, TaskChanges, TaskId, Timestamp};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::access::Principal;
use crate::message::{Reply, Request};
use crate::store::{OwnedKey, UsedKey};
use crate::submitted::fingerprint;

/// How long keys are kept, in milliseconds.
const KEPT_MS: u64 = 24 * 60 * 60 * 1000;

/// What the keys of batches are stored under.
pub(crate) const BATCH_KEYS: &str = "batch";

/// What the keys of retries, resumes and edits are stored under.
pub(crate) const RETRY_KEYS: &str = "retry";
pub(crate) const RESUME_KEYS: &str = "resume";
pub(crate) const EDIT_KEYS: &str = "edit";

/// How many keys are kept at most. The oldest are forgotten first.
const MOST_KEYS: u32 = 100_000;

/// What tells changes from others; empty when nothing is changed.
fn of_changes(changes: &TaskChanges) -> String {
    if changes.is_empty() {
        return String::new();
    }
    // The values of variables are secrets, of which the database has nothing.
    let mut changes = changes.clone();
    changes.env.values_mut().for_each(String::clear);
    format!(" {}", fingerprint(&serde_json::to_string(&changes).unwrap_or_default()))
}

/// The key of a request, and what tells the request from others.
struct Key<'a> {
    /// The method: each has keys of its own.
    method: &'static str,
    text: &'a str,
    owned: OwnedKey,
    /// Equal for equal requests.
    fingerprint: String,
}

impl<'a> Key<'a> {
    fn of(request: &'a Request, principal: &Principal) -> Option<Self> {
        let (method, text, fingerprint) = match request {
            Request::SubmitBatch(batch) => {
                let key = batch.key.as_ref()?;
                (BATCH_KEYS, key.text.as_str(), key.fingerprint.clone())
            }
            Request::Retry(id, retry) => {
                let changes = of_changes(&retry.changes);
                (RETRY_KEYS, retry.idempotency_key.as_deref()?, format!("{id}{changes}"))
            }
            Request::Resume(id, follow_up) => {
                let text = fingerprint(&follow_up.prompt);
                let changes = of_changes(&follow_up.changes);
                let key = follow_up.idempotency_key.as_deref()?;
                (RESUME_KEYS, key, format!("{id} {text}{changes}"))
            }
            Request::Edit(id, edit) => {
                let changes = of_changes(&edit.changes);
                (EDIT_KEYS, edit.idempotency_key.as_deref()?, format!("{id}{changes}"))
            }
            _ => return None,
        };
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
        if used.fingerprint != key.fingerprint {
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
        if matches!(request, Request::SubmitBatch(_)) {
            tasks.iter_mut().for_each(|task| task.submitted_before = true);
        }
        match (request, tasks.pop()) {
            (Request::SubmitBatch(_), Some(last)) => {
                tasks.push(last);
                Ok(Reply::Tasks(tasks))
            }
            // An answer without tasks would read as if the batch had been taken on once more.
            (Request::SubmitBatch(_), None) => Err(EngineError::Refused(
                ApiError::conflict(format!(
                    "The batch with the key \"{}\" was submitted before, and all its tasks were \
                     removed since",
                    key.text.escape_debug()
                ))
                .hint("Use a new key to run it once more"),
            )),
            (_, Some(task)) => Ok(Reply::Task(Box::new(task))),
            (Request::Retry(id, _) | Request::Resume(id, _) | Request::Edit(id, _), None) => {
                Err(EngineError::Refused(ApiError::no_task(*id)))
            }
            _ => Err(EngineError::Unreadable("a key belongs to no task".to_owned())),
        }
    }
}
