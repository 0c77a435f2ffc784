// Generated from crates/api by its test `typescript`; do not edit.
// CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api typescript
import type {
  About,
  ChangedFiles,
  CleanQuery,
  Cleaned,
  CreatedToken,
  Diagnosis,
  DiffQuery,
  Edit,
  EngineInfo,
  EventPage,
  EventQuery,
  FileDiff,
  FollowUp,
  HttpChange,
  HttpState,
  Image,
  ImageQuery,
  ImportTasks,
  ImportedTasks,
  ListQuery,
  LogPage,
  LogQuery,
  LoginCode,
  Move,
  NewLogin,
  NewTask,
  NewTasks,
  NewToken,
  Overview,
  OverviewQuery,
  Patch,
  PatchQuery,
  Pause,
  Projects,
  ProjectsQuery,
  Queue,
  Retry,
  SaveTemplate,
  SearchPage,
  SearchQuery,
  SeenQuery,
  Settings,
  SettingsChange,
  Spent,
  SpentQuery,
  StopRequest,
  Stopped,
  SubmittedTasks,
  Task,
  TaskCount,
  TaskDetail,
  TaskId,
  TaskPage,
  TaskQuery,
  TemplateName,
  Templates,
  Token,
  TokenName,
  Tokens,
  Trust,
  TrustChange,
} from "./api";

