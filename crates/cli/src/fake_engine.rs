//! For tests of commands: an engine in memory, and (in `written`) a console that keeps what was written.

mod observed;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use claude_worker_api::{
    ApiError, ChangedFiles, CleanQuery, Cleaned, Counts, Edit, EngineInfo, ErrorCode, Event,
    EventKind, EventPage, EventQuery, FollowUp, HttpState, ListQuery, LogEntry, LogItem, LogPage,
    LogQuery, LoginCode, NewLogin, NewTask, Order, OutputChunk, OutputQuery, OutputStream, Patch,
    PatchQuery, Pause, Queue, Retry, Run, RunId, RunOutcome, SaveTemplate, SeenQuery, Settings,
    State, StopRequest, Stopped, Task, TaskApi, TaskChanges, TaskDetail, TaskId, TaskPage,
    TaskQuery, TemplateName, Templates, Trust, TrustChange, TrustSource, TrustedDirectory, Unseen,
    Usage, Verdict,
};
use tokio::sync::Notify;

use crate::render::samples::{self, NOW};

pub(crate) use observed::Observed;
pub(crate) use written::{Closed, Look, Written};

type Answer<T> = Result<T, ApiError>;

/// An engine whose tasks and failures the test sets.
#[derive(Default)]
pub(crate) struct FakeEngine {
    memory: Mutex<Memory>,
    news: Notify,
}

#[derive(Default)]
struct Memory {
    tasks: BTreeMap<TaskId, TaskDetail>,
    logs: HashMap<RunId, Log>,
    events: Vec<Event>,
    submitted: Vec<NewTask>,
    follow_ups: Vec<String>,
    changes: Vec<TaskChanges>,
    files: HashMap<TaskId, (ChangedFiles, Patch)>,
    paused: bool,
    trust: Trust,
    templates: Templates,
    /// How many of the next calls find no engine.
    away: u32,
    gone: bool,
}

#[derive(Default)]
struct Log {
    entries: Vec<LogEntry>,
    bytes: Vec<u8>,
    ended: bool,
}

