//! The settings: what a person may set, and how clients show and change it.
//!
//! # How a setting is added
//!
//! By an entry in the list below, and the code that goes by it. From the entry come the fields of
//! [`Settings`] with their defaults, the form in `config.toml` ([`FileForm`]), the changes that
//! clients send ([`SettingsChange`]), the bounds ([`Settings::check`]), the example in
//! `docs/configuration.md` and the list of the app's settings page. The last two are files, which the
//! test `declared_settings` writes when it runs with `CLAUDE_WORKER_UPDATE=1`.

mod bounds;
mod change;
mod declare;
mod file;
mod units;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PermissionMode;
use SettingKind::{Address, Count, Duration, HostNames, Path, Size, Switch, Url, VariableNames};
use declare::declare_settings;

pub use change::SettingsChange;
pub use declare::{
    LARGEST_NUMBER, LONGEST_DURATION, Setting, SettingKind, SettingsPageSection, SettingsSection,
};
pub use file::FileForm;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const DAY: u64 = 24 * 60 * MINUTE;

const MB: u64 = 1_000_000;
const GB: u64 = 1_000 * MB;

/// The largest number of settings that are `u32`.
const MOST: u64 = u32::MAX as u64;

/// The sections of a settings page, in order.
pub const SETTINGS_PAGE: &[SettingsPageSection] = &[
    page("general", "General", ""),
    page(
        "limits",
        "Limits of a run",
        "They apply to runs that begin later. A task may have its own.",
    ),
    page("usage", "Usage limit of the account", ""),
    page("rate", "Rate limit and overloaded API", ""),
    page(
        "notifications",
        "Notifications",
        "From the desktop app, never about what you are looking at.",
    ),
    page("storage", "Storage", ""),
    page("delegation", "Tasks that submit tasks", ""),
    page(
        "http",
        "HTTP",
        "For scripts, browsers and other machines. A change takes effect at once.",
    ),
    page("telemetry", "Traces", ""),
];

const fn page(id: &'static str, title: &'static str, note: &'static str) -> SettingsPageSection {
    SettingsPageSection { id, title, note }
}

/// The variables that travel with a task where nothing else is set.
const DEFAULT_PASS: &[&str] = &[
    // Where programs are, and which Python.
    "PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    // How Claude Code signs in and is configured: at Anthropic, and through Bedrock, Vertex and Foundry.
    "CLAUDE_CONFIG_DIR",
    "ANTHROPIC_*",
    "CLAUDE_CODE_*",
    "AWS_*",
    "GOOGLE_*",
    "CLOUD_ML_REGION",
    "VERTEX_*",
    "AZURE_*",
    "IS_SANDBOX",
    "DISABLE_TELEMETRY",
    "DISABLE_PROMPT_CACHING*",
    "MAX_THINKING_TOKENS",
    "API_TIMEOUT_MS",
    "BASH_DEFAULT_TIMEOUT_MS",
    "BASH_MAX_TIMEOUT_MS",
    "MCP_TIMEOUT",
    "MCP_TOOL_TIMEOUT",
    // How the network is reached. Programs read them in both spellings.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    // Keys for git over SSH, and the language of messages.
    "SSH_AUTH_SOCK",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
];

