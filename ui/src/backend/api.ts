// Generated from crates/api by its test `typescript`; do not edit.
// CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api typescript

/** What is installed, for a person who looks for a version or writes a report. */
export type About = {
  /** Claude Code, if it was found. */
  claude?: ClaudeCode;
  /** The commit that a released engine was built from. */
  commit?: string;
  /** Where tasks and settings are kept. */
  data_directory: string;
  /** How the program came onto this machine. */
  installation: Installation;
  /** The licence, by its SPDX identifier. */
  license: string;
  /** The program that the engine runs in. */
  program?: string;
  /** The operating system and the machine, like `linux x86_64`. */
  system: string;
  /** The version of the engine. */
  version: string;
};

/** What something that gives access is. */
export type AccessKind = "token" | "browser";

/**
 * What an engine has done since it started. An engine of a version without these counts reports
 * zeros.
 */
export type Activity = {
  /** Runs of an earlier engine that this one looked after: it took them over, or read how they ended. */
  adopted: number;
  /** Runs and queued tasks that were cancelled. */
  cancelled: number;
  /** Transactions that were stored. */
  commits: number;
  /** Runs that completed. */
  completed: number;
  /**
   * Runs that failed, including those after which the task is retried automatically, and tasks
   * that could not be run because of their records.
   */
  failed: number;
  /** Transactions that could not be stored and were rolled back. */
  failed_commits: number;
  /** Failed runs that were lost: their supervisors left no record. */
  lost: number;
  /** Runs whose agent was started. */
  started: number;
  /** Tasks that were submitted. */
  submitted: number;
};

/** The program that works on a task. */
export type Agent = "claude" | "shell";

/** An agent that an engine knows. */
export type AgentInfo = {
  /** What it can do, and which options a task of it may have. */
  capabilities: Capability[];
  /** Its name for people: `Claude Code`. */
  label: string;
  /** Its name in requests. */
  name: Agent;
};

/** Where the agents' programs are. */
export type AgentSettings = {
  /**
   * Claude Code's program. Without it, it is looked for in PATH, then as a login shell would
   * find it, then where installers put it.
   */
  claude: string;
  /**
   * Whether Claude Code prints what the model writes while it writes it. The log then shows unfinished
   * texts; what is kept stays the same. It takes effect with the next run.
   */
  live_text: boolean;
};

/** An error as it is shown to users: a stable code, what happened, and what to do next. */
export type ApiError = {
  /** The stable code. */
  code: ErrorCode;
  /** One sentence: what to do next. May be empty. */
  hint?: string;
  /** One sentence: what happened. */
  message: string;
};

/** Who submits a task or asks for another run of it. With neither field set it is a person. */
export type Asker = {
  /** The program that asks, named like [`NewTask::caller`]. */
  caller?: string;
  /** The task whose agent asks. */
  parent?: TaskId;
};

/** How much is kept and taken on. A size without a unit is in bytes. */
export type CapSettings = {
  /**
   * Disk space that must stay free: with less, new tasks are refused and queued ones
   * wait.
   */
  free_disk: number;
  /** Output of one run; more ends it. */
  output_per_run: number;
  /**
   * Output of all runs; beyond it the oldest finished runs lose theirs, and keep
   * result and verdict.
   */
  output_total: number;
  /** How many tasks may wait in the queue. */
  queued: number;
};

/** Something that an agent can do, or that can be set for it. */
export type Capability =
  | "sessions"
  | "models"
  | "system_prompt"
  | "permission_modes"
  | "allowed_tools"
  | "claude_options"
  | "max_turns"
  | "max_budget"
  | "silence_limit"
  | "project_settings"
  | "command_line";

/** Where the list of files comes from. */
export type ChangeSource =
  | {
      kind: "git";
      /** The repository's directory. */
      repository: string;
    }
  | { kind: "no_repository" }
  | {
      kind: "git_failed";
      /** What git said. */
      reason: string;
    };

/** A file that a task changed. */
export type ChangedFile = {
  /** Its path from the root on. */
  absolute_path: string;
  /** How many lines were added. */
  added: number;
  /** What happened to it. */
  change: FileChange;
  /** Whether it became executable, or is no longer; absent where that did not change. */
  executable?: boolean;
  /** Its path before, if it was renamed. */
  from?: string;
  /** Why its lines are not shown; then `added` and `removed` are 0. */
  no_lines?: NoLines;
  /**
   * Its path: from the repository or the working directory on, or from the root where it is outside of
   * that.
   */
  path: string;
  /** How many lines were removed. */
  removed: number;
  /** Another text for another change of this file. */
  revision: string;
};

/** The files that a task changed, over all of its runs. */
export type ChangedFiles = {
  /** How many lines were added, in all files. */
  added: number;
  /** The files, in the order of their paths; at most 2000. */
  files: ChangedFile[];
  /** How many more there are. */
  more: number;
  /** How many lines were removed, in all files. */
  removed: number;
  /** Whether a run goes on, so that the list may change. */
  running: boolean;
  /** Tasks that ran in the same directory at the same time: changes of theirs are in the list, too. */
  shared_with?: TaskId[];
  /** Where the list comes from, for the newest run. */
  source: ChangeSource;
};

/** Lines that differ: some of the text before, and some of the text after in their place. */
export type ChangedLines = {
  /** How many lines after. */
  new_lines: number;
  /** The first of the lines after, counted from 0. */
  new_start: number;
  /** How many lines before. */
  old_lines: number;
  /** The first of the lines before, counted from 0. */
  old_start: number;
};

/** One check. */
export type Check = {
  /** What to do; empty when no action is needed. */
  advice?: string;
  /** What was found. */
  found: string;
  /** The result. */
  level: CheckLevel;
  /** What was checked, in a word or two. */
  name: string;
  /** What a program can offer to do about it. */
  remedy?: Remedy;
};

/** The result of a check. */
export type CheckLevel = "ok" | "warn" | "bad";

/** Claude Code as the engine found it. */
export type ClaudeCode = {
  /** The program. */
  path: string;
  /** What it says of its version; absent if it says nothing. */
  version?: string;
};

/** Which finished tasks to remove. */
export type CleanQuery = {
  /** Remove nothing; only report what would be removed. */
  dry_run?: boolean;
  /** Only tasks that ended at least this long ago, in milliseconds. */
  older_than_ms?: number;
  /**
   * Only these statuses. Left out: all finished tasks. In a request it is never an empty list,
   * which could mean both all and none.
   */
  statuses?: Status[];
  /** Also tasks that no person has looked at since they finished. By default those are kept. */
  unseen?: boolean;
};

/** What was removed, or with [`CleanQuery::dry_run`] what would be removed. */
export type Cleaned = {
  /** How many were kept only because no person has looked at them since they finished. */
  kept_unseen: number;
  /** How many tasks were removed. */
  removed: number;
  /**
   * With [`CleanQuery::dry_run`]: the first tasks that would be removed, oldest end first, at
   * most 20.
   */
  tasks?: Task[];
  /** With [`CleanQuery::dry_run`]: how many would be removed. */
  would_remove?: number;
};

/** How many tasks are in each status. */
export type Counts = {
  /** Stopped on request. */
  cancelled: number;
  /** Done. */
  completed: number;
  /** Failed. */
  failed: number;
  /** In the queue. */
  pending: number;
  /** Being worked on. */
  running: number;
  /** Never run. */
  skipped: number;
  /** In a state that the engine does not know: a newer version left them. */
  unknown?: number;
  /** Waiting for something. */
  waiting: number;
};

/** A token with its secret, which is shown only once. */
export type CreatedToken = {
  /** When it was created. */
  created_at: Timestamp;
  /**
   * From when on it is refused; absent when it does not expire. A browser's login expires 30 days
   * after its last use.
   */
  expires_at?: Timestamp;
  /** Whether it is for programs or the login of a browser. */
  kind: AccessKind;
  /** When it was last used, to the minute; absent when it never was. */
  last_used_at?: Timestamp;
  /** Its name, which no other one has. */
  name: string;
  /** What it allows. */
  scope: Scope;
  /** The secret, to be sent as `Authorization: Bearer SECRET`. It begins with `cwk_`. */
  secret: string;
  /** What the browser calls itself. */
  user_agent?: string;
};

