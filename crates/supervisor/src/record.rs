//! What a supervisor writes down about its run.

use claude_worker_api::{Timestamp, UnknownName, UnknownValue, reads_unknown};
use serde::{Deserialize, Serialize};

/// `started.json`: the agent has been started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The agent's process.
    pub pid: u32,
    /// When.
    pub at: Timestamp,
}

/// `exit.json`: the run is over and nothing of its process tree is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// How the agent's own process ended.
    pub ending: Ending,
    /// Why the run ended.
    pub ended_by: EndedBy,
    /// When the agent was started; absent when it could not be.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When the last process of the tree was gone.
    pub ended_at: Timestamp,
    /// Bytes kept of standard output.
    pub stdout_bytes: u64,
    /// Bytes kept of standard error.
    pub stderr_bytes: u64,
    /// How many processes outlived the agent and had to be ended.
    #[serde(default)]
    pub leftovers: u32,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case", remote = "Self")]
pub enum Ending {
    /// By exiting.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// By a signal.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It was never started: the request to stop came first.
    NotStarted,
    /// It could not be started.
    SpawnFailed {
        /// What the system said, as a sentence.
        message: String,
        /// Whether the system only lacked something just then (processes, memory, descriptors),
        /// so that the same run may well be started in a moment.
        #[serde(default)]
        passing: bool,
    },
    /// In a way that only the newer version knows that began the run.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(Ending, "how");

/// Why a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Nothing: the agent ended by itself.
    Itself,
    /// A request to stop.
    Cancel,
    /// The deadline.
    Timeout,
    /// The watchdog: no output for too long.
    Silence,
    /// The output cap.
    OutputLimit,
    /// The engine: the agent had reported that its work was done, and did not exit.
    Finish,
    /// Something that only the newer version knows that began the run.
    #[serde(untagged)]
    Unknown(UnknownName),
}
