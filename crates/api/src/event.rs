//! The event stream: every change, in one order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{State, TaskId, Timestamp, UnknownValue, query, reads_unknown};

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "EventKind")]
pub enum EventKind {
    /// A task entered the queue.
    Submitted,
    /// A task changed its state.
    StateChanged {
        /// The new state.
        #[serde(flatten)]
        state: State,
    },
    /// A task in the queue got another place. Its state is the same.
    Moved,
    /// The agent began a new action.
    Progress {
        /// The action, in a few words.
        last_action: String,
    },
    /// The agent has printed nothing for a while.
    Quiet {
        /// For how long, in milliseconds.
        silent_ms: u64,
    },
    /// The task was removed.
    Removed,
    /// A person has looked at the finished task; without a task: at all finished tasks.
    Seen,
    /// The queue was paused or unpaused.
    QueuePaused {
        /// Whether it is paused now.
        paused: bool,
    },
    /// The settings were changed: read them again.
    SettingsChanged,
    /// Directories were found to belong to projects: read the projects, and tasks without one, again.
    ProjectsChanged,
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(EventKind, "kind");

impl EventKind {
    /// Whether the event lasts: it tells of something that has to be known later, too. Others are kept
    /// for a short time only.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        match self {
            Self::Progress { .. } => false,
            Self::Submitted
            | Self::StateChanged { .. }
            | Self::Moved
            | Self::Quiet { .. }
            | Self::Removed
            | Self::Seen
            | Self::QueuePaused { .. }
            | Self::SettingsChanged
            | Self::ProjectsChanged
            | Self::Unknown(_) => true,
        }
    }
}

/// One change of a task, the queue or the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its number in the stream: strictly increasing, never reused.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The task that changed; absent for the queue as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Which events to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EventQuery {
    /// Only events after this one. Absent: no events, only the newest event's number as `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// At most this many, 1 to 1000. Default 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only events of these tasks, at most 1000. Empty: all events.
    #[serde(deserialize_with = "query::tasks", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub tasks: Vec<TaskId>,
    /// Only lasting events, not short-lived ones (`progress`).
    pub lasting: bool,
    /// How long to wait for an event when there is none yet, in milliseconds (at most 60,000).
    pub wait_ms: u64,
}

/// Some events, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events. Empty when the wait ended without one.
    pub events: Vec<Event>,
    /// Pass as `after` to read the next page.
    pub next: i64,
    /// Whether events between `after` and the first one here are no longer kept: read the tasks
    /// again. Short-lived events (`progress`) may be missing without a gap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
}
