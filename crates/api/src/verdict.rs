//! How a run ended, as types and as text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, UnknownValue, format_duration, reads_unknown};

/// A tool call that the agent requested and that was denied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeniedTool {
    /// The tool's name.
    pub tool: String,
    /// Its main argument, shortened: the command, the path.
    pub input: String,
    /// A rule with which the call is allowed, for `allowed_tools`. Absent when only the whole tool can be
    /// allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What the agent asked with the call, where the call is a question to a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
}

/// A question of an agent to a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The question, shortened.
    pub question: String,
    /// The answers that it offers, shortened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// What a person should know about a run that completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "note", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "Note")]
pub enum Note {
    /// The agent reported that its work was done but did not exit, and was ended.
    DidNotExit,
    /// The agent ended without an answer.
    NoAnswer,
    /// The agent's program stopped a command that ran in the background.
    BackgroundStopped {
        /// What the agent called the command, shortened.
        what: String,
        /// Why, in the agent's words: `after reaching its background time limit`. May be empty.
        #[serde(default)]
        why: String,
    },
    /// A command still ran in the background when the agent exited, and ended with it.
    BackgroundLeft {
        /// What the agent called the command, shortened.
        what: String,
    },
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(Note, "note");

impl Note {
    /// The note as a phrase that can follow `Done, `.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::DidNotExit => "did not exit by itself".to_owned(),
            Self::NoAnswer => "ended without an answer".to_owned(),
            Self::BackgroundStopped { what, why } if why.is_empty() => {
                format!("a background command was stopped: {what}")
            }
            Self::BackgroundStopped { what, why } => {
                format!("a background command was stopped {why}: {what}")
            }
            Self::BackgroundLeft { what } => {
                format!("a background command was still running and was ended: {what}")
            }
            Self::Unknown(note) => {
                format!("with a note that this version does not know: {}", note.name)
            }
        }
    }

    /// Whether a part of the work may be missing. A program that did not exit had finished its work.
    #[must_use]
    pub const fn is_about_work(&self) -> bool {
        !matches!(self, Self::DidNotExit)
    }
}

