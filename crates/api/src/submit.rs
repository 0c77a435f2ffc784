//! Requests that submit, resume, retry and clean up tasks, and their answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

use crate::{
    ApiError, Status, Task, TaskChanges, TaskId, Timestamp, Traceparent, UnknownName, query,
    unknown,
};

/// The longest prompt a task may have, in bytes of UTF-8. The size limit of request bodies follows
/// from it.
pub const MAX_PROMPT_BYTES: usize = 16 * 1024 * 1024;

/// The longest [`NewTask::caller`], in characters.
pub const MAX_CALLER_CHARS: usize = 64;

/// How many tasks one request may submit.
pub const MAX_BATCH: usize = 1000;

/// The shells that can run a command, by their names.
pub const SHELLS: [&str; 5] = ["sh", "bash", "zsh", "dash", "fish"];

/// The longest idempotency key, in bytes.
pub const MAX_KEY_BYTES: usize = 200;

/// What a caller looks like, as a regular expression: 1 to 64 characters, none of which controls a
/// terminal.
const CALLER: &str = r"^[^\x00-\x1f\x7f-\x9f]{1,64}$";

/// What an idempotency key looks like: text without control characters.
const KEY: &str = r"^[^\x00-\x1f\x7f-\x9f]+$";

/// What the name of a task looks like: one line that is not blank.
pub(crate) const NAME: &str =
    r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

/// What a prompt looks like: text that is not blank, without NUL bytes.
pub(crate) const PROMPT: &str = r"^[^\x00]*[^\s\x00][^\x00]*$";

/// The program that works on a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// The Claude Code CLI, which gets the prompt on standard input.
    #[default]
    Claude,
    /// `/bin/sh -c PROMPT`, or another shell: any command.
    Shell,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl Agent {
    /// All known agents.
    pub const ALL: [Self; 2] = [Self::Claude, Self::Shell];

    /// The name on the command line: `claude` or `shell`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Shell => "shell",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

impl FromStr for Agent {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|agent| agent.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|agent| agent.name()).collect();
            format!("\"{text}\" is not an agent: one of {}", names.join(", "))
        })
    }
}

/// Claude Code's permission modes, as `claude --permission-mode` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum PermissionMode {
    /// Ask for everything. A background run cannot ask, so it denies what is not already allowed.
    #[serde(rename = "default")]
    Default,
    /// File edits are accepted, other tools follow the allow list. Claude Worker's default.
    #[default]
    #[serde(rename = "acceptEdits")]
    AcceptEdits,
    /// Read and plan only.
    #[serde(rename = "plan")]
    Plan,
    /// Deny, without asking, everything that is not already allowed.
    #[serde(rename = "dontAsk")]
    DontAsk,
    /// Let Claude Code's classifier decide.
    #[serde(rename = "auto")]
    Auto,
    /// No permission checks at all. Only if explicitly chosen for the task.
    #[serde(rename = "bypassPermissions")]
    BypassPermissions,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl PermissionMode {
    /// All known modes, in the order help texts list them.
    pub const ALL: [Self; 6] = [
        Self::Default,
        Self::AcceptEdits,
        Self::Plan,
        Self::DontAsk,
        Self::Auto,
        Self::BypassPermissions,
    ];

    /// The mode's name on Claude Code's command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::AcceptEdits => "acceptEdits",
            Self::Plan => "plan",
            Self::DontAsk => "dontAsk",
            Self::Auto => "auto",
            Self::BypassPermissions => "bypassPermissions",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

/// Limits at which a run is ended. `None` means the configured default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// At most this many agent turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_turns: Option<u32>,
    /// At most this much money, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_budget_usd: Option<f64>,
    /// Wall-clock time of one run, in milliseconds; 0 means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How long the agent may print nothing, in milliseconds; 0 means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence_ms: Option<u64>,
}

