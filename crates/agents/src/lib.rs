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
//! Each agent is a value behind the trait `AgentProgram` in `agent`. `claude` knows the Claude Code
//! CLI (`-p --output-format stream-json`): `launch` its command line, `message` its protocol, `log`
//! and `summary` what of it is shown and remembered, `verdict` what its reports mean. `shell` knows
//! plain commands. To add an agent, add a module beside them and a line to the table in `agent`.
//! Everything outside this crate goes by an agent's capabilities, never by its name.

mod agent;
mod claude;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod json;
mod launch;
mod lines;
mod log;
mod object;
mod shell;
mod summary;
mod text;
mod validate;
mod verdict;

pub use agent::{Program, agents, can, program};
pub use launch::{Launch, Session, launch, leaves_out_project_settings};
pub use lines::{Line, Lines, Piece};
pub use log::items;
pub use summary::Summary;
pub use validate::{MAX_ARGUMENT_BYTES, MAX_CLAUDE_STDIN_BYTES, validate, validate_follow_up};
pub use verdict::verdict;
