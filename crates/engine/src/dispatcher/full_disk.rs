//! A full disk, and requests that free it.

use claude_worker_api::{TaskId, Timestamp};

use super::Dispatcher;
use crate::message::{Message, Request};
use crate::{EngineError, disk};

/// What one round has already deleted to free space; each is tried once.
#[derive(Debug, Default)]
pub(super) struct FreedSpace {
    reserve: bool,
    output: bool,
}

impl Dispatcher {
    /// Frees disk space for a round that failed on a full disk and was rolled back, if one of its
    /// requests frees more: first the reserve, then the output of the tasks to be removed. Returns
    /// whether to try the round again, at most twice.
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
                Message::Request(request, _, answer) if !answer.is_closed() => Some(request),
                _ => None,
            })
        };
        if !asked().any(frees) {
            return false;
        }
        if !std::mem::replace(&mut tried.reserve, true) && disk::release_reserve(&self.paths) {
            tracing::warn!("the disk is full; using the reserve to remove tasks");
            return true;
        }
        if std::mem::replace(&mut tried.output, true)
            || !disk::output_is_beside_database(&self.paths)
        {
            return false;
        }
        // Before the commit, which is impossible without it. A person has asked for the removal; at
        // worst the task stays without its output.
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
