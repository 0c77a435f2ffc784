//! The list of tasks, how many tasks are in one, and the bounds of a query for it.

use std::path::Path;

use claude_worker_api::{ApiError, ListQuery, TaskCount, TaskId, TaskPage};

use super::Engine;

/// How many tasks a query may name.
pub(super) const MOST_IDS: usize = 1000;
/// How many models a query may name.
const MOST_MODELS: usize = 100;
/// The longest text to search for, in characters. As a pattern it stays below the bound of SQLite, 50,000 bytes.
pub(super) const LONGEST_SEARCH: usize = 4096;

impl Engine {
    pub(super) async fn list_tasks(&self, query: ListQuery) -> Result<TaskPage, ApiError> {
        check(&query)?;
        let usual = if query.ids.is_empty() { 50 } else { MOST_IDS as u32 };
        let limit = query.limit.unwrap_or(usual).clamp(1, 1000);
        self.read(move |inner| {
            let (mut tasks, counts) = inner.readers.list(&query, limit)?;
            let more = tasks.len() > limit as usize;
            tasks.truncate(limit as usize);
            let before = query.cursor.and_then(|cursor| cursor.place).unwrap_or_default();
            let shown = before.unsigned_abs() + tasks.len() as u64;
            let last = tasks.last().filter(|_| more);
            let next = last.map(|last| query.order.after(&last.task, shown));
            let tasks = tasks.into_iter().map(|stored| inner.overlay(stored)).collect();
            Ok(TaskPage { tasks, next, counts })
        })
        .await
    }

    pub(super) async fn count_tasks(&self, query: ListQuery) -> Result<TaskCount, ApiError> {
        check(&query)?;
        self.read(move |inner| inner.readers.count(&query)).await
    }
}

fn check(query: &ListQuery) -> Result<(), ApiError> {
    at_most_a_thousand(&query.ids)?;
    at_most_a_hundred(&query.models)?;
    let search = query.search.as_deref().unwrap_or_default();
    if search.chars().count() > LONGEST_SEARCH {
        return Err(ApiError::invalid(format!(
            "The text to search for has more than {LONGEST_SEARCH} characters"
        ))
        .hint("Search for a part of the name or of the working directory"));
    }
    let is_usable =
        |path: &str| Path::new(path).is_absolute() && path.chars().count() <= LONGEST_SEARCH;
    if query.directory.as_deref().is_some_and(|path| !is_usable(path)) {
        return Err(ApiError::invalid(format!(
            "directory: an absolute path of at most {LONGEST_SEARCH} characters is needed"
        ))
        .hint("Pass the directory from the root on, like /home/me/project"));
    }
    if let Some(cursor) = query.cursor.filter(|cursor| !query.order.takes(*cursor)) {
        return Err(ApiError::invalid(format!(
            "The cursor \"{cursor}\" belongs to a list in another order"
        ))
        .hint("Pass `next` of the previous page unchanged, with the same order"));
    }
    Ok(())
}

pub(super) fn at_most_a_thousand(ids: &[TaskId]) -> Result<(), ApiError> {
    if ids.len() <= MOST_IDS {
        return Ok(());
    }
    Err(ApiError::invalid(format!("{} task ids are too many: at most {MOST_IDS}", ids.len()))
        .hint("Ask for some at a time"))
}

pub(super) fn at_most_a_hundred(models: &[String]) -> Result<(), ApiError> {
    let is_long = |model: &String| model.chars().count() > LONGEST_SEARCH;
    if models.len() <= MOST_MODELS && !models.iter().any(is_long) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "At most {MOST_MODELS} models of at most {LONGEST_SEARCH} characters can be asked for"
    ))
    .hint("Ask for some at a time, or leave `model` out for all"))
}