/**
 * Where a list continues: after this task. The task may have run again or been removed since, so
 * the cursor holds all the values that the order uses. As text it is the task's number; in orders
 * that use another value first, that value follows a dot: `12`, `12.1767225600000`. By name that value is
 * how many tasks were shown, and a list continues there if the task was removed.
 */
export type Cursor = string;

/** The figures of a day. */
export type DayFigures = {
  /** How many were cancelled. */
  cancelled: number;
  /** How many completed their task. */
  completed: number;
  /**
   * US dollars, as the agents reported them. Each run counts with its own cost, not with the total of its
   * session.
   */
  cost_usd: number;
  /** After how many their task had failed. */
  failed: number;
  /** How long they took together, in milliseconds. */
  run_ms: number;
  /** How many there are, with those after which their task went on by itself. */
  runs: number;
  /** When it began. */
  start: Timestamp;
};

/** How far tasks may submit tasks themselves. */
export type DelegationSettings = {
  /** How deep: a task of yours is at depth 0, one that it submits at 1. */
  depth: number;
  /** How many unfinished tasks one task, or one caller, may have submitted. */
  unfinished: number;
};

/** A tool call that the agent requested and that was denied. */
export type DeniedTool = {
  /** Its main argument, shortened: the command, the path. */
  input: string;
  /** What the agent asked with the call, where the call is a question to a person. */
  questions?: Question[];
  /**
   * A rule with which the call is allowed, for `allowed_tools`. Absent when only the whole tool can be
   * allowed.
   */
  rule?: string;
  /** The tool's name. */
  tool: string;
};

/** All checks, in the order in which they are shown. */
export type Diagnosis = {
  /** The checks. */
  checks: Check[];
  /**
   * The names of those variables that sign Claude Code in, or choose its account and server, which the
   * engine has in its environment.
   */
  variables?: string[];
};

/** Which file to show. */
export type DiffQuery = {
  /** Its `path` or `absolute_path`, as in the list. */
  path: string;
};

/** What happened since a moment, and what comes next. */
export type Digest = {
  /**
   * Tasks that completed with denied tool calls or open questions, and that no person has looked at,
   * whenever they ended. The last to end comes first.
   */
  asks: FirstTasks;
  /** What runs that ended since then cost, in US dollars. */
  cost_usd: number;
  /**
   * Tasks that failed since then, the last to end first; after them those that failed before, and that no
   * person has looked at.
   */
  failed: FirstTasks;
  /** Tasks that completed since then, without those in `asks`. The last to end comes first. */
  finished: FirstTasks;
  /** Tasks in the queue, the next to start first; after them those that wait for a time. */
  next: FirstTasks;
  /** How long those runs took together, in milliseconds. */
  run_ms: number;
  /** The moment. */
  since: Timestamp;
};

/** A request to change a task that has not begun. */
export type Edit = {
  /** The program or task that asks for it. */
  asked_by?: Asker;
  /** What is changed. */
  changes?: TaskChanges;
  /**
   * A name for this request, chosen by the caller: a second request with the same key changes nothing
   * more. Keys are kept for 24 hours.
   */
  idempotency_key?: string;
};

/** The engine that answers, and its state. */
export type EngineInfo = {
  /** What it has done since it started. */
  activity: Activity;
  /** The agents it knows. Empty from an engine of an earlier version. */
  agents?: AgentInfo[];
  /** Its database file. */
  database: string;
  /** Whether its disk has less free space than the setting `caps.free_disk`, so that it starts nothing. */
  disk_full?: boolean;
  /** The home directory of the user that it runs as, if it has one. */
  home_directory?: string;
  /** Which kind of process hosts it. */
  host: HostKind;
  /** Where its HTTP server listens (`http://127.0.0.1:8000`), if it has one. */
  http?: string;
  /**
   * The program that supervises tasks, if it is missing, as while Claude Worker is being installed again. The
   * engine starts nothing until it is back.
   */
  missing_program?: string;
  /** Bytes of output kept for all runs. */
  output_bytes: number;
  /** Its process. */
  pid: number;
  /** Its [`crate::PROTOCOL`]. */
  protocol: number;
  /** Its queue. */
  queue: Queue;
  /** Where it keeps the runs' output. */
  runs_directory: string;
  /** When it started. */
  started_at: Timestamp;
  /** Whether it has been told to stop and no longer starts tasks. */
  stopping?: boolean;
  /** Its program version. */
  version: string;
  /** Warnings as sentences, for example of a nearly full disk. */
  warnings?: string[];
};

/** The environment of tasks. */
export type EnvSettings = {
  /**
   * The variables of the shell that travel with a task which is submitted, retried or resumed
   * there, by name or by the beginning of the name with `*` behind it. They go only to an engine on
   * this machine. The task has them instead of the engine's; what the shell does not have stays as
   * the engine has it. `run --env` passes others, for one task.
   */
  pass: string[];
};

/**
 * Why a request was refused or could not be served. Codes are stable: programs match on them,
 * people read [`ApiError::message`].
 */
export type ErrorCode =
  | "invalid_request"
  | "not_found"
  | "conflict"
  | "queue_full"
  | "disk_full"
  | "forbidden"
  | "version_mismatch"
  | "unavailable"
  | "locked"
  | "bad_database"
  | "internal";

/** One change of a task, the queue or the settings. */
export type Event = {
  /** When it happened. */
  at: Timestamp;
  /** Its number in the stream: strictly increasing, never reused. */
  seq: number;
  /** The task that changed; absent for the queue as a whole. */
  task?: TaskId;
} & EventKind;

/** What happened. */
export type EventKind =
  | { kind: "submitted" }
  | ({ kind: "state_changed" } & State)
  | { kind: "moved" }
  | {
      kind: "progress";
      /** The action, in a few words. */
      last_action: string;
    }
  | {
      kind: "quiet";
      /** For how long, in milliseconds. */
      silent_ms: number;
    }
  | { kind: "removed" }
  | { kind: "seen" }
  | {
      kind: "queue_paused";
      /** Whether it is paused now. */
      paused: boolean;
    }
  | { kind: "settings_changed" }
  | { kind: "projects_changed" };

/** Some events, in order. */
export type EventPage = {
  /** The events. Empty when the wait ended without one. */
  events: Event[];
  /**
   * Whether events between `after` and the first one here are no longer kept: read the tasks
   * again. Short-lived events (`progress`) may be missing without a gap.
   */
  gap?: boolean;
  /** Pass as `after` to read the next page. */
  next: number;
};

/** Which events to read. */
export type EventQuery = {
  /** Only events after this one. Absent: no events, only the newest event's number as `next`. */
  after?: number;
  /** Only lasting events, not short-lived ones (`progress`). */
  lasting?: boolean;
  /** At most this many, 1 to 1000. Default 200. */
  limit?: number;
  /** Only events of these tasks, at most 1000. Empty: all events. */
  tasks?: TaskId[];
  /** How long to wait for an event when there is none yet, in milliseconds (at most 60,000). */
  wait_ms?: number;
};

/** Why a run failed. */
export type Failure =
  | {
      kind: "exit";
      /** The exit code. */
      code: number;
      /** The last line it printed on standard error, shortened; may be empty. */
      message: string;
    }
  | {
      kind: "signal";
      /** The signal's number. */
      signal: number;
    }
  | {
      kind: "timeout";
      /** Whether the agent had given its answer before; it is kept. */
      answered?: boolean;
      /** The limit in milliseconds. */
      limit_ms: number;
    }
  | {
      kind: "silent";
      /** Whether the agent had given its answer before; it is kept. */
      answered?: boolean;
      /** The limit in milliseconds. */
      limit_ms: number;
    }
  | {
      kind: "output_limit";
      /** Whether the agent had given its answer before; it is kept. */
      answered?: boolean;
      /** The limit in bytes. */
      limit_bytes: number;
    }
  | {
      kind: "spawn";
      /** The system's error, and what to do. */
      message: string;
    }
  | {
      kind: "api_error";
      /** The HTTP status, when there was one. */
      http_status?: number;
      /** The API's message. */
      message: string;
      /**
       * How many runs in a row failed with this error before the task was given up; 0 when it
       * was tried once.
       */
      tries?: number;
    }
  | {
      kind: "account";
      /** The HTTP status, when there was one. */
      http_status?: number;
      /** The API's message. */
      message: string;
    }
  | {
      kind: "refusal";
      /** The agent's message. */
      message: string;
    }
  | {
      kind: "context_full";
      /** The agent's message. */
      message: string;
    }
  | {
      kind: "rate_limit";
      /** The agent's message. */
      message: string;
      /**
       * How many runs in a row failed with this error before the task was given up; 0 when it
       * was tried once.
       */
      tries?: number;
    }
  | {
      kind: "usage_limit";
      /** The agent's message. */
      message: string;
      /** When the limit resets, if the agent reported it. */
      resets_at?: Timestamp;
      /**
       * How many runs in a row failed with this error before the task was given up; 0 when it
       * was tried once.
       */
      tries?: number;
    }
  | { kind: "budget" }
  | { kind: "turns" }
  | {
      kind: "agent_error";
      /** The agent's message. */
      message: string;
    }
  | { kind: "no_result" }
  | { kind: "lost" }
  | {
      kind: "damaged_record";
      /** Which part of the record cannot be read. */
      message: string;
    }
  | {
      kind: "newer_record";
      /** What this version does not know. */
      message: string;
    };

