//! The engine as a whole: started, asked, stopped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claude_worker_api::{
    Agent, ApiError, CleanQuery, Cleaned, EngineInfo, ErrorCode, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, NewTask, OutputChunk, OutputQuery, PROTOCOL, Queue, Run, State,
    StopMode, Stopped, Task, TaskApi, TaskDetail, TaskId, TaskPage, Timestamp,
};
use claude_worker_supervisor::{Bell, SupervisorCommand, fault_point};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::dispatcher::{Dispatcher, Shown};
use crate::live::{Places, Runs};
use crate::logs::{self, Source};
use crate::message::{Message, Reply, Request};
use crate::store::{self, Readers, StoredTask, Writer};
use crate::{Claim, Config, EngineError, Paths, disk, env_file};

/// How many messages may wait for the dispatcher.
const INBOX: usize = 1024;
/// How many reads are under way at once.
const READS: usize = 8;
/// How many tasks one round of the dispatcher removes.
const CLEANED_AT_ONCE: u64 = crate::dispatcher::CLEANED_AT_ONCE as u64;
/// The longest a client may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A running engine. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    paths: Paths,
    config: Config,
    started_at: Timestamp,
    readers: Readers,
    runs: Arc<Runs>,
    inbox: mpsc::Sender<Message>,
    shown: Shown,
    /// Closed when the dispatcher has ended.
    ended: watch::Receiver<()>,
    /// What was noticed at the start.
    warning: Option<String>,
    /// Bounds how many reads are under way at once: each needs a thread and descriptors.
    reading: Semaphore,
    /// Held until the last handle and the dispatcher are gone, and no longer than the process.
    _claim: Arc<Claim>,
}

impl Engine {
    /// Opens the database, takes up what the last engine left, and starts the dispatcher.
    ///
    /// `supervisor` says how to start a supervisor process.
    ///
    /// # Errors
    /// [`EngineError::BadDatabase`] when the database cannot be used, and what the system says.
    pub fn start(
        claim: Claim,
        config: Config,
        supervisor: SupervisorCommand,
    ) -> Result<Self, EngineError> {
        raise_descriptor_limit();
        let claim = Arc::new(claim);
        let mut paths = claim.paths().clone();
        let mut writer = store::open(&paths.database)?;
        let warning;
        (paths.runs, warning) = runs_directory(&mut writer, &paths.runs)?;
        // A row that cannot be read is there all the same.
        env_file::sweep(&paths.env, |id| !matches!(writer.task(id), Ok(None)));
        fault_point("engine.opened");
        let (inbox, messages) = mpsc::channel(INBOX);
        let places =
            Places { runs: paths.runs.clone(), env: paths.env.clone(), bell: paths.bell.clone() };
        let runs = Arc::new(Runs::new(places, config.clone(), supervisor, inbox.clone()));
        let bell = Bell::open(&paths.bell)
            .map_err(EngineError::io(format!("cannot open {}", paths.bell.display())))?;
        runs.listen(bell)?;
        let (mut dispatcher, shown) =
            Dispatcher::new(writer, config.clone(), paths.clone(), Arc::clone(&runs), messages)?;
        dispatcher.recover()?;
        let (ending, ended) = watch::channel(());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(EngineError::io("cannot start the dispatcher"))?;
        std::thread::Builder::new()
            .name("dispatcher".to_owned())
            .spawn({
                let (runs, claim) = (Arc::clone(&runs), Arc::clone(&claim));
                move || {
                    // However it ends: nothing may be started once the directory is free.
                    let ended = catch_unwind(AssertUnwindSafe(|| {
                        runtime.block_on(dispatcher.run());
                    }));
                    if ended.is_err() {
                        tracing::error!("the dispatcher failed; the engine stops");
                    }
                    runs.close();
                    drop(claim);
                    drop(ending);
                }
            })
            .map_err(EngineError::io("cannot start the dispatcher"))?;
        Ok(Self {
            inner: Arc::new(Inner {
                readers: Readers::new(paths.database.clone()),
                paths,
                config,
                started_at: Timestamp::now(),
                runs,
                inbox,
                shown,
                ended,
                warning,
                reading: Semaphore::new(READS),
                _claim: claim,
            }),
        })
    }

