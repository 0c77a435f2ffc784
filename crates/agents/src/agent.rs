//! The agents there are, each behind the same interface.

use std::fmt::Debug;

use claude_worker_api::{
    Agent, AgentInfo, Capability, DeniedTool, LogItem, NewTask, PermissionMode, Timestamp, Usage,
    Verdict,
};

use crate::launch::{Launch, Session};
use crate::verdict::Ended;
use crate::{claude, shell};

/// All agents. To add one, write its module and add it here.
static AGENTS: [&dyn AgentProgram; 2] = [&claude::ClaudeCode, &shell::Shell];

/// What is particular to one agent.
pub(crate) trait AgentProgram: Sync {
    /// Its name in requests.
    fn name(&self) -> Agent;

    /// Its name for people.
    fn label(&self) -> &'static str;

    /// What it can do, and which options a task of it may have.
    fn capabilities(&self) -> &'static [Capability];

    /// The program to start.
    fn program(&self) -> Program;

    /// The longest prompt it takes.
    fn prompt_limit(&self) -> PromptLimit;

    /// The variables that a session of it sets for the programs it starts.
    fn session_variables(&self) -> &'static [&'static str];

    /// How to start it on a valid request.
    fn launch(
        &self,
        request: &NewTask,
        default_permission_mode: PermissionMode,
        session: &Session<'_>,
    ) -> Launch;

    /// A line of output as a log shows it, and when the agent said it happened.
    fn items(&self, line: &str, stderr: bool) -> (Option<Timestamp>, Vec<LogItem>);

    /// The summary of a run that has printed nothing.
    fn summary(&self) -> Box<dyn RunSummary>;
}

/// The program of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Always at this path.
    At(&'static str),
    /// Claude Code's, where the settings or a login shell find it.
    ClaudeCode,
}

/// The longest prompt that an agent takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PromptLimit {
    pub(crate) bytes: usize,
    /// What to do with a longer one.
    pub(crate) hint: &'static str,
}

/// What is remembered of a run of one agent: a fold over its lines, in bounded memory. What an agent
/// does not report stays empty.
pub(crate) trait RunSummary: Debug + Send {
    /// Reads the next line of standard output or standard error.
    fn read(&mut self, line: &str, stderr: bool);

    /// What the agent did last, in at most 100 characters.
    fn last_action(&self) -> Option<String>;

    /// The final answer, or the end of the output.
    fn result(&self) -> Option<&str>;

    /// The beginning of the result, or its last line.
    fn final_summary(&self) -> Option<String>;

    /// The verdict on a run that nobody ended from outside.
    fn verdict(&self, ended: Ended) -> Verdict;

    /// How many bytes at the end of the output are enough; none when every line counts.
    fn needed_end(&self) -> Option<u64> {
        None
    }

    fn session_id(&self) -> Option<&str> {
        None
    }

    fn model(&self) -> Option<&str> {
        None
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn denied_tools(&self) -> &[DeniedTool] {
        &[]
    }

    /// Whether the agent's last report was of success.
    fn has_succeeded(&self) -> bool {
        false
    }

    /// Whether the agent has reported its end, and all that is left to it is to exit.
    fn is_settled(&self) -> bool {
        false
    }
}

/// The agent of this name; none where this version does not know it.
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

/// The program of an agent; none where this version does not know the agent.
#[must_use]
pub fn program(agent: Agent) -> Option<Program> {
    find(agent).map(AgentProgram::program)
}

/// The variables of a session of any agent. An engine may have been started from inside one, and no
/// task, of whatever agent, must take itself for a part of it.
pub(crate) fn session_variables() -> impl Iterator<Item = &'static str> {
    AGENTS.into_iter().flat_map(<dyn AgentProgram>::session_variables).copied()
}

/// The name of the first agent that can do something, to be recommended for it.
pub(crate) fn first_that_can(capability: Capability) -> Option<&'static str> {
    let can = |agent: &&dyn AgentProgram| agent.capabilities().contains(&capability);
    AGENTS.into_iter().find(can).map(|agent| agent.name().name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_of_the_wire_is_in_the_table() {
        assert_eq!(agents().into_iter().map(|agent| agent.name).collect::<Vec<_>>(), Agent::ALL);
    }
}
