//! The idempotency keys of requests that are not single submissions.

use claude_worker_api::{TaskId, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::Writer;
use crate::EngineError;

/// What a key was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsedKey {
    /// Equal for equal requests.
    pub fingerprint: String,
    /// The tasks that the request made or ran again, in its order.
    pub tasks: Vec<TaskId>,
}

impl Writer {
    /// What a key of this method was used for.
    pub(crate) fn used_key(&self, method: &str, key: &str) -> Result<Option<UsedKey>, EngineError> {
        let found: Option<(String, String)> = self
            .connection
            .prepare_cached(
                "SELECT fingerprint, tasks FROM request_key WHERE method = ?1 AND key = ?2",
            )?
            .query_row([method, key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((fingerprint, tasks)) = found else { return Ok(None) };
        Ok(Some(UsedKey { fingerprint, tasks: serde_json::from_str(&tasks)? }))
    }

    /// Stores what a key was used for.
    pub(crate) fn remember_key(
        &mut self,
        method: &str,
        key: &str,
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
                key,
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
