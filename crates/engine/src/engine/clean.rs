//! Removing finished tasks, and what a dry run of that shows.

use claude_worker_api::{ApiError, CleanQuery, Cleaned, Timestamp};

use super::Engine;
use super::answers::unexpected;
use super::list::MOST_IDS;
use crate::message::{Reply, Request};

/// How many tasks one round of the dispatcher removes.
const CLEANED_AT_ONCE: u64 = crate::dispatcher::CLEANED_AT_ONCE as u64;
/// How many tasks a dry run of `clean` shows.
const SHOWN_BEFORE_CLEANING: u32 = 20;

impl Engine {
    pub(super) async fn clean_finished(&self, query: CleanQuery) -> Result<Cleaned, ApiError> {
        if let Some(status) = query.statuses.iter().find(|status| !status.is_finished()) {
            return Err(ApiError::invalid(format!(
                "Tasks that are {} cannot be cleaned",
                status.name()
            ))
            .hint("Cancel or remove them by id"));
        }
        let now = Timestamp::now();
        let dry_run = query.dry_run;
        let removed = if dry_run { 0 } else { self.remove_finished(&query).await? };
        let shown = if dry_run { SHOWN_BEFORE_CLEANING } else { 0 };
        self.read(move |inner| {
            let left = inner.readers.finished(&query, now, shown)?;
            Ok(Cleaned {
                removed,
                would_remove: dry_run.then_some(left.count),
                kept_unseen: left.kept_unseen,
                tasks: left.first.into_iter().map(|stored| stored.task).collect(),
            })
        })
        .await
    }

    /// Removes finished tasks, some at a time, so that other requests are answered in between;
    /// returns how many.
    async fn remove_finished(&self, query: &CleanQuery) -> Result<u64, ApiError> {
        let (mut removed, mut except) = (0, Vec::new());
        loop {
            let request = Request::Clean { query: query.clone(), except: except.clone() };
            match self.ask(request).await? {
                Reply::Cleaned { removed: some, failed } => {
                    removed += some;
                    let is_last = some + (failed.len() as u64) < CLEANED_AT_ONCE;
                    // Those that cannot be removed keep no other from being removed.
                    except.extend(failed);
                    if is_last || except.len() > MOST_IDS {
                        return Ok(removed);
                    }
                }
                other => return Err(unexpected(&other)),
            }
        }
    }
}
