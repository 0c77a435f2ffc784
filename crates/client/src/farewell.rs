//! The sign that an engine has gone because it was told to.
//!
//! Whoever follows a task asks again and again, and a client that finds no engine starts one. So
//! a stopped engine would be back at once, started by whoever was watching it. The sign tells
//! them that this is not what the person wants; after a crash there is none.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use claude_worker_api::StopMode;
use claude_worker_engine::Paths;

/// The sign's place, beside the lock and with the same prefix.
fn sign(paths: &Paths) -> PathBuf {
    paths.lock.with_extension("stopped")
}

/// Whether an engine that was told to stop in this way, or not at all, leaves the sign: not when
/// it has failed, and not when the next one is on its way.
pub(crate) const fn is_due(told_to_stop: Option<StopMode>) -> bool {
    matches!(told_to_stop, Some(StopMode::LeaveRunning | StopMode::CancelRunning))
}

/// Leaves the sign. An engine that cannot, on a full disk, is at worst started again.
pub(crate) fn leave(paths: &Paths) {
    let left = OpenOptions::new().create(true).append(true).mode(0o600).open(sign(paths)).map(drop);
    if let Err(error) = left {
        tracing::warn!(%error, "the sign that this engine was stopped cannot be left");
    }
}

/// Takes the sign away: there is an engine again.
pub(crate) fn forget(paths: &Paths) {
    match std::fs::remove_file(sign(paths)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the sign that an engine was stopped cannot be removed");
        }
        _ => {}
    }
}

/// Whether the last engine was stopped, and none has come since.
pub(crate) fn was_stopped(paths: &Paths) -> bool {
    sign(paths).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_engine_that_somebody_stopped_says_goodbye() {
        assert!(is_due(Some(StopMode::LeaveRunning)));
        assert!(is_due(Some(StopMode::CancelRunning)));
        assert!(!is_due(Some(StopMode::HandOver)), "the next one is on its way");
        assert!(!is_due(None), "it failed, and clients are to start another one");
    }
}
