//! How much output is kept, and which run directories are to go.

use claude_worker_api::{RunId, TaskId};
use rusqlite::OptionalExtension;

use super::Writer;
use crate::EngineError;

impl Writer {
    /// Bytes of output kept of finished runs.
    pub(crate) fn output_kept(&self) -> Result<u64, EngineError> {
        let total: i64 = self.connection.query_row(
            "SELECT coalesce(sum(output_bytes), 0) FROM run
             WHERE ended_at IS NOT NULL AND output_deleted = 0 AND output_bytes > 0",
            [],
            |row| row.get(0),
        )?;
        Ok(total.unsigned_abs())
    }

    /// Bytes of output kept of one task's finished runs.
    pub(crate) fn output_of(&self, id: TaskId) -> Result<u64, EngineError> {
        let total: i64 = self
            .connection
            .prepare_cached(
                "SELECT coalesce(sum(output_bytes), 0) FROM run
                 WHERE task_id = ?1 AND ended_at IS NOT NULL AND output_deleted = 0",
            )?
            .query_row([id.0], |row| row.get(0))?;
        Ok(total.unsigned_abs())
    }

    /// All runs of a task, but for those whose names are no names of directories.
    pub(crate) fn runs_of(&self, id: TaskId) -> Result<Vec<RunId>, EngineError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM run WHERE task_id = ?1")?;
        let mut found = statement.query([id.0])?;
        let mut runs = Vec::new();
        while let Some(row) = found.next()? {
            runs.extend(RunId::try_from(row.get::<_, String>(0).unwrap_or_default()));
        }
        Ok(runs)
    }

    /// Marks the output of the run that ended first for deletion. Returns its size, or none when
    /// no finished run has any.
    pub(crate) fn drop_oldest_output(&mut self) -> Result<Option<u64>, EngineError> {
        let oldest: Option<(String, i64)> = self
            .connection
            .prepare_cached(
                "SELECT id, output_bytes FROM run
                 WHERE ended_at IS NOT NULL AND output_deleted = 0 AND output_bytes > 0
                 ORDER BY ended_at LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((run, bytes)) = oldest else { return Ok(None) };
        self.connection
            .prepare_cached("UPDATE run SET output_deleted = 1 WHERE id = ?1")?
            .execute([&run])?;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO garbage (run_id) VALUES (?1)")?
            .execute([&run])?;
        Ok(Some(bytes.unsigned_abs()))
    }

    /// Marks the output of the runs of a task before this one for deletion that met a passing limit
    /// and got no answer from the model: there may be many, and they say the same. A run whose record
    /// cannot be read keeps its output. Returns its size.
    pub(crate) fn drop_tries_before(
        &mut self,
        id: TaskId,
        run: &RunId,
    ) -> Result<u64, EngineError> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE run SET output_deleted = 1
             WHERE task_id = ?1 AND id <> ?2 AND ended_at IS NOT NULL AND output_deleted = 0
               AND CASE WHEN json_valid(outcome)
                   THEN outcome ->> '$.failure.kind' IN ('usage_limit', 'rate_limit')
                       OR outcome ->> '$.failure.http_status' = 529
                   ELSE 0 END
               AND CASE WHEN json_valid(coalesce(usage, '{}'))
                   THEN coalesce(usage ->> '$.output_tokens', 0) = 0
                   ELSE 0 END
             RETURNING id, output_bytes",
        )?;
        let mut dropped = statement.query((id.0, run.as_str()))?;
        let (mut runs, mut freed) = (Vec::new(), 0);
        while let Some(row) = dropped.next()? {
            runs.push(row.get::<_, String>(0)?);
            freed += row.get::<_, i64>(1)?.unsigned_abs();
        }
        drop(dropped);
        let mut garbage =
            self.connection.prepare_cached("INSERT OR IGNORE INTO garbage (run_id) VALUES (?1)")?;
        for run in runs {
            garbage.execute([run])?;
        }
        Ok(freed)
    }

    /// Run directories that are to be deleted.
    pub(crate) fn garbage(&self) -> Result<Vec<RunId>, EngineError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run_id FROM garbage WHERE run_id NOT GLOB '*[^a-z0-9-]*' LIMIT 1000",
        )?;
        let mut found = statement.query([])?;
        let mut runs = Vec::new();
        while let Some(row) = found.next()? {
            match RunId::try_from(row.get::<_, String>(0)?) {
                Ok(run) => runs.push(run),
                // It names no directory of ours.
                Err(error) => tracing::debug!(error, "nothing to delete"),
            }
        }
        Ok(runs)
    }

    /// Notes that these directories are gone.
    pub(crate) fn forget_garbage(&mut self, runs: &[RunId]) -> Result<(), EngineError> {
        let mut statement =
            self.connection.prepare_cached("DELETE FROM garbage WHERE run_id = ?1")?;
        for run in runs {
            statement.execute([run.as_str()])?;
        }
        Ok(())
    }
}