impl FakeEngine {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }

    /// Adds a task.
    pub(crate) fn put(&self, task: Task) {
        let request = NewTask { execution_prompt: task.name.clone(), ..NewTask::default() };
        let detail = TaskDetail {
            task,
            request,
            run_history: Vec::new(),
            result: None,
            unreadable: Vec::new(),
        };
        self.memory().tasks.insert(detail.task.id, detail);
    }

    /// Sets the files that a task changed.
    pub(crate) fn set_changes(&self, id: i64, files: ChangedFiles, patch: Patch) {
        self.memory().files.insert(TaskId(id), (files, patch));
    }

    /// Starts the next run of a task.
    pub(crate) fn begin(&self, id: i64) -> RunId {
        let id = TaskId(id);
        let mut memory = self.memory();
        let detail = memory.tasks.get_mut(&id).unwrap();
        let number = detail.run_history.len() as u32 + 1;
        let run = RunId::new(id, number, 7);
        detail.run_history.push(Run {
            id: run.clone(),
            number,
            follow_up: None,
            queued_at: None,
            started_at: Some(NOW),
            outcome: None,
            session_id: None,
            usage: Usage::default(),
            output_bytes: 0,
            output_deleted: false,
        });
        let state = State::Running { started_at: Some(NOW), stopping: false };
        detail.task.runs = number;
        detail.task.state = state.clone();
        memory.logs.insert(run.clone(), Log::default());
        drop(memory);
        self.happen(id, EventKind::StateChanged { state });
        run
    }

    /// Adds output to a run.
    pub(crate) fn print(&self, run: &RunId, text: &str) {
        let mut memory = self.memory();
        let log = memory.logs.get_mut(run).unwrap();
        let offset = log.entries.len() as u64;
        let item = LogItem::Output { text: text.trim_end().to_owned(), stderr: false };
        log.entries.push(LogEntry { offset, at: None, item });
        log.bytes.extend_from_slice(text.as_bytes());
        drop(memory);
        self.news.notify_waiters();
    }

    /// Adds an entry to the log of a run.
    pub(crate) fn add_entry(&self, run: &RunId, item: LogItem) {
        let mut memory = self.memory();
        let log = memory.logs.get_mut(run).unwrap();
        let offset = log.entries.len() as u64;
        log.entries.push(LogEntry { offset, at: None, item });
    }

    /// Adds bytes that need not be UTF-8 to the output of a run.
    pub(crate) fn print_bytes(&self, run: &RunId, bytes: &[u8]) {
        self.memory().logs.get_mut(run).unwrap().bytes.extend_from_slice(bytes);
    }

    /// Completes the output of a run without changing the task's state.
    pub(crate) fn end_run(&self, run: &RunId) {
        self.memory().logs.get_mut(run).unwrap().ended = true;
        self.news.notify_waiters();
    }

    /// Changes a task without an event.
    pub(crate) fn change(&self, id: i64, change: impl FnOnce(&mut Task)) {
        change(&mut self.memory().tasks.get_mut(&TaskId(id)).unwrap().task);
    }

    /// The output of the task's newest run is complete, and the run has completed.
    pub(crate) fn complete_run(&self, id: i64, run: &RunId) {
        let verdict = Verdict::Completed { denied_tools: Vec::new(), notes: Vec::new() };
        let outcome = RunOutcome { ended_at: NOW, verdict, exit_code: Some(0), exit_signal: None };
        let mut memory = self.memory();
        let detail = memory.tasks.get_mut(&TaskId(id)).unwrap();
        detail.run_history.last_mut().unwrap().outcome = Some(outcome);
        drop(memory);
        self.end_run(run);
    }

    /// Deletes the output of a task's newest run, which had this many bytes.
    pub(crate) fn delete_output(&self, id: i64, bytes: u64) {
        let mut memory = self.memory();
        let detail = memory.tasks.get_mut(&TaskId(id)).unwrap();
        let run = detail.run_history.last_mut().unwrap();
        (run.output_deleted, run.output_bytes) = (true, bytes);
        let run = run.id.clone();
        memory.logs.remove(&run);
    }

    /// Changes the state and the result of a task.
    pub(crate) fn finish(&self, id: i64, state: State, result: &str) {
        let id = TaskId(id);
        let mut memory = self.memory();
        let detail = memory.tasks.get_mut(&id).unwrap();
        detail.task.state = state.clone();
        detail.task.unseen = state.is_finished();
        detail.result = Some(result.to_owned());
        drop(memory);
        self.happen(id, EventKind::StateChanged { state });
    }

    /// Removes a task.
    pub(crate) fn forget(&self, id: i64) {
        self.memory().tasks.remove(&TaskId(id));
        self.happen(TaskId(id), EventKind::Removed);
    }

    /// The next `calls` calls find no engine, and pending calls lose their connection.
    pub(crate) fn go_away(&self, calls: u32) {
        self.memory().away = calls;
        self.news.notify_waiters();
    }

    /// The submitted tasks.
    pub(crate) fn submitted(&self) -> Vec<NewTask> {
        self.memory().submitted.clone()
    }

    /// What the retries, follow-ups and edits so far changed.
    pub(crate) fn changes(&self) -> Vec<TaskChanges> {
        self.memory().changes.clone()
    }

    /// The follow-ups that were sent.
    pub(crate) fn follow_ups(&self) -> Vec<String> {
        self.memory().follow_ups.clone()
    }

    fn happen(&self, task: TaskId, kind: EventKind) {
        let mut memory = self.memory();
        let seq = memory.events.len() as i64 + 1;
        memory.events.push(Event { seq, at: NOW, task: Some(task), kind });
        drop(memory);
        self.news.notify_waiters();
    }

    fn reach(&self) -> Answer<MutexGuard<'_, Memory>> {
        let mut memory = self.memory();
        if memory.gone {
            return Err(ApiError::unavailable("No engine is running"));
        }
        if memory.away > 0 {
            memory.away -= 1;
            return Err(ApiError::unavailable("No engine answers"));
        }
        Ok(memory)
    }

    /// A long poll: repeats `ask` until it returns something or the time is over.
    async fn poll<T>(
        &self,
        wait_ms: u64,
        mut ask: impl FnMut(&Memory) -> Answer<(T, bool)>,
    ) -> Answer<T> {
        let deadline = tokio::time::Instant::now() + Duration::from_millis(wait_ms);
        loop {
            let news = self.news.notified();
            let mut news = std::pin::pin!(news);
            news.as_mut().enable();
            let (answer, worth_it) = ask(&*self.reach()?)?;
            if worth_it || tokio::time::timeout_at(deadline, news).await.is_err() {
                return Ok(answer);
            }
        }
    }
}