/// How one run ended. It is computed from both the supervisor's record and the agent's report,
/// never from one alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "Verdict")]
pub enum Verdict {
    /// The agent finished its work. Tool calls may have been denied.
    Completed {
        /// Tool calls that were denied.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        denied_tools: Vec<DeniedTool>,
        /// What else a person should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
    },
    /// The agent did not finish its work.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// The run was stopped on request.
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
    /// The agent exited with this code and reported no other reason.
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
    /// The run took longer than its time limit.
    Timeout {
        /// The limit in milliseconds.
        limit_ms: u64,
        /// Whether the agent had given its answer before; it is kept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        answered: bool,
    },
    /// The agent printed nothing for too long.
    Silent {
        /// The limit in milliseconds.
        limit_ms: u64,
        /// Whether the agent had given its answer before; it is kept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        answered: bool,
    },
    /// The agent printed more than the configuration lets one run keep.
    OutputLimit {
        /// The limit in bytes.
        limit_bytes: u64,
        /// Whether the agent had given its answer before; it is kept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        answered: bool,
    },
    /// The agent could not be started.
    Spawn {
        /// The system's error, and what to do.
        message: String,
    },
    /// The model's API refused the request or failed.
    ApiError {
        /// The HTTP status, when there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        http_status: Option<u16>,
        /// The API's message.
        message: String,
        /// How many runs in a row failed with this error before the task was given up; 0 when it
        /// was tried once.
        #[serde(default, skip_serializing_if = "is_zero")]
        tries: u32,
    },
    /// The account cannot be used: no credit, a billing problem, a disabled organisation. Trying
    /// again does not help.
    Account {
        /// The HTTP status, when there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        http_status: Option<u16>,
        /// The API's message.
        message: String,
    },
    /// The model or its safeguards refused to answer.
    Refusal {
        /// The agent's message.
        message: String,
    },
    /// The prompt or the conversation is longer than the model's context window.
    ContextFull {
        /// The agent's message.
        message: String,
    },
    /// Too many requests in a short time. The limit passes within minutes.
    RateLimit {
        /// The agent's message.
        message: String,
        /// How many runs in a row failed with this error before the task was given up; 0 when it
        /// was tried once.
        #[serde(default, skip_serializing_if = "is_zero")]
        tries: u32,
    },
    /// The account's usage limit (for some hours or days) is reached.
    UsageLimit {
        /// When the limit resets, if the agent reported it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resets_at: Option<Timestamp>,
        /// The agent's message.
        message: String,
        /// How many runs in a row failed with this error before the task was given up; 0 when it
        /// was tried once.
        #[serde(default, skip_serializing_if = "is_zero")]
        tries: u32,
    },
    /// The task's own budget in dollars is spent.
    Budget,
    /// The task's own number of turns is used up.
    Turns,
    /// The agent reported an error of its own.
    AgentError {
        /// The agent's message.
        message: String,
    },
    /// The agent exited with code 0 but never reported a result.
    NoResult,
    /// Supervisor and agent ended without a record (killed, or the machine lost power): what the
    /// agent did is unknown.
    Lost,
    /// The task's record in the database is damaged: the task cannot be run, or its end is unknown.
    DamagedRecord {
        /// Which part of the record cannot be read.
        message: String,
    },
    /// A newer version of the program wrote the task's record and uses something in it that this
    /// version does not know.
    NewerRecord {
        /// What this version does not know.
        message: String,
    },
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
            Self::Account { .. } => "account",
            Self::Refusal { .. } => "refusal",
            Self::ContextFull { .. } => "context_full",
            Self::RateLimit { .. } => "rate_limit",
            Self::UsageLimit { .. } => "usage_limit",
            Self::Budget => "budget",
            Self::Turns => "turns",
            Self::AgentError { .. } => "agent_error",
            Self::NoResult => "no_result",
            Self::Lost => "lost",
            Self::DamagedRecord { .. } => "damaged_record",
            Self::NewerRecord { .. } => "newer_record",
            Self::Unknown(failure) => failure.name.as_str(),
        }
    }

    /// What happened, as a phrase without a full stop.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Exit { code, message } if message.is_empty() => {
                format!("Exited with code {code}")
            }
            Self::Exit { code, message } => format!("Exited with code {code}: {message}"),
            Self::Signal { signal } => format!("Killed by signal {signal}"),
            Self::Timeout { limit_ms, answered } => {
                let limit = format_duration(*limit_ms);
                format!("Stopped: ran longer than {limit}{}", after_answer(*answered))
            }
            Self::Silent { limit_ms, answered } => {
                let limit = format_duration(*limit_ms);
                format!("Stopped: silent for {limit}{}", after_answer(*answered))
            }
            Self::OutputLimit { limit_bytes, answered } => {
                let limit = format_size(*limit_bytes);
                format!("Stopped: printed more than {limit}{}", after_answer(*answered))
            }
            Self::Spawn { message }
            | Self::AgentError { message }
            | Self::Account { message, .. } => message.clone(),
            Self::ApiError { message, tries, .. } => format!("{message}{}", after_tries(*tries)),
            Self::Refusal { message } => format!("Refused: {message}"),
            Self::ContextFull { message } => format!("Context window full: {message}"),
            Self::RateLimit { message, tries } => {
                format!("Rate limit reached: {message}{}", after_tries(*tries))
            }
            Self::UsageLimit { message, tries, .. } => {
                format!("Usage limit reached: {message}{}", after_tries(*tries))
            }
            Self::Budget => "Budget used up".to_owned(),
            Self::Turns => "Turn limit reached".to_owned(),
            Self::NoResult => "Ended without a result".to_owned(),
            Self::Lost => {
                "Lost: its supervisor was killed, its files were removed, or the machine went down"
                    .to_owned()
            }
            Self::DamagedRecord { message } => {
                format!("Its record in the database is damaged: {message}")
            }
            Self::NewerRecord { message } => {
                format!("Its record is from a newer version of Claude Worker: {message}")
            }
            Self::Unknown(failure) => {
                let words =
                    format!("Failed for a reason this version does not know: {}", failure.name);
                // Failures that carry a text call it `message`.
                match failure.text("message") {
                    Some(message) if !message.is_empty() => format!("{words}: {message}"),
                    _ => words,
                }
            }
        }
    }

    /// Whether the API refused the agent for want of a valid sign-in or API key.
    #[must_use]
    pub const fn is_sign_in(&self) -> bool {
        matches!(self, Self::ApiError { http_status: Some(401 | 403), .. })
    }

    /// What a person can do about it, as one sentence; empty when that depends on the task.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Timeout { answered: true, .. }
            | Self::Silent { answered: true, .. }
            | Self::OutputLimit { answered: true, .. } => {
                "Read its answer, and in its log what was still running"
            }
            Self::Timeout { .. } => "Run it again, or let it go on, with a longer time limit",
            Self::Silent { .. } => "Read its log, then run it again, or let it go on",
            Self::OutputLimit { .. } => {
                "Raise caps.output_per_run in the configuration, then retry"
            }
            Self::Spawn { .. } => "claude-worker doctor says what is missing",
            failure if failure.is_sign_in() => {
                "Log in with `claude` or export the right API key, and retry in that shell"
            }
            Self::ApiError { http_status: Some(404), .. } => "Choose another model and retry",
            Self::ApiError { .. } => "Retry it when the API answers again",
            Self::Account { message, .. } if message.contains("redit") => {
                "Add credit to the account, then retry"
            }
            Self::Account { .. } => {
                "See to the account, or choose another one (log in with `claude`, or another API \
                 key), then retry"
            }
            Self::Refusal { .. } => {
                "Submit it in other words or retry it with another model; unchanged it meets the same \
                 refusal"
            }
            Self::ContextFull { .. } => {
                "Submit smaller tasks, or the same with less material; to resume it meets the same \
                 limit, to retry it begins a new session"
            }
            Self::RateLimit { .. } => {
                "Run it again in some minutes; with fewer `workers` in the configuration it is met \
                 less often"
            }
            Self::UsageLimit { .. } => "Run it again when the limit is over",
            Self::Budget => "Let it go on with a larger budget",
            Self::Turns => "Let it go on with more turns",
            Self::NoResult | Self::AgentError { .. } => {
                "Read its log, then run it again, or let it go on"
            }
            Self::Lost => "Look at what it did, then run it again, or let it go on",
            Self::DamagedRecord { .. } => "Submit it anew, and remove it with claude-worker remove",
            Self::NewerRecord { .. } => "Update Claude Worker, then retry it",
            Self::Unknown(_) => "Update Claude Worker to see what to do",
            Self::Exit { .. } | Self::Signal { .. } => "",
        }
    }
}

/// A size in its largest whole unit: `500 kB`, `256 MB`.
fn format_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000.. => format!("{} MB", bytes / 1_000_000),
    }
}

fn after_answer(answered: bool) -> &'static str {
    if answered { ", after it had answered" } else { "" }
}

fn after_tries(tries: u32) -> String {
    if tries > 1 { format!(" (given up after {tries} tries)") } else { String::new() }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields like this")]
pub(crate) const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Verdict {
    /// The verdict as text: `Done`, `Done, 2 tool calls were denied`, `Done, ended without an
    /// answer`, `Cancelled`, or the description of the failure.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Completed { denied_tools, notes } => {
                let mut words = match denied_tools.len() {
                    0 => "Done".to_owned(),
                    1 => "Done, 1 tool call was denied".to_owned(),
                    n => format!("Done, {n} tool calls were denied"),
                };
                for note in notes {
                    words.push_str(", ");
                    words.push_str(&note.describe());
                }
                words
            }
            Self::Failed { failure } => failure.describe(),
            Self::Cancelled => "Cancelled".to_owned(),
            Self::Unknown(verdict) => {
                format!("Ended in a way this version does not know: {}", verdict.name)
            }
        }
    }
}
