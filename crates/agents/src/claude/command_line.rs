//! The CLI's command line.

use claude_worker_api::{NewTask, PermissionMode};

use crate::agent_program::{CommandLine, Session};

/// The options that not every version has, and that a task uses only when it is asked to.
fn used_options(request: &NewTask) -> impl Iterator<Item = &'static str> {
    let used = [
        ("--disallowedTools", !request.disallowed_tools.is_empty()),
        ("--add-dir", !request.add_dirs.is_empty()),
        ("--mcp-config", !request.mcp_config.is_empty()),
        ("--settings", request.settings.is_some()),
        ("--fallback-model", request.fallback_model.is_some()),
        ("--effort", request.effort.is_some()),
        ("--json-schema", request.json_schema.is_some()),
        ("--agents", request.agents.is_some()),
        ("--fork-session", request.continue_session || request.resume_session.is_some()),
    ];
    used.into_iter().filter_map(|(option, is_used)| is_used.then_some(option))
}

/// Whether a task uses an option that an older version may not have.
#[must_use]
pub fn uses_claude_options(request: &NewTask) -> bool {
    used_options(request).next().is_some()
}

/// The first option of a task that is not in the program's help. Arguments that a task passes on are not
/// looked for: not every option is in the help.
#[must_use]
pub fn missing_option(help: &str, request: &NewTask) -> Option<&'static str> {
    let has = |option: &str| {
        help.match_indices(option).any(|(at, _)| {
            let next = help[at + option.len()..].chars().next();
            !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
        })
    };
    // Something else than the help says nothing about options.
    if !has("--print") {
        return None;
    }
    used_options(request).find(|option| !has(option))
}

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
    if !request.disallowed_tools.is_empty() {
        args.push(format!("--disallowedTools={}", request.disallowed_tools.join(",")));
    }
    let lists = [("--add-dir", &request.add_dirs), ("--mcp-config", &request.mcp_config)];
    for (flag, values) in lists {
        args.extend(values.iter().map(|value| format!("{flag}={value}")));
    }
    let texts = [
        ("--settings", &request.settings),
        ("--fallback-model", &request.fallback_model),
        ("--effort", &request.effort),
        ("--json-schema", &request.json_schema),
        ("--agents", &request.agents),
    ];
    for (flag, value) in texts {
        args.extend(value.iter().map(|value| format!("{flag}={value}")));
    }
    if let Some(turns) = request.limits.max_turns {
        args.push(format!("--max-turns={turns}"));
    }
    if let Some(dollars) = request.limits.max_budget_usd {
        args.push(format!("--max-budget-usd={dollars}"));
    }
    let prompt = match session {
        Session::New => {
            args.extend(session_to_copy(request));
            &request.execution_prompt
        }
        Session::Resume { session_id, follow_up } => {
            args.push(format!("--resume={session_id}"));
            *follow_up
        }
    };
    // The last ones: an option without its value takes nothing of ours.
    args.extend(request.agent_args.iter().cloned());
    CommandLine { args, stdin: prompt.as_bytes().to_vec(), merge_stderr: false }
}

/// The arguments that begin a task in a copy of a session. Never in the session itself: its owner may
/// have it open, and a retry begins where the first run began.
fn session_to_copy(request: &NewTask) -> Vec<String> {
    let session = match &request.resume_session {
        Some(session) => format!("--resume={session}"),
        None if request.continue_session => "--continue".to_owned(),
        None => return Vec::new(),
    };
    vec![session, "--fork-session".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_looked_for_as_a_whole_word() {
        let task = NewTask { agents: Some("{}".to_owned()), ..NewTask::default() };
        assert_eq!(missing_option("--print --agent <agent>, --agents-x", &task), Some("--agents"));
        assert_eq!(missing_option("--print\n  --agents <json>", &task), None);
        assert_eq!(missing_option("no help", &task), None);
        assert!(uses_claude_options(&task) && !uses_claude_options(&NewTask::default()));
    }
}