fn detail(memory: &Memory, id: TaskId) -> Answer<&TaskDetail> {
    memory.tasks.get(&id).ok_or_else(|| ApiError::no_task(id))
}

/// The requested run, or the newest.
fn run_of(memory: &Memory, id: TaskId, run: Option<&RunId>) -> Answer<Option<RunId>> {
    let newest = || detail(memory, id).map(|d| d.run_history.last().map(|run| run.id.clone()));
    detail(memory, id)?;
    run.map_or_else(newest, |run| Ok(Some(run.clone())))
}

impl TaskApi for FakeEngine {
    async fn submit(&self, new: NewTask) -> Answer<Task> {
        let mut memory = self.reach()?;
        let same = |detail: &&TaskDetail| {
            new.idempotency_key.is_some() && detail.request.idempotency_key == new.idempotency_key
        };
        if let Some(detail) = memory.tasks.values().find(same) {
            return Ok(Task { submitted_before: true, ..detail.task.clone() });
        }
        let id = memory.tasks.keys().last().map_or(1, |id| id.0 + 1);
        let name = new.name.clone().unwrap_or_else(|| new.execution_prompt.clone());
        let task = Task { runs: 0, ..samples::task(id, &name, State::Pending) };
        memory.submitted.push(new.clone());
        let detail = TaskDetail {
            task: task.clone(),
            request: new,
            run_history: Vec::new(),
            result: None,
            unreadable: Vec::new(),
        };
        memory.tasks.insert(TaskId(id), detail);
        Ok(task)
    }

    async fn list(&self, query: ListQuery) -> Answer<TaskPage> {
        let memory = self.reach()?;
        let mut counts = Counts::default();
        for detail in memory.tasks.values() {
            *counts.get_mut(detail.task.state.status()) += 1;
        }
        let matching = |task: &&Task| {
            (query.statuses.is_empty() || query.statuses.contains(&task.state.status()))
                && (query.ids.is_empty() || query.ids.contains(&task.id))
                && query.cursor.is_none_or(|cursor| match query.order {
                    Order::OldestFirst => task.id > cursor.id,
                    _ => task.id < cursor.id,
                })
                && (!query.attention || task.needs_attention())
                && (query.agents.is_empty() || query.agents.contains(&task.agent))
                && query.since.is_none_or(|since| task.created_at >= since)
                && query.directory.as_ref().is_none_or(|path| task.working_directory == *path)
        };
        let mut all: Vec<Task> =
            memory.tasks.values().rev().map(|d| &d.task).filter(matching).cloned().collect();
        if query.order == Order::OldestFirst {
            all.reverse();
        }
        let limit = query.limit.unwrap_or(50) as usize;
        let next = (all.len() > limit).then(|| query.order.after(&all[limit - 1], limit as u64));
        Ok(TaskPage { tasks: all.into_iter().take(limit).collect(), next, counts })
    }

    async fn get(&self, id: TaskId, _: TaskQuery) -> Answer<TaskDetail> {
        detail(&*self.reach()?, id).cloned()
    }

    async fn changes(&self, id: TaskId) -> Answer<ChangedFiles> {
        let files = self.reach()?.files.get(&id).map(|(files, _)| files.clone());
        files.ok_or_else(|| ApiError::no_task(id))
    }

    async fn patch(&self, id: TaskId, query: PatchQuery) -> Answer<Patch> {
        let memory = self.reach()?;
        let (files, patch) = memory.files.get(&id).ok_or_else(|| ApiError::no_task(id))?;
        match &query.path {
            Some(path) if files.files.iter().all(|file| file.path != *path) => {
                Err(ApiError::new(ErrorCode::NotFound, "The task did not change it"))
            }
            _ => Ok(patch.clone()),
        }
    }

