//! The whole configuration, as clients show and change it.

mod change;

pub use change::SettingsChange;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PermissionMode;

/// The settings in force, under the names they have in `config.toml`; a duration's name has `_ms`
/// behind it, because here it is a number of milliseconds. Sizes are in bytes. Where a duration ends
/// something, 0 means never.
///
/// A setting that an older engine does not know has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// How many tasks run at once, 1 to 256.
    pub workers: u32,
    /// Claude Code's permission mode for tasks that choose none; never `bypassPermissions`.
    pub permission_mode: PermissionMode,
    /// Where the agents' programs are.
    pub agents: AgentSettings,
    /// What ends a run early, where a task says nothing else.
    pub limits: LimitSettings,
    /// How much is kept and taken on.
    pub caps: CapSettings,
    /// How long finished tasks are kept.
    pub retention: RetentionSettings,
    /// What happens when the account's usage limit is reached.
    pub usage_limit: UsageLimitSettings,
    /// What happens when requests come too fast, or the API is overloaded.
    pub rate_limit: RateLimitSettings,
    /// How far tasks may submit tasks.
    pub delegation: DelegationSettings,
    /// What the MCP sidecar may ask for.
    pub mcp: McpSettings,
    /// What the desktop app tells of.
    pub notifications: NotificationSettings,
    /// Where `config.toml` is. Read-only: ignored when settings are changed.
    pub file: String,
}

/// Where the agents' programs are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentSettings {
    /// Claude Code's program. None: found as a login shell would find it. Never left out, so that
    /// a change to none can be told from no change.
    pub claude: Option<String>,
}

/// What ends a run early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LimitSettings {
    /// Wall time of a run.
    pub timeout_ms: u64,
    /// How long `claude` may print nothing.
    pub silence_ms: u64,
    /// How long `claude` may take to exit after it has reported that its work is done.
    pub exit_ms: u64,
    /// How long a process tree has between being asked to end and being killed.
    pub grace_ms: u64,
}

/// How much is kept and taken on, in bytes but for `queued`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CapSettings {
    /// Output of one run; more ends it.
    pub output_per_run: u64,
    /// Output of all runs; beyond it the oldest finished runs lose theirs.
    pub output_total: u64,
    /// Disk space that must stay free for a new task to be taken on.
    pub free_disk: u64,
    /// How many tasks may wait in the queue.
    pub queued: u64,
}

/// How long finished tasks are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RetentionSettings {
    /// After this long a finished task is removed; 0 keeps it.
    pub finished_ms: u64,
}

/// What happens when the account's usage limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UsageLimitSettings {
    /// Whether the task waits and goes on in the same session. Otherwise it fails.
    pub wait: bool,
    /// How long it waits when the agent does not say when the limit ends; each time in a row twice as
    /// long, up to 4 hours.
    pub retry_after_ms: u64,
    /// After so many runs in a row that met it without an answer of the model the task fails.
    pub tries: u32,
    /// A task fails that would have to wait longer than this in all.
    pub give_up_after_ms: u64,
}

/// What happens when requests come too fast, or the API is overloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RateLimitSettings {
    /// How long the task waits at first; each time in a row twice as long, up to 10 minutes.
    pub retry_after_ms: u64,
    /// After so many runs in a row that met it without an answer of the model the task fails.
    pub tries: u32,
}

/// How far tasks may submit tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DelegationSettings {
    /// How deep: a person's task is at depth 0, a task submitted from inside it at 1.
    pub depth: u32,
    /// How many unfinished tasks one task, or one caller, may have submitted.
    pub unfinished: u32,
}

/// What the MCP sidecar may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct McpSettings {
    /// Whether a task submitted over MCP may turn permission checks off.
    pub allow_bypass: bool,
}

/// What the desktop app tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NotificationSettings {
    /// That a task is completed.
    pub finished: bool,
    /// That a task failed.
    pub failed: bool,
    /// That a task needs a person: it waits, is quiet, or was denied a tool.
    pub attention: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 4,
            permission_mode: PermissionMode::default(),
            agents: AgentSettings::default(),
            limits: LimitSettings::default(),
            caps: CapSettings::default(),
            retention: RetentionSettings::default(),
            usage_limit: UsageLimitSettings::default(),
            rate_limit: RateLimitSettings::default(),
            delegation: DelegationSettings::default(),
            mcp: McpSettings::default(),
            notifications: NotificationSettings::default(),
            file: String::new(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { timeout_ms: 0, silence_ms: 15 * 60_000, exit_ms: 10_000, grace_ms: 5_000 }
    }
}

impl Default for CapSettings {
    fn default() -> Self {
        Self {
            output_per_run: 256_000_000,
            output_total: 5_000_000_000,
            free_disk: 100_000_000,
            queued: 100_000,
        }
    }
}

impl Default for UsageLimitSettings {
    fn default() -> Self {
        let give_up_after_ms = 8 * 86_400_000;
        Self { wait: true, retry_after_ms: 15 * 60_000, tries: 8, give_up_after_ms }
    }
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { retry_after_ms: 30_000, tries: 6 }
    }
}

impl Default for DelegationSettings {
    fn default() -> Self {
        Self { depth: 2, unfinished: 50 }
    }
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self { finished: true, failed: true, attention: true }
    }
}
