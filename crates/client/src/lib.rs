//! The client of an engine: finds it, starts it, and calls it.
//!
//! ```no_run
//! use claude_worker_api::{ErrorCode, NewTask, State, TaskApi, TaskApiExt};
//! use claude_worker_client::EngineClient;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), claude_worker_api::ApiError> {
//! let client = EngineClient::of_this_user()?;
//! let submitted = client
//!     .submit(NewTask {
//!         execution_prompt: "Explain this project".to_owned(),
//!         working_directory: "/srv/shop".to_owned(),
//!         // A second submission with this key returns the same task.
//!         idempotency_key: Some("explain-shop".to_owned()),
//!         ..NewTask::default()
//!     })
//!     .await;
//! let task = match submitted {
//!     Err(error) if error.code == ErrorCode::QueueFull => return Ok(()),
//!     submitted => submitted?,
//! };
//! let detail = client.wait_until_finished(task.id).await?;
//! if let State::Completed { .. } = detail.task.state {
//!     println!("{}", detail.result.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The directory `examples` has whole programs: `submit.rs` submits a task, follows its log and reads
//! its result; `events.rs` follows all changes of the queue. The tests run both.
//!
//! # Theory of operation
//!
//! [`EngineClient`] implements [`TaskApi`], so its methods are those of the trait. The engine is reached
//! by HTTP over a Unix domain socket in its data directory, or over TCP ([`Address`]), on this machine or
//! with TLS on another one. Each call uses a connection of its own, so that the client keeps working when
//! the engine is restarted, upgraded or replaced by the app between two calls.
//!
//! A call that may be repeated is sent again when the connection breaks, at most 5 times, and to an engine
//! that is stopping for 5 seconds. A submission gets an idempotency key ([`new_key`]) if it has none, so
//! that it may be repeated too. [`Reconnect`] repeats calls for longer, for programs that follow a task.
//!
//! When no local engine runs, the client can start one in the background ([`Starter`]), unless a person
//! has stopped it: an engine that was told to stop leaves a file (`engine.stopped`), and a client that had
//! an answer from that engine does not start another. A program that is about to start an engine itself
//! announces it, and clients wait for that engine.
//!
//! Client and server send their protocol version ([`PROTOCOL`]) in a header. The versions must be equal,
//! except for requests for the engine's version and to stop it: an older engine can always be stopped.
//!
//! # Errors
//!
//! Every call fails with an [`ApiError`], whose [`code`](claude_worker_api::ErrorCode) is stable.
//! `Unavailable` means that no engine answers, `VersionMismatch` that its answer cannot be read.
//!
//! [`TaskApi`]: claude_worker_api::TaskApi
//! [`ApiError`]: claude_worker_api::ApiError
//! [`PROTOCOL`]: claude_worker_api::PROTOCOL

mod client;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod installed_program;
mod key;
mod log_file;
mod next_engine;
mod probe;
mod request;
mod retry;
mod same_machine;
mod server_url;
mod silent_engine;
mod stand_by;
mod start;
mod task_context;
#[cfg(test)]
mod test_starter;
mod tls;
mod transport;

pub use claude_worker_paths::Paths;
pub use client::EngineClient;
pub use key::new_key;
pub use retry::{Reconnect, SILENT_AFTER};
pub use server_url::ServerUrl;
pub use silent_engine::SilentEngine;
pub use start::Starter;
pub use task_context::{lending_worker, surrounding_task};
pub use transport::{Address, token};

// For the programs of Claude Worker, which host engines and examine them. They may change at any time.
#[doc(hidden)]
pub mod stop_marker;
#[doc(hidden)]
pub use claude_worker_os::lock::LockHolder;
#[doc(hidden)]
pub use installed_program::installed_program;
#[doc(hidden)]
pub use log_file::{LogFile, open_log};
#[doc(hidden)]
pub use next_engine::{Announcement, next_engine_is_announced};
#[doc(hidden)]
pub use probe::probe;
#[doc(hidden)]
pub use same_machine::{engine_is_elsewhere, may_have_variables, variables_to_send};
#[doc(hidden)]
pub use stand_by::{STAND_BY, StandBy, host_has_died, take_over as take_over_from_dead_host};
#[doc(hidden)]
pub use start::Ready;
#[doc(hidden)]
pub use tls::handshake as tls_handshake;
