//! Metrics and traces of real engines.

mod metrics;
mod receiver;
mod traces;
