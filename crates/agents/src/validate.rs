//! Checks of a request that need nothing but the request.

mod claude_options;

use std::collections::BTreeMap;
use std::path::Path;

use claude_worker_api::{Agent, ApiError, Capability, MAX_KEY_BYTES, NewTask};

use crate::agent::{can, find, first_that_can};
use crate::agent_program::{AgentProgram, MAX_ARGUMENT_BYTES};

/// The longest name of a task, in characters.
const MAX_NAME_CHARS: usize = 200;

/// The most that the variables of a task may take together, in bytes.
const MAX_ENVIRONMENT_BYTES: usize = 1024 * 1024;

/// The prefix of this program's own variables, which a task must not set for its agent.
pub(crate) const RESERVED_PREFIX: &str = "CLAUDE_WORKER_";

type Checked = Result<(), ApiError>;

/// Checks everything about a request that needs nothing but the request. The engine checks whether
/// the directory exists.
///
/// # Errors
/// `invalid_request` with the reason and what to do.
pub fn validate(request: &NewTask) -> Checked {
    request.check_known()?;
    prompt(request.agent, &request.execution_prompt)?;
    directory(&request.working_directory)?;
    if let Some(name) = &request.name {
        task_name(name)?;
    }
    validate_key(request.idempotency_key.as_deref())?;
    request.env.iter().try_for_each(|(name, value)| variable(name, value))?;
    validate_inherited(&request.inherited_env)?;
    environment_fits([&request.env, &request.inherited_env])?;
    only_supported_options(request)?;
    options(request)
}

/// Checks the variables that a shell passes on.
///
/// # Errors
/// `invalid_request` for one that a task may not have, and for too many.
pub fn validate_inherited(variables: &BTreeMap<String, String>) -> Checked {
    variables.iter().try_for_each(|(name, value)| variable(name, value))?;
    environment_fits([variables])
}

/// Checks that these variables of a task and those of its shell are not too many together.
///
/// # Errors
/// `invalid_request` when they are.
pub fn validate_environment(
    own: &BTreeMap<String, String>,
    of_shell: &BTreeMap<String, String>,
) -> Checked {
    environment_fits([own, of_shell])
}

/// The system starts no program whose arguments and variables take more than about 2 MB together, those of
/// the engine included.
fn environment_fits<const N: usize>(parts: [&BTreeMap<String, String>; N]) -> Checked {
    // Each is stored with `=`, an end and a pointer.
    let size = |(name, value): (&String, &String)| name.len() + value.len() + 10;
    let bytes: usize = parts.into_iter().flatten().map(size).sum();
    require(
        bytes <= MAX_ENVIRONMENT_BYTES,
        || {
            format!(
                "The environment variables take {bytes} bytes together; a task may have \
                 {MAX_ENVIRONMENT_BYTES}"
            )
        },
        "Pass fewer, or put the values into a file and pass that file's path",
    )
}

/// Checks an idempotency key.
///
/// # Errors
/// `invalid_request` for one that is empty, too long, or has control characters.
pub fn validate_key(key: Option<&str>) -> Checked {
    require(
        key.is_none_or(|key| {
            !key.is_empty() && key.len() <= MAX_KEY_BYTES && !key.contains(char::is_control)
        }),
        || {
            format!(
                "The idempotency key must have 1 to {MAX_KEY_BYTES} bytes and no control characters"
            )
        },
        "Use a short key, such as a UUID",
    )
}

/// Checks a further message for a session of `agent`.
///
/// # Errors
/// `invalid_request` when the message cannot be sent, or the agent has no sessions.
pub fn validate_follow_up(agent: Agent, text: &str) -> Checked {
    require(
        can(agent, Capability::Sessions),
        || format!("A {} task has no session to resume", agent.name()),
        "Retry the task, or submit a new one",
    )?;
    prompt(agent, text)
}

/// An error unless `holds`.
fn require(holds: bool, message: impl FnOnce() -> String, hint: &str) -> Checked {
    if holds { Ok(()) } else { Err(ApiError::invalid(message()).hint(hint)) }
}

fn no_nul(what: &str, text: &str) -> Checked {
    require(
        !text.contains('\0'),
        || format!("{what} contains a NUL byte"),
        "Pass text, not the content of a binary file",
    )
}

fn prompt(agent: Agent, text: &str) -> Checked {
    require(
        !text.trim().is_empty(),
        || "The prompt is empty".to_owned(),
        "Say what the task is to do",
    )?;
    no_nul("The prompt", text)?;
    let Some(limit) = find(agent).map(AgentProgram::prompt_limit) else { return Ok(()) };
    let max = limit.bytes;
    require(
        text.len() <= max,
        || format!("The prompt has {} bytes; {} takes at most {max}", text.len(), agent.name()),
        limit.hint,
    )
}

fn directory(path: &str) -> Checked {
    no_nul("The working directory", path)?;
    require(
        Path::new(path).is_absolute(),
        || format!("The working directory \"{}\" is not an absolute path", path.escape_debug()),
        "Give the full path of an existing directory",
    )
}

fn task_name(name: &str) -> Checked {
    require(
        !name.trim().is_empty() && !name.contains(char::is_control),
        || "The name must be one line of text".to_owned(),
        "Choose another name, or none: then it is the prompt's first line",
    )?;
    require(
        name.chars().count() <= MAX_NAME_CHARS,
        || format!("The name has more than {MAX_NAME_CHARS} characters"),
        "Choose a shorter name",
    )
}

