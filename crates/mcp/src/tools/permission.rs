//! Permission checks stay on, unless the user's configuration lets MCP turn them off.

use claude_worker_api::{Agent, ApiError, ErrorCode, NewTask, PermissionMode, TaskApi};

/// Whether a task of this kind acts without anybody, or anything, being asked first.
fn is_unchecked(task: &NewTask) -> Option<&'static str> {
    match task {
        NewTask { agent: Agent::Shell, .. } => {
            Some("A shell command runs without permission checks")
        }
        NewTask { permission_mode: Some(PermissionMode::BypassPermissions), .. } => {
            Some("bypassPermissions turns the permission checks off")
        }
        NewTask { allowed_tools, .. } if !allowed_tools.is_empty() => {
            Some("allowed_tools lets tools run without being asked about")
        }
        _ => None,
    }
}

/// Refuses what would act unchecked where `mcp.allow_bypass` is not set.
///
/// # Errors
/// `forbidden`, with what a person can do.
pub(crate) async fn check(api: &impl TaskApi, task: &NewTask) -> Result<(), ApiError> {
    let Some(why) = is_unchecked(task) else { return Ok(()) };
    let settings = api.settings().await?;
    if settings.mcp.allow_bypass {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::Forbidden, format!("{why}, which is not allowed over MCP here"))
        .hint(format!(
            "Do without it, or ask the user: they can allow tools in the project's \
         .claude/settings.json, or set allow_bypass = true under [mcp] in {}",
            settings.file
        )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_without_asking_is_known() {
        let task = NewTask::default();
        assert!(is_unchecked(&task).is_none());
        let plan = NewTask { permission_mode: Some(PermissionMode::Plan), ..task.clone() };
        assert!(is_unchecked(&plan).is_none());
        let bypass = PermissionMode::BypassPermissions;
        for unchecked in [
            NewTask { agent: Agent::Shell, ..task.clone() },
            NewTask { permission_mode: Some(bypass), ..task.clone() },
            NewTask { allowed_tools: vec!["Bash".to_owned()], ..task.clone() },
        ] {
            assert!(is_unchecked(&unchecked).is_some(), "{unchecked:?}");
        }
    }
}
