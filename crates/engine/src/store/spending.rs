//! What runs have cost.

use claude_worker_api::{RunId, Spent, Status, TaskId, Timestamp, Verdict};
use rusqlite::params;

use super::{Readers, RunEnd, Writer};
use crate::EngineError;

/// How long it is known what a run has cost.
const KEPT: u64 = 400 * 86_400_000;

/// What becomes of a task after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhatFollows {
    /// It ends as the run did.
    TaskEnds,
    /// It goes on by itself: a limit was reached that passes.
    TaskGoesOn,
}

impl Writer {
    /// Notes what a run of the task has cost by itself, in US dollars, with what, how long and how it worked. The
    /// run's end is stored.
    pub(super) fn note_spending(
        &mut self,
        task: TaskId,
        run: &RunId,
        end: &RunEnd,
        usd: f64,
        what_follows: WhatFollows,
    ) -> Result<(), EngineError> {
        let at = end.outcome.ended_at;
        let task_end = match (what_follows, &end.outcome.verdict) {
            (WhatFollows::TaskGoesOn, _) | (_, Verdict::Unknown(_)) => None,
            (_, Verdict::Completed { .. }) => Some(Status::Completed.name()),
            (_, Verdict::Failed { .. }) => Some(Status::Failed.name()),
            (_, Verdict::Cancelled) => Some(Status::Cancelled.name()),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO spending
                     (ended_at, usd, directory_id, model, queued_at, started_at, task_end)
                 SELECT ?1, ?2, task.directory_id, coalesce(?3, task.model), run.queued_at,
                     run.started_at, ?4
                 FROM task LEFT JOIN run ON run.id = ?5 WHERE task.id = ?6",
            )?
            .execute(params![at.as_millis(), usd, end.model, task_end, run.as_str(), task.0])?;
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
