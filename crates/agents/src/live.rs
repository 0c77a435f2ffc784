//! What an agent is writing, before its output has it as a whole.

use claude_worker_api::{Agent, LogItem};

use crate::agent;
use crate::agent_program::{AgentProgram, LiveText as AgentLiveText};
use crate::lines::Line;

/// A fold over the live lines of a run, in bounded memory. It stays empty for an agent that prints none.
#[derive(Debug)]
pub struct LiveText(Option<Box<dyn AgentLiveText>>);

impl LiveText {
    /// Nothing, yet.
    #[must_use]
    pub fn new(agent: Agent) -> Self {
        Self(agent::find(agent).and_then(AgentProgram::live).map(|live| live.text))
    }

    /// Reads the next live line; returns whether something changed.
    pub fn read(&mut self, line: &Line<'_>) -> bool {
        self.0.as_mut().is_some_and(|live| live.read(&line.text))
    }

    /// Reads the next line of standard output; returns whether something changed. What it has as a whole is not
    /// written any more.
    pub fn read_kept(&mut self, line: &Line<'_>) -> bool {
        self.0.as_mut().is_some_and(|live| live.read_kept(&line.text))
    }

    /// What is being written, in the order of the log.
    #[must_use]
    pub fn items(&self) -> Vec<LogItem> {
        self.0.as_ref().map_or_else(Vec::new, |live| live.items())
    }
}
