//! Tasks and their runs, as every client sees them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::is_zero;
use crate::{
    Agent, DeniedTool, Failure, NewTask, Note, SubmittedBy, Timestamp, UnknownName, UnknownValue,
    Verdict, reads_unknown,
};

/// A task's number: small, so that people can type it, and never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TaskId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('#').unwrap_or(text).parse::<i64>() {
            Ok(id) if id > 0 => Ok(Self(id)),
            _ => Err(format!("{text:?} is not a task id: ids are numbers like 12")),
        }
    }
}

/// A run's id, which is also the name of its directory: `<task>-<number>-<random>`. The random part
/// keeps a directory left by another database from being mistaken for this run's.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9-]{1,64}$"))]
pub struct RunId(String);

impl RunId {
    /// The id of a task's run; `random` is written in hexadecimal.
    #[must_use]
    pub fn new(task: TaskId, number: u32, random: u32) -> Self {
        Self(format!("{task}-{number}-{random:08x}"))
    }

    /// The text, safe as a file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let safe = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(safe) {
            return Err(format!("\"{}\" is not a run id", text.escape_debug()));
        }
        Ok(Self(text))
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a task's state, for filters and counts. [`State`] has the data too.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not ready to run: waits for a time, a limit or another task.
    Waiting,
    /// In the queue.
    Pending,
    /// An agent works on it.
    Running,
    /// The agent finished its work.
    Completed,
    /// The task failed; the state has the reason.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// Will not run, because of a task that it depends on.
    Skipped,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl Status {
    /// Every known status, in the order of a task's life.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Unknown(name) => name.as_str(),
        }
    }

    /// Whether the task has finished. For an unknown status this is not known: use
    /// [`State::is_finished`].
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Skipped)
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|s| s.name()).collect();
            format!("\"{text}\" is not a status: one of {}", names.join(", "))
        })
    }
}

/// Why a task is not yet in the queue. It continues automatically, in its session if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "for", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "WaitReason")]
pub enum WaitReason {
    /// The account's usage limit (for some hours or days) is reached.
    UsageLimit {
        /// When the task continues.
        until: Timestamp,
        /// How many runs in a row have reached the limit; 0 when that was not counted.
        #[serde(default, skip_serializing_if = "is_zero")]
        tries: u32,
        /// After how many runs the task is given up; 0 when that is not known.
        #[serde(default, skip_serializing_if = "is_zero")]
        most_tries: u32,
    },
    /// Too many requests in a short time.
    RateLimit {
        /// When the task continues.
        until: Timestamp,
        /// How many runs in a row have reached the limit.
        tries: u32,
        /// After how many runs the task is given up.
        most_tries: u32,
    },
    /// The API is overloaded.
    Overloaded {
        /// When the task continues.
        until: Timestamp,
        /// How many runs in a row have failed for this reason.
        tries: u32,
        /// After how many runs the task is given up.
        most_tries: u32,
    },
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(WaitReason, "for");

impl WaitReason {
    /// When the wait ends. Every reason with a fixed end has it in the field `until`.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::UsageLimit { until, .. }
            | Self::RateLimit { until, .. }
            | Self::Overloaded { until, .. } => Some(*until),
            Self::Unknown(reason) => reason.get("until"),
        }
    }

    /// The cause without the number of tries: `Usage limit reached`.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::UsageLimit { .. } => "Usage limit reached".to_owned(),
            Self::RateLimit { .. } => "Rate limit reached".to_owned(),
            Self::Overloaded { .. } => "API overloaded".to_owned(),
            Self::Unknown(reason) => {
                format!("Waits for something this version does not know: {}", reason.name)
            }
        }
    }

    /// The number of the last try: `try 3 of 8`; `None` when tries are not counted.
    #[must_use]
    pub fn tries(&self) -> Option<String> {
        match self {
            Self::UsageLimit { tries, most_tries, .. }
            | Self::RateLimit { tries, most_tries, .. }
            | Self::Overloaded { tries, most_tries, .. }
                if *most_tries > 0 =>
            {
                Some(format!("try {tries} of {most_tries}"))
            }
            _ => None,
        }
    }

    /// The cause and the number of the last try: `Usage limit reached, try 3 of 8`.
    #[must_use]
    pub fn describe(&self) -> String {
        let cause = self.cause();
        self.tries().map_or_else(|| cause.clone(), |tries| format!("{cause}, {tries}"))
    }
}

