//! What a supervisor is to do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use claude_worker_api::{RunId, TaskId};
use serde::{Deserialize, Serialize};

/// `spec.json` (0600): everything a supervisor needs to know about its run. The agent's standard
/// input is the file `stdin` beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The run.
    pub run: RunId,
    /// The task it belongs to.
    pub task: TaskId,
    /// The agent's program: an absolute path, or a name to look up in `PATH`.
    pub program: String,
    /// Its arguments. Neither secrets nor prompts for Claude: other users can read a command line.
    pub args: Vec<String>,
    /// Its working directory.
    pub directory: String,
    /// Environment variables to set on top of the engine's.
    pub env: BTreeMap<String, String>,
    /// Environment variables to take away.
    pub env_remove: Vec<String>,
    /// Whether standard error goes into the same file as standard output, in order.
    pub merge_stderr: bool,
    /// Wall time of the run in milliseconds; none means no deadline.
    pub timeout_ms: Option<u64>,
    /// How long the agent may print nothing, in milliseconds; none means for ever.
    pub silence_ms: Option<u64>,
    /// Between asking processes to end and killing them, in milliseconds.
    pub grace_ms: u64,
    /// How many bytes of output are kept, both streams together. One more ends the run.
    pub output_cap_bytes: u64,
    /// How lines of standard output begin that go into the file `live` instead of being kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_prefix: Option<String>,
    /// Whether the directory has the file `ready`, which the supervisor takes away before it starts
    /// the agent. Engines before 2026-12 made none.
    #[serde(default)]
    pub has_ready: bool,
    /// The engine's named pipe for wakeups: what happened to the run is sent there.
    #[serde(rename = "bell")]
    pub wakeup_pipe: Option<PathBuf>,
}
