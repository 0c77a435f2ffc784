//! How to start an agent.

use std::collections::BTreeMap;

use claude_worker_api::{Agent, ApiError, NewTask, PermissionMode};

use crate::{claude, shell, validate, validate_follow_up};

/// How to start an agent: everything but the program's path and the working directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The arguments. Never the prompt of a `claude` task.
    pub args: Vec<String>,
    /// What the agent reads on standard input.
    pub stdin: Vec<u8>,
    /// Environment variables to set on top of the engine's: the task's own.
    pub env: BTreeMap<String, String>,
    /// Environment variables to take away. None of them is in [`Launch::env`].
    pub env_remove: Vec<String>,
    /// Whether standard error goes into the same file as standard output, in order.
    pub merge_stderr: bool,
}

impl Launch {
    pub(crate) fn new(request: &NewTask, args: Vec<String>, stdin: Vec<u8>) -> Self {
        let is_foreign = |name: &&str| !request.env.contains_key(*name);
        Self {
            args,
            stdin,
            env: request.env.clone(),
            env_remove: SURROUNDING_SESSION
                .into_iter()
                .filter(is_foreign)
                .map(str::to_owned)
                .collect(),
            merge_stderr: false,
        }
    }

    /// Lets Claude Code use the user's own settings only: none of the working directory's hooks,
    /// helpers, servers, permissions and instructions, which it would follow without asking.
    pub fn leave_out_project_settings(&mut self) {
        self.args.push(claude::launch::USER_SETTINGS_ONLY.to_owned());
    }
}

/// Whether these are the arguments of a launch without the working directory's settings.
#[must_use]
pub fn leaves_out_project_settings(args: &[String]) -> bool {
    args.iter().any(|argument| argument == claude::launch::USER_SETTINGS_ONLY)
}

/// Whether an agent begins anew or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session<'a> {
    /// A new session, with the task's prompt.
    New,
    /// A session the agent knows already, with a further message.
    Resume {
        /// The agent's name for the session.
        session_id: &'a str,
        /// What to say.
        follow_up: &'a str,
    },
}

/// What a Claude Code session sets for the programs it starts. An engine may well have been
/// started from inside one (through MCP, or by Claude running `claude-worker`), and its tasks
/// must not take themselves for a part of that session. What chooses the account, the provider
/// or the CLI's behaviour in general is left alone.
const SURROUNDING_SESSION: [&str; 27] = [
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
];

/// How to start the agent of `request`. A task that names no permission mode gets
/// `default_permission_mode`.
///
/// # Errors
/// `invalid_request` when [`validate()`] or [`validate_follow_up`] refuses it.
pub fn launch(
    request: &NewTask,
    default_permission_mode: PermissionMode,
    session: &Session<'_>,
) -> Result<Launch, ApiError> {
    validate(request)?;
    if let Session::Resume { session_id, follow_up } = session {
        validate_follow_up(request.agent, follow_up)?;
        if session_id.is_empty() || session_id.contains('\0') {
            return Err(ApiError::invalid("The session to resume has no usable name")
                .hint("Retry the task instead"));
        }
    }
    match request.agent {
        Agent::Claude => Ok(claude::launch::launch(request, default_permission_mode, session)),
        Agent::Shell => Ok(shell::launch(request)),
        Agent::Unknown(name) => Err(ApiError::invalid(format!("There is no agent {name}"))),
    }
}
