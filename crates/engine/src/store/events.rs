//! Writing the event stream, and keeping it short.

use claude_worker_api::{EventKind, TaskId, Timestamp};
use rusqlite::params;

use super::Writer;
use crate::EngineError;

/// How many lasting events are kept. A reader that was away for longer reads the tasks again.
const LASTING_KEPT: i64 = 100_000;
/// How many passing events are kept: there are several a second, and the task's row shows what
/// the newest of them said.
const PASSING_KEPT: i64 = 2_000;
/// Old events are deleted this many at a time.
const DELETED_AT_ONCE: i64 = 100;

impl Writer {
    /// Stores an event and returns its number. Now and then the oldest events of its class go.
    pub(crate) fn append_event(
        &mut self,
        task: Option<TaskId>,
        kind: &EventKind,
        now: Timestamp,
    ) -> Result<i64, EngineError> {
        let lasting = kind.is_lasting();
        // SQLite compiles a statement anew when a parameter of such a condition changes.
        let next = if lasting {
            "SELECT 1 + coalesce(max(ordinal), 0) FROM event WHERE lasting = 1"
        } else {
            "SELECT 1 + coalesce(max(ordinal), 0) FROM event WHERE lasting = 0"
        };
        let ordinal: i64 = self.connection.prepare_cached(next)?.query_row([], |row| row.get(0))?;
        self.connection
            .prepare_cached(
                "INSERT INTO event (at, task_id, kind, lasting, ordinal) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                now.as_millis(),
                task.map(|id| id.0),
                serde_json::to_string(kind)?,
                lasting,
                ordinal
            ])?;
        let seq = self.connection.last_insert_rowid();
        if ordinal % DELETED_AT_ONCE == 0 {
            let kept = if lasting { LASTING_KEPT } else { PASSING_KEPT };
            self.delete_events(lasting, ordinal - kept)?;
        }
        Ok(seq)
    }

    /// Deletes one class's events up to this ordinal.
    fn delete_events(&mut self, lasting: bool, last: i64) -> Result<(), EngineError> {
        if lasting {
            // Before they go, it is noted from where on the others are all there.
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO setting (key, value)
                     SELECT 'events_from', seq + 1 FROM event WHERE lasting = 1 AND ordinal = ?1",
                )?
                .execute([last])?;
        }
        self.connection
            .prepare_cached("DELETE FROM event WHERE lasting = ?1 AND ordinal <= ?2")?
            .execute(params![lasting, last])?;
        Ok(())
    }

    /// The newest event's number; 0 when there has been none.
    pub(crate) fn last_event(&self) -> Result<i64, EngineError> {
        Ok(self
            .connection
            .query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0))?)
    }
}