/// A task to put into the queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewTask {
    /// What to do: the prompt for `claude`, the command for `shell`. Not empty.
    #[schemars(extend("pattern" = PROMPT))]
    pub execution_prompt: String,
    /// Absolute path of an existing directory to work in.
    pub working_directory: String,
    /// The name shown in lists. Default: the prompt's first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = NAME, "maxLength" = 200))]
    pub name: Option<String>,
    /// The agent that works on it.
    #[serde(default)]
    pub agent: Agent,
    /// Appended to the agent's own system prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// The model's name or alias, as the agent understands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Claude Code's permission mode. Default: from the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_mode: Option<PermissionMode>,
    /// Tools allowed without asking, in Claude Code's syntax (`Bash(git diff:*)`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_tools: Vec<String>,
    /// Tools that are denied, in the same syntax.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disallowed_tools: Vec<String>,
    /// Absolute paths of further directories that Claude Code may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_dirs: Vec<String>,
    /// MCP servers for Claude Code: absolute paths of JSON files, or JSON. Other users of the machine
    /// can read JSON in the process table, so put secrets into a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mcp_config: Vec<String>,
    /// Further settings for Claude Code: the absolute path of a JSON file, or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// Models to use when the first one is overloaded, separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_model: Option<String>,
    /// How much the model thinks, in Claude Code's words: `low`, `medium`, `high` and further ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// The JSON Schema of the answer, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<String>,
    /// Subagents for Claude Code, as JSON: `{"reviewer": {"description": …, "prompt": …}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<String>,
    /// Whether the task goes on from the newest conversation of Claude Code in the working directory,
    /// in a copy of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continue_session: bool,
    /// The id of a session of Claude Code to go on from, in a copy of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_session: Option<String>,
    /// Further arguments for Claude Code. Those that Claude Worker sets itself are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agent_args: Vec<String>,
    /// For an `agent` of `shell`: the shell that runs the command. Default: `/bin/sh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = SHELLS))]
    pub shell: Option<String>,
    /// Limits at which a run is ended.
    #[serde(default)]
    pub limits: Limits,
    /// Environment variables for this task. They are kept in a private file, never in the database
    /// or a log, and never returned to a client.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What the submitting shell has of the variables that travel with a task (the setting `env.pass`).
    /// They are kept like `env`, and `env` has priority. They are no part of what an idempotency key
    /// stands for: a submission from another shell is the same request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inherited_env: BTreeMap<String, String>,
    /// A name for this request, chosen by the caller. A second submission with the same key
    /// returns the first one's task instead of making another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), extend("pattern" = KEY))]
    pub idempotency_key: Option<String>,
    /// The task whose agent submits this one. The configuration limits how deeply tasks may be
    /// nested, and how many tasks of one parent may be unfinished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// The program that submits, as it names itself (like `mcp:4f1c`), in at most 64 characters. The
    /// configuration limits how many tasks of one caller may be unfinished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = CALLER))]
    pub caller: Option<String>,
    /// The trace that the submission belongs to, as in the header `traceparent` of W3C Trace Context. The
    /// agent gets it in its environment, and the runs of the task become part of the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Traceparent>,
}

/// Tasks to put into the queue, all or none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewTasks {
    /// The tasks, 1 to 1000. They are queued in this order.
    #[schemars(length(min = 1, max = 1000))]
    pub tasks: Vec<NewTask>,
    /// A name for this request, chosen by the caller: a second request with the same key and the same
    /// tasks makes no others. Keys are kept for 24 hours. Each task may have a key of its own, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), extend("pattern" = KEY))]
    pub idempotency_key: Option<String>,
}

impl NewTasks {
    /// Makes the tasks part of a trace, except those that name one themselves.
    pub(crate) fn join_trace(&mut self, traceparent: Traceparent) {
        self.tasks.iter_mut().for_each(|task| task.join_trace(traceparent));
    }
}

/// The tasks that a batch has put into the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubmittedTasks {
    /// The tasks, in the order of the request. A repeated request is answered without those that were
    /// removed since.
    pub tasks: Vec<Task>,
}

impl NewTask {
    /// Makes the task part of a trace, unless it names one itself.
    pub(crate) const fn join_trace(&mut self, traceparent: Traceparent) {
        if self.traceparent.is_none() {
            self.traceparent = Some(traceparent);
        }
    }

    /// Refuses values that this version does not know. A stored task may have been submitted to a
    /// newer engine and keep them; a new one must not, because this version would ignore them.
    ///
    /// # Errors
    /// `invalid_request` naming the value.
    pub fn check_known(&self) -> Result<(), ApiError> {
        if let Agent::Unknown(name) = self.agent {
            return Err(there_is_no("agent", name, &Agent::ALL.map(Agent::name)));
        }
        self.permission_mode.map_or(Ok(()), PermissionMode::check_known)
    }
}

impl PermissionMode {
    /// Refuses a mode that this version does not know.
    ///
    /// # Errors
    /// `invalid_request` naming it.
    pub fn check_known(self) -> Result<(), ApiError> {
        match self {
            Self::Unknown(name) => {
                Err(there_is_no("permission mode", name, &Self::ALL.map(Self::name)))
            }
            _ => Ok(()),
        }
    }
}

