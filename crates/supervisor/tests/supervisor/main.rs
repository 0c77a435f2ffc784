//! The supervisor with real processes: real agents, real signals, real files.
//!
//! On Linux only: the tests look into `/proc` and use pidfds.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "whatever cannot be unwrapped here is a failed test")]

mod endings;
mod log;
mod next_step;
mod output;
mod recovery;
mod spare;
mod support;
mod trees;
