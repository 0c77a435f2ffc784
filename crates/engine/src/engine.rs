//! The engine as a whole: started, asked, stopped.

mod access;
mod again;
mod answers;
mod clean;
mod directory_checks;
mod file_changes;
mod import;
mod list;
mod named_images;
mod overview;
mod recent_looks;
mod search;
mod settings_change;
mod setup;
mod sign_in_note;
mod submission;
#[cfg(test)]
mod tests;
mod waiting;
mod working_directory;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use claude_worker_api::{ApiError, HttpState, Settings, State, StopMode, Task, Timestamp};
use claude_worker_os::usage::ProcessUsage;
use claude_worker_supervisor::{SupervisorCommand, WakeupPipe, fault_point};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};

pub use self::setup::SetupPrograms;

use self::directory_checks::DirectoryChecks;
use self::recent_looks::RecentLooks;
use self::sign_in_note::SignInNote;
use crate::access::{Logins, Principal};
use crate::clock::SystemClock;
use crate::dispatcher::{Dispatcher, ProjectFinder, Watches};
use crate::hosting::Hosting;
use crate::live::{RunPaths, Runs};
use crate::message::{Message, Reply, Request};
use crate::metrics::{self, Traffic};
use crate::projects::{self, ProjectRoots};
use crate::readiness::{LastLook, readiness};
use crate::search::{Indexer, index_in_background};
use crate::settings::InForce;
use crate::storage_watch::{self, StorageWatch};
use crate::store::{self, Readers, SearchReaders, StoredTask, Writer};
use crate::{Claim, EngineError, LoginShell, Paths, Readiness, disk, env_file};

/// How many messages may wait for the dispatcher.
const INBOX: usize = 1024;
/// How many reads are under way at once for this user, and as many again for all tokens and logins, which
/// may ask for large answers and must not delay the user's own commands.
const READS: usize = 8;
/// How long a directory of the user's has to answer.
const DIRECTORY: Duration = Duration::from_secs(5);
/// How long reads that are under way may take once the engine has stopped.
const LAST_READS: Duration = Duration::from_secs(2);

/// A running engine. Cloning gives another handle to the same one, for the same principal.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
    /// The principal for which this handle acts.
    principal: Principal,
}

struct Inner {
    paths: Paths,
    config: InForce,
    /// One change of the settings at a time: each reads the file and writes it.
    changing_settings: Mutex<()>,
    /// One change of the trusted directories at a time, for the same reason.
    changing_trust: Mutex<()>,
    /// Held while the list of templates changes.
    changing_templates: Mutex<()>,
    /// One examination at a time.
    examining: Mutex<()>,
    login_shell: Arc<LoginShell>,
    hosting: Hosting,
    started_at: Timestamp,
    readers: Readers,
    runs: Arc<Runs>,
    inbox: mpsc::Sender<Message>,
    shown: Watches,
    storage: Arc<StorageWatch>,
    last_look: Arc<LastLook>,
    traffic: Arc<Traffic>,
    /// Closed when the dispatcher has ended.
    ended: watch::Receiver<()>,
    /// What was noticed at the start.
    warning: Option<String>,
    /// Bounds how many reads are under way at once: each needs a thread and descriptors.
    reading: Reading,
    #[cfg(test)]
    reads: std::sync::atomic::AtomicUsize,
    directory_checks: DirectoryChecks,
    recent_looks: RecentLooks,
    project_roots: Arc<ProjectRoots>,
    searches: Arc<SearchReaders>,
    sign_in_note: SignInNote,
    /// Codes for logins of browsers.
    logins: Logins,
    /// Closes when the index for searches is closed after the engine has stopped.
    index_closed: watch::Receiver<()>,
    /// Held until [`Engine::release`], or the last handle and the dispatcher are gone, and no
    /// longer than the process.
    claim: Mutex<Option<Arc<Claim>>>,
}