fn there_is_no(kind: &str, name: UnknownName, known: &[&str]) -> ApiError {
    ApiError::invalid(format!("There is no {kind} {name}"))
        .hint(format!("Choose one of {}", known.join(", ")))
}

/// Who submits a task or asks for another run of it. With neither field set it is a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Asker {
    /// The task whose agent asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// The program that asks, named like [`NewTask::caller`].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = CALLER))]
    pub caller: Option<String>,
}

impl Asker {
    /// A person.
    pub const PERSON: Self = Self { parent: None, caller: None };

    /// Whether it is an agent or another program, not a person.
    #[must_use]
    pub const fn is_agent(&self) -> bool {
        self.parent.is_some() || self.caller.is_some()
    }
}

impl NewTask {
    /// Who submits it.
    #[must_use]
    pub fn asked_by(&self) -> Asker {
        Asker { parent: self.parent, caller: self.caller.clone() }
    }
}

/// Another message for the agent session of a finished task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FollowUp {
    /// The message. Not empty.
    #[schemars(extend("pattern" = PROMPT))]
    pub prompt: String,
    /// What is changed in the task first. It stays changed.
    #[serde(default, skip_serializing_if = "TaskChanges::is_empty")]
    pub changes: TaskChanges,
    /// Who sends it.
    #[serde(default)]
    pub asked_by: Asker,
    /// The variables of the user's shell that travel with a task, instead of
    /// those of the last run. Empty: they stay. Not used if a program or another task asks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inherited_env: BTreeMap<String, String>,
    /// A name for this request, chosen by the caller: a second request with the same key does not send
    /// the message again. Keys are kept for 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), extend("pattern" = KEY))]
    pub idempotency_key: Option<String>,
}

/// A request to retry a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Retry {
    /// What is changed in the task first. It stays changed.
    #[serde(skip_serializing_if = "TaskChanges::is_empty")]
    pub changes: TaskChanges,
    /// The program or task that asks for the run.
    pub asked_by: Asker,
    /// The variables of the user's shell that travel with a task, instead of
    /// those of the last run. Empty: they stay. Not used if a program or another task asks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inherited_env: BTreeMap<String, String>,
    /// A name for this request, chosen by the caller: a second request with the same key does not run
    /// the task again. Keys are kept for 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), extend("pattern" = KEY))]
    pub idempotency_key: Option<String>,
}

/// A request to change a task that has not begun.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Edit {
    /// What is changed.
    #[serde(skip_serializing_if = "TaskChanges::is_empty")]
    pub changes: TaskChanges,
    /// The program or task that asks for it.
    pub asked_by: Asker,
    /// A name for this request, chosen by the caller: a second request with the same key changes nothing
    /// more. Keys are kept for 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), extend("pattern" = KEY))]
    pub idempotency_key: Option<String>,
}

/// The finished tasks that a person has looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SeenQuery {
    /// The tasks, at most 1000. Tasks that have not finished or were removed are ignored. Left out:
    /// all finished tasks. In a request it is never an empty list.
    #[serde(deserialize_with = "unknown::non_empty", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 1000))]
    pub ids: Vec<TaskId>,
}

/// The period whose cost is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpentQuery {
    /// Counts runs that ended at or after this instant: RFC 3339, or milliseconds since 1970.
    #[serde(deserialize_with = "query::instant", serialize_with = "query::millis")]
    #[schemars(schema_with = "query::instant_schema")]
    pub since: Timestamp,
}

/// What runs have cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// US dollars, as reported by the agents. Each run counts with its own cost, not with the total
    /// of its session.
    pub cost_usd: f64,
    /// How many runs ended.
    pub runs: u64,
}

/// Which finished tasks to remove.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CleanQuery {
    /// Only these statuses. Left out: all finished tasks. In a request it is never an empty list,
    /// which could mean both all and none.
    #[serde(
        deserialize_with = "unknown::known_and_non_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(min = 1))]
    pub statuses: Vec<Status>,
    /// Only tasks that ended at least this long ago, in milliseconds.
    pub older_than_ms: u64,
    /// Also tasks that no person has looked at since they finished. By default those are kept.
    pub unseen: bool,
    /// Remove nothing; only report what would be removed.
    pub dry_run: bool,
}

/// What was removed, or with [`CleanQuery::dry_run`] what would be removed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cleaned {
    /// How many tasks were removed.
    pub removed: u64,
    /// With [`CleanQuery::dry_run`]: how many would be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_remove: Option<u64>,
    /// How many were kept only because no person has looked at them since they finished.
    pub kept_unseen: u64,
    /// With [`CleanQuery::dry_run`]: the first tasks that would be removed, oldest end first, at
    /// most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
}