/** What a task did to a file. */
export type FileChange = "added" | "modified" | "deleted" | "renamed";

/** The change of one file. */
export type FileDiff = {
  /** Its text after, at most 1 MiB. */
  after?: string;
  /** Its text before, at most 1 MiB; absent where there was none, or where `file.no_lines` says why. */
  before?: string;
  /** Where the texts differ, in order. Lines end with a line feed. */
  changes: ChangedLines[];
  /** The file. */
  file: ChangedFile;
};

/** The beginning of a list of tasks. */
export type FirstTasks = {
  /** How many tasks the whole list has. */
  count: number;
  /** The first of them, at most 5. */
  tasks: Task[];
};

/** Another message for the agent session of a finished task. */
export type FollowUp = {
  /** Who sends it. */
  asked_by?: Asker;
  /** What is changed in the task first. It stays changed. */
  changes?: TaskChanges;
  /**
   * A name for this request, chosen by the caller: a second request with the same key does not send
   * the message again. Keys are kept for 24 hours.
   */
  idempotency_key?: string;
  /**
   * The variables of the user's shell that travel with a task, instead of
   * those of the last run. Empty: they stay. Not used if a program or another task asks.
   */
  inherited_env?: Record<string, string>;
  /** The message. Not empty. */
  prompt: string;
};

/** Which kind of process hosts an engine. */
export type HostKind = "headless" | "app";

/**
 * Body of `PUT /api/v1/engine/http`: switches the HTTP server of a running engine on or off, until the
 * engine is stopped or `[http]` in `config.toml` is changed. What is left out is as in `[http]`; an
 * empty body goes back to `[http]`.
 */
export type HttpChange = {
  /** Further names by which clients may reach it. */
  allow_hosts?: string[];
  /** Whether all clients reach it through a proxy that encrypts. */
  behind_proxy?: boolean;
  /**
   * Where it listens: an address with a port, such as `127.0.0.1:8000`, or `off`. With port 0 the
   * system chooses the port.
   */
  listen?: string;
  /** The file with its certificate and those of its issuers (PEM). */
  tls_certificate?: string;
  /** The file with the private key of the certificate (PEM). */
  tls_key?: string;
};

/**
 * The HTTP server over TCP. Every engine of this data directory goes by it, also the one in the
 * app. Clients need a token.
 */
export type HttpSettings = {
  /**
   * Names by which clients reach it, besides `localhost` and the addresses of this machine:
   * each exactly, with a port if it is not the one of `listen`.
   */
  allow_hosts: string[];
  /**
   * Where a relative working directory of a submission begins. Without it, in your home
   * directory.
   */
  base_directory: string;
  /**
   * Whether all clients reach it through a proxy that does TLS. Then an address beyond this
   * machine needs no TLS of its own, and the header `X-Forwarded-For` of the proxy says whose
   * request it is.
   */
  behind_proxy: boolean;
  /**
   * Where it listens: an address of this machine with a port, `off`, or `auto`. With `auto`, an
   * engine that `server start` has started listens at `127.0.0.1:8000`, and others do not listen.
   * `127.0.0.1:8000` is reached from this machine only. An address beyond that (`0.0.0.0:8000`
   * means every address of this machine) needs TLS or `behind_proxy`.
   */
  listen: string;
  /**
   * The file with the TLS certificate, followed by those of its issuers (PEM). It is read again
   * when it changes.
   */
  tls_certificate: string;
  /** The file with the private key of the certificate (PEM). */
  tls_key: string;
};

/** The HTTP server of an engine. */
export type HttpState = {
  /** The address at which it listens. */
  address?: string;
  /** Further names by which clients may reach it. */
  allow_hosts: string[];
  /** Whether all clients reach it through a proxy that encrypts. */
  behind_proxy: boolean;
  /** What this engine was asked to do differently. */
  change?: HttpChange;
  /** What `[http]` in `config.toml` says where to listen: an address, `off`, or `auto`. */
  configured: string;
  /** Why it does not listen although it should. */
  problem?: string;
  /** The file with the owner's token, on the engine's machine. */
  token_file: string;
  /** How a client on the engine's machine reaches it (`http://127.0.0.1:8000`); none when it is off. */
  url?: string;
};

/** An image of a log. */
export type Image = {
  /** The image, in Base64; at most 8 MiB. */
  data: string;
  /** What it is, by its first bytes: `image/png`, `image/jpeg`, `image/gif` or `image/webp`. */
  media_type: string;
};

/** Which image of a log to read: one that a tool returned, or a file that a text names. */
export type ImageQuery = {
  /** Its number, as the entry has it. */
  number?: number;
  /** The `offset` of the log entry that has the image. */
  offset?: number;
  /**
   * The image in this file instead, absolute or from the working directory of the task on. It is read only
   * within that directory. At most 4096 characters.
   */
  path?: string;
  /** Which run. Absent: the newest. */
  run?: RunId;
};

/** A database of the Python claude-worker (or claude-cto) whose tasks are to be taken over. */
export type ImportTasks = {
  /** Import nothing; only report what would be imported. */
  dry_run?: boolean;
  /** Absolute path of the database, on the machine of the engine. It is only read. */
  file: string;
  /** Whether tasks that had not been started are put into the queue. Otherwise they are left out. */
  queue?: boolean;
};

/** What was imported, or with [`ImportTasks::dry_run`] what would be. */
export type ImportedTasks = {
  /** Whether nothing was changed, as it was asked for. */
  dry_run?: boolean;
  /** Finished tasks that were added to the history. */
  finished: number;
  /** Tasks that were running when their engine ended: added as failed (`lost`). */
  interrupted: number;
  /** Tasks that an earlier import has taken over. */
  known: number;
  /** Tasks that had not been started and were left out. */
  left_out: number;
  /** Why, as sentences that name the task; at most 100. */
  problems?: string[];
  /** Tasks that were put into the queue. */
  queued: number;
  /** Tasks that could not be taken over. */
  skipped: number;
};

/** How a program came onto this machine, and how it is updated. Nothing is asked of the network for it. */
export type Installation = {
  /** What installed it. */
  by: InstalledBy;
  /** A newer version, if the package manager of this machine already knows one. */
  newer?: string;
  /** The name of its package. */
  package?: string;
  /** The command that installs the newest version; absent where there is no single command. */
  update?: string;
};

/** What installed a program. */
export type InstalledBy =
  | "deb"
  | "rpm"
  | "archive"
  | "npm"
  | "pip"
  | "uv"
  | "pipx"
  | "cargo"
  | "container"
  | "build"
  | "unclear";

/** What ends a run early, where a task says nothing else. */
export type LimitSettings = {
  /**
   * How long `claude` may take to exit after it has reported its end, with nothing left in the
   * background; 0 means no limit. Then its processes are ended, and its report decides how the
   * task ended.
   */
  exit_ms: number;
  /**
   * When a run is ended, the engine first freezes all its processes, so that no script begins its
   * next step. A process with a handler for SIGTERM (Claude Code, a script with a trap) then gets
   * SIGTERM, and is killed if it has not ended after this time. All others are killed at once.
   */
  grace_ms: number;
  /**
   * How long `claude` may print nothing before it counts as hung; 0 means no limit. Per task:
   * `run --silence`. Shell tasks have no such limit unless they ask for one.
   */
  silence_ms: number;
  /** Wall time of a run; 0 means no limit. Per task: `run --timeout`. */
  timeout_ms: number;
};

