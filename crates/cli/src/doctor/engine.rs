//! Checks whether an engine answers, and which version it is.

use std::fs::{OpenOptions, TryLockError};

use claude_worker_api::{Check, EngineInfo, ErrorCode, TaskApi};
use claude_worker_engine::Paths;

use crate::render::figures::plural;

const NAME: &str = "Engine";

pub(super) async fn check(api: &impl TaskApi, paths: &Paths) -> Check {
    match api.engine().await {
        Ok(info) => answered(&info),
        Err(error) if error.code == ErrorCode::Unavailable => silent(paths),
        Err(error) => Check::bad(NAME, error.message, error.hint),
    }
}

/// An engine that is reached over HTTP: its lock says nothing here.
pub(super) async fn check_remote(api: &impl TaskApi) -> Check {
    match api.engine().await {
        Ok(info) => answered(&info),
        Err(error) => Check::bad(NAME, error.message, error.hint),
    }
}

fn answered(info: &EngineInfo) -> Check {
    let workers = plural(u64::from(info.queue.workers), "worker");
    let found = format!("version {}, process {}, {workers}", info.version, info.pid);
    match info.warnings.first() {
        Some(warning) => Check::warn(NAME, format!("{found}. {warning}"), ""),
        None if info.version != env!("CARGO_PKG_VERSION") => Check::warn(
            NAME,
            format!("{found}; this program is version {}", env!("CARGO_PKG_VERSION")),
            "claude-worker server stop; the next command starts the new one",
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