    /// Closes when the engine has been told to stop and its last transaction is on disk. Nothing
    /// is ever sent.
    #[must_use]
    pub fn stopped(&self) -> watch::Receiver<()> {
        self.inner.ended.clone()
    }

    /// The places this engine uses.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.inner.paths
    }

    async fn ask(&self, request: Request) -> Result<Reply, ApiError> {
        let (answer, answered) = oneshot::channel();
        let gone = || ApiError::unavailable("The engine is shutting down").hint("Try it again");
        self.inner.inbox.send(Message::Request(request, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    async fn ask_for_task(&self, request: Request) -> Result<Task, ApiError> {
        match self.ask(request).await? {
            Reply::Task(task) => Ok(*task),
            other => Err(unexpected(&other)),
        }
    }

    /// Reads from the database on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Inner) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let _turn = self.inner.reading.acquire().await;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || read(&inner))
            .await
            .map_err(|error| ApiError::internal(error.to_string()))?
            .map_err(ApiError::from)
    }

    /// Reads output until there is something to show, the run is over, or the wait is.
    async fn read_output<T: Send + 'static>(
        &self,
        id: TaskId,
        run: Option<claude_worker_api::RunId>,
        wait_ms: u64,
        read: impl Fn(&Source<'_>) -> Result<(T, bool), EngineError> + Clone + Send + 'static,
        nothing: impl Fn(bool) -> T,
    ) -> Result<T, ApiError> {
        let deadline = deadline(wait_ms);
        let mut seq = self.inner.shown.seq.clone();
        loop {
            seq.borrow_and_update();
            let (wanted, read) = (run.clone(), read.clone());
            let (found, grown) = self
                .read(move |inner| {
                    let Some(stored) = inner.readers.task(id)? else {
                        return Err(EngineError::Refused(ApiError::no_task(id)));
                    };
                    let Some(run) = inner.readers.run(id, wanted.as_ref())? else {
                        return match wanted {
                            Some(run) => Err(EngineError::Refused(ApiError::new(
                                ErrorCode::NotFound,
                                format!("Task {id} has no run {run}"),
                            ))),
                            // A task that ended before its first run will never have output.
                            None => Ok((Err(stored.state.to_wire().status().is_finished()), None)),
                        };
                    };
                    // In this order: a run that ends after it was seen live is read again.
                    let grown = inner.runs.find(&run.id).map(|live| live.grown());
                    let over = stored.state.live_run() != Some(&run.id);
                    let dir = inner.runs.directory(&run.id);
                    let source = Source { dir: &dir, run: &run, agent: stored.task.agent, over };
                    Ok((Ok(read(&source)?), grown))
                })
                .await?;
            let (answer, enough) = found.unwrap_or_else(|end| (nothing(end), end));
            if enough || Instant::now() >= deadline {
                return Ok(answer);
            }
            let output = async {
                match grown {
                    Some(mut grown) => drop(grown.changed().await),
                    None => std::future::pending().await,
                }
            };
            let mut ended = self.inner.ended.clone();
            tokio::select! {
                () = output => {}
                _ = seq.changed() => {}
                _ = ended.changed() => return Ok(answer),
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }
}

impl TaskApi for Engine {
    async fn submit(&self, mut task: NewTask) -> Result<Task, ApiError> {
        claude_worker_agents::validate(&task)?;
        if task.agent == Agent::Claude && task.permission_mode.is_none() {
            // Stored with the task, so that a later change of the default does not change it.
            task.permission_mode = Some(self.inner.config.permission_mode);
        }
        // On a thread that may block: a directory on a dead network drive does.
        let directory = task.working_directory.clone();
        self.read(move |inner| {
            check_directory(&directory).map_err(EngineError::Refused)?;
            if disk::has_room(&inner.paths, inner.config.caps.free_disk) {
                Ok(())
            } else {
                Err(EngineError::Refused(crate::error::disk_full()))
            }
        })
        .await?;
        self.ask_for_task(Request::Submit(Box::new(task))).await
    }

    async fn list(&self, query: ListQuery) -> Result<TaskPage, ApiError> {
        let limit = query.limit.unwrap_or(50).clamp(1, 1000);
        let counts = self.inner.shown.queue.borrow().counts;
        self.read(move |inner| {
            let mut tasks = inner.readers.list(&query, limit)?;
            let more = tasks.len() > limit as usize;
            tasks.truncate(limit as usize);
            let next = tasks.last().filter(|_| more).map(|last| last.task.id);
            let tasks = tasks.into_iter().map(|stored| inner.overlay(stored)).collect();
            Ok(TaskPage { tasks, next, counts })
        })
        .await
    }

    async fn get(&self, id: TaskId) -> Result<TaskDetail, ApiError> {
        self.read(move |inner| {
            let (Some(stored), Some(request)) =
                (inner.readers.task(id)?, inner.readers.request(id)?)
            else {
                return Err(EngineError::Refused(ApiError::no_task(id)));
            };
            let run_history: Vec<Run> = inner.readers.runs(id)?;
            let result = inner.readers.result(id)?;
            Ok(TaskDetail { task: inner.overlay(stored), request, run_history, result })
        })
        .await
    }

    async fn log(&self, id: TaskId, query: LogQuery) -> Result<LogPage, ApiError> {
        let after = query.after;
        let (run, wait_ms) = (query.run.clone(), query.wait_ms);
        self.read_output(
            id,
            run,
            wait_ms,
            move |source| {
                let page = logs::page(source, &query)?;
                let enough = !page.entries.is_empty() || page.end || page.next > after;
                Ok((page, enough))
            },
            |end| LogPage { run: None, entries: Vec::new(), next: after, end },
        )
        .await
    }

    async fn output(&self, id: TaskId, query: OutputQuery) -> Result<OutputChunk, ApiError> {
        let offset = query.offset;
        let (run, wait_ms) = (query.run.clone(), query.wait_ms);
        self.read_output(
            id,
            run,
            wait_ms,
            move |source| {
                let chunk = logs::chunk(source, &query)?;
                let enough = !chunk.bytes.is_empty() || chunk.end;
                Ok((chunk, enough))
            },
            |end| OutputChunk { run: None, bytes: Vec::new(), next: offset, end },
        )
        .await
    }

    async fn cancel(&self, id: TaskId) -> Result<Task, ApiError> {
        self.ask_for_task(Request::Cancel(id)).await
    }

    async fn retry(&self, id: TaskId) -> Result<Task, ApiError> {
        self.ask_for_task(Request::Retry(id)).await
    }

    async fn resume(&self, id: TaskId, follow_up: FollowUp) -> Result<Task, ApiError> {
        if follow_up.prompt.trim().is_empty() {
            return Err(ApiError::invalid("The follow-up is empty").hint("Say what to do next"));
        }
        let stored = self.read(move |inner| inner.readers.task(id)).await?;
        // Whether the task can be resumed at all is for its state to say.
        if stored.is_some_and(|stored| stored.task.agent == Agent::Claude) {
            claude_worker_agents::validate_follow_up(Agent::Claude, &follow_up.prompt)?;
        }
        self.ask_for_task(Request::Resume(id, follow_up.prompt)).await
    }

    async fn remove(&self, id: TaskId) -> Result<(), ApiError> {
        match self.ask(Request::Remove(id)).await? {
            Reply::Removed => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    async fn clean(&self, query: CleanQuery) -> Result<Cleaned, ApiError> {
        // Some at a time, so that nobody else has to wait for all of them.
        let mut removed = 0;
        loop {
            match self.ask(Request::Clean(query.clone())).await? {
                Reply::Cleaned(cleaned) => {
                    removed += cleaned.removed;
                    if cleaned.removed < CLEANED_AT_ONCE {
                        return Ok(Cleaned { removed });
                    }
                }
                other => return Err(unexpected(&other)),
            }
        }
    }

    async fn set_paused(&self, paused: bool) -> Result<Queue, ApiError> {
        match self.ask(Request::SetPaused(paused)).await? {
            Reply::Queue(queue) => Ok(queue),
            other => Err(unexpected(&other)),
        }
    }

    async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
        let mut seq = self.inner.shown.seq.clone();
        let Some(after) = query.after else {
            let next = *seq.borrow();
            return Ok(EventPage { events: Vec::new(), next, gap: false });
        };
        let limit = query.limit.unwrap_or(200).clamp(1, 1000);
        let deadline = deadline(query.wait_ms);
        loop {
            let newest = *seq.borrow_and_update();
            // A cursor from beyond the end belongs to another database: start over.
            if after > newest {
                return Ok(EventPage { events: Vec::new(), next: newest, gap: true });
            }
            if newest > after {
                let (events, gap) =
                    self.read(move |inner| inner.readers.events(after, limit)).await?;
                if let Some(last) = events.last() {
                    let next = last.seq;
                    return Ok(EventPage { events, next, gap });
                }
            }
            let mut ended = self.inner.ended.clone();
            let timed_out = tokio::select! {
                _ = seq.changed() => false,
                _ = ended.changed() => true,
                () = tokio::time::sleep_until(deadline) => true,
            };
            if timed_out {
                return Ok(EventPage { events: Vec::new(), next: after, gap: false });
            }
        }
    }

    async fn engine(&self) -> Result<EngineInfo, ApiError> {
        let inner = &self.inner;
        let mut warnings: Vec<String> = inner.warning.iter().cloned().collect();
        if !disk::has_room(&inner.paths, inner.config.caps.free_disk) {
            warnings.push("The disk is nearly full: nothing new is started".to_owned());
        }
        let output_kept = *inner.shown.output_kept.borrow();
        Ok(EngineInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            pid: std::process::id(),
            started_at: inner.started_at,
            database: inner.paths.database.display().to_string(),
            runs_directory: inner.paths.runs.display().to_string(),
            queue: *inner.shown.queue.borrow(),
            output_bytes: output_kept + inner.runs.output_bytes(),
            warnings,
        })
    }

    async fn stop(&self, mode: StopMode) -> Result<Stopped, ApiError> {
        match self.ask(Request::Stop(mode)).await? {
            Reply::Stopped(stopped) => Ok(stopped),
            other => Err(unexpected(&other)),
        }
    }
}

impl Inner {
    /// Adds what only a live run knows.
    fn overlay(&self, stored: StoredTask) -> Task {
        let mut task = stored.task;
        if let (State::Running { .. }, Some(run)) = (&task.state, stored.state.live_run()) {
            task.last_output_at = self.runs.find(run).and_then(|live| live.last_output_at());
        }
        task
    }
}

fn deadline(wait_ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(wait_ms).min(LONGEST_WAIT)
}

fn unexpected(reply: &Reply) -> ApiError {
    ApiError::internal(format!("The engine gave an answer of the wrong kind: {reply:?}"))
}

fn check_directory(directory: &str) -> Result<(), ApiError> {
    let path = Path::new(directory);
    if !path.is_absolute() {
        return Err(ApiError::invalid(format!("\"{directory}\" is not an absolute path"))
            .hint("Give the working directory from the root on"));
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(ApiError::invalid(format!("{directory} is not a directory"))
            .hint("Give a directory to work in with --dir")),
        Err(error) => Err(ApiError::invalid(format!("Cannot work in {directory}: {error}"))
            .hint("Create it, or give another one with --dir")),
    }
}

/// The directory in which this database's runs are. The first engine chooses; another one asked
/// for later is taken only when no runs would be lost sight of. Returns what to warn of, if it is
/// not the one asked for.
fn runs_directory(
    writer: &mut Writer,
    wanted: &Path,
) -> Result<(PathBuf, Option<String>), EngineError> {
    let stored = writer.runs_directory()?.map(PathBuf::from);
    match stored {
        Some(stored) if stored != wanted && writer.has_runs()? => {
            let warning = format!(
                "Output is kept in {}, where this database's runs are, not in {}: remove all tasks \
                 first to move it",
                stored.display(),
                wanted.display()
            );
            Ok((stored, Some(warning)))
        }
        Some(stored) if stored == wanted => Ok((stored, None)),
        _ => {
            writer.set_runs_directory(&wanted.to_string_lossy())?;
            Ok((wanted.to_owned(), None))
        }
    }
}

/// Lets this process open more files than the usual 1024: each live run and each client needs a
/// few. Agents inherit it.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const ENOUGH: u64 = 8192;
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(ENOUGH, |hard| hard.min(ENOUGH));
    if limit.current.is_some_and(|soft| soft < most) {
        let raised = Rlimit { current: Some(most), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files stays as it is");
        }
    }
}
