//! Rows as types.

use claude_worker_api::{
    Agent, Cursor, Event, EventKind, Order, Run, RunId, Task, TaskId, Timestamp, UnknownValue,
};
use rusqlite::Row;
use serde::de::DeserializeOwned;

use crate::EngineError;
use crate::state::TaskState;

/// A task's row: what clients see, and what only the engine knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredTask {
    /// As lists show it.
    pub task: Task,
    /// Its state in full.
    pub state: TaskState,
    /// The agent session it last worked in.
    pub session_id: Option<String>,
}

/// The columns [`task`] and [`cursor`] read, in their order.
pub(super) const TASK: &str = "id, name, agent, working_directory, model, state, created_at, \
     started_at, runs, last_action, final_summary, usage, session_id, \
     parent_id, EXISTS (SELECT 1 FROM unseen WHERE unseen.task_id = task.id), ended_at, \
     queue_position";

/// The columns [`run`] reads, in its order.
pub(super) const RUN: &str = "id, number, follow_up, started_at, outcome, session_id, usage, \
     output_bytes, output_deleted";

pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, EngineError> {
    Ok(serde_json::from_str(text)?)
}

/// An enum that is stored by its wire name.
pub(super) fn named<T: DeserializeOwned>(text: String) -> Result<T, EngineError> {
    Ok(serde_json::from_value(serde_json::Value::String(text))?)
}

pub(super) fn instant(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

pub(super) fn task(row: &Row<'_>) -> Result<StoredTask, EngineError> {
    let state: TaskState = json(row.get_ref(5)?.as_str().map_err(unreadable)?)?;
    Ok(StoredTask {
        task: Task {
            id: TaskId(row.get(0)?),
            name: row.get(1)?,
            agent: named::<Agent>(row.get(2)?)?,
            working_directory: row.get(3)?,
            model: row.get(4)?,
            queue_place: if state.is_queued() { row.get(16)? } else { None },
            state: state.to_wire(),
            created_at: Timestamp::from_millis(row.get(6)?),
            started_at: instant(row.get(7)?),
            runs: row.get(8)?,
            last_action: row.get(9)?,
            last_output_at: None,
            final_summary: row.get(10)?,
            usage: json(row.get_ref(11)?.as_str().map_err(unreadable)?)?,
            unseen: row.get(14)?,
            parent: row.get::<_, Option<i64>>(13)?.map(TaskId),
            warnings: Vec::new(),
        },
        state,
        session_id: row.get(12)?,
    })
}

/// Where a list goes on after a row, even one that cannot be read otherwise.
pub(super) fn cursor(order: Order, row: &Row<'_>) -> rusqlite::Result<Cursor> {
    let place = match order {
        Order::NewestFirst | Order::OldestFirst => None,
        Order::NextFirst => row.get(16)?,
        Order::EndedLast => row.get(15)?,
    };
    Ok(Cursor { id: TaskId(row.get(0)?), place })
}

pub(super) fn run(row: &Row<'_>) -> Result<Run, EngineError> {
    let outcome: Option<String> = row.get(4)?;
    let output_bytes: i64 = row.get(7)?;
    Ok(Run {
        id: run_id(row.get(0)?)?,
        number: row.get(1)?,
        follow_up: row.get(2)?,
        started_at: instant(row.get(3)?),
        outcome: outcome.as_deref().map(json).transpose()?,
        session_id: row.get(5)?,
        usage: json(row.get_ref(6)?.as_str().map_err(unreadable)?)?,
        output_bytes: output_bytes.unsigned_abs(),
        output_deleted: row.get(8)?,
    })
}

/// An event whose kind cannot be read is an [`EventKind::Unknown`]: an error would stop everyone at
/// it for ever.
pub(super) fn event(row: &Row<'_>) -> Result<Event, EngineError> {
    let seq = row.get(0)?;
    let kind = json(row.get_ref(3)?.as_str().map_err(unreadable)?).unwrap_or_else(|error| {
        tracing::warn!(seq, %error, "an event cannot be read");
        EventKind::Unknown(UnknownValue::named("damaged"))
    });
    Ok(Event {
        seq,
        at: Timestamp::from_millis(row.get(1)?),
        task: row.get::<_, Option<i64>>(2)?.map(TaskId),
        kind,
    })
}

pub(super) fn run_id(text: String) -> Result<RunId, EngineError> {
    RunId::try_from(text).map_err(EngineError::Unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(error: rusqlite::types::FromSqlError) -> EngineError {
    EngineError::Unreadable(error.to_string())
}
