//! The Claude Code CLI, run as `claude -p --output-format stream-json`.

mod arguments;
mod background;
mod command_line;
mod content;
mod edit;
mod live;
mod log;
mod markup;
mod message;
mod summary;
mod tool;
mod tool_time;
mod verdict;

use claude_worker_api::{
    Agent, Capability, LogItem, MAX_PROMPT_BYTES, NewTask, PermissionMode, Timestamp,
};

use crate::agent_program::{
    AgentProgram, CommandLine, LiveOutput, Program, PromptLimit, RunSummary, Session,
};
use crate::edit::FileEdit;

pub(crate) use arguments::check as check_arguments;
pub(crate) use command_line::USER_SETTINGS_ONLY;
pub use command_line::{missing_option, uses_claude_options};

/// The longest prompt the Claude Code CLI reads on its standard input, in bytes.
pub const MAX_CLAUDE_STDIN_BYTES: usize = 10_000_000;

/// The agent `claude`.
pub(crate) struct ClaudeCode;

impl AgentProgram for ClaudeCode {
    fn name(&self) -> Agent {
        Agent::Claude
    }

    fn label(&self) -> &'static str {
        "Claude Code"
    }

    fn capabilities(&self) -> &'static [Capability] {
        &[
            Capability::Sessions,
            Capability::Models,
            Capability::SystemPrompt,
            Capability::PermissionModes,
            Capability::AllowedTools,
            Capability::ClaudeOptions,
            Capability::MaxTurns,
            Capability::MaxBudget,
            Capability::SilenceLimit,
            Capability::ProjectSettings,
        ]
    }

    fn program(&self) -> Program {
        Program::ClaudeCode
    }

    fn prompt_limit(&self) -> PromptLimit {
        PromptLimit {
            bytes: MAX_PROMPT_BYTES.min(MAX_CLAUDE_STDIN_BYTES),
            hint: "Put the material into a file and name that file in the prompt",
        }
    }

    fn session_variables(&self) -> &'static [&'static str] {
        &SESSION_VARIABLES
    }

    fn command_line(
        &self,
        request: &NewTask,
        default_permission_mode: PermissionMode,
        session: &Session<'_>,
    ) -> CommandLine {
        command_line::command_line(request, default_permission_mode, session)
    }

    fn live(&self) -> Option<LiveOutput> {
        let (argument, prefix) = (live::PARTIAL_MESSAGES, live::LIVE_PREFIX);
        Some(LiveOutput { argument, prefix, text: Box::<live::Partial>::default() })
    }

    fn items(&self, line: &str, stderr: bool) -> (Option<Timestamp>, Vec<LogItem>) {
        if stderr { log::outside_of_protocol(line, stderr) } else { log::items(line) }
    }

    fn edit(&self, line: &str) -> Option<FileEdit> {
        edit::edit(line)
    }

    fn image(&self, line: &str, number: u32) -> Option<String> {
        message::image(line, number)
    }

    fn summary(&self) -> Box<dyn RunSummary> {
        Box::<summary::ClaudeSummary>::default()
    }
}

/// What a Claude Code session sets for the programs it starts. An engine may well have been
/// started from inside one (through MCP, or by Claude running `claude-worker`), and its tasks
/// must not take themselves for a part of that session. What chooses the account, the provider
/// or the CLI's behaviour in general is left alone.
const SESSION_VARIABLES: [&str; 29] = [
    "AI_AGENT",
    "CLAUDECODE",
    "CLAUDE_AGENT_SDK_VERSION",
    "CLAUDE_BG_BACKEND",
    "CLAUDE_BG_RENDEZVOUS_SOCK",
    "CLAUDE_BG_SOURCE",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_HOST_SESSION_ID",
    "CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_RESUME_FROM_SESSION",
    "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_SESSION_KIND",
    "CLAUDE_CODE_SESSION_NAME",
    "CLAUDE_CODE_SESSION_ORIGIN",
    "CLAUDE_CODE_SSE_PORT",
    "CLAUDE_CODE_TASK_LIST_ID",
    "CLAUDE_CODE_TMUX_SESSION",
    "CLAUDE_EFFORT",
    "CLAUDE_ENV_FILE",
    "CLAUDE_JOB_DIR",
    "CLAUDE_PID",
    "CLAUDE_PROJECT_DIR",
    "TRACEPARENT",
    "TRACESTATE",
];
