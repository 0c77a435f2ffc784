//! A full disk, and requests that free it.

use claude_worker_api::{TaskId, Timestamp};

use super::Dispatcher;
use crate::message::{Message, Request};
use crate::{EngineError, disk};

/// What one round has tried to make room: each thing once.
#[derive(Debug, Default)]
pub(super) struct FreedSpace {
    reserve: bool,
    output: bool,
}

impl Dispatcher {
    /// Makes room for a round that failed for want of it, if somebody asks in it for something that
    /// frees more: with the reserve at first, then with the output of the tasks that are to be
    /// removed. Says whether to try the round again, at most twice. The round has been rolled back.
    pub(super) fn free_space(
        &self,
        batch: &[Message],
        error: &EngineError,
        now: Timestamp,
        tried: &mut FreedSpace,
    ) -> bool {
        let is_full = error.is_full_disk() || error.is_failed_io() && disk::is_full(&self.paths);
        if !is_full {
            return false;
        }
        let frees = |request: &Request| {
            matches!(request, Request::Cancel(_) | Request::Remove(_) | Request::Clean { .. })
        };
        let asked = || {
            batch.iter().filter_map(|message| match message {
                Message::Request(request, answer) if !answer.is_closed() => Some(request),
                _ => None,
            })
        };
        if !asked().any(frees) {
            return false;
        }
        if !std::mem::replace(&mut tried.reserve, true) && disk::release_reserve(&self.paths) {
            tracing::warn!("the disk is full; what was kept in reserve is used to free it");
            return true;
        }
        if std::mem::replace(&mut tried.output, true)
            || !disk::output_is_beside_database(&self.paths)
        {
            return false;
        }
        // Before the commit, because it cannot be made without: a person has asked for the removal,
        // and at the worst the task stays and its output does not.
        let freed: u64 = asked()
            .flat_map(|request| self.tasks_removed_by(request, now))
            .flat_map(|id| self.writer.runs_of(id).unwrap_or_default())
            .map(|run| self.runs.directory(&run).drop_output())
            .sum();
        if freed > 0 {
            tracing::warn!(freed, "the disk is full; output of tasks to be removed was deleted");
        }
        freed > 0
    }

    fn tasks_removed_by(&self, request: &Request, now: Timestamp) -> Vec<TaskId> {
        match request {
            Request::Remove(id) => vec![*id],
            Request::Clean { query, except } if !query.dry_run => {
                self.to_clean(query, except, now).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}
