//! A full disk, and requests that free it.

use super::Dispatcher;
use crate::message::{Message, Request};
use crate::{EngineError, disk};
use claude_worker_api::{TaskId, Timestamp};

use super::CLEANED_AT_ONCE;

impl Dispatcher {
    /// Makes room for a round that failed for want of it, if somebody asks in it for something that
    /// frees more: with the reserve at first, then with the output of the tasks that are to be
    /// removed. Says whether to try the round again. The round has been rolled back.
    pub(super) fn make_room(&self, batch: &[Message], error: &EngineError, now: Timestamp) -> bool {
        if !error.is_passing() {
            return false;
        }
        let frees = |request: &Request| {
            matches!(request, Request::Cancel(_) | Request::Remove(_) | Request::Clean(_))
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
        if disk::release_reserve(&self.paths) {
            tracing::warn!("the disk is full; what was kept in reserve is used to free it");
            return true;
        }
        // Before the commit, because it cannot be made without: a person has asked for the removal,
        // and at the worst the task stays and its output does not.
        let freed: u64 = asked()
            .flat_map(|request| self.doomed_by(request, now))
            .flat_map(|id| self.writer.runs_of(id).unwrap_or_default())
            .map(|run| self.runs.directory(&run).drop_output())
            .sum();
        if freed > 0 {
            tracing::warn!(freed, "the disk is full; output of tasks to be removed was deleted");
        }
        freed > 0
    }

    fn doomed_by(&self, request: &Request, now: Timestamp) -> Vec<TaskId> {
        match request {
            Request::Remove(id) => vec![*id],
            Request::Clean(query) if !query.dry_run => {
                let before = now.minus_millis(query.older_than_ms);
                let found =
                    self.writer.finished(&query.statuses, before, query.unseen, CLEANED_AT_ONCE);
                found.unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}
