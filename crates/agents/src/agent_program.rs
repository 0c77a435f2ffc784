//! The interface that every agent implements, and its types.

use std::fmt::Debug;

use claude_worker_api::{
    Agent, Capability, DeniedTool, LogItem, NewTask, PermissionMode, Timestamp, Usage, Verdict,
};

use crate::edit::FileEdit;

/// The longest text that travels as an argument or an environment variable, in bytes. Linux
/// refuses a single one of more than 128 KiB.
pub const MAX_ARGUMENT_BYTES: usize = 100 * 1024;

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

    /// The command line and input for a valid request.
    fn command_line(
        &self,
        request: &NewTask,
        default_permission_mode: PermissionMode,
        session: &Session<'_>,
    ) -> CommandLine;

    /// A line of output as log items, with its timestamp if it has one.
    fn items(&self, line: &str, stderr: bool) -> (Option<Timestamp>, Vec<LogItem>);

    /// The change of a file that a line of standard output reports.
    fn edit(&self, _line: &str) -> Option<FileEdit> {
        None
    }

    /// The image with a number that a line of standard output has, in Base64.
    fn image(&self, _line: &str, _number: u32) -> Option<String> {
        None
    }

    /// The summary of a run that has printed nothing.
    fn summary(&self) -> Box<dyn RunSummary>;

    /// How it can show texts while they are written; `None` if it cannot.
    fn live(&self) -> Option<LiveOutput> {
        None
    }
}

/// How an agent prints texts while they are written.
pub(crate) struct LiveOutput {
    /// The argument that makes it do so.
    pub(crate) argument: &'static str,
    /// How such lines begin. Everything in them comes again in other lines.
    pub(crate) prefix: &'static str,
    /// Reads them.
    pub(crate) text: Box<dyn LiveText>,
}

/// What an agent is writing: a fold over its live lines, in bounded memory.
pub(crate) trait LiveText: Debug + Send {
    /// Reads the next live line; returns whether something changed.
    fn read(&mut self, line: &str) -> bool;

    /// Reads the next other line, which may have what was being written; returns whether something changed.
    fn read_kept(&mut self, line: &str) -> bool;

    /// What is being written, as items of a log.
    fn items(&self) -> Vec<LogItem>;
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

/// The summary of a run of one agent: a fold over its lines, in bounded memory. What an agent does not
/// report stays empty.
pub(crate) trait RunSummary: Debug + Send {
    /// Reads the next line of standard output or standard error.
    fn read(&mut self, line: &str, stderr: bool);

    /// What the agent did last, in at most 100 characters.
    fn last_action(&self) -> Option<String>;

    /// The final answer, or the end of the output.
    fn result(&self) -> Option<&str>;

    /// The beginning of the result, or its last line.
    fn final_summary(&self) -> Option<String>;

    /// The verdict on a run that was not ended from outside.
    fn verdict(&self, ended: Ended) -> Verdict;

    /// How many bytes at the end of the output are enough; `None` if all of it is needed.
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

    /// Whether the agent's last report was a success.
    fn has_succeeded(&self) -> bool {
        false
    }

    /// Whether the agent has reported its end and only has to exit.
    fn is_settled(&self) -> bool {
        false
    }
}

/// Whether an agent starts a session or continues one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session<'a> {
    /// A new session, with the task's prompt.
    New,
    /// An existing session, with a further message.
    Resume {
        /// The agent's id of the session.
        session_id: &'a str,
        /// The message to send.
        follow_up: &'a str,
    },
}

/// How one agent is called. The environment is the same for all agents and is added later.
pub(crate) struct CommandLine {
    pub(crate) args: Vec<String>,
    pub(crate) stdin: Vec<u8>,
    /// Whether standard error goes into the same file as standard output, in order.
    pub(crate) merge_stderr: bool,
}

/// How the process of an agent ended, if it was started and not stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// By the supervisor, because the agent had reported its end and did not exit.
    Finished,
}