/// The state of a task, with the data that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "State")]
pub enum State {
    /// Not ready to run.
    Waiting {
        /// What it waits for.
        reason: WaitReason,
    },
    /// In the queue.
    Pending,
    /// An agent works on it.
    Running {
        /// When the agent was started; absent until it has started. In JSON it has another name
        /// than the task's own `started_at`, because both are fields of the same object.
        #[serde(rename = "running_since", default, skip_serializing_if = "Option::is_none")]
        started_at: Option<Timestamp>,
        /// Whether it has been asked to stop.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stopping: bool,
    },
    /// The agent finished its work.
    Completed {
        /// When it ended.
        ended_at: Timestamp,
        /// Tool calls that were denied.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        denied_tools: Vec<DeniedTool>,
        /// What else a person should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
    },
    /// The task failed.
    Failed {
        /// When it ended.
        ended_at: Timestamp,
        /// Why it failed.
        failure: Failure,
    },
    /// Stopped on request.
    Cancelled {
        /// When it ended.
        ended_at: Timestamp,
    },
    /// Will not run.
    Skipped {
        /// When that was decided.
        ended_at: Timestamp,
        /// Why it will not run.
        reason: String,
    },
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(State, "status");

impl State {
    /// The state's name.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::Waiting { .. } => Status::Waiting,
            Self::Pending => Status::Pending,
            Self::Running { .. } => Status::Running,
            Self::Completed { .. } => Status::Completed,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Skipped { .. } => Status::Skipped,
            Self::Unknown(state) => Status::Unknown(state.name),
        }
    }

    /// Whether the task has finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.ended_at().is_some()
    }

    /// Why the task failed or will not run, in one sentence.
    #[must_use]
    pub fn error_message(&self) -> Option<String> {
        match self {
            Self::Failed { failure, .. } => Some(failure.describe()),
            Self::Skipped { reason, .. } => Some(reason.clone()),
            _ => None,
        }
    }

    /// When the task finished, if it has. Every state of a finished task has the field `ended_at`,
    /// including states that later versions add.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Completed { ended_at, .. }
            | Self::Failed { ended_at, .. }
            | Self::Cancelled { ended_at }
            | Self::Skipped { ended_at, .. } => Some(*ended_at),
            Self::Waiting { .. } | Self::Pending | Self::Running { .. } => None,
            Self::Unknown(state) => state.get("ended_at"),
        }
    }

    /// The verdict of a finished task that was run.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Completed { denied_tools, notes, .. } => Some(Verdict::Completed {
                denied_tools: denied_tools.clone(),
                notes: notes.clone(),
            }),
            Self::Failed { failure, .. } => Some(Verdict::Failed { failure: failure.clone() }),
            Self::Cancelled { .. } => Some(Verdict::Cancelled),
            _ => None,
        }
    }
}

/// What a task or run has used. A figure is absent when the agent never reported it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Usage {
    /// US dollars. For a run: the total of its session so far, as the agent reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Agent turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<u32>,
    /// Input tokens, without those read from or written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Input tokens read from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_tokens: Option<u64>,
}

/// A task, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// The agent that works on it.
    pub agent: Agent,
    /// The directory in which the agent works.
    pub working_directory: String,
    /// The model in the request, or the one that the agent reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its state.
    #[serde(flatten)]
    pub state: State,
    /// Its place in the queue, while it is queued: tasks start in the order of these numbers, which
    /// may have gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_place: Option<i64>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When its newest run's agent was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How many runs it has had, including the current one.
    #[serde(default)]
    pub runs: u32,
    /// What the agent did last, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action: Option<String>,
    /// When the agent last printed something, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_output_at: Option<Timestamp>,
    /// The beginning of the final answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_summary: Option<String>,
    /// Why it failed or will not run, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// What all its runs used together.
    #[serde(default)]
    pub usage: Usage,
    /// Whether it has finished and no person has looked at it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
    /// Whether a run of it has begun an agent session, which a follow-up can continue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_session: bool,
    /// The task whose agent submitted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// Who submitted it; absent when that was not recorded, in tasks of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<SubmittedBy>,
    /// Warnings for the submitter, as sentences. They are in the answer to a submission and in the
    /// details of one task; lists leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The directory that a warning asks the user to trust, as an argument for `claude-worker trust`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
}

