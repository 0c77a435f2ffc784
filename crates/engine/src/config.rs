//! `config.toml`: what a person may set.

use std::io;
use std::path::PathBuf;

use claude_worker_api::{ApiError, PermissionMode, parse_duration, plain_words};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Paths;
use crate::own_file::read_own;

/// The longest duration that can be set, in milliseconds: ten years.
const LONGEST: u64 = 3650 * 86_400_000;
/// The largest number that can be set: what every JSON reader takes without loss.
const LARGEST: u64 = (1 << 53) - 1;

/// The configuration in force. Every key is optional in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many tasks run at once, 1 to 256.
    pub workers: u32,
    /// Claude Code's permission mode for tasks that do not choose one.
    pub permission_mode: PermissionMode,
    /// Where the agents' programs are.
    pub agents: Agents,
    /// What ends a run early.
    pub limits: RunLimits,
    /// How much the engine keeps and takes on.
    pub caps: Caps,
    /// How long finished tasks are kept.
    pub retention: Retention,
    /// What happens when the account's usage limit is reached.
    pub usage_limit: UsageLimit,
    /// What happens when requests come too fast, or the API is overloaded.
    pub rate_limit: RateLimit,
    /// How far tasks may submit tasks.
    pub delegation: Delegation,
    /// What the MCP sidecar may ask for.
    pub mcp: Mcp,
    /// What the desktop app tells of.
    pub notifications: Notifications,
}

/// Where the agents' programs are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agents {
    /// Claude Code's program. Absent: found as a login shell would find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claude: Option<PathBuf>,
}

/// What ends a run early. Durations are written like `90s`, `10m`, `1h30m`; `0` means never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunLimits {
    /// Wall time of a run.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub timeout: u64,
    /// How long `claude` may print nothing. Its own tools stop after ten minutes at the latest,
    /// so that a longer silence means that it hangs.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub silence: u64,
    /// How long `claude` may take to exit after it has reported that its work is done.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub exit: u64,
    /// How long a process tree has between being asked to end and being killed.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub grace: u64,
}

/// How much the engine keeps and takes on. Sizes are written like `256MB`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// Output of one run; more ends it.
    #[serde(deserialize_with = "size", serialize_with = "show_size")]
    pub output_per_run: u64,
    /// Output of all runs together; beyond it the oldest finished runs lose theirs.
    #[serde(deserialize_with = "size", serialize_with = "show_size")]
    pub output_total: u64,
    /// Disk space that must stay free for a new task to be taken on.
    #[serde(deserialize_with = "size", serialize_with = "show_size")]
    pub free_disk: u64,
    /// How many tasks may wait in the queue.
    pub queued: u64,
}

/// How long finished tasks are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// After this long a finished task is removed; `0` keeps it until someone removes it.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub finished: u64,
}

/// What happens when the account's usage limit is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageLimit {
    /// Whether the task waits and goes on in the same session. Otherwise it fails.
    pub wait: bool,
    /// How long it waits when the agent does not say when the limit ends; each time in a row twice
    /// as long, up to 4 hours.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub retry_after: u64,
    /// After so many runs in a row that met it without an answer of the model the task fails.
    pub tries: u32,
    /// A task fails that would have to wait longer than this in all.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub give_up_after: u64,
}

/// What happens when requests come too fast, or the API is overloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// How long the task waits at first; each time in a row twice as long, up to 10 minutes.
    #[serde(deserialize_with = "duration", serialize_with = "show_duration")]
    pub retry_after: u64,
    /// After so many runs in a row that met it without an answer of the model the task fails.
    pub tries: u32,
}

/// How far tasks may submit tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delegation {
    /// How deep: a person's task is at depth 0, a task submitted from inside it at 1.
    pub depth: u32,
    /// How many unfinished tasks one task, or one caller, may have submitted.
    pub unfinished: u32,
}

/// What the MCP sidecar may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mcp {
    /// Whether a task submitted over MCP may turn permission checks off.
    pub allow_bypass: bool,
}

/// What the desktop app tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notifications {
    /// That a task is completed.
    pub finished: bool,
    /// That a task failed.
    pub failed: bool,
    /// That a task needs a person.
    pub attention: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: 4,
            permission_mode: PermissionMode::default(),
            agents: Agents::default(),
            limits: RunLimits::default(),
            caps: Caps::default(),
            retention: Retention::default(),
            usage_limit: UsageLimit::default(),
            rate_limit: RateLimit::default(),
            delegation: Delegation::default(),
            mcp: Mcp::default(),
            notifications: Notifications::default(),
        }
    }
}

impl Default for RunLimits {
    fn default() -> Self {
        Self { timeout: 0, silence: 15 * 60_000, exit: 10_000, grace: 5_000 }
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            output_per_run: 256_000_000,
            output_total: 5_000_000_000,
            free_disk: 100_000_000,
            queued: 100_000,
        }
    }
}

impl Default for UsageLimit {
    fn default() -> Self {
        let give_up_after = 8 * 86_400_000;
        Self { wait: true, retry_after: 15 * 60_000, tries: 8, give_up_after }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { retry_after: 30_000, tries: 6 }
    }
}

impl Default for Delegation {
    fn default() -> Self {
        Self { depth: 2, unfinished: 50 }
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Self { finished: true, failed: true, attention: true }
    }
}