/** Every method of the engine whose answer is JSON. */
export interface EngineApi {
  /**
   * Puts a task into the queue. When this returns, the task is on disk.
   *
   * # Errors
   * `invalid_request` (empty prompt, missing directory, unknown parent), `conflict` when the
   * idempotency key belongs to another task, `queue_full`, `disk_full`; `forbidden` when tasks may not submit more, or not that deep.
   */
  submit(body: NewTask, signal?: AbortSignal): Promise<Task>;
  /**
   * Puts tasks into the queue, all of them or none, in one step. When this returns, they are on disk.
   * An error names the task by its place, counted from 0: `tasks[17].working_directory: …`.
   *
   * # Errors
   * As those of `submit`; `invalid_request` for no tasks or more than 1000.
   */
  submitBatch(body: NewTasks, signal?: AbortSignal): Promise<SubmittedTasks>;
  /**
   * Puts a task into the queue for a program that speaks MCP: the same as `submit`, but where no
   * `caller` is named it is `mcp`, so that the limits for programs apply.
   *
   * # Errors
   * As those of `submit`.
   */
  submitForMcp(body: NewTask, signal?: AbortSignal): Promise<Task>;
  /**
   * Lists tasks.
   *
   * # Errors
   * `invalid_request` for too many `ids`, and for a project that does not exist.
   */
  list(query?: ListQuery, signal?: AbortSignal): Promise<TaskPage>;
  /**
   * Counts the tasks that `list` would show, whatever the limit, in all and by model.
   *
   * # Errors
   * As those of `list`.
   */
  count(query?: ListQuery, signal?: AbortSignal): Promise<TaskCount>;
  /**
   * Searches in the prompts, results and logs of tasks. Names are searched by `list`. What has just been
   * submitted or has just ended is found a moment later.
   *
   * # Errors
   * `invalid_request` for too long a text, and for a project that does not exist.
   */
  search(query?: SearchQuery, signal?: AbortSignal): Promise<SearchPage>;
  /**
   * Everything stored about one task; waits for its end when asked to.
   *
   * # Errors
   * `not_found`.
   */
  get(id: TaskId, query?: TaskQuery, signal?: AbortSignal): Promise<TaskDetail>;
  /**
   * A part of a run's log, as items; waits for more when asked to.
   *
   * # Errors
   * `not_found` (task, run, or output that was deleted).
   */
  log(id: TaskId, query?: LogQuery, signal?: AbortSignal): Promise<LogPage>;
  /**
   * An image in a run's log: one that a tool returned to the agent, or with `path` a file in the task's
   * directory that a text names.
   *
   * # Errors
   * `not_found` (task, run, or image); `invalid_request` for what is no image or too large, and for a file
   * outside of the directory.
   */
  image(id: TaskId, query?: ImageQuery, signal?: AbortSignal): Promise<Image>;
  /**
   * The files that a task changed, over all of its runs: from git where its directory is in a
   * repository, and from the edits of the agent's tools.
   *
   * # Errors
   * `not_found`.
   */
  changes(id: TaskId, signal?: AbortSignal): Promise<ChangedFiles>;
  /**
   * The change of one file: its text before and after, and where they differ.
   *
   * # Errors
   * `not_found` (task, or file that the task did not change).
   */
  diff(id: TaskId, query: DiffQuery, signal?: AbortSignal): Promise<FileDiff>;
  /**
   * The changes of a task as a patch, for `git apply`.
   *
   * # Errors
   * `not_found` (task, or file that the task did not change).
   */
  patch(id: TaskId, query?: PatchQuery, signal?: AbortSignal): Promise<Patch>;
  /**
   * Asks a task to stop. A task in the queue is cancelled at once; a running one is
   * `stopping` until its whole process tree is gone. Cancelling a task that is already
   * stopping or cancelled changes nothing.
   *
   * # Errors
   * `not_found`; `conflict` when it has already finished otherwise.
   */
  cancel(id: TaskId, signal?: AbortSignal): Promise<Task>;
  /**
   * Runs a finished task again from the beginning, in a new session, with the changes that the body
   * names.
   *
   * # Errors
   * `not_found`; `invalid_request` for a change that cannot be made, and when the working directory
   * is gone; `conflict` when it is not finished.
   */
  retry(id: TaskId, body?: Retry, signal?: AbortSignal): Promise<Task>;
  /**
   * Changes a task that has not begun: its prompt, its name, its directory and its options.
   *
   * # Errors
   * `not_found`; `invalid_request` for a change that cannot be made; `conflict` when the task has
   * begun.
   */
  edit(id: TaskId, body?: Edit, signal?: AbortSignal): Promise<Task>;
  /**
   * Moves a task in the queue: to its beginning, so that it starts next, to its end, or beside another
   * task. The order stays when the engine restarts.
   *
   * # Errors
   * `not_found`; `invalid_request` for a place that there cannot be; `conflict` when the task, or the
   * one that it is to stand beside, is not in the queue.
   */
  moveTask(id: TaskId, body: Move, signal?: AbortSignal): Promise<Task>;
  /**
   * Continues a finished task in the same agent session, with the changes that the body names.
   *
   * # Errors
   * `not_found`; `invalid_request` for an empty message, for a change that cannot be made, and when
   * the working directory is gone; `conflict` when the task is not finished (its session is in use)
   * or has no session.
   */
  resume(id: TaskId, body: FollowUp, signal?: AbortSignal): Promise<Task>;
  /**
   * Removes a task with all its output. A running task is stopped first, and removed when its
   * process tree has ended.
   *
   * # Errors
   * `not_found`.
   */
  remove(id: TaskId, signal?: AbortSignal): Promise<void>;
  /** Removes finished tasks. */
  clean(body?: CleanQuery, signal?: AbortSignal): Promise<Cleaned>;
  /**
   * Takes over the tasks of a database of the Python claude-worker. Finished ones are added to the
   * history and never run. Importing a database twice adds nothing twice.
   *
   * # Errors
   * `invalid_request` for a file that is none of that program; `disk_full`.
   */
  import(body: ImportTasks, signal?: AbortSignal): Promise<ImportedTasks>;
  /**
   * Marks finished tasks as seen by a person.
   *
   * # Errors
   * `invalid_request` for too many `ids`.
   */
  seen(body?: SeenQuery, signal?: AbortSignal): Promise<Queue>;
  /** The cost of all runs that ended since a point in time. Removing a task does not change it. */
  spent(query: SpentQuery, signal?: AbortSignal): Promise<Spent>;
  /** The repositories and directories that tasks work in, with their tasks and costs. */
  projects(query?: ProjectsQuery, signal?: AbortSignal): Promise<Projects>;
  /**
   * What happened since a moment, and what runs cost and took: by day, project and model.
   *
   * # Errors
   * `invalid_request` for days out of order, more than 62 of them, a `day` that is none of them, and a
   * project that does not exist.
   */
  overview(query?: OverviewQuery, signal?: AbortSignal): Promise<Overview>;
  /**
   * Pauses the queue, so that no task is started, or continues it. It stays paused when the
   * engine restarts.
   */
  setPaused(body: Pause, signal?: AbortSignal): Promise<Queue>;
  /** Events after a point in the stream; waits for one when asked to. */
  events(query?: EventQuery, signal?: AbortSignal): Promise<EventPage>;
  /** The engine's version, process, counters and queue. */
  engine(signal?: AbortSignal): Promise<EngineInfo>;
  /** The settings in force. */
  settings(signal?: AbortSignal): Promise<Settings>;
  /**
   * Changes the settings that the body names. They are written into `config.toml`, whose comments
   * are kept, and the whole file takes effect at once.
   * More workers start queued tasks; fewer workers stop no running task. Limits apply to runs
   * that begin later. Returns the settings in force.
   *
   * # Errors
   * `invalid_request` naming the key whose value is out of range, or what is wrong with the
   * file; `disk_full`.
   */
  setSettings(body?: SettingsChange, signal?: AbortSignal): Promise<Settings>;
  /** The directories whose settings may be used by tasks that agents submit. */
  trusted(signal?: AbortSignal): Promise<Trust>;
  /**
   * Trusts a directory, or removes it from Claude Worker's own list. It applies from the next run
   * on.
   *
   * # Errors
   * `invalid_request` for a path that is not a directory, or not in the list; `disk_full`.
   */
  setTrusted(body: TrustChange, signal?: AbortSignal): Promise<Trust>;
  /** The templates: prompts with fields, from which tasks are made. */
  templates(signal?: AbortSignal): Promise<Templates>;
  /**
   * Keeps a template: a new one, or one in the place of the template that `replaces` names.
   * Returns all templates.
   *
   * # Errors
   * `invalid_request` for a template that no task could be made of, and when there are 200; `conflict`
   * when another template has the name; `not_found` when there is none that it could replace;
   * `disk_full`.
   */
  saveTemplate(body: SaveTemplate, signal?: AbortSignal): Promise<Templates>;
  /**
   * Removes a template. Returns those that are left.
   *
   * # Errors
   * `not_found`.
   */
  removeTemplate(body: TemplateName, signal?: AbortSignal): Promise<Templates>;
  /** What is installed: versions, places, and the command that updates it. It may take some seconds. */
  about(signal?: AbortSignal): Promise<About>;
  /**
   * Checks what tasks need: the agent, its sign-in, the data directory, free disk space.
   * It may take some seconds.
   */
  doctor(signal?: AbortSignal): Promise<Diagnosis>;
  /** The tokens and the logins of browsers, without their secrets. */
  tokens(signal?: AbortSignal): Promise<Tokens>;
  /**
   * Creates a token for programs. Its secret is in the answer, and nowhere else.
   *
   * # Errors
   * `invalid_request` for a name that cannot be used; `conflict` when another token has it, or when
   * there are 500; `disk_full`.
   */
  createToken(body: NewToken, signal?: AbortSignal): Promise<CreatedToken>;
  /**
   * Revokes a token or the login of a browser: requests with it are refused from now on, and its
   * open event streams end.
   *
   * # Errors
   * `not_found`.
   */
  revokeToken(body: TokenName, signal?: AbortSignal): Promise<Token>;
  /**
   * Gives a token a new secret, which is in the answer. The old one is refused from now on.
   *
   * # Errors
   * `not_found`; `conflict` for the login of a browser, which has no secret that people see.
   */
  rotateToken(body: TokenName, signal?: AbortSignal): Promise<CreatedToken>;
  /** Makes a code with which one browser logs in, once and within 2 minutes. */
  createLogin(body?: NewLogin, signal?: AbortSignal): Promise<LoginCode>;
  /** Where the engine serves HTTP over TCP, and what was asked of it. */
  http(signal?: AbortSignal): Promise<HttpState>;
  /**
   * Serves HTTP over TCP at another address, or no longer, from now on until the engine is stopped
   * or `[http]` in `config.toml` is changed. Running tasks are not touched.
   *
   * # Errors
   * `invalid_request` for an address that cannot be bound, and for one beyond this machine without
   * TLS; then nothing changes.
   */
  setHttp(body?: HttpChange, signal?: AbortSignal): Promise<HttpState>;
  /** Stops the engine. The answer is sent before it goes. */
  stop(body?: StopRequest, signal?: AbortSignal): Promise<Stopped>;
}

