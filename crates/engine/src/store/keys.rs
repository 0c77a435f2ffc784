//! Idempotency keys: to whom they belong, and what they were used for.
//!
//! The key of a single submission is a column of its task, those of other requests are rows of
//! `request_key`.

use claude_worker_api::{TaskId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Readers, Writer};
use crate::EngineError;
use crate::access::Principal;

/// An idempotency key together with the submitter that chose it. Each submitter has keys of its own, so
/// that none is answered with a task of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedKey(String);

impl OwnedKey {
    /// The key of a principal. The programs of the user, at the socket or with the owner's token, are one
    /// submitter; each token and each login of a browser is one.
    pub(crate) fn of(principal: &Principal, key: &str) -> Self {
        // Numbers of tokens begin with 1.
        Self(format!("{} {key}", principal.token_id().unwrap_or(0)))
    }

    /// The key of a task that is imported, whoever imports it.
    pub(crate) fn of_import(key: &str) -> Self {
        Self(format!("import {key}"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a key was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsedKey {
    /// Equal for equal requests.
    pub fingerprint: String,
    /// The tasks that the request made or ran again, in its order.
    pub tasks: Vec<TaskId>,
}

impl Writer {
    /// The task that was submitted with this key.
    pub(crate) fn task_by_key(&self, key: &OwnedKey) -> Result<Option<TaskId>, EngineError> {
        task_by_key(&self.connection, key)
    }

    /// What a key of this method was used for.
    pub(crate) fn used_key(
        &self,
        method: &str,
        key: &OwnedKey,
    ) -> Result<Option<UsedKey>, EngineError> {
        used_key(&self.connection, method, key)
    }

    /// Stores what a key was used for.
    pub(crate) fn remember_key(
        &mut self,
        method: &str,
        key: &OwnedKey,
        used: &UsedKey,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        self.connection
            .prepare_cached(
                "INSERT INTO request_key (method, key, used_at, fingerprint, tasks)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                method,
                key.as_str(),
                now.as_millis(),
                used.fingerprint,
                serde_json::to_string(&used.tasks)?,
            ])?;
        Ok(())
    }

    /// Forgets keys that were used before an instant, and the oldest of more than `most`. A few at a
    /// time: it is called for each new key.
    pub(crate) fn forget_keys(&mut self, before: Timestamp, most: u32) -> Result<(), EngineError> {
        self.connection
            .prepare_cached(
                "DELETE FROM request_key WHERE id IN
                 (SELECT id FROM request_key WHERE used_at < ?1 ORDER BY id LIMIT 100)
                 OR id <= (SELECT max(id) FROM request_key) - ?2",
            )?
            .execute(params![before.as_millis(), most])?;
        Ok(())
    }
}

fn task_by_key(connection: &Connection, key: &OwnedKey) -> Result<Option<TaskId>, EngineError> {
    Ok(connection
        .prepare_cached("SELECT id FROM task WHERE idempotency_key = ?1")?
        .query_row([key.as_str()], |row| row.get(0))
        .optional()?
        .map(TaskId))
}

fn used_key(
    connection: &Connection,
    method: &str,
    key: &OwnedKey,
) -> Result<Option<UsedKey>, EngineError> {
    let found: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT fingerprint, tasks FROM request_key WHERE method = ?1 AND key = ?2",
        )?
        .query_row([method, key.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((fingerprint, tasks)) = found else { return Ok(None) };
    Ok(Some(UsedKey { fingerprint, tasks: serde_json::from_str(&tasks)? }))
}

impl Readers {
    /// Which of these keys a task was submitted with.
    pub(crate) fn submitted_keys(
        &self,
        keys: &[Option<OwnedKey>],
    ) -> Result<Vec<bool>, EngineError> {
        self.with(|connection| {
            let is_used = |key: &Option<OwnedKey>| match key {
                Some(key) => Ok(task_by_key(connection, key)?.is_some()),
                None => Ok(false),
            };
            keys.iter().map(is_used).collect()
        })
    }

    /// Whether a key of this method was used.
    pub(crate) fn is_used(&self, method: &str, key: &OwnedKey) -> Result<bool, EngineError> {
        self.with(|connection| Ok(used_key(connection, method, key)?.is_some()))
    }
}
