//! End-to-end tests: the real binary, real processes, real files.
//!
//! Each test has a [`support::Home`] of its own: data directory, HOME and TMPDIR in a temporary
//! directory, an environment with nothing of the caller's in it, and a promise, checked when it
//! is dropped, that no process is left behind.

#![expect(clippy::unwrap_used, reason = "in a test, what must not fail is unwrapped")]

mod bad_input;
mod bounds;
#[path = "../campaign/mod.rs"]
mod campaign;
mod claude;
mod commands;
mod contract;
mod crash;
mod delegation;
mod docs;
mod doors;
mod edges;
mod engine;
mod fences;
mod ground;
mod hand_over;
mod kept;
mod mcp;
mod report;
mod rows;
mod settings;
mod stdin;
mod stream;
mod support;
mod trees;
mod trust;
mod waiting;
