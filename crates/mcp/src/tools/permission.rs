//! Keeps permission checks as strict as in the user's configuration, unless it allows MCP to turn them
//! off.

use claude_worker_agents::can;
use claude_worker_api::{
    Agent, ApiError, Capability, ErrorCode, NewTask, PermissionMode, Settings, TaskApi, TaskId,
};

use crate::caller;

/// Whether a task of this kind acts without any permission check.
fn is_unchecked(task: &NewTask) -> Option<&'static str> {
    match task {
        NewTask { agent: Agent::Unknown(_), .. } => {
            Some("The rights of an agent that this version does not know are unknown")
        }
        NewTask { agent, .. } if can(*agent, Capability::CommandLine) => {
            Some("A shell command runs without permission checks")
        }
        NewTask { agent, .. } if !can(*agent, Capability::PermissionModes) => {
            Some("This agent works without permission checks")
        }
        NewTask { permission_mode: Some(PermissionMode::BypassPermissions), .. } => {
            Some("bypassPermissions turns the permission checks off")
        }
        NewTask { allowed_tools, .. } if !allowed_tools.is_empty() => {
            Some("allowed_tools lets tools run without being asked about")
        }
        task => claude_options(task),
    }
}

/// Whether a task has an option of Claude Code that can give it more rights, run programs, or show it
/// what other sessions know. A task of the user may have them, and is not run again over MCP then.
fn claude_options(task: &NewTask) -> Option<&'static str> {
    [
        (!task.add_dirs.is_empty(), "add_dirs opens further directories to the task"),
        (!task.mcp_config.is_empty(), "mcp_config starts programs"),
        (task.settings.is_some(), "settings can allow tools and start programs"),
        (task.agents.is_some(), "agents can have tools of their own"),
        (
            task.continue_session || task.resume_session.is_some(),
            "The task goes on from a session of the user",
        ),
        (!task.agent_args.is_empty(), "agent_args can allow tools and start programs"),
    ]
    .into_iter()
    .find_map(|(is_given, why)| is_given.then_some(why))
}

/// How much a mode allows without asking, as a rank.
const fn freedom(mode: PermissionMode) -> u8 {
    match mode {
        PermissionMode::Default | PermissionMode::Plan | PermissionMode::DontAsk => 0,
        PermissionMode::AcceptEdits => 1,
        PermissionMode::Auto => 2,
        PermissionMode::BypassPermissions => 3,
        PermissionMode::Unknown(_) => 4,
    }
}

/// Whether the task would be allowed more than the user's own tasks.
fn is_freer(task: &NewTask, usual: PermissionMode) -> Option<&'static str> {
    let mode = task.permission_mode?;
    let usual = match usual {
        // It is not known what a mode of a newer engine allows: count it as nothing, to be safe.
        PermissionMode::Unknown(_) => 0,
        usual => freedom(usual),
    };
    (freedom(mode) > usual)
        .then_some("This permission mode allows more than the user's configuration does")
}

/// Refuses a task with fewer permission checks than usual where `mcp.allow_bypass` is not set.
///
/// # Errors
/// `forbidden`, with what the user can do.
pub(crate) async fn check(api: &impl TaskApi, task: &NewTask) -> Result<(), ApiError> {
    let settings = api.settings().await?;
    let why = is_unchecked(task).or_else(|| is_freer(task, settings.permission_mode));
    let Some(why) = why.filter(|_| !settings.mcp.allow_bypass) else { return Ok(()) };
    Err(refusal(why, &settings))
}

/// [`check`] for another run of an existing task, perhaps of another client: its private variables are
/// only for the client that submitted it.
///
/// # Errors
/// As for [`check`].
pub(crate) async fn check_again(
    api: &impl TaskApi,
    task: &NewTask,
    caller: &str,
) -> Result<(), ApiError> {
    check(api, task).await?;
    if task.env.is_empty() || is_own(task, caller, caller::parent(api).await?) {
        return Ok(());
    }
    let settings = api.settings().await?;
    if settings.mcp.allow_bypass {
        return Ok(());
    }
    let names: Vec<_> = task.env.keys().map(String::as_str).collect();
    Err(ApiError::new(
        ErrorCode::Forbidden,
        format!(
            "The task has private variables of its submitter ({}), so that it is not run again over \
             MCP here",
            names.join(", ")
        ),
    )
    .hint(format!(
        "Create a new task, or ask the user: they can run this one again, or set \
         allow_bypass = true under [mcp] in {}",
        settings.file
    )))
}

