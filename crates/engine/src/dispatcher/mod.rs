//! The loop that makes all decisions about tasks.
//!
//! It runs on a thread of its own and is the only owner of the [`Writer`]. Each round takes the
//! messages since the last one, applies them through [`crate::state::transition`], commits the result as
//! one transaction, and only then publishes events, sends replies and performs effects. After a crash
//! before the commit nothing has happened. After a crash behind it the next engine finds in files and
//! rows which effects are missing, and performs them.

mod access;
mod apply;
mod batch;
mod changes;
mod delegation;
mod effects;
mod env_files;
mod full_disk;
mod import;
mod keyed;
mod log_lines;
mod moves;
mod projects;
mod publish;
mod recovery;
mod reports;
mod requests;
mod retention;
mod retry_after_limit;
mod round;
mod start;
#[cfg(test)]
mod tests;
mod timers;
mod unstored;

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claude_worker_api::{
    Activity, ApiError, Counts, Queue, RunId, Settings, StopMode, TaskId, Timestamp, Unseen,
};
use claude_worker_os::machine::boot_id;
use tokio::sync::{mpsc, oneshot, watch};

use crate::access::{GrantChange, Grants};
use crate::clock::Clock;
use crate::env_file::{EnvFileName, EnvFiles};
use crate::event_waiters::{EventWaiters, NewEvent};
use crate::live::{PlannedRun, Runs};
use crate::message::{Message, Reply};
use crate::metrics::Meter;
use crate::scheduler::QueuedTasks;
use crate::settings::InForce;
use crate::state::RequestedEnd;
use crate::storage_watch::{StorageLoss, StorageWatch};
use crate::store::{Published, Writer};
use crate::{EngineError, Paths, RunRecord};

use log_lines::{Happened, LogLine};
use unstored::Unstored;

pub(crate) use projects::ProjectFinder;

pub(crate) use keyed::{BATCH_KEYS, EDIT_KEYS, RESUME_KEYS, RETRY_KEYS};

/// The places at which tests let an engine die, in the order in which a task passes them.
pub const FAULT_POINTS: &[&str] = &[
    "engine.opened",
    "engine.submitted",
    "engine.before_commit",
    "engine.committed",
    "engine.before_launch",
    "engine.run_created",
    "engine.launched",
    "engine.ended",
];

/// How many messages one transaction takes on.
const BATCH: usize = 256;
/// How many tasks one request to clean removes. The caller repeats it for more.
pub(crate) const CLEANED_AT_ONCE: u32 = 500;
/// How long the loop pauses after a round that could not be stored.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
/// How long the dispatcher starts nothing after it could not start something.
const HOLD: Duration = Duration::from_secs(1);
/// How long a directory that could not be deleted is left alone.
const GARBAGE_AGAIN: Duration = Duration::from_secs(60);

/// Values kept in memory, so that the database need not be read for them. Rolled back with the
/// transaction.
#[derive(Debug, Clone, Default)]
struct Memory {
    counts: Counts,
    unseen: Unseen,
    paused: bool,
    position: i64,
    seq: i64,
    output_kept: u64,
    /// The engine is to stop: nothing new is started.
    draining: Option<StopMode>,
    /// How many runs of a task have failed to start in a row.
    failed_beginnings: HashMap<TaskId, u32>,
}

/// What a round does once it has committed.
#[derive(Default)]
struct AfterCommit {
    launches: Vec<PlannedRun>,
    ends: Vec<RunId>,
    /// Those of them whose tasks are removed then.
    to_remove: Vec<RunId>,
    removed: Vec<TaskId>,
    log: Vec<LogLine>,
    grants: Vec<GrantChange>,
    /// The files with variables that were written. What is rolled back leaves no secrets behind.
    new_env_files: Vec<EnvFileName>,
    /// The files with variables that a task uses no more.
    left_env_files: Vec<EnvFileName>,
    /// The directories whose project is to be looked for.
    unplaced_directories: Vec<String>,
    /// Which messages of the batch are reports that could not be written down.
    unwritten: Vec<usize>,
}

