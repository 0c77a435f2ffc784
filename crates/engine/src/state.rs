//! The state of a task, as it is stored, and the one pure function that changes it.
//!
//! [`transition()`] is the only way a task's state changes, live and at recovery. It looks at
//! nothing but its arguments and does nothing but answer: what the task's state is next, and
//! what has to be done once that state is on disk.

mod shown;
#[cfg(test)]
mod tests;
mod transition;

use claude_worker_api::{
    DeniedTool, Failure, Note, RunId, Status, Timestamp, UnknownName, UnknownValue, WaitReason,
    reads_unknown,
};
use serde::{Deserialize, Serialize};

pub(crate) use transition::{Effect, Illegal, Input, LimitRetry, transition};

/// A task's state as the database keeps it. Compared with the wire's [`State`](claude_worker_api::State) it also knows
/// which run is the live one and what the next run is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", remote = "Self")]
pub(crate) enum TaskState {
    /// Not yet due.
    Waiting {
        /// For what.
        reason: WaitReason,
        /// What its next run does.
        plan: Plan,
        /// The attempts that have met a limit.
        #[serde(default, skip_serializing_if = "Attempts::is_none")]
        tried: Attempts,
    },
    /// In the queue.
    Pending {
        /// What its next run does.
        plan: Plan,
        /// The attempts that have met a limit.
        #[serde(default, skip_serializing_if = "Attempts::is_none")]
        tried: Attempts,
    },
    /// A supervisor has been, or is about to be, started for this run.
    Running {
        /// The live run. Whatever is reported of any other run is stale.
        run: RunId,
        /// What the run does; kept in case it turns out that it never began.
        plan: Plan,
        /// When its agent was started, once that is known.
        started_at: Option<Timestamp>,
        /// What happens to the task when the run has ended.
        #[serde(rename = "wish")]
        requested_end: RequestedEnd,
        /// The attempts before this run that have met a limit.
        #[serde(default, skip_serializing_if = "Attempts::is_none")]
        tried: Attempts,
    },
    /// Done.
    Completed {
        /// When.
        ended_at: Timestamp,
        /// What was denied on the way.
        denied_tools: Vec<DeniedTool>,
        /// What else a person should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
    },
    /// Not done.
    Failed {
        /// When.
        ended_at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Stopped on request.
    Cancelled {
        /// When.
        ended_at: Timestamp,
    },
    /// Removed: the row and its files go. Never stored.
    Gone,
    /// What is stored cannot be read. Never stored: until something is decided about the task, its
    /// record stays as it is.
    #[serde(skip)]
    Unreadable(Unreadable),
    /// One that only a newer version knows; as soon as it is read it becomes [`TaskState::Unreadable`].
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(TaskState, "state");

/// What is known of a task whose state cannot be read, from the columns beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unreadable {
    /// Its status.
    pub status: Status,
    /// Its live run.
    pub run: Option<RunId>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it cannot be read.
    pub failure: Failure,
    /// The state as it is, where only a newer version knows it.
    pub newer: Option<UnknownValue>,
}

/// How often a task has met a limit since a person last wanted it to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempts {
    /// How many runs in a row have met it without an answer of the model.
    pub tries: u32,
    /// How many runs have met it, those with an answer included.
    #[serde(default)]
    pub all: u32,
    /// When the first one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Attempts {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a run does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "plan", rename_all = "snake_case", remote = "Self")]
pub(crate) enum Plan {
    /// The task's own prompt, in a new session.
    New,
    /// A further message in a session that exists.
    Resume {
        /// The agent's session.
        session_id: String,
        /// The message.
        follow_up: String,
    },
    /// One that only a newer version knows: it can be kept, and not be run.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(Plan, "plan");

/// How a running task has been asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestedEnd {
    /// It has not been asked to.
    None,
    /// Cancelled.
    Cancel,
    /// Cancelled and removed.
    Remove,
    /// Something that only a newer version knows: as if nothing had been asked.
    #[serde(untagged)]
    Unknown(UnknownName),
}

/// That a newer version has stored something under this name.
pub(crate) fn newer(what: &str, name: UnknownName) -> Failure {
    Failure::NewerRecord { message: format!("this version knows no {what} \"{name}\"") }
}