impl Task {
    /// Whether it needs attention: no person has looked at it since it failed, or since it completed
    /// with denied tool calls.
    #[must_use]
    pub const fn needs_attention(&self) -> bool {
        self.unseen
            && match &self.state {
                State::Failed { .. } => true,
                State::Completed { denied_tools, .. } => !denied_tools.is_empty(),
                _ => false,
            }
    }
}

/// A task with everything stored about it, except secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDetail {
    /// The task as lists show it.
    #[serde(flatten)]
    pub task: Task,
    /// The request. `env` holds only the names, with empty values.
    pub request: NewTask,
    /// Every run, oldest first.
    pub run_history: Vec<Run>,
    /// The final answer of the newest run that has one, up to 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Parts of the task's record that cannot be read, because they are damaged or a newer version
    /// wrote them. They are missing in `request` and `run_history`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// How to look at one task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskQuery {
    /// How long to wait for the task to finish, in milliseconds (at most 60,000). When the time is over,
    /// the task is returned as it is.
    pub wait_ms: u64,
}

/// How a finished run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunOutcome {
    /// When it ended.
    pub ended_at: Timestamp,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The agent's exit code, if it was not ended by a signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended the agent, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_signal: Option<i32>,
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// 1 for a task's first run.
    pub number: u32,
    /// The follow-up it was started with, when it resumed a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<String>,
    /// When its agent was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How it ended; absent until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RunOutcome>,
    /// The agent's session, for resuming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// Bytes of output kept.
    #[serde(default)]
    pub output_bytes: u64,
    /// Whether its output was deleted to stay below the configured total.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output_deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(state: State) -> Task {
        Task {
            id: TaskId(12),
            name: "name".to_owned(),
            agent: Agent::Claude,
            working_directory: "/work".to_owned(),
            model: Some("opus".to_owned()),
            error_message: state.error_message(),
            state,
            queue_place: None,
            created_at: Timestamp::from_millis(1),
            started_at: Some(Timestamp::from_millis(2)),
            runs: 1,
            last_action: Some("Edit".to_owned()),
            last_output_at: None,
            final_summary: Some("done".to_owned()),
            usage: Usage { cost_usd: Some(0.25), ..Usage::default() },
            unseen: false,
            has_session: false,
            parent: None,
            submitted_by: Some(SubmittedBy::Local),
            warnings: Vec::new(),
            untrusted: None,
        }
    }

    /// Flattened parts must not share a field name, which only a round trip can show.
    #[test]
    fn every_state_is_the_same_after_a_round_trip_through_json() {
        let at = Timestamp::from_millis(3);
        let states = [
            State::Waiting {
                reason: WaitReason::UsageLimit { until: at, tries: 3, most_tries: 8 },
            },
            State::Waiting { reason: WaitReason::RateLimit { until: at, tries: 1, most_tries: 6 } },
            State::Pending,
            State::Running { started_at: Some(at), stopping: true },
            State::Running { started_at: None, stopping: false },
            State::Completed {
                ended_at: at,
                denied_tools: Vec::new(),
                notes: vec![Note::DidNotExit],
            },
            State::Failed {
                ended_at: at,
                failure: Failure::Exit { code: 1, message: String::new() },
            },
            State::Cancelled { ended_at: at },
            State::Skipped { ended_at: at, reason: "its dependency failed".to_owned() },
        ];
        for state in states {
            let task = task(state.clone());
            let text = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task, "{text}");
            let event = crate::Event {
                seq: 1,
                at,
                task: Some(TaskId(12)),
                kind: crate::EventKind::StateChanged { state },
            };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<crate::Event>(&text).unwrap(), event, "{text}");
        }
    }

    #[test]
    fn an_older_client_reads_what_a_newer_engine_says() {
        let mut value = serde_json::to_value(task(State::Pending)).unwrap();
        value["a_field_of_tomorrow"] = serde_json::json!({ "x": 1 });
        assert_eq!(serde_json::from_value::<Task>(value).unwrap(), task(State::Pending));
        let event: crate::EventKind =
            serde_json::from_str(r#"{"kind":"of_tomorrow","x":1}"#).unwrap();
        let crate::EventKind::Unknown(kind) = event else { panic!("{event:?}") };
        assert_eq!((kind.name.as_str(), kind.get("x")), ("of_tomorrow", Some(1)));
    }
}
