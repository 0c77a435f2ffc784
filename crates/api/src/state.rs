//! The state of a task.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::is_zero;
use crate::{
    DeniedTool, Failure, Note, Timestamp, UnknownName, UnknownValue, Verdict, reads_unknown,
};

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
