//! Which finished tasks no person has seen yet, and which of those need attention.

use claude_worker_api::{State, TaskId, Unseen as Counts};
use rusqlite::OptionalExtension;

use super::Writer;
use crate::EngineError;

/// What a person has not seen of a task yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnseenKind {
    /// Nothing: they have looked, or it has not finished.
    Nothing,
    /// An end that asks nothing of them.
    End,
    /// A failure.
    Failed,
    /// Tool calls that were denied.
    Denied,
}

impl UnseenKind {
    /// What is unseen of a task that has just come into this state.
    pub(crate) fn after(state: &State) -> Self {
        match state {
            State::Failed { .. } => Self::Failed,
            State::Completed { denied_tools, .. } if !denied_tools.is_empty() => Self::Denied,
            state if state.is_finished() => Self::End,
            _ => Self::Nothing,
        }
    }

    /// As the table `unseen` has it; none when it has no row.
    const fn kind(self) -> Option<i64> {
        match self {
            Self::Nothing => None,
            Self::End => Some(1),
            Self::Failed => Some(2),
            Self::Denied => Some(3),
        }
    }

    const fn of_kind(kind: i64) -> Self {
        match kind {
            2 => Self::Failed,
            3 => Self::Denied,
            _ => Self::End,
        }
    }

    /// Where such tasks are counted, if they are.
    pub(crate) const fn counted_in(self, counts: &mut Counts) -> Option<&mut u64> {
        match self {
            Self::Nothing | Self::End => None,
            Self::Failed => Some(&mut counts.failed),
            Self::Denied => Some(&mut counts.denied),
        }
    }
}

impl Writer {
    /// How many tasks need a person.
    pub(crate) fn unseen(&self) -> Result<Counts, EngineError> {
        let mut counts = Counts::default();
        let mut statement =
            self.connection.prepare_cached("SELECT kind, count(*) FROM unseen GROUP BY kind")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let count: i64 = row.get(1)?;
            if let Some(counted) = UnseenKind::of_kind(row.get(0)?).counted_in(&mut counts) {
                *counted = count.unsigned_abs();
            }
        }
        Ok(counts)
    }

    /// Stores what is unseen of a task whose state has changed.
    pub(super) fn set_unseen(&mut self, id: TaskId, unseen: UnseenKind) -> Result<(), EngineError> {
        match unseen.kind() {
            Some(kind) => self
                .connection
                .prepare_cached("INSERT OR REPLACE INTO unseen (task_id, kind) VALUES (?1, ?2)")?
                .execute([id.0, kind])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM unseen WHERE task_id = ?1")?
                .execute([id.0])?,
        };
        Ok(())
    }

    /// Marks a task as seen; returns what had not been seen.
    pub(crate) fn mark_seen(&mut self, id: TaskId) -> Result<UnseenKind, EngineError> {
        let kind: Option<i64> = self
            .connection
            .prepare_cached("DELETE FROM unseen WHERE task_id = ?1 RETURNING kind")?
            .query_row([id.0], |row| row.get(0))
            .optional()?;
        Ok(kind.map_or(UnseenKind::Nothing, UnseenKind::of_kind))
    }

    /// Marks all tasks as seen; returns how many had not been.
    pub(crate) fn mark_all_seen(&mut self) -> Result<usize, EngineError> {
        Ok(self.connection.prepare_cached("DELETE FROM unseen")?.execute([])?)
    }
}
