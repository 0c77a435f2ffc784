//! What is remembered of a run.

use claude_worker_api::{Agent, DeniedTool, Usage, Verdict};

use crate::agent;
use crate::agent_program::{Ended, RunSummary};
use crate::lines::Line;
use crate::shell::Tail;

/// A fold over the lines of a run: what it says of itself, in bounded memory. The state after
/// some lines is a true account of a run that has got that far.
#[derive(Debug)]
pub struct Summary(Box<dyn RunSummary>);

impl Summary {
    /// The summary of a run of `agent` that has printed nothing.
    #[must_use]
    pub fn new(agent: Agent) -> Self {
        // Of an agent that this version does not know, its exit code can be understood.
        let unknown = || Box::<Tail>::default() as Box<dyn RunSummary>;
        Self(agent::find(agent).map_or_else(unknown, |agent| agent.summary()))
    }

    /// Reads the next line of standard output or standard error.
    pub fn read(&mut self, line: &Line<'_>, stderr: bool) {
        self.0.read(&line.text, stderr);
    }

    /// How many bytes at the end of the output are enough for this summary, so that a reader may
    /// skip what is before them. A line that is nearly as long as that may lack its beginning then. None
    /// when every line counts.
    #[must_use]
    pub fn needed_end(&self) -> Option<u64> {
        self.0.needed_end()
    }

    /// The agent's session, once it has said so.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id()
    }

    /// The model, once the agent has said so.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.0.model()
    }

    /// What the agent did last, in a few words: `Bash cargo test`, `Retrying after 529 in 4 s`,
    /// the beginning of what it wrote, a command's last line. At most 100 characters.
    #[must_use]
    pub fn last_action(&self) -> Option<String> {
        self.0.last_action()
    }

    /// What the run used, as far as it was reported: tokens and turns of this run; cost of the
    /// whole session so far, earlier runs included.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.0.usage()
    }

    /// What the agent was not allowed to do, each call once.
    #[must_use]
    pub fn denied_tools(&self) -> &[DeniedTool] {
        self.0.denied_tools()
    }

    /// The final answer, at most 1 MiB; none when the last report was of an error. For a shell
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

    /// Whether the agent's last report was of success. A shell makes none.
    #[must_use]
    pub fn has_succeeded(&self) -> bool {
        self.0.has_succeeded()
    }

    /// Whether the agent has reported its end, has done nothing since, and nothing runs in the
    /// background: all that is left to it is to exit. A shell is never settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// The verdict on a run that nothing ended from outside.
    pub(crate) fn verdict(&self, ended: Ended) -> Verdict {
        self.0.verdict(ended)
    }
}
