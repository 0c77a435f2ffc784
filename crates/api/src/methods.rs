//! Every method of the API, declared once: name, verb, path, arguments, answer and errors.
//!
//! From these entries follow the trait [`TaskApi`], the HTTP router (`crates/server`), the client
//! (`crates/client`), the call that the pages in the app's window make, the TypeScript of the pages,
//! and what test doubles answer. A new method is one entry here and one function in the engine.

use std::future::Future;

use schemars::SchemaGenerator;

use crate::call::{
    Answer, AnswerTime, Call, CallSchemas, CallVisitor, Method, ReadArguments, Repeat, Reply, Verb,
    WriteArguments,
};
use crate::{
    About, ApiError, ChangedFiles, CleanQuery, Cleaned, CreatedToken, Diagnosis, DiffQuery, Edit,
    EngineInfo, EventPage, EventQuery, FileDiff, FollowUp, HttpChange, HttpState, Image,
    ImageQuery, ImportTasks, ImportedTasks, ListQuery, LogPage, LogQuery, LoginCode, MetricsText,
    Move, NewLogin, NewTask, NewTasks, NewToken, OutputChunk, OutputQuery, Overview, OverviewQuery,
    Patch, PatchQuery, Pause, Projects, ProjectsQuery, Queue, Retry, SaveTemplate, Scope,
    SearchPage, SearchQuery, SeenQuery, Settings, SettingsChange, Spent, SpentQuery, StopRequest,
    Stopped, SubmittedTasks, Task, TaskCount, TaskDetail, TaskId, TaskPage, TaskQuery,
    TemplateName, Templates, Token, TokenName, Tokens, Traceparent, Trust, TrustChange,
};

/// The idempotency key of a call, which makes it safe to repeat.
macro_rules! key_of {
    (Keyed, $call:ident) => {
        Some(&mut $call.body.idempotency_key)
    };
    (RunsAgain, $call:ident) => {
        Some(&mut $call.body.idempotency_key)
    };
    ($other:ident, $call:ident) => {
        None
    };
}

/// Makes the tasks that a call submits part of a trace.
macro_rules! join_trace_of {
    (Keyed, $call:ident, $traceparent:ident) => {
        $call.body.join_trace($traceparent)
    };
    ($other:ident, $call:ident, $traceparent:ident) => {};
}

/// The client or task that asks for a finished task to run again.
macro_rules! asker_of {
    (RunsAgain, $call:ident) => {
        Some(($call.id, &mut $call.body.asked_by))
    };
    ($other:ident, $call:ident) => {
        None
    };
}

/// How long the engine may wait for new data before it answers, in milliseconds.
macro_rules! wait_of {
    (Waits, $call:ident) => {
        $call.query.wait_ms
    };
    ($other:ident, $call:ident) => {
        0
    };
}

