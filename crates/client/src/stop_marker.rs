//! The stop marker: a file that says that the last engine was told to stop.
//!
//! A client that follows a task sends requests all the time, and a client that finds no engine starts
//! one. So a stopped engine would be started again at once. The marker tells such a client that a
//! person has stopped the engine; after a crash there is no marker.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

use claude_worker_api::StopMode;
use claude_worker_os::files::private;
use claude_worker_paths::Paths;

/// The marker's path, beside the lock and with the same prefix.
fn marker(paths: &Paths) -> PathBuf {
    paths.lock.with_extension("stopped")
}

/// Whether an engine that ends leaves the marker: not after a failure (`None`), and not when it hands
/// over to the next engine.
#[must_use]
pub const fn is_due(told_to_stop: Option<StopMode>) -> bool {
    matches!(told_to_stop, Some(StopMode::LeaveRunning | StopMode::CancelRunning))
}

/// Leaves the marker. Where this fails (on a full disk), a client may start an engine again.
pub fn leave(paths: &Paths) {
    let left = private(OpenOptions::new().create(true).append(true)).open(marker(paths)).map(drop);
    if let Err(error) = left {
        tracing::warn!(%error, "cannot write engine.stopped");
    }
}

/// Removes the marker: there is an engine again.
pub fn remove(paths: &Paths) {
    match std::fs::remove_file(marker(paths)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "cannot remove engine.stopped");
        }
        _ => {}
    }
}

/// Whether the last engine was told to stop, and none has started since.
#[must_use]
pub fn was_stopped(paths: &Paths) -> bool {
    marker(paths).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_engine_that_was_told_to_stop_leaves_the_marker() {
        assert!(is_due(Some(StopMode::LeaveRunning)));
        assert!(is_due(Some(StopMode::CancelRunning)));
        assert!(!is_due(Some(StopMode::HandOver)), "the next one is about to start");
        assert!(!is_due(None), "it failed, and clients should start another one");
    }
}
