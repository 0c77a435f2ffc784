//! The CLI's command line.

use claude_worker_api::{NewTask, PermissionMode};

use crate::agent_program::{CommandLine, Session};

/// Loads neither the project's settings nor its local ones. Measured with 2.1.330: without the
/// argument a plain run in a hostile directory executes its hooks, its `apiKeyHelper` and its MCP
/// servers, those of the directories above too, and sends the user's key to the address it names.
pub(crate) const USER_SETTINGS_ONLY: &str = "--setting-sources=user";

/// The command line for a valid request.
///
/// The prompt travels on standard input. Values travel in the form `--flag=value`, so that none
/// of them can be read as a flag, whatever it begins with.
pub(super) fn command_line(
    request: &NewTask,
    default_permission_mode: PermissionMode,
    session: &Session<'_>,
) -> CommandLine {
    let mut args: Vec<String> =
        ["-p", "--output-format", "stream-json", "--verbose"].map(str::to_owned).into();
    let mode = request.permission_mode.unwrap_or(default_permission_mode);
    args.push(format!("--permission-mode={}", mode.name()));
    if let Some(model) = &request.model {
        args.push(format!("--model={}", model.trim()));
    }
    if let Some(text) = &request.system_prompt {
        args.push(format!("--append-system-prompt={text}"));
    }
    if !request.allowed_tools.is_empty() {
        args.push(format!("--allowedTools={}", request.allowed_tools.join(",")));
    }
    if let Some(turns) = request.limits.max_turns {
        args.push(format!("--max-turns={turns}"));
    }
    if let Some(dollars) = request.limits.max_budget_usd {
        args.push(format!("--max-budget-usd={dollars}"));
    }
    let prompt = match session {
        Session::New => &request.execution_prompt,
        Session::Resume { session_id, follow_up } => {
            args.push(format!("--resume={session_id}"));
            *follow_up
        }
    };
    CommandLine { args, stdin: prompt.as_bytes().to_vec(), merge_stderr: false }
}