/** How a call of each method is sent. */
export const METHODS = {
  submit: {
    name: "submit",
    verb: "POST",
    path: "/api/v1/tasks",
    arguments: ["body"],
  },
  submitBatch: {
    name: "submit_batch",
    verb: "POST",
    path: "/api/v1/tasks/batch",
    arguments: ["body"],
  },
  submitForMcp: {
    name: "submit_for_mcp",
    verb: "POST",
    path: "/api/v1/mcp/tasks",
    arguments: ["body"],
  },
  list: {
    name: "list",
    verb: "GET",
    path: "/api/v1/tasks",
    arguments: ["query"],
  },
  count: {
    name: "count",
    verb: "GET",
    path: "/api/v1/tasks/count",
    arguments: ["query"],
  },
  search: {
    name: "search",
    verb: "GET",
    path: "/api/v1/search",
    arguments: ["query"],
  },
  get: {
    name: "get",
    verb: "GET",
    path: "/api/v1/tasks/{id}",
    arguments: ["id", "query"],
  },
  log: {
    name: "log",
    verb: "GET",
    path: "/api/v1/tasks/{id}/log",
    arguments: ["id", "query"],
  },
  image: {
    name: "image",
    verb: "GET",
    path: "/api/v1/tasks/{id}/image",
    arguments: ["id", "query"],
  },
  changes: {
    name: "changes",
    verb: "GET",
    path: "/api/v1/tasks/{id}/changes",
    arguments: ["id"],
  },
  diff: {
    name: "diff",
    verb: "GET",
    path: "/api/v1/tasks/{id}/diff",
    arguments: ["id", "query"],
  },
  patch: {
    name: "patch",
    verb: "GET",
    path: "/api/v1/tasks/{id}/patch",
    arguments: ["id", "query"],
  },
  cancel: {
    name: "cancel",
    verb: "POST",
    path: "/api/v1/tasks/{id}/cancel",
    arguments: ["id"],
  },
  retry: {
    name: "retry",
    verb: "POST",
    path: "/api/v1/tasks/{id}/retry",
    arguments: ["id", "body"],
  },
  edit: {
    name: "edit",
    verb: "POST",
    path: "/api/v1/tasks/{id}/edit",
    arguments: ["id", "body"],
  },
  moveTask: {
    name: "move_task",
    verb: "POST",
    path: "/api/v1/tasks/{id}/move",
    arguments: ["id", "body"],
  },
  resume: {
    name: "resume",
    verb: "POST",
    path: "/api/v1/tasks/{id}/resume",
    arguments: ["id", "body"],
  },
  remove: {
    name: "remove",
    verb: "DELETE",
    path: "/api/v1/tasks/{id}",
    arguments: ["id"],
  },
  clean: {
    name: "clean",
    verb: "POST",
    path: "/api/v1/tasks/clean",
    arguments: ["body"],
  },
  import: {
    name: "import",
    verb: "POST",
    path: "/api/v1/tasks/import",
    arguments: ["body"],
  },
  seen: {
    name: "seen",
    verb: "POST",
    path: "/api/v1/tasks/seen",
    arguments: ["body"],
  },
  spent: {
    name: "spent",
    verb: "GET",
    path: "/api/v1/spent",
    arguments: ["query"],
  },
  projects: {
    name: "projects",
    verb: "GET",
    path: "/api/v1/projects",
    arguments: ["query"],
  },
  overview: {
    name: "overview",
    verb: "GET",
    path: "/api/v1/overview",
    arguments: ["query"],
  },
  setPaused: {
    name: "set_paused",
    verb: "PUT",
    path: "/api/v1/queue",
    arguments: ["body"],
  },
  events: {
    name: "events",
    verb: "GET",
    path: "/api/v1/events",
    arguments: ["query"],
  },
  engine: {
    name: "engine",
    verb: "GET",
    path: "/api/v1/engine",
    arguments: [],
  },
  settings: {
    name: "settings",
    verb: "GET",
    path: "/api/v1/settings",
    arguments: [],
  },
  setSettings: {
    name: "set_settings",
    verb: "PUT",
    path: "/api/v1/settings",
    arguments: ["body"],
  },
  trusted: {
    name: "trusted",
    verb: "GET",
    path: "/api/v1/trust",
    arguments: [],
  },
  setTrusted: {
    name: "set_trusted",
    verb: "PUT",
    path: "/api/v1/trust",
    arguments: ["body"],
  },
  templates: {
    name: "templates",
    verb: "GET",
    path: "/api/v1/templates",
    arguments: [],
  },
  saveTemplate: {
    name: "save_template",
    verb: "PUT",
    path: "/api/v1/templates",
    arguments: ["body"],
  },
  removeTemplate: {
    name: "remove_template",
    verb: "POST",
    path: "/api/v1/templates/remove",
    arguments: ["body"],
  },
  about: {
    name: "about",
    verb: "GET",
    path: "/api/v1/about",
    arguments: [],
  },
  doctor: {
    name: "doctor",
    verb: "GET",
    path: "/api/v1/doctor",
    arguments: [],
  },
  tokens: {
    name: "tokens",
    verb: "GET",
    path: "/api/v1/tokens",
    arguments: [],
  },
  createToken: {
    name: "create_token",
    verb: "POST",
    path: "/api/v1/tokens",
    arguments: ["body"],
  },
  revokeToken: {
    name: "revoke_token",
    verb: "POST",
    path: "/api/v1/tokens/revoke",
    arguments: ["body"],
  },
  rotateToken: {
    name: "rotate_token",
    verb: "POST",
    path: "/api/v1/tokens/rotate",
    arguments: ["body"],
  },
  createLogin: {
    name: "create_login",
    verb: "POST",
    path: "/api/v1/logins",
    arguments: ["body"],
  },
  http: {
    name: "http",
    verb: "GET",
    path: "/api/v1/engine/http",
    arguments: [],
  },
  setHttp: {
    name: "set_http",
    verb: "PUT",
    path: "/api/v1/engine/http",
    arguments: ["body"],
  },
  stop: {
    name: "stop",
    verb: "POST",
    path: "/api/v1/engine/stop",
    arguments: ["body"],
  },
} as const;
