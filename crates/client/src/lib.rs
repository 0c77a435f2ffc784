//! The way to a running engine, both halves of it.
//!
//! # Theory of operation
//!
//! The engine is reached by HTTP over a Unix domain socket in its data directory. [`host`] runs
//! an engine and serves it: one axum router over anything that implements [`TaskApi`], which the
//! HTTP server over TCP uses too, behind a guard. [`EngineClient`] is the other half: a
//! [`TaskApi`] that sends each call over a connection of its own, so that an engine that was
//! killed, upgraded or replaced by the app between two calls is simply found again. Where no
//! engine runs it can start one in the background ([`Starter`]), but not against a person's will:
//! an engine that was told to stop leaves a sign (`farewell`), and a client that knew it from
//! before does not start another.
//!
//! What is open to others is bounded: connections in number, the time to send a request's head,
//! and the time for last answers when the engine stops (`connections`).
//!
//! Both halves say their protocol version in a header. They must agree, except for asking who
//! the engine is and telling it to stop: an older engine can always be sent home.
//!
//! [`TaskApi`]: claude_worker_api::TaskApi

mod client;
mod connections;
mod farewell;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod hand_over;
mod host;
mod http;
mod inside;
mod lock;
mod log_file;
mod pages;
mod params;
mod random;
mod request;
mod routes;
mod server;
mod settings;
mod start;
mod stream;
#[cfg(test)]
mod testing;
mod transport;
mod unix;

pub use client::EngineClient;
pub use hand_over::{HAND_OVER_FAULT_POINTS, NotHandedBack, take_over};
pub use host::{Hosted, host, host_awaited};
pub use inside::task_around;
pub use lock::LockHolder;
pub use log_file::{LogFile, open_log};
pub use random::new_key;
pub use request::nearest as nearest_name;
pub use start::{Ready, Starter};
pub use transport::{Address, token};

/// The header in which both halves say their protocol version.
const PROTOCOL_HEADER: &str = "x-claude-worker-protocol";
