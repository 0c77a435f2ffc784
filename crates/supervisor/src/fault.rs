//! Places at which tests let a process die.

use std::sync::OnceLock;

use claude_worker_os::process::kill_self;

/// The environment variable that names the place.
pub const FAULT_VARIABLE: &str = "CLAUDE_WORKER_FAULT";

/// The supervisor's places, in the order in which a run passes them.
pub const FAULT_POINTS: &[&str] = &[
    "supervisor.locked",
    "supervisor.spawning",
    "supervisor.spawned",
    "supervisor.started",
    "supervisor.agent_exited",
    "supervisor.frozen",
    "supervisor.tree_ended",
    "supervisor.exit_written",
];

/// Kills this process, as `kill -9` would, when [`FAULT_VARIABLE`] names this place. Otherwise
/// costs a comparison.
pub fn fault_point(name: &str) {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var(FAULT_VARIABLE).ok());
    if chosen.as_deref() == Some(name) {
        kill_self();
    }
}
