//! The summary of a run.

use claude_worker_api::{Agent, DeniedTool, Usage, Verdict};

use crate::agent;
use crate::agent_program::{Ended, RunSummary};
use crate::lines::Line;
use crate::shell::Tail;

/// A fold over the lines of a run, in bounded memory. It is valid after every line, also while the run
/// goes on.
#[derive(Debug)]
pub struct Summary(Box<dyn RunSummary>);

impl Summary {
    /// The summary of a run of `agent` that has printed nothing.
    #[must_use]
    pub fn new(agent: Agent) -> Self {
        // For an unknown agent, the exit code and the last lines still mean something.
        let unknown = || Box::<Tail>::default() as Box<dyn RunSummary>;
        Self(agent::find(agent).map_or_else(unknown, |agent| agent.summary()))
    }

    /// Reads the next line of standard output or standard error.
    pub fn read(&mut self, line: &Line<'_>, stderr: bool) {
        self.0.read(&line.text, stderr);
    }

    /// How many bytes at the end of the output are enough for this summary, so that a reader may
    /// skip what is before them. A line that is nearly as long may then lack its beginning. `None` if all
    /// of the output is needed.
    #[must_use]
    pub fn needed_end(&self) -> Option<u64> {
        self.0.needed_end()
    }

    /// The agent's session, once it has reported it.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id()
    }

    /// The model, once the agent has reported it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.0.model()
    }

    /// What the agent did last, in a short form: `Bash cargo test`, `Retrying after 529 in 4 s`, the
    /// beginning of a text, the last line of a command's output. At most 100 characters.
    #[must_use]
    pub fn last_action(&self) -> Option<String> {
        self.0.last_action()
    }

    /// The usage that was reported: tokens and turns of this run; cost of the whole session so far,
    /// including earlier runs.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.0.usage()
    }

    /// The denied tool calls, each once.
    #[must_use]
    pub fn denied_tools(&self) -> &[DeniedTool] {
        self.0.denied_tools()
    }

    /// The final answer, at most 1 MiB; `None` if the last report was an error. For a shell
    /// task, the end of its output, at most 4 KiB.
    #[must_use]
    pub fn result(&self) -> Option<&str> {
        self.0.result()
    }

    /// The beginning of the final answer in one line of at most 300 characters. For a shell
    /// task, its last line.
    #[must_use]
    pub fn final_summary(&self) -> Option<String> {
        self.0.final_summary().filter(|text| !text.is_empty())
    }

    /// Whether the agent's last report was a success. A shell reports nothing.
    #[must_use]
    pub fn has_succeeded(&self) -> bool {
        self.0.has_succeeded()
    }

    /// Whether the agent has reported its end, has done nothing since, and nothing runs in the
    /// background, so that it only has to exit. A shell is never settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// The verdict on a run that was not ended from outside.
    pub(crate) fn verdict(&self, ended: Ended) -> Verdict {
        self.0.verdict(ended)
    }
}
