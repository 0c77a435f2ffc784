//! Between the configuration as the file holds it and the settings as clients see them.

use claude_worker_api::{
    AgentSettings, CapSettings, DelegationSettings, LimitSettings, McpSettings,
    NotificationSettings, RetentionSettings, Settings, UsageLimitSettings,
};

use crate::{
    Agents, Caps, Config, Delegation, Mcp, Notifications, Retention, RunLimits, UsageLimit,
};

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let Config {
            workers,
            permission_mode,
            agents,
            limits,
            caps,
            retention,
            usage_limit,
            delegation,
            mcp,
            notifications,
        } = config;
        Self {
            workers: *workers,
            permission_mode: *permission_mode,
            agents: AgentSettings {
                claude: agents.claude.as_ref().map(|path| path.to_string_lossy().into_owned()),
            },
            limits: LimitSettings {
                timeout: limits.timeout,
                silence: limits.silence,
                grace: limits.grace,
            },
            caps: CapSettings {
                output_per_run: caps.output_per_run,
                output_total: caps.output_total,
                free_disk: caps.free_disk,
                queued: caps.queued,
            },
            retention: RetentionSettings { finished: retention.finished },
            usage_limit: UsageLimitSettings {
                wait: usage_limit.wait,
                retry_after: usage_limit.retry_after,
            },
            delegation: DelegationSettings {
                depth: delegation.depth,
                unfinished: delegation.unfinished,
            },
            mcp: McpSettings { allow_bypass: mcp.allow_bypass },
            notifications: NotificationSettings {
                finished: notifications.finished,
                failed: notifications.failed,
                attention: notifications.attention,
            },
            file: String::new(),
        }
    }
}

impl From<Settings> for Config {
    fn from(settings: Settings) -> Self {
        let Settings {
            workers,
            permission_mode,
            agents,
            limits,
            caps,
            retention,
            usage_limit,
            delegation,
            mcp,
            notifications,
            file: _,
        } = settings;
        Self {
            workers,
            permission_mode,
            agents: Agents { claude: agents.claude.map(Into::into) },
            limits: RunLimits {
                timeout: limits.timeout,
                silence: limits.silence,
                grace: limits.grace,
            },
            caps: Caps {
                output_per_run: caps.output_per_run,
                output_total: caps.output_total,
                free_disk: caps.free_disk,
                queued: caps.queued,
            },
            retention: Retention { finished: retention.finished },
            usage_limit: UsageLimit {
                wait: usage_limit.wait,
                retry_after: usage_limit.retry_after,
            },
            delegation: Delegation { depth: delegation.depth, unfinished: delegation.unfinished },
            mcp: Mcp { allow_bypass: mcp.allow_bypass },
            notifications: Notifications {
                finished: notifications.finished,
                failed: notifications.failed,
                attention: notifications.attention,
            },
        }
    }
}
