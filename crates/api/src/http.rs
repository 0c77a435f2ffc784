//! Parts of the HTTP interface that are not types of tasks: the protocol header, small bodies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StopMode;

/// The header in which client and server send their protocol version ([`crate::PROTOCOL`]).
pub const PROTOCOL_HEADER: &str = "x-claude-worker-protocol";

/// The header with the run inside which the client waits for another task. The run lends its worker meanwhile.
pub const WAITS_IN_HEADER: &str = "x-claude-worker-waits-in";

/// Body of `PUT /api/v1/queue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// Whether to pause the queue, so that no task is started.
    pub paused: bool,
}

/// Body of `POST /api/v1/engine/stop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StopRequest {
    /// What happens to running tasks.
    pub mode: StopMode,
}

impl From<StopMode> for StopRequest {
    fn from(mode: StopMode) -> Self {
        Self { mode }
    }
}