macro_rules! methods {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident = $Call:ident { $($arg:ident: $Arg:ty),* } -> $Answer:ty,
        $verb:ident $path:literal, $scope:ident, $repeat:ident, $time:ident, [$($error:ident),*];
    )*) => {
        /// Every request that a client can send to an engine.
        ///
        /// The engine implements each method. A client over the wire implements only
        /// [`TaskApi::call`]. One contract suite runs against both. All methods are safe to call
        /// concurrently.
        pub trait TaskApi: Send + Sync {
            /// Answers each method that the implementation does not override.
            ///
            /// # Errors
            /// Those of the method; `internal` when the implementation (a test double, for example)
            /// does not support it.
            fn call<C: Call>(
                &self,
                call: C,
            ) -> impl Future<Output = Result<C::Answer, ApiError>> + Send {
                drop(call);
                let name = C::METHOD.name;
                async move { Err(ApiError::internal(format!("{name} is not answered here"))) }
            }

            $(
                $(#[doc = $doc])*
                fn $name(
                    &self,
                    $($arg: $Arg),*
                ) -> impl Future<Output = Result<$Answer, ApiError>> + Send {
                    self.call(calls::$Call { $($arg),* })
                }
            )*
        }

        /// A call of each method, with its arguments.
        #[allow(missing_docs, reason = "each field is an argument of the method of that name")]
        pub mod calls {
            use super::*;
            $(
                $(#[doc = $doc])*
                #[derive(Debug, Clone, PartialEq)]
                pub struct $Call {
                    $(pub $arg: $Arg),*
                }
            )*
        }

        $(
            impl Call for calls::$Call {
                type Answer = $Answer;

                const METHOD: Method = Method {
                    name: stringify!($name),
                    summary: concat!($($doc, "\n"),*),
                    verb: Verb::$verb,
                    path: $path,
                    scope: Scope::$scope,
                    repeat: Repeat::$repeat,
                    answer_time: AnswerTime::$time,
                    arguments: &[$((stringify!($arg), stringify!($Arg))),*],
                    answer: stringify!($Answer),
                    errors: &[$(crate::ErrorCode::$error),*],
                };

                #[allow(unused_variables, reason = "a method may have no arguments")]
                fn read(from: &mut impl ReadArguments) -> Result<Self, ApiError> {
                    Ok(Self { $($arg: from.$arg()?),* })
                }

                #[allow(unused_variables, reason = "a method may have no arguments")]
                fn write(&self, to: &mut impl WriteArguments) -> Result<(), ApiError> {
                    $(to.$arg(&self.$arg)?;)*
                    Ok(())
                }

                fn ask<A: TaskApi>(
                    self,
                    api: &A,
                ) -> impl Future<Output = Result<$Answer, ApiError>> + Send {
                    api.$name($(self.$arg),*)
                }

                fn idempotency_key(&mut self) -> Option<&mut Option<String>> {
                    key_of!($repeat, self)
                }

                #[allow(unused_variables, reason = "a method may submit no tasks")]
                fn join_trace(&mut self, traceparent: Traceparent) {
                    join_trace_of!($repeat, self, traceparent);
                }

                fn asked_by(&mut self) -> Option<(TaskId, &mut crate::Asker)> {
                    asker_of!($repeat, self)
                }

                fn wait_ms(&self) -> u64 {
                    wait_of!($time, self)
                }

                #[allow(unused_variables, reason = "a method may have no arguments")]
                fn schemas(
                    asked: &mut SchemaGenerator,
                    answered: &mut SchemaGenerator,
                ) -> CallSchemas {
                    CallSchemas {
                        arguments: vec![$(asked.subschema_for::<$Arg>()),*],
                        answer: <$Answer as Answer>::schema(answered),
                    }
                }
            }
        )*

        /// Every method, in the order of its declaration.
        pub const METHODS: &[Method] = &[$(<calls::$Call as Call>::METHOD),*];

        /// Shows every kind of call to `visitor`, in the order of declaration.
        pub fn visit_calls(visitor: &mut impl CallVisitor) {
            $(visitor.visit::<calls::$Call>();)*
        }

        /// Makes the call that `name` names, with arguments that are read from `arguments`.
        ///
        /// # Errors
        /// Those of the method; `invalid_request` for a name or argument that does not exist.
        pub async fn call_by_name<A: TaskApi>(
            api: &A,
            name: &str,
            arguments: &mut impl ReadArguments,
        ) -> Result<Reply, ApiError> {
            match name {
                $(
                    stringify!($name) => {
                        let call = calls::$Call::read(arguments)?;
                        arguments.finish()?;
                        call.ask(api).await?.into_reply()
                    }
                )*
                _ => Err(ApiError::invalid(format!("There is no method {name}"))),
            }
        }
    };
}

methods! {
    /// Puts a task into the queue. When this returns, the task is on disk.
    ///
    /// # Errors
    /// `invalid_request` (empty prompt, missing directory, unknown parent), `conflict` when the
    /// idempotency key belongs to another task, `queue_full`, `disk_full`; `forbidden` when tasks may not submit more, or not that deep.
    submit = Submit { body: NewTask } -> Task,
    Post "/api/v1/tasks", Submit, Keyed, Quick,
    [InvalidRequest, Conflict, QueueFull, DiskFull, Forbidden];

    /// Puts tasks into the queue, all of them or none, in one step. When this returns, they are on disk.
    /// An error names the task by its place, counted from 0: `tasks[17].working_directory: …`.
    ///
    /// # Errors
    /// As those of `submit`; `invalid_request` for no tasks or more than 1000.
    submit_batch = SubmitBatch { body: NewTasks } -> SubmittedTasks,
    Post "/api/v1/tasks/batch", Submit, Keyed, Quick,
    [InvalidRequest, Conflict, QueueFull, DiskFull, Forbidden];

    /// Puts a task into the queue for a program that speaks MCP: the same as `submit`, but where no
    /// `caller` is named it is `mcp`, so that the limits for programs apply.
    ///
    /// # Errors
    /// As those of `submit`.
    submit_for_mcp = SubmitForMcp { body: NewTask } -> Task,
    Post "/api/v1/mcp/tasks", Submit, Keyed, Quick,
    [InvalidRequest, Conflict, QueueFull, DiskFull, Forbidden];

    /// Lists tasks.
    ///
    /// # Errors
    /// `invalid_request` for too many `ids`, and for a project that does not exist.
    list = List { query: ListQuery } -> TaskPage,
    Get "/api/v1/tasks", Read, Safe, Quick, [InvalidRequest];

    /// Counts the tasks that `list` would show, whatever the limit, in all and by model.
    ///
    /// # Errors
    /// As those of `list`.
    count = CountTasks { query: ListQuery } -> TaskCount,
    Get "/api/v1/tasks/count", Read, Safe, Quick, [InvalidRequest];

    /// Searches in the prompts, results and logs of tasks. Names are searched by `list`. What has just been
    /// submitted or has just ended is found a moment later.
    ///
    /// # Errors
    /// `invalid_request` for too long a text, and for a project that does not exist.
    search = Search { query: SearchQuery } -> SearchPage,
    Get "/api/v1/search", Read, Safe, Quick, [InvalidRequest];

    /// Everything stored about one task; waits for its end when asked to.
    ///
    /// # Errors
    /// `not_found`.
    get = Get { id: TaskId, query: TaskQuery } -> TaskDetail,
    Get "/api/v1/tasks/{id}", Read, Safe, Waits, [NotFound];

    /// A part of a run's log, as items; waits for more when asked to.
    ///
    /// # Errors
    /// `not_found` (task, run, or output that was deleted).
    log = Log { id: TaskId, query: LogQuery } -> LogPage,
    Get "/api/v1/tasks/{id}/log", Read, Safe, Waits, [NotFound];

    /// A part of a run's output, as bytes; waits for more when asked to.
    ///
    /// # Errors
    /// `not_found` (task, run, or output that was deleted).
    output = Output { id: TaskId, query: OutputQuery } -> OutputChunk,
    Get "/api/v1/tasks/{id}/output", Read, Safe, Waits, [NotFound];

    /// An image in a run's log: one that a tool returned to the agent, or with `path` a file in the task's
    /// directory that a text names.
    ///
    /// # Errors
    /// `not_found` (task, run, or image); `invalid_request` for what is no image or too large, and for a file
    /// outside of the directory.
    image = GetImage { id: TaskId, query: ImageQuery } -> Image,
    Get "/api/v1/tasks/{id}/image", Read, Safe, Quick, [NotFound, InvalidRequest];

    /// The files that a task changed, over all of its runs: from git where its directory is in a
    /// repository, and from the edits of the agent's tools.
    ///
    /// # Errors
    /// `not_found`.
    changes = Changes { id: TaskId } -> ChangedFiles,
    Get "/api/v1/tasks/{id}/changes", Read, Safe, Quick, [NotFound];

    /// The change of one file: its text before and after, and where they differ.
    ///
    /// # Errors
    /// `not_found` (task, or file that the task did not change).
    diff = Diff { id: TaskId, query: DiffQuery } -> FileDiff,
    Get "/api/v1/tasks/{id}/diff", Read, Safe, Quick, [NotFound];

    /// The changes of a task as a patch, for `git apply`.
    ///
    /// # Errors
    /// `not_found` (task, or file that the task did not change).
    patch = GetPatch { id: TaskId, query: PatchQuery } -> Patch,
    Get "/api/v1/tasks/{id}/patch", Read, Safe, Quick, [NotFound];

    /// Asks a task to stop. A task in the queue is cancelled at once; a running one is
    /// `stopping` until its whole process tree is gone. Cancelling a task that is already
    /// stopping or cancelled changes nothing.
    ///
    /// # Errors
    /// `not_found`; `conflict` when it has already finished otherwise.
    cancel = Cancel { id: TaskId } -> Task,
    Post "/api/v1/tasks/{id}/cancel", Submit, Safe, Quick, [NotFound, Conflict];

    /// Runs a finished task again from the beginning, in a new session, with the changes that the body
    /// names.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for a change that cannot be made, and when the working directory
    /// is gone; `conflict` when it is not finished.
    retry = RetryTask { id: TaskId, body: Retry } -> Task,
    Post "/api/v1/tasks/{id}/retry", Submit, RunsAgain, Quick,
    [NotFound, InvalidRequest, Conflict, Forbidden];

    /// Changes a task that has not begun: its prompt, its name, its directory and its options.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for a change that cannot be made; `conflict` when the task has
    /// begun.
    edit = EditTask { id: TaskId, body: Edit } -> Task,
    Post "/api/v1/tasks/{id}/edit", Submit, RunsAgain, Quick,
    [NotFound, InvalidRequest, Conflict, Forbidden];

    /// Moves a task in the queue: to its beginning, so that it starts next, to its end, or beside another
    /// task. The order stays when the engine restarts.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for a place that there cannot be; `conflict` when the task, or the
    /// one that it is to stand beside, is not in the queue.
    move_task = MoveTask { id: TaskId, body: Move } -> Task,
    Post "/api/v1/tasks/{id}/move", Full, Safe, Quick, [NotFound, InvalidRequest, Conflict];

    /// Continues a finished task in the same agent session, with the changes that the body names.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for an empty message, for a change that cannot be made, and when
    /// the working directory is gone; `conflict` when the task is not finished (its session is in use)
    /// or has no session.
    resume = Resume { id: TaskId, body: FollowUp } -> Task,
    Post "/api/v1/tasks/{id}/resume", Submit, RunsAgain, Quick,
    [NotFound, InvalidRequest, Conflict, Forbidden];

    /// Removes a task with all its output. A running task is stopped first, and removed when its
    /// process tree has ended.
    ///
    /// # Errors
    /// `not_found`.
    remove = Remove { id: TaskId } -> (),
    Delete "/api/v1/tasks/{id}", Full, Once, EndsRuns, [NotFound];

    /// Removes finished tasks.
    clean = Clean { body: CleanQuery } -> Cleaned,
    Post "/api/v1/tasks/clean", Full, Safe, Quick, [InvalidRequest];

    /// Takes over the tasks of a database of the Python claude-worker. Finished ones are added to the
    /// history and never run. Importing a database twice adds nothing twice.
    ///
    /// # Errors
    /// `invalid_request` for a file that is none of that program; `disk_full`.
    import = Import { body: ImportTasks } -> ImportedTasks,
    Post "/api/v1/tasks/import", Full, Safe, EndsRuns, [InvalidRequest, DiskFull];

    /// Marks finished tasks as seen by a person.
    ///
    /// # Errors
    /// `invalid_request` for too many `ids`.
    seen = Seen { body: SeenQuery } -> Queue,
    Post "/api/v1/tasks/seen", Full, Safe, Quick, [InvalidRequest];

    /// The cost of all runs that ended since a point in time. Removing a task does not change it.
    spent = SpentSince { query: SpentQuery } -> Spent,
    Get "/api/v1/spent", Read, Safe, Quick, [InvalidRequest];

    /// The repositories and directories that tasks work in, with their tasks and costs.
    projects = GetProjects { query: ProjectsQuery } -> Projects,
    Get "/api/v1/projects", Read, Safe, Quick, [InvalidRequest];

    /// What happened since a moment, and what runs cost and took: by day, project and model.
    ///
    /// # Errors
    /// `invalid_request` for days out of order, more than 62 of them, a `day` that is none of them, and a
    /// project that does not exist.
    overview = GetOverview { query: OverviewQuery } -> Overview,
    Get "/api/v1/overview", Read, Safe, Quick, [InvalidRequest];

    /// Pauses the queue, so that no task is started, or continues it. It stays paused when the
    /// engine restarts.
    set_paused = SetPaused { body: Pause } -> Queue,
    Put "/api/v1/queue", Full, Safe, Quick, [];

    /// Events after a point in the stream; waits for one when asked to.
    events = Events { query: EventQuery } -> EventPage,
    Get "/api/v1/events", Read, Safe, Waits, [InvalidRequest];

    /// The engine's version, process, counters and queue.
    engine = Engine {} -> EngineInfo,
    Get "/api/v1/engine", Read, Safe, Quick, [];

    /// What the engine and its tasks do, for Prometheus: queue, runs, durations, cost, tokens, and figures
    /// of the engine itself. Counters begin when the engine starts.
    metrics = GetMetrics {} -> MetricsText,
    Get "/metrics", Read, Safe, Quick, [];

    /// The settings in force.
    settings = GetSettings {} -> Settings,
    Get "/api/v1/settings", Full, Safe, Quick, [];

    /// Changes the settings that the body names. They are written into `config.toml`, whose comments
    /// are kept, and the whole file takes effect at once.
    /// More workers start queued tasks; fewer workers stop no running task. Limits apply to runs
    /// that begin later. Returns the settings in force.
    ///
    /// # Errors
    /// `invalid_request` naming the key whose value is out of range, or what is wrong with the
    /// file; `disk_full`.
    set_settings = SetSettings { body: SettingsChange } -> Settings,
    Put "/api/v1/settings", Full, Safe, Quick, [InvalidRequest, DiskFull];

    /// The directories whose settings may be used by tasks that agents submit.
    trusted = Trusted {} -> Trust,
    Get "/api/v1/trust", Full, Safe, Quick, [];

    /// Trusts a directory, or removes it from Claude Worker's own list. It applies from the next run
    /// on.
    ///
    /// # Errors
    /// `invalid_request` for a path that is not a directory, or not in the list; `disk_full`.
    set_trusted = SetTrusted { body: TrustChange } -> Trust,
    Put "/api/v1/trust", Full, Safe, Quick, [InvalidRequest, DiskFull];

    /// The templates: prompts with fields, from which tasks are made.
    templates = GetTemplates {} -> Templates,
    Get "/api/v1/templates", Read, Safe, Quick, [];

    /// Keeps a template: a new one, or one in the place of the template that `replaces` names.
    /// Returns all templates.
    ///
    /// # Errors
    /// `invalid_request` for a template that no task could be made of, and when there are 200; `conflict`
    /// when another template has the name; `not_found` when there is none that it could replace;
    /// `disk_full`.
    save_template = KeepTemplate { body: SaveTemplate } -> Templates,
    Put "/api/v1/templates", Full, Safe, Quick, [InvalidRequest, Conflict, NotFound, DiskFull];

    /// Removes a template. Returns those that are left.
    ///
    /// # Errors
    /// `not_found`.
    remove_template = RemoveTemplate { body: TemplateName } -> Templates,
    Post "/api/v1/templates/remove", Full, Once, Quick, [NotFound, DiskFull];

    /// What is installed: versions, places, and the command that updates it. It may take some seconds.
    about = GetAbout {} -> About,
    Get "/api/v1/about", Full, Safe, Examines, [];

    /// Checks what tasks need: the agent, its sign-in, the data directory, free disk space.
    /// It may take some seconds.
    doctor = Doctor {} -> Diagnosis,
    Get "/api/v1/doctor", Full, Safe, Examines, [];

    /// The tokens and the logins of browsers, without their secrets.
    tokens = ListTokens {} -> Tokens,
    Get "/api/v1/tokens", Full, Safe, Quick, [];

    /// Creates a token for programs. Its secret is in the answer, and nowhere else.
    ///
    /// # Errors
    /// `invalid_request` for a name that cannot be used; `conflict` when another token has it, or when
    /// there are 500; `disk_full`.
    create_token = CreateToken { body: NewToken } -> CreatedToken,
    Post "/api/v1/tokens", Full, Once, Quick, [InvalidRequest, Conflict, DiskFull];

    /// Revokes a token or the login of a browser: requests with it are refused from now on, and its
    /// open event streams end.
    ///
    /// # Errors
    /// `not_found`.
    revoke_token = RevokeToken { body: TokenName } -> Token,
    Post "/api/v1/tokens/revoke", Full, Once, Quick, [NotFound, DiskFull];

    /// Gives a token a new secret, which is in the answer. The old one is refused from now on.
    ///
    /// # Errors
    /// `not_found`; `conflict` for the login of a browser, which has no secret that people see.
    rotate_token = RotateToken { body: TokenName } -> CreatedToken,
    Post "/api/v1/tokens/rotate", Full, Once, Quick, [NotFound, Conflict, DiskFull];

    /// Makes a code with which one browser logs in, once and within 2 minutes.
    create_login = CreateLogin { body: NewLogin } -> LoginCode,
    Post "/api/v1/logins", Full, Safe, Quick, [InvalidRequest];

    /// Where the engine serves HTTP over TCP, and what was asked of it.
    http = GetHttp {} -> HttpState,
    Get "/api/v1/engine/http", Full, Safe, Quick, [];

    /// Serves HTTP over TCP at another address, or no longer, from now on until the engine is stopped
    /// or `[http]` in `config.toml` is changed. Running tasks are not touched.
    ///
    /// # Errors
    /// `invalid_request` for an address that cannot be bound, and for one beyond this machine without
    /// TLS; then nothing changes.
    set_http = SetHttp { body: HttpChange } -> HttpState,
    Put "/api/v1/engine/http", Full, Safe, Quick, [InvalidRequest];

    /// Stops the engine. The answer is sent before it goes.
    stop = Stop { body: StopRequest } -> Stopped,
    Post "/api/v1/engine/stop", Full, Once, EndsRuns, [];
}

/// Convenience methods on top of [`TaskApi`].
pub trait TaskApiExt: TaskApi {
    /// One task as lists show it, for callers that poll it. [`TaskApi::get`] also returns its
    /// prompt, which can have [`crate::MAX_PROMPT_BYTES`].
    ///
    /// # Errors
    /// `not_found`.
    fn row(&self, id: TaskId) -> impl Future<Output = Result<Task, ApiError>> + Send {
        async move {
            let page = self.list(ListQuery { ids: vec![id], ..ListQuery::default() }).await?;
            page.tasks.into_iter().next().ok_or_else(|| ApiError::no_task(id))
        }
    }

    /// Waits until a task has finished, however it ends.
    ///
    /// # Errors
    /// `not_found`, also when the task is removed; `unavailable` when no engine answers any more.
    fn wait_until_finished(
        &self,
        id: TaskId,
    ) -> impl Future<Output = Result<TaskDetail, ApiError>> + Send {
        async move {
            // Before the task is read, so that no change falls between the two.
            let mut after = self.events(EventQuery::default()).await?.next;
            loop {
                let detail = self.get(id, TaskQuery::default()).await?;
                if detail.task.state.is_finished() {
                    return Ok(detail);
                }
                let query = EventQuery {
                    after: Some(after),
                    tasks: vec![id],
                    lasting: true,
                    wait_ms: 30_000,
                    ..EventQuery::default()
                };
                after = self.events(query).await?.next;
            }
        }
    }
}

impl<A: TaskApi> TaskApiExt for A {}
