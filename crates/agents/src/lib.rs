//! What is known about each agent: how to start it, how to read what it prints, and how to tell
//! how it ended.
//!
//! # Theory of operation
//!
//! An agent is a program that does a task's work. Everything particular to one is in this crate,
//! and all of it is pure: text and numbers in, text and numbers out; no files, no clock, no
//! processes. The engine does the rest, the same way for every agent.
//!
//! ```text
//! NewTask ── validate ── launch ──▶ Launch ──▶ (the engine starts a supervisor)
//!                                                        │ bytes
//!                      ┌── items ──▶ LogEntry…  ◀─ Line ─┴─ Lines
//!                      └── Summary::read ──▶ Summary ─┐
//!                                     Exit and Spec ──┴─▶ verdict ──▶ Verdict
//! ```
//!
//! [`Lines`] cuts bytes into lines of bounded size, whatever the agent prints. [`items`] turns one
//! line into what a log shows; [`Summary`] folds a run's lines into what is remembered of it;
//! [`verdict()`] joins that with what the supervisor recorded. Lines never seen before pass
//! through unharmed: agents learn new words with every release, and an unknown word must not
//! fail a task.
//!
//! Each agent implements the trait `AgentProgram` in `agent_program`. `claude` is the Claude Code CLI
//! (`-p --output-format stream-json`): `command_line` starts it, `message` reads its protocol, `log`
//! and `summary` choose what is shown and remembered, `verdict` interprets its reports. `shell` runs
//! plain commands. To add an agent, add a module beside them and a line to the table in `agent`.
//! Code outside this crate checks an agent's capabilities, never its name.

mod agent;
mod agent_program;
mod claude;
mod edit;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod inherited;
mod json;
mod launch;
mod lines;
mod live;
mod log;
mod object;
mod plain_text;
mod shell;
mod summary;
mod template;
mod text;
mod validate;
mod verdict;

pub use agent::{agents, can, edit, program, session_variables};
pub use agent_program::{MAX_ARGUMENT_BYTES, Program, Session};
pub use claude::{MAX_CLAUDE_STDIN_BYTES, missing_option, uses_claude_options};
pub use edit::{FileEdit, FileState};
pub use inherited::{ShellVariables, all_variables, inherited_variables};
pub use launch::{Launch, launch, leaves_out_project_settings};
pub use lines::{Line, Lines, Piece};
pub use live::LiveText;
pub use log::{image, items};
pub use plain_text::plain_text;
pub use summary::Summary;
pub use template::{fill_template, template_fields, validate_template};
pub use validate::{
    validate, validate_environment, validate_follow_up, validate_inherited, validate_key,
};
pub use verdict::verdict;
