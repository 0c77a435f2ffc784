//! How to start an agent.

use std::collections::BTreeMap;

use claude_worker_api::{Agent, ApiError, NewTask, PermissionMode};

use crate::agent_program::{AgentProgram, CommandLine, Session};
use crate::validate::{validate, validate_follow_up};
use crate::{agent, claude};

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
    /// How lines begin that have texts which are not finished. They are not kept.
    pub live_prefix: Option<&'static str>,
}

impl Launch {
    /// Lets the agent print texts while they are written, if it can.
    pub fn show_live_text(&mut self, agent: Agent) {
        if let Some(live) = agent::find(agent).and_then(AgentProgram::live) {
            // Before the task's own arguments.
            self.args.insert(0, live.argument.to_owned());
            self.live_prefix = Some(live.prefix);
        }
    }

    /// Lets Claude Code use the user's own settings only: none of the working directory's hooks,
    /// helpers, servers, permissions and instructions, which it would follow without asking.
    pub fn leave_out_project_settings(&mut self) {
        // Before the task's own arguments, none of which can undo it then: that option is refused there.
        self.args.insert(0, claude::USER_SETTINGS_ONLY.to_owned());
    }
}

/// Whether these are the arguments of a launch without the working directory's settings.
#[must_use]
pub fn leaves_out_project_settings(args: &[String]) -> bool {
    args.iter().any(|argument| argument == claude::USER_SETTINGS_ONLY)
}

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
    let Some(agent) = agent::find(request.agent) else {
        let name = request.agent.name();
        return Err(ApiError::invalid(format!("There is no agent {name}")));
    };
    let command_line = agent.command_line(request, default_permission_mode, session);
    let CommandLine { args, stdin, merge_stderr } = command_line;
    let is_foreign = |name: &&str| !request.env.contains_key(*name);
    let env_remove = agent::session_variables().filter(is_foreign).map(str::to_owned).collect();
    Ok(Launch {
        args,
        stdin,
        env: request.env.clone(),
        env_remove,
        merge_stderr,
        live_prefix: None,
    })
}
