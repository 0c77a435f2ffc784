//! The engine and its queue as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AgentInfo, Status, Timestamp, UnknownName};

/// How many tasks are in each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counts {
    /// Waiting for something.
    pub waiting: u64,
    /// In the queue.
    pub pending: u64,
    /// Being worked on.
    pub running: u64,
    /// Done.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Stopped on request.
    pub cancelled: u64,
    /// Never run.
    pub skipped: u64,
    /// In a state that the engine does not know: a newer version left them.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields like this")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// The number for one status. All unknown statuses are counted together.
    #[must_use]
    pub const fn get(&self, status: Status) -> u64 {
        match status {
            Status::Waiting => self.waiting,
            Status::Pending => self.pending,
            Status::Running => self.running,
            Status::Completed => self.completed,
            Status::Failed => self.failed,
            Status::Cancelled => self.cancelled,
            Status::Skipped => self.skipped,
            Status::Unknown(_) => self.unknown,
        }
    }

    /// The number for one status, to change it.
    pub const fn get_mut(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Waiting => &mut self.waiting,
            Status::Pending => &mut self.pending,
            Status::Running => &mut self.running,
            Status::Completed => &mut self.completed,
            Status::Failed => &mut self.failed,
            Status::Cancelled => &mut self.cancelled,
            Status::Skipped => &mut self.skipped,
            Status::Unknown(_) => &mut self.unknown,
        }
    }

    /// The counts that are not zero, unfinished tasks first: `3 running, 6 waiting`.
    #[must_use]
    pub fn describe(&self) -> String {
        const ORDER: [Status; 7] = [
            Status::Running,
            Status::Pending,
            Status::Waiting,
            Status::Failed,
            Status::Completed,
            Status::Cancelled,
            Status::Skipped,
        ];
        let mut parts: Vec<_> = ORDER
            .into_iter()
            .filter(|status| self.get(*status) > 0)
            .map(|status| format!("{} {}", self.get(status), status.name()))
            .collect();
        if self.unknown > 0 {
            parts.push(format!("{} in an unknown state", self.unknown));
        }
        if parts.is_empty() { "no tasks".to_owned() } else { parts.join(", ") }
    }

    /// Tasks that have not finished.
    #[must_use]
    pub const fn unfinished(&self) -> u64 {
        self.waiting + self.pending + self.running
    }

    /// All tasks.
    #[must_use]
    pub const fn total(&self) -> u64 {
        let finished = self.completed + self.failed + self.cancelled + self.skipped;
        self.unfinished() + finished + self.unknown
    }
}

/// How many tasks need attention: no person has looked at them since they finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Unseen {
    /// They failed.
    pub failed: u64,
    /// They completed, but tool calls were denied.
    pub denied: u64,
}

impl Unseen {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.failed + self.denied
    }
}

/// The queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queue {
    /// Whether nothing new is started.
    pub paused: bool,
    /// How many tasks may run at once.
    pub workers: u32,
    /// How many tasks there are.
    pub counts: Counts,
    /// How many need attention.
    #[serde(default)]
    pub unseen: Unseen,
}

/// The engine that answers, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineInfo {
    /// Its program version.
    pub version: String,
    /// Its [`crate::PROTOCOL`].
    pub protocol: u32,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// Its database file.
    pub database: String,
    /// Where it keeps the runs' output.
    pub runs_directory: String,
    /// The home directory of the user that it runs as, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_directory: Option<String>,
    /// Where its HTTP server listens (`http://127.0.0.1:8000`), if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// Which kind of process hosts it.
    #[serde(default)]
    pub host: HostKind,
    /// Whether it has been told to stop and no longer starts tasks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopping: bool,
    /// Whether its disk has less free space than the setting `caps.free_disk`, so that it starts nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disk_full: bool,
    /// The program that supervises tasks, if it is missing, as while Claude Worker is being installed again. The
    /// engine starts nothing until it is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_program: Option<String>,
    /// Its queue.
    pub queue: Queue,
    /// Bytes of output kept for all runs.
    pub output_bytes: u64,
    /// What it has done since it started.
    #[serde(default)]
    pub activity: Activity,
    /// Warnings as sentences, for example of a nearly full disk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The agents it knows. Empty from an engine of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentInfo>,
}

/// What an engine has done since it started. An engine of a version without these counts reports
/// zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Activity {
    /// Tasks that were submitted.
    pub submitted: u64,
    /// Runs whose agent was started.
    pub started: u64,
    /// Runs that completed.
    pub completed: u64,
    /// Runs that failed, including those after which the task is retried automatically, and tasks
    /// that could not be run because of their records.
    pub failed: u64,
    /// Failed runs that were lost: their supervisors left no record.
    pub lost: u64,
    /// Runs and queued tasks that were cancelled.
    pub cancelled: u64,
    /// Runs of an earlier engine that this one looked after: it took them over, or read how they ended.
    pub adopted: u64,
    /// Transactions that were stored.
    pub commits: u64,
    /// Transactions that could not be stored and were rolled back.
    pub failed_commits: u64,
}

/// Which kind of process hosts an engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostKind {
    /// A process of its own, in the background or a terminal. It hands over to the app.
    #[default]
    Headless,
    /// The desktop app.
    App,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// What happens to running tasks when the engine stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// They keep running; the next engine adopts them.
    #[default]
    LeaveRunning,
    /// They are cancelled first, and the engine stops when they have ended.
    CancelRunning,
    /// They keep running, and the caller is about to start the next engine, which adopts them. No
    /// stop marker is written.
    HandOver,
}

/// The engine's answer to a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stopped {
    /// Tasks that keep running without an engine.
    pub left_running: u64,
}
