//! The engine as a whole: started, asked, stopped.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use claude_worker_api::{
    Agent, ApiError, CleanQuery, Cleaned, EngineInfo, ErrorCode, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, MAX_PROMPT_BYTES, NewTask, OutputChunk, OutputQuery, PROTOCOL,
    Queue, Run, State, StopMode, Stopped, Task, TaskApi, TaskDetail, TaskId, TaskPage, Timestamp,
};
use claude_worker_supervisor::{Bell, RunDir, SupervisorCommand, fault_point};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::dispatcher::{Dispatcher, Shown};
use crate::live::Runs;
use crate::logs::{self, Source};
use crate::message::{Message, Reply, Request};
use crate::store::{self, Readers, StoredTask};
use crate::{Config, EngineError, Paths, disk};

/// How many messages may wait for the dispatcher.
const INBOX: usize = 1024;
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
    /// Held until the last handle is gone, and by the kernel's word no longer than the process.
    _claim: Claim,
}

/// Possession of a data directory: while it is held, no other engine can start there.
pub struct Claim {
    paths: Paths,
    _lock: File,
}

impl Claim {
    /// Makes the data directory if need be and takes it into possession.
    ///
    /// # Errors
    /// [`EngineError::Locked`] when another engine has it, and what the system says.
    pub fn take(paths: Paths) -> Result<Self, EngineError> {
        paths.create().map_err(EngineError::Refused)?;
        let lock = take_lock(&paths)?;
        Ok(Self { paths, _lock: lock })
    }

    /// The places that are ours now.
    #[must_use]
    pub const fn paths(&self) -> &Paths {
        &self.paths
    }
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
        let paths = claim.paths.clone();
        let writer = store::open(&paths.database)?;
        fault_point("engine.opened");
        let (inbox, messages) = mpsc::channel(INBOX);
        let runs = Arc::new(Runs::new(paths.clone(), config.clone(), supervisor, inbox.clone()));
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
            .spawn(move || {
                runtime.block_on(dispatcher.run());
                drop(ending);
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
        nothing: impl Fn() -> T,
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
                            None => Ok((None, None)),
                        };
                    };
                    // In this order: a run that ends after it was seen live is read again.
                    let grown = inner.runs.find(&run.id).map(|live| live.grown());
                    let over = stored.state.live_run() != Some(&run.id);
                    let dir = RunDir::new(&inner.paths.runs, &run.id);
                    let source = Source { dir: &dir, run: &run, agent: stored.task.agent, over };
                    Ok((Some(read(&source)?), grown))
                })
                .await?;
            let (answer, enough) = found.unwrap_or_else(|| (nothing(), false));
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
        check_directory(&task.working_directory)?;
        if task.agent == Agent::Claude && task.permission_mode.is_none() {
            // Stored with the task, so that a later change of the default does not change it.
            task.permission_mode = Some(self.inner.config.permission_mode);
        }
        let (paths, room) = (self.inner.paths.clone(), self.inner.config.caps.free_disk);
        if !disk::has_room(&paths, room) {
            return Err(crate::error::disk_full());
        }
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
            || LogPage { run: None, entries: Vec::new(), next: after, end: false },
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
            || OutputChunk { run: None, bytes: Vec::new(), next: offset, end: false },
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
        if follow_up.prompt.len() > MAX_PROMPT_BYTES {
            return Err(ApiError::invalid("The follow-up is over 16 MiB")
                .hint("Put the material into a file and name it"));
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
        match self.ask(Request::Clean(query)).await? {
            Reply::Cleaned(cleaned) => Ok(cleaned),
            other => Err(unexpected(&other)),
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
        let mut warnings = Vec::new();
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

/// Takes the engine lock and writes our process id into it, for people to read.
fn take_lock(paths: &Paths) -> Result<File, EngineError> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&paths.lock)
        .map_err(EngineError::io(format!("cannot open {}", paths.lock.display())))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(EngineError::Locked(paths.home.clone())),
        Err(TryLockError::Error(error)) => {
            return Err(EngineError::io(format!("cannot lock {}", paths.lock.display()))(error));
        }
    }
    // Only for information, and not worth failing for on a full disk.
    drop(file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())));
    Ok(file)
}
