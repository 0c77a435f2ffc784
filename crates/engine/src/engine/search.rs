//! Searching in prompts, results and logs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use claude_worker_api::{ApiError, ListQuery, SearchHit, SearchPage, SearchQuery, TaskId};

use super::list::{LONGEST_SEARCH, at_most_a_hundred};
use super::{Engine, Inner};
use crate::EngineError;
use crate::search::{self, Words};
use crate::store::{FoundPassage, StoredTask};

/// How many passages are looked at together.
const PASSAGES: i64 = 400;
/// After this time a page ends, however few tasks it has: a filter may leave out nearly all.
const LONGEST: Duration = Duration::from_millis(500);

impl Engine {
    pub(super) async fn search_texts(&self, query: SearchQuery) -> Result<SearchPage, ApiError> {
        if query.words.chars().count() > LONGEST_SEARCH {
            return Err(ApiError::invalid(format!(
                "The words to search for have more than {LONGEST_SEARCH} characters"
            ))
            .hint("Search for a few words"));
        }
        at_most_a_hundred(&query.models)?;
        let words = Words::parse(&query.words);
        self.read(move |inner| {
            if query.project.is_some() {
                // A project that does not exist is refused, whatever the words find.
                let of_project =
                    ListQuery { project: query.project.clone(), ..ListQuery::default() };
                inner.readers.list(&of_project, 1)?;
            }
            words.map_or_else(|| Ok(SearchPage::default()), |words| inner.search(&words, &query))
        })
        .await
    }
}

impl Inner {
    fn search(&self, words: &Words, query: &SearchQuery) -> Result<SearchPage, EngineError> {
        let limit = query.limit.unwrap_or(20).clamp(1, 100) as usize;
        let expression = words.expression();
        let mut page = SearchPage::default();
        let mut before = query.before;
        let began = Instant::now();
        loop {
            let Some((passages, progress)) = self.searches.find(&expression, before, PASSAGES)?
            else {
                page.incomplete = true;
                return Ok(page);
            };
            page.incomplete = progress.unread_below.is_some();
            let is_last = (passages.len() as i64) < PASSAGES;
            let Some(last) = passages.last().map(|passage| passage.task) else { return Ok(page) };
            for found in self.wanted(&best_of_each(passages), query)? {
                if page.hits.len() == limit {
                    page.next = page.hits.last().map(|hit| hit.task.id);
                    return Ok(page);
                }
                page.hits.extend(self.hit(words, &found)?);
            }
            if is_last {
                return Ok(page);
            }
            // The last task may have more passages. It is found without them, at one of those that were read.
            before = Some(last);
            if began.elapsed() > LONGEST {
                page.next = before;
                return Ok(page);
            }
        }
    }

    /// Those passages whose tasks are there and are wanted.
    fn wanted(
        &self,
        passages: &[FoundPassage],
        query: &SearchQuery,
    ) -> Result<Vec<FoundPassage>, EngineError> {
        let query = ListQuery {
            ids: passages.iter().map(|passage| passage.task).collect(),
            statuses: query.statuses.clone(),
            project: query.project.clone(),
            agents: query.agents.clone(),
            models: query.models.clone(),
            since: query.since,
            ..ListQuery::default()
        };
        let tasks = self.readers.found(&query)?;
        let by_task: HashMap<TaskId, &FoundPassage> =
            passages.iter().map(|passage| (passage.task, passage)).collect();
        let of_task =
            |stored: &StoredTask| by_task.get(&stored.task.id).map(|found| (*found).clone());
        Ok(tasks.iter().filter_map(of_task).collect())
    }

    fn hit(&self, words: &Words, found: &FoundPassage) -> Result<Option<SearchHit>, EngineError> {
        let Some((stored, detail)) = self.readers.detail(found.task)? else { return Ok(None) };
        let snippet = search::snippet(&self.readers, &self.runs, words, &detail, found)?;
        Ok(snippet.map(|snippet| SearchHit {
            task: self.overlay(stored),
            place: search::place(found.kind),
            run: found.run.clone(),
            snippet,
        }))
    }
}

/// The best passage of each task: a prompt rather than a result, a result rather than a log, and of these the newest.
fn best_of_each(passages: Vec<FoundPassage>) -> Vec<FoundPassage> {
    let mut best: Vec<FoundPassage> = Vec::new();
    for passage in passages {
        match best.last_mut() {
            Some(last) if last.task == passage.task => {
                if passage.kind < last.kind {
                    *last = passage;
                }
            }
            _ => best.push(passage),
        }
    }
    best
}