    async fn log(&self, id: TaskId, query: LogQuery) -> Answer<LogPage> {
        self.poll(query.wait_ms, |memory| {
            let Some(run) = run_of(memory, id, query.run.as_ref())? else {
                return Ok((
                    LogPage {
                        run: None,
                        entries: Vec::new(),
                        start: 0,
                        next: 0,
                        end: false,
                        live: None,
                    },
                    false,
                ));
            };
            let log = &memory.logs[&run];
            if query.tail || query.before.is_some() {
                let end = query.before.map_or(log.entries.len(), |before| before as usize);
                let start = end.saturating_sub(query.limit.unwrap_or(500) as usize);
                let entries = log.entries[start..end].to_vec();
                let (start, next) = (start as u64, log.bytes.len() as u64);
                let end = log.ended;
                return Ok((
                    LogPage { run: Some(run), entries, start, next, end, live: None },
                    true,
                ));
            }
            let rest = log.entries.iter().skip(query.after as usize);
            // Two per page, so that every test reads several pages.
            let entries: Vec<_> = rest.take(2).cloned().collect();
            let next = query.after + entries.len() as u64;
            let end = log.ended && next == log.entries.len() as u64;
            let worth_it = end || !entries.is_empty();
            let start = query.after;
            Ok((LogPage { run: Some(run), entries, start, next, end, live: None }, worth_it))
        })
        .await
    }

    async fn output(&self, id: TaskId, query: OutputQuery) -> Answer<OutputChunk> {
        self.poll(query.wait_ms, |memory| {
            let Some(run) = run_of(memory, id, query.run.as_ref())? else {
                return Ok((
                    OutputChunk { run: None, bytes: Vec::new(), next: 0, end: false },
                    false,
                ));
            };
            let log = &memory.logs[&run];
            if query.stream == OutputStream::Stderr {
                let end = log.ended;
                return Ok((OutputChunk { run: Some(run), bytes: Vec::new(), next: 0, end }, end));
            }
            let rest = &log.bytes[log.bytes.len().min(query.offset as usize)..];
            // A few bytes at a time, so that every test reads several chunks; the requested number where
            // there are that many.
            let limit = query.limit.unwrap_or(12) as usize;
            let count = if rest.len() < limit { rest.len().min(12) } else { limit };
            let bytes = rest[..count].to_vec();
            let next = query.offset.min(log.bytes.len() as u64) + bytes.len() as u64;
            let end = log.ended && next == log.bytes.len() as u64;
            let worth_it = end || !bytes.is_empty();
            Ok((OutputChunk { run: Some(run), bytes, next, end }, worth_it))
        })
        .await
    }

    async fn cancel(&self, id: TaskId) -> Answer<Task> {
        let mut memory = self.reach()?;
        let detail = memory.tasks.get_mut(&id).ok_or_else(|| ApiError::no_task(id))?;
        detail.task.state = match detail.task.state.clone() {
            State::Pending => State::Cancelled { ended_at: NOW },
            State::Running { started_at, .. } => State::Running { started_at, stopping: true },
            State::Cancelled { ended_at } => State::Cancelled { ended_at },
            _ => return Err(ApiError::conflict(format!("Task {id} has already finished"))),
        };
        Ok(detail.task.clone())
    }

    async fn retry(&self, id: TaskId, retry: Retry) -> Answer<Task> {
        let mut memory = self.reach()?;
        memory.changes.push(retry.changes);
        let detail = memory.tasks.get_mut(&id).ok_or_else(|| ApiError::no_task(id))?;
        if !detail.task.state.is_finished() {
            return Err(ApiError::conflict(format!("Task {id} has not finished")));
        }
        detail.task.state = State::Pending;
        Ok(detail.task.clone())
    }

    async fn resume(&self, id: TaskId, follow_up: FollowUp) -> Answer<Task> {
        let changes = follow_up.changes.clone();
        let task = self.retry(id, Retry { changes, ..Retry::default() }).await?;
        self.memory().follow_ups.push(follow_up.prompt);
        Ok(task)
    }

    async fn edit(&self, id: TaskId, edit: Edit) -> Answer<Task> {
        let mut memory = self.reach()?;
        let detail = memory.tasks.get_mut(&id).ok_or_else(|| ApiError::no_task(id))?;
        if detail.task.state != State::Pending {
            return Err(ApiError::conflict(format!("Task {id} has begun")));
        }
        edit.changes.apply(&mut detail.request);
        let task = detail.task.clone();
        memory.changes.push(edit.changes);
        Ok(task)
    }

    async fn remove(&self, id: TaskId) -> Answer<()> {
        self.reach()?.tasks.remove(&id).map(drop).ok_or_else(|| ApiError::no_task(id))
    }

