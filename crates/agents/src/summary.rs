//! What is remembered of a run.

use claude_worker_api::{Agent, DeniedTool, Usage, Verdict};

use crate::Line;
use crate::claude::{judge::judge, story::Story};
use crate::shell::Tail;
use crate::text::one_line;
use crate::verdict::Ended;

/// The longest final summary, in characters.
const MAX_FINAL_SUMMARY: usize = 300;

/// A fold over the lines of a run: what it says of itself, in bounded memory. The state after
/// some lines is a true account of a run that has got that far.
#[derive(Debug)]
pub struct Summary(Reading);

#[derive(Debug)]
enum Reading {
    Claude(Box<Story>),
    Shell(Tail),
}

impl Summary {
    /// The summary of a run of `agent` that has printed nothing.
    #[must_use]
    pub fn new(agent: Agent) -> Self {
        Self(match agent {
            Agent::Claude => Reading::Claude(Box::default()),
            // Of an agent that this version does not know, its exit code can be understood.
            Agent::Shell | Agent::Unknown(_) => Reading::Shell(Tail::default()),
        })
    }

    /// Reads the next line of standard output or standard error.
    pub fn read(&mut self, line: &Line<'_>, stderr: bool) {
        match &mut self.0 {
            Reading::Claude(story) => story.read(&line.text, stderr),
            Reading::Shell(tail) => tail.read(&line.text),
        }
    }

    /// How many bytes at the end of the output are enough for this summary, so that a reader may
    /// skip what is before them. A line that is nearly as long as that may lack its beginning then. None
    /// when every line counts.
    #[must_use]
    pub const fn needed_end(&self) -> Option<u64> {
        match &self.0 {
            Reading::Claude(_) => None,
            Reading::Shell(_) => Some(Tail::NEEDED),
        }
    }

    /// The agent's session, once it has said so.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.story()?.session_id.as_deref()
    }

    /// The model, once the agent has said so.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.story()?.model.as_deref()
    }

    /// What the agent did last, in a few words: `Bash cargo test`, `Retrying after 529 in 4 s`,
    /// the beginning of what it wrote, a command's last line. At most 100 characters.
    #[must_use]
    pub fn last_action(&self) -> Option<String> {
        match &self.0 {
            Reading::Claude(story) => story.last_action(),
            Reading::Shell(tail) => tail.last_action(),
        }
    }

    /// What the run used, as far as it was reported: tokens and turns of this run; cost of the
    /// whole session so far, earlier runs included.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.story().map_or_else(Usage::default, |story| story.usage)
    }

    /// What the agent was not allowed to do, each call once.
    #[must_use]
    pub fn denied_tools(&self) -> &[DeniedTool] {
        self.story().map_or(&[], |story| &story.denied)
    }

    /// The final answer, at most 1 MiB; none when the last report was of an error. For a shell
    /// task, the end of its output, at most 4 KiB.
    #[must_use]
    pub fn result(&self) -> Option<&str> {
        match &self.0 {
            Reading::Claude(story) => story.answer(),
            Reading::Shell(tail) => tail.result(),
        }
    }

    /// The beginning of the final answer in one line of at most 300 characters. For a shell
    /// task, its last line.
    #[must_use]
    pub fn final_summary(&self) -> Option<String> {
        let text = match &self.0 {
            Reading::Claude(story) => one_line(story.answer()?, MAX_FINAL_SUMMARY),
            Reading::Shell(tail) => tail.last_action()?,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Whether the agent's last report was of success. A shell makes none.
    #[must_use]
    pub fn has_succeeded(&self) -> bool {
        self.story().is_some_and(Story::has_succeeded)
    }

    /// Whether the agent has reported its end, has done nothing since, and nothing runs in the
    /// background: all that is left to it is to exit. A shell is never settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.story().is_some_and(Story::is_settled)
    }

    /// The verdict on a run that nobody stopped.
    pub(crate) fn judge(&self, ended: Ended) -> Verdict {
        match &self.0 {
            Reading::Claude(story) => judge(story, ended),
            Reading::Shell(tail) => tail.judge(ended),
        }
    }

    fn story(&self) -> Option<&Story> {
        match &self.0 {
            Reading::Claude(story) => Some(story),
            Reading::Shell(_) => None,
        }
    }
}
