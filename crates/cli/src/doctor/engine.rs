//! Checks whether an engine answers, and which version it is.

use std::fs::{OpenOptions, TryLockError};
use std::time::Duration;

use claude_worker_api::{Check, EngineInfo, ErrorCode, TaskApi};
use claude_worker_client::SilentEngine;
use claude_worker_engine::Paths;

use crate::render::figures::plural;

const NAME: &str = "Engine";

/// What was found of an engine that takes too long.
pub(super) const DOES_NOT_ANSWER: &str = "does not answer";

/// How long the engine may take to answer: the rest is found out without it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn check(api: &impl TaskApi, paths: &Paths) -> Check {
    let Ok(asked) = tokio::time::timeout(ANSWERS_WITHIN, api.engine()).await else {
        let engine = SilentEngine::of(paths);
        let advice = engine.as_ref().map(SilentEngine::advice).unwrap_or_default();
        let which = engine.map_or_else(String::new, |engine| format!("process {} ", engine.pid()));
        return Check::bad(NAME, format!("{which}{DOES_NOT_ANSWER}"), advice);
    };
    match asked {
        Ok(info) => answered(&info, "claude-worker server restart"),
        Err(error) if error.code == ErrorCode::Unavailable => silent(paths),
        Err(error) => Check::bad(NAME, error.message, error.hint),
    }
}

/// An engine that is reached over HTTP: its lock says nothing here.
pub(super) async fn check_remote(api: &impl TaskApi) -> Check {
    match api.engine().await {
        // On another machine no command starts one that was stopped.
        Ok(info) => answered(
            &info,
            "Install the same version on both sides, and start the engine again on its machine",
        ),
        Err(error) => Check::bad(NAME, error.message, error.hint),
    }
}

/// `other_version` is the advice for an engine of another version than this program.
fn answered(info: &EngineInfo, other_version: &str) -> Check {
    let workers = plural(u64::from(info.queue.workers), "worker");
    let found = format!("version {}, process {}, {workers}", info.version, info.pid);
    match info.warnings.first() {
        Some(warning) => Check::warn(NAME, format!("{found}. {warning}"), ""),
        None if info.version != env!("CARGO_PKG_VERSION") => Check::warn(
            NAME,
            format!("{found}; this program is version {}", env!("CARGO_PKG_VERSION")),
            other_version,
        ),
        None => Check::ok(NAME, found),
    }
}

/// No engine answers. The lock tells whether one is running all the same.
fn silent(paths: &Paths) -> Check {
    let held = OpenOptions::new()
        .read(true)
        .open(&paths.lock)
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)));
    if held {
        Check::bad(
            NAME,
            format!("a process holds {} but does not answer", paths.lock.display()),
            format!(
                "It may be starting. If this stays so, read {} and end that process",
                paths.log.display()
            ),
        )
    } else {
        Check::ok(NAME, "not running; the first command starts it")
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{ApiError, Timestamp};

    use super::*;

    /// An engine of another version.
    struct Other;

    impl TaskApi for Other {
        async fn engine(&self) -> Result<EngineInfo, ApiError> {
            let info = serde_json::json!({
                "version": "0.0.1", "protocol": 1, "pid": 1, "started_at": Timestamp::default(),
                "database": "", "runs_directory": "", "output_bytes": 0,
                "queue": { "paused": false, "workers": 1, "counts": {} },
            });
            Ok(serde_json::from_value(info).unwrap())
        }
    }

    #[tokio::test]
    async fn nobody_is_told_to_restart_an_engine_that_no_command_starts_again() {
        let directory = tempfile::tempdir().unwrap();
        let here = check(&Other, &Paths::below(directory.path())).await;
        assert!(here.advice.contains("server restart"), "{here:?}");
        let there = check_remote(&Other).await;
        assert!(there.advice.contains("on both sides"), "{there:?}");
        assert!(!there.advice.contains("server restart"), "{there:?}");
    }
}