/// Whether this client has submitted the task, directly or as the agent of the task it runs inside.
fn is_own(task: &NewTask, caller: &str, parent: Option<TaskId>) -> bool {
    task.caller.as_deref() == Some(caller) || (parent.is_some() && task.parent == parent)
}

fn refusal(why: &str, settings: &Settings) -> ApiError {
    ApiError::new(ErrorCode::Forbidden, format!("{why}, which is not allowed over MCP here")).hint(
        format!(
            "Leave it out, or ask the user: they can allow tools in ~/.claude/settings.json, or in \
             the project's .claude/settings.json after `claude-worker trust DIRECTORY`, or set \
             allow_bypass = true under [mcp] in {}",
            settings.file
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_without_permission_checks_are_recognized() {
        let task = NewTask::default();
        assert!(is_unchecked(&task).is_none());
        let plan = NewTask { permission_mode: Some(PermissionMode::Plan), ..task.clone() };
        assert!(is_unchecked(&plan).is_none());
        let bypass = PermissionMode::BypassPermissions;
        for unchecked in [
            NewTask { agent: Agent::Shell, ..task.clone() },
            NewTask { permission_mode: Some(bypass), ..task.clone() },
            NewTask { allowed_tools: vec!["Bash".to_owned()], ..task.clone() },
            NewTask { add_dirs: vec!["/".to_owned()], ..task.clone() },
            NewTask { mcp_config: vec!["{}".to_owned()], ..task.clone() },
            NewTask { settings: Some("{}".to_owned()), ..task.clone() },
            NewTask { agents: Some("{}".to_owned()), ..task.clone() },
            NewTask { continue_session: true, ..task.clone() },
            NewTask { resume_session: Some("x".to_owned()), ..task.clone() },
            NewTask { agent_args: vec!["--bare".to_owned()], ..task.clone() },
        ] {
            assert!(is_unchecked(&unchecked).is_some(), "{unchecked:?}");
        }
    }

    #[test]
    fn a_task_belongs_to_the_caller_or_to_the_task_that_submitted_it() {
        let person = NewTask::default();
        let of = |caller: &str| NewTask { caller: Some(caller.to_owned()), ..NewTask::default() };
        let below = NewTask { parent: Some(TaskId(3)), ..NewTask::default() };
        assert!(!is_own(&person, "mcp:a", None));
        assert!(!is_own(&person, "mcp:a", Some(TaskId(3))));
        assert!(is_own(&of("mcp:a"), "mcp:a", None));
        assert!(!is_own(&of("mcp:b"), "mcp:a", None));
        assert!(is_own(&below, "mcp:a", Some(TaskId(3))));
        assert!(!is_own(&below, "mcp:a", Some(TaskId(4))));
        assert!(!is_own(&below, "mcp:a", None));
    }

    #[test]
    fn modes_that_allow_more_than_usual_are_recognized() {
        let task = |mode| NewTask { permission_mode: mode, ..NewTask::default() };
        let freer = |mode, usual| is_freer(&task(Some(mode)), usual).is_some();
        assert!(is_freer(&task(None), PermissionMode::Plan).is_none());
        assert!(freer(PermissionMode::AcceptEdits, PermissionMode::Plan));
        assert!(freer(PermissionMode::AcceptEdits, PermissionMode::DontAsk));
        assert!(freer(PermissionMode::Auto, PermissionMode::AcceptEdits));
        assert!(freer(PermissionMode::BypassPermissions, PermissionMode::Auto));
        assert!(!freer(PermissionMode::Plan, PermissionMode::AcceptEdits));
        assert!(!freer(PermissionMode::Auto, PermissionMode::Auto));
    }
}
