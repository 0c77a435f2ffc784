//! Filling the index for searches, in the background.
//!
//! Submissions and runs do not wait for it: one thread follows the events that are published anyway, reads what has
//! changed from the database and from run output, and writes it into a file of its own. What it has done is stored
//! together with how far it came, so it may be killed at any instant. When the index is missing, damaged or too far
//! behind, it is made anew from the tasks, the newest first. Between its steps the thread rests three times as long
//! as it worked.

mod passages;
mod words;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use claude_worker_api::{
    EventQuery, LogQuery, Run, RunId, SearchPlace, SnippetPart, Task, TaskDetail, TaskId,
};
use tokio::sync::watch;

use crate::live::Runs;
use crate::logs::{self, Source};
use crate::store::{
    EventFilter, FoundPassage, NewPassage, PassageKind, Progress, Readers, SearchIndex,
    SearchReaders, is_damage,
};
use crate::{Claim, EngineError, Paths, disk};

use passages::{LogPassages, Passage};
pub(crate) use words::Words;

/// After an event the index waits for more of them.
const SOON: Duration = Duration::from_millis(300);
/// After an error it tries again.
const LATER: Duration = Duration::from_secs(60);
/// How many events one step takes.
const EVENTS: u32 = 200;
/// How many older tasks one step reads.
const TASKS: u32 = 50;
/// How long it rests at most between steps.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How many bytes of a run's log are searched.
const LOG: usize = 1024 * 1024;
/// How many items of a log are read at once.
const ITEMS: u32 = 500;
/// How large the index becomes. When it is larger, the oldest logs are not found any more.
const LARGEST: u64 = 512 * 1024 * 1024;
/// How many passages are removed from an index that is too large, at a time.
const REMOVED_AT_ONCE: i64 = 2_000;

/// What the thread that fills the index needs.
pub(crate) struct Indexer {
    pub(crate) paths: Paths,
    pub(crate) readers: Readers,
    pub(crate) runs: Arc<Runs>,
    /// What searches, and has to use another file when there is one.
    pub(crate) searches: Arc<SearchReaders>,
    /// How many bytes are to stay free on the disk.
    pub(crate) free_disk: Box<dyn Fn() -> u64 + Send>,
    /// Closes when the engine has stopped.
    pub(crate) ended: watch::Receiver<()>,
}

/// What a step of the indexer has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There may be more to do.
    Worked,
    /// Nothing is left to do.
    Idle,
    /// The engine has stopped: what was done is not kept.
    Stopped,
}

/// Why the index could not be filled.
enum Failure {
    /// Its own file.
    Index(EngineError),
    /// The tasks, or what they left.
    Tasks(EngineError),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::Index(error)
    }
}

/// Fills the index on a thread of its own, until the engine has stopped. The thread shares the claim of the data
/// directory, so that its file is closed before others may use or remove the directory. The result closes when
/// the thread has let go of both; nothing is ever sent.
pub(crate) fn index_in_background(
    indexer: Indexer,
    newest: watch::Receiver<i64>,
    claim: Arc<Claim>,
) -> Result<watch::Receiver<()>, EngineError> {
    let (ending, ended) = watch::channel(());
    let cannot_start = || EngineError::io("cannot start the search index");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(cannot_start())?;
    std::thread::Builder::new()
        .name("search-index".to_owned())
        .stack_size(1024 * 1024)
        .spawn(move || {
            let mut while_running = indexer.ended.clone();
            runtime.block_on(async {
                tokio::select! {
                    _ = while_running.changed() => {}
                    () = indexer.run(newest) => {}
                }
            });
            drop(indexer);
            drop(claim);
            drop(ending);
        })
        .map_err(cannot_start())?;
    Ok(ended)
}

impl Indexer {
    async fn run(&self, mut newest: watch::Receiver<i64>) {
        loop {
            match self.fill(&mut newest).await {
                Ok(()) if self.is_stopped() => return,
                Ok(()) => {
                    tracing::info!("the search index was removed and is made anew");
                    self.searches.close();
                    continue;
                }
                Err(Failure::Index(error)) if is_damage(&error) => {
                    // It is made anew at once, but a disk that damages it again is left alone.
                    tracing::warn!(%error, "the search index is damaged");
                    self.searches.close();
                    if let Err(error) = SearchIndex::discard(&self.paths.search) {
                        tracing::warn!(%error, "the search index cannot be removed");
                    }
                }
                Err(Failure::Index(error) | Failure::Tasks(error)) => {
                    tracing::warn!(%error, "the search index is not current");
                }
            }
            tokio::time::sleep(LATER).await;
        }
    }

