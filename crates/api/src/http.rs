//! What client and server agree on beside the types of requests and answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StopMode;

/// The header in which client and server say their protocol version ([`crate::PROTOCOL`]).
pub const PROTOCOL_HEADER: &str = "x-claude-worker-protocol";

/// Body of `PUT /api/v1/queue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// Whether tasks are kept from starting.
    pub paused: bool,
}

/// Body of `POST /api/v1/engine/stop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StopRequest {
    /// What becomes of the tasks that run.
    pub mode: StopMode,
}

impl From<StopMode> for StopRequest {
    fn from(mode: StopMode) -> Self {
        Self { mode }
    }
}
