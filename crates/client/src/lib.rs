//! The client of an engine: requests over the local socket or HTTP, and starting an engine.
//!
//! # Theory of operation
//!
//! The engine is reached by HTTP over a Unix domain socket in its data directory, or over TCP
//! ([`Address`]), on this machine or with TLS on another one. [`EngineClient`] is a [`TaskApi`] that sends each call over a connection of its own,
//! so that it keeps working when the engine is restarted, upgraded or replaced by the app between two
//! calls. When no engine runs it can start one in the background ([`Starter`]), unless a person has
//! stopped it: an engine that was told to stop leaves a [`stop_marker`], and a client that had an
//! answer from that engine does not start another. A program that is about to start an engine itself
//! announces it ([`Announcement`]), and clients wait for that engine.
//!
//! Client and server (`crates/server`) send their protocol version in a header. The versions must be
//! equal, except for requests for the engine's version and to stop it: an older engine can always be
//! stopped.
//!
//! `examples/submit.rs` is a program that submits a task, follows it and reads its result.
//!
//! [`TaskApi`]: claude_worker_api::TaskApi

mod client;
mod installed_program;
mod key;
mod log_file;
mod next_engine;
mod probe;
mod request;
mod retry;
mod server_url;
mod start;
pub mod stop_marker;
mod task_context;
#[cfg(test)]
mod test_starter;
mod tls;
mod transport;

pub use claude_worker_os::lock::LockHolder;
pub use claude_worker_paths::Paths;
pub use client::EngineClient;
pub use installed_program::installed_program;
pub use key::new_key;
pub use log_file::{LogFile, open_log};
pub use next_engine::{Announcement, next_engine_is_announced};
pub use probe::probe;
pub use retry::Reconnect;
pub use server_url::ServerUrl;
pub use start::{Ready, Starter};
pub use task_context::surrounding_task;
pub use transport::{Address, token};