impl Config {
    /// Reads the configuration file; a missing one means the defaults.
    ///
    /// # Errors
    /// `invalid_request` naming the file, the key and what it accepts.
    pub fn load(paths: &Paths) -> Result<Self, ApiError> {
        let refuse = |what: String| {
            ApiError::invalid(format!("{}: {what}", paths.config.display()))
                .hint("Correct the file, or move it away: without it the defaults are in force")
        };
        match read_own(&paths.config) {
            Ok(text) => Self::parse(&text).map_err(refuse),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(refuse(error.to_string())),
        }
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// A sentence that names the line, the key and what it accepts.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| {
            // The line is shown, and then what is wrong there.
            let (shown, said) = (error.to_string(), error.message());
            match shown.trim_end().strip_suffix(said) {
                Some(place) => place.to_owned() + &plain_words("", said),
                None => shown,
            }
        })?;
        config.check()?;
        Ok(config)
    }

    /// Whether every value is one that can be meant. The error names the key.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(1..=256).contains(&self.workers) {
            return Err(format!("workers = {}: it must be from 1 to 256", self.workers));
        }
        if let Err(unknown) = self.permission_mode.check_known() {
            return Err(format!("permission_mode: {unknown}"));
        }
        if self.permission_mode == PermissionMode::BypassPermissions {
            return Err("permission_mode = \"bypassPermissions\": permissions are turned off \
                        per task, with --permission-mode, never for all"
                .to_owned());
        }
        if self.caps.output_per_run == 0 {
            return Err("caps.output_per_run must be more than 0".to_owned());
        }
        let durations = [
            ("limits.timeout", self.limits.timeout),
            ("limits.silence", self.limits.silence),
            ("limits.exit", self.limits.exit),
            ("limits.grace", self.limits.grace),
            ("retention.finished", self.retention.finished),
            ("usage_limit.retry_after", self.usage_limit.retry_after),
            ("usage_limit.give_up_after", self.usage_limit.give_up_after),
            ("rate_limit.retry_after", self.rate_limit.retry_after),
        ];
        let numbers = [
            ("caps.output_per_run", self.caps.output_per_run),
            ("caps.output_total", self.caps.output_total),
            ("caps.free_disk", self.caps.free_disk),
            ("caps.queued", self.caps.queued),
        ];
        for (key, value) in durations {
            if value > LONGEST {
                return Err(format!("{key} must be at most 3650d"));
            }
        }
        for (key, value) in numbers {
            if value > LARGEST {
                return Err(format!("{key} must be at most {LARGEST}"));
            }
        }
        Ok(())
    }

    /// The configuration as the text of a file, every key included.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "it must be a text with a unit, like \"10m\" or \"256MB\"")]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// Reads a duration in milliseconds: a text like `10m`. A number has no unit, so that only 0 can be
/// meant.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(0) => Ok(0),
        NumberOrText::Number(number) => Err(serde::de::Error::custom(format!(
            "{number} has no unit: write \"{number}d\", \"{number}h\", \"{number}m\" or \"{number}s\""
        ))),
        NumberOrText::Text(text) => parse_duration(&text).map_err(serde::de::Error::custom),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes references")]
fn show_duration<S: serde::Serializer>(millis: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    let text = match *millis {
        0 => "0".to_owned(),
        ms if ms % 1000 != 0 => format!("{ms}ms"),
        ms if ms % 86_400_000 == 0 => format!("{}d", ms / 86_400_000),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms => format!("{}s", ms / 1000),
    };
    serializer.serialize_str(&text)
}

/// Reads a size in bytes: a number, or a text like `256MB`.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(bytes) => return Ok(bytes),
        NumberOrText::Text(text) => text,
    };
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit: u64 = match text[digits..].trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => 0,
    };
    text[..digits]
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(unit))
        .filter(|_| unit > 0)
        .ok_or_else(|| {
            serde::de::Error::custom(format!(
                "\"{text}\" is not a size: write it like 500kB, 256MB or 5GB"
            ))
        })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes references")]
fn show_size<S: serde::Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    let text = match *bytes {
        0 => "0".to_owned(),
        n if n % 1_000_000_000 == 0 => format!("{}GB", n / 1_000_000_000),
        n if n % 1_000_000 == 0 => format!("{}MB", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{}kB", n / 1_000),
        n => format!("{n}B"),
    };
    serializer.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_means_the_defaults() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let config = Config::default();
        assert_eq!(Config::parse(&config.to_toml()).unwrap(), config);
    }

    #[test]
    fn values_as_people_write_them() {
        let config = Config::parse(
            "workers = 2\n[limits]\nsilence = \"90s\"\ntimeout = \"1m\"\ngrace = 0\n[caps]\noutput_per_run = \"1MB\"",
        )
        .unwrap();
        assert_eq!(config.workers, 2);
        assert_eq!(config.limits.silence, 90_000);
        assert_eq!(config.limits.timeout, 60_000);
        assert_eq!(config.limits.grace, 0);
        assert_eq!(config.caps.output_per_run, 1_000_000);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expected: &str| {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("wrokers = 3", "wrokers");
        check("workers = 0", "from 1 to 256");
        check("[limits]\ngrace = \"soon\"", "not a duration");
        check(
            "[limits]\ntimeout = 60",
            "60 has no unit: write \"60d\", \"60h\", \"60m\" or \"60s\"",
        );
        check("[limits]\n\ntimeout = 60", "line 3");
        check("[retention]\nfinished = \"7\"", "write 7d, 7h, 7m or 7s");
        check("[caps]\noutput_total = \"5 parsecs\"", "not a size");
        check("permission_mode = \"bypassPermissions\"", "per task");
        check("permission_mode = \"yolo\"", "yolo");
        check("workers = -3", "it must be a whole number from 0 to 4294967295, not -3");
        check("workers = \"many\"", "1 | workers = \"many\"");
        check("mcp = 3", "it must be an object, not 3");
        check("[limits]\ngrace = true", "it must be a text with a unit, like \"10m\"");
        check("wrokers = 3", "wrokers is not known; there are workers, ");
    }
}
