//! The table of agents.

use claude_worker_api::{Agent, AgentInfo, Capability};

use crate::agent_program::{AgentProgram, Program};
use crate::edit::FileEdit;
use crate::{claude, shell};

/// All agents. To add one, write its module and add it here.
static AGENTS: [&dyn AgentProgram; 2] = [&claude::ClaudeCode, &shell::Shell];

/// The agent with this name; `None` if this version does not know it.
pub(crate) fn find(name: Agent) -> Option<&'static dyn AgentProgram> {
    AGENTS.into_iter().find(|agent| agent.name() == name)
}

/// The agents that this version knows.
#[must_use]
pub fn agents() -> Vec<AgentInfo> {
    AGENTS
        .into_iter()
        .map(|agent| AgentInfo {
            name: agent.name(),
            label: agent.label().to_owned(),
            capabilities: agent.capabilities().to_vec(),
        })
        .collect()
}

/// Whether an agent has a capability. One that this version does not know has none.
#[must_use]
pub fn can(agent: Agent, capability: Capability) -> bool {
    find(agent).is_some_and(|agent| agent.capabilities().contains(&capability))
}

/// The program of an agent; `None` if this version does not know the agent.
#[must_use]
pub fn program(agent: Agent) -> Option<Program> {
    find(agent).map(AgentProgram::program)
}

/// The change of a file that a whole line of standard output reports, if it reports one. The line must
/// not have been shortened.
#[must_use]
pub fn edit(agent: Agent, line: &str) -> Option<FileEdit> {
    find(agent)?.edit(line)
}

/// The variables that sessions of all agents set. An engine may have been started from inside such a
/// session, and no task may act as if it were a part of it.
pub fn session_variables() -> impl Iterator<Item = &'static str> {
    AGENTS.into_iter().flat_map(<dyn AgentProgram>::session_variables).copied()
}

/// The name of the first agent with a capability, for a hint.
pub(crate) fn first_that_can(capability: Capability) -> Option<&'static str> {
    let can = |agent: &&dyn AgentProgram| agent.capabilities().contains(&capability);
    AGENTS.into_iter().find(can).map(|agent| agent.name().name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_agent_of_the_api() {
        assert_eq!(agents().into_iter().map(|agent| agent.name).collect::<Vec<_>>(), Agent::ALL);
    }
}
