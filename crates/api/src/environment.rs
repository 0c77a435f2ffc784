//! What a task's processes have in their environment.

/// The environment variable by which every process of a run can be recognised: the run's name.
pub const RUN_MARKER: &str = "CLAUDE_WORKER_RUN";

/// The environment variable that tells an agent its task: the task's number.
pub const TASK_MARKER: &str = "CLAUDE_WORKER_TASK";
