//! The runs that are live: started, adopted, followed to their end.
//!
//! Each live run has a thread, its [`follower`], that starts its supervisor (or finds the one
//! that the last engine left), reads along what the agent prints, and reports to the dispatcher.
//! A second, tiny thread does nothing but wait for the supervisor process to be gone. Neither
//! decides anything: an engine that dies with them loses nothing, because everything is in the run's
//! directory.
//!
//! What becomes of a run is read from its directory:
//!
//! | supervisor's lock | files | so |
//! |---|---|---|
//! | held | any | adopt it |
//! | free | `exit.json` | it finished without an engine |
//! | free | `spawning`, no `exit.json`, or a damaged one | lost: end what is left of its tree |
//! | free | `ready` | it never started: fence it, queue the task again |
//! | free | none of them, and it was never launched | the same |
//! | free | none of them, and it was launched | lost: its files were removed while it ran |
//!
//! "Never started" holds only for a run of this start of the machine: a power cut may have undone
//! files that were there, so that an earlier start's run is lost instead. Whether a run was
//! launched is known from its row, once its start is stored there, and before that from
//! [`launched`].

mod ends;
mod follower;
mod launched;
mod lent;
mod live_run;
mod run_ending;
mod starting_supervisor;
mod stopped_supervisor;
mod supervisors;
mod tail;
mod wakeups;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, mpsc as std_mpsc,
};

use claude_worker_api::{NewTask, RunId, TaskId};
use claude_worker_supervisor::{RunDir, SupervisorCommand, WakeupCloser};
use tokio::sync::{mpsc, watch};

use crate::changes::Overlaps;
use crate::message::{Message, RunReport};
use crate::settings::InForce;
use crate::state::{Plan, RequestedEnd};
use crate::store::TaskEnvFiles;
use crate::{EngineError, LoginShell};

use follower::{Beginning, Follower};
use launched::LaunchLog;
use lent::Lent;
pub use lent::LentWorker;
use live_run::{EndRequest, Signal};
pub(crate) use live_run::{LiveRun, LiveSnapshot};
use supervisors::Supervisors;

/// The stack of a run's thread. Its deepest call is a JSON parser with a bounded depth.
const STACK: usize = 512 * 1024;

/// A run to start or adopt.
#[derive(Debug, Clone)]
pub(crate) struct PlannedRun {
    /// The task.
    pub task: TaskId,
    /// The run.
    pub run: RunId,
    /// What was submitted.
    pub request: NewTask,
    /// The files with the task's variables.
    pub env_files: TaskEnvFiles,
    /// What the run does.
    pub plan: Plan,
    /// Whether it was launched since the machine was last started.
    pub this_boot: bool,
    /// Whether it may have been handed to a supervisor, so that missing files prove nothing.
    pub may_have_begun: bool,
    /// Whether an agent has asked for the task or for one of its runs.
    pub agent_asked: bool,
}

/// Where runs live, as this engine keeps it: see [`crate::Engine::start`].
#[derive(Debug, Clone)]
pub(crate) struct RunPaths {
    /// One directory per run in here.
    pub runs: PathBuf,
    /// Tasks' private variables.
    pub env: PathBuf,
    /// The named pipe for wakeups.
    pub wakeup_pipe: PathBuf,
    /// Which runs were launched.
    pub launched: PathBuf,
    /// The directories that the user has trusted.
    pub trust: PathBuf,
}

/// The live runs, and the way to start more.
pub(crate) struct Runs {
    paths: RunPaths,
    config: InForce,
    login_shell: Arc<LoginShell>,
    supervisors: Supervisors,
    launched: LaunchLog,
    live: Mutex<HashMap<RunId, Arc<LiveRun>>>,
    reports: mpsc::Sender<Message>,
    /// The wakeup pipes that are read: the present one, and earlier ones whose file was removed.
    wakeup_pipes: Mutex<Vec<WakeupCloser>>,
    /// Whether the engine has stopped: from then on another one may own these runs, and nothing
    /// may be started from here. Starting holds it for reading, closing for writing.
    closed: RwLock<bool>,
    /// Whether directories of removed runs are being deleted.
    being_deleted: AtomicBool,
    lent: Lent,
    /// Which live runs work in the same repositories.
    overlaps: Overlaps,
}

