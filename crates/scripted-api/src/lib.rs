//! A loopback Messages API that answers by script, for the real Claude Code CLI.
//!
//! # Theory of operation
//!
//! Tests, the demo and the benchmark run the real CLI, but no model, key or network. They start
//! a [`ScriptedApi`] on `127.0.0.1`, point `ANTHROPIC_BASE_URL` at it, and say in the prompt
//! itself what the "model" shall do:
//!
//! ```text
//! [[say I shall look.]] [[bash ls]] [[write notes.txt hello]] [[say Done.]]
//! ```
//!
//! The CLI sends the whole conversation with every request, so the server needs no state of a
//! conversation: [`conversation`] finds the newest prompt and counts the model's turns since,
//! [`script`] parses the prompt and names the turn that is due, [`reply`] puts that turn into
//! the shape the CLI expects, and the server sends it (as a stream, in pieces, late, or never).
//! A prompt without directives gets a friendly answer; requests the CLI makes for itself
//! (titles, token counts, its greeting) get a harmless one.
//!
//! Every request is recorded: how many turns a marker text led to shows how often a task ran.
//! Headers are never looked at or kept, so no key can leak.
//!
//! The directives are listed in [`script`]. [`claude`] knows where the pinned CLI lives and
//! which environment it may see.

pub mod claude;
pub mod conversation;
pub mod mcp_clients;
mod record;
pub mod reply;
pub mod rest_clients;
pub mod script;
mod server;
mod stream;

pub use record::{Kind, Request};
pub use server::ScriptedApi;