/** Limits at which a run is ended. `None` means the configured default. */
export type Limits = {
  /** At most this much money, in US dollars. */
  max_budget_usd?: number;
  /** At most this many agent turns. */
  max_turns?: number;
  /** How long the agent may print nothing, in milliseconds; 0 means no limit. */
  silence_ms?: number;
  /** Wall-clock time of one run, in milliseconds; 0 means no limit. */
  timeout_ms?: number;
};

/** Which tasks to list. */
export type ListQuery = {
  /** Only tasks of these agents. Empty: all. */
  agent?: Agent[];
  /**
   * Only tasks that need attention: no person has looked at them since they failed, or since
   * they completed with denied tool calls.
   */
  attention?: boolean;
  /** Only tasks that come after this one in the order: the `next` of the previous page. */
  cursor?: Cursor;
  /**
   * Only tasks that work in this directory or below it: an absolute path as the tasks have it, with no
   * `..` and no links resolved. At most 4096 characters.
   */
  directory?: string;
  /** Only these tasks, at most 1000; numbers without a task are ignored. Empty: all. */
  ids?: TaskId[];
  /** At most this many, 1 to 1000. Default 50, and 1000 where `ids` are given. */
  limit?: number;
  /** Only tasks with these models, as the tasks have them. Empty: all. At most 100. */
  model?: string[];
  /** The order. */
  order?: Order;
  /** Only tasks of this project: its name, in any case, or its directory. */
  project?: string;
  /**
   * Only tasks whose name or working directory contains this text (in any case), or whose number
   * it is (`12`, `#12`). At most 4096 characters.
   */
  search?: string;
  /** Only tasks that were submitted at or after this instant. */
  since?: Timestamp;
  /** Only these statuses. Empty: all. */
  status?: Status[];
  /** Only tasks that this one submitted: `local`, `owner`, `token:NAME` or `browser:NAME`. */
  submitted_by?: SubmittedBy;
};

/** What an agent is writing. The log has it when it is finished. */
export type LiveText = {
  /**
   * Texts, reasoning and tool calls, as far as they are written. Empty when nothing is being written. A tool
   * call's input may be the beginning of JSON.
   */
  items: LogItem[];
  /** Another one for every change. It rises. */
  version: number;
};

/** An item with its position in the run's output. */
export type LogEntry = {
  /** When it was printed, if the agent says so. */
  at?: Timestamp;
  /** Byte offset, in the output, of the line it was read from. A line can yield several items. */
  offset: number;
} & LogItem;

/**
 * One item of a run's log. Every text in it has a bounded length and comes from the agent: escape
 * it before it is shown.
 */
export type LogItem =
  | {
      type: "started";
      /** The model it uses. */
      model?: string;
      /** The session's id. */
      session_id?: string;
      /** The agent's version. */
      version?: string;
    }
  | {
      type: "text";
      /** The prose. */
      text: string;
    }
  | {
      type: "thinking";
      /** The reasoning. */
      text: string;
    }
  | {
      type: "tool_call";
      /** The id that its result has too. */
      id: string;
      /** All arguments, as JSON text. */
      input: string;
      /** Its main argument in one line: the command, the path, the pattern. */
      summary: string;
      /** The tool's name. */
      tool: string;
    }
  | {
      type: "tool_result";
      /** The call it belongs to. */
      id: string;
      /** The numbers of the images that it returned, for the method `image`. */
      images?: number[];
      /** Whether the call succeeded. */
      outcome: ToolOutcome;
      /** What it returned. */
      text: string;
    }
  | {
      type: "retry";
      /** The number of the attempt that failed. */
      attempt: number;
      /** How long it waits, in milliseconds. */
      delay_ms: number;
      /** After how many attempts the agent gives up. */
      max_attempts: number;
      /** Why the attempt failed. */
      reason: string;
    }
  | {
      type: "note";
      /** The remark. */
      text: string;
    }
  | {
      type: "result";
      /** Tool calls that were denied. */
      denied_tools?: DeniedTool[];
      /** Whether it reports a failure. */
      is_error: boolean;
      /** The final answer or the error. */
      text: string;
      /** The usage so far. */
      usage: Usage;
    }
  | {
      type: "output";
      /** Whether it came on standard error. */
      stderr?: boolean;
      /** The line, without its line end. */
      text: string;
    };

/** A part of a log. */
export type LogPage = {
  /** Whether the run has ended and this page reaches the end of its log. */
  end: boolean;
  /**
   * The items, in order. A page may be empty although there are more: continue at `next`, or
   * backwards at `start`.
   */
  entries: LogEntry[];
  /** What is being written, if it was asked for and another version of it is known to the client. */
  live?: LiveText;
  /** Pass as `after` to read the next page. */
  next: number;
  /** The run it belongs to; absent when the task has had none yet. */
  run?: RunId;
  /**
   * Byte offset of the first line the page covers; 0 is the log's beginning. Pass as `before`
   * to read the previous page.
   */
  start: number;
};

/** Which part of a log to read. */
export type LogQuery = {
  /** Start at this byte offset: the `next` of the previous page. Default: the beginning. */
  after?: number;
  /**
   * Instead of reading forward from `after`: the last `limit` items that end before this byte
   * offset, which is the `start` of the page that follows. It never waits.
   */
  before?: number;
  /** At most this many items, 1 to 2000 (a line's items are never split). Default 500. */
  limit?: number;
  /**
   * The version of the live text that the client has, 0 for none: the answer has a newer one, and the wait ends
   * with one. Absent: without live text.
   */
  live?: number;
  /** Which run. Absent: the newest. */
  run?: RunId;
  /** Instead of reading forward from `after`: the last `limit` items of the log. */
  tail?: boolean;
  /**
   * How long to wait when there is nothing new and the run has not ended, in milliseconds (at
   * most 60,000). With `tail`: only while the log is empty.
   */
  wait_ms?: number;
};

/** A code with which one browser logs in, once. */
export type LoginCode = {
  /** The code: `/login#CODE` is the page that takes it. */
  code: string;
  /** From when on it is refused. */
  expires_at: Timestamp;
};

/** What programs may ask for over MCP. */
export type McpSettings = {
  /** Whether they may submit tasks without permission checks. */
  allow_bypass: boolean;
};

/** How many tasks an agent works on with a model. */
export type ModelCount = {
  /** The agent. */
  agent: Agent;
  /** The model, where one is known. */
  model?: string;
  /** How many tasks. */
  tasks: number;
};

/** The figures of a model. */
export type ModelFigures = {
  /** How many were cancelled. */
  cancelled: number;
  /** How many completed their task. */
  completed: number;
  /**
   * US dollars, as the agents reported them. Each run counts with its own cost, not with the total of its
   * session.
   */
  cost_usd: number;
  /** After how many their task had failed. */
  failed: number;
  /** The model. Absent for runs without one, such as commands. */
  model?: string;
  /** How long they took together, in milliseconds. */
  run_ms: number;
  /** How many there are, with those after which their task went on by itself. */
  runs: number;
};

/** A request to move a task in the queue. */
export type Move = {
  /** Where it goes. */
  to: QueuePlace;
};

/** The browser that is to log in. */
export type NewLogin = {
  /** What its login will allow. */
  scope?: Scope;
};

