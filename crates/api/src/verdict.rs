//! How a run ended, in types and in words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, UnknownValue, format_duration, reads_unknown};

/// A tool call the agent wanted and was not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeniedTool {
    /// The tool's name.
    pub tool: String,
    /// Its main argument, shortened: the command, the path.
    pub input: String,
}

/// How one run ended. Computed from what the supervisor recorded and what the agent reported,
/// never from one of them alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "Verdict")]
pub enum Verdict {
    /// The agent finished its work. Tool calls may still have been denied on the way.
    Completed {
        /// What it was not allowed to do.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        denied_tools: Vec<DeniedTool>,
    },
    /// It did not.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Somebody asked to stop it, and it was stopped.
    Cancelled,
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(Verdict, "verdict");

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "Failure")]
pub enum Failure {
    /// The agent exited with this code and said nothing better.
    Exit {
        /// The exit code.
        code: i32,
        /// The last line it printed on standard error, shortened; may be empty.
        #[serde(default)]
        message: String,
    },
    /// The agent was killed from outside by this signal.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// The run's wall time was up.
    Timeout {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The agent printed nothing for too long.
    Silent {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The agent printed more than the configuration lets one run keep.
    OutputLimit {
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// The agent could not be started.
    Spawn {
        /// What the system said, and what to do.
        message: String,
    },
    /// The model's API refused or failed.
    ApiError {
        /// The HTTP status, when there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        http_status: Option<u16>,
        /// What the API said.
        message: String,
    },
    /// The account's usage or rate limit is reached.
    UsageLimit {
        /// When it is said to be over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resets_at: Option<Timestamp>,
        /// What the agent said.
        message: String,
    },
    /// The task's own budget in dollars is spent.
    Budget,
    /// The task's own number of turns is used up.
    Turns,
    /// The agent reported an error of its own.
    AgentError {
        /// What it said.
        message: String,
    },
    /// The agent exited as if all were well, but never reported a result.
    NoResult,
    /// Supervisor and agent vanished (killed, or the machine lost power): what was done is
    /// unknown.
    Lost,
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(Failure, "kind");

impl Failure {
    /// The stable name of the kind, as on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Exit { .. } => "exit",
            Self::Signal { .. } => "signal",
            Self::Timeout { .. } => "timeout",
            Self::Silent { .. } => "silent",
            Self::OutputLimit { .. } => "output_limit",
            Self::Spawn { .. } => "spawn",
            Self::ApiError { .. } => "api_error",
            Self::UsageLimit { .. } => "usage_limit",
            Self::Budget => "budget",
            Self::Turns => "turns",
            Self::AgentError { .. } => "agent_error",
            Self::NoResult => "no_result",
            Self::Lost => "lost",
            Self::Unknown(failure) => failure.name.as_str(),
        }
    }

    /// What happened, in a few words without a full stop.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Exit { code, message } if message.is_empty() => {
                format!("Exited with code {code}")
            }
            Self::Exit { code, message } => format!("Exited with code {code}: {message}"),
            Self::Signal { signal } => format!("Killed by signal {signal}"),
            Self::Timeout { limit_ms } => format!("Stopped: over {}", format_duration(*limit_ms)),
            Self::Silent { limit_ms } => {
                format!("Stopped: silent for {}", format_duration(*limit_ms))
            }
            Self::OutputLimit { limit_bytes } => {
                format!("Stopped: printed more than {} MB", limit_bytes / 1_000_000)
            }
            Self::Spawn { message }
            | Self::ApiError { message, .. }
            | Self::AgentError { message } => message.clone(),
            Self::UsageLimit { message, .. } => format!("Usage limit reached: {message}"),
            Self::Budget => "Budget used up".to_owned(),
            Self::Turns => "Turn limit reached".to_owned(),
            Self::NoResult => "Ended without a result".to_owned(),
            Self::Lost => "Lost: its supervisor was killed or the machine went down".to_owned(),
            Self::Unknown(failure) => {
                let words =
                    format!("Failed for a reason this version does not know: {}", failure.name);
                // Where a failure has words of its own they are called this.
                match failure.text("message") {
                    Some(message) if !message.is_empty() => format!("{words}: {message}"),
                    _ => words,
                }
            }
        }
    }

    /// What a person can do about it, as one sentence; empty when only they can know.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "Resume it, or retry with a longer --timeout",
            Self::Silent { .. } => "Read its log, then resume or retry it",
            Self::OutputLimit { .. } => "Raise output_per_run in the configuration, or retry",
            Self::Spawn { .. } => "claude-worker doctor says what is missing",
            Self::ApiError { http_status: Some(401 | 403), .. } => {
                "Log in again with `claude` or check the API key, then retry"
            }
            Self::ApiError { http_status: Some(400), message } if message.contains("redit") => {
                "Add credit to the account, then retry"
            }
            Self::ApiError { http_status: Some(404), .. } => "Choose another model and retry",
            Self::ApiError { .. } => "Retry it later",
            Self::UsageLimit { .. } => "Resume it when the limit is over",
            Self::Budget => "Resume it with a new budget",
            Self::Turns => "Resume it to let it go on",
            Self::NoResult | Self::AgentError { .. } => "Read its log, then resume or retry it",
            Self::Lost => "Look at what it did, then resume or retry it",
            Self::Unknown(_) => "Update Claude Worker to see what to do",
            Self::Exit { .. } | Self::Signal { .. } => "",
        }
    }
}

impl Verdict {
    /// The verdict in words: `Done`, `Done, 2 tool calls were denied`, `Cancelled`, or the
    /// failure's words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Completed { denied_tools } => match denied_tools.len() {
                0 => "Done".to_owned(),
                1 => "Done, 1 tool call was denied".to_owned(),
                n => format!("Done, {n} tool calls were denied"),
            },
            Self::Failed { failure } => failure.words(),
            Self::Cancelled => "Cancelled".to_owned(),
            Self::Unknown(verdict) => {
                format!("Ended in a way this version does not know: {}", verdict.name)
            }
        }
    }
}
