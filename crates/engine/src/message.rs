//! What is said to the dispatcher.

use std::sync::Arc;

use claude_worker_api::{
    ApiError, Asker, CleanQuery, FollowUp, NewTask, Queue, RunId, Settings, StopMode, Stopped,
    Task, TaskId, Timestamp,
};
use tokio::sync::oneshot;
use tracing::Span;

use crate::store::RunEnd;

/// The span in which everything is logged that belongs to a run.
pub(crate) fn run_span(task: TaskId, run: &RunId) -> Span {
    tracing::info_span!("run", %task, %run)
}

/// One thing for the dispatcher to deal with.
#[derive(Debug)]
pub(crate) enum Message {
    /// A client wants something, and an answer.
    Request(Request, oneshot::Sender<Result<Reply, ApiError>>),
    /// Something happened to a run.
    RunReport(RunReport),
}

/// What clients want.
#[derive(Debug)]
pub(crate) enum Request {
    /// A new task as it was sent, already checked.
    Submit(Box<NewTask>),
    /// Stop a task.
    Cancel(TaskId),
    /// Run a task again, for this one.
    Retry(TaskId, Asker),
    /// Go on in a task's session.
    Resume(TaskId, FollowUp),
    /// Stop and remove a task. Answered when it is gone.
    Remove(TaskId),
    /// Remove finished tasks, some at a time; answered with how many it were.
    Clean {
        /// Which.
        query: CleanQuery,
        /// Those that are left alone: they could not be removed.
        except: Vec<TaskId>,
    },
    /// A person has looked at these tasks, or at all when it names none.
    Seen(Vec<TaskId>),
    /// Pause or unpause the queue.
    SetPaused(bool),
    /// Go by this configuration from now on; the file says it already.
    Configure(Arc<Settings>),
    /// Stop the engine.
    Stop(StopMode),
}

impl Request {
    /// What is asked, in one word for the log.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Submit(_) => "submit",
            Self::Cancel(_) => "cancel",
            Self::Retry(..) => "retry",
            Self::Resume(..) => "resume",
            Self::Remove(_) => "remove",
            Self::Clean { .. } => "clean",
            Self::Seen(_) => "seen",
            Self::SetPaused(_) => "pause",
            Self::Configure(_) => "settings",
            Self::Stop(_) => "stop",
        }
    }
}

/// What they get.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The task as it is now.
    Task(Box<Task>),
    /// The task is being stopped and will be removed then.
    Removing(TaskId),
    /// The task is gone.
    Removed,
    /// Finished tasks were removed.
    Cleaned {
        /// How many.
        removed: u64,
        /// Those that could not be.
        failed: Vec<TaskId>,
    },
    /// The configuration is in force.
    Configured,
    /// The queue as it is now.
    Queue(Queue),
    /// The engine stops when the running tasks have been cancelled.
    Stopping,
    /// The engine stops.
    Stopped(Stopped),
}

/// What happened to a run. Reports of runs that are no longer live are dropped.
#[derive(Debug)]
pub(crate) enum RunReport {
    /// Its agent was started.
    Started {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// When.
        at: Timestamp,
    },
    /// Its agent does something new.
    Progress {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// What it does.
        last_action: Option<String>,
        /// Its session, when that is news.
        session_id: Option<String>,
        /// Its model, when that is news.
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
    /// It is over.
    Ended {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// How, and with what.
        end: Box<RunEnd>,
    },
    /// It never began, and never will.
    NeverStarted {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
        /// Why.
        reason: String,
        /// Whether the same thing may work in a moment (a full disk, no free process), so that it
        /// is no reason to give the task up.
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