/** A task to put into the queue. */
export type NewTask = {
  /** Absolute paths of further directories that Claude Code may use. */
  add_dirs?: string[];
  /** The agent that works on it. */
  agent?: Agent;
  /** Further arguments for Claude Code. Those that Claude Worker sets itself are refused. */
  agent_args?: string[];
  /** Subagents for Claude Code, as JSON: `{"reviewer": {"description": …, "prompt": …}}`. */
  agents?: string;
  /** Tools allowed without asking, in Claude Code's syntax (`Bash(git diff:*)`). */
  allowed_tools?: string[];
  /**
   * The program that submits, as it names itself (like `mcp:4f1c`), in at most 64 characters. The
   * configuration limits how many tasks of one caller may be unfinished.
   */
  caller?: string;
  /**
   * Whether the task goes on from the newest conversation of Claude Code in the working directory,
   * in a copy of it.
   */
  continue_session?: boolean;
  /** Tools that are denied, in the same syntax. */
  disallowed_tools?: string[];
  /** How much the model thinks, in Claude Code's words: `low`, `medium`, `high` and further ones. */
  effort?: string;
  /**
   * Environment variables for this task. They are kept in a private file, never in the database
   * or a log, and never returned to a client.
   */
  env?: Record<string, string>;
  /** What to do: the prompt for `claude`, the command for `shell`. Not empty. */
  execution_prompt: string;
  /** Models to use when the first one is overloaded, separated by commas. */
  fallback_model?: string;
  /**
   * A name for this request, chosen by the caller. A second submission with the same key
   * returns the first one's task instead of making another.
   */
  idempotency_key?: string;
  /**
   * What the submitting shell has of the variables that travel with a task (the setting `env.pass`).
   * They are kept like `env`, and `env` has priority. They are no part of what an idempotency key
   * stands for: a submission from another shell is the same request.
   */
  inherited_env?: Record<string, string>;
  /** The JSON Schema of the answer, as JSON. */
  json_schema?: string;
  /** Limits at which a run is ended. */
  limits?: Limits;
  /**
   * MCP servers for Claude Code: absolute paths of JSON files, or JSON. Other users of the machine
   * can read JSON in the process table, so put secrets into a file.
   */
  mcp_config?: string[];
  /** The model's name or alias, as the agent understands it. */
  model?: string;
  /** The name shown in lists. Default: the prompt's first line. */
  name?: string;
  /**
   * The task whose agent submits this one. The configuration limits how deeply tasks may be
   * nested, and how many tasks of one parent may be unfinished.
   */
  parent?: TaskId;
  /** Claude Code's permission mode. Default: from the configuration. */
  permission_mode?: PermissionMode;
  /** The id of a session of Claude Code to go on from, in a copy of it. */
  resume_session?: string;
  /** Further settings for Claude Code: the absolute path of a JSON file, or JSON. */
  settings?: string;
  /** For an `agent` of `shell`: the shell that runs the command. Default: `/bin/sh`. */
  shell?: "sh" | "bash" | "zsh" | "dash" | "fish";
  /** Appended to the agent's own system prompt. */
  system_prompt?: string;
  /**
   * The trace that the submission belongs to, as in the header `traceparent` of W3C Trace Context. The
   * agent gets it in its environment, and the runs of the task become part of the trace.
   */
  traceparent?: string;
  /** Absolute path of an existing directory to work in. */
  working_directory: string;
};

/** Tasks to put into the queue, all or none. */
export type NewTasks = {
  /**
   * A name for this request, chosen by the caller: a second request with the same key and the same
   * tasks makes no others. Keys are kept for 24 hours. Each task may have a key of its own, too.
   */
  idempotency_key?: string;
  /** The tasks, 1 to 1000. They are queued in this order. */
  tasks: NewTask[];
};

/** A token to create. */
export type NewToken = {
  /** After how many milliseconds it expires, at most 3650 days; absent: never. */
  expires_after_ms?: number;
  /**
   * Its name: 1 to 64 characters, of `a` to `z`, `0` to `9`, `.`, `_` and `-`. No other token may
   * have it, unless that one has expired.
   */
  name: string;
  /** What it allows. */
  scope?: Scope;
};

/** Why a file's lines are not shown. */
export type NoLines = "binary" | "too_large" | "not_kept";

/** What a person should know about a run that completed. */
export type Note =
  | { note: "did_not_exit" }
  | { note: "no_answer" }
  | {
      note: "background_stopped";
      /** What the agent called the command, shortened. */
      what: string;
      /** Why, in the agent's words: `after reaching its background time limit`. May be empty. */
      why: string;
    }
  | {
      note: "background_left";
      /** What the agent called the command, shortened. */
      what: string;
    };

/** What the desktop app notifies of. */
export type NotificationSettings = {
  /** A task needs you: it waits, is quiet, or was denied a tool. */
  attention: boolean;
  /** A task failed. */
  failed: boolean;
  /** A task is completed. */
  finished: boolean;
};

/** The order in which tasks are listed. */
export type Order =
  | "newest_first"
  | "oldest_first"
  | "next_first"
  | "ended_last"
  | "longest"
  | "most_expensive"
  | "by_name";

/** Which bytes of a run's output to read. */
export type OutputQuery = {
  /** At most this many bytes, up to 1 MiB. Default 256 KiB. */
  limit?: number;
  /** From this byte on. */
  offset?: number;
  /** Which run. Absent: the newest. */
  run?: RunId;
  /** Which stream. */
  stream?: OutputStream;
  /**
   * How long to wait when there is nothing new and the run has not ended, in milliseconds (at
   * most 60,000).
   */
  wait_ms?: number;
};

/** Which of a run's two outputs. */
export type OutputStream = "stdout" | "stderr";

/**
 * What happened since a moment, and the figures of days.
 *
 * A run counts on the day on which it ended, with all that it cost and took. What was counted stays when the
 * task is removed. Figures of runs that have not ended are in none of this.
 */
export type Overview = {
  /**
   * The days, the oldest first, one for each of `day_starts`: runs of the project and model that were asked
   * for.
   */
  days: DayFigures[];
  /** What happened since a moment. The filters do not apply to it. */
  digest: Digest;
  /** The models with runs, the most expensive first: runs of the day and project that were asked for. */
  models: ModelFigures[];
  /** The projects with runs, the most expensive first: runs of the day and model that were asked for. */
  projects: ProjectFigures[];
  /** How long the runs in `total` took. Absent when there are none of which that is known. */
  took?: Spread;
  /** All runs that the filters let through. */
  total: RunFigures;
  /**
   * How long they had waited in the queue since they could have been started. Absent when that is known of
   * none.
   */
  waited?: Spread;
};

/** Which days, runs and changes an overview is about. */
export type OverviewQuery = {
  /**
   * Only runs that ended on the day that began at this instant, which is one of `day_starts`. The figures
   * per day are of all days.
   */
  day?: Timestamp;
  /**
   * When each day began, the oldest first: at most 62 instants. A day lasts until the next one begins, and
   * the last one until now, so that days can be those of any time zone, with 23 hours and with 25. Left
   * out: the last 14 days of UTC. In a request it is never an empty list.
   */
  day_starts?: Timestamp[];
  /** Only runs with this model; `-`: only those without one. The figures per model are of all models. */
  model?: string;
  /**
   * Only runs of this project: its name, in any case, or its directory. The figures per project are of all
   * projects.
   */
  project?: string;
  /** The digest is about what happened at or after this instant. Left out: since the start of the last day. */
  since?: Timestamp;
};

/** The changes of a task as a patch. */
export type Patch = {
  /** Files that it does not have: binary ones, and those that were too large to keep. */
  left_out?: string[];
  /** The patch, as `git apply` reads it; at most 8 MiB. */
  patch: string;
};

/** Which files a patch has. */
export type PatchQuery = {
  /** The `path` of one file. Absent: all files. */
  path?: string;
};

/** Body of `PUT /api/v1/queue`. */
export type Pause = {
  /** Whether to pause the queue, so that no task is started. */
  paused: boolean;
};

/** Claude Code's permission modes, as `claude --permission-mode` names them. */
export type PermissionMode =
  "default" | "acceptEdits" | "plan" | "dontAsk" | "auto" | "bypassPermissions";

/**
 * A repository, or a directory that is in none, in which tasks work. Tasks in a subdirectory or in a worktree
 * of a repository belong to the project of the repository.
 */
export type Project = {
  /** What its runs that ended in the period have cost, in US dollars. Removing a task does not change it. */
  cost_usd: number;
  /** Its number. */
  id: ProjectId;
  /**
   * Its name: that of the directory, with directories above it where another project has that name.
   * No two projects have the same name.
   */
  name: string;
  /** Its directory: an absolute path. */
  root: string;
  /** How many of them are running. */
  running: number;
  /** How many tasks it has. */
  tasks: number;
};