    /// Follows the events until the engine has stopped, or the file was removed.
    async fn fill(&self, newest: &mut watch::Receiver<i64>) -> Result<(), Failure> {
        let known = *newest.borrow_and_update();
        let index = SearchIndex::open(&self.paths.search, known)?;
        self.searches.close();
        while !self.is_stopped() && index.is_in_place() {
            let began = Instant::now();
            let step = if disk::has_room(&self.paths, (self.free_disk)()) {
                self.step(&index, *newest.borrow_and_update())?
            } else {
                tokio::time::sleep(LATER).await;
                continue;
            };
            match step {
                Step::Worked => {
                    tokio::time::sleep((began.elapsed() * 3).min(LONGEST_REST)).await;
                }
                Step::Idle => tokio::select! {
                    changed = newest.changed() => match changed {
                        Ok(()) => tokio::time::sleep(SOON).await,
                        Err(_) => return Ok(()),
                    },
                    () = self.searches.missing() => {}
                },
                Step::Stopped => return Ok(()),
            }
        }
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.ended.has_changed().is_err()
    }

    /// Does a bounded part of what there is to do, as one transaction.
    fn step(&self, index: &SearchIndex, newest: i64) -> Result<Step, Failure> {
        index.begin()?;
        let step = self.step_within(index, newest);
        match &step {
            Ok(Step::Worked | Step::Idle) => index.commit()?,
            Ok(Step::Stopped) | Err(_) => index.roll_back(),
        }
        step
    }

    fn step_within(&self, index: &SearchIndex, newest: i64) -> Result<Step, Failure> {
        let mut progress = index.progress()?;
        let tasks = if progress.event < newest {
            self.changed(index, newest, &mut progress)?
        } else if let Some(below) = progress.unread_below {
            let tasks = self.readers.tasks_below(below, TASKS).map_err(Failure::Tasks)?;
            progress.unread_below = tasks.last().copied();
            tasks
        } else {
            return Ok(Step::Idle);
        };
        // In the order of their numbers: the index takes what is greater more easily.
        for task in tasks.into_iter().collect::<BTreeSet<_>>() {
            if self.is_stopped() {
                return Ok(Step::Stopped);
            }
            match self.readers.detail(task).map_err(Failure::Tasks)? {
                Some((_, detail)) => self.index_task(index, &detail)?,
                None => index.remove_task(task)?,
            }
        }
        if self.is_stopped() {
            return Ok(Step::Stopped);
        }
        if index.size()? > LARGEST {
            index.remove_oldest_logs(REMOVED_AT_ONCE)?;
            index.merge()?;
        }
        index.set_progress(progress)?;
        Ok(Step::Worked)
    }

    /// The tasks that the next events are about.
    fn changed(
        &self,
        index: &SearchIndex,
        newest: i64,
        progress: &mut Progress,
    ) -> Result<Vec<TaskId>, Failure> {
        let filter = EventFilter::new(&EventQuery { lasting: true, ..EventQuery::default() });
        let (events, gap) =
            self.readers.events(progress.event, EVENTS, &filter).map_err(Failure::Tasks)?;
        if gap {
            // The events that would name removed tasks are gone: index all tasks again.
            index.clear()?;
            *progress = Progress { event: newest, unread_below: Some(TaskId(i64::MAX)) };
            return Ok(Vec::new());
        }
        let last = events.last().map_or(0, |event| event.seq);
        // Passing events have numbers, too, and are not among them.
        let is_all = events.len() < EVENTS as usize;
        progress.event = if is_all { last.max(newest) } else { last };
        Ok(events.iter().filter_map(|event| event.task).collect())
    }

    fn index_task(&self, index: &SearchIndex, detail: &TaskDetail) -> Result<(), Failure> {
        let id = detail.task.id;
        let fingerprint = fingerprint(&detail.request.execution_prompt);
        if index.fingerprint(id, None)? != Some(fingerprint) {
            index.remove_prompt(id)?;
            let passages = passages::of_text(&detail.request.execution_prompt);
            index.add(id, None, fingerprint, &to_index(PassageKind::Prompt, None, passages))?;
        }
        for run in detail.run_history.iter().filter(|run| run.outcome.is_some()) {
            if self.is_stopped() {
                break;
            }
            if index.fingerprint(id, Some(&run.id))?.is_none() {
                let passages = self.of_run(&detail.task, run).map_err(Failure::Tasks)?;
                index.add(id, Some(&run.id), 0, &passages)?;
            }
        }
        Ok(())
    }

