//! What an agent is and can do, so that nothing has to go by its name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Agent, UnknownName};

/// An agent that an engine knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentInfo {
    /// Its name in requests.
    pub name: Agent,
    /// Its name for people: `Claude Code`.
    pub label: String,
    /// What it can do, and which options a task of it may have.
    #[serde(default)]
    pub capabilities: Vec<Capability>,
}

/// Something that an agent can do, or that can be set for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It keeps sessions: a finished task can go on with a further message.
    Sessions,
    /// A model can be chosen.
    Models,
    /// Its system prompt can be extended.
    SystemPrompt,
    /// It asks before it acts, as its permission mode says.
    PermissionModes,
    /// Tools can be allowed beforehand.
    AllowedTools,
    /// Claude Code's further options can be set: denied tools, MCP servers, sessions to go on from, and
    /// arguments.
    ClaudeOptions,
    /// Its turns can be limited.
    MaxTurns,
    /// Its cost can be limited.
    MaxBudget,
    /// The silence limit of the settings applies to it: a long silence means that it hangs.
    SilenceLimit,
    /// It follows settings that it finds in the working directory, which can make it run commands.
    ProjectSettings,
    /// Its prompt is a command line, and its result is all that the command prints.
    CommandLine,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}
