//! Messages to the dispatcher, and its replies.

use std::sync::Arc;

use claude_worker_api::{
    ApiError, CleanQuery, Edit, FollowUp, ImportedTasks, Queue, QueuePlace, Retry, RunId, Settings,
    StopMode, Stopped, Task, TaskId, Timestamp, Token,
};
use tokio::sync::oneshot;
use tracing::Span;

use crate::access::{AccessChange, Principal};
use crate::old_task::OldTask;
use crate::store::RunEnd;
use crate::submitted::{Batch, Submission};

/// The span in which everything is logged that belongs to a run.
pub(crate) fn run_span(task: TaskId, run: &RunId) -> Span {
    tracing::info_span!("run", %task, %run)
}

/// A message to the dispatcher.
#[derive(Debug)]
pub(crate) enum Message {
    /// A request of a client, who sends it, and the channel for its reply.
    Request(Request, Principal, oneshot::Sender<Result<Reply, ApiError>>),
    /// The token or login with this number was used at this instant.
    AccessUsed(i64, Timestamp),
    /// It was found where these directories belong.
    DirectoriesPlaced(Vec<DirectoryPlace>),
    /// Something happened to a run.
    RunReport(RunReport),
}

/// The project that a working directory belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectoryPlace {
    /// The directory, as tasks have it.
    pub(crate) directory: String,
    /// The directory of the project.
    pub(crate) root: Arc<str>,
}

impl Message {
    /// How much of a transaction it takes up, in messages of the usual size.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Request(Request::SubmitBatch(batch), ..) => 1 + batch.tasks.len() / 4,
            _ => 1,
        }
    }
}

/// A request of a client.
#[derive(Debug)]
pub(crate) enum Request {
    /// A new task.
    Submit(Box<Submission>),
    /// New tasks, all or none.
    SubmitBatch(Box<Batch>),
    /// Cancel a task.
    Cancel(TaskId),
    /// Run a task again.
    Retry(TaskId, Box<Retry>),
    /// Send a further message in a task's session.
    Resume(TaskId, Box<FollowUp>),
    /// Change a task that has not begun.
    Edit(TaskId, Box<Edit>),
    /// Move a task in the queue.
    Move(TaskId, QueuePlace),
    /// End and remove a task. Answered once it is removed.
    Remove(TaskId),
    /// Remove finished tasks, a limited number at a time. Answered with their number.
    Clean {
        /// Which tasks to remove.
        query: CleanQuery,
        /// Tasks to leave out, because an attempt to remove them failed.
        except: Vec<TaskId>,
    },
    /// Take over these tasks of the Python claude-worker.
    Import {
        /// The tasks, in the order of their numbers.
        tasks: Vec<OldTask>,
        /// Whether those that had not been started are queued.
        queue: bool,
        /// Whether nothing is changed.
        dry_run: bool,
    },
    /// A person has seen the results of these tasks, or of all tasks when the list is empty.
    Seen(Vec<TaskId>),
    /// Pause or unpause the queue.
    SetPaused(bool),
    /// Use these settings from now on. They are already in the file.
    Configure(Arc<Settings>),
    /// Change what gives access over HTTP.
    Access(AccessChange),
    /// Stop the engine.
    Stop(StopMode),
}

impl Request {
    /// What is asked, in one word for the log.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Submit(_) => "submit",
            Self::SubmitBatch(_) => "submit_batch",
            Self::Cancel(_) => "cancel",
            Self::Retry(..) => "retry",
            Self::Resume(..) => "resume",
            Self::Edit(..) => "edit",
            Self::Move(..) => "move",
            Self::Remove(_) => "remove",
            Self::Clean { .. } => "clean",
            Self::Import { .. } => "import",
            Self::Seen(_) => "seen",
            Self::SetPaused(_) => "pause",
            Self::Configure(_) => "settings",
            Self::Access(_) => "access",
            Self::Stop(_) => "stop",
        }
    }
}

/// The reply to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The task as it is now.
    Task(Box<Task>),
    /// The tasks as they are now.
    Tasks(Vec<Task>),
    /// The task is being stopped and will be removed then.
    Removing(TaskId),
    /// The task was removed.
    Removed,
    /// Finished tasks were removed.
    Cleaned {
        /// How many tasks were removed.
        removed: u64,
        /// Tasks that could not be removed.
        failed: Vec<TaskId>,
    },
    /// Tasks were taken over.
    Imported(Box<ImportedTasks>),
    /// The settings are in force.
    Configured,
    /// The token or login that was changed, as it is now or was last.
    Access(Box<Token>),
    /// The queue as it is now.
    Queue(Queue),
    /// The engine stops when the running tasks have been cancelled.
    Stopping,
    /// The engine stops.
    Stopped(Stopped),
}

/// A change that a run's thread reports. Reports of runs that are no longer live are dropped.
#[derive(Debug)]
pub(crate) enum RunReport {
    /// Its agent was started.
    Started {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// When it was started.
        at: Timestamp,
    },
    /// Its agent does something new.
    Progress {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// The action.
        last_action: Option<String>,
        /// Its session, if that has changed.
        session_id: Option<String>,
        /// Its model, if that has changed.
        model: Option<String>,
    },
    /// Its agent has printed nothing for a while.
    Quiet {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// For how long, in milliseconds.
        silent_ms: u64,
    },
    /// The run has ended.
    Ended {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// The verdict and what the run has left.
        end: Box<RunEnd>,
    },
    /// The run did not start, and its directory is fenced so that it never will.
    NeverStarted {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// The reason.
        reason: String,
        /// Whether the cause may pass (a full disk, no free process): then the task is not failed for
        /// it.
        passing: bool,
    },
    /// These run directories have been deleted.
    Deleted(Vec<RunId>),
}

impl RunReport {
    /// The span of its run, for the log.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Started { task, run, .. }
            | Self::Progress { task, run, .. }
            | Self::Quiet { task, run, .. }
            | Self::Ended { task, run, .. }
            | Self::NeverStarted { task, run, .. } => run_span(*task, run),
            Self::Deleted(_) => Span::none(),
        }
    }

    /// The run, when with this report the database says whether it began.
    pub(crate) const fn of_launched(&self) -> Option<&RunId> {
        match self {
            Self::Started { run, .. }
            | Self::Ended { run, .. }
            | Self::NeverStarted { run, .. } => Some(run),
            Self::Progress { .. } | Self::Quiet { .. } | Self::Deleted(_) => None,
        }
    }

    /// The run, when this says that nothing more comes of it.
    pub(crate) const fn of_end(&self) -> Option<&RunId> {
        match self {
            Self::Ended { run, .. } | Self::NeverStarted { run, .. } => Some(run),
            _ => None,
        }
    }
}
