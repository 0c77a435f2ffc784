//! What client and server agree on beside the types of requests and answers.

use serde::{Deserialize, Serialize};

use crate::StopMode;

/// The header in which client and server say their protocol version ([`crate::PROTOCOL`]).
pub const PROTOCOL_HEADER: &str = "x-claude-worker-protocol";

/// Body of `PUT /api/v1/queue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Whether tasks are kept from starting.
    pub paused: bool,
}

/// Body of `POST /api/v1/engine/stop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StopRequest {
    /// What becomes of the tasks that run.
    pub mode: StopMode,
}

/// The headers of `GET /api/v1/tasks/{id}/output`, whose body is the bytes themselves.
#[derive(Debug)]
pub struct OutputHeaders;

impl OutputHeaders {
    /// The run whose output it is.
    pub const RUN: &str = "x-claude-worker-run";
    /// The offset to go on from.
    pub const NEXT: &str = "x-claude-worker-next";
    /// `true` when nothing comes after these bytes.
    pub const END: &str = "x-claude-worker-end";
}