impl Runs {
    pub(crate) fn new(
        paths: RunPaths,
        config: InForce,
        login_shell: Arc<LoginShell>,
        supervisor: SupervisorCommand,
        reports: mpsc::Sender<Message>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            launched: LaunchLog::open(&paths.launched)?,
            paths,
            config,
            login_shell,
            supervisors: Supervisors::new(supervisor),
            live: Mutex::default(),
            reports,
            wakeup_pipes: Mutex::default(),
            closed: RwLock::new(false),
            being_deleted: AtomicBool::new(false),
            lent: Lent::default(),
            overlaps: Overlaps::default(),
        })
    }

    /// Which runs may have begun without the database saying so.
    pub(crate) const fn launched(&self) -> &LaunchLog {
        &self.launched
    }

    /// When this returns, nothing is started from here any more, and no wakeup is read: the next
    /// engine may start, in this process or another one.
    pub(crate) fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.supervisors.dismiss();
        lock(&self.wakeup_pipes).drain(..).for_each(|closer| closer.close());
    }

    /// The right to start something, until it is dropped; none when the engine has stopped.
    fn may_start(&self) -> Option<RwLockReadGuard<'_, bool>> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed { None } else { Some(closed) }
    }

    /// Whether the engine has stopped: its runs are the next engine's.
    fn is_closed(&self) -> bool {
        self.may_start().is_none()
    }

    /// The program of the supervisors, if it is missing.
    pub(crate) fn missing_program(&self) -> Option<&Path> {
        self.supervisors.missing_program()
    }

    /// Whether a supervisor can be started now: its program is there.
    pub(crate) fn can_start(&self) -> bool {
        self.supervisors.can_start()
    }

    /// Keeps one supervisor process pre-started. Blocks this thread while the process is made.
    fn keep_a_spare(&self) {
        if let Some(_permission) = self.may_start() {
            self.supervisors.keep_a_spare();
        }
    }

    /// Pre-starts a supervisor for the first run, on a thread of its own.
    pub(crate) fn prepare(self: &Arc<Self>) {
        let runs = Arc::clone(self);
        // Without a thread the first run goes without.
        drop(thread("spare", move || runs.keep_a_spare()));
    }

    /// Starts a run. Whatever goes wrong later is reported.
    ///
    /// # Errors
    /// When no thread can be made: nothing has begun.
    pub(crate) fn launch(self: &Arc<Self>, planned: PlannedRun) -> Result<(), EngineError> {
        self.follow(planned, EndRequest::NoDirectoryYet { wanted: false }, Beginning::Launch)
    }

    /// Adopts a run that an earlier engine started.
    ///
    /// # Errors
    /// When no thread can be made: it has not been adopted.
    pub(crate) fn adopt(
        self: &Arc<Self>,
        planned: PlannedRun,
        requested_end: RequestedEnd,
    ) -> Result<(), EngineError> {
        let run = planned.run.clone();
        self.follow(planned, EndRequest::DirectoryIsThere, Beginning::Adopt)?;
        if requested_end == RequestedEnd::Remove {
            self.mark_for_removal(&run);
        }
        if matches!(requested_end, RequestedEnd::Cancel | RequestedEnd::Remove) {
            // The engine may have died between storing the wish and passing it on.
            self.request_end(&run);
        }
        Ok(())
    }

    fn follow(
        self: &Arc<Self>,
        planned: PlannedRun,
        end_request: EndRequest,
        beginning: Beginning,
    ) -> Result<(), EngineError> {
        let (signals, inbox) = std_mpsc::channel();
        let live = Arc::new(LiveRun {
            dir: RunDir::new(&self.paths.runs, &planned.run),
            signals,
            grown: watch::Sender::new(0),
            last_output_at: AtomicI64::new(0),
            output_bytes: AtomicU64::new(0),
            live_text: Mutex::default(),
            end_request: Mutex::new(end_request),
            identity: OnceLock::new(),
            supervisor: OnceLock::new(),
            directory_gone: AtomicBool::new(false),
            to_remove: AtomicBool::new(false),
        });
        let run = planned.run.clone();
        lock(&self.live).insert(run.clone(), Arc::clone(&live));
        let follower = Follower::new(Arc::clone(self), planned, live, inbox);
        thread("run", move || follower.follow_to_the_end(beginning)).inspect_err(|_| {
            lock(&self.live).remove(&run);
        })
    }

    /// Whether directories of removed runs are being deleted, so that room is about to be free.
    pub(crate) fn are_being_deleted(&self) -> bool {
        self.being_deleted.load(Ordering::SeqCst)
    }

    pub(crate) fn set_being_deleted(&self, deleting: bool) {
        self.being_deleted.store(deleting, Ordering::SeqCst);
    }

    /// Deletes run directories, then reports it.
    ///
    /// # Errors
    /// When no thread can be made: nothing is deleted.
    pub(crate) fn delete(self: &Arc<Self>, garbage: Vec<RunId>) -> Result<(), EngineError> {
        let runs = Arc::clone(self);
        thread("delete", move || {
            let deleted = garbage
                .into_iter()
                .filter(|run| match RunDir::new(&runs.paths.runs, run).delete() {
                    Ok(()) => true,
                    Err(error) => {
                        tracing::warn!(%run, %error, "a run's directory could not be deleted");
                        false
                    }
                })
                .collect();
            runs.tell(RunReport::Deleted(deleted));
        })
    }

    /// The directory of a run.
    pub(crate) fn directory(&self, run: &RunId) -> RunDir {
        RunDir::new(&self.paths.runs, run)
    }

    /// The live run of this name.
    pub(crate) fn find(&self, run: &RunId) -> Option<Arc<LiveRun>> {
        lock(&self.live).get(run).cloned()
    }

    /// The other tasks that a live run has met in its repository so far.
    pub(crate) fn met_by(&self, run: &RunId) -> Vec<TaskId> {
        self.overlaps.of(run)
    }

    /// Bytes of output of all live runs so far.
    pub(crate) fn output_bytes(&self) -> u64 {
        lock(&self.live).values().map(|live| live.output_bytes.load(Ordering::Relaxed)).sum()
    }

    /// For the runs' own threads only: it blocks while the dispatcher is busy.
    fn tell(&self, report: RunReport) {
        // It fails only when the engine has stopped; the next one reads the directory.
        drop(self.reports.blocking_send(Message::RunReport(report)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(body)
        .map(drop)
        .map_err(EngineError::io("cannot start a thread"))
}