    async fn clean(&self, query: CleanQuery) -> Answer<Cleaned> {
        let mut memory = self.reach()?;
        let matching = |task: &&Task| {
            let status = task.state.status();
            status.is_finished() && (query.statuses.is_empty() || query.statuses.contains(&status))
        };
        let tasks = memory.tasks.values().map(|detail| &detail.task);
        let (kept, gone): (Vec<Task>, Vec<Task>) =
            tasks.filter(matching).cloned().partition(|task| task.unseen && !query.unseen);
        let (removed, kept_unseen) = (gone.len() as u64, kept.len() as u64);
        if query.dry_run {
            let would_remove = Some(removed);
            return Ok(Cleaned { removed: 0, would_remove, kept_unseen, tasks: gone });
        }
        for task in gone {
            memory.tasks.remove(&task.id);
        }
        Ok(Cleaned { removed, kept_unseen, ..Cleaned::default() })
    }

    async fn seen(&self, query: SeenQuery) -> Answer<Queue> {
        for (id, detail) in &mut self.reach()?.tasks {
            detail.task.unseen &= !(query.ids.is_empty() || query.ids.contains(id));
        }
        Ok(self.engine().await?.queue)
    }

    async fn set_paused(&self, Pause { paused }: Pause) -> Answer<Queue> {
        self.reach()?.paused = paused;
        Ok(self.engine().await?.queue)
    }

    async fn events(&self, query: EventQuery) -> Answer<EventPage> {
        self.poll(query.wait_ms, |memory| {
            let newest = memory.events.len() as i64;
            let after = query.after.unwrap_or(newest);
            let events: Vec<_> =
                memory.events.iter().filter(|event| event.seq > after).cloned().collect();
            let worth_it = !events.is_empty();
            Ok((EventPage { events, next: newest, gap: false }, worth_it))
        })
        .await
    }

    async fn settings(&self) -> Answer<Settings> {
        let mut settings = Settings::default();
        // What a request has does not go by the shell in which the tests run.
        settings.env.pass.clear();
        Ok(settings)
    }

    async fn engine(&self) -> Answer<EngineInfo> {
        let memory = self.reach()?;
        let mut counts = Counts::default();
        for detail in memory.tasks.values() {
            *counts.get_mut(detail.task.state.status()) += 1;
        }
        let queue = Queue { paused: memory.paused, workers: 4, counts, unseen: Unseen::default() };
        Ok(EngineInfo { queue, ..samples::engine() })
    }

    async fn trusted(&self) -> Answer<Trust> {
        self.reach().map(|memory| memory.trust.clone())
    }

    async fn set_trusted(&self, change: TrustChange) -> Answer<Trust> {
        let mut memory = self.reach()?;
        memory.trust.directories.retain(|it| it.path != change.directory);
        if change.trusted {
            let (path, by) = (change.directory, TrustSource::ClaudeWorker);
            memory.trust.directories.push(TrustedDirectory { path, by });
        }
        Ok(memory.trust.clone())
    }

    async fn templates(&self) -> Answer<Templates> {
        self.reach().map(|memory| memory.templates.clone())
    }

    async fn save_template(&self, save: SaveTemplate) -> Answer<Templates> {
        claude_worker_agents::validate_template(&save.template)?;
        let mut memory = self.reach()?;
        let list = &mut memory.templates.templates;
        match save.replaces {
            Some(name) => list.retain(|template| template.name != name),
            None if list.iter().any(|template| template.name == save.template.name) => {
                return Err(ApiError::new(ErrorCode::Conflict, "There is one already"));
            }
            None => {}
        }
        list.push(save.template);
        Ok(memory.templates.clone())
    }

    async fn remove_template(&self, TemplateName { name }: TemplateName) -> Answer<Templates> {
        let mut memory = self.reach()?;
        memory.templates.templates.retain(|template| template.name != name);
        Ok(memory.templates.clone())
    }

    async fn http(&self) -> Answer<HttpState> {
        let url = Some("https://127.0.0.1:8443".to_owned());
        let address = Some("192.0.2.7:8443".to_owned());
        self.reach().map(|_| HttpState { url, address, ..HttpState::default() })
    }

    async fn create_login(&self, _: NewLogin) -> Answer<LoginCode> {
        let code = "0123456789abcdef0123456789abcdef".to_owned();
        self.reach().map(|_| LoginCode { code, expires_at: NOW.plus_millis(120_000) })
    }

    async fn stop(&self, _: StopRequest) -> Answer<Stopped> {
        let left_running = self.engine().await?.queue.counts.running;
        self.memory().gone = true;
        Ok(Stopped { left_running })
    }
}