    /// What is searched of a run that has ended.
    fn of_run(&self, task: &Task, run: &Run) -> Result<Vec<NewPassage>, EngineError> {
        let follow_up = run.follow_up.as_deref().map(passages::of_text).unwrap_or_default();
        let mut all = to_index(PassageKind::Prompt, Some(&run.id), follow_up);
        let result = self.readers.result_of(&run.id)?.unwrap_or_default();
        let result = passages::of_text(&result);
        all.extend(to_index(PassageKind::Result, Some(&run.id), result));
        let mut log = LogPassages::default();
        let mut after = 0;
        while !run.output_deleted && log.len() < LOG {
            let Ok(page) = self.log(task, run, after) else { break };
            page.entries.iter().for_each(|entry| log.push(entry));
            if page.end || page.next <= after {
                break;
            }
            after = page.next;
        }
        all.extend(to_index(PassageKind::Log, Some(&run.id), log.finish()));
        Ok(all)
    }

    fn log(
        &self,
        task: &Task,
        run: &Run,
        after: u64,
    ) -> Result<claude_worker_api::LogPage, EngineError> {
        log_page(&self.runs, task, run, after, ITEMS)
    }
}

fn log_page(
    runs: &Runs,
    task: &Task,
    run: &Run,
    after: u64,
    limit: u32,
) -> Result<claude_worker_api::LogPage, EngineError> {
    let dir = runs.directory(&run.id);
    let source = Source { dir: &dir, run, agent: task.agent, over: true, live: None };
    logs::page(&source, &LogQuery { after, limit: Some(limit), ..LogQuery::default() })
}

fn to_index(kind: PassageKind, run: Option<&RunId>, passages: Vec<Passage>) -> Vec<NewPassage> {
    let passages = passages.into_iter().map(|Passage { offset, text }| NewPassage {
        kind,
        run: run.cloned(),
        place: offset,
        inner: words::inner_words(&text),
        text,
    });
    passages.collect()
}

/// Differs for different texts. A version of the standard library may compute another one: then they are read again.
fn fingerprint(text: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// The text of a passage that was found, or none when it is no longer there.
pub(crate) fn snippet(
    readers: &Readers,
    runs: &Runs,
    words: &Words,
    detail: &TaskDetail,
    found: &FoundPassage,
) -> Result<Option<Vec<SnippetPart>>, EngineError> {
    let from = |text: &str| {
        let at = usize::try_from(found.place).unwrap_or(usize::MAX);
        text.get(at..).and_then(|rest| passages::of_text(rest).into_iter().next())
    };
    let run = found.run.as_ref();
    let text = match (found.kind, run) {
        (PassageKind::Prompt, None) => from(&detail.request.execution_prompt),
        (PassageKind::Prompt, Some(run)) => {
            let run = detail.run_history.iter().find(|known| known.id == *run);
            run.and_then(|run| run.follow_up.as_deref()).and_then(from)
        }
        (PassageKind::Result, Some(run)) => readers.result_of(run)?.as_deref().and_then(from),
        (PassageKind::Log, Some(run)) => {
            let run = detail.run_history.iter().find(|known| known.id == *run);
            let page = run.map(|run| log_page(runs, &detail.task, run, found.place, ITEMS));
            let mut log = LogPassages::default();
            for entry in page.and_then(Result::ok).map(|page| page.entries).unwrap_or_default() {
                log.push(&entry);
                // An item before it on the same line comes first.
                if log.completed().len() > 1 {
                    break;
                }
            }
            let text: String = log.finish().into_iter().map(|passage| passage.text).collect();
            Some(Passage { offset: found.place, text }).filter(|passage| !passage.text.is_empty())
        }
        _ => None,
    };
    Ok(text.map(|passage| words.snippet(&passage.text)))
}

/// What clients call the place of a passage.
pub(crate) const fn place(kind: PassageKind) -> SearchPlace {
    match kind {
        PassageKind::Prompt => SearchPlace::Prompt,
        PassageKind::Result => SearchPlace::Result,
        PassageKind::Log => SearchPlace::Log,
    }
}