impl AfterCommit {
    fn log(&mut self, happened: Happened) {
        self.log.push(LogLine::new(happened));
    }
}

type Answer = oneshot::Sender<Result<Reply, ApiError>>;

/// The loop and all it owns.
pub(crate) struct Dispatcher {
    clock: Box<dyn Clock>,
    writer: Writer,
    config: Arc<Settings>,
    in_force: InForce,
    paths: Paths,
    env_files: EnvFiles,
    runs: Arc<Runs>,
    inbox: mpsc::Receiver<Message>,
    storage: Arc<StorageWatch>,
    seq: watch::Sender<i64>,
    published: watch::Sender<Published>,
    draining: watch::Sender<Option<StopMode>>,
    output_kept: watch::Sender<u64>,
    activity_shown: watch::Sender<Activity>,
    activity: Activity,
    meter: Arc<Meter>,
    /// Where runs that have ended are told, when somebody wants to know.
    ended_runs: Option<mpsc::Sender<RunRecord>>,
    memory: Memory,
    /// The tasks that have not started; changed and rolled back together with `memory`.
    queued: QueuedTasks,
    random: RandomState,
    /// The machine's present start.
    boot: Option<String>,
    /// Nothing is started before this instant.
    held_until: Option<Instant>,
    /// Whether the last round could not be written down.
    failed: bool,
    next_sweep: Timestamp,
    /// Runs of the last engine that are to be adopted. They stay here while no thread can be started.
    to_adopt: Vec<(PlannedRun, RequestedEnd)>,
    awaiting_removal: HashMap<TaskId, Vec<Answer>>,
    awaiting_stop: Vec<Answer>,
    stopping: bool,
    garbage: Garbage,
    unstored: Unstored,
    /// Finds the projects of directories.
    projects: Option<ProjectFinder>,
    /// What gives access over HTTP.
    grants: Arc<Grants>,
    /// The events of this round, for the requests that wait for them. One that was rolled back wakes a
    /// request in vain.
    new_events: Vec<NewEvent>,
    event_waiters: Arc<EventWaiters>,
}

/// How the deletion of old run directories stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Garbage {
    /// Nothing is being deleted; look for more from this instant on.
    LookFrom(Timestamp),
    /// This many directories are being deleted.
    BeingDeleted(usize),
}

/// What the dispatcher shows to the rest of the engine.
pub(crate) struct Watches {
    /// The newest event.
    pub seq: watch::Receiver<i64>,
    /// The queue, and the event it stands at.
    pub published: watch::Receiver<Published>,
    /// How the engine is to stop, once it is; it starts nothing new then.
    pub draining: watch::Receiver<Option<StopMode>>,
    /// Bytes of output kept of finished runs.
    pub output_kept: watch::Receiver<u64>,
    /// What the engine has done since it started.
    pub activity: watch::Receiver<Activity>,
    /// What gives access over HTTP.
    pub grants: Arc<Grants>,
    /// What it counts for metrics.
    pub meter: Arc<Meter>,
    /// The requests that wait for events.
    pub event_waiters: Arc<EventWaiters>,
}

