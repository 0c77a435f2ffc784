//! The supervisor with real processes: real agents, real signals, real files.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "whatever cannot be unwrapped here is a failed test")]

mod endings;
mod output;
mod recovery;
mod support;
mod trees;
