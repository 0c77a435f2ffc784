//! Between the configuration as the file holds it and the settings as clients see them.

use claude_worker_api::{
    AgentSettings, CapSettings, DelegationSettings, LimitSettings, McpSettings,
    NotificationSettings, RateLimitSettings, RetentionSettings, Settings, UsageLimitSettings,
};

use crate::{
    Agents, Caps, Config, Delegation, Mcp, Notifications, RateLimit, Retention, RunLimits,
    UsageLimit,
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
            rate_limit,
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
                timeout_ms: limits.timeout,
                silence_ms: limits.silence,
                exit_ms: limits.exit,
                grace_ms: limits.grace,
            },
            caps: CapSettings {
                output_per_run: caps.output_per_run,
                output_total: caps.output_total,
                free_disk: caps.free_disk,
                queued: caps.queued,
            },
            retention: RetentionSettings { finished_ms: retention.finished },
            usage_limit: UsageLimitSettings {
                wait: usage_limit.wait,
                retry_after_ms: usage_limit.retry_after,
                tries: usage_limit.tries,
                give_up_after_ms: usage_limit.give_up_after,
            },
            rate_limit: RateLimitSettings {
                retry_after_ms: rate_limit.retry_after,
                tries: rate_limit.tries,
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
            rate_limit,
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
                timeout: limits.timeout_ms,
                silence: limits.silence_ms,
                exit: limits.exit_ms,
                grace: limits.grace_ms,
            },
            caps: Caps {
                output_per_run: caps.output_per_run,
                output_total: caps.output_total,
                free_disk: caps.free_disk,
                queued: caps.queued,
            },
            retention: Retention { finished: retention.finished_ms },
            usage_limit: UsageLimit {
                wait: usage_limit.wait,
                retry_after: usage_limit.retry_after_ms,
                tries: usage_limit.tries,
                give_up_after: usage_limit.give_up_after_ms,
            },
            rate_limit: RateLimit {
                retry_after: rate_limit.retry_after_ms,
                tries: rate_limit.tries,
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
