//! What Claude Code refuses to the superuser.

use claude_worker_api::{Check, Settings};
use claude_worker_os::user::own_id;

/// A remark for the superuser; nothing for others.
pub(super) fn check(config: &Settings) -> Option<Check> {
    let is_sandbox = std::env::var_os("IS_SANDBOX").is_some_and(|value| value == "1");
    (cfg!(unix) && own_id() == 0 && !is_sandbox).then(|| judge(config))
}

fn judge(config: &Settings) -> Check {
    const NAME: &str = "User";
    const FOUND: &str = "root, for whom Claude Code refuses tasks with bypassPermissions";
    if config.mcp.allow_bypass {
        Check::warn(
            NAME,
            format!("{FOUND}; mcp.allow_bypass allows them"),
            "Run tasks as another user. In a container, export IS_SANDBOX=1: tasks that are submitted in \
             that shell take it along",
        )
    } else {
        Check::ok(NAME, FOUND)
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::CheckLevel;

    use super::*;

    #[test]
    fn a_setting_that_cannot_work_is_warned_of() {
        let mut config = Settings::default();
        assert_eq!(judge(&config).level, CheckLevel::Ok);
        config.mcp.allow_bypass = true;
        let check = judge(&config);
        assert!(
            check.level == CheckLevel::Warn && check.advice.contains("IS_SANDBOX=1"),
            "{check:?}"
        );
    }
}