impl Dispatcher {
    pub(crate) fn new(
        clock: Box<dyn Clock>,
        writer: Writer,
        in_force: InForce,
        paths: Paths,
        runs: Arc<Runs>,
        inbox: mpsc::Receiver<Message>,
        storage: Arc<StorageWatch>,
    ) -> Result<(Self, Watches), EngineError> {
        let config = in_force.now();
        let memory = Memory {
            counts: writer.counts()?,
            unseen: writer.unseen()?,
            paused: writer.paused()?,
            position: writer.last_position()?,
            seq: writer.last_event()?,
            output_kept: writer.output_kept()?,
            draining: None,
            failed_beginnings: HashMap::new(),
        };
        let queued = QueuedTasks::new(writer.queued_tasks()?);
        let grants = Arc::new(Grants::new(writer.grants()?));
        let (seq, seq_shown) = watch::channel(memory.seq);
        let queue = Queue {
            paused: memory.paused,
            workers: config.workers,
            counts: memory.counts,
            unseen: memory.unseen,
        };
        let (published, published_shown) = watch::channel(Published { seq: memory.seq, queue });
        let (draining, draining_shown) = watch::channel(None);
        let (output_kept, output_kept_shown) = watch::channel(memory.output_kept);
        let (activity_shown, activity) = watch::channel(Activity::default());
        let meter = Arc::new(Meter::default());
        let dispatcher = Self {
            clock,
            writer,
            config,
            in_force,
            env_files: EnvFiles::new(paths.env.clone()),
            paths,
            runs,
            inbox,
            storage,
            seq,
            published,
            draining,
            output_kept,
            activity_shown,
            activity: Activity::default(),
            meter: Arc::clone(&meter),
            ended_runs: None,
            memory,
            queued,
            random: RandomState::new(),
            boot: boot_id(),
            held_until: None,
            failed: false,
            next_sweep: Timestamp::default(),
            to_adopt: Vec::new(),
            awaiting_removal: HashMap::new(),
            awaiting_stop: Vec::new(),
            stopping: false,
            garbage: Garbage::LookFrom(Timestamp::default()),
            unstored: Unstored::default(),
            projects: None,
            grants: Arc::clone(&grants),
            new_events: Vec::new(),
            event_waiters: Arc::default(),
        };
        let shown = Watches {
            seq: seq_shown,
            published: published_shown,
            draining: draining_shown,
            output_kept: output_kept_shown,
            activity,
            grants,
            meter,
            event_waiters: Arc::clone(&dispatcher.event_waiters),
        };
        Ok((dispatcher, shown))
    }

    /// Tells runs that have ended to `receiver` from now on, without waiting for it.
    pub(crate) fn tell_ended_runs(&mut self, receiver: mpsc::Sender<RunRecord>) {
        self.ended_runs = Some(receiver);
    }

    /// The loop. Ends after a stop request, or when every sender of messages is gone.
    pub(crate) async fn run(mut self) {
        // Tasks that the last engine left in the queue start without a message.
        let mut again = self.round(Vec::new());
        self.runs.prepare();
        let mut storage = self.storage.watched();
        loop {
            if let Some(gone) = self.storage.gone() {
                return self.leave(&gone, again);
            }
            if self.failed {
                // The disk is full or the file is busy: what cannot be refused is tried again.
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            let mut batch = std::mem::take(&mut again);
            if batch.is_empty() {
                let nap = self.until_next_timer();
                tokio::select! {
                    message = self.inbox.recv() => match message {
                        Some(message) => batch.push(message),
                        None => return,
                    },
                    _ = storage.changed() => {}
                    () = self.runs.worker_was_lent() => {}
                    () = tokio::time::sleep(nap) => {}
                }
            }
            // On top of what is tried again, so that requests are always answered.
            let mut room = BATCH;
            while room > 0 {
                let Ok(message) = self.inbox.try_recv() else { break };
                room = room.saturating_sub(message.size());
                batch.push(message);
            }
            self.adopt();
            again = self.round(batch);
            if self.stopping && self.storage.gone().is_none() {
                self.writer.fold_log();
                return;
            }
        }
    }

    /// Stops the engine because its files were removed or replaced. Runs that no later engine would
    /// find are ended; the others go on and are adopted.
    fn leave(self, gone: &StorageLoss, batch: Vec<Message>) {
        let error = gone.error();
        tracing::error!(orphans_runs = gone.orphans_runs, "{error}");
        if gone.orphans_runs {
            self.runs.abandon_all();
        }
        for message in batch {
            if let Message::Request(_, _, answer) = message {
                drop(answer.send(Err(error.clone())));
            }
        }
    }
}
