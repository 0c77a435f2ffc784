//! What is stored for the measuring of waits and for traces.

use claude_worker_api::{RunId, TaskId, Timestamp, Traceparent};
use rusqlite::{OptionalExtension, params};

use super::Writer;
use crate::EngineError;

/// The beginning of a run, before its agent was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RunOrigin {
    /// Its number among the runs of its task.
    pub(crate) number: u32,
    /// Since when it could have been started. Not known of what an earlier version queued.
    pub(crate) queued_at: Option<Timestamp>,
    /// The trace that its task was submitted in.
    pub(crate) traceparent: Option<Traceparent>,
}

impl Writer {
    /// From now on a task of the queue can be started.
    pub(crate) fn set_queued_at(&mut self, id: TaskId, now: Timestamp) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE task SET queued_at = ?1 WHERE id = ?2")?
            .execute(params![now.as_millis(), id.0])?;
        Ok(())
    }

    /// Stores the trace that a run belongs to.
    pub(crate) fn set_traceparent(
        &mut self,
        run: &RunId,
        traceparent: Traceparent,
    ) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE run SET traceparent = ?1 WHERE id = ?2")?
            .execute(params![traceparent.to_string(), run.as_str()])?;
        Ok(())
    }

    /// How a run began. What cannot be read of it counts as not known.
    pub(crate) fn origin_of(&self, run: &RunId) -> Result<RunOrigin, EngineError> {
        let origin = self
            .connection
            .prepare_cached("SELECT number, queued_at, traceparent FROM run WHERE id = ?1")?
            .query_row([run.as_str()], |row| {
                let queued_at: Option<i64> = row.get(1).unwrap_or_default();
                let traceparent: Option<String> = row.get(2).unwrap_or_default();
                Ok(RunOrigin {
                    number: row.get(0).unwrap_or_default(),
                    queued_at: queued_at.map(Timestamp::from_millis),
                    traceparent: traceparent.and_then(|text| text.parse().ok()),
                })
            })
            .optional()?;
        Ok(origin.unwrap_or_default())
    }
}
