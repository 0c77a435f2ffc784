//! The Claude Code CLI, run as `claude -p --output-format stream-json`.

mod background;
mod content;
pub(crate) mod judge;
pub(crate) mod launch;
pub(crate) mod log;
mod message;
pub(crate) mod story;
mod tool;
