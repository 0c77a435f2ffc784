//! Figures of an engine for Prometheus.
//!
//! [`definitions`] declares every metric. What happens is counted in memory, by the dispatcher in a
//! [`Meter`] and by the server in a [`Traffic`]; [`page()`] writes these counters and the present state as
//! text. Nothing is read from the database, so a page costs the same with ten tasks and with a
//! million. Counters begin at 0 when an engine starts, which Prometheus expects
//! (`process_start_time_seconds` says when that was).
//!
//! Labels have few values, and none is text of a user: no prompt, path or name of a task.

mod definitions;
mod histogram;
mod meter;
mod page;
mod text;
mod traffic;

pub use definitions::{METRICS, Metric, MetricKind};
pub(crate) use meter::Meter;
pub(crate) use page::{State, page};
pub use traffic::{Counted, ListenerKind, Traffic};
