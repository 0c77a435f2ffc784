//! The one interface every face is written against.

use std::future::Future;

use crate::{
    ApiError, Asker, CleanQuery, Cleaned, Diagnosis, EngineInfo, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, NewTask, OutputChunk, OutputQuery, Queue, SeenQuery, Settings,
    SettingsChange, Spent, SpentQuery, StopMode, Stopped, Task, TaskDetail, TaskId, TaskPage,
    Trust, TrustChange,
};

/// Shorthand for what every call gives back.
type Answer<T> = Result<T, ApiError>;

/// Everything a client can ask of an engine.
///
/// The engine implements it in process; the socket client implements it over the wire. One
/// contract suite runs against both. All methods are safe to call at the same time.
pub trait TaskApi: Send + Sync {
    /// Puts a task into the queue. When this returns, the task is on disk.
    ///
    /// # Errors
    /// `invalid_request` (empty prompt, missing directory, unknown parent), `queue_full`,
    /// `disk_full`; `forbidden` when tasks may not submit more, or not that deep.
    fn submit(&self, task: NewTask) -> impl Future<Output = Answer<Task>> + Send;

    /// Lists tasks.
    ///
    /// # Errors
    /// `invalid_request` for too many `ids`.
    fn list(&self, query: ListQuery) -> impl Future<Output = Answer<TaskPage>> + Send;

    /// Everything stored about one task.
    ///
    /// # Errors
    /// `not_found`.
    fn get(&self, id: TaskId) -> impl Future<Output = Answer<TaskDetail>> + Send;

    /// One task as lists show it: for a caller that reads it again and again. [`TaskApi::get`] has its
    /// prompt too, of up to [`crate::MAX_PROMPT_BYTES`].
    ///
    /// # Errors
    /// `not_found`.
    fn row(&self, id: TaskId) -> impl Future<Output = Answer<Task>> + Send {
        async move {
            let page = self.list(ListQuery { ids: vec![id], ..ListQuery::default() }).await?;
            page.tasks.into_iter().next().ok_or_else(|| ApiError::no_task(id))
        }
    }

    /// A part of a run's log, as items; waits for more when asked to.
    ///
    /// # Errors
    /// `not_found` (task, run, or output that was deleted).
    fn log(&self, id: TaskId, query: LogQuery) -> impl Future<Output = Answer<LogPage>> + Send;

    /// A part of a run's output, as bytes; waits for more when asked to.
    ///
    /// # Errors
    /// `not_found` (task, run, or output that was deleted).
    fn output(
        &self,
        id: TaskId,
        query: OutputQuery,
    ) -> impl Future<Output = Answer<OutputChunk>> + Send;

    /// Asks a task to stop. A task in the queue is cancelled at once; a running one is
    /// `stopping` until its whole process tree is gone. Cancelling a task that is already
    /// stopping or cancelled changes nothing.
    ///
    /// # Errors
    /// `not_found`; `conflict` when it has already finished otherwise.
    fn cancel(&self, id: TaskId) -> impl Future<Output = Answer<Task>> + Send;

    /// Runs a finished task once more, from the beginning, in a new session.
    ///
    /// # Errors
    /// `not_found`; `conflict` when it is not finished.
    fn retry_for(&self, id: TaskId, asker: Asker) -> impl Future<Output = Answer<Task>> + Send;

    /// [`TaskApi::retry_for`] a person.
    ///
    /// # Errors
    /// The same.
    fn retry(&self, id: TaskId) -> impl Future<Output = Answer<Task>> + Send {
        self.retry_for(id, Asker::PERSON)
    }

    /// Goes on with a finished task in the same agent session.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for an empty message; `conflict` when the task is not
    /// finished (its session is in use) or has no session.
    fn resume(&self, id: TaskId, follow_up: FollowUp) -> impl Future<Output = Answer<Task>> + Send;

    /// Removes a task with all its output. A running one is stopped first, and is gone when its
    /// process tree is.
    ///
    /// # Errors
    /// `not_found`.
    fn remove(&self, id: TaskId) -> impl Future<Output = Answer<()>> + Send;

    /// Removes finished tasks.
    fn clean(&self, query: CleanQuery) -> impl Future<Output = Answer<Cleaned>> + Send;

    /// Notes that a person has looked at finished tasks.
    ///
    /// # Errors
    /// `invalid_request` for too many `ids`.
    fn seen(&self, query: SeenQuery) -> impl Future<Output = Answer<Queue>> + Send;

    /// What the runs that ended since an instant have cost. Removing a task does not undo what
    /// it has cost.
    fn spent(&self, query: SpentQuery) -> impl Future<Output = Answer<Spent>> + Send;

    /// Stops or lets go the starting of tasks. Survives a restart of the engine.
    fn set_paused(&self, paused: bool) -> impl Future<Output = Answer<Queue>> + Send;

    /// Events after a point in the stream; waits for one when asked to.
    fn events(&self, query: EventQuery) -> impl Future<Output = Answer<EventPage>> + Send;

    /// Who answers, and how the queue stands.
    fn engine(&self) -> impl Future<Output = Answer<EngineInfo>> + Send;

    /// The settings in force.
    fn settings(&self) -> impl Future<Output = Answer<Settings>> + Send;

    /// Changes the settings that `change` names: they are written into `config.toml`, whose comments
    /// stay, and all that the file then says is in force at once. The others keep the values they
    /// have by then, so that two clients that change different settings do not undo each other's.
    /// More workers start what is queued; with fewer, what runs goes on. Limits and the like
    /// apply to runs that begin later. Gives back what is in force.
    ///
    /// # Errors
    /// `invalid_request` naming the setting that is not known or whose value is out of range, or
    /// what is wrong with the file; `disk_full`.
    fn set_settings(&self, change: SettingsChange)
    -> impl Future<Output = Answer<Settings>> + Send;

    /// The directories whose settings tasks of agents may use.
    fn trusted(&self) -> impl Future<Output = Answer<Trust>> + Send;

    /// Trusts a directory, or takes it off our own list. It counts from the next run on.
    ///
    /// # Errors
    /// `invalid_request` for what is no directory, or not in the list; `disk_full`.
    fn set_trusted(&self, change: TrustChange) -> impl Future<Output = Answer<Trust>> + Send;

    /// Looks at what tasks need: the agent, its sign-in, the data directory, room on the disk.
    /// It may take some seconds.
    fn doctor(&self) -> impl Future<Output = Answer<Diagnosis>> + Send;

    /// Stops the engine. The answer is sent before it goes.
    fn stop(&self, mode: StopMode) -> impl Future<Output = Answer<Stopped>> + Send;
}
