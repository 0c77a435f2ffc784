//! What runs have cost.

use claude_worker_api::{Spent, TaskId, Timestamp};
use rusqlite::params;

use super::{Readers, Writer};
use crate::EngineError;

/// How long it is known what a run has cost.
const KEPT: u64 = 400 * 86_400_000;

impl Writer {
    /// Notes what a run of the task has cost by itself, in US dollars.
    pub(super) fn note_spending(
        &mut self,
        task: TaskId,
        at: Timestamp,
        usd: f64,
    ) -> Result<(), EngineError> {
        let directory = self.directory_of(task)?;
        self.connection
            .prepare_cached(
                "INSERT INTO spending (ended_at, usd, directory_id) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![at.as_millis(), usd, directory])?;
        self.connection
            .prepare_cached("DELETE FROM spending WHERE ended_at < ?1")?
            .execute([at.minus_millis(KEPT).as_millis()])?;
        Ok(())
    }
}

impl Readers {
    /// What the runs that ended at or after `since` have cost.
    pub(crate) fn spent(&self, since: Timestamp) -> Result<Spent, EngineError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached("SELECT total(usd), count(*) FROM spending WHERE ended_at >= ?1")?
                .query_row([since.as_millis()], |row| {
                    let runs: i64 = row.get(1)?;
                    Ok(Spent { cost_usd: row.get(0)?, runs: runs.unsigned_abs() })
                })?)
        })
    }
}
