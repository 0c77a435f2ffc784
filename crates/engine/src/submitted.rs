//! Submissions as they were sent, with what the dispatcher needs to recognise a repeated one.

use std::collections::BTreeMap;

use claude_worker_api::{NewTask, NewTasks};
use sha2::{Digest, Sha256};

/// A task to put into the queue, already checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submission {
    /// The task, with the whole path of its working directory.
    pub task: NewTask,
    /// The working directory as it was sent, if that was not a whole path.
    pub sent_directory: Option<String>,
}

/// Tasks to put into the queue, all or none, already checked.
#[derive(Debug)]
pub(crate) struct Batch {
    pub tasks: Vec<Submission>,
    /// The idempotency key of the whole batch.
    pub key: Option<BatchKey>,
}

/// The idempotency key of a batch.
#[derive(Debug)]
pub(crate) struct BatchKey {
    /// The key, as the client chose it.
    pub text: String,
    /// Equal for equal batches.
    pub fingerprint: String,
}

impl BatchKey {
    /// The key of a batch as it was sent, if it has one.
    pub(crate) fn of(batch: &NewTasks) -> Option<Self> {
        let text = batch.idempotency_key.clone()?;
        let mut digest = Sha256::new();
        for task in &batch.tasks {
            let mut task = NewTask {
                // A client that was started anew has another name and means the same, and each attempt may
                // be a span of its own.
                caller: None,
                traceparent: None,
                // In another shell it is the same request.
                inherited_env: BTreeMap::new(),
                ..task.clone()
            };
            // Secrets, which the engine does not keep in its database.
            task.env.values_mut().for_each(String::clear);
            let written = serde_json::to_vec(&task).unwrap_or_default();
            digest.update((written.len() as u64).to_le_bytes());
            digest.update(written);
        }
        Some(Self { text, fingerprint: hexadecimal(digest) })
    }
}

/// The SHA-256 of a text, in hexadecimal digits.
pub(crate) fn fingerprint(text: &str) -> String {
    hexadecimal(Sha256::new().chain_update(text))
}

fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