/** The figures of a project. */
export type ProjectFigures = {
  /** How many were cancelled. */
  cancelled: number;
  /** How many completed their task. */
  completed: number;
  /**
   * US dollars, as the agents reported them. Each run counts with its own cost, not with the total of its
   * session.
   */
  cost_usd: number;
  /** After how many their task had failed. */
  failed: number;
  /** Its number. */
  id: ProjectId;
  /** Its name. */
  name: string;
  /** How long they took together, in milliseconds. */
  run_ms: number;
  /** How many there are, with those after which their task went on by itself. */
  runs: number;
};

/** A project's number. A number is never used again. */
export type ProjectId = number;

/** All projects that have tasks, or cost something in the period. */
export type Projects = {
  /** The projects: the most expensive first, then by name. */
  projects: Project[];
};

/** Which period the cost of projects is added up for. */
export type ProjectsQuery = {
  /** Counts the cost of runs that ended at or after this instant. Left out: of all runs of the last 400 days. */
  since?: Timestamp;
};

/** A question of an agent to a person. */
export type Question = {
  /** The answers that it offers, shortened. */
  options?: string[];
  /** The question, shortened. */
  question: string;
};

/** The queue. */
export type Queue = {
  /** How many tasks there are. */
  counts: Counts;
  /** Whether nothing new is started. */
  paused: boolean;
  /** How many need attention. */
  unseen: Unseen;
  /** How many tasks may run at once. */
  workers: number;
};

/** A place in the queue. As text: `first`, `last`, `before:12` or `after:12`. */
export type QueuePlace = string;

/**
 * What happens when requests come too fast (429 without a usage limit) or the API is overloaded
 * (529). An account without credit, or one that is disabled, is not tried again.
 */
export type RateLimitSettings = {
  /**
   * How long the task waits at first. Each time in a row it waits twice as long, up to 10
   * minutes.
   */
  retry_after_ms: number;
  /** After so many runs in a row that got no answer of the model, the task fails. 1: at once. */
  tries: number;
};

/** What can be done about a problem with one command. */
export type Remedy = "install_claude" | "sign_in";

/** How long finished tasks are kept. */
export type RetentionSettings = {
  /**
   * A finished task is removed after this long, whether or not you have looked at it; 0 keeps
   * it until `remove` or `clean`.
   */
  finished_ms: number;
};

/** A request to retry a task. */
export type Retry = {
  /** The program or task that asks for the run. */
  asked_by?: Asker;
  /** What is changed in the task first. It stays changed. */
  changes?: TaskChanges;
  /**
   * A name for this request, chosen by the caller: a second request with the same key does not run
   * the task again. Keys are kept for 24 hours.
   */
  idempotency_key?: string;
  /**
   * The variables of the user's shell that travel with a task, instead of
   * those of the last run. Empty: they stay. Not used if a program or another task asks.
   */
  inherited_env?: Record<string, string>;
};

/** One attempt at a task. */
export type Run = {
  /** The follow-up it was started with, when it resumed a session. */
  follow_up?: string;
  /** Its id. */
  id: RunId;
  /** 1 for a task's first run. */
  number: number;
  /** How it ended; absent until it has ended. */
  outcome?: RunOutcome;
  /** Bytes of output kept. */
  output_bytes: number;
  /** Whether its output was deleted to stay below the configured total. */
  output_deleted?: boolean;
  /**
   * Since when it could have been started: it waited in the queue from then on. Absent when that was not
   * noted.
   */
  queued_at?: Timestamp;
  /** The agent's session, for resuming. */
  session_id?: string;
  /** When its agent was started. */
  started_at?: Timestamp;
  /** What it used. */
  usage: Usage;
};

/** What some runs cost and took, and how their tasks ended with them. */
export type RunFigures = {
  /** How many were cancelled. */
  cancelled: number;
  /** How many completed their task. */
  completed: number;
  /**
   * US dollars, as the agents reported them. Each run counts with its own cost, not with the total of its
   * session.
   */
  cost_usd: number;
  /** After how many their task had failed. */
  failed: number;
  /** How long they took together, in milliseconds. */
  run_ms: number;
  /** How many there are, with those after which their task went on by itself. */
  runs: number;
};

/**
 * A run's id, which is also the name of its directory: `<task>-<number>-<random>`. The random part
 * keeps a directory left by another database from being mistaken for this run's.
 */
export type RunId = string;

/** How a finished run ended. */
export type RunOutcome = {
  /** When it ended. */
  ended_at: Timestamp;
  /** The agent's exit code, if it was not ended by a signal. */
  exit_code?: number;
  /** The signal that ended the agent, if one did. */
  exit_signal?: number;
} & Verdict;

/** A template to keep. */
export type SaveTemplate = {
  /**
   * The name of the template that it takes the place of, to change or rename that one. Without it the
   * template is a new one.
   */
  replaces?: string;
  /** The template. */
  template: Template;
};

/** What a token allows. Each scope includes the one before it. */
export type Scope = "read" | "submit" | "full";

/** A task in which words were found. */
export type SearchHit = {
  /** What of it the words stand in. A prompt comes before a result, a result before a log. */
  place: SearchPlace;
  /** The run whose result or log it is, or whose follow-up. */
  run?: RunId;
  /** The words with some text around them, in one line. */
  snippet: SnippetPart[];
  /** The task. */
  task: Task;
};

/** Tasks in which words were found. */
export type SearchPage = {
  /** The tasks, the newest first, each with the place where the words stand. */
  hits: SearchHit[];
  /** Whether older tasks are still being read for the first time, so that some may be missing. */
  incomplete?: boolean;
  /** Pass as `before` for the next page; absent on the last one. */
  next?: TaskId;
};

/** What of a task words were found in. */
export type SearchPlace = "prompt" | "result" | "log";

/** What to search for in prompts, results and logs. */
export type SearchQuery = {
  /** Only in tasks of these agents. Empty: all. */
  agent?: Agent[];
  /** Only in tasks before this one: the `next` of the previous page. */
  before?: TaskId;
  /** At most this many tasks, 1 to 100. Default 20. */
  limit?: number;
  /** Only in tasks with these models, as the tasks have them. Empty: all. At most 100. */
  model?: string[];
  /** Only in tasks of this project: its name, in any case, or its directory. */
  project?: string;
  /** Only in tasks that were submitted at or after this instant. */
  since?: Timestamp;
  /** Only in tasks of these statuses. Empty: all. */
  status?: Status[];
  /**
   * The words, which must stand near each other: in the same prompt, or within some thousand characters of
   * a result or log. A word also finds longer ones that begin with it. Words in double quotes must follow each
   * other. Case and accents make no difference. At most 4096 characters.
   */
  words?: string;
};

/** The finished tasks that a person has looked at. */
export type SeenQuery = {
  /**
   * The tasks, at most 1000. Tasks that have not finished or were removed are ignored. Left out:
   * all finished tasks. In a request it is never an empty list.
   */
  ids?: TaskId[];
};

/**
 * The settings in force, under the names they have in `config.toml`; the name of a duration ends
 * with `_ms`, because here it is a number of milliseconds. Sizes are in bytes. Where a duration
 * ends something, 0 means never.
 *
 * A setting that an older engine does not know has its default.
 */
export type Settings = {
  /** Where the agents' programs are. */
  agents: AgentSettings;
  /** How much is kept and taken on. A size without a unit is in bytes. */
  caps: CapSettings;
  /** How far tasks may submit tasks themselves. */
  delegation: DelegationSettings;
  /** The environment of tasks. */
  env: EnvSettings;
  /** Where `config.toml` is. Read-only: ignored when settings are changed. */
  file: string;
  /**
   * The HTTP server over TCP. Every engine of this data directory goes by it, also the one in the
   * app. Clients need a token.
   */
  http: HttpSettings;
  /** What ends a run early, where a task says nothing else. */
  limits: LimitSettings;
  /** What programs may ask for over MCP. */
  mcp: McpSettings;
  /** What the desktop app notifies of. */
  notifications: NotificationSettings;
  /**
   * Claude Code's permission mode for tasks that choose none: `default`, `acceptEdits`, `plan`,
   * `dontAsk` or `auto`. `bypassPermissions` is possible per task only
   * (`run --permission-mode`).
   */
  permission_mode: PermissionMode;
  /**
   * What happens when requests come too fast (429 without a usage limit) or the API is overloaded
   * (529). An account without credit, or one that is disabled, is not tried again.
   */
  rate_limit: RateLimitSettings;
  /** How long finished tasks are kept. */
  retention: RetentionSettings;
  /** Traces of runs, for OpenTelemetry. They contain no prompts, no answers and no paths. */
  telemetry: TelemetrySettings;
  /** What happens when the account's usage limit is reached. */
  usage_limit: UsageLimitSettings;
  /** How many tasks run at once, 1 to 256. */
  workers: number;
};