declare_settings! {
    /// The settings in force, under the names they have in `config.toml`; the name of a duration ends
    /// with `_ms`, because here it is a number of milliseconds. Sizes are in bytes. Where a duration
    /// ends something, 0 means never.
    ///
    /// A setting that an older engine does not know has its default.
    Settings on "general" {
        /// How many tasks run at once, 1 to 256.
        workers: u32 = 4,
            Count { min: 1, max: 256, zero: None },
            "Workers", "Tasks that run at once";

        /// Claude Code's permission mode for tasks that choose none: `default`, `acceptEdits`, `plan`,
        /// `dontAsk` or `auto`. `bypassPermissions` is possible per task only
        /// (`run --permission-mode`).
        permission_mode: PermissionMode = PermissionMode::AcceptEdits,
            SettingKind::PermissionMode,
            "Permissions", "The mode of tasks that do not choose one";
    }

    /// Where the agents' programs are.
    agents: AgentSettings on "general" {
        /// Claude Code's program. Without it, it is looked for in PATH, then as a login shell would
        /// find it, then where installers put it.
        claude: Option<String> = None,
            Path { example: "~/.local/bin/claude" },
            "Claude Code", "Path of the program; empty: found as in your shell";

        /// Whether Claude Code prints what the model writes while it writes it. The log then shows unfinished
        /// texts; what is kept stays the same. It takes effect with the next run.
        live_text: bool = true,
            Switch,
            "Live text", "Show what Claude writes while it writes it";
    }

    /// The environment of tasks.
    env: EnvSettings on "general" {
        /// The variables of the shell that travel with a task which is submitted, retried or resumed
        /// there, by name or by the beginning of the name with `*` behind it. They go only to an engine on
        /// this machine. The task has them instead of the engine's; what the shell does not have stays as
        /// the engine has it. `run --env` passes others, for one task.
        pass: Vec<String> = DEFAULT_PASS.iter().map(|name| (*name).to_owned()).collect(),
            VariableNames { example: "GITHUB_*" },
            "Environment variables", "Passed from the shell that submits a task. Names, separated by commas";
    }

    /// What ends a run early, where a task says nothing else.
    limits: LimitSettings on "limits" {
        /// Wall time of a run; 0 means no limit. Per task: `run --timeout`.
        timeout_ms: u64 = 0,
            Duration { zero: Some("never") },
            "Time", "A run is ended after this long";

        /// How long `claude` may print nothing before it counts as hung; 0 means no limit. Per task:
        /// `run --silence`. Shell tasks have no such limit unless they ask for one.
        silence_ms: u64 = 15 * MINUTE,
            Duration { zero: Some("never") },
            "Silence", "Claude is ended when it prints nothing for this long";

        /// How long `claude` may take to exit after it has reported its end, with nothing left in the
        /// background; 0 means no limit. Then its processes are ended, and its report decides how the
        /// task ended.
        exit_ms: u64 = 10 * SECOND,
            Duration { zero: Some("never") },
            "Exit", "Claude is ended when it has reported its end and does not exit for this long";

        /// When a run is ended, the engine first freezes all its processes, so that no script begins its
        /// next step. A process with a handler for SIGTERM (Claude Code, a script with a trap) then gets
        /// SIGTERM, and is killed if it has not ended after this time. All others are killed at once.
        grace_ms: u64 = 5 * SECOND,
            Duration { zero: None },
            "Grace", "Between being asked to end and being killed";
    }

    /// How long finished tasks are kept.
    retention: RetentionSettings on "storage" {
        /// A finished task is removed after this long, whether or not you have looked at it; 0 keeps
        /// it until `remove` or `clean`.
        finished_ms: u64 = 0,
            Duration { zero: Some("always") },
            "Keep finished tasks", "For this long after they ended";
    }

    /// How much is kept and taken on. A size without a unit is in bytes.
    caps: CapSettings on "storage" {
        /// Output of one run; more ends it.
        output_per_run: u64 = 256 * MB,
            Size { min: 1 },
            "Output of one run", "A run that prints more is ended";

        /// Output of all runs; beyond it the oldest finished runs lose theirs, and keep
        /// result and verdict.
        output_total: u64 = 5 * GB,
            Size { min: 0 },
            "Output of all runs", "When it is full, the oldest output is removed; results stay";

        /// Disk space that must stay free: with less, new tasks are refused and queued ones
        /// wait.
        free_disk: u64 = 100 * MB,
            Size { min: 0 },
            "Keep free", "No task starts with less free disk space than this";

        /// How many tasks may wait in the queue.
        queued: u64 = 100_000,
            Count { min: 0, max: LARGEST_NUMBER, zero: None },
            "Longest queue", "The most tasks that can wait";
    }

    /// What happens when the account's usage limit is reached.
    usage_limit: UsageLimitSettings on "usage" {
        /// The task waits and goes on in the same session. With `false` it fails.
        wait: bool = true,
            Switch,
            "Wait and go on", "In the same session, when the limit ends. If off, the task fails";

        /// How long it waits when Claude Code does not say when the limit ends. Each time in a row it
        /// waits twice as long, up to 4 hours.
        retry_after_ms: u64 = 15 * MINUTE,
            Duration { zero: None },
            "Try again after",
            "If Claude Code does not say when the limit ends; doubles each time";

        /// After so many runs in a row that met the limit and got no answer of the model, the task
        /// fails.
        tries: u32 = 8,
            Count { min: 0, max: MOST, zero: None },
            "Tries", "The task fails after this many in a row without an answer";

        /// A task fails that would have to wait longer than this in all; 0 lets it wait.
        give_up_after_ms: u64 = 8 * DAY,
            Duration { zero: Some("never") },
            "Give up after", "The task fails if it would wait longer than this in total";
    }

    /// What happens when requests come too fast (429 without a usage limit) or the API is overloaded
    /// (529). An account without credit, or one that is disabled, is not tried again.
    rate_limit: RateLimitSettings on "rate" {
        /// How long the task waits at first. Each time in a row it waits twice as long, up to 10
        /// minutes.
        retry_after_ms: u64 = 30 * SECOND,
            Duration { zero: None },
            "Try again after", "Doubles each time, up to 10 minutes";

        /// After so many runs in a row that got no answer of the model, the task fails. 1: at once.
        tries: u32 = 6,
            Count { min: 0, max: MOST, zero: None },
            "Tries", "The task fails after this many in a row without an answer";
    }

    /// How far tasks may submit tasks themselves.
    delegation: DelegationSettings on "delegation" {
        /// How deep: a task of yours is at depth 0, one that it submits at 1.
        depth: u32 = 2,
            Count { min: 0, max: MOST, zero: Some("tasks submit none") },
            "Depth", "Your task is at 0, a task that it submits at 1; 0: none";

        /// How many unfinished tasks one task, or one caller, may have submitted.
        unfinished: u32 = 50,
            Count { min: 0, max: MOST, zero: Some("tasks submit none") },
            "Unfinished at once", "Tasks that one task or one MCP client has submitted";
    }

    /// What programs may ask for over MCP.
    mcp: McpSettings on "delegation" {
        /// Whether they may submit tasks without permission checks.
        allow_bypass: bool = false,
            Switch,
            "Allow “No checks” over MCP",
            "Whether tasks submitted over MCP may turn permission checks off";
    }

    /// The HTTP server over TCP. Every engine of this data directory goes by it, also the one in the
    /// app. Clients need a token.
    http: HttpSettings on "http" {
        /// Where it listens: an address of this machine with a port, `off`, or `auto`. With `auto`, an
        /// engine that `server start` has started listens at `127.0.0.1:8000`, and others do not listen.
        /// `127.0.0.1:8000` is reached from this machine only. An address beyond that (`0.0.0.0:8000`
        /// means every address of this machine) needs TLS or `behind_proxy`.
        listen: String = crate::AUTO.to_owned(),
            Address,
            "Address", "Like 127.0.0.1:8000, off, or auto: only after server start";

        /// Where a relative working directory of a submission begins. Without it, in your home
        /// directory.
        base_directory: Option<String> = None,
            Path { example: "~/projects" },
            "Base directory", "Relative directories begin here; empty: your home";

        /// Names by which clients reach it, besides `localhost` and the addresses of this machine:
        /// each exactly, with a port if it is not the one of `listen`.
        allow_hosts: Vec<String> = Vec::new(),
            HostNames { example: "worker.example.org" },
            "Host names", "Further names of this server, separated by commas";

        /// The file with the TLS certificate, followed by those of its issuers (PEM). It is read again
        /// when it changes.
        tls_certificate: Option<String> = None,
            Path { example: "/etc/claude-worker/fullchain.pem" },
            "TLS certificate", "A PEM file; empty: no TLS";

        /// The file with the private key of the certificate (PEM).
        tls_key: Option<String> = None,
            Path { example: "/etc/claude-worker/privkey.pem" },
            "TLS key", "The PEM file with its private key";

        /// Whether all clients reach it through a proxy that does TLS. Then an address beyond this
        /// machine needs no TLS of its own, and the header `X-Forwarded-For` of the proxy says whose
        /// request it is.
        behind_proxy: bool = false,
            Switch,
            "Behind a proxy", "A proxy does TLS for all clients";
    }

    /// Traces of runs, for OpenTelemetry. They contain no prompts, no answers and no paths.
    telemetry: TelemetrySettings on "telemetry" {
        /// Where spans are sent: an OTLP receiver over HTTP or HTTPS, such as an OpenTelemetry Collector. The
        /// path `/v1/traces` is added if it does not end in it. Without it, no spans are sent.
        otlp_endpoint: Option<String> = None,
            Url { example: "http://127.0.0.1:4318" },
            "OTLP endpoint", "Where a span for each run is sent; empty: none";
    }

    /// What the desktop app notifies of.
    notifications: NotificationSettings on "notifications" {
        /// A task is completed.
        finished: bool = true,
            Switch,
            "A task is done", "One notification for tasks that end together";

        /// A task failed.
        failed: bool = true,
            Switch,
            "A task failed", "With the reason";

        /// A task needs you: it waits, is quiet, or was denied a tool.
        attention: bool = true,
            Switch,
            "A task needs you", "It waits for a usage limit, is silent, or was denied a tool";
    }
}

/// Every setting, without its section.
pub fn all_settings() -> impl Iterator<Item = &'static Setting> {
    DECLARED_SETTINGS.iter().flat_map(|section| section.settings)
}
