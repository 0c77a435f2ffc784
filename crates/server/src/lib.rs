//! An engine as a server: the HTTP interface, the local socket, TCP, and the hand-over.
//!
//! # Theory of operation
//!
//! [`host()`] starts an engine and serves it: one axum router over anything that implements
//! [`TaskApi`] (`routes.rs`), at a Unix domain socket in the data directory (`socket.rs`) and, when
//! asked to, over TCP (`tcp.rs`), with or without TLS (`tls.rs`). There a request needs a token or the cookie of a
//! login (`admission.rs`), except for pages (`pages.rs`, `page_files.rs`). `listener.rs` turns TCP on and off while
//! the engine runs. [`take_over`] does the same as [`host()`] where a headless engine runs already, and
//! [`Hosted::hand_back`] goes the other way (`hand_over.rs`).
//!
//! Requests are read strictly (`request.rs`): unknown names are refused. Every error becomes the same
//! kind of answer (`refusal.rs`). `probes.rs` answers
//! programs that watch the engine, `stream.rs` sends events as they happen and `feed.rs` reads them once for all
//! streams. `telemetry.rs` sends spans of runs. `connections.rs` limits the number of connections and of requests at
//! once, the time to send a request, and the time for the last answers when the engine stops.
//!
//! [`TaskApi`]: claude_worker_api::TaskApi

mod admission;
mod connections;
mod docs_page;
mod feed;
mod file_reads;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod hand_over;
mod host;
mod http_start;
mod idempotency;
mod kept_change;
mod listener;
mod owner_token;
mod page_files;
mod pages;
mod principal;
mod probes;
mod query;
mod refusal;
mod request;
mod routes;
mod socket;
mod stream;
mod tcp;
mod telemetry;
mod tls;
mod traffic;

pub use hand_over::{HAND_OVER_FAULT_POINTS, NotHandedBack, take_over};
pub use host::{Hosted, host, host_awaited};
pub use http_start::{HttpStart, SERVE};