/**
 * The settings to change with their new values, as a JSON object like that of [`Settings`]. What it
 * does not name stays. A duration may also have its name from `config.toml` (without `_ms`) and a
 * value with a unit: `{"limits": {"timeout": "90m"}}`.
 */
export type SettingsChange = Record<string, unknown>;

/** A piece of a text. */
export type SnippetPart = {
  /** Whether it is what was searched for. */
  matched?: boolean;
  /** The piece. It comes from a person or an agent: escape it before it is shown. */
  text: string;
};

/** What runs have cost. */
export type Spent = {
  /**
   * US dollars, as reported by the agents. Each run counts with its own cost, not with the total
   * of its session.
   */
  cost_usd: number;
  /** How many runs ended. */
  runs: number;
};

/** The period whose cost is added up. */
export type SpentQuery = {
  /** Counts runs that ended at or after this instant: RFC 3339, or milliseconds since 1970. */
  since: string | number;
};

/** How durations are spread. */
export type Spread = {
  /** Half of them are at most this long, in milliseconds. */
  median_ms: number;
  /** Nine of ten are at most this long, in milliseconds. */
  p90_ms: number;
  /** How many durations there are. */
  runs: number;
};

/** The state of a task, with the data that belongs to it. */
export type State =
  | {
      status: "waiting";
      /** What it waits for. */
      reason: WaitReason;
    }
  | { status: "pending" }
  | {
      status: "running";
      /**
       * When the agent was started; absent until it has started. In JSON it has another name
       * than the task's own `started_at`, because both are fields of the same object.
       */
      running_since?: Timestamp;
      /** Whether it has been asked to stop. */
      stopping?: boolean;
    }
  | {
      status: "completed";
      /** Tool calls that were denied. */
      denied_tools?: DeniedTool[];
      /** When it ended. */
      ended_at: Timestamp;
      /** What else a person should know. */
      notes?: Note[];
    }
  | {
      status: "failed";
      /** When it ended. */
      ended_at: Timestamp;
      /** Why it failed. */
      failure: Failure;
    }
  | {
      status: "cancelled";
      /** When it ended. */
      ended_at: Timestamp;
    }
  | {
      status: "skipped";
      /** When that was decided. */
      ended_at: Timestamp;
      /** Why it will not run. */
      reason: string;
    };

/** The name of a task's state, for filters and counts. [`State`] has the data too. */
export type Status =
  "waiting" | "pending" | "running" | "completed" | "failed" | "cancelled" | "skipped";

/** What happens to running tasks when the engine stops. */
export type StopMode = "leave_running" | "cancel_running" | "hand_over";

/** Body of `POST /api/v1/engine/stop`. */
export type StopRequest = {
  /** What happens to running tasks. */
  mode?: StopMode;
};

/** The engine's answer to a stop. */
export type Stopped = {
  /** Tasks that keep running without an engine. */
  left_running: number;
};

/**
 * Who submitted a task, as the engine has seen it: a client cannot choose it. As text it is `local`,
 * `owner`, `token:NAME` or `browser:NAME`.
 */
export type SubmittedBy = string;

/** The tasks that a batch has put into the queue. */
export type SubmittedTasks = {
  /**
   * The tasks, in the order of the request. A repeated request is answered without those that were
   * removed since.
   */
  tasks: Task[];
};

/** A task, as lists show it. */
export type Task = {
  /** The agent that works on it. */
  agent: Agent;
  /** When it was submitted. */
  created_at: Timestamp;
  /** Why it failed or will not run, in one sentence. */
  error_message?: string;
  /** The beginning of the final answer. */
  final_summary?: string;
  /** Whether a run of it has begun an agent session, which a follow-up can continue. */
  has_session?: boolean;
  /** Its number. */
  id: TaskId;
  /** What the agent did last, in a few words. */
  last_action?: string;
  /** When the agent last printed something, while it runs. */
  last_output_at?: Timestamp;
  /** The model in the request, or the one that the agent reports. */
  model?: string;
  /** Its name. */
  name: string;
  /** The task whose agent submitted it. */
  parent?: TaskId;
  /** The project that the directory belongs to, once that is known. */
  project?: ProjectId;
  /**
   * Its place in the queue, while it is queued: tasks start in the order of these numbers, which
   * may have gaps.
   */
  queue_place?: number;
  /** How many runs it has had, including the current one. */
  runs: number;
  /** When its newest run's agent was started. */
  started_at?: Timestamp;
  /**
   * Whether the task was there already, because an earlier submission had the same idempotency key. It is in
   * the answer to a submission only. A client that repeats a request whose answer was lost finds it, too.
   */
  submitted_before?: boolean;
  /** Who submitted it; absent when that was not recorded, in tasks of earlier versions. */
  submitted_by?: SubmittedBy;
  /** Whether it has finished and no person has looked at it since. */
  unseen?: boolean;
  /** The directory that a warning asks the user to trust, as an argument for `claude-worker trust`. */
  untrusted?: string;
  /** What all its runs used together. */
  usage: Usage;
  /**
   * Warnings for the submitter, as sentences. They are in the answer to a submission and in the
   * details of one task; lists leave them out.
   */
  warnings?: string[];
  /** The directory in which the agent works. */
  working_directory: string;
} & State;

/**
 * What is changed in a task. A field that is left out changes nothing. The fields are those of
 * [`NewTask`].
 */
export type TaskChanges = {
  /** Further directories that Claude Code may use, too. */
  add_dirs?: string[];
  /** Further arguments for Claude Code, in place of those that the task has. */
  agent_args?: string[];
  /** Other subagents. */
  agents?: string;
  /** Tools that are allowed, too. */
  allowed_tools?: string[];
  /**
   * Whether it goes on from the newest conversation in the working directory; `true` takes
   * [`NewTask::resume_session`] away.
   */
  continue_session?: boolean;
  /** Tools that are denied, too. */
  disallowed_tools?: string[];
  /** How much the model thinks. */
  effort?: string;
  /** Environment variables that are set, too. As in [`NewTask::env`], no client gets them back. */
  env?: Record<string, string>;
  /** Another prompt or command. */
  execution_prompt?: string;
  /** Other models to use when the first one is overloaded. */
  fallback_model?: string;
  /** Another JSON Schema of the answer. */
  json_schema?: string;
  /** Other limits. One that is left out stays. */
  limits?: Limits;
  /** Further MCP servers. */
  mcp_config?: string[];
  /** Another model. */
  model?: string;
  /** Another name. */
  name?: string;
  /** Another permission mode. */
  permission_mode?: PermissionMode;
  /** The session to go on from; it takes [`NewTask::continue_session`] away. */
  resume_session?: string;
  /** Other further settings for Claude Code. */
  settings?: string;
  /** The shell that runs the command. */
  shell?: "sh" | "bash" | "zsh" | "dash" | "fish";
  /** Another text to append to the agent's own system prompt. */
  system_prompt?: string;
  /** Another directory to work in: the absolute path of an existing one. */
  working_directory?: string;
};

/** How many tasks a query finds. */
export type TaskCount = {
  /** The same by agent and model, the most tasks first; at most 100 of them. */
  models: ModelCount[];
  /** How many tasks there are in all. */
  tasks: number;
};