fn variable(name: &str, value: &str) -> Checked {
    require(
        !name.is_empty() && !name.contains(['=', '\0']),
        || format!("\"{}\" cannot be the name of an environment variable", name.escape_debug()),
        "Use letters, digits and underscores",
    )?;
    require(
        !name.starts_with(RESERVED_PREFIX),
        || format!("A task may not set {}: the name is reserved", name.escape_debug()),
        "Choose another name",
    )?;
    // The value may be a secret, so no message shows it.
    require(
        !value.contains('\0') && name.len() + value.len() <= MAX_ARGUMENT_BYTES,
        || {
            let name = name.escape_debug();
            format!("The value of {name} has a NUL byte or more than {MAX_ARGUMENT_BYTES} bytes")
        },
        "Put it into a file and pass that file's path",
    )
}

fn options(request: &NewTask) -> Checked {
    if let Some(text) = &request.system_prompt {
        no_nul("The system prompt", text)?;
        require(
            text.len() <= MAX_ARGUMENT_BYTES,
            || format!("The system prompt has more than {MAX_ARGUMENT_BYTES} bytes"),
            "Move a part of it into the prompt or into CLAUDE.md",
        )?;
    }
    if let Some(model) = &request.model {
        require(
            !model.trim().is_empty() && model.len() <= 200 && !model.contains(char::is_control),
            || format!("\"{}\" is not the name of a model", model.escape_debug()),
            "Use an alias like sonnet or opus, or a model's full name",
        )?;
    }
    tools("allowed", &request.allowed_tools)?;
    tools("denied", &request.disallowed_tools)?;
    claude_options::check(request)?;
    require(
        request.limits.max_turns != Some(0),
        || "A task needs at least one turn".to_owned(),
        "Raise max_turns, or leave it out",
    )?;
    require(
        request.limits.max_budget_usd.is_none_or(|dollars| dollars.is_finite() && dollars > 0.0),
        || "The budget must be an amount above 0 dollars".to_owned(),
        "Raise max_budget_usd, or leave it out",
    )
}

/// Rules for tools, which travel in one argument.
fn tools(what: &str, rules: &[String]) -> Checked {
    rules.iter().try_for_each(|rule| tool_rule(rule))?;
    let length: usize = rules.iter().map(|rule| rule.len() + 1).sum();
    require(
        length <= MAX_ARGUMENT_BYTES,
        || format!("The {what} tools take more than {MAX_ARGUMENT_BYTES} bytes together"),
        "Name fewer tools, or put the rules into .claude/settings.json",
    )
}

/// A rule must be valid as an entry of a comma-separated list: not empty, and without an open bracket
/// that would include the next rule.
fn tool_rule(rule: &str) -> Checked {
    let mut open = 0_i32;
    let balanced = rule.chars().all(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        open >= 0
    });
    require(
        !rule.trim().is_empty() && balanced && open == 0 && !rule.contains(char::is_control),
        || format!("\"{}\" is not a rule for a tool", rule.escape_debug()),
        "Write it like Read, or like Bash(git diff:*)",
    )
}

/// Refuses options that the agent does not support.
fn only_supported_options(request: &NewTask) -> Checked {
    let given = [
        ("a system prompt", Capability::SystemPrompt, request.system_prompt.is_some()),
        ("a model", Capability::Models, request.model.is_some()),
        ("a permission mode", Capability::PermissionModes, request.permission_mode.is_some()),
        ("allowed tools", Capability::AllowedTools, !request.allowed_tools.is_empty()),
        ("denied tools", Capability::ClaudeOptions, !request.disallowed_tools.is_empty()),
        ("further directories", Capability::ClaudeOptions, !request.add_dirs.is_empty()),
        ("MCP servers", Capability::ClaudeOptions, !request.mcp_config.is_empty()),
        ("settings of Claude Code", Capability::ClaudeOptions, request.settings.is_some()),
        ("a fallback model", Capability::ClaudeOptions, request.fallback_model.is_some()),
        ("an effort", Capability::ClaudeOptions, request.effort.is_some()),
        ("a JSON Schema", Capability::ClaudeOptions, request.json_schema.is_some()),
        ("subagents", Capability::ClaudeOptions, request.agents.is_some()),
        (
            "a session to go on from",
            Capability::ClaudeOptions,
            request.continue_session || request.resume_session.is_some(),
        ),
        ("arguments", Capability::ClaudeOptions, !request.agent_args.is_empty()),
        ("a shell", Capability::CommandLine, request.shell.is_some()),
        ("a limit on turns", Capability::MaxTurns, request.limits.max_turns.is_some()),
        ("a budget", Capability::MaxBudget, request.limits.max_budget_usd.is_some()),
    ];
    let refused = given
        .into_iter()
        .find(|(_, capability, is_given)| *is_given && !can(request.agent, *capability));
    let Some((what, capability, _)) = refused else { return Ok(()) };
    let hint = match first_that_can(capability) {
        Some(other) => format!("Leave it out, or use the agent {other}"),
        None => "Leave it out".to_owned(),
    };
    let name = request.agent.name();
    Err(ApiError::invalid(format!("A {name} task cannot have {what}")).hint(hint))
}