impl Engine {
    /// Opens the database, adopts the runs of the last engine, and starts the dispatcher.
    ///
    /// `supervisor` says how to start a supervisor process, `hosting` where the engine lives.
    ///
    /// # Errors
    /// [`EngineError::BadDatabase`] when the database cannot be used, and what the system says.
    pub fn start(
        claim: Claim,
        config: Settings,
        supervisor: SupervisorCommand,
        mut hosting: Hosting,
    ) -> Result<Self, EngineError> {
        raise_descriptor_limit();
        let config = InForce::new(config);
        let claim = Arc::new(claim);
        let mut paths = claim.paths().clone();
        let mut writer = store::open(&paths.database)?;
        let warning;
        (paths.runs, warning) = runs_directory(&mut writer, &paths.runs)?;
        env_file::sweep(&paths.env, |name| writer.is_env_file_used(name).unwrap_or(true));
        fault_point("engine.opened");
        let (inbox, messages) = mpsc::channel(INBOX);
        let places = RunPaths {
            runs: paths.runs.clone(),
            env: paths.env.clone(),
            wakeup_pipe: paths.wakeup_pipe.clone(),
            launched: paths.launched.clone(),
            trust: paths.trust.clone(),
        };
        let login_shell = Arc::<LoginShell>::default();
        let runs = Arc::new(Runs::new(
            places,
            config.clone(),
            Arc::clone(&login_shell),
            supervisor,
            inbox.clone(),
        )?);
        let pipe = WakeupPipe::open(&paths.wakeup_pipe)
            .map_err(EngineError::io(format!("cannot open {}", paths.wakeup_pipe.display())))?;
        runs.read_wakeups(pipe)?;
        let storage = Arc::new(StorageWatch::new(&paths, claim.locks())?);
        let (mut dispatcher, shown) = Dispatcher::new(
            Box::new(SystemClock),
            writer,
            config.clone(),
            paths.clone(),
            Arc::clone(&runs),
            messages,
            Arc::clone(&storage),
        )?;
        shown.grants.note_uses_with({
            let inbox = inbox.clone();
            // When there is no room for it, the next use is noted instead.
            move |id, at| drop(inbox.try_send(Message::AccessUsed(id, at)))
        });
        if let Some(receiver) = hosting.ended_runs.take() {
            dispatcher.tell_ended_runs(receiver);
        }
        let project_roots = Arc::<ProjectRoots>::default();
        let (look, directories) = std::sync::mpsc::channel();
        projects::place_directories(directories, Arc::clone(&project_roots), inbox.clone())?;
        dispatcher.find_projects(ProjectFinder { roots: Arc::clone(&project_roots), look })?;
        let found = shown.published.borrow().queue.counts;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            pid = std::process::id(),
            data_directory = %paths.home.display(),
            database = %paths.database.display(),
            running = found.running,
            queued = found.pending + found.waiting,
            finished = found.total() - found.unfinished(),
            "engine started"
        );
        dispatcher.recover()?;
        let (watched, unwatched) = std::sync::mpsc::channel();
        let last_look = Arc::new(LastLook::new(&paths, config.now().caps.free_disk));
        let upkeep = {
            let (paths, config, last_look) =
                (paths.clone(), config.clone(), Arc::clone(&last_look));
            move || {
                let free_disk = config.now().caps.free_disk;
                disk::keep_reserve(&paths, free_disk);
                last_look.renew(&paths, free_disk);
            }
        };
        storage_watch::watch(Arc::clone(&storage), Arc::clone(&runs), upkeep, unwatched)?;
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
                    drop(watched);
                    runs.close();
                    tracing::info!("engine stopped");
                    drop(claim);
                    drop(ending);
                }
            })
            .map_err(EngineError::io("cannot start the dispatcher"))?;
        let searches = Arc::new(SearchReaders::new(paths.search.clone()));
        let indexer = Indexer {
            paths: paths.clone(),
            readers: Readers::new(paths.database.clone(), shown.published.clone()),
            runs: Arc::clone(&runs),
            searches: Arc::clone(&searches),
            free_disk: {
                let config = config.clone();
                Box::new(move || config.now().caps.free_disk)
            },
            ended: ended.clone(),
        };
        let index_closed = index_in_background(indexer, shown.seq.clone(), Arc::clone(&claim))?;
        Ok(Self {
            inner: Arc::new(Inner {
                readers: Readers::new(paths.database.clone(), shown.published.clone()),
                paths,
                config,
                changing_settings: Mutex::default(),
                changing_trust: Mutex::default(),
                changing_templates: Mutex::default(),
                examining: Mutex::default(),
                login_shell,
                hosting,
                started_at: Timestamp::now(),
                runs,
                inbox,
                shown,
                storage,
                last_look,
                traffic: Arc::default(),
                ended,
                warning,
                reading: Reading::default(),
                #[cfg(test)]
                reads: std::sync::atomic::AtomicUsize::default(),
                directory_checks: DirectoryChecks::default(),
                recent_looks: RecentLooks::default(),
                project_roots,
                searches,
                sign_in_note: SignInNote::default(),
                logins: Logins::default(),
                index_closed,
                claim: Mutex::new(Some(claim)),
            }),
            principal: Principal::Local,
        })
    }

    /// Closes when the engine has been told to stop and its last transaction is on disk. Nothing
    /// is ever sent.
    #[must_use]
    pub fn stopped(&self) -> watch::Receiver<()> {
        self.inner.ended.clone()
    }

    /// The mode of the stop request; none without a request, also when the engine has stopped because
    /// it failed.
    #[must_use]
    pub fn told_to_stop(&self) -> Option<StopMode> {
        *self.inner.shown.draining.borrow()
    }

    /// Lets go of the data directory although handles of this engine are left; whatever they
    /// are asked from then on is `unavailable`. Waits until the engine has stopped.
    pub async fn release(&self) {
        let mut ended = self.inner.ended.clone();
        while ended.changed().await.is_ok() {}
        // What is being read or indexed comes to its end, but for a disk that does not answer.
        let mut index_closed = self.inner.index_closed.clone();
        let last = async {
            self.inner.reading.end().await;
            while index_closed.changed().await.is_ok() {}
        };
        let _ = tokio::time::timeout(LAST_READS, last).await;
        self.inner.reading.close();
        self.inner.searches.close();
        drop(self.inner.claim.lock().await.take());
    }

    /// The HTTP server of the process that hosts this engine.
    #[must_use]
    pub fn http_state(&self) -> HttpState {
        self.inner.hosting.http.state()
    }

    /// The places this engine uses.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.inner.paths
    }

    /// Whether it can take on and run tasks now. Never waits.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let inner = &self.inner;
        readiness(
            inner.storage.gone().is_some(),
            self.is_stopping(),
            inner.last_look.get(),
            Instant::now(),
        )
    }

    /// Whether it has been told to stop, or has stopped.
    fn is_stopping(&self) -> bool {
        self.told_to_stop().is_some() || self.inner.ended.has_changed().is_err()
    }

    /// What its servers count.
    #[must_use]
    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.inner.traffic
    }

    /// Counts spans of runs that could not be sent.
    pub fn spans_dropped(&self, spans: u64) {
        self.inner.shown.meter.spans_dropped(spans);
    }

    /// All metrics as text. Reads no file of the data directory and no row.
    fn metrics_page(&self) -> String {
        let inner = &self.inner;
        let published = *inner.shown.published.borrow();
        let state = metrics::State {
            version: env!("CARGO_PKG_VERSION"),
            is_ready: self.readiness() == Readiness::Ready,
            queue: published.queue,
            activity: *inner.shown.activity.borrow(),
            newest_event: published.seq,
            output_bytes: self.output_bytes(),
            storage: inner.last_look.get(),
            started_at: inner.started_at,
            process: ProcessUsage::now(),
        };
        metrics::page(&state, &inner.shown.meter, &inner.traffic)
    }

    /// Bytes of output kept of all runs.
    fn output_bytes(&self) -> u64 {
        let inner = &self.inner;
        let kept_of_finished = *inner.shown.output_kept.borrow();
        kept_of_finished + inner.runs.output_bytes()
    }

    /// The settings as they are now.
    #[must_use]
    pub fn settings_now(&self) -> Arc<Settings> {
        self.inner.config.now()
    }

    async fn ask(&self, request: Request) -> Result<Reply, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.inner
            .inbox
            .send(Message::Request(request, self.principal.clone(), answer))
            .await
            .map_err(|_| self.stopped_error())?;
        answered.await.map_err(|_| self.stopped_error())?
    }

    async fn ask_for_task(&self, request: Request) -> Result<Task, ApiError> {
        match self.ask(request).await? {
            Reply::Task(task) => Ok(*task),
            other => Err(answers::unexpected(&other)),
        }
    }

    /// Refuses what is asked of an engine that has stopped: a reader that asks again and again
    /// would never come to a pause, and the next engine knows better.
    fn check_running(&self) -> Result<(), ApiError> {
        if let Some(gone) = self.inner.storage.gone() {
            return Err(gone.error());
        }
        self.inner.ended.has_changed().map(drop).map_err(|_| self.stopped_error())
    }

    /// What an engine that has stopped answers.
    fn stopped_error(&self) -> ApiError {
        match self.inner.storage.gone() {
            Some(gone) => gone.error(),
            None => ApiError::unavailable("The engine is shutting down").hint("Try it again"),
        }
    }

    /// Looks whether the data directory and the database are still those that this engine has
    /// locked and opened. Once they are not, it stops. Blocks on a disk that does not answer.
    #[must_use]
    pub fn owns_its_files(&self) -> bool {
        self.inner.storage.check().is_none()
    }

    /// Looks at a directory of the user's, which need not answer.
    async fn look_at<T: Send + 'static>(
        &self,
        directory: &str,
        look: impl FnOnce(&Inner) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.check_running()?;
        let inner = Arc::clone(&self.inner);
        let looked = self.inner.directory_checks.look(directory, DIRECTORY, move || look(&inner));
        looked.await?.map_err(ApiError::from)
    }

    /// Reads from the database on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Inner) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.check_running()?;
        let turns = self.inner.reading.of(&self.principal);
        let _turn = turns.acquire().await.map_err(|_| self.stopped_error())?;
        #[cfg(test)]
        self.inner.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || read(&inner))
            .await
            .map_err(|error| ApiError::internal(error.to_string()))?
            .map_err(ApiError::from)
    }
}

/// Turns for reads.
struct Reading {
    own: Semaphore,
    granted: Semaphore,
}

impl Default for Reading {
    fn default() -> Self {
        Self { own: Semaphore::new(READS), granted: Semaphore::new(READS) }
    }
}

impl Reading {
    fn of(&self, principal: &Principal) -> &Semaphore {
        if principal.token_id().is_some() { &self.granted } else { &self.own }
    }

    /// Resolves when no read is under way and none will begin.
    async fn end(&self) {
        for turns in [&self.own, &self.granted] {
            if let Ok(all) = turns.acquire_many(READS as u32).await {
                all.forget();
            }
        }
    }

    /// Refuses those that wait.
    fn close(&self) {
        self.own.close();
        self.granted.close();
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
    const ENOUGH: u64 = 8192;
    if let Err(error) = claude_worker_os::descriptor::raise_limit(ENOUGH) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