/** A task with everything stored about it, except secrets. */
export type TaskDetail = {
  /** The agent that works on it. */
  agent: Agent;
  /** When it was submitted. */
  created_at: Timestamp;
  /** Why it failed or will not run, in one sentence. */
  error_message?: string;
  /** The beginning of the final answer. */
  final_summary?: string;
  /** Whether a run of it has begun an agent session, which a follow-up can continue. */
  has_session?: boolean;
  /** Its number. */
  id: TaskId;
  /** What the agent did last, in a few words. */
  last_action?: string;
  /** When the agent last printed something, while it runs. */
  last_output_at?: Timestamp;
  /** The model in the request, or the one that the agent reports. */
  model?: string;
  /** Its name. */
  name: string;
  /** The task whose agent submitted it. */
  parent?: TaskId;
  /** The project that the directory belongs to, once that is known. */
  project?: ProjectId;
  /**
   * Its place in the queue, while it is queued: tasks start in the order of these numbers, which
   * may have gaps.
   */
  queue_place?: number;
  /** The request. `env` holds only the names, with empty values. */
  request: NewTask;
  /**
   * The final answer of the newest run that has one, up to 1 MiB; of a command, the end of its output, up to
   * 4 KiB. The output of the run has all of it.
   */
  result?: string;
  /** Every run, oldest first. */
  run_history: Run[];
  /** How many runs it has had, including the current one. */
  runs: number;
  /** When its newest run's agent was started. */
  started_at?: Timestamp;
  /**
   * Whether the task was there already, because an earlier submission had the same idempotency key. It is in
   * the answer to a submission only. A client that repeats a request whose answer was lost finds it, too.
   */
  submitted_before?: boolean;
  /** Who submitted it; absent when that was not recorded, in tasks of earlier versions. */
  submitted_by?: SubmittedBy;
  /**
   * Parts of the task's record that cannot be read, because they are damaged or a newer version
   * wrote them. They are missing in `request` and `run_history`.
   */
  unreadable?: string[];
  /** Whether it has finished and no person has looked at it since. */
  unseen?: boolean;
  /** The directory that a warning asks the user to trust, as an argument for `claude-worker trust`. */
  untrusted?: string;
  /** What all its runs used together. */
  usage: Usage;
  /**
   * Warnings for the submitter, as sentences. They are in the answer to a submission and in the
   * details of one task; lists leave them out.
   */
  warnings?: string[];
  /** The directory in which the agent works. */
  working_directory: string;
} & State;

/** A task's number: small, so that people can type it, and never reused. */
export type TaskId = number;

/** One page of tasks. */
export type TaskPage = {
  /** How many tasks there are in each status, regardless of the filter. */
  counts: Counts;
  /** Pass as `cursor` for the next page in the same order; absent on the last one. */
  next?: Cursor;
  /** The tasks, in the order asked for. */
  tasks: Task[];
};

/** How to look at one task. */
export type TaskQuery = {
  /**
   * How long to wait for the task to finish, in milliseconds (at most 60,000). When the time is over,
   * the task is returned as it is.
   */
  wait_ms?: number;
};

/** Traces of runs, for OpenTelemetry. They contain no prompts, no answers and no paths. */
export type TelemetrySettings = {
  /**
   * Where spans are sent: an OTLP receiver over HTTP or HTTPS, such as an OpenTelemetry Collector. The
   * path `/v1/traces` is added if it does not end in it. Without it, no spans are sent.
   */
  otlp_endpoint: string;
};

/**
 * A prompt with fields, and further options of the tasks that are made of it.
 *
 * A field is written `{{name}}`: letters, digits, `_` and `-`, a letter or `_` first, at most 40 characters.
 * `\{{name}}` is that text and no field. A shell command has no fields, because a value could become part of
 * the command by accident.
 */
export type Template = {
  /** The agent that works on the tasks. */
  agent?: Agent;
  /** Its name. No two templates have the same name; upper and lower case are not told apart. */
  name: string;
  /**
   * The prompt, which is needed, and what else the tasks have. A template keeps no environment variables,
   * because their values may be secrets, and no session to go on from.
   */
  task: TaskChanges;
};

/** Names a template. */
export type TemplateName = {
  /** Its name. */
  name: string;
};

/** All templates. */
export type Templates = {
  /** The templates, by name. */
  templates: Template[];
};

export type Timestamp = string;

/** A token or the login of a browser, without its secret. */
export type Token = {
  /** When it was created. */
  created_at: Timestamp;
  /**
   * From when on it is refused; absent when it does not expire. A browser's login expires 30 days
   * after its last use.
   */
  expires_at?: Timestamp;
  /** Whether it is for programs or the login of a browser. */
  kind: AccessKind;
  /** When it was last used, to the minute; absent when it never was. */
  last_used_at?: Timestamp;
  /** Its name, which no other one has. */
  name: string;
  /** What it allows. */
  scope: Scope;
  /** What the browser calls itself. */
  user_agent?: string;
};

/** The name of a token or of a browser's login. */
export type TokenName = {
  /** The name. */
  name: string;
};

/** All tokens and logins of browsers, oldest first. */
export type Tokens = {
  /** The tokens. The one in the data directory is not among them. */
  tokens: Token[];
};

/** Whether a tool call succeeded. */
export type ToolOutcome = "ok" | "error" | "denied";

/** The directories that the user trusts. */
export type Trust = {
  /** The directories; those in Claude Worker's own list come first. */
  directories: TrustedDirectory[];
  /**
   * After a change: another directory whose settings also apply in the directory of the request,
   * and that must be trusted before any of them are used.
   */
  missing?: string;
};

/** A change of what is trusted. */
export type TrustChange = {
  /** The directory's absolute path. */
  directory: string;
  /** Whether it is trusted from now on. */
  trusted: boolean;
};

/** Where the user trusted a directory. */
export type TrustSource = "claude_worker" | "claude_code";

/** A trusted directory, including the directories below it that have no settings of their own. */
export type TrustedDirectory = {
  /** Where the user trusted it. */
  by: TrustSource;
  /** Its path, without symbolic links. */
  path: string;
};

/** How many tasks need attention: no person has looked at them since they finished. */
export type Unseen = {
  /** They completed, but tool calls were denied. */
  denied: number;
  /** They failed. */
  failed: number;
};

/** What a task or run has used. A figure is absent when the agent never reported it. */
export type Usage = {
  /**
   * How long calls of the model's API took, in milliseconds. Calls at the same time are added up, so that it
   * can be more than the run took. For a run: the total of its session so far, as the agent reports it.
   */
  api_ms?: number;
  /** Input tokens written to the cache. */
  cache_creation_tokens?: number;
  /** Input tokens read from the cache. */
  cache_read_tokens?: number;
  /** US dollars. For a run: the total of its session so far, as the agent reports it. */
  cost_usd?: number;
  /** Input tokens, without those read from or written to the cache. */
  input_tokens?: number;
  /** Output tokens. */
  output_tokens?: number;
  /** How long at least one tool ran, in milliseconds. Calls that were not answered are not counted. */
  tools_ms?: number;
  /** Agent turns. */
  turns?: number;
};

/** What happens when the account's usage limit is reached. */
export type UsageLimitSettings = {
  /** A task fails that would have to wait longer than this in all; 0 lets it wait. */
  give_up_after_ms: number;
  /**
   * How long it waits when Claude Code does not say when the limit ends. Each time in a row it
   * waits twice as long, up to 4 hours.
   */
  retry_after_ms: number;
  /**
   * After so many runs in a row that met the limit and got no answer of the model, the task
   * fails.
   */
  tries: number;
  /** The task waits and goes on in the same session. With `false` it fails. */
  wait: boolean;
};

/**
 * How one run ended. It is computed from both the supervisor's record and the agent's report,
 * never from one alone.
 */
export type Verdict =
  | {
      verdict: "completed";
      /** Tool calls that were denied. */
      denied_tools?: DeniedTool[];
      /** What else a person should know. */
      notes?: Note[];
    }
  | {
      verdict: "failed";
      /** Why. */
      failure: Failure;
    }
  | { verdict: "cancelled" };

/** Why a task is not yet in the queue. It continues automatically, in its session if it has one. */
export type WaitReason =
  | {
      for: "usage_limit";
      /** After how many runs the task is given up; 0 when that is not known. */
      most_tries?: number;
      /** How many runs in a row have reached the limit; 0 when that was not counted. */
      tries?: number;
      /** When the task continues. */
      until: Timestamp;
    }
  | {
      for: "rate_limit";
      /** After how many runs the task is given up. */
      most_tries: number;
      /** How many runs in a row have reached the limit. */
      tries: number;
      /** When the task continues. */
      until: Timestamp;
    }
  | {
      for: "overloaded";
      /** After how many runs the task is given up. */
      most_tries: number;
      /** How many runs in a row have failed for this reason. */
      tries: number;
      /** When the task continues. */
      until: Timestamp;
    };
